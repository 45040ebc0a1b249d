// SPDX-License-Identifier: Apache-2.0
// core.app: what the door needs of the host: a place to declare routes,
// importers and home cards. Only lua/app.lua and its parts see it.
#include "bind/bind.h"
#include "script/sources.h"
#include "bind/nearest.h"

static const char *keep_name(struct state *state, const char *name)
{
    return arena_text(&state->host->arena, slice_text(name));
}

static const char *const *keep_roles(lua_State *L, int at, struct state *state)
{
    size_t count;
    const char **roles;

    luaL_checktype(L, at, LUA_TTABLE);
    count = (size_t)lua_rawlen(L, at);
    roles = arena_alloc(&state->host->arena, (count + 1) * sizeof *roles);
    for (size_t i = 0; i < count; i++) {
        lua_rawgeti(L, at, (lua_Integer)i + 1);
        roles[i] = keep_name(state, luaL_checkstring(L, -1));
        if (strcmp(roles[i], "everyone") == 0 && !state->app->platform)
            luaL_error(L, "'everyone' is for the platform's own pages; 'anyone' is signed in");
        lua_pop(L, 1);
    }
    return roles;
}

/// app.route(method: string, pattern: string, allow: string[])
static int route(lua_State *L)
{
    struct state *state = bind_state(L);
    struct app *app = state->app;
    const char *method = luaL_checkstring(L, 1), *pattern = luaL_checkstring(L, 2);
    struct route *added;

    if (!state->declaring)
        return 0;
    if (pattern[0] != '/')
        return luaL_error(L, "the path '%s' must begin with '/'", pattern);
    for (size_t i = 0; i < app->route_count; i++)
        if (strcmp(app->routes[i].method, method) == 0 &&
            strcmp(app->routes[i].pattern, pattern) == 0)
            return luaL_error(L, "%s %s is declared twice", method, pattern);
    if (app->route_count == ROUTES_MAX)
        return luaL_error(L, "at most %d routes an app", ROUTES_MAX);
    added = &app->routes[app->route_count];
    added->allow = keep_roles(L, 3, state);
    if (added->allow[0] == NULL)
        return luaL_error(L, "%s %s says nobody may use it: give it allow = { roles }", method,
                          pattern);
    added->method = keep_name(state, method);
    added->pattern = keep_name(state, pattern);
    added->literal = route_literal(pattern);
    app->route_count++;
    return 0;
}

int bind_add_name(lua_State *L, struct names *names)
{
    struct state *state = bind_state(L);
    const char *name = luaL_checkstring(L, 1);

    if (!state->declaring)
        return 0;
    for (size_t i = 0; i < names->count; i++)
        if (strcmp(names->list[i], name) == 0)
            return luaL_error(L, "'%s' is declared twice", name);
    if (names->count == NAMES_MAX)
        return luaL_error(L, "at most %d of a kind", NAMES_MAX);
    names->list[names->count++] = keep_name(state, name);
    return 0;
}

/// app.importer(name: string)
static int importer(lua_State *L)
{
    return bind_add_name(L, &bind_state(L)->app->importers);
}

/// app.home(role: string)
static int home(lua_State *L)
{
    return bind_add_name(L, &bind_state(L)->app->homes);
}

/// app.points(): table – name → version, of the manifest
static int points(lua_State *L)
{
    lua_newtable(L);
    for (const struct point *one = bind_state(L)->app->manifest.points; one != NULL;
         one = one->next) {
        lua_pushinteger(L, one->version);
        lua_setfield(L, -2, one->name);
    }
    return 1;
}

/// app.slots(): table – screen → names of its slots, of the manifest
static int slots(lua_State *L)
{
    lua_newtable(L);
    for (const struct slots *one = bind_state(L)->app->manifest.slots; one != NULL;
         one = one->next) {
        lua_newtable(L);
        for (lua_Integer i = 0; one->names[i] != NULL; i++) {
            lua_pushstring(L, one->names[i]);
            lua_rawseti(L, -2, i + 1);
        }
        lua_setfield(L, -2, one->screen);
    }
    return 1;
}

