// SPDX-License-Identifier: Apache-2.0
// A small county with the real apps in a store of its own: tests import rows, act as people,
// and look at what came of it. One transaction at a time: world_begin … world_commit|world_end.
#pragma once

#include "../store/scratch.h"

#include "bind/host.h"
#include "crypto/crypto.h"
#include "record/tree.h"

enum { CELLS_MAX = 24 };

struct world {
    struct scratch scratch;
    struct config *config;
    struct keyring *keyring;
    struct sealer *sealer;
    struct catalog *catalog;
    struct host *host;
    struct id root, county, school, other; // organisations: a city, a county, two schools
    struct arena arena;                    // of the open transaction
    struct budget budget;
    struct view view;
    struct err err;
};

// Somebody who holds one role at one organisation.
struct actor {
    struct id person;
    struct role_grant grant;
};

static inline void world_problem(void *context, const char *app, const char *problem)
{
    (void)context;
    check_state.checks_failed++;
    printf("  app %s: %s\n", app, problem);
}

static inline void world_begin(struct world *world)
{
    world->budget = (struct budget){.reads_max = UINT32_MAX, .writes_max = UINT32_MAX};
    world->view = (struct view){.txn = store_begin(world->scratch.store, STORE_WRITE, &world->err),
                                .catalog = world->catalog,
                                .budget = &world->budget,
                                .arena = &world->arena,
                                .clock = clock_system(),
                                .random = random_system(),
                                .sealer = world->sealer,
                                .root = world->root};
}

static inline void world_end(struct world *world)
{
    store_end(world->view.txn);
    arena_reset(&world->arena);
}

static inline void world_commit(struct world *world)
{
    CHECK_OK(store_commit_wait(world->view.txn, &world->err), &world->err);
    world_end(world);
}

static inline struct id world_add_org(struct world *world, struct id parent, const char *kind,
                                      const char *code)
{
    struct tree_org org = {.parent = parent, .kind = kind, .name = code, .name_en = "", .code = code};
    struct problem problem;

    world_begin(world);
    CHECK_OK(tree_add(&world->view, &org, &problem, &world->err), &world->err);
    if (id_is_zero(&parent))
        world->root = org.id;
    world_commit(world);
    return org.id;
}

static inline bool world_boot(struct world *world)
{
    static const char *const settings[] = {"platform=.", "data=/nonexistent", "script.cpu=2s",
                                           "script.wall=10s", "watchdog=20s"};
    struct host_options options;

    world->config = config_read(NULL, settings, sizeof settings / sizeof *settings, stderr, &world->err);
    world->keyring = keyring_open(scratch_path(&world->scratch, "master.key"), random_system(),
                                  &world->err);
    if (world->config == NULL || world->keyring == NULL)
        return false;
    world->sealer = sealer_open(world->keyring, random_system(), &world->err);
    world->catalog = catalog_create();
    options = (struct host_options){.config = world->config, .clock = clock_system(),
                                    .random = random_system()};
    if (world->sealer == NULL || !tree_declare(world->catalog, &world->err))
        return false;
    world->host = host_create(&options, world->catalog, world_problem, NULL, &world->err);
    return world->host != NULL;
}

// Ends the program when the world cannot be made.
static inline void world_open(struct world *world)
{
    *world = (struct world){0};
    scratch_start(&world->scratch);
    if (!world_boot(world)) {
        fprintf(stderr, "%s\n", world->err.text);
        abort();
    }
    world->root = world_add_org(world, (struct id){{0}}, "city", "329900");
    world->county = world_add_org(world, world->root, "county", "329901");
    world->school = world_add_org(world, world->county, "school", "2132990001");
    world->other = world_add_org(world, world->county, "school", "2132990002");
}

static inline void world_close(struct world *world)
{
    host_destroy(world->host);
    catalog_destroy(world->catalog);
    sealer_close(world->sealer);
    keyring_close(world->keyring);
    config_destroy(world->config);
    arena_finish(&world->arena);
    scratch_finish(&world->scratch);
}

