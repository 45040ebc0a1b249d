// SPDX-License-Identifier: Apache-2.0
// Fixture apps, a store, and a runner of jobs whose clock is moved by hand.
#pragma once

#include "../bind/world.h"

#include "base/log.h"
#include "job/queue.h"
#include "script/script.h"
#include "serve/runner.h"

static struct world world;
static struct instance instance;
static struct job_slot slot;
static struct runner runner;
static struct err err;
static int64_t ahead_ms;

static int64_t moved_wall(struct clock *clock)
{
    (void)clock;
    return clock_wall_ms(clock_system()) + ahead_ms;
}

static int64_t moved_mono(struct clock *clock)
{
    (void)clock;
    return clock_mono_us(clock_system());
}

static struct clock moved = {moved_wall, moved_mono};

static inline void set_root(void)
{
    struct store_txn *txn = store_begin(world.store, STORE_WRITE, &err);
    struct budget budget;
    struct view view = world_view(&world, txn, NULL, &budget);

    // The node's own id, as the fixtures write it into their records.
    CHECK_OK(store_put(txn, slice_text((const char[]){SPACE_META, 'h', 'o', 'm', 'e', 0}),
                       slice_of(view.home.bytes, ID_LEN), &err), &err);
    CHECK_OK(instance_set_root(&view, world.root, &err) && store_commit_wait(txn, &err), &err);
    store_end(txn);
}

static inline struct queue_counts counts(void)
{
    struct store_txn *txn = store_begin(world.store, STORE_READ, &err);
    struct budget budget;
    struct view view = world_view(&world, txn, NULL, &budget);
    struct queue_counts found = {-1, -1};

    CHECK_OK(queue_count(&view, &found, &err), &err);
    store_end(txn);
    return found;
}

// Runs what is due now; how many steps that took.
static inline int run_due(void)
{
    int steps = 0;

    while (runner_step(&runner) == 0 && steps < 100)
        steps++;
    return steps;
}

static inline void open_world(const char *apps)
{
    CHECK(world_open(&world, apps, false));
    set_root();
    ahead_ms = 0;
    slot = (struct job_slot){0};
    instance = (struct instance){.config = world.config, .clock = &moved, .random = random_system(),
                                 .store = world.store, .catalog = world.catalog,
                                 .host = world.host};
    runner = (struct runner){.instance = &instance, .slot = &slot};
}

static inline void close_world(void)
{
    runner_finish(&runner);
    world_close(&world);
}

#define IN_A_WORLD(apps, test)                                                                     \
    do {                                                                                           \
        open_world(apps);                                                                          \
        RUN(test);                                                                                 \
        close_world();                                                                             \
    } while (0)
