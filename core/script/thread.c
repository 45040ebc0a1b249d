// SPDX-License-Identifier: Apache-2.0
// Coroutines. The deadline hooks the running one, so resuming tells it which that is, and
// every way back looks at the deadline. A coroutine stopped by the deadline is never closed:
// its __close handlers would run with hooks off.
#include "script/state.h"

enum { FAILED = -1 };

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
    return lua_tointeger(L, -1) == script_of(L)->serial;
}

// Forgets the dead, those of earlier calls and, through the weak table, the collected ones.
static void count_live(lua_State *L, struct script *script)
{
    lua_gc(L, LUA_GCCOLLECT);
    script->thread_count = 0;
    lua_rawgeti(L, LUA_REGISTRYINDEX, script->threads);
    for (lua_pushnil(L); lua_next(L, -2); lua_pop(L, 1)) {
        if (is_ours(L) && is_live(lua_tothread(L, -2))) {
            script->thread_count++;
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
    if (is_ours(L) && script->thread_count > 0)
        script->thread_count--;
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
    if (script->thread_count >= THREADS_MAX)
        count_live(L, script);
    if (script->thread_count >= THREADS_MAX)
        return luaL_error(L, "more than %d coroutines", THREADS_MAX);
    co = lua_newthread(L);
    lua_pushvalue(L, 1);
    lua_xmove(L, co, 1);
    lua_rawgeti(L, LUA_REGISTRYINDEX, script->threads);
    lua_pushvalue(L, -2);
    lua_pushinteger(L, script->serial);
    lua_rawset(L, -3);
    script->thread_count++;
    lua_pop(L, 1);
    return 1;
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
    script->deadline.running = co;
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

// Results, or FAILED with the error on L's top.
static int resume(lua_State *L, lua_State *co, int args)
{
    int status, count;

    if (!lua_checkstack(co, args + 1) || !lua_checkstack(L, 3)) {
        lua_pushliteral(L, "too many arguments to resume");
        return FAILED;
    }
    lua_xmove(L, co, args);
    enter(L, co);
    status = lua_resume(co, L, args, &count);
    leave(L);
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

static int thread_resume(lua_State *L)
{
    lua_State *co = check_thread(L);
    int count = resume(L, co, lua_gettop(L) - 1);

    lua_pushboolean(L, count != FAILED);
    lua_insert(L, count == FAILED ? -2 : -(count + 1));
    return count == FAILED ? 2 : count + 1;
}

static int reset(lua_State *L, lua_State *co)
{
    int status;

    enter(L, co);
    status = lua_resetthread(co);
    leave(L);
    return status;
}

static int wrapped(lua_State *L)
{
    lua_State *co = lua_tothread(L, lua_upvalueindex(1));
    int count = resume(L, co, lua_gettop(L)), status = lua_status(co);

    if (count != FAILED)
        return count;
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

    if (co == L || (lua_status(co) == LUA_OK && lua_getstack(co, 0, &at)))
        return luaL_error(L, "cannot close a running coroutine");
    if (reset(L, co) == LUA_OK) {
        lua_pushboolean(L, 1);
        return 1;
    }
    lua_pushboolean(L, 0);
    lua_xmove(co, L, 1);
    return 2;
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

    luaL_setfuncs(L, functions, 0);
}
