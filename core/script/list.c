// SPDX-License-Identifier: Apache-2.0
// table.*: how many items one call may walk. A list whose __len lies would make the stock
// functions run for ever, so that lists have their raw length here.
#include "script/state.h"

static void check_list(lua_State *L, int arg, lua_Unsigned max)
{
    luaL_checktype(L, arg, LUA_TTABLE);
    if (luaL_getmetafield(L, arg, "__len") != LUA_TNIL)
        luaL_argerror(L, arg, "a plain list expected, this one has __len");
    if (lua_rawlen(L, arg) > max)
        luaL_argerror(L, arg, lua_pushfstring(L, "more than %d items", (int)max));
}

// Items from `from` to `to`, both optional arguments.
static void check_range(lua_State *L, int from, int to)
{
    lua_Integer first = luaL_optinteger(L, from, 1);
    lua_Integer last = luaL_optinteger(L, to, (lua_Integer)lua_rawlen(L, 1));

    if (last >= first && (lua_Unsigned)last - (lua_Unsigned)first >= ITEMS_MAX)
        luaL_error(L, "more than %d items", ITEMS_MAX);
}

static int list_walk(lua_State *L)
{
    check_list(L, 1, ITEMS_MAX);
    return library_original(L);
}

static int list_concat(lua_State *L)
{
    check_list(L, 1, ITEMS_MAX);
    check_range(L, 3, 4);
    return library_original(L);
}

static int list_unpack(lua_State *L)
{
    luaL_checktype(L, 1, LUA_TTABLE);
    check_range(L, 2, 3);
    return library_original(L);
}

static int list_move(lua_State *L)
{
    luaL_checktype(L, 1, LUA_TTABLE);
    luaL_checkinteger(L, 2);
    luaL_checkinteger(L, 3);
    check_range(L, 2, 3);
    return library_original(L);
}

static int list_sort(lua_State *L)
{
    check_list(L, 1, SORT_MAX);
    return library_original(L);
}

void list_open(lua_State *L)
{
    static const luaL_Reg wrappers[] = {
        {"insert", list_walk},
        {"remove", list_walk},
        {"concat", list_concat},
        {"unpack", list_unpack},
        {"move", list_move},
        {"sort", list_sort},
        {NULL, NULL},
    };

    library_wrap(L, wrappers);
}