// "姓名=张三|性别=男" as parameters; their texts live in the arena.
static inline size_t world_cells(struct world *world, const char *text, struct host_param *cells)
{
    size_t count = 0;

    while (*text != 0 && count < CELLS_MAX) {
        size_t len = strcspn(text, "|"), name = strcspn(text, "=");

        cells[count++] =
            (struct host_param){arena_slice(&world->arena, slice_of(text, name)),
                                arena_slice(&world->arena,
                                            slice_of(text + name + 1, len - name - 1))};
        text += len + (text[len] == '|');
    }
    return count;
}

// What came of a row: "created", "refused 性别 code"; a warning reads "created 性别 gender_differs".
static inline const char *world_import(struct world *world, struct id org, const char *importer,
                                       const char *text)
{
    static char said[400];
    struct host_param cells[CELLS_MAX];
    struct host_row row = {.line = 2, .cells = cells};
    const char *word;

    world_begin(world);
    row.cell_count = world_cells(world, text, cells);
    if (!host_import(world->host, &world->view, org, "base", importer, &row, 1, &world->err)) {
        world_end(world);
        return world->err.text;
    }
    word = strrchr(row.text, '(');
    snprintf(said, sizeof said, "%s", row.result);
    if (word != NULL)
        snprintf(said, sizeof said, "%s %s %.*s", row.result, row.field,
                 (int)strcspn(word + 1, ")"), word + 1);
    if (strcmp(row.result, "refused") == 0)
        world_end(world);
    else
        world_commit(world);
    return said;
}

// The value of a unique text index, as the system sees it; inside a transaction. NULL: none.
static inline struct record *world_find(struct world *world, const char *collection,
                                        const char *field, struct id org, const char *text)
{
    struct value value = {VALUE_TEXT, {.text = slice_text(text)}};
    struct record *record = NULL;

    world->view.who = NULL;
    CHECK_OK(record_find(&world->view, catalog_find(world->catalog, collection), field, org, &value,
                         &record, &world->err),
             &world->err);
    return record;
}

static inline const struct value *world_value(const struct record *record, const char *field)
{
    return &record->values[collection_field(record->collection, slice_text(field))];
}

// All records of a collection at an organisation that the view's principal may read.
static inline size_t world_rows(struct world *world, const char *collection, struct id org,
                                struct record ***records)
{
    struct query query = {.collection = catalog_find(world->catalog, collection), .org = org,
                          .order = -1, .limit = 1000};
    size_t count = 0;

    CHECK_OK(record_query(&world->view, &query, records, &count, &world->err), &world->err);
    return count;
}

// The status of a call, as the dispatcher would answer; its location goes to *location, which
// lives until the next call.
static inline int world_call(struct world *world, const struct actor *actor, struct id org,
                             const char *method, const char *path, const char *form,
                             const char **location)
{
    static char kept[300];
    struct host_param params[CELLS_MAX];
    struct principal who = {.person = actor->person, .grants = &actor->grant, .grant_count = 1};
    struct host_request request = {.method = method, .org = org, .app = slice_text("leave"),
                                   .path = slice_text(path), .form = params, .lang = "zh",
                                   .theme = "", .role = actor->grant.role, .name = "",
                                   .role_org = actor->grant.org, .csrf = "csrf", .write_key = "key",
                                   .nonce = "nonce", .request_id = "id", .signed_in = true};
    struct host_answer answer = {0};
    bool write;

    world_begin(world);
    world->view.who = &who;
    request.form_count = world_cells(world, form, params);
    if (!host_route(world->host, &world->view, &request, &write, &world->err) ||
        !host_call(world->host, &world->view, &request, &answer, &world->err)) {
        world_end(world);
        return world->err.code == ERR_ABSENT ? 404 : world->err.code == ERR_DENIED ? 403 : 500;
    }
    snprintf(kept, sizeof kept, "%s", answer.location != NULL ? answer.location : "");
    if (location != NULL)
        *location = kept;
    if (write && answer.status < 400)
        world_commit(world);
    else
        world_end(world);
    return answer.status;
}
