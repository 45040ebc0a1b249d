// SPDX-License-Identifier: Apache-2.0
// table.*: how many items one call may walk. A list whose __len lies would make the stock
// functions run for ever, so that lists have their raw length here; and one whose items come
// from metamethods may be asked for few, since those are functions of C perhaps.
#include "script/state.h"

static lua_Unsigned items_max(lua_State *L, int arg)
{
    if (!lua_getmetatable(L, arg))
        return ITEMS_MAX;
    lua_pop(L, 1);
    return PROXY_MAX;
}

static void check_list(lua_State *L, int arg, lua_Unsigned max)
{
    deadline_check(L);
    luaL_checktype(L, arg, LUA_TTABLE);
    if (luaL_getmetafield(L, arg, "__len") != LUA_TNIL)
        luaL_argerror(L, arg, "a plain list expected, this one has __len");
    if (lua_rawlen(L, arg) > max)
        luaL_argerror(L, arg, lua_pushfstring(L, "more than %d items", (int)max));
}

// Items from `from` to `to`, both optional arguments.
static void check_range(lua_State *L, int from, int to, lua_Unsigned max)
{
    lua_Integer first = luaL_optinteger(L, from, 1);
    lua_Integer last = luaL_optinteger(L, to, (lua_Integer)lua_rawlen(L, 1));

    if (last >= first && (lua_Unsigned)last - (lua_Unsigned)first >= max)
        luaL_error(L, "more than %d items", (int)max);
}

static int list_walk(lua_State *L)
{
    luaL_checktype(L, 1, LUA_TTABLE);
    check_list(L, 1, items_max(L, 1));
    return library_original(L);
}

// Our own, for numbers become texts one by one, and a million of them take a second.
static int list_concat(lua_State *L)
{
    luaL_Buffer out;
    size_t len;
    const char *between = luaL_optlstring(L, 2, "", &len);
    lua_Integer from = luaL_optinteger(L, 3, 1), to;

    luaL_checktype(L, 1, LUA_TTABLE);
    check_list(L, 1, items_max(L, 1));
    check_range(L, 3, 4, items_max(L, 1));
    to = luaL_optinteger(L, 4, (lua_Integer)lua_rawlen(L, 1));
    luaL_buffinit(L, &out);
    for (lua_Unsigned left = to < from ? 0 : (lua_Unsigned)to - (lua_Unsigned)from + 1; left > 0;
         left--, from++) {
        deadline_check(L);
        lua_geti(L, 1, from);
        if (!lua_isstring(L, -1))
            return luaL_error(L, "invalid value (at index %I) in table for 'concat'",
                              (LUAI_UACINT)from);
        luaL_addvalue(&out);
        if (left > 1)
            luaL_addlstring(&out, between, len);
    }
    luaL_pushresult(&out);
    return 1;
}

static int list_unpack(lua_State *L)
{
    deadline_check(L);
    luaL_checktype(L, 1, LUA_TTABLE);
    check_range(L, 2, 3, items_max(L, 1));
    return library_original(L);
}

static int list_move(lua_State *L)
{
    int to = lua_isnoneornil(L, 5) ? 1 : 5;

    deadline_check(L);
    luaL_checktype(L, 1, LUA_TTABLE);
    luaL_checktype(L, to, LUA_TTABLE);
    luaL_checkinteger(L, 2);
    luaL_checkinteger(L, 3);
    check_range(L, 2, 3, items_max(L, 1));
    check_range(L, 2, 3, items_max(L, to));
    return library_original(L);
}

static int less(lua_State *L)
{
    deadline_check(L);
    lua_pushboolean(L, lua_compare(L, 1, 2, LUA_OPLT));
    return 1;
}

static int ask(lua_State *L)
{
    deadline_check(L);
    lua_pushvalue(L, lua_upvalueindex(1));
    lua_insert(L, 1);
    lua_call(L, 2, 1);
    return 1;
}

// Numbers and short texts compare at once; long texts and what has __lt do not.
static bool compares_at_once(lua_State *L)
{
    enum { SHORT = 256 };
    lua_Integer count = (lua_Integer)lua_rawlen(L, 1);
    bool at_once = true;

    for (lua_Integer i = 1; at_once && i <= count; i++) {
        int type = lua_rawgeti(L, 1, i);

        at_once = type == LUA_TNUMBER || (type == LUA_TSTRING && lua_rawlen(L, -1) <= SHORT);
        lua_pop(L, 1);
    }
    return at_once;
}

// The order is asked for in C, a million times and more: where that may be slow and no
// instruction of Lua's comes between, the deadline is looked at each time.
static int list_sort(lua_State *L)
{
    check_list(L, 1, SORT_MAX);
    lua_settop(L, 2);
    if (lua_iscfunction(L, 2)) {
        lua_pushcclosure(L, ask, 1);
    } else if (lua_isnil(L, 2) && !compares_at_once(L)) {
        lua_pushcfunction(L, less);
        lua_replace(L, 2);
    }
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
