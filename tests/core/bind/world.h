// SPDX-License-Identifier: Apache-2.0
// A small instance for tests: two houses under a root, the fixture apps in apps/, the real
// store, records and Lua.
#pragma once

#include "check.h"

#include <ftw.h>
#include <limits.h>
#include <stdlib.h>
#include <unistd.h>
#include <sys/stat.h>

#include "bind/host.h"
#include "bind/cell.h"
#include "bind/nursery.h"
#include "record/tree.h"
#include "store/space.h"

enum { PROBLEMS_MAX = 32, GRANTS_MAX = 4, FIELDS_MAX_GIVEN = 8 };

struct world {
    char folder[64];
    struct config *config;
    struct store *store;
    struct catalog *catalog;
    struct host *host;
    struct nursery *nursery; // NULL: no app is isolated
    struct id root, east, west;
    struct arena arena; // of the last call
    char *problems[PROBLEMS_MAX];
    size_t problem_count;
    struct arena kept;
};

static void world_problem(void *context, const char *app, const char *problem)
{
    struct world *world = context;

    if (world->problem_count < PROBLEMS_MAX)
        world->problems[world->problem_count++] =
            arena_format(&world->kept, "%s: %s", app, problem);
}

static inline bool world_said(const struct world *world, const char *app, const char *problem)
{
    for (size_t i = 0; i < world->problem_count; i++)
        if (strncmp(world->problems[i], app, strlen(app)) == 0 &&
            strstr(world->problems[i], problem) != NULL)
            return true;
    return false;
}

static inline struct view world_view(struct world *world, struct store_txn *txn,
                                     const struct principal *who, struct budget *budget)
{
    *budget = (struct budget){.reads_max = 1000000, .writes_max = 100000};
    arena_reset(&world->arena);
    return (struct view){.txn = txn, .catalog = world->catalog, .who = who, .budget = budget,
                         .arena = &world->arena, .clock = clock_system(),
                         .random = random_system(), .root = world->root, .home = world->root};
}

static inline struct id world_org(struct world *world, struct view *view, struct id parent,
                                  const char *code)
{
    struct tree_org org = {.kind = id_is_zero(&parent) ? "county" : "school", .name = code,
                           .name_en = code, .code = code, .parent = parent};
    struct problem problem = {NULL, NULL};
    struct err err = {ERR_NONE, ""};

    (void)world;
    CHECK_OK(tree_add(view, &org, &problem, &err), &err);
    if (problem.word != NULL)
        printf("  org %s: %s %s\n", code, problem.field, problem.word);
    return org.id;
}

static inline void world_orgs(struct world *world)
{
    struct err err = {ERR_NONE, ""};
    struct store_txn *txn = store_begin(world->store, STORE_WRITE, &err);
    struct budget budget;
    struct view view = world_view(world, txn, NULL, &budget);

    world->root = world_org(world, &view, (struct id){{0}}, "root");
    view.root = view.home = world->root;
    world->east = world_org(world, &view, world->root, "east");
    world->west = world_org(world, &view, world->root, "west");
    CHECK_OK(store_commit_wait(txn, &err), &err);
    store_end(txn);
}

static inline void world_link(struct world *world, const char *name, const char *target)
{
    char path[PATH_MAX], here[PATH_MAX / 2], to[PATH_MAX];

    CHECK(getcwd(here, sizeof here) != NULL);
    snprintf(path, sizeof path, "%s/%s", world->folder, name);
    snprintf(to, sizeof to, "%s/%s", here, target);
    CHECK(symlink(to, path) == 0);
}

// What runs in the processes of isolated apps.
static void (*world_cell)(int socket) = cell_run;

// ISOLATED=1: the same tests with every app in a process of its own.
static inline bool world_isolates(void)
{
    return getenv("ISOLATED") != NULL || world_cell != cell_run;
}

