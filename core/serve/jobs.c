// SPDX-License-Identifier: Apache-2.0
// The process that does queued work: a guest of the store with Lua states of its own, so that a
// long job never stands in the way of a page.
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/log.h"
#include "net/client.h"
#include "script/script.h"
#include "serve/renew.h"
#include "serve/runner.h"
#include "serve/serve.h"

struct jobs {
    const struct child_setup *setup;
    struct config *config;
    struct instance instance;
    struct generation *generation;
    struct runner runner;
    struct net_client *outbound;
    int signals;
    bool stopping;
};

static void report_problem(void *context, const char *app, const char *problem)
{
    (void)context; // each worker has said it already
    log_debug("an application is in quarantine", LOG_TEXT("app", app),
              LOG_TEXT("problem", problem));
}

static void note_use(void *context, const struct host_use *use)
{
    uses_note(&((struct jobs *)context)->runner.slot->uses, use);
}

// Between two jobs nothing of the old state is in use.
static void take_up(struct jobs *jobs)
{
    struct buffer problems = BUFFER_EMPTY; // which the workers tell

    instance_reload(&jobs->instance);
    if (renew(&jobs->instance, &jobs->generation, &problems) == RENEW_DONE)
        host_on_use(jobs->instance.host, note_use, jobs);
    buffer_finish(&problems);
    jobs->runner.slot->renewals++;
}

static void take_signals(struct jobs *jobs)
{
    struct signalfd_siginfo info;
    struct err err;

    while (read(jobs->signals, &info, sizeof info) == sizeof info) {
        if (info.ssi_signo == SIGTERM)
            jobs->stopping = true;
        else if (setup_reload(jobs->setup, jobs->config, &err))
            take_up(jobs);
        else
            log_error("reload failed; the old configuration stays", LOG_TEXT("error", err.text));
    }
}

static bool start(struct jobs *jobs, struct err *err)
{
    sigset_t signals;

    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGHUP);
    sigprocmask(SIG_BLOCK, &signals, NULL);
    jobs->signals = signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
    if (!instance_open(&jobs->instance, jobs->config, STORE_GUEST, NULL, err))
        return false;
    jobs->instance.outbound = jobs->outbound =
        net_client_open(jobs->config->data, jobs->instance.clock, err);
    if (jobs->outbound == NULL || !script_watch_start(err) || !instance_boot_core(&jobs->instance, err) ||
        !instance_boot_apps(&jobs->instance, report_problem, NULL, err))
        return false;
    if (!confine(jobs->config, jobs->setup->config_path, false))
        log_warn("the kernel has no Landlock: this process is not confined to its files");
    return true;
}

static void turn(struct jobs *jobs)
{
    struct pollfd polled = {jobs->signals, POLLIN, 0};
    int64_t wait_ms = runner_step(&jobs->runner);

    jobs->runner.slot->beat_us = clock_mono_us(jobs->instance.clock);
    poll(&polled, 1, (int)wait_ms);
    take_signals(jobs);
}

int jobs_run(const struct child_setup *setup)
{
    struct jobs jobs = {.setup = setup, .config = (struct config *)setup->config};
    char name[32];
    struct err err = {ERR_NONE, ""};

    snprintf(name, sizeof name, "job %u", setup->slot);
    log_name(name);
    instance_log_level(jobs.config);
    if (!start(&jobs, &err)) {
        log_error("a job process cannot start", LOG_TEXT("error", err.text));
        return 1;
    }
    jobs.generation = generation_of(&jobs.instance);
    jobs.runner.instance = &jobs.instance;
    jobs.runner.slot = &setup->board->job[setup->slot];
    host_on_use(jobs.instance.host, note_use, &jobs);
    jobs.runner.turn = setup->slot; // two begin with different apps
    jobs.runner.slot->beat_us = clock_mono_us(jobs.instance.clock);
    if (write(setup->ready_fd, &setup->ready_byte, 1) != 1)
        return 1;
    while (!jobs.stopping)
        turn(&jobs);
    runner_finish(&jobs.runner);
    free(jobs.generation);
    instance_close(&jobs.instance);
    net_client_close(jobs.outbound);
    close(jobs.signals);
    return 0;
}
