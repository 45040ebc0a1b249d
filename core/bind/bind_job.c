// SPDX-License-Identifier: Apache-2.0
// core.job: work that is queued in the commit of the running call, and the calls that do it.
#include "base/json.h"
#include "bind/bind.h"
#include "job/queue.h"
#include "job/schedule.h"
#include "record/tree.h"

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
        .app = app->manifest.id,
        .name = arena_text(arena, slice_text(name)),
        .retry = (unsigned)retry,
        .event = event != NULL ? arena_text(arena, slice_text(event)) : NULL};
    return 0;
}

static const char *const *keep_kinds(lua_State *L, int at, struct arena *arena)
{
    size_t count = (size_t)lua_rawlen(L, at);
    const char **kinds = arena_alloc(arena, (count + 1) * sizeof *kinds);

    for (size_t i = 0; i < count; i++) {
        lua_rawgeti(L, at, (lua_Integer)i + 1);
        kinds[i] = arena_text(arena, slice_text(luaL_checkstring(L, -1)));
        lua_pop(L, 1);
    }
    return kinds;
}

/// job.every(name: string, when: string, kinds?: string[], at_once?: boolean)
// Puts the job declared last under a schedule.
static int every(lua_State *L)
{
    struct state *state = bind_state(L);
    struct app *app = state->app;
    struct arena *arena = &app->host->arena;
    const char *name = luaL_checkstring(L, 1), *when = luaL_checkstring(L, 2);
    struct host_job *about = state->declaring ? (struct host_job *)find(app, name) : NULL;
    struct schedule *schedule;
    struct err err;

    if (about == NULL)
        return 0;
    schedule = arena_alloc(arena, sizeof *schedule);
    if (!schedule_parse(arena, when, schedule, &err))
        return luaL_error(L, "%s", err.text);
    about->schedule = schedule;
    about->at_once = lua_toboolean(L, 4);
    if (!lua_isnoneornil(L, 3)) {
        luaL_checktype(L, 3, LUA_TTABLE);
        about->kinds = keep_kinds(L, 3, arena);
    }
    return 0;
}

/// job.calendar(days: string)
static int calendar(lua_State *L)
{
    return bind_add_name(L, &bind_state(L)->app->calendars);
}

// The organisation of the call, or one below it: work goes down the tree, never up or across.
static struct id check_place(lua_State *L, int at, struct call *call)
{
    struct id org = call->request->org;
    struct ref ref;
    struct slice text;
    struct err err;
    bool under;

    if (lua_isnoneornil(L, at))
        return org;
    text = bind_check_slice(L, at);
    if (ref_from_text(text, &ref))
        org = ref.id;
    else if (!id_from_text(text, &org))
        luaL_error(L, "'at' is an organisation");
    if (!tree_is_under(call->view, org, call->request->org, &under, &err))
        script_raise(L, &err);
    if (!under)
        luaL_error(L, "'at' is not below the organisation of this call");
    return org;
}

