// SPDX-License-Identifier: Apache-2.0
#include "serve/settle.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "record/migrate.h"
#include "record/tree.h"

enum { READS = 50 * 1000 * 1000, ORGS_MAX = 100000, TRIES = 20, STEPS_BETWEEN_LINES = 20 };

// A transaction with its view.
struct attempt {
    struct store_txn *txn;
    struct arena memory;
    struct budget budget;
    struct view view;
};

static void end(struct attempt *attempt)
{
    store_end(attempt->txn);
    arena_finish(&attempt->memory);
    *attempt = (struct attempt){0};
}

static bool begin(struct instance *instance, enum store_mode mode, struct attempt *attempt,
                  struct err *err)
{
    *attempt = (struct attempt){.budget = {.reads_max = READS, .writes_max = READS}};
    attempt->txn = store_begin(instance->store, mode, err);
    if (attempt->txn != NULL && instance_view(instance, attempt->txn, &attempt->memory,
                                              &attempt->budget, &attempt->view, err))
        return true;
    end(attempt);
    return false;
}

static bool is_platform(const char *app)
{
    return strcmp(app, "core") == 0 || strcmp(app, "platform") == 0;
}

static bool refuse(struct instance *instance, const char *app, const char *reason, struct err *err)
{
    if (is_platform(app))
        return err_set(err, ERR_INPUT, "%s", reason);
    host_refuse(instance->host, app, reason);
    return true;
}

static bool is_ready(struct instance *instance, const char *app)
{
    const struct host_app *apps;
    size_t count = host_apps(instance->host, &apps);

    for (size_t i = 0; i < count; i++)
        if (strcmp(apps[i].id, app) == 0)
            return apps[i].problem == NULL;
    return is_platform(app);
}

// Growing ----------------------------------------------------------------------------------

static bool one_step(struct instance *instance, const struct collection *collection,
                     struct schema_progress *progress, char reason[sizeof((struct err *)0)->text],
                     struct err *err)
{
    struct attempt attempt;
    bool done;

    if (!begin(instance, STORE_WRITE, &attempt, err))
        return false;
    done = schema_step(&attempt.view, collection, progress, err);
    if (done && progress->reason != NULL) {
        snprintf(reason, sizeof err->text, "%s", progress->reason);
        progress->reason = reason;
    } else if (done && store_has_writes(attempt.txn)) {
        done = store_commit_wait(attempt.txn, err);
    }
    end(&attempt);
    return done;
}

static bool grow(struct instance *instance, const struct collection *collection, struct err *err)
{
    char reason[sizeof err->text];
    struct schema_progress progress = {0};
    size_t records = 0, steps = 0; // that visited records

    while (!progress.done) {
        if (!one_step(instance, collection, &progress, reason, err))
            return false;
        if (progress.reason != NULL)
            return refuse(instance, collection->app, progress.reason, err);
        records += progress.records;
        if (progress.records > 0 && steps++ % STEPS_BETWEEN_LINES == 0 && !progress.done)
            log_info("records are brought up to date", LOG_TEXT("collection", collection->full),
                     LOG_INT("records", (int64_t)records));
    }
    if (records > 0)
        log_info("records are up to date", LOG_TEXT("collection", collection->full),
                 LOG_INT("records", (int64_t)records));
    return true;
}

// Nothing of an app is changed while something of it cannot be.
static bool compare(struct instance *instance, bool *grows, struct err *err)
{
    struct attempt attempt;
    bool done = begin(instance, STORE_READ, &attempt, err);

    for (size_t i = 0; done && i < catalog_count(instance->catalog); i++) {
        const struct collection *collection = catalog_at(instance->catalog, i);
        enum schema_change change;
        const char *reason;

        if (!is_ready(instance, collection->app))
            continue;
        done = schema_compare(&attempt.view, collection, &change, &reason, err);
        if (!done || change == SCHEMA_SAME)
            continue;
        grows[i] = true;
        if (change == SCHEMA_GROWS && !instance->owns)
            instance->grows = true;
        if (change == SCHEMA_BREAKS || !instance->owns)
            done = refuse(instance, collection->app, reason, err);
    }
    end(&attempt);
    return done;
}

