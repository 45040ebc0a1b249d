// SPDX-License-Identifier: Apache-2.0
// The start: every app's folder is read, its main.lua runs once in a throw-away state where
// it declares what it is, and the whole is checked. What does not fit goes into quarantine,
// alone. The platform comes first; `needs` orders the rest.
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "bind/bind.h"
#include "job/schedule.h"
#include "script/sources.h"

void bind_tell(struct app *app, const char *problem)
{
    if (app->host->problem != NULL)
        app->host->problem(app->host->problem_context, app->manifest.id, problem);
}

void bind_quarantine(struct app *app, const char *problem)
{
    if (app->problem == NULL)
        app->problem = arena_text(&app->host->arena, slice_text(problem));
    bind_tell(app, problem);
}

// Folders --------------------------------------------------------------------------------

static int by_name(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static bool is_app_folder(struct host *host, const char *apps, const char *name)
{
    const char *path = arena_format(&host->arena, "%s/%s/app.yaml", apps, name);

    return name[0] != '.' && strcmp(name, "platform") != 0 &&
           script_sources_find(host->sources, path).data != NULL;
}

// A missing apps folder is an instance without apps.
static bool list_folders(struct host *host, const char *apps, const char *names[APPS_MAX],
                         size_t *count, struct err *err)
{
    DIR *folder = opendir(apps);
    struct dirent *entry;

    *count = 0;
    if (folder == NULL)
        return errno == ENOENT || err_set(err, ERR_IO, "open %s: %s", apps, strerror(errno));
    while ((entry = readdir(folder)) != NULL && *count < APPS_MAX)
        if (is_app_folder(host, apps, entry->d_name))
            names[(*count)++] = arena_text(&host->arena, slice_text(entry->d_name));
    closedir(folder);
    qsort(names, *count, sizeof *names, by_name);
    return true;
}

static bool is_isolated(const struct host *host, const char *name)
{
    const char *names = host->options.config->apps.isolated;

    while (*names != 0) {
        size_t len = strcspn(names, " ");

        if (slice_is(slice_of(names, len), name) || slice_is(slice_of(names, len), "all"))
            return true;
        names += len + strspn(names + len, " ");
    }
    return false;
}

static void read_manifest(struct host *host, struct app *app, const char *folder, const char *name)
{
    const char *path = arena_format(&host->arena, "%s/app.yaml", folder);
    struct slice bytes = script_sources_find(host->sources, path);
    bool done;
    struct err err;

    app->host = host;
    app->folder = folder;
    app->platform = strcmp(name, "platform") == 0;
    app->isolated = !app->platform && is_isolated(host, name);
    done = bytes.data == NULL ? err_set(&err, ERR_ABSENT, "there is no %s", path)
                              : manifest_read_text(arena_format(&host->arena, "%s/app.yaml", name),
                                                   bytes, name, &host->arena, &app->manifest, &err);
    if (!done) {
        app->manifest = (struct manifest){.id = name, .version = "0"};
        bind_quarantine(app, err.text);
    }
}

static bool read_apps(struct host *host, struct err *err)
{
    const char *platform = host->options.config->platform, *names[APPS_MAX];
    const char *apps = arena_format(&host->arena, "%s/apps", platform);
    size_t count;

    if (!list_folders(host, apps, names, &count, err))
        return false;
    host->apps = mem_zero((count + 1) * sizeof *host->apps);
    host->app_count = count + 1;
    read_manifest(host, &host->apps[0], arena_format(&host->arena, "%s/lua/platform", platform),
                  "platform");
    for (size_t i = 0; i < count; i++)
        read_manifest(host, &host->apps[i + 1], arena_format(&host->arena, "%s/%s", apps, names[i]),
                      names[i]);
    return true;
}

// Declaring --------------------------------------------------------------------------------

// What the door's function lists on top.
static void tell_all(lua_State *L, struct state *state)
{
    luaL_checktype(L, -1, LUA_TTABLE);
    for (lua_Integer i = 1; lua_rawgeti(L, -1, i) != LUA_TNIL; i++) {
        if (state->host->options.lint)
            bind_tell(state->app, luaL_checkstring(L, -1));
        else
            bind_quarantine(state->app, luaL_checkstring(L, -1));
        lua_pop(L, 1);
    }
}

static int finish_declaring(lua_State *L)
{
    struct state *state = lua_touserdata(L, 1);

    lua_rawgeti(L, LUA_REGISTRYINDEX, state->door);
    lua_getfield(L, -1, "finish");
    lua_rawgeti(L, LUA_REGISTRYINDEX, state->instances[0].ref);
    lua_call(L, 1, 1);
    tell_all(L, state);
    return 0;
}

// Of an app that stopped while it declared, as far as it can be told.
static int lint_what_stopped(lua_State *L)
{
    struct state *state = lua_touserdata(L, 1);

    lua_rawgeti(L, LUA_REGISTRYINDEX, state->door);
    lua_getfield(L, -1, "lint");
    lua_call(L, 0, 1);
    tell_all(L, state);
    return 0;
}

static void declare(struct app *app)
{
    struct err err;
    struct state *state = state_create(app, true, &err);
    int ref;

    if (state == NULL || !instance_ready(state, (struct id){{0}}, &ref, &err) ||
        !state_run(state, finish_declaring, state, &err)) {
        bind_quarantine(app, err.text);
        if (app->host->options.lint && state != NULL &&
            !state_run(state, lint_what_stopped, state, &err))
            bind_tell(app, err.text);
    }
    state_destroy(state);
}

enum order { ORDER_NEW, ORDER_OPEN, ORDER_DONE };

static void declare_after_needs(struct host *host, struct app *app, enum order *orders);

static void declare_need(struct host *host, struct app *app, const struct need *need,
                         enum order *orders)
{
    struct app *other = host_find(host, slice_text(need->app));
    const char *why = NULL;

    if (other != NULL && other != app)
        declare_after_needs(host, other, orders);
    if (other == NULL)
        why = "which is not here";
    else if (orders[other - host->apps] == ORDER_OPEN)
        why = "which needs it in turn";
    else if (other->problem != NULL)
        why = "which is in quarantine";
    else if (!version_fits(other->manifest.version, need->range))
        why = arena_format(&host->arena, "but has %s", other->manifest.version);
    if (why != NULL)
        bind_quarantine(app, arena_format(&host->arena, "needs %s %s, %s", need->app, need->range, why));
}

static void declare_after_needs(struct host *host, struct app *app, enum order *orders)
{
    size_t i = (size_t)(app - host->apps);

    if (orders[i] != ORDER_NEW)
        return;
    orders[i] = ORDER_OPEN;
    for (const struct need *need = app->manifest.needs; need != NULL; need = need->next)
        declare_need(host, app, need, orders);
    orders[i] = ORDER_DONE;
    if (app->problem == NULL)
        declare(app);
}

static void declare_all(struct host *host)
{
    enum order *orders = arena_alloc(&host->arena, host->app_count * sizeof *orders);
    struct app *base = host_find(host, slice_text("base"));

    // base declares the sets that go by a bare name, so it comes before those that use them.
    if (base != NULL)
        declare_after_needs(host, base, orders);
    for (size_t i = 0; i < host->app_count; i++)
        declare_after_needs(host, &host->apps[i], orders);
}

// The whole ---------------------------------------------------------------------------------

static void found(void *context, const char *app_id, const char *problem)
{
    struct host *host = context;
    struct app *app = host_find(host, slice_text(app_id));

    bind_quarantine(app != NULL ? app : &host->apps[0], problem);
}

static bool has_rule(const struct collection *collection)
{
    for (int verb = 0; verb < VERB_COUNT; verb++)
        if (collection->rules[verb] != NULL)
            return true;
    return false;
}

// Default deny: a collection that says nothing about who may is not finished.
static void check_rules(struct host *host)
{
    for (size_t i = 0; i < catalog_count(host->catalog); i++) {
        const struct collection *collection = catalog_at(host->catalog, i);
        struct app *app = host_find(host, slice_text(collection->app));

        if (app != NULL && app->problem == NULL && !has_rule(collection))
            bind_quarantine(app, arena_format(&host->arena,
                                         "collection '%s' allows nobody anything: give it an "
                                         "allow rule",
                                         collection->name));
    }
}

// What a manifest asks to read must be there to be shown to whoever decides.
static void check_asks(struct host *host)
{
    for (size_t i = 0; i < host->app_count; i++) {
        struct app *app = &host->apps[i];
        const char *const *ask = app->manifest.asks_read;

        for (; ask != NULL && *ask != NULL && app->problem == NULL; ask++)
            if (catalog_find(host->catalog, *ask) == NULL)
                bind_quarantine(app, arena_format(&host->arena, "asks to read %s, which is no collection",
                                             *ask));
    }
}

static void check_events(struct host *host)
{
    for (size_t i = 0; i < host->app_count; i++) {
        struct app *app = &host->apps[i];

        for (size_t j = 0; j < app->jobs.count && app->problem == NULL; j++) {
            const char *event = app->jobs.list[j].event;

            if (event != NULL && !job_event_is_known(host, event))
                bind_quarantine(app, arena_format(&host->arena,
                                             "listens to '%s', which no app declares", event));
        }
    }
}

static void check_topics(struct host *host)
{
    for (size_t i = 0; i < host->app_count; i++) {
        struct app *app = &host->apps[i];

        for (size_t j = 0; j < app->topics.count && app->problem == NULL; j++) {
            const char *of = app->topics.list[j].of;

            if (of != NULL && catalog_find(host->catalog, of) == NULL)
                bind_quarantine(app, arena_format(&host->arena,
                                             "topic '%s' is of %s, which is no collection",
                                             app->topics.list[j].name, of));
        }
    }
}

static void check_schedules(struct host *host)
{
    for (size_t i = 0; i < host->app_count; i++) {
        struct app *app = &host->apps[i];

        for (size_t j = 0; j < app->jobs.count && app->problem == NULL; j++) {
            const struct schedule *schedule = app->jobs.list[j].schedule;

            if (schedule != NULL && schedule->days != NULL &&
                job_calendar(host, schedule->days) == NULL)
                bind_quarantine(app, arena_format(&host->arena, "no app knows '%s' (job '%s')",
                                             schedule->days, app->jobs.list[j].name));
        }
    }
}

// An app whose need went into quarantine by the check goes with it, and so on.
static void check_needs(struct host *host)
{
    bool again = true;

    while (again) {
        again = false;
        for (size_t i = 0; i < host->app_count; i++) {
            struct app *app = &host->apps[i];

            for (const struct need *need = app->manifest.needs;
                 need != NULL && app->problem == NULL; need = need->next) {
                const struct app *other = host_find(host, slice_text(need->app));

                if (other == NULL || other->problem == NULL)
                    continue;
                bind_quarantine(app, arena_format(&host->arena, "needs %s, which is in quarantine",
                                             need->app));
                again = true;
            }
        }
    }
}

// A name with a slip of the pen would leave an app where it is not meant to be.
static void check_isolated(struct host *host)
{
    const char *names = host->options.config->apps.isolated;

    while (*names != 0) {
        size_t len = strcspn(names, " ");
        const char *name = arena_text(&host->arena, slice_of(names, len));

        if (strcmp(name, "all") != 0 && host_find(host, slice_text(name)) == NULL &&
            host->problem != NULL)
            host->problem(host->problem_context, name,
                          "apps.isolated names it, and there is no such app");
        names += len + strspn(names + len, " ");
    }
}

static void list_apps(struct host *host)
{
    host->listed = arena_alloc(&host->arena, host->app_count * sizeof *host->listed);
    for (size_t i = 0; i < host->app_count; i++)
        host->listed[i] = (struct host_app){host->apps[i].manifest.id,
                                            host->apps[i].manifest.version, host->apps[i].problem};
}

// Without built files pages name them plainly: tests and commands need none.
static void read_assets(struct host *host)
{
    enum { MANIFEST_MAX = 64 * 1024 };
    FILE *file = fopen(arena_format(&host->arena, "%s/manifest.json",
                                    host->options.config->assets),
                       "rb");
    uint8_t *bytes;

    if (file == NULL)
        return;
    bytes = arena_alloc(&host->arena, MANIFEST_MAX);
    host->assets = slice_of(bytes, fread(bytes, 1, MANIFEST_MAX, file));
    fclose(file);
}

static struct script_sources *read_sources(const char *platform, struct err *err)
{
    struct script_sources *sources = script_sources_create();
    struct arena arena = ARENA_EMPTY;
    bool done = script_sources_add(sources, arena_format(&arena, "%s/lua", platform), err) &&
                script_sources_add(sources, arena_format(&arena, "%s/apps", platform), err);

    arena_finish(&arena);
    if (done)
        return sources;
    script_sources_destroy(sources);
    return NULL;
}

bool host_is_current(const struct host *host)
{
    struct err err;
    struct script_sources *now = read_sources(host->options.config->platform, &err);
    bool same = now != NULL && script_sources_equal(host->sources, now);

    script_sources_destroy(now);
    return same;
}

static bool start(struct host *host, struct err *err)
{
    host->sources = read_sources(host->options.config->platform, err);
    if (host->sources == NULL || !read_apps(host, err))
        return false;
    read_assets(host);
    declare_all(host);
    catalog_check(host->catalog, found, host);
    check_rules(host);
    check_asks(host);
    if (host->options.lint)
        lint_asks(host);
    check_events(host);
    check_schedules(host);
    check_topics(host);
    check_needs(host);
    check_isolated(host);
    list_apps(host);
    if (host->apps[0].problem != NULL)
        return err_set(err, ERR_INPUT, "the platform itself is broken: %s", host->apps[0].problem);
    return true;
}

struct host *host_create(const struct host_options *options, struct catalog *catalog,
                         host_problem *problem, void *context, struct err *err)
{
    struct host *host = mem_zero(sizeof *host);

    host->options = *options;
    host->catalog = catalog;
    host->problem = problem;
    host->problem_context = context;
    if (start(host, err))
        return host;
    host_destroy(host);
    return NULL;
}

void host_destroy(struct host *host)
{
    if (host == NULL)
        return;
    for (size_t i = 0; i < host->app_count; i++)
        state_destroy(host->apps[i].state);
    free(host->apps);
    script_sources_destroy(host->sources);
    arena_finish(&host->arena);
    free(host);
}

void host_rest(struct host *host)
{
    for (size_t i = 0; i < host->app_count; i++) {
        struct app *app = &host->apps[i];

        if (app->state != NULL && app != host->counted) {
            state_forget(app->state);
            continue;
        }
        state_destroy(app->state);
        app->state = NULL;
    }
}

void host_refuse(struct host *host, const char *id, const char *problem)
{
    found(host, id, problem);
    check_needs(host);
    list_apps(host);
}

size_t host_apps(const struct host *host, const struct host_app **apps)
{
    *apps = host->listed;
    return host->app_count;
}
