// SPDX-License-Identifier: Apache-2.0
// Rooms: globals that cannot be written, and instances.
//
// A room's globals are an empty table over its own functions over what all rooms share, so
// that assignments always meet __newindex and rawset finds a protected table.
#include "script/state.h"

#include <stdlib.h>

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

// How many letters differ (insertions, deletions, changes); names longer than 31 never match.
static size_t distance(const char *a, const char *b)
{
    enum { NAME_MAX_LEN = 31 };
    size_t row[NAME_MAX_LEN + 1], len = strlen(b);

    if (len > NAME_MAX_LEN || strlen(a) > NAME_MAX_LEN)
        return NAME_MAX_LEN;
    for (size_t j = 0; j <= len; j++)
        row[j] = j;
    for (size_t i = 1; a[i - 1] != 0; i++) {
        size_t diagonal = row[0];

        row[0] = i;
        for (size_t j = 1; j <= len; j++) {
            size_t above = row[j];

            row[j] = least(diagonal + (a[i - 1] != b[j - 1]), least(above, row[j - 1]) + 1);
            diagonal = above;
        }
    }
    return row[len];
}

// The closest key of the table at 1, or NULL.
static const char *suggestion(lua_State *L, const char *name)
{
    size_t best = strlen(name) > 3 ? 3 : 2;
    const char *found = NULL;

    for (lua_pushnil(L); lua_next(L, 1); lua_pop(L, 1)) {
        if (lua_type(L, -2) == LUA_TSTRING && distance(name, lua_tostring(L, -2)) < best) {
            found = lua_tostring(L, -2);
            best = distance(name, found);
        }
    }
    return found;
}

int room_undeclared(lua_State *L)
{
    const char *name = luaL_checkstring(L, 2), *close = suggestion(L, name);

    if (close != NULL)
        return luaL_error(L, "undeclared variable '%s', did you mean '%s'?", name, close);
    return luaL_error(L, "undeclared variable '%s'", name);
}

static int refuse_global(lua_State *L)
{
    const char *name = luaL_tolstring(L, 2, NULL);

    return luaL_error(L, "'%s' is not declared: write local %s", name, name);
}

/// load(text: string, name: string?, mode: string?, globals: table?): function?, string?
static int room_load(lua_State *L)
{
    size_t len;
    const char *text = luaL_checklstring(L, 1, &len);
    const char *name = luaL_optstring(L, 2, "=load");
    bool own = lua_isnoneornil(L, 4);

    if (!own)
        luaL_checktype(L, 4, LUA_TTABLE);
    if (len > FILE_MAX)
        return luaL_argerror(L, 1, "longer than 256 KiB");
    if (module_load(L, slice_of(text, len), name, false) != LUA_OK) {
        deadline_check(L);
        lua_pushnil(L);
        lua_insert(L, -2);
        return 2;
    }
    lua_pushvalue(L, own ? lua_upvalueindex(1) : 4);
    lua_setupvalue(L, -2, 1);
    return 1;
}

/// readonly(table): table – a view that cannot be written
static int room_readonly(lua_State *L)
{
    luaL_checktype(L, 1, LUA_TTABLE);
    lua_settop(L, 1);
    library_freeze(L);
    return 1;
}

/// weak(table): table – its keys are weak; platform Lua only
static int room_weak(lua_State *L)
{
    luaL_checktype(L, 1, LUA_TTABLE);
    lua_settop(L, 1);
    library_weaken(L);
    return 1;
}

