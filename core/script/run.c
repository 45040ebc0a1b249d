// SPDX-License-Identifier: Apache-2.0
// Runs: calls in a coroutine of their own, which go on turn by turn. What belongs to the call is
// kept aside between its turns, so that several are open in a state and none sees another.
//
// A coroutine is used again when its body has ended; one that was left in the middle goes to the
// collector as it is: closing it would run its `__close` handlers.
#include "script/state.h"

#include <stdlib.h>

struct script_run {
    struct script *script;
    struct script_run *next; // idle, or open
    lua_State *co;
    int ref; // registry: the coroutine
    lua_CFunction body;
    void *what;
    bool whole; // goes on to its end
    bool has_begun, has_ended, waits;
    int status;         // of the body
    struct running now; // between turns
    int64_t spent_us;   // of former turns
    void (*woken)(void *context);
    void *context;
};

// A call that waits for this one in the same state.
struct outer {
    struct running now;
    struct deadline deadline;
};

static int make_thread(lua_State *L)
{
    struct script_run *run = lua_touserdata(L, 1);

    run->co = lua_newthread(L);
    run->ref = luaL_ref(L, LUA_REGISTRYINDEX);
    return 0;
}

static struct script_run *make_run(struct script *script, struct err *err)
{
    struct script_run *run = mem_zero(sizeof *run);
    lua_State *L = script_state(script);

    run->script = script;
    lua_pushcfunction(L, make_thread);
    lua_pushlightuserdata(L, run);
    if (script_call(script, 1, 0, err))
        return run;
    free(run);
    return NULL;
}

struct script_run *script_run_begin(struct script *script, lua_CFunction body, void *what,
                                    bool whole, struct err *err)
{
    struct script_run *run = script->idle;

    if (script->spent != NULL) {
        call_refuse(script, err);
        return NULL;
    }
    if (run != NULL)
        script->idle = run->next;
    else if ((run = make_run(script, err)) == NULL)
        return NULL;
    run->body = body;
    run->what = what;
    run->whole = whole;
    run->has_begun = run->has_ended = run->waits = false;
    run->woken = NULL;
    run->next = script->open;
    script->open = run;
    return run;
}

bool script_is_open(const struct script *script, lua_Integer serial)
{
    for (const struct script_run *run = script->open; run != NULL; run = run->next)
        if (run->has_begun && !run->has_ended && run->now.serial == serial)
            return true;
    return false;
}

void script_run_on_wake(struct script_run *run, void (*woken)(void *context), void *context)
{
    run->woken = woken;
    run->context = context;
}

void script_wake(struct script_run *run)
{
    run->waits = false;
    if (run->woken != NULL)
        run->woken(run->context);
}

static void take_out(struct script_run *run)
{
    struct script_run **at = &run->script->open;

    while (*at != run)
        at = &(*at)->next;
    *at = run->next;
}

static void destroy(struct script_run *run)
{
    luaL_unref(run->script->main, LUA_REGISTRYINDEX, run->ref);
    free(run);
}

void script_run_end(struct script_run *run)
{
    struct script *script;

    if (run == NULL)
        return;
    script = run->script;
    take_out(run);
    if (run->has_ended || !run->has_begun) {
        run->next = script->idle;
        script->idle = run;
        return;
    }
    script->asides -= run->now.asides;
    if (run->now.cancel != NULL)
        run->now.cancel(run->now.cancel_context);
    destroy(run);
}

void run_destroy_idle(struct script *script)
{
    struct script_run *run;

    while ((run = script->idle) != NULL) {
        script->idle = run->next;
        free(run);
    }
}

bool run_is_bottom(const struct script_run *run, const lua_State *L)
{
    return run->co == L;
}

// The body's way out, however it ends.
static int finish(lua_State *L, int status, lua_KContext context)
{
    struct script_run *run = (struct script_run *)context;

    run->status = status == LUA_YIELD ? LUA_OK : status;
    lua_settop(L, 0);
    return 0;
}

// The bottom of a run's coroutine.
static int call_body(lua_State *L)
{
    struct script_run *run = lua_touserdata(L, 1);

    lua_pushcfunction(L, call_on_error);
    lua_pushcfunction(L, run->body);
    lua_pushlightuserdata(L, run->what);
    return finish(L, lua_pcallk(L, 1, 0, 2, (lua_KContext)run, finish), (lua_KContext)run);
}

