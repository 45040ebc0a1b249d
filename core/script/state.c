// SPDX-License-Identifier: Apache-2.0
#include "script/state.h"

#include <stdlib.h>

#include "base/log.h"

// Reached only by an error outside script_call: our mistake, and the state cannot go on.
static int panic(lua_State *L)
{
    const char *text = lua_type(L, -1) == LUA_TSTRING ? lua_tostring(L, -1) : "";

    log_error("lua_panic", LOG_TEXT("app", script_of(L)->name), LOG_TEXT("error", text));
    abort();
}

struct script *script_create(const char *name, const struct script_limits *limits,
                             struct clock *clock, void *owner, struct err *err)
{
    struct script *script = mem_zero(sizeof *script);

    script->name = mem_text(name);
    script->limits = *limits;
    script->clock = clock;
    script->owner = owner;
    heap_start(&script->heap);
    script->main = lua_newstate(memory_resize, script);
    if (script->main == NULL) {
        err_set(err, ERR_LIMIT, "%s: %zu bytes are too few for a state", name, limits->memory);
        script_destroy(script);
        return NULL;
    }
    *(struct script **)lua_getextraspace(script->main) = script;
    lua_atpanic(script->main, panic);
    lua_gc(script->main, LUA_GCGEN, 0, 0); // what was loaded stays, what a call makes goes
    lua_pushcfunction(script->main, library_open);
    if (!deadline_create(script, err) || !script_call(script, 0, 0, err)) {
        script_destroy(script);
        return NULL;
    }
    return script;
}

void script_destroy(struct script *script)
{
    struct folder *folder;

    if (script == NULL)
        return;
    if (script->main != NULL)
        lua_close(script->main); // scripts have no __gc: only bindings' finalizers run
    run_destroy_idle(script);
    deadline_destroy(script);
    heap_finish(&script->heap);
    while ((folder = script->folders) != NULL) {
        script->folders = folder->next;
        free(folder->path);
        free(folder);
    }
    free(script->name);
    free(script);
}

void script_limit(struct script *script, const struct script_limits *limits)
{
    script->limits = *limits;
    if (script->limits.memory < script->used)
        script->limits.memory = script->used;
}

lua_State *script_state(struct script *script)
{
    return script->deadline.running;
}

struct script *script_of(lua_State *L)
{
    return *(struct script **)lua_getextraspace(L);
}

void *script_owner(lua_State *L)
{
    return script_of(L)->owner;
}

void script_print(struct script *script, script_printer *printer, void *context)
{
    script->printer = printer;
    script->printer_context = context;
}

bool script_is_spent(const struct script *script)
{
    return script->spent != NULL || (script->deadline.expired && script->deadline.calls > 0);
}

lua_Integer script_serial(const struct script *script)
{
    return script->now.serial;
}

size_t script_memory(const struct script *script)
{
    return script->used;
}

int64_t script_cpu_us(const struct script *script)
{
    return script->deadline.calls > 0 ? deadline_spent_us(script) : script->cpu_us;
}

size_t script_growth(const struct script *script)
{
    return script->growth;
}
