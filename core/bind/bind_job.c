// SPDX-License-Identifier: Apache-2.0
// core.job: work that is queued in the commit of the running call, and the calls that do it.
#include "bind/bind.h"
#include "job/queue.h"

enum { RETRY_MAX = 100 };

static const int64_t wait_max_ms = 366 * 86400000LL;

static const struct host_job *find(const struct app *app, const char *name)
{
    for (size_t i = 0; i < app->jobs.count; i++)
        if (strcmp(app->jobs.list[i].name, name) == 0)
            return &app->jobs.list[i];
    return NULL;
}

static int refuse_unknown(lua_State *L, const struct app *app, const char *name)
{
    const char *known[NAMES_MAX];

    for (size_t i = 0; i < app->jobs.count; i++)
        known[i] = app->jobs.list[i].name;
    bind_raise_unknown(L, "job", name, app->manifest.id, known, app->jobs.count);
}

/// job.declare(name: string, retry: integer, event?: string)
static int declare(lua_State *L)
{
    struct state *state = bind_state(L);
    struct app *app = state->app;
    struct arena *arena = &app->host->arena;
    const char *name = luaL_checkstring(L, 1), *event = luaL_optstring(L, 3, NULL);
    lua_Integer retry = luaL_checkinteger(L, 2);

    if (!state->declaring)
        return 0;
    if (name[0] == 0 || strlen(name) > JOB_NAME_MAX)
        return luaL_error(L, "a job's name has 1 to %d bytes", JOB_NAME_MAX);
    if (retry < 0 || retry > RETRY_MAX)
        return luaL_error(L, "job '%s' is run again 0 to %d times", name, RETRY_MAX);
    if (find(app, name) != NULL)
        return luaL_error(L, "job '%s' is declared twice", name);
    if (app->jobs.count == NAMES_MAX)
        return luaL_error(L, "at most %d jobs an app", NAMES_MAX);
    app->jobs.list[app->jobs.count++] = (struct host_job){
        app->manifest.id, arena_text(arena, slice_text(name)), (unsigned)retry,
        event != NULL ? arena_text(arena, slice_text(event)) : NULL};
    return 0;
}

/// job.queue(name: string, arg: string, key: string, wait_ms: integer): boolean
// True: queued. False: one of the key waits already.
static int queue(lua_State *L)
{
    const struct app *app = bind_state(L)->app;
    const char *name = luaL_checkstring(L, 1);
    struct slice arg = bind_check_slice(L, 2), key = bind_check_slice(L, 3);
    lua_Integer wait_ms = luaL_checkinteger(L, 4);
    struct call *call = bind_write_call(L, "a job is queued");
    struct job job = {.org = call->request->org, .app = app->manifest.id, .name = name,
                      .key = key, .arg = arg};
    bool added;
    struct err err;

    if (find(app, name) == NULL)
        return refuse_unknown(L, app, name);
    luaL_argcheck(L, wait_ms >= 0 && wait_ms <= wait_max_ms, 4, "a job waits a year at most");
    job.due_ms = clock_wall_ms(call->view->clock) + wait_ms;
    if (!queue_add(call->view, &job, &added, &err))
        script_raise(L, &err);
    lua_pushboolean(L, added);
    return 1;
}

/// job.event(name: string)
static int event(lua_State *L)
{
    return bind_add_name(L, &bind_state(L)->app->events);
}

static bool names_have(const struct names *names, const char *name)
{
    for (size_t i = 0; i < names->count; i++)
        if (strcmp(names->list[i], name) == 0)
            return true;
    return false;
}

static void queue_for(lua_State *L, struct call *call, const struct app *app, const char *event,
                      struct slice arg)
{
    for (size_t i = 0; i < app->jobs.count; i++) {
        const struct host_job *about = &app->jobs.list[i];
        struct job job = {.org = call->request->org, .app = about->app, .name = about->name,
                          .key = slice_text(""), .arg = arg,
                          .due_ms = clock_wall_ms(call->view->clock)};
        bool added;
        struct err err;

        if (about->event != NULL && strcmp(about->event, event) == 0 &&
            !queue_add(call->view, &job, &added, &err))
            script_raise(L, &err);
    }
}

