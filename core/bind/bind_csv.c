// SPDX-License-Identifier: Apache-2.0
// core.csv: tables for spreadsheets. What a cell would make of itself (a formula) is a text there.
#include "base/csv.h"

#include "bind/bind.h"
#include "bind/pure.h"

// The cells of the row on top, which stay on the stack above it.
static size_t read_cells(lua_State *L, struct slice *cells)
{
    int row = lua_gettop(L);
    size_t count;

    luaL_checktype(L, row, LUA_TTABLE);
    count = (size_t)lua_rawlen(L, row);
    if (count > CSV_CELLS_MAX)
        luaL_error(L, "a row has at most %d cells", CSV_CELLS_MAX);
    luaL_checkstack(L, (int)count + 2, "cells");
    for (size_t i = 0; i < count; i++) {
        lua_rawgeti(L, row, (lua_Integer)i + 1);
        cells[i] = bind_check_slice(L, -1);
        if (cells[i].len > CSV_CELL_MAX)
            luaL_error(L, "a cell has at most %d bytes", CSV_CELL_MAX);
    }
    return count;
}

/// csv.encode(rows: string[][], bom: boolean?): string
static int encode(lua_State *L)
{
    size_t most = (size_t)bind_state(L)->host->options.config->script.output;
    bool bom = lua_toboolean(L, 2);
    struct slice cells[CSV_CELLS_MAX];
    struct buffer *out;

    luaL_checktype(L, 1, LUA_TTABLE);
    lua_settop(L, 1);
    out = bind_push_buffer(L);
    buffer_text(out, bom ? "\xef\xbb\xbf" : "");
    for (lua_Integer i = 1; lua_rawgeti(L, 1, i) != LUA_TNIL; i++) {
        script_check_deadline(L);
        csv_put_row(out, cells, read_cells(L, cells));
        lua_settop(L, 2);
        if (out->len > most)
            luaL_error(L, "a table has at most %d bytes", (int)most);
    }
    lua_pushlstring(L, (const char *)out->data, out->len);
    buffer_finish(out);
    *out = BUFFER_EMPTY;
    return 1;
}

int open_core_csv(lua_State *L)
{
    static const luaL_Reg functions[] = {{"encode", encode}, {NULL, NULL}};

    luaL_newlib(L, functions);
    return 1;
}
