// SPDX-License-Identifier: Apache-2.0
// States and instances. One Lua state per app and process; in it the app's chunk runs once
// per organisation, so that no variable of a module carries one organisation's data to
// another. The least used instance makes room; a spent state is dropped and made anew.
#include <stdlib.h>

#include "bind/bind.h"
#include "bind/cell_state.h"
#include "bind/isolate.h"
#include "bind/pure.h"

struct state *bind_state(lua_State *L)
{
    return script_owner(L);
}

bool state_run(struct state *state, lua_CFunction body, void *what, struct err *err)
{
    lua_State *L = script_state(state->script);

    lua_pushcfunction(L, body);
    lua_pushlightuserdata(L, what);
    return script_call(state->script, 1, 0, err);
}

int64_t limit_of(int64_t instance, int64_t manifest)
{
    return manifest > 0 && manifest < instance ? manifest : instance;
}

// Loading compiles the library, the app and its first templates: work that is done once and
// must not be mistaken for a handler that does not end, on however slow a machine.
enum { LOAD_CPU_MS = 2000, COLD_TIMES = 8 };

static struct script_limits limits_of(const struct app *app, int64_t cpu_ms)
{
    const struct config *config = app->host->options.config;
    int64_t times = cpu_ms > config->script.cpu_ms ? cpu_ms / config->script.cpu_ms : 1;

    return (struct script_limits){
        .cpu_ms = cpu_ms,
        .wall_ms = config->script.wall_ms > cpu_ms ? config->script.wall_ms : cpu_ms,
        .memory = (size_t)limit_of(config->script.memory, app->manifest.memory),
        .pattern_steps = config->script.pattern_steps * times,
        .slice_ms = config->script.slice_ms,
    };
}

void state_limit(struct state *state, const struct script_limits *limits)
{
    state->limits = *limits;
    state->kill_ms = state->host->options.config->apps.isolated_wall_ms;
    script_limit(state->script, limits);
}

// Loading and jobs may take longer than a handler.
static void allow_longer(struct state *state, int64_t wall_ms)
{
    if (state->kill_ms < wall_ms)
        state->kill_ms = wall_ms;
}

static void allow_loading(struct state *state)
{
    struct script_limits limits = limits_of(state->app, LOAD_CPU_MS);

    state_limit(state, &limits);
    allow_longer(state, limits.wall_ms);
}

// Instructions that are counted one by one take several times as long.
static int64_t cpu_of(const struct app *app, int64_t cpu_ms)
{
    return app->host->options.steady ? cpu_ms : limit_of(cpu_ms, app->manifest.cpu_ms);
}

void state_allow_call(struct state *state, bool strict)
{
    int64_t cpu_ms = cpu_of(state->app, state->host->options.config->script.cpu_ms);
    bool is_cold = !state->is_warm && !strict;
    struct script_limits limits = limits_of(state->app, is_cold ? COLD_TIMES * cpu_ms : cpu_ms);

    state_limit(state, &limits);
    state->is_warm |= is_cold;
}

void state_allow_job(struct state *state)
{
    const struct config *config = state->host->options.config;
    int64_t cpu_ms = cpu_of(state->app, config->jobs.cpu_ms);
    struct script_limits limits = limits_of(state->app, cpu_ms);

    limits.wall_ms = config->jobs.wall_ms > cpu_ms ? config->jobs.wall_ms : cpu_ms;
    state_limit(state, &limits);
    allow_longer(state, limits.wall_ms);
    state->is_warm = true;
}

// Loads the door. [-0, +0]; its table stays in the registry.
static int open_door(lua_State *L)
{
    struct state *state = lua_touserdata(L, 1);

    lua_getglobal(L, "require");
    lua_pushliteral(L, "app");
    lua_call(L, 1, 1);
    luaL_checktype(L, -1, LUA_TTABLE);
    state->door = luaL_ref(L, LUA_REGISTRYINDEX);
    return 0;
}

