// SPDX-License-Identifier: Apache-2.0
// Coroutines. The deadline hooks the running one, so resuming tells it which that is, and
// every way back looks at the deadline. A coroutine stopped by the deadline is never closed:
// its __close handlers would run with hooks off.
//
// When a call's turn is over each of its coroutines yields in turn, from the running one down to
// the call's own, which the app never gets to hold; and each goes on where it was, without the
// app's noticing. Until then a coroutine that stands aside so is nobody else's to resume.
#include "script/state.h"

enum { FAILED = -1, ASIDE = -2 };

static bool is_live(lua_State *co)
{
    lua_Debug at;

    switch (lua_status(co)) {
    case LUA_YIELD:
        return true;
    case LUA_OK:
        return lua_getstack(co, 0, &at) || lua_gettop(co) > 0;
    default:
        return false;
    }
}

// Was the coroutine, whose mark is on the top, made in this call? Those of earlier calls count
// for nothing, or one organisation could leave no room for another.
static bool is_ours(lua_State *L)
{
    lua_Integer serial = lua_tointeger(L, -1);

    return (serial < 0 ? -serial : serial) == script_of(L)->now.serial;
}

// Forgets the dead, those of earlier calls and, through the weak table, the collected ones.
static void count_live(lua_State *L, struct script *script)
{
    lua_gc(L, LUA_GCCOLLECT);
    script->now.thread_count = 0;
    lua_rawgeti(L, LUA_REGISTRYINDEX, script->threads);
    for (lua_pushnil(L); lua_next(L, -2); lua_pop(L, 1)) {
        if (is_ours(L) && is_live(lua_tothread(L, -2))) {
            script->now.thread_count++;
        } else {
            lua_pushvalue(L, -2);
            lua_pushnil(L);
            lua_rawset(L, -5);
        }
    }
    lua_pop(L, 1);
}

// An ended coroutine makes room without a collection.
static void forget(lua_State *L, lua_State *co)
{
    struct script *script = script_of(L);

    lua_rawgeti(L, LUA_REGISTRYINDEX, script->threads);
    lua_pushthread(co);
    lua_xmove(co, L, 1);
    lua_pushvalue(L, -1);
    lua_rawget(L, -3);
    if (is_ours(L) && script->now.thread_count > 0)
        script->now.thread_count--;
    lua_pop(L, 1);
    lua_pushnil(L);
    lua_rawset(L, -3);
    lua_pop(L, 1);
}

static int thread_create(lua_State *L)
{
    struct script *script = script_of(L);
    lua_State *co;

    luaL_checktype(L, 1, LUA_TFUNCTION);
    if (script->now.thread_count >= THREADS_MAX)
        count_live(L, script);
    if (script->now.thread_count >= THREADS_MAX)
        return luaL_error(L, "more than %d coroutines", THREADS_MAX);
    co = lua_newthread(L);
    lua_pushvalue(L, 1);
    lua_xmove(L, co, 1);
    lua_rawgeti(L, LUA_REGISTRYINDEX, script->threads);
    lua_pushvalue(L, -2);
    lua_pushinteger(L, script->now.serial);
    lua_rawset(L, -3);
    script->now.thread_count++;
    lua_pop(L, 1);
    return 1;
}

// Notes whether the coroutine stands aside with the running call: by a number below zero.
static void mark(lua_State *L, lua_State *co, bool aside)
{
    struct script *script = script_of(L);
    lua_Integer serial = script->now.serial;

    lua_rawgeti(L, LUA_REGISTRYINDEX, script->threads);
    lua_pushthread(co);
    lua_xmove(co, L, 1);
    lua_pushinteger(L, aside ? -serial : serial);
    lua_rawset(L, -3);
    lua_pop(L, 1);
    script->asides += aside ? 1 : -1;
    script->now.asides += aside ? 1 : -1;
}

static bool is_aside(lua_State *L, lua_State *co)
{
    struct script *script = script_of(L);
    bool aside;

    if (script->asides == 0)
        return false;
    lua_rawgeti(L, LUA_REGISTRYINDEX, script->threads);
    lua_pushthread(co);
    lua_xmove(co, L, 1);
    lua_rawget(L, -2);
    aside = lua_tointeger(L, -1) < 0;
    lua_pop(L, 2);
    return aside;
}

