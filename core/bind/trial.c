// SPDX-License-Identifier: Apache-2.0
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

#include "bind/pure.h"
#include "bind/trial_inside.h"

enum { FILES_MAX = 256, MODULE_MAX = 100 };

// A test may take long on a loaded machine; one that never ends does not.
static const struct script_limits limits = {
    .cpu_ms = 30000, .wall_ms = 0, .memory = 256 << 20, .pattern_steps = 0};

static bool call(struct trial *trial, lua_CFunction body, void *what, struct err *err)
{
    lua_State *L = script_state(trial->script);

    lua_pushcfunction(L, body);
    lua_pushlightuserdata(L, what);
    return script_call(trial->script, 1, 0, err);
}

// Loading --------------------------------------------------------------------------------------

static int open_library(lua_State *L)
{
    struct trial *trial = lua_touserdata(L, 1);

    lua_getglobal(L, "require");
    lua_pushliteral(L, "app.test");
    lua_call(L, 1, 1);
    luaL_checktype(L, -1, LUA_TTABLE);
    trial->library = luaL_ref(L, LUA_REGISTRYINDEX);
    return 0;
}

static bool open_script(struct trial *trial, struct err *err)
{
    trial->script = script_create("test", &limits, clock_system(), trial, err);
    if (trial->script == NULL || !script_steady(trial->script, err))
        return false;
    script_library(trial->script, arena_format(&trial->arena, "%s/lua",
                                               trial->host->options.config->platform));
    script_folder(trial->script, trial->app->folder);
    script_read_from(trial->script, trial->host->sources);
    return script_module(trial->script, "core.json", bind_json_open, err) &&
           script_module(trial->script, "core.test", open_core_test, err) &&
           call(trial, open_library, trial, err);
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

// The modules of the test folder: "test.ask"; none is an answer.
static size_t list_modules(struct trial *trial, const char *modules[FILES_MAX])
{
    DIR *folder = opendir(arena_format(&trial->arena, "%s/test", trial->app->folder));
    struct dirent *entry;
    size_t count = 0;

    while (folder != NULL && (entry = readdir(folder)) != NULL && count < FILES_MAX) {
        size_t len = strlen(entry->d_name);

        if (entry->d_name[0] != '.' && len > 4 && len < MODULE_MAX &&
            strcmp(entry->d_name + len - 4, ".lua") == 0 && strcmp(entry->d_name, "world.lua") != 0)
            modules[count++] = arena_format(&trial->arena, "test.%.*s", (int)len - 4, entry->d_name);
    }
    if (folder != NULL)
        closedir(folder);
    qsort(modules, count, sizeof *modules, by_name);
    return count;
}

struct offer {
    struct trial *trial;
    struct script_instance *instance;
};

static int offer_test(lua_State *L)
{
    const struct offer *offer = lua_touserdata(L, 1);

    lua_rawgeti(L, LUA_REGISTRYINDEX, offer->trial->library);
    lua_getfield(L, -1, "test");
    script_instance_offer(offer->instance, "app.test");
    return 0;
}

static bool load_file(struct trial *trial, const char *module, struct err *err)
{
    struct offer offer = {trial, script_instance_create(trial->script, err)};

    if (offer.instance == NULL)
        return false;
    trial->files[trial->file_count++] = offer.instance;
    if (!call(trial, offer_test, &offer, err) ||
        !script_instance_require(offer.instance, module, err))
        return false;
    lua_pop(script_state(trial->script), 1);
    return true;
}

// library.tests is a list of {name, place, body}.
static int list_tests(lua_State *L)
{
    struct trial *trial = lua_touserdata(L, 1);

    lua_rawgeti(L, LUA_REGISTRYINDEX, trial->library);
    lua_getfield(L, -1, "tests");
    trial->test_count = (size_t)lua_rawlen(L, -1);
    trial->tests = arena_alloc(&trial->arena, (trial->test_count + 1) * sizeof *trial->tests);
    for (size_t i = 0; i < trial->test_count; i++) {
        lua_rawgeti(L, -1, (lua_Integer)i + 1);
        lua_getfield(L, -1, "name");
        lua_getfield(L, -2, "place");
        trial->tests[i].name = arena_text(&trial->arena, bind_check_slice(L, -2));
        trial->tests[i].place = arena_text(&trial->arena, bind_check_slice(L, -1));
        lua_pop(L, 3);
    }
    return 0;
}

static bool load(struct trial *trial, struct err *err)
{
    const char *modules[FILES_MAX];
    size_t count;

    if (!open_script(trial, err))
        return false;
    count = list_modules(trial, modules);
    trial->files = arena_alloc(&trial->arena, (count + 1) * sizeof *trial->files);
    for (size_t i = 0; i < count; i++)
        if (!load_file(trial, modules[i], err))
            return false;
    return call(trial, list_tests, trial, err);
}

struct trial *trial_create(struct host *host, const char *app, struct err *err)
{
    struct trial *trial = mem_zero(sizeof *trial);

    trial->host = host;
    trial->app = host_find(host, slice_text(app));
    trial->library = LUA_NOREF;
    if (trial->app == NULL)
        err_set(err, ERR_ABSENT, "there is no app '%s'", app);
    else if (trial->app->problem != NULL)
        err_set(err, ERR_INPUT, "%s", trial->app->problem);
    else if (load(trial, err))
        return trial;
    trial_destroy(trial);
    return NULL;
}

void trial_destroy(struct trial *trial)
{
    if (trial == NULL)
        return;
    for (size_t i = 0; i < trial->file_count; i++)
        script_instance_destroy(trial->files[i]);
    script_destroy(trial->script);
    arena_finish(&trial->arena);
    free(trial);
}

size_t trial_tests(const struct trial *trial, const struct trial_test **tests)
{
    *tests = trial->tests;
    return trial->test_count;
}

// Running --------------------------------------------------------------------------------------

struct run {
    struct trial *trial;
    size_t test;
};

static int run_test(lua_State *L)
{
    const struct run *run = lua_touserdata(L, 1);

    lua_rawgeti(L, LUA_REGISTRYINDEX, run->trial->library);
    lua_getfield(L, -1, "run");
    lua_pushinteger(L, (lua_Integer)run->test + 1);
    lua_call(L, 1, 0);
    return 0;
}

bool trial_run(struct trial *trial, size_t test, const struct trial_world *world, struct err *err)
{
    struct run run = {trial, test};
    bool done;

    host_count(trial->host, trial->app->manifest.id);
    host_rest(trial->host); // nothing remembers another test's world
    trial->world = world;
    done = call(trial, run_test, &run, err);
    world->end(world->context);
    trial->world = NULL;
    return done;
}
