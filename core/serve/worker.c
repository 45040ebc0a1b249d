// SPDX-License-Identifier: Apache-2.0
// One event loop: HTTP, sessions, applications on read-only snapshots. It has no authority
// to write: what it wants written it proposes to the committer.
#include "serve/live.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/log.h"
#include "script/script.h"

static void beat(void *context)
{
    struct worker *worker = context;

    http_stats(worker->server, &worker->slot->http);
    worker->slot->calls_open = turns_open(worker->turns);
    worker->slot->calls_waiting = turns_waiting(worker->turns);
    worker->slot->beat_us = clock_mono_us(worker->instance.clock);
}

static void drained(void *context)
{
    struct worker *worker = context;

    http_stop(worker->server);
}

static void reload(struct worker *worker)
{
    struct config before = *worker->config;
    struct err err;

    if (!setup_reload(worker->setup, worker->config, &err) ||
        !http_reconfigure(worker->server, worker->config, &err)) {
        *worker->config = before;
        log_error("reload failed; the old configuration stays", LOG_TEXT("error", err.text));
        return;
    }
    instance_reload(&worker->instance);
    apps_renew(worker);
}

static void take_signal(void *context)
{
    struct worker *worker = context;
    struct signalfd_siginfo info;

    while (read(worker->signals, &info, sizeof info) == sizeof info) {
        if (info.ssi_signo == SIGHUP) {
            reload(worker);
        } else if (!worker->stopping) {
            worker->stopping = true;
            live_drain(worker->live);
            http_drain(worker->server, drained, worker);
        }
    }
}

static bool start_http(struct worker *worker, struct err *err)
{
    struct http_options options = {
        .config = worker->config,
        .listeners = worker->setup->listeners,
        .listener_count = worker->setup->listener_count,
        .handle = exchange_handle,
        .handle_admin = exchange_handle_admin,
        .context = worker,
        .clock = clock_system(),
        .random = random_system(),
    };

    worker->server = http_create(&options, err);
    if (worker->server == NULL)
        return false;
    worker->loop = http_loop(worker->server);
    return true;
}

// After confinement, which a thread inherits from who makes it.
static bool start_pools(struct worker *worker, struct err *err)
{
    const struct config *config = worker->config;

    worker->turns = turns_create(config, worker->loop, worker->instance.clock);
    worker->pool = pool_create(worker->loop, (unsigned)config->auth.hash_threads,
                               (unsigned)config->auth.hash_queue, err);
    if (worker->pool == NULL)
        return false;
    worker->file_pool = pool_create(worker->loop, (unsigned)config->files.threads,
                                    (unsigned)config->files.queue, err);
    return worker->file_pool != NULL;
}

static bool start(struct worker *worker, struct err *err)
{
    const struct config *config = worker->config;
    sigset_t signals;

    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGHUP);
    sigprocmask(SIG_BLOCK, &signals, NULL);
    worker->signals = signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
    if (!start_http(worker, err) ||
        !instance_open(&worker->instance, config, STORE_GUEST, worker->loop, err) ||
        !blob_open(&worker->disk, config->data, err) ||
        !script_watch_start(err) ||
        !apps_start(worker, err))
        return false;
    worker->slot->confined = confine(config, worker->setup->config_path, true);
    if (!worker->slot->confined)
        log_warn("the kernel has no Landlock: this worker is not confined to its files");
    if (!start_pools(worker, err))
        return false;
    if (worker->setup->slot == 0)
        worker->rot = rot_start(worker);
    worker->live = live_create(worker, worker->setup->wakes[worker->setup->slot], err);
    if (worker->live == NULL)
        return false;
    worker->loop->watch(worker->loop, worker->signals, take_signal, worker);
    return true;
}

int worker_run(const struct child_setup *setup)
{
    struct worker worker = {.setup = setup, .config = (struct config *)setup->config,
                            .slot = &setup->board->worker[setup->slot]};
    char name[32];
    struct err err = {ERR_NONE, ""};

    snprintf(name, sizeof name, "worker %u", setup->slot);
    log_name(name);
    instance_log_level(worker.config);
    if (!start(&worker, &err)) {
        log_error("a worker cannot start", LOG_TEXT("error", err.text));
        return 1;
    }
    beat(&worker);
    if (write(setup->ready_fd, &setup->ready_byte, 1) != 1)
        return 1;
    http_run(worker.server, beat, &worker);
    live_destroy(worker.live);
    turns_destroy(worker.turns);
    pool_destroy(worker.pool);
    pool_destroy(worker.file_pool);
    rot_stop(worker.rot);
    apps_stop(&worker);
    instance_close(&worker.instance);
    http_destroy(worker.server);
    blob_close(&worker.disk);
    return 0;
}