// The app knows the call's own coroutine by the state's main one, which is never resumed.
static bool is_bottom(lua_State *L)
{
    const struct script_run *run = script_of(L)->now.run;

    return run != NULL && run_is_bottom(run, L);
}

static lua_State *check_thread(lua_State *L)
{
    lua_State *co = lua_tothread(L, 1);

    luaL_argexpected(L, co != NULL, 1, "coroutine");
    return co;
}

// From the moment `running` is set a tick hooks co; before it, the check sees its mark.
static void enter(lua_State *L, lua_State *co)
{
    struct script *script = script_of(L);

    count_enter(co);
    deadline_enter(script, co);
    if (script->deadline.expired) {
        script->deadline.running = L;
        deadline_check(L);
    }
}

static void leave(lua_State *L)
{
    script_of(L)->deadline.running = L;
    deadline_check(L);
}

// A coroutine yielded: because all of the call stands aside?
static bool stands_aside(lua_State *L, lua_State *co)
{
    struct running *now = &script_of(L)->now;
    enum script_step step = now->step;

    if (step == SCRIPT_DONE)
        return false;
    now->step = SCRIPT_DONE; // should there be no memory for the mark
    mark(L, co, true);
    now->step = step;
    return true;
}

// How co was left: its results are on L's top then.
static int take_results(lua_State *L, lua_State *co, int status, int count)
{
    if (status == LUA_OK || (status != LUA_YIELD && lua_status(co) == status))
        forget(L, co); // it has ended; one that could not be resumed is alive
    if (status != LUA_OK && status != LUA_YIELD) {
        lua_xmove(co, L, 1);
        return FAILED;
    }
    if (!lua_checkstack(L, count + 1)) {
        lua_pop(co, count);
        lua_pushliteral(L, "too many results to resume");
        return FAILED;
    }
    lua_xmove(co, L, count);
    return count;
}

// Results, or FAILED with the error on L's top, or ASIDE: L is to yield, and to go on with co.
static int go(lua_State *L, lua_State *co, int args)
{
    struct running *now = &script_of(L)->now;
    bool chain = now->chain;
    int status, count;

    enter(L, co);
    now->chain = chain && lua_isyieldable(L);
    status = lua_resume(co, L, args, &count);
    now->chain = chain;
    leave(L);
    if (status == LUA_YIELD && stands_aside(L, co))
        return ASIDE;
    return take_results(L, co, status, count);
}

static int resume(lua_State *L, lua_State *co, int args)
{
    if (!lua_checkstack(co, args + 1) || !lua_checkstack(L, 3)) {
        lua_pushliteral(L, "too many arguments to resume");
        return FAILED;
    }
    if (co == script_of(L)->main || is_aside(L, co)) {
        lua_pushliteral(L, "cannot resume non-suspended coroutine");
        return FAILED;
    }
    lua_xmove(L, co, args);
    return go(L, co, args);
}

static int go_on(lua_State *L, lua_State *co)
{
    mark(L, co, false);
    return go(L, co, 0);
}

static int resume_again(lua_State *L, int status, lua_KContext context);

static int resumed(lua_State *L, int count)
{
    if (count == ASIDE)
        return lua_yieldk(L, 0, 0, resume_again);
    lua_pushboolean(L, count != FAILED);
    lua_insert(L, count == FAILED ? -2 : -(count + 1));
    return count == FAILED ? 2 : count + 1;
}

static int resume_again(lua_State *L, int status, lua_KContext context)
{
    (void)status, (void)context;
    return resumed(L, go_on(L, lua_tothread(L, 1)));
}

static int thread_resume(lua_State *L)
{
    lua_State *co = check_thread(L);

    return resumed(L, resume(L, co, lua_gettop(L) - 1));
}

// Its `__close` handlers run, at once.
static int reset(lua_State *L, lua_State *co)
{
    struct running *now = &script_of(L)->now;
    bool chain = now->chain;
    int status;

    enter(L, co);
    now->chain = false;
    status = lua_resetthread(co);
    now->chain = chain;
    leave(L);
    return status;
}

