// SPDX-License-Identifier: Apache-2.0
// pcall, xpcall and the functions on metatables. After the deadline no protected call
// returns: each raises again.
#include "script/state.h"

// First results are at the bottom, `extra` of them do not belong to the caller.
static int finish(lua_State *L, int status, lua_KContext extra)
{
    deadline_check(L);
    if (status != LUA_OK && status != LUA_YIELD) {
        lua_pushboolean(L, 0);
        lua_pushvalue(L, -2);
        return 2;
    }
    return lua_gettop(L) - (int)extra;
}

static int control_pcall(lua_State *L)
{
    luaL_checkany(L, 1);
    lua_pushboolean(L, 1);
    lua_insert(L, 1);
    return finish(L, lua_pcallk(L, lua_gettop(L) - 2, LUA_MULTRET, 0, 0, finish), 0);
}

// Runs in place of the script's handler, which after the deadline would run with hooks off.
static int guard(lua_State *L)
{
    if (script_of(L)->deadline.expired)
        return 1;
    lua_settop(L, 1);
    lua_pushvalue(L, lua_upvalueindex(1));
    lua_insert(L, 1);
    lua_call(L, 1, 1);
    return 1;
}

static int control_xpcall(lua_State *L)
{
    int args = lua_gettop(L) - 2;

    luaL_checktype(L, 2, LUA_TFUNCTION);
    lua_pushvalue(L, 2);
    lua_pushcclosure(L, guard, 1);
    lua_replace(L, 2);
    lua_pushboolean(L, 1);
    lua_pushvalue(L, 1);
    lua_rotate(L, 3, 2);
    return finish(L, lua_pcallk(L, args, LUA_MULTRET, 2, 2, finish), 2);
}

static void refuse(lua_State *L, const char *name)
{
    lua_pushstring(L, name);
    lua_rawget(L, 2);
    if (!lua_isnil(L, -1))
        luaL_error(L, "%s is not available", name);
    lua_pop(L, 1);
}

static int control_setmetatable(lua_State *L)
{
    if (lua_type(L, 2) == LUA_TTABLE) {
        refuse(L, "__gc");
        refuse(L, "__mode"); // library.c says why it would do nothing
    }
    return library_original(L);
}

static int control_rawset(lua_State *L)
{
    luaL_checktype(L, 1, LUA_TTABLE);
    if (luaL_getmetafield(L, 1, "__metatable") != LUA_TNIL)
        return luaL_error(L, "this table cannot be changed");
    return library_original(L);
}

void control_open(lua_State *L)
{
    static const luaL_Reg wrappers[] = {
        {"pcall", control_pcall},
        {"xpcall", control_xpcall},
        {"setmetatable", control_setmetatable},
        {"rawset", control_rawset},
        {NULL, NULL},
    };

    library_wrap(L, wrappers);
}