static void leave_outer(struct script *script, struct outer *outer)
{
    outer->deadline = script->deadline;
    outer->now = script->now;
    script->deadline.calls = 0;
}

static void take_outer(struct script *script, const struct outer *outer)
{
    sig_atomic_t armed = script->deadline.armed;

    script->now = outer->now;
    script->deadline = outer->deadline;
    script->deadline.armed = armed;
}

// Before a turn: how many arguments its coroutine gets.
static int take_up(struct script *script, struct script_run *run)
{
    int args = 0;

    if (run->has_begun) {
        script->now = run->now;
        script->deadline.expired = 0;
        script->deadline.spent_us = run->spent_us;
    } else {
        call_begin(script, run);
        lua_settop(run->co, 0);
        lua_pushcfunction(run->co, call_body);
        lua_pushlightuserdata(run->co, run);
        run->has_begun = true;
        args = 1;
    }
    script->deadline.slice_us =
        run->whole || script->is_counting ? -1 : script->now.limits.slice_ms * 1000;
    return args;
}

static int turn(struct script *script, struct script_run *run, int args)
{
    lua_State *outer = script_state(script);
    int status, count;

    script->now.step = SCRIPT_DONE;
    script->now.cancel = NULL;
    count_enter(run->co);
    deadline_enter(script, run->co);
    deadline_begin(script);
    status = lua_resume(run->co, outer, args, &count);
    deadline_end(script);
    script->deadline.running = outer;
    return status;
}

// What became of the turn. After a deadline at which everything stood still the state goes on.
static enum script_step outcome(struct script *script, struct script_run *run, int status,
                                struct err *err)
{
    if (status == LUA_YIELD) {
        steady_end(script);
        run->now = script->now;
        run->spent_us = script->cpu_us = deadline_spent_us(script);
        script->growth = script->now.peak - script->now.base;
        run->waits = script->now.step == SCRIPT_WAITS;
        if (!script->deadline.expired)
            return script->now.step;
        call_fail(script, LUA_OK, err);
        return SCRIPT_FAILED;
    }
    call_end(script);
    run->has_ended = status == LUA_OK;
    run->now.asides = 0;
    run->now.cancel = NULL;
    status = status == LUA_OK ? run->status : status;
    if (status == LUA_OK && !script->deadline.expired)
        return SCRIPT_DONE;
    call_fail(script, status, err);
    return SCRIPT_FAILED;
}

// It is not even resumed.
static enum script_step too_late(struct script *script, struct err *err)
{
    script->now.passed = "wall time";
    call_fail(script, LUA_OK, err);
    return SCRIPT_FAILED;
}

enum script_step script_run_go(struct script_run *run, struct err *err)
{
    struct script *script = run->script;
    struct outer *outer = NULL;
    enum script_step step;
    int args;

    if (script->deadline.calls > 0) {
        outer = mem_zero(sizeof *outer);
        leave_outer(script, outer);
    }
    args = take_up(script, run);
    if (args == 0 && call_is_late(script))
        step = too_late(script, err);
    else if (run->waits)
        step = SCRIPT_WAITS; // nobody has woken it
    else
        step = outcome(script, run, turn(script, run, args), err);
    if (outer != NULL)
        take_outer(script, outer);
    free(outer);
    return step;
}

struct script_run *script_running(lua_State *L)
{
    struct script_run *run = script_of(L)->now.run;

    return run != NULL && !run->whole && deadline_can_turn(L) ? run : NULL;
}

static int suspend(lua_State *L, enum script_step step, const struct script_wait *wait)
{
    struct running *now = &script_of(L)->now;

    now->step = step;
    now->cancel = wait->cancel;
    now->cancel_context = wait->context;
    return lua_yieldk(L, 0, (lua_KContext)wait->context, wait->go_on);
}

int script_suspend(lua_State *L, const struct script_wait *wait)
{
    return suspend(L, SCRIPT_WAITS, wait);
}

int script_give_turn(lua_State *L, const struct script_wait *wait)
{
    return suspend(L, SCRIPT_TURN, wait);
}