struct module {
    const char *name;
    lua_CFunction open;
    bool platform_only;
    bool pure; // needs no host
};
static const struct module modules[] = {
    {"core.app", open_core_app, false, false},
    {"core.record", open_core_record, false, false},
    {"core.call", open_core_call, false, false},
    {"core.yaml", open_core_yaml, false, false},
    {"core.log", open_core_log, false, false},
    {"core.csv", open_core_csv, false, true},
    {"core.html", bind_html_open, false, true},
    {"core.json", bind_json_open, false, true},
    {"core.people", open_core_people, true, false},
    {"core.job", open_core_job, false, false},
    {"core.setting", open_core_setting, false, false},
    {"core.live", open_core_live, false, false},
    {"core.catalogue", open_core_catalogue, true, false},
    {"core.net", open_core_net, false, false},
    {"core.seal", open_core_seal, false, false},
};

void bind_each_remote(lua_State *L, void (*visit)(lua_State *L, const char *module))
{
    for (size_t i = 0; i < sizeof modules / sizeof *modules; i++) {
        if (modules[i].platform_only || modules[i].pure)
            continue;
        lua_getglobal(L, "require");
        lua_pushstring(L, modules[i].name);
        lua_call(L, 1, 1);
        visit(L, modules[i].name);
        lua_pop(L, 1);
    }
}

static bool add_modules(struct state *state, struct err *err)
{
    for (size_t i = 0; i < sizeof modules / sizeof *modules; i++)
        if ((!modules[i].platform_only || state->app->platform) &&
            !script_module(state->script, modules[i].name, modules[i].open, err))
            return false;
    return true;
}

static bool open_state(struct state *state, struct err *err)
{
    if (state->app->isolated)
        return isolate_open(state, err);
    return (state->cell == NULL || cell_prepare(state, err)) &&
           state_run(state, open_door, state, err);
}

struct state *state_create(struct app *app, bool declaring, struct err *err)
{
    struct state *state = mem_zero(sizeof *state);
    struct host *host = app->host;
    struct script_limits limits = limits_of(app, LOAD_CPU_MS);

    state->host = host;
    state->app = app;
    state->declaring = declaring;
    state->limits = limits;
    state->kill_ms = limits.wall_ms;
    state->cell = host->cell;
    state->door = LUA_NOREF;
    state->script = script_create(app->manifest.id, &limits, host->options.clock, state, err);
    if (state->script != NULL && (!host->options.steady || script_steady(state->script, err))) {
        script_library(state->script, arena_format(&state->scratch, "%s/lua",
                                                   host->options.config->platform));
        script_folder(state->script, app->folder);
        script_read_from(state->script, host->sources);
        if (add_modules(state, err) && open_state(state, err))
            return state;
    }
    state_destroy(state);
    return NULL;
}

void state_destroy(struct state *state)
{
    if (state == NULL)
        return;
    for (size_t i = 0; i < state->instance_count; i++)
        script_instance_destroy(state->instances[i].room);
    isolate_close(state->isolate);
    script_destroy(state->script);
    arena_finish(&state->scratch);
    free(state->spare);
    free(state->instances);
    free(state);
}

static void instance_close(struct state *state, struct instance *instance)
{
    luaL_unref(script_state(state->script), LUA_REGISTRYINDEX, instance->ref);
    script_instance_destroy(instance->room);
    state->held -= instance->held ? 1 : 0;
}

void state_forget(struct state *state)
{
    for (size_t i = 0; i < state->instance_count; i++)
        instance_close(state, &state->instances[i]);
    state->instance_count = 0;
}

static bool is_of_use(const struct state *state)
{
    return !script_is_spent(state->script) &&
           (state->isolate == NULL || !isolate_is_broken(state->isolate));
}

// A spent state takes no new calls; the last that is open takes it away.
static void drop(struct app *app)
{
    if (app->state->open == 0)
        state_destroy(app->state);
    else
        app->state->dropped = true;
    app->state = NULL;
}

void state_release(struct state *state)
{
    state->open--;
    if (state->dropped && state->open == 0)
        state_destroy(state);
}