void room_push(lua_State *L, bool library)
{
    int room, vars, loaded;

    lua_newtable(L);
    room = lua_gettop(L);
    lua_newtable(L);
    vars = room + 1;
    lua_newtable(L);
    loaded = room + 2;

    lua_pushvalue(L, loaded);
    lua_pushvalue(L, room);
    lua_pushboolean(L, library);
    lua_pushcclosure(L, module_require, 3);
    lua_setfield(L, vars, "require");
    lua_pushvalue(L, room);
    lua_pushcclosure(L, room_load, 1);
    lua_setfield(L, vars, "load");
    lua_pushvalue(L, room);
    lua_setfield(L, vars, "_G");
    lua_pushcfunction(L, room_readonly);
    lua_setfield(L, vars, "readonly");
    if (library) {
        lua_pushcfunction(L, room_weak);
        lua_setfield(L, vars, "weak");
    }
    lua_createtable(L, 0, 1);
    lua_rawgeti(L, LUA_REGISTRYINDEX, script_of(L)->vars);
    lua_setfield(L, -2, "__index");
    lua_setmetatable(L, vars);

    lua_createtable(L, 0, 3);
    lua_pushvalue(L, vars);
    lua_setfield(L, -2, "__index");
    lua_pushcfunction(L, refuse_global);
    lua_setfield(L, -2, "__newindex");
    lua_pushboolean(L, 0);
    lua_setfield(L, -2, "__metatable");
    lua_setmetatable(L, room);
    lua_remove(L, vars);
}

static int instance_open(lua_State *L)
{
    struct script_instance *instance = lua_touserdata(L, 1);

    room_push(L, false);
    instance->loaded = luaL_ref(L, LUA_REGISTRYINDEX);
    instance->room = luaL_ref(L, LUA_REGISTRYINDEX);
    return 0;
}

struct script_instance *script_instance_create(struct script *script, struct err *err)
{
    struct script_instance *instance = mem_zero(sizeof *instance);
    lua_State *L = script_state(script);

    instance->script = script;
    instance->room = instance->loaded = LUA_NOREF;
    lua_pushcfunction(L, instance_open);
    lua_pushlightuserdata(L, instance);
    if (!script_call(script, 1, 0, err)) {
        script_instance_destroy(instance);
        return NULL;
    }
    return instance;
}

void script_instance_destroy(struct script_instance *instance)
{
    if (instance == NULL)
        return;
    luaL_unref(instance->script->main, LUA_REGISTRYINDEX, instance->loaded);
    luaL_unref(instance->script->main, LUA_REGISTRYINDEX, instance->room);
    free(instance);
}

void script_instance_offer(struct script_instance *instance, const char *name)
{
    lua_State *L = script_state(instance->script);

    lua_rawgeti(L, LUA_REGISTRYINDEX, instance->loaded);
    lua_insert(L, -2);
    lua_setfield(L, -2, name);
    lua_pop(L, 1);
}

static int instance_require(lua_State *L)
{
    struct script_instance *instance = lua_touserdata(L, 1);
    const char *name = lua_touserdata(L, 2);

    lua_rawgeti(L, LUA_REGISTRYINDEX, instance->room);
    lua_getfield(L, -1, "require");
    lua_pushstring(L, name);
    lua_call(L, 1, 1);
    return 1;
}

bool script_instance_require(struct script_instance *instance, const char *name, struct err *err)
{
    lua_State *L = script_state(instance->script);

    lua_pushcfunction(L, instance_require);
    lua_pushlightuserdata(L, instance);
    lua_pushlightuserdata(L, (void *)name);
    return script_call(instance->script, 2, 1, err);
}

struct order {
    struct script_instance *instance;
    struct slice text;
    const char *name;
};

static int instance_run(lua_State *L)
{
    struct order *order = lua_touserdata(L, 1);

    if (module_load(L, order->text, order->name, true) != LUA_OK)
        return lua_error(L);
    lua_rawgeti(L, LUA_REGISTRYINDEX, order->instance->room);
    lua_call(L, 1, 0);
    return 0;
}

bool script_instance_run(struct script_instance *instance, struct slice text, const char *name,
                         struct err *err)
{
    struct order order = {instance, text, name};
    lua_State *L = script_state(instance->script);

    if (text.len > FILE_MAX)
        return err_set(err, ERR_LIMIT, "%s is longer than 256 KiB", name);
    lua_pushcfunction(L, instance_run);
    lua_pushlightuserdata(L, &order);
    return script_call(instance->script, 1, 0, err);
}
