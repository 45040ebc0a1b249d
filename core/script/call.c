// SPDX-License-Identifier: Apache-2.0
// Calls and their errors. An error is written down where it is raised, before the stack
// unwinds and without allocating in the state, whose memory may be the very problem.
#include "script/state.h"

#include <stdio.h>

#define ERROR_TYPE "shuyuan.error"

// Appends as much as fits; the text ends early rather than not at all.
static void add(struct err *err, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void add(struct err *err, const char *format, ...)
{
    size_t len = strlen(err->text);
    va_list values;

    va_start(values, format);
    vsnprintf(err->text + len, sizeof err->text - len, format, values);
    va_end(values);
}

static void add_callers(lua_State *L, struct err *err)
{
    enum { CALLERS_MAX = 8 };
    lua_Debug at;
    int told = 0;

    for (int level = 1; told < CALLERS_MAX && lua_getstack(L, level, &at); level++) {
        lua_getinfo(L, "Sln", &at);
        if (at.currentline <= 0)
            continue;
        add(err, "%s%s:%d", told++ == 0 ? "\n  at " : ", ", at.short_src, at.currentline);
        if (at.name != NULL)
            add(err, " (%s)", at.name);
    }
}

// Is the text "label/…" with the label of a folder of this room?
static bool is_of(const struct script *script, enum script_room room, const char *text)
{
    for (const struct folder *folder = script->folders; folder != NULL; folder = folder->next) {
        size_t len = strlen(folder->label);

        if (folder->room == room && strncmp(text, folder->label, len) == 0 && text[len] == '/')
            return true;
    }
    return false;
}

bool script_place(lua_State *L, char place[SCRIPT_PLACE_MAX])
{
    lua_Debug at;

    for (int level = 0; lua_getstack(L, level, &at); level++) {
        lua_getinfo(L, "Sl", &at);
        if (at.currentline <= 0 || !is_of(script_of(L), SCRIPT_APP, at.short_src))
            continue;
        snprintf(place, SCRIPT_PLACE_MAX, "%s:%d", at.short_src, at.currentline);
        return true;
    }
    return false;
}

// What the library refuses is told at the line of the app that asked for it; the library's own
// line stays among the callers.
static void tell(lua_State *L, const char *text, struct err *err)
{
    char place[SCRIPT_PLACE_MAX];
    const char *own = strstr(text, ": ");

    if (own != NULL && is_of(script_of(L), SCRIPT_LIBRARY, text) && script_place(L, place))
        err_set(err, ERR_SCRIPT, "%s%s", place, own);
    else
        err_set(err, ERR_SCRIPT, "%s", text);
}

// The message handler. [-1, +1]
static int on_error(lua_State *L)
{
    struct err *err = &script_of(L)->failure;
    struct err *raised = luaL_testudata(L, 1, ERROR_TYPE);

    if (raised != NULL)
        *err = *raised;
    else if (lua_type(L, 1) == LUA_TSTRING)
        tell(L, lua_tostring(L, 1), err);
    else
        err_set(err, ERR_SCRIPT, "a %s was raised as an error", luaL_typename(L, 1));
    add_callers(L, err);
    return 1;
}

// A state that stays full after a collection cannot do its work any more: it is spent.
static bool memory_failed(struct script *script, struct err *err)
{
    size_t cap = script->limits.memory;

    lua_gc(script->main, LUA_GCCOLLECT);
    if (script->used > cap - cap / 8)
        script->passed = "memory";
    return err_set(err, ERR_LIMIT, "%s: memory of %zu KiB used up", script->name, cap / 1024);
}

static bool spent(const struct script *script, struct err *err)
{
    const struct script_limits *limits = &script->limits;

    if (strcmp(script->passed, "memory") == 0)
        return err_set(err, ERR_LIMIT, "%s: memory of %zu KiB used up", script->name,
                       limits->memory / 1024);
    if (strcmp(script->passed, PASSED_PATTERN) == 0)
        return err_set(err, ERR_LIMIT, "%s: %lld pattern steps used up", script->name,
                       (long long)limits->pattern_steps);
    return err_set(
        err, ERR_LIMIT, "%s: %s of %lld ms used up", script->name, script->passed,
        (long long)(strcmp(script->passed, "wall time") == 0 ? limits->wall_ms : limits->cpu_ms));
}

static bool fail(struct script *script, int status, struct err *err)
{
    if (script->deadline.expired && script->passed == NULL)
        script->passed = "processor time";
    if (script->passed != NULL)
        return spent(script, err);
    if (status == LUA_ERRMEM)
        return memory_failed(script, err);
    if (status == LUA_ERRERR)
        return err_set(err, ERR_SCRIPT, "%s: an error while handling an error", script->name);
    if (err != NULL)
        *err = script->failure;
    return false;
}

static void begin(struct script *script)
{
    deadline_begin(script);
    if (script->deadline.calls > 1)
        return;
    steady_begin(script);
    script->base = script->peak = script->used;
    script->printed = 0;
    script->pattern_steps = script->steps = 0;
    script->is_seeded = false;
    script->thread_count = 0;
    script->serial++;
    script->began_us = clock_mono_us(script->clock);
}

static void end(struct script *script)
{
    deadline_end(script);
    if (script->deadline.calls > 0)
        return;
    steady_end(script);
    script->growth = script->peak - script->base;
    script->cpu_us = clock_mono_us(script->clock) - script->began_us;
}

bool script_call(struct script *script, int args, int results, struct err *err)
{
    lua_State *L = script_state(script);
    int base = lua_gettop(L) - args, status;

    if (script_is_spent(script) || !lua_checkstack(L, results + LUA_MINSTACK)) {
        lua_settop(L, base - 1);
        return script_is_spent(script) ? fail(script, LUA_OK, err) : fail(script, LUA_ERRMEM, err);
    }
    lua_pushcfunction(L, on_error);
    lua_insert(L, base);
    begin(script);
    status = lua_pcall(L, args, results, base);
    end(script);
    if (status == LUA_OK && !script->deadline.expired) {
        lua_remove(L, base);
        return true;
    }
    lua_settop(L, base - 1);
    return fail(script, status, err);
}

static int error_text(lua_State *L)
{
    struct err *raised = luaL_checkudata(L, 1, ERROR_TYPE);

    lua_pushstring(L, raised->text);
    return 1;
}

int script_raise(lua_State *L, const struct err *err)
{
    struct err *raised = lua_newuserdatauv(L, sizeof *raised, 0);

    *raised = *err;
    if (luaL_newmetatable(L, ERROR_TYPE)) {
        lua_pushcfunction(L, error_text);
        lua_setfield(L, -2, "__tostring");
        lua_pushboolean(L, 0);
        lua_setfield(L, -2, "__metatable");
    }
    lua_setmetatable(L, -2);
    lua_error(L);
    __builtin_unreachable();
}