struct state *state_ready(struct app *app, struct err *err)
{
    if (app->state != NULL && !is_of_use(app->state))
        drop(app);
    if (app->state == NULL)
        app->state = state_create(app, false, err);
    return app->state;
}

static struct instance *instance_by(const struct state *state, int ref)
{
    for (size_t i = 0; i < state->instance_count; i++)
        if (state->instances[i].ref == ref)
            return &state->instances[i];
    return NULL;
}

bool instance_is_held(const struct state *state, int ref)
{
    const struct instance *instance = state->held > 0 ? instance_by(state, ref) : NULL;

    return instance != NULL && instance->held;
}

void instance_hold(struct state *state, int ref, bool held)
{
    struct instance *instance = held || state->held > 0 ? instance_by(state, ref) : NULL;

    if (instance == NULL || instance->held == held)
        return;
    instance->held = held;
    state->held += held ? 1 : -1;
}

void instance_forget(struct state *state, int ref)
{
    struct instance *instance = instance_by(state, ref);

    if (instance == NULL)
        return;
    instance_close(state, instance);
    *instance = state->instances[--state->instance_count];
}

// host.open(org) makes what the app's require finds.
struct opening {
    struct state *state;
    struct instance *instance;
};

// The table `offers` of the instance, on top: name → module. [-0, +0]
static void offer_all(lua_State *L, struct script_instance *room)
{
    lua_getfield(L, -1, "offers");
    for (lua_pushnil(L); lua_next(L, -2) != 0;)
        script_instance_offer(room, luaL_checkstring(L, -2));
    lua_pop(L, 1);
}

static int open_doors(lua_State *L)
{
    const struct opening *opening = lua_touserdata(L, 1);
    struct instance *instance = opening->instance;

    lua_rawgeti(L, LUA_REGISTRYINDEX, opening->state->door);
    lua_getfield(L, -1, "open");
    bind_push_id(L, &instance->org);
    lua_call(L, 1, 1);
    if (instance->room != NULL)
        offer_all(L, instance->room);
    instance->ref = luaL_ref(L, LUA_REGISTRYINDEX);
    return 0;
}

// Runs the app's chunk for one organisation.
static bool instance_open(struct state *state, struct instance *instance, struct err *err)
{
    struct opening opening = {state, instance};

    allow_loading(state);
    if (state->isolate != NULL) // there it runs the chunk
        return state_run(state, open_doors, &opening, err);
    instance->room = script_instance_create(state->script, err);
    if (instance->room == NULL)
        return false;
    if (!state_run(state, open_doors, &opening, err) ||
        !script_instance_require(instance->room, "main", err)) {
        instance_close(state, instance);
        return false;
    }
    lua_pop(script_state(state->script), 1);
    return true;
}

// The place of the least used instance, given up. NULL: calls hold them all.
static struct instance *least_used(struct state *state)
{
    struct instance *least = NULL;

    for (size_t i = 0; i < state->instance_count; i++)
        if (!state->instances[i].held &&
            (least == NULL || state->instances[i].used < least->used))
            least = &state->instances[i];
    if (least != NULL)
        instance_close(state, least);
    return least;
}

// There are more than the configuration says only where so many calls are open.
static struct instance *place_for(struct state *state)
{
    int64_t most = state->host->options.config->script.instances;
    struct instance *place =
        (int64_t)state->instance_count >= most ? least_used(state) : NULL;

    if (place != NULL)
        return place;
    state->instances = mem_resize(state->instances, (state->instance_count + 1) *
                                                        sizeof *state->instances);
    return &state->instances[state->instance_count++];
}

bool instance_ready(struct state *state, struct id org, int *ref, struct err *err)
{
    struct instance made = {.org = org, .ref = LUA_NOREF};

    for (size_t i = 0; i < state->instance_count; i++) {
        if (id_equal(&state->instances[i].org, &org)) {
            state->instances[i].used = ++state->uses;
            *ref = state->instances[i].ref;
            return true;
        }
    }
    if (!instance_open(state, &made, err))
        return false;
    made.used = ++state->uses;
    *ref = made.ref;
    *place_for(state) = made;
    return true;
}
