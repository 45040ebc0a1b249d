// SPDX-License-Identifier: Apache-2.0
// A call: the request goes in as a table of plain values, the answer comes out as one.
#include "bind/bind.h"

struct call *bind_call(lua_State *L)
{
    struct state *state = bind_state(L);

    if (state->call == NULL)
        luaL_error(L, "this is only known while a request is answered, not while the app loads");
    script_check_deadline(L);
    return state->call;
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

struct call *call_enter(struct state *state, struct call *call)
{
    struct call *outer = state->call;

    state->call = call;
    state->serial++;
    bind_call_forget(script_state(state->script));
    return outer;
}

void call_leave(struct state *state, struct call *outer)
{
    state->call = outer;
    state->serial++;  // what the call handed out is dead now
    bind_call_forget(script_state(state->script));
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
    struct host_answer *answer;
    int instance;
    const char *method, *pattern; // of the route
    const struct param *params;
    size_t param_count;
    const char *page; // of host_page
    int status;
    const struct host_datum *data;
    size_t datum_count;
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

// door.answer(instance, method, pattern, req) → answer table
static int run_route(lua_State *L)
{
    const struct entry *entry = lua_touserdata(L, 1);

    bind_dirty_reset(L);
    push_door(L, entry, "answer");
    lua_pushstring(L, entry->method);
    lua_pushstring(L, entry->pattern);
    push_request(L, entry);
    lua_call(L, 4, 1);
    answer_read(L, -1, entry->answer);
    return 0;
}

// door.show(instance, page, data, status) → answer table
static int run_page(lua_State *L)
{
    const struct entry *entry = lua_touserdata(L, 1);

    bind_dirty_reset(L);
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

static bool enter_and_run(struct app *app, struct view *view, struct entry *entry, bool write,
                          lua_CFunction body, struct err *err)
{
    struct call call = {.view = view, .request = entry->request, .write = write};
    struct state *state = state_ready(app, err);
    struct call *outer;
    struct meter meter;
    bool done;

    *entry->answer = (struct host_answer){0};
    if (state == NULL || !instance_ready(state, entry->request->org, &entry->instance, err))
        return false;
    entry->state = state;
    call_budget(view, app);
    state_allow_call(state);
    meter = meter_start(app, state, view, entry->request->org);
    outer = call_enter(state, &call);
    done = state_run(state, body, entry, err);
    call_leave(state, outer);
    meter_stop(&meter, entry->answer->body.len);
    if (done)
        entry->answer->writes = write && entry->answer->status < 400 &&
                                store_has_writes(view->txn);
    return done;
}

bool host_call(struct host *host, struct view *view, const struct host_request *request,
               struct host_answer *answer, struct err *err)
{
    struct app *app = host_find(host, request->app);
    struct param params[PARAMS_MAX];
    struct entry entry = {.request = request, .answer = answer, .params = params};
    const struct route *route;

    if (app == NULL || app->problem != NULL)
        return err_set(err, ERR_ABSENT, "no such app");
    if (request->program && route_reads(request->method)) {
        struct meter meter = meter_start(app, NULL, view, request->org);
        bool done;

        call_budget(view, app);
        done = program_answer(host, view, request, answer, err);
        meter_stop(&meter, done ? answer->body.len : 0);
        return done;
    }
    route = route_of(app, request, params, &entry.param_count);
    if (route == NULL)
        return err_set(err, ERR_ABSENT, "no such page");
    entry.method = route->method;
    entry.pattern = route->pattern;
    return enter_and_run(app, view, &entry, !route_reads(request->method), run_route, err);
}

bool host_page(struct host *host, struct view *view, const struct host_request *request,
               const char *page, int status, const struct host_datum *data, size_t count,
               struct host_answer *answer, struct err *err)
{
    struct entry entry = {.request = request, .answer = answer, .page = page, .status = status,
                          .data = data, .datum_count = count};

    return enter_and_run(&host->apps[0], view, &entry, false, run_page, err);
}
