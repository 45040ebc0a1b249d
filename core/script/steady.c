// SPDX-License-Identifier: Apache-2.0
// States whose calls can be compared: for tests of applications. What differs from run to run in
// Lua is the seed of its tables (and so the order of pairs), the moment of a collection, and
// chance; here keys come in order, nothing is collected while a call runs, and chance repeats.
#include "script/state.h"

enum key_class { KEY_NUMBER, KEY_TEXT, KEY_BOOLEAN, KEY_OTHER };

static enum key_class class_of(lua_State *L, int at)
{
    switch (lua_type(L, at)) {
    case LUA_TNUMBER:
        return KEY_NUMBER;
    case LUA_TSTRING:
        return KEY_TEXT;
    case LUA_TBOOLEAN:
        return KEY_BOOLEAN;
    default:
        return KEY_OTHER;
    }
}

static bool is_before(lua_State *L, int a, int b)
{
    enum key_class class = class_of(L, a);

    if (class != class_of(L, b))
        return class < class_of(L, b);
    return class == KEY_BOOLEAN ? lua_toboolean(L, a) < lua_toboolean(L, b)
                                : class != KEY_OTHER && lua_compare(L, a, b, LUA_OPLT);
}

// The key and value that come first of those behind the key at 2 (nil: of all) go to 3 and 4.
static void find_next(lua_State *L)
{
    for (lua_pushnil(L); lua_next(L, 1) != 0; lua_pop(L, 1)) { // key at 5, value at 6
        if (class_of(L, 5) == KEY_OTHER || (!lua_isnil(L, 2) && !is_before(L, 2, 5)) ||
            (!lua_isnil(L, 3) && !is_before(L, 5, 3)))
            continue;
        lua_copy(L, 5, 3);
        lua_copy(L, 6, 4);
    }
}

// Keys that have no order of their own (tables, functions) come last, as the table has them.
static int next_other(lua_State *L)
{
    lua_settop(L, 2);
    if (!lua_isnil(L, 2) && class_of(L, 2) != KEY_OTHER) {
        lua_pushnil(L);
        lua_replace(L, 2);
    }
    while (lua_next(L, 1) != 0) {
        if (class_of(L, -2) == KEY_OTHER)
            return 2;
        lua_pop(L, 1);
    }
    lua_pushnil(L);
    return 1;
}

/// next(table: table, key: any?): any, any
static int steady_next(lua_State *L)
{
    luaL_checktype(L, 1, LUA_TTABLE);
    lua_settop(L, 2);
    lua_settop(L, 4); // what is found so far: nothing
    deadline_check(L);
    if (class_of(L, 2) != KEY_OTHER || lua_isnil(L, 2))
        find_next(L);
    if (lua_isnil(L, 3))
        return next_other(L);
    return 2;
}

/// pairs(table: table): function, table, nil
static int steady_pairs(lua_State *L)
{
    luaL_checkany(L, 1);
    if (luaL_getmetafield(L, 1, "__pairs") != LUA_TNIL) {
        lua_pushvalue(L, 1);
        lua_call(L, 1, 3);
        return 3;
    }
    lua_pushcfunction(L, steady_next);
    lua_pushvalue(L, 1);
    lua_pushnil(L);
    return 3;
}

static int make_steady(lua_State *L)
{
    static const luaL_Reg functions[] = {
        {"next", steady_next}, {"pairs", steady_pairs}, {NULL, NULL}};

    lua_rawgeti(L, LUA_REGISTRYINDEX, script_of(L)->vars);
    luaL_setfuncs(L, functions, 0);
    return 0;
}

bool script_steady(struct script *script, struct err *err)
{
    lua_pushcfunction(script_state(script), make_steady);
    if (!script_call(script, 0, 0, err))
        return false;
    script->is_steady = true;
    return true;
}

// Around a call that nothing else contains.
void steady_begin(struct script *script)
{
    if (!script->is_steady || !script->is_counting)
        return;
    lua_gc(script->main, LUA_GCCOLLECT);
    lua_gc(script->main, LUA_GCSTOP);
}

void steady_end(struct script *script)
{
    if (script->is_steady && script->is_counting)
        lua_gc(script->main, LUA_GCRESTART);
}
