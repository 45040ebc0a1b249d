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
int call_on_error(lua_State *L)
{
    struct err *err = &script_of(L)->now.failure;
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
        script->spent = "memory";
    return err_set(err, ERR_LIMIT, "%s: memory of %zu KiB used up", script->name, cap / 1024);
}

static bool passed_fail(const struct script *script, const char *passed, struct err *err)
{
    const struct script_limits *limits = &script->now.limits;

    if (strcmp(passed, "memory") == 0)
        return err_set(err, ERR_LIMIT, "%s: memory of %zu KiB used up", script->name,
                       script->limits.memory / 1024);
    if (strcmp(passed, PASSED_PATTERN) == 0)
        return err_set(err, ERR_LIMIT, "%s: %lld pattern steps used up", script->name,
                       (long long)limits->pattern_steps);
    return err_set(err, ERR_LIMIT, "%s: %s of %lld ms used up", script->name, passed,
                   (long long)(strcmp(passed, "wall time") == 0 ? limits->wall_ms
                                                                : limits->cpu_ms));
}

bool call_fail(struct script *script, int status, struct err *err)
{
    if (script->deadline.expired && script->now.passed == NULL)
        script->now.passed = "processor time";
    if (script->now.passed != NULL)
        return passed_fail(script, script->now.passed, err);
    if (status == LUA_ERRMEM)
        return memory_failed(script, err);
    if (status == LUA_ERRERR)
        return err_set(err, ERR_SCRIPT, "%s: an error while handling an error", script->name);
    if (err != NULL)
        *err = script->now.failure;
    return false;
}

void call_begin(struct script *script, struct script_run *run)
{
    struct running *now = &script->now;

    steady_begin(script);
    now->run = run;
    now->limits = script->limits;
    now->serial = ++script->serials;
    now->base = now->peak = script->used;
    now->began_us = clock_mono_us(script->clock);
    now->paused_us = -1;
    now->passed = NULL;
    now->printed = now->thread_count = now->asides = 0;
    now->pattern_steps = now->steps = 0;
    now->is_seeded = false;
    now->chain = true;
    now->step = SCRIPT_DONE;
    now->cancel = NULL;
    script->deadline.expired = 0;
    script->deadline.spent_us = 0;
    script->deadline.slice_us = -1;
}

void call_end(struct script *script)
{
    steady_end(script);
    script->growth = script->now.peak - script->now.base;
    script->cpu_us = deadline_spent_us(script);
    if (script->deadline.expired && script->now.passed == NULL)
        script->now.passed = "processor time";
    if (script->deadline.expired)
        script->spent = script->now.passed;
}

bool call_refuse(const struct script *script, struct err *err)
{
    return passed_fail(script, script->spent, err);
}

bool script_call(struct script *script, int args, int results, struct err *err)
{
    lua_State *L = script_state(script);
    int base = lua_gettop(L) - args, status;
    bool is_outer = script->deadline.calls == 0;

    if (script_is_spent(script) || !lua_checkstack(L, results + LUA_MINSTACK)) {
        lua_settop(L, base - 1);
        return script->spent != NULL ? call_refuse(script, err)
                                     : call_fail(script, LUA_ERRMEM, err);
    }
    lua_pushcfunction(L, call_on_error);
    lua_insert(L, base);
    if (is_outer)
        call_begin(script, NULL);
    deadline_begin(script);
    status = lua_pcall(L, args, results, base);
    deadline_end(script);
    if (is_outer)
        call_end(script);
    if (status == LUA_OK && !script->deadline.expired) {
        lua_remove(L, base);
        return true;
    }
    lua_settop(L, base - 1);
    return call_fail(script, status, err);
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