static int wrapped_again(lua_State *L, int status, lua_KContext context);

static int wrapped_resumed(lua_State *L, lua_State *co, int count)
{
    int status;

    if (count == ASIDE)
        return lua_yieldk(L, 0, 0, wrapped_again);
    if (count != FAILED)
        return count;
    status = lua_status(co);
    if (status != LUA_OK && status != LUA_YIELD) {
        reset(L, co);
        lua_xmove(co, L, 1);
    }
    if (lua_type(L, -1) == LUA_TSTRING) {
        luaL_where(L, 1);
        lua_insert(L, -2);
        lua_concat(L, 2);
    }
    return lua_error(L);
}

static int wrapped_again(lua_State *L, int status, lua_KContext context)
{
    lua_State *co = lua_tothread(L, lua_upvalueindex(1));

    (void)status, (void)context;
    return wrapped_resumed(L, co, go_on(L, co));
}

static int wrapped(lua_State *L)
{
    lua_State *co = lua_tothread(L, lua_upvalueindex(1));

    return wrapped_resumed(L, co, resume(L, co, lua_gettop(L)));
}

static int thread_wrap(lua_State *L)
{
    thread_create(L);
    lua_pushcclosure(L, wrapped, 1);
    return 1;
}

static int thread_close(lua_State *L)
{
    lua_State *co = check_thread(L);
    lua_Debug at;

    if (co == L || co == script_of(L)->main || is_aside(L, co) ||
        (lua_status(co) == LUA_OK && lua_getstack(co, 0, &at)))
        return luaL_error(L, "cannot close a running coroutine");
    if (reset(L, co) == LUA_OK) {
        lua_pushboolean(L, 1);
        return 1;
    }
    lua_pushboolean(L, 0);
    lua_xmove(co, L, 1);
    return 2;
}

// Does a function stand between that has to come to its end first?
static bool is_in_whole(lua_State *L)
{
    lua_CFunction whole = script_of(L)->whole;
    lua_Debug at;
    bool found = false;

    for (int level = 1; whole != NULL && !found && lua_getstack(L, level, &at); level++) {
        lua_getinfo(L, "f", &at);
        found = lua_tocfunction(L, -1) == whole;
        lua_pop(L, 1);
    }
    return found;
}

static int thread_yield(lua_State *L)
{
    if (is_in_whole(L))
        return luaL_error(L, "attempt to yield across a C-call boundary");
    if (is_bottom(L))
        return luaL_error(L, "coroutine.yield: nobody resumes a handler; it runs to its end");
    return library_original(L);
}

static int thread_isyieldable(lua_State *L)
{
    lua_State *co = lua_isthread(L, 1) ? lua_tothread(L, 1) : L;

    lua_pushboolean(L, !is_bottom(co) && lua_isyieldable(co));
    return 1;
}

static int thread_running(lua_State *L)
{
    lua_State *main = script_of(L)->main;
    bool bottom = is_bottom(L) || L == main;

    lua_pushthread(bottom ? main : L);
    if (bottom)
        lua_xmove(main, L, L == main ? 0 : 1);
    lua_pushboolean(L, bottom);
    return 2;
}

static int thread_status(lua_State *L)
{
    lua_State *co = check_thread(L);

    if (co == script_of(L)->main)
        lua_pushstring(L, is_bottom(L) || L == co ? "running" : "normal");
    else if (is_aside(L, co))
        lua_pushliteral(L, "normal");
    else
        return library_original(L);
    return 1;
}

void script_keep_whole(struct script *script, lua_CFunction function)
{
    script->whole = function;
}

void thread_open(lua_State *L)
{
    static const luaL_Reg functions[] = {
        {"create", thread_create},
        {"resume", thread_resume},
        {"wrap", thread_wrap},
        {"close", thread_close},
        {NULL, NULL},
    };

    static const luaL_Reg wrappers[] = {{"yield", thread_yield},
                                        {"isyieldable", thread_isyieldable},
                                        {"running", thread_running},
                                        {"status", thread_status},
                                        {NULL, NULL}};

    luaL_setfuncs(L, functions, 0);
    library_wrap(L, wrappers);
}
