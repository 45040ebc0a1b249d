// SPDX-License-Identifier: Apache-2.0
// What it would be without budgets: stands in for core/script/deadline.c and memory.c in a program
// that only the bench links and runs. No timer, no clock, no cap; what is counted for a report
// (records, steps of patterns) is counted still.
#include "script/state.h"

bool script_watch_start(struct err *err)
{
    (void)err;
    return true;
}

bool deadline_create(struct script *script, struct err *err)
{
    (void)err;
    script->deadline.running = script->main;
    return true;
}

void deadline_destroy(struct script *script)
{
    (void)script;
}

void deadline_begin(struct script *script)
{
    script->deadline.calls++;
}

void deadline_end(struct script *script)
{
    script->deadline.calls--;
}

int64_t deadline_spent_us(const struct script *script)
{
    (void)script;
    return 0;
}

bool deadline_can_turn(lua_State *L)
{
    (void)L;
    return false;
}

void deadline_enter(struct script *script, lua_State *co)
{
    script->deadline.running = co;
}

void deadline_check(lua_State *L)
{
    (void)L;
}

void script_check_deadline(lua_State *L)
{
    (void)L;
}

void script_pause(struct script *script)
{
    (void)script;
}

void script_resume(struct script *script)
{
    (void)script;
}

bool call_is_late(const struct script *script)
{
    (void)script;
    return false;
}

int64_t script_wall_left_ms(lua_State *L)
{
    return script_of(L)->now.limits.wall_ms;
}

void *memory_resize(void *context, void *old, size_t old_len, size_t len)
{
    struct script *script = context;

    if (len > 0)
        return heap_resize(&script->heap, old, old != NULL ? old_len : 0, len);
    heap_free(&script->heap, old, old != NULL ? old_len : 0);
    return NULL;
}