/// app.check_keys(given: table, place: string, known: string[])
static int check_keys(lua_State *L)
{
    const char *place = luaL_checkstring(L, 2);
    const char *known[NAMES_MAX];
    size_t count;

    luaL_checktype(L, 1, LUA_TTABLE);
    luaL_checktype(L, 3, LUA_TTABLE);
    count = (size_t)lua_rawlen(L, 3);
    luaL_argcheck(L, count <= NAMES_MAX, 3, "too many");
    luaL_checkstack(L, (int)count + 4, "keys");
    for (size_t i = 0; i < count; i++) {
        lua_rawgeti(L, 3, (lua_Integer)i + 1);
        known[i] = luaL_checkstring(L, -1); // stays on the stack, so it stays alive
    }
    bind_check_keys(L, 1, place, known, count);
    return 0;
}

/// app.nearest(name: string, known: string[]): string? – what was probably meant
static int nearest_name(lua_State *L)
{
    const char *name = luaL_checkstring(L, 1), *known[FIELDS_MAX];
    size_t count;

    luaL_checktype(L, 2, LUA_TTABLE);
    count = (size_t)lua_rawlen(L, 2);
    luaL_argcheck(L, count <= FIELDS_MAX, 2, "too many");
    luaL_checkstack(L, (int)count + 4, "names");
    for (size_t i = 0; i < count; i++) {
        lua_rawgeti(L, 2, (lua_Integer)i + 1);
        known[i] = luaL_checkstring(L, -1); // stays on the stack, so it stays alive
    }
    lua_pushstring(L, nearest(name, known, count));
    return 1;
}

/// app.place(): string – the line of the app that is running, "leave/main.lua:12"
static int place(lua_State *L)
{
    char text[SCRIPT_PLACE_MAX];

    lua_pushstring(L, script_place(L, text) ? text : bind_state(L)->app->manifest.id);
    return 1;
}

/// app.note(problem: string): boolean – false: problems are not gathered here, raise it
static int note(lua_State *L)
{
    const char *problem = luaL_checkstring(L, 1);
    struct state *state = bind_state(L);

    lua_pushboolean(L, lint_gathers(state));
    if (lint_gathers(state))
        bind_tell(state->app, problem);
    return 1;
}

/// app.files(): table – the sources of the own folder, by their names in it; for the check
static int files(lua_State *L)
{
    const struct state *state = bind_state(L);
    const char *folder = state->app->folder;
    size_t len = strlen(folder);
    struct slice text;
    const char *path;

    lua_newtable(L);
    for (size_t i = 0; state->host->options.lint &&
                       (path = script_sources_at(state->host->sources, i, &text)) != NULL; i++) {
        if (strncmp(path, folder, len) != 0 || path[len] != '/')
            continue;
        lua_pushlstring(L, (const char *)text.data, text.len);
        lua_setfield(L, -2, path + len + 1);
    }
    return 1;
}

static void push_about(lua_State *L)
{
    const struct state *state = bind_state(L);

    lua_pushstring(L, state->app->manifest.id);
    lua_setfield(L, -2, "id");
    lua_pushstring(L, state->app->manifest.version);
    lua_setfield(L, -2, "version");
    lua_pushboolean(L, state->declaring);
    lua_setfield(L, -2, "declaring");
    lua_pushboolean(L, state->app->platform);
    lua_setfield(L, -2, "platform");
    lua_pushboolean(L, state->host->options.config->development);
    lua_setfield(L, -2, "development");
    lua_pushboolean(L, state->host->options.lint);
    lua_setfield(L, -2, "lint");
}

int open_core_app(lua_State *L)
{
    static const luaL_Reg functions[] = {
        {"route", route},       {"importer", importer},     {"home", home},
        {"points", points},     {"slots", slots},           {"place", place},
        {"check_keys", check_keys}, {"nearest", nearest_name}, {"note", note}, {"files", files},
        {NULL, NULL},
    };

    luaL_newlib(L, functions);
    push_about(L);
    return 1;
}