// apps: the folder of fixture apps, from the tree's root. narrow: little room for everything.
static inline bool world_open(struct world *world, const char *apps, bool narrow)
{
    char data[PATH_MAX], platform[PATH_MAX];
    const char *settings[6] = {data, platform};
    size_t count = 2;
    struct store_options options = {.bytes_max = 1u << 30, .readers_max = 16, .memory_max = 4096,
                                    .clock = clock_system(), .random = random_system()};
    struct host_options host = {.clock = clock_system(), .random = random_system()};
    struct err err = {ERR_NONE, ""};

    *world = (struct world){.folder = "/tmp/bind-world-XXXXXX"};
    CHECK(mkdtemp(world->folder) != NULL);
    world_link(world, "lua", "lua");
    world_link(world, "apps", apps);
    snprintf(data, sizeof data, "data=%s/data", world->folder);
    snprintf(platform, sizeof platform, "platform=%s", world->folder);
    if (narrow) {
        settings[count++] = "script.instances=1";
        settings[count++] = "script.output=1KiB";
    }
    if (world_isolates()) {
        settings[count++] = "apps.isolated=all";
        settings[count++] = world_cell == cell_run ? "apps.isolated_wall=20s" : "apps.isolated_wall=50ms";
        world->nursery = nursery_fork(world_cell, &err);
        CHECK_OK(world->nursery != NULL, &err);
    }
    world->config = config_read(NULL, settings, count, stderr, &err);
    CHECK_OK(world->config != NULL, &err);
    CHECK(mkdir(world->config->data, 0700) == 0);
    options.folder = world->config->data;
    world->store = store_open(STORE_OWNER, &options, &err);
    CHECK_OK(world->store != NULL, &err);
    world->catalog = catalog_create();
    CHECK_OK(tree_declare(world->catalog, &err), &err);
    host.config = world->config;
    host.nursery = world->nursery;
    world->host = host_create(&host, world->catalog, world_problem, world, &err);
    CHECK_OK(world->host != NULL, &err);
    if (world->host == NULL)
        return false;
    world_orgs(world);
    return true;
}

static inline int world_unlink(const char *path, const struct stat *status, int kind,
                               struct FTW *place)
{
    (void)status;
    (void)kind;
    (void)place;
    return remove(path);
}

static inline void world_remove(const char *folder)
{
    nftw(folder, world_unlink, 8, FTW_DEPTH | FTW_PHYS);
}

static inline void world_close(struct world *world)
{
    host_destroy(world->host);
    nursery_stop(world->nursery);
    catalog_destroy(world->catalog);
    store_close(world->store);
    config_destroy(world->config);
    arena_finish(&world->arena);
    arena_finish(&world->kept);
    world_remove(world->folder);
}

// One person's request, from route to commit.
struct visit {
    const char *method, *app, *path;
    struct id org;
    struct id person;     // zero: not signed in
    const char *role;     // also what is granted, at org
    struct host_param given[FIELDS_MAX_GIVEN]; // query or form
    size_t given_count;
    bool program;
    // what came of it
    int status;
    char body[16384], location[256];
    struct err err;
};

static inline void visit_give(struct visit *visit, const char *name, const char *value)
{
    visit->given[visit->given_count++] =
        (struct host_param){slice_text(name), slice_text(value)};
}

static inline void visit_answered(struct visit *visit, const struct host_answer *answer)
{
    visit->status = answer->status;
    snprintf(visit->body, sizeof visit->body, "%.*s", (int)answer->body.len,
             (const char *)answer->body.data);
    snprintf(visit->location, sizeof visit->location, "%s",
             answer->location != NULL ? answer->location : "");
}

static inline struct host_request visit_request(const struct visit *visit)
{
    bool get = strcmp(visit->method, "GET") == 0;

    return (struct host_request){
        .method = visit->method, .org = visit->org, .app = slice_text(visit->app),
        .path = slice_text(visit->path),
        .query = visit->given, .query_count = get ? visit->given_count : 0,
        .form = visit->given, .form_count = get ? 0 : visit->given_count,
        .lang = "zh", .theme = "", .role = visit->role != NULL ? visit->role : "",
        .role_org = visit->org, .csrf = "csrf", .write_key = "key", .nonce = "nonce",
        .request_id = "request", .signed_in = !id_is_zero(&visit->person),
        .program = visit->program,
    };
}

// Runs it `runs` times on fresh snapshots, as after a conflict, and commits the last.
static inline void world_visit_again(struct world *world, struct visit *visit, int runs)
{
    struct role_grant grant = {visit->role, visit->org};
    struct principal who = {.person = visit->person, .grants = &grant,
                            .grant_count = visit->role != NULL ? 1 : 0};
    struct host_request request = visit_request(visit);
    struct host_answer answer;
    struct budget budget;
    bool write = false;

    visit->err = (struct err){ERR_NONE, ""};
    visit->status = 0;
    visit->body[0] = visit->location[0] = '\0';
    for (int run = 0; run < runs; run++) {
        struct store_txn *txn = store_begin(world->store, STORE_WRITE, &visit->err);
        struct view view = world_view(world, txn, &who, &budget);

        if (host_route(world->host, &view, &request, &write, &visit->err) &&
            host_call(world->host, &view, &request, &answer, &visit->err)) {
            visit_answered(visit, &answer);
            if (run == runs - 1 && answer.writes)
                CHECK_OK(store_commit_wait(txn, &visit->err), &visit->err);
        }
        store_end(txn);
    }
}

static inline void world_visit(struct world *world, struct visit *visit)
{
    world_visit_again(world, visit, 1);
}
