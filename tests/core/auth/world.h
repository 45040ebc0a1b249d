// SPDX-License-Identifier: Apache-2.0
// A small instance for the tests of auth/: the real store and records in a folder that goes
// away, and a clock that stands still until it is told.
#pragma once

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "auth/auth.h"
#include "check.h"
#include "store/space.h"

struct fake_clock {
    struct clock clock; // first
    int64_t wall_ms, mono_us;
};

static int64_t fake_wall_ms(struct clock *clock)
{
    return ((struct fake_clock *)clock)->wall_ms;
}

static int64_t fake_mono_us(struct clock *clock)
{
    return ((struct fake_clock *)clock)->mono_us;
}

struct world {
    char folder[64];
    struct fake_clock time;
    struct store *store;
    struct catalog *catalog;
    struct keyring *keyring;
    struct sealer *sealer;
    struct auth_limits limits;
    struct auth auth;
    struct id root, school, person;
    struct arena arena;
    struct budget budget;
    struct store_txn *txn;
    struct view view;
    struct err err;
};

static void begin(struct world *w, enum store_mode mode)
{
    w->err = (struct err){ERR_NONE, ""};
    w->budget = (struct budget){.reads_max = 100000, .writes_max = 100000};
    w->txn = store_begin(w->store, mode, &w->err);
    CHECK_OK(w->txn != NULL, &w->err);
    w->view = (struct view){
        .txn = w->txn,
        .catalog = w->catalog,
        .budget = &w->budget,
        .arena = &w->arena,
        .clock = &w->time.clock,
        .random = random_system(),
        .sealer = w->sealer,
        .root = w->root,
        .home = w->root,
    };
}

static void commit(struct world *w)
{
    CHECK_OK(store_commit_wait(w->txn, &w->err), &w->err);
    store_end(w->txn);
}

static void end(struct world *w)
{
    store_end(w->txn);
}

// Time goes by, on both clocks.
static void pass(struct world *w, int64_t ms)
{
    w->time.wall_ms += ms;
    w->time.mono_us += ms * 1000;
}

static void problem_found(void *context, const char *app, const char *problem)
{
    (void)context;
    printf("  %s: %s\n", app, problem);
    CHECK(false);
}

static void add_org(struct world *w, struct id parent, const char *kind, const char *code,
                    struct id *id)
{
    struct tree_org org = {.parent = parent, .kind = kind, .name = code, .name_en = code, .code = code};
    struct problem problem = {NULL, NULL};

    CHECK_OK(tree_add(&w->view, &org, &problem, &w->err), &w->err);
    *id = org.id;
}

static void world_open(struct world *w)
{
    char path[96];
    struct store_options options;

    *w = (struct world){
        .folder = "/tmp/shuyuan-auth-XXXXXX",
        .time = {{fake_wall_ms, fake_mono_us}, 1770000000000, 5000000},
        .limits = {.idle_ms = 1800000, .absolute_ms = 43200000, .window_ms = 900000,
                   .sessions = 3, .per_account = 3, .per_address = 6, .per_school = 9},
    };
    CHECK(mkdtemp(w->folder) != NULL && chmod(w->folder, 0700) == 0);
    options = (struct store_options){
        .folder = w->folder,
        .bytes_max = 64 << 20,
        .readers_max = 8,
        .memory_max = 10000,
        .clock = &w->time.clock,
        .random = random_system(),
    };
    w->store = store_open(STORE_OWNER, &options, &w->err);
    CHECK_OK(w->store != NULL, &w->err);
    snprintf(path, sizeof path, "%s/master.key", w->folder);
    w->keyring = keyring_open(path, random_system(), &w->err);
    CHECK_OK(w->keyring != NULL, &w->err);
    w->sealer = sealer_open(w->keyring, random_system(), &w->err);
    auth_init(&w->auth, w->keyring, &w->limits);
    w->catalog = catalog_create();
    CHECK_OK(tree_declare(w->catalog, &w->err) && auth_declare(w->catalog, &w->err), &w->err);
    CHECK(catalog_check(w->catalog, problem_found, NULL));
    w->person = id_make(&w->time.clock, random_system());
    begin(w, STORE_WRITE);
    add_org(w, (struct id){{0}}, "county", "110", &w->root);
    w->view.root = w->root;
    add_org(w, w->root, "school", "110001", &w->school);
    commit(w);
}

static void world_close(struct world *w)
{
    char command[128];

    store_close(w->store);
    catalog_destroy(w->catalog);
    sealer_close(w->sealer);
    keyring_close(w->keyring);
    arena_finish(&w->arena);
    snprintf(command, sizeof command, "rm -r %s", w->folder);
    CHECK(system(command) == 0);
}

// An account with a hash that is no password's: hashing is tested elsewhere.
static struct account *add_account(struct world *w, const char *login)
{
    struct problem problem = {NULL, NULL};
    struct account *account;

    CHECK_OK(auth_account_add(&w->view, slice_text(login), slice_text("甲"), w->person, "$hash",
                              &account, &problem, &w->err),
             &w->err);
    return account;
}
