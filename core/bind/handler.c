// SPDX-License-Identifier: Apache-2.0
// A handler on its way: the request goes in as a table of plain values, the answer comes out as
// one. It runs turn by turn; between its turns the snapshot, the call and its Lua wait as they are.
//
// Calls into one organisation's instance of an app do not mix: while one is between two turns, the
// next has to wait until it has ended, so that variables of a module need no locks. The platform's
// own pages keep nothing there, and do not wait.
#include <stdlib.h>

#include "bind/bind.h"

static void push_params(lua_State *L, const struct host_param *params, size_t count)
{
    lua_createtable(L, 0, (int)count);
    for (size_t i = 0; i < count; i++) {
        if (params[i].name.len > 0 && params[i].name.data[0] == '_')
            continue;  // the dispatcher's own: _csrf, _key
        bind_push_slice(L, params[i].name);
        bind_push_slice(L, params[i].value);
        lua_rawset(L, -3);
    }
}

// One way into door.lua for routes and pages.
struct entry {
    struct state *state;
    const struct host_request *request;
    struct host_answer *answer; // NULL: of host_cards
    int instance;
    const char *method, *pattern; // of the route
    const struct param *params;
    size_t param_count;
    const char *page; // of host_page
    int status;
    const struct host_datum *data;
    size_t datum_count;
    struct plain **plain; // of host_cards
};

static void push_request(lua_State *L, const struct entry *entry)
{
    const struct host_request *request = entry->request;

    lua_createtable(L, 0, 5);
    lua_pushstring(L, request->method);
    lua_setfield(L, -2, "method");
    bind_push_slice(L, request->path);
    lua_setfield(L, -2, "path");
    push_params(L, request->query, request->query_count);
    lua_setfield(L, -2, "query");
    push_params(L, request->form, request->form_count);
    lua_setfield(L, -2, "form");
    if (request->json.data != NULL) {
        bind_push_slice(L, request->json);
        lua_setfield(L, -2, "json");
    }
    lua_createtable(L, 0, (int)entry->param_count);
    for (size_t i = 0; i < entry->param_count; i++) {
        bind_push_slice(L, entry->params[i].name);
        bind_push_slice(L, entry->params[i].value);
        lua_rawset(L, -3);
    }
    lua_setfield(L, -2, "params");
}

static void push_door(lua_State *L, const struct entry *entry, const char *function)
{
    lua_rawgeti(L, LUA_REGISTRYINDEX, entry->state->door);
    lua_getfield(L, -1, function);
    lua_remove(L, -2);
    lua_rawgeti(L, LUA_REGISTRYINDEX, entry->instance);
}

static int routed(lua_State *L, int status, lua_KContext context)
{
    const struct entry *entry = (const struct entry *)context;

    (void)status;
    answer_read(L, -1, entry->answer);
    return 0;
}

// door.answer(instance, method, pattern, req) → answer table
static int run_route(lua_State *L)
{
    const struct entry *entry = lua_touserdata(L, 1);

    call_open(L);
    push_door(L, entry, "answer");
    lua_pushstring(L, entry->method);
    lua_pushstring(L, entry->pattern);
    push_request(L, entry);
    lua_callk(L, 4, 1, (lua_KContext)entry, routed);
    return routed(L, LUA_OK, (lua_KContext)entry);
}

// door.show(instance, page, data, status) → answer table
static int run_page(lua_State *L)
{
    const struct entry *entry = lua_touserdata(L, 1);

    call_open(L);
    push_door(L, entry, "show");
    lua_pushstring(L, entry->page);
    lua_createtable(L, 0, (int)entry->datum_count);
    for (size_t i = 0; i < entry->datum_count; i++) {
        lua_pushstring(L, entry->data[i].text);
        lua_setfield(L, -2, entry->data[i].name);
    }
    lua_pushinteger(L, entry->status);
    lua_call(L, 4, 1);
    answer_read(L, -1, entry->answer);
    return 0;
}

static int carded(lua_State *L, int status, lua_KContext context)
{
    const struct entry *entry = (const struct entry *)context;

    (void)status;
    *entry->plain = bind_read_plain(L, -1);
    return 0;
}

// door.cards(instance, role) → list of plain tables
static int run_cards(lua_State *L)
{
    const struct entry *entry = lua_touserdata(L, 1);

    call_open(L);
    push_door(L, entry, "cards");
    lua_pushstring(L, entry->request->role);
    lua_callk(L, 2, 1, (lua_KContext)entry, carded);
    return carded(L, LUA_OK, (lua_KContext)entry);
}

struct host_call {
    struct app *app;
    struct call call;
    struct entry entry;
    struct param params[PARAMS_MAX];
    lua_CFunction body;
    bool whole;
    struct script_run *run; // NULL: it has not begun
    struct meter meter;
    void (*woken)(void *context);
    void *context;
};

static struct host_call *make(struct app *app, struct view *view,
                              const struct host_request *request, lua_CFunction body)
{
    struct host_call *call = mem_zero(sizeof *call);

    call->app = app;
    call->body = body;
    call->call = (struct call){.view = view, .request = request};
    call->entry.request = request;
    call->entry.params = call->params;
    return call;
}

// The state and its instance may have gone since the last look.
static bool find_place(struct host_call *call, bool *busy, struct err *err)
{
    struct state *state = state_ready(call->app, err);

    call->entry.state = state;
    if (state == NULL ||
        !instance_ready(state, call->entry.request->org, &call->entry.instance, err))
        return false;
    *busy = !call->whole && !call->app->platform && instance_is_held(state, call->entry.instance);
    return true;
}