/// job.emit(event: string, arg: string)
// One job for each app that listens; of one in quarantine it waits.
static int emit(lua_State *L)
{
    const struct app *app = bind_state(L)->app;
    const char *name = luaL_checkstring(L, 1), *full;
    struct slice arg = bind_check_slice(L, 2);
    struct call *call = bind_write_call(L, "an event is emitted");

    if (!names_have(&app->events, name))
        bind_raise_unknown(L, "event", name, app->manifest.id, app->events.list,
                           app->events.count);
    full = lua_pushfstring(L, "%s.%s", app->manifest.id, name);
    for (size_t i = 0; i < app->host->app_count; i++)
        queue_for(L, call, &app->host->apps[i], full, arg);
    return 0;
}

int open_core_job(lua_State *L)
{
    static const luaL_Reg functions[] = {
        {"declare", declare}, {"queue", queue}, {"event", event}, {"emit", emit}, {NULL, NULL}};

    luaL_newlib(L, functions);
    return 1;
}

// Is the event that a job listens to declared by its app?
bool job_event_is_known(const struct host *host, const char *full)
{
    const char *dot = strchr(full, '.');
    const struct app *app =
        dot != NULL ? host_find(host, slice_of(full, (size_t)(dot - full))) : NULL;

    return app != NULL && names_have(&app->events, dot + 1);
}

// Running ----------------------------------------------------------------------------------

struct run {
    struct state *state;
    int instance;
    const char *name;
    struct slice arg;
    const char *word; // what it answered after nil; NULL: it is done
};

// door.job(instance, name, arg) → word?
static int run_job(lua_State *L)
{
    struct run *run = lua_touserdata(L, 1);

    bind_dirty_reset(L);
    lua_rawgeti(L, LUA_REGISTRYINDEX, run->state->door);
    lua_getfield(L, -1, "job");
    lua_rawgeti(L, LUA_REGISTRYINDEX, run->instance);
    lua_pushstring(L, run->name);
    bind_push_slice(L, run->arg);
    lua_call(L, 3, 1);
    if (!lua_isnil(L, -1))
        run->word = (const char *)bind_keep(L, bind_check_slice(L, -1)).data;
    return 0;
}

static bool enter(struct run *run, struct view *view, const struct host_request *request,
                  struct err *err)
{
    struct call call = {.view = view, .request = request, .write = true};
    struct call *outer;
    bool done;

    call_budget(view, run->state->app);
    state_allow_job(run->state);
    outer = call_enter(run->state, &call);
    done = state_run(run->state, run_job, run, err);
    call_leave(run->state, outer);
    return done;
}

bool host_run_job(struct host *host, struct view *view, const struct host_job *job, struct id org,
                  struct slice arg, struct err *err)
{
    struct host_request request = {.method = "JOB", .org = org, .app = slice_text(job->app),
                                   .path = slice_text(job->name), .lang = "zh", .theme = "",
                                   .role = "", .role_org = org, .csrf = "", .write_key = "",
                                   .nonce = "", .request_id = ""};
    struct app *app = host_find(host, request.app);
    struct role_grant grant = {"app", org};
    struct principal who = {.grants = &grant, .grant_count = 1, .app = job->app,
                            .asks = app != NULL ? app->manifest.asks_read : NULL};
    struct run run = {.name = job->name, .arg = arg};
    bool done;

    if (app == NULL || app->problem != NULL)
        return err_set(err, ERR_ABSENT, "there is no app '%s', or it is in quarantine", job->app);
    run.state = state_ready(app, err);
    if (run.state == NULL || !instance_ready(run.state, org, &run.instance, err))
        return false;
    view->who = &who;
    done = enter(&run, view, &request, err);
    view->who = NULL; // it lies on this stack
    return done && (run.word == NULL || err_set(err, ERR_SCRIPT, "it answered '%s'", run.word));
}

size_t host_jobs(const struct host *host, const char *app_id, const struct host_job **jobs)
{
    const struct app *app = host_find(host, slice_text(app_id));

    *jobs = app != NULL ? app->jobs.list : NULL;
    return app != NULL ? app->jobs.count : 0;
}

const struct host_job *host_find_job(const struct host *host, const char *app_id, const char *name)
{
    const struct app *app = host_find(host, slice_text(app_id));

    return app != NULL ? find(app, name) : NULL;
}
