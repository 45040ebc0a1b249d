// SPDX-License-Identifier: Apache-2.0
// Which of Lua's libraries a script sees, and how their functions are kept from running long,
// reading addresses or changing what others share. Hooks never fire inside C functions, so
// each one that can run long has a limit of its own.
#include "script/state.h"

static const luaL_Reg libraries[] = {
    {LUA_GNAME, luaopen_base},
    {LUA_STRLIBNAME, luaopen_string},
    {LUA_TABLIBNAME, luaopen_table},
    {LUA_MATHLIBNAME, luaopen_math},
    {LUA_UTF8LIBNAME, luaopen_utf8},
    {LUA_COLIBNAME, luaopen_coroutine},
    {NULL, NULL},
};

static void remove_fields(lua_State *L, const char *const *names)
{
    for (; *names != NULL; names++) {
        lua_pushnil(L);
        lua_setfield(L, -2, *names);
    }
}

int library_original(lua_State *L)
{
    return lua_tocfunction(L, lua_upvalueindex(1))(L);
}

void library_wrap(lua_State *L, const luaL_Reg *wrappers)
{
    for (; wrappers->name != NULL; wrappers++) {
        lua_getfield(L, -1, wrappers->name);
        lua_pushcclosure(L, wrappers->func, 1);
        lua_setfield(L, -2, wrappers->name);
    }
}

static int refuse_write(lua_State *L)
{
    return luaL_error(L, "this table cannot be changed");
}

void library_freeze(lua_State *L)
{
    lua_newtable(L);
    lua_createtable(L, 0, 3);
    lua_rotate(L, -3, -1);
    lua_setfield(L, -2, "__index");
    lua_pushcfunction(L, refuse_write);
    lua_setfield(L, -2, "__newindex");
    lua_pushboolean(L, 0);
    lua_setfield(L, -2, "__metatable");
    lua_setmetatable(L, -2);
}

// ("x"):rep reaches the functions through the metatable of strings, string.rep through a view.
static void lock_strings(lua_State *L)
{
    lua_pushliteral(L, "");
    lua_getmetatable(L, -1);
    lua_pushboolean(L, 0);
    lua_setfield(L, -2, "__metatable");
    lua_pop(L, 2);
}

static void open_table(lua_State *L, const char *name, void (*open)(lua_State *))
{
    lua_getfield(L, -1, name);
    if (open != NULL)
        open(L);
    library_freeze(L);
    lua_setfield(L, -2, name);
}

static void open_base(lua_State *L)
{
    static const char *const removed[] = {"dofile", "loadfile", "collectgarbage", "warn",
                                          "load",   "_G",       "require",        NULL};

    remove_fields(L, removed);
    control_open(L);
    text_base_open(L);
}

// Weak tables that refer to each other's keys cost the collector the square of their number: a
// script hung it for minutes within its memory. They also show when other organisations
// allocate. setmetatable cannot refuse them, since a metatable may be filled in later. So Lua's
// own copy of the name is given random bytes: the collector looks for a name that no script can
// say, and the name that it can say is a text like any other.
static void hide_mode(lua_State *L, struct script *script)
{
    size_t len;
    char *name;

    lua_pushliteral(L, "__mode");
    name = (char *)lua_tolstring(L, -1, &len);
    random_fill(random_system(), name, len);
    script->mode = luaL_ref(L, LUA_REGISTRYINDEX);
}

void library_weaken(lua_State *L)
{
    lua_createtable(L, 0, 1);
    lua_rawgeti(L, LUA_REGISTRYINDEX, script_of(L)->mode);
    lua_pushliteral(L, "k");
    lua_rawset(L, -3);
    lua_setmetatable(L, -2);
}

static int new_ref_table(lua_State *L)
{
    lua_newtable(L);
    return luaL_ref(L, LUA_REGISTRYINDEX);
}

static void open_room(lua_State *L, struct script *script)
{
    script->modules = new_ref_table(L);
    script->chunks = new_ref_table(L);
    lua_newtable(L);
    library_weaken(L);
    script->threads = luaL_ref(L, LUA_REGISTRYINDEX);
    script->vars = luaL_ref(L, LUA_REGISTRYINDEX);
    room_push(L, true);
    script->loaded = luaL_ref(L, LUA_REGISTRYINDEX);
    lua_pushvalue(L, -1);
    script->room = luaL_ref(L, LUA_REGISTRYINDEX);
    lua_rawseti(L, LUA_REGISTRYINDEX, LUA_RIDX_GLOBALS);
}

int library_open(lua_State *L)
{
    struct script *script = script_of(L);

    hide_mode(L, script);
    for (const luaL_Reg *library = libraries; library->name != NULL; library++) {
        luaL_requiref(L, library->name, library->func, 1);
        lua_pop(L, 1);
    }
    lock_strings(L);
    lua_pushglobaltable(L);
    open_base(L);
    open_table(L, LUA_STRLIBNAME, text_open);
    open_table(L, LUA_TABLIBNAME, list_open);
    open_table(L, LUA_MATHLIBNAME, chance_open);
    open_table(L, LUA_UTF8LIBNAME, NULL);
    open_table(L, LUA_COLIBNAME, thread_open);
    lua_newtable(L);
    lua_pushcfunction(L, room_undeclared);
    lua_setfield(L, -2, "__index");
    lua_setmetatable(L, -2);
    open_room(L, script);
    lua_pushnil(L); // the raw libraries stay reachable for nobody
    lua_setfield(L, LUA_REGISTRYINDEX, LUA_LOADED_TABLE);
    return 0;
}