static bool begin(struct host_call *call, struct err *err)
{
    struct entry *entry = &call->entry;

    call_budget(call->call.view, call->app);
    state_allow_call(entry->state, entry->request->strict);
    call->run = script_run_begin(entry->state->script, call->body, entry, call->whole, err);
    if (call->run == NULL)
        return false;
    script_run_on_wake(call->run, call->woken, call->context);
    call->meter = meter_start(call->app, entry->state, call->call.view, entry->request->org);
    return true;
}

// Its instance is not to be trusted when it was left in the middle.
static void finish(struct host_call *call, bool in_the_middle)
{
    struct state *state = call->entry.state;

    if (call->run != NULL) {
        instance_hold(state, call->entry.instance, false);
        script_run_end(call->run);
        if (in_the_middle)
            instance_forget(state, call->entry.instance);
        call_finish(state, &call->call);
    }
    free(call);
}

static enum host_step ended(struct host_call *call, bool done, struct err *err)
{
    struct host_answer *answer = call->entry.answer;

    if (call->run != NULL && answer != NULL) {
        meter_stop(&call->meter, answer->body.len);
        answer->writes = done && call->call.write && answer->status < 400 &&
                         store_has_writes(call->call.view->txn);
    }
    finish(call, !done && err->code == ERR_LIMIT);
    return done ? HOST_DONE : HOST_FAILED;
}

enum host_step host_go(struct host_call *call, struct err *err)
{
    struct state *state;
    struct call *outer;
    enum script_step step;
    bool busy = false;

    if (call->run == NULL) {
        if (!find_place(call, &busy, err))
            return ended(call, false, err);
        if (busy)
            return HOST_TURN;
        if (!begin(call, err))
            return ended(call, false, err);
    }
    state = call->entry.state;
    instance_hold(state, call->entry.instance, false);
    outer = call_enter(state, &call->call);
    step = script_run_go(call->run, err);
    call_leave(state, outer);
    if (call->entry.answer != NULL)
        call->entry.answer->cpu_us = script_cpu_us(state->script);
    if (step == SCRIPT_WAITS)
        return HOST_WAITS;
    if (step != SCRIPT_TURN)
        return ended(call, step == SCRIPT_DONE, err);
    instance_hold(state, call->entry.instance, true);
    return HOST_TURN;
}

void host_end(struct host_call *call)
{
    if (call != NULL)
        finish(call, true);
}

void host_on_wake(struct host_call *call, void (*woken)(void *context), void *context)
{
    call->woken = woken;
    call->context = context;
    if (call->run != NULL)
        script_run_on_wake(call->run, woken, context);
}

// Lists and records for programs need no Lua.
static enum host_step answer_program(struct host *host, struct app *app, struct view *view,
                                     const struct host_request *request,
                                     struct host_answer *answer, struct err *err)
{
    struct meter meter = meter_start(app, NULL, view, request->org);
    bool done;

    call_budget(view, app);
    done = program_answer(host, view, request, answer, err);
    meter_stop(&meter, done ? answer->body.len : 0);
    return done ? HOST_DONE : HOST_FAILED;
}

static enum host_step start(struct host *host, struct view *view,
                            const struct host_request *request, struct host_answer *answer,
                            bool whole, struct host_call **open, struct err *err)
{
    struct app *app = host_find(host, request->app);
    const struct route *route;
    struct host_call *call;
    enum host_step step;

    *open = NULL;
    *answer = (struct host_answer){0};
    if (app == NULL || app->problem != NULL)
        return err_set(err, ERR_ABSENT, "no such app"), HOST_FAILED;
    if (request->program && route_reads(request->method))
        return answer_program(host, app, view, request, answer, err);
    call = make(app, view, request, run_route);
    route = route_of(app, request, call->params, &call->entry.param_count);
    if (route == NULL) {
        free(call);
        return err_set(err, ERR_ABSENT, "no such page"), HOST_FAILED;
    }
    call->whole = whole;
    call->call.write = !route_reads(request->method);
    call->entry.answer = answer;
    call->entry.method = route->method;
    call->entry.pattern = route->pattern;
    step = host_go(call, err);
    *open = step == HOST_TURN || step == HOST_WAITS ? call : NULL;
    return step;
}

enum host_step host_begin(struct host *host, struct view *view,
                          const struct host_request *request, struct host_answer *answer,
                          struct host_call **call, struct err *err)
{
    return start(host, view, request, answer, false, call, err);
}

bool host_call(struct host *host, struct view *view, const struct host_request *request,
               struct host_answer *answer, struct err *err)
{
    struct host_call *none;

    return start(host, view, request, answer, true, &none, err) == HOST_DONE;
}

bool host_page(struct host *host, struct view *view, const struct host_request *request,
               const char *page, int status, const struct host_datum *data, size_t count,
               struct host_answer *answer, struct err *err)
{
    struct host_call *call = make(&host->apps[0], view, request, run_page);

    *answer = (struct host_answer){0};
    call->whole = true;
    call->entry.answer = answer;
    call->entry.page = page;
    call->entry.status = status;
    call->entry.data = data;
    call->entry.datum_count = count;
    return host_go(call, err) == HOST_DONE;
}

struct host_call *host_cards(struct app *app, struct view *view,
                             const struct host_request *request, bool whole, struct plain **plain)
{
    struct host_call *call = make(app, view, request, run_cards);

    call->whole = whole;
    call->entry.plain = plain;
    return call;
}
