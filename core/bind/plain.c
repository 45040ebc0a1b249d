// SPDX-License-Identifier: Apache-2.0
// Plain values from one state into another: texts, numbers, booleans and tables of them.
// Anything else would carry one app's world into the next, and is refused.
#include "bind/bind.h"

enum { DEPTH_MAX = 6, ITEMS_MAX = 2000 };

struct plain {
    struct plain *next; // sibling inside a table
    int type;           // LUA_T…
    bool whole;         // NUMBER: an integer
    bool boolean;
    lua_Integer integer;
    lua_Number number;
    struct slice text;
    struct plain *key, *child; // TABLE: its items, each with a key
};

static struct plain *read_plain(lua_State *L, int at, int depth, int *items);

static void read_table(lua_State *L, int at, int depth, int *items, struct plain *table)
{
    if (depth == DEPTH_MAX)
        luaL_error(L, "too deep for another app: at most %d tables in each other", DEPTH_MAX);
    luaL_checkstack(L, 4, "plain values");
    for (lua_pushnil(L); lua_next(L, at) != 0; lua_pop(L, 1)) {
        int top = lua_gettop(L);
        struct plain *key = read_plain(L, top - 1, DEPTH_MAX, items);
        struct plain *item = read_plain(L, top, depth + 1, items);

        item->key = key;
        item->next = table->child;
        table->child = item;
    }
}

static struct plain *read_plain(lua_State *L, int at, int depth, int *items)
{
    struct plain *plain = bind_alloc(L, sizeof *plain);

    if (++*items > ITEMS_MAX)
        luaL_error(L, "too much for another app: at most %d values", ITEMS_MAX);
    plain->type = lua_type(L, at);
    switch (plain->type) {
    case LUA_TBOOLEAN:
        plain->boolean = lua_toboolean(L, at);
        break;
    case LUA_TNUMBER:
        plain->whole = lua_isinteger(L, at);
        plain->integer = plain->whole ? lua_tointeger(L, at) : 0;
        plain->number = lua_tonumber(L, at);
        break;
    case LUA_TSTRING:
        plain->text = bind_keep(L, bind_check_slice(L, at));
        break;
    case LUA_TTABLE:
        read_table(L, at, depth, items, plain);
        break;
    case LUA_TNIL:
        break;
    default:
        luaL_error(L, "only plain values cross to another app, not a %s", luaL_typename(L, at));
    }
    return plain;
}

struct plain *bind_read_plain(lua_State *L, int at)
{
    int items = 0;

    return read_plain(L, lua_absindex(L, at), 0, &items);
}

void bind_push_plain(lua_State *L, const struct plain *plain)
{
    luaL_checkstack(L, 4, "plain values");
    switch (plain != NULL ? plain->type : LUA_TNIL) {
    case LUA_TBOOLEAN:
        lua_pushboolean(L, plain->boolean);
        break;
    case LUA_TNUMBER:
        if (plain->whole)
            lua_pushinteger(L, plain->integer);
        else
            lua_pushnumber(L, plain->number);
        break;
    case LUA_TSTRING:
        bind_push_slice(L, plain->text);
        break;
    case LUA_TTABLE:
        lua_newtable(L);
        for (const struct plain *item = plain->child; item != NULL; item = item->next) {
            bind_push_plain(L, item->key);
            bind_push_plain(L, item);
            lua_rawset(L, -3);
        }
        break;
    default:
        lua_pushnil(L);
    }
}