/// job.queue(name: string, arg: string, key: string, wait_ms: integer, at?: string): boolean
// True: queued. False: one of the key waits already.
static int queue(lua_State *L)
{
    const struct app *app = bind_state(L)->app;
    const char *name = luaL_checkstring(L, 1);
    struct slice arg = bind_check_slice(L, 2), key = bind_check_slice(L, 3);
    lua_Integer wait_ms = luaL_checkinteger(L, 4);
    struct call *call = bind_write_call(L, "a job is queued");
    struct job job = {.org = check_place(L, 5, call), .app = app->manifest.id, .name = name,
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

static bool asks_to_notify(const struct app *app, const char *channel)
{
    const char *const *ask = app->manifest.asks_notify;

    while (ask != NULL && *ask != NULL && strcmp(*ask, channel) != 0)
        ask++;
    return ask != NULL && *ask != NULL;
}

// Who tells it is said here, beside what the app says.
static struct slice signed_notice(struct arena *arena, const struct app *app, struct slice notice)
{
    struct buffer json = BUFFER_EMPTY;
    struct slice arg;

    buffer_text(&json, "{\"app\":");
    json_text(&json, slice_text(app->manifest.id));
    buffer_text(&json, ",\"notice\":");
    json_text(&json, notice);
    buffer_text(&json, "}");
    arg = arena_slice(arena, buffer_view(&json));
    buffer_finish(&json);
    return arg;
}

/// job.notify(notice: string)
// Into the outbox: the platform delivers.
static int notify(lua_State *L)
{
    const struct app *app = bind_state(L)->app, *platform = &app->host->apps[0];
    struct slice notice = bind_check_slice(L, 1);
    struct call *call = bind_write_call(L, "somebody is notified");
    struct job job = {.org = call->request->org, .app = platform->manifest.id, .name = "deliver",
                      .key = slice_text(""), .due_ms = clock_wall_ms(call->view->clock)};
    bool added;
    struct err err;

    if (!asks_to_notify(app, "inbox"))
        return luaL_error(L, "app.yaml does not ask to notify: add inbox to asks.notify");
    luaL_argcheck(L, notice.len <= JOB_ARG_MAX, 1, "a notice is 16 KiB at most");
    job.arg = signed_notice(call->view->arena, app, notice);
    if (!queue_add(call->view, &job, &added, &err))
        script_raise(L, &err);
    return 0;
}

int open_core_job(lua_State *L)
{
    static const luaL_Reg functions[] = {
        {"declare", declare}, {"queue", queue}, {"event", event},
        {"emit", emit},       {"every", every}, {"calendar", calendar}, {"notify", notify},
        {NULL, NULL},
    };

    luaL_newlib(L, functions);
    return 1;
}

// Is the event that a job listens to declared by its app? One of an app that is not installed
// never comes, and that is no mistake: apps can be taken away.
bool job_event_is_known(const struct host *host, const char *full)
{
    const char *dot = strchr(full, '.');
    const struct app *app =
        dot != NULL ? host_find(host, slice_of(full, (size_t)(dot - full))) : NULL;

    return dot != NULL && (app == NULL || names_have(&app->events, dot + 1));
}

struct app *job_calendar(const struct host *host, const char *days)
{
    for (size_t i = 0; i < host->app_count; i++)
        if (names_have(&host->apps[i].calendars, days))
            return &host->apps[i];
    return NULL;
}

// Running ----------------------------------------------------------------------------------

struct run {
    struct state *state;
    int instance;
    const char *function; // of the door: "job" or "calendar"
    const char *name;
    struct slice arg;
    const char *word; // what it answered; NULL: nil
};

// door[function](instance, name, arg) → word?
static int run_job(lua_State *L)
{
    struct run *run = lua_touserdata(L, 1);

    call_open(L);
    lua_rawgeti(L, LUA_REGISTRYINDEX, run->state->door);
    lua_getfield(L, -1, run->function);
    lua_rawgeti(L, LUA_REGISTRYINDEX, run->instance);
    lua_pushstring(L, run->name);
    bind_push_slice(L, run->arg);
    lua_call(L, 3, 1);
    if (!lua_isnil(L, -1))
        run->word = (const char *)bind_keep(L, bind_check_slice(L, -1)).data;
    return 0;
}

static bool enter(struct run *run, struct app *app, struct view *view, struct id org,
                  struct err *err)
{
    struct host_request request = {.method = "JOB", .org = org,
                                   .app = slice_text(app->manifest.id),
                                   .path = slice_text(run->name), .lang = "zh", .theme = "",
                                   .role = "", .role_org = org, .csrf = "", .write_key = "",
                                   .nonce = "", .request_id = ""};
    struct call call = {.view = view, .request = &request,
                        .write = strcmp(run->function, "job") == 0,
                        .job = strcmp(run->function, "job") == 0};
    struct meter meter;
    bool done;

    run->state = state_ready(app, err);
    if (run->state == NULL || !instance_ready(run->state, org, &run->instance, err))
        return false;
    call_budget(view, app);
    state_allow_job(run->state);
    meter = meter_start(app, run->state, view, org);
    meter.is_job = true;
    done = call_run(run->state, &call, run_job, run, err);
    meter_stop(&meter, 0);
    call_finish(run->state, &call);
    return done;
}

// As the app, at one organisation.
static bool run_as(struct run *run, struct app *app, struct view *view, struct id org,
                   struct err *err)
{
    struct role_grant grant = {"app", org};
    struct principal who = {.grants = &grant, .grant_count = 1,
                            .app = app->platform ? NULL : app->manifest.id,
                            .asks = app->manifest.asks_read};
    bool done;

    view->who = &who;
    done = enter(run, app, view, org, err);
    view->who = NULL; // it lies on this stack
    return done;
}

bool host_is_day(struct host *host, struct view *view, const char *days, struct id org,
                 struct slice date, bool *is_day, struct err *err)
{
    struct run run = {.function = "calendar", .name = days, .arg = date};
    struct app *app = job_calendar(host, days);

    *is_day = false;
    if (app == NULL || app->problem != NULL)
        return err_set(err, ERR_BUSY, "who knows '%s' is in quarantine", days);
    if (!run_as(&run, app, view, org, err))
        return false;
    *is_day = run.word != NULL;
    return true;
}

// Does the day that the job was queued for count?
static bool is_its_day(struct host *host, struct view *view, const struct host_job *job,
                       struct id org, struct slice arg, bool *its_day, struct err *err)
{
    const char *days = job->schedule != NULL ? job->schedule->days : NULL;

    *its_day = true;
    return days == NULL || host_is_day(host, view, days, org,
                                       json_member(view->arena, arg, "date"), its_day, err);
}

bool host_run_job(struct host *host, struct view *view, const struct host_job *job, struct id org,
                  struct slice arg, struct err *err)
{
    struct app *app = host_find(host, slice_text(job->app));
    struct run run = {.function = "job", .name = job->name, .arg = arg};
    bool its_day, enabled;

    if (app == NULL || app->problem != NULL)
        return err_set(err, ERR_ABSENT, "there is no app '%s', or it is in quarantine", job->app);
    if (!app_enabled(view, app, org, &enabled, err))
        return false;
    if (!enabled)
        return err_set(err, ERR_BUSY, "'%s' is switched off at this organisation", job->app);
    if (!is_its_day(host, view, job, org, arg, &its_day, err))
        return false;
    if (!its_day)
        return true;
    return run_as(&run, app, view, org, err) &&
           (run.word == NULL || err_set(err, ERR_SCRIPT, "it answered '%s'", run.word));
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