// Rollups ----------------------------------------------------------------------------------

// Somebody who writes at the same moment makes it count again.
static bool count_org(struct instance *instance, const struct rollup *rollup, struct id org,
                      struct counted *counted, struct err *err)
{
    size_t changed = 0;
    bool done = false;

    for (int tries = 0; tries < TRIES && !done; tries++) {
        struct attempt attempt;

        if (!begin(instance, STORE_WRITE, &attempt, err))
            return false;
        done = record_rebuild(&attempt.view, rollup, org, &changed, err);
        if (!done) {
            end(&attempt);
            return false;
        }
        done = changed == 0 || store_commit_wait(attempt.txn, err);
        end(&attempt);
        if (!done && err->code != ERR_CONFLICT)
            return false;
    }
    counted->changed += changed;
    counted->orgs += changed > 0;
    return done;
}

bool settle_count(struct instance *instance, const struct rollup *rollup, struct counted *counted,
                  struct err *err)
{
    struct attempt attempt;
    const struct id *orgs = NULL;
    size_t count = 0;
    bool done = begin(instance, STORE_READ, &attempt, err);

    *counted = (struct counted){0, 0};
    if (done && !id_is_zero(&attempt.view.root))
        done = tree_below(&attempt.view, attempt.view.root, ORGS_MAX, &orgs, &count, err);
    for (size_t i = count; i > 0 && done; i--) // parents are named before their children
        done = count_org(instance, rollup, orgs[i - 1], counted, err);
    end(&attempt);
    return done;
}

static bool note_counted(struct instance *instance, const struct rollup *rollup, struct err *err)
{
    struct attempt attempt;
    bool done = begin(instance, STORE_WRITE, &attempt, err) &&
                rollup_note_counted(&attempt.view, rollup, err) &&
                store_commit_wait(attempt.txn, err);

    end(&attempt);
    return done;
}

static bool is_counted(struct instance *instance, const struct rollup *rollup, bool *counted,
                       struct err *err)
{
    struct attempt attempt;
    bool done = begin(instance, STORE_READ, &attempt, err) &&
                rollup_is_counted(&attempt.view, rollup, counted, err);

    end(&attempt);
    return done;
}

static bool count_new(struct instance *instance, struct err *err)
{
    const struct rollup *rollup = catalog_next_rollup(instance->catalog, NULL);

    for (; rollup != NULL; rollup = catalog_next_rollup(instance->catalog, rollup)) {
        struct counted counted;
        bool known;

        if (!is_ready(instance, rollup_collection(rollup)->app))
            continue;
        if (!is_counted(instance, rollup, &known, err))
            return false;
        if (!known && (!settle_count(instance, rollup, &counted, err) ||
                       !note_counted(instance, rollup, err)))
            return false;
    }
    return true;
}

bool settle(struct instance *instance, struct err *err)
{
    size_t count = catalog_count(instance->catalog);
    bool *grows = mem_zero(count + 1);
    bool done = compare(instance, grows, err);

    for (size_t i = 0; done && instance->owns && i < count; i++) {
        const struct collection *collection = catalog_at(instance->catalog, i);

        if (grows[i] && is_ready(instance, collection->app))
            done = grow(instance, collection, err);
    }
    free(grows);
    return done && (!instance->owns || count_new(instance, err));
}

// Whoever serves tells what is in quarantine; here it would be told twice.
static void pass_over(void *context, const char *app, const char *problem)
{
    (void)context;
    (void)app;
    (void)problem;
}

int settle_run(const struct child_setup *setup)
{
    struct instance instance;
    struct err err = {ERR_NONE, ""};
    bool done;

    log_name("settle");
    done = instance_open_owner(&instance, setup->config, &err) &&
           instance_boot_core(&instance, &err) &&
           instance_boot_apps(&instance, pass_over, NULL, &err);
    if (!done)
        log_error("the store and the applications do not fit", LOG_TEXT("error", err.text));
    instance_close(&instance);
    return done ? 0 : 1;
}
