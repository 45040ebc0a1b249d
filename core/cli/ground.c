// SPDX-License-Identifier: Apache-2.0
#include "cli/ground.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "job/queue.h"

// The folder ----------------------------------------------------------------------------------

static bool try_folder(const char *parent, char folder[64])
{
    int64_t now_us = clock_mono_us(clock_system());

    snprintf(folder, 64, "%s/shuyuan-test-%d-%lld", parent, (int)getpid(), (long long)now_us);
    return mkdir(folder, 0700) == 0;
}

bool ground_folder(char folder[64], struct err *err)
{
    return try_folder("/dev/shm", folder) || try_folder("/tmp", folder) ||
           err_set(err, ERR_IO, "a folder for the tests: %s", strerror(errno));
}

// The store's own folder has folders one level deep.
static void remove_inside(const char *folder, int depth)
{
    char path[400];
    DIR *open = opendir(folder);
    struct dirent *entry;

    while (open != NULL && (entry = readdir(open)) != NULL) {
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0 ||
            snprintf(path, sizeof path, "%s/%s", folder, entry->d_name) >= (int)sizeof path)
            continue;
        if (entry->d_type != DT_DIR)
            unlink(path);
        else if (depth > 0)
            remove_inside(path, depth - 1);
        if (entry->d_type == DT_DIR && depth > 0)
            rmdir(path);
    }
    if (open != NULL)
        closedir(open);
}

void ground_remove(const char *folder)
{
    remove_inside(folder, 3);
    rmdir(folder);
}

// What a test does with its world ---------------------------------------------------------------

static void end(void *context)
{
    struct ground *ground = context;

    store_end(ground->txn);
    ground->txn = NULL;
}

static bool begin(void *context, bool write, struct view **view, struct err *err)
{
    struct ground *ground = context;
    const struct config *config = ground->config;

    end(ground);
    arena_reset(&ground->memory);
    ground->budget = (struct budget){.reads_max = (uint32_t)config->script.reads,
                                     .writes_max = (uint32_t)config->script.writes};
    ground->txn = store_begin(ground->instance.store, write ? STORE_WRITE : STORE_READ, err);
    *view = &ground->view;
    return ground->txn != NULL && instance_view(&ground->instance, ground->txn, &ground->memory,
                                                &ground->budget, &ground->view, err);
}

static bool commit(void *context, struct err *err)
{
    struct ground *ground = context;
    bool done = store_commit_wait(ground->txn, err);

    end(ground);
    return done;
}

static bool set_root(void *context, struct id root, struct err *err)
{
    struct ground *ground = context;

    return instance_set_root(&ground->view, root, err);
}

static void note_failure(void *context, const struct job *job, const char *why)
{
    struct ground *ground = context;

    if (ground->failure.code == ERR_NONE)
        err_set(&ground->failure, ERR_SCRIPT, "job '%s' of %s: %s", job->name, job->app, why);
}

static bool run_jobs(void *context, size_t *done, struct err *err)
{
    enum { JOBS_AT_ONCE = 10000 };
    struct ground *ground = context;

    end(ground);
    *done = 0;
    ground->failure.code = ERR_NONE;
    while (ground->failure.code == ERR_NONE && runner_step(&ground->runner) == 0)
        if (++*done == JOBS_AT_ONCE)
            return err_set(err, ERR_LIMIT, "%zu jobs, and each queues another", *done);
    *err = ground->failure;
    return ground->failure.code == ERR_NONE;
}

static int64_t now_ms(void *context)
{
    return ((struct ground *)context)->clock.wall_ms;
}

static void set_now(void *context, int64_t wall_ms)
{
    struct ground *ground = context;

    ground->clock.wall_ms = wall_ms;
    ground->runner.looked_us = 0; // schedules look at the new time at once
}

static void add_use(void *context, const struct host_use *use)
{
    struct ground *ground = context;

    if (strcmp(use->app, ground->app) != 0)
        return;
    ground->use.steps += use->steps;
    ground->use.memory += use->memory;
    ground->use.reads += use->reads;
    ground->use.writes += use->writes;
}

// Boot and worlds -------------------------------------------------------------------------------

bool ground_boot(struct ground *ground, const struct config *config, host_problem *problem,
                 void *context, struct err *err)
{
    *ground = (struct ground){.config = config};
    still_clock_init(&ground->clock, 0);
    still_random_init(&ground->random);
    ground->apps = (struct instance){.config = config, .clock = &ground->clock.clock,
                                     .random = &ground->random.random, .steady = true};
    ground->world = (struct trial_world){ground, begin, commit, end, set_root, run_jobs, now_ms,
                                         set_now, &ground->use};
    if (!instance_boot_core(&ground->apps, err) ||
        !instance_boot_apps(&ground->apps, problem, context, err))
        return false;
    host_on_use(ground->apps.host, add_use, ground);
    return true;
}

static void close_world(struct ground *ground)
{
    end(ground);
    runner_finish(&ground->runner);
    ground->instance.host = NULL; // both belong to apps
    ground->instance.catalog = NULL;
    instance_close(&ground->instance);
}

bool ground_open_world(struct ground *ground, const char *app, struct err *err)
{
    close_world(ground);
    ground->app = app;
    remove_inside(ground->config->data, 0); // the folders of files stay: making them takes long
    still_clock_init(&ground->clock, 0);
    still_random_init(&ground->random);
    ground->use = (struct host_use){0};
    ground->slot = (struct job_slot){0};
    if (!instance_open_at(&ground->instance, ground->config, &ground->clock.clock,
                          &ground->random.random, STORE_OWNER, NULL, err))
        return false;
    ground->instance.host = ground->apps.host;
    ground->instance.catalog = ground->apps.catalog;
    ground->runner = (struct runner){.instance = &ground->instance, .slot = &ground->slot,
                                     .on_failure = note_failure, .context = ground};
    return true;
}

void ground_close(struct ground *ground)
{
    close_world(ground);
    instance_close(&ground->apps);
    arena_finish(&ground->memory);
}
