// SPDX-License-Identifier: Apache-2.0
// A call into an application: what its functions of C know of it, and the memory that is its own.
#include "bind/bind.h"

struct call *bind_call(lua_State *L)
{
    struct state *state = bind_state(L);

    if (state->call == NULL)
        luaL_error(L, "this is only known while a request is answered, not while the app loads");
    script_check_deadline(L);
    return state->call;
}

uint64_t bind_serial(lua_State *L)
{
    const struct call *call = bind_state(L)->call;

    return call != NULL ? call->serial : 0;
}

struct call *bind_write_call(lua_State *L, const char *what)
{
    struct call *call = bind_call(L);

    if (!call->write) {
        bind_push_slice(L, call->request->path);
        luaL_error(L, "%s in a read: GET %s cannot write; use app.post or an action", what,
                   lua_tostring(L, -1));
    }
    return call;
}

void *bind_alloc(lua_State *L, size_t size)
{
    struct state *state = bind_state(L);
    size_t most = (size_t)state->host->options.config->script.memory;
    struct err err;

    if (state->call == NULL)
        return arena_alloc(&state->scratch, size);
    state->call->bytes += size;
    if (state->call->bytes > most) {
        err_set(&err, ERR_LIMIT, "memory: records of one call take more than %zu bytes", most);
        script_raise(L, &err);
    }
    return arena_alloc(state->call->view->arena, size);
}

struct slice bind_keep(lua_State *L, struct slice text)
{
    uint8_t *copy = bind_alloc(L, text.len + 1);

    if (text.len > 0)
        memcpy(copy, text.data, text.len);
    return slice_of(copy, text.len);
}

// The next call of a state finds nothing of this one: rows know their call by its serial, what
// was asked of core.call and the list of changed rows are the call's own.
struct call *call_enter(struct state *state, struct call *call)
{
    struct call *outer = state->call;

    if (call->serial == 0) {
        call->serial = ++state->serials;
        call->seen = call->dirty = LUA_NOREF;
        state->open++;
    }
    state->call = call;
    bind_call_show(script_state(state->script), call->seen);
    return outer;
}

void call_leave(struct state *state, struct call *outer)
{
    state->call = outer;
    bind_call_show(script_state(state->script), outer != NULL ? outer->seen : LUA_NOREF);
}

void call_open(lua_State *L)
{
    struct call *call = bind_call(L);

    if (call->seen == LUA_NOREF)
        call->seen = bind_call_seen(L);
    bind_call_show(L, call->seen);
    bind_dirty_reset(L);
}

void call_finish(struct state *state, struct call *call)
{
    lua_State *L = script_state(state->script);

    bind_call_forget(L, call->seen);
    luaL_unref(L, LUA_REGISTRYINDEX, call->dirty);
    state_release(state);
}

bool call_run(struct state *state, struct call *call, lua_CFunction body, void *what,
              struct err *err)
{
    struct call *outer = call_enter(state, call);
    bool done = state_run(state, body, what, err);

    call_leave(state, outer);
    return done;
}

void call_budget(struct view *view, const struct app *app)
{
    const struct config *config = app->host->options.config;

    if (view->budget == NULL)
        return;
    view->budget->reads_max = (uint32_t)limit_of(config->script.reads, app->manifest.reads);
    view->budget->writes_max = (uint32_t)limit_of(config->script.writes, app->manifest.writes);
    view->budget->bytes_max = (size_t)config->script.memory;
}
