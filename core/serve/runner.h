// SPDX-License-Identifier: Apache-2.0
// Does queued jobs, one after the other: finds what is due, leases it, runs it, and commits its
// effects together with its end. A job of an app in quarantine waits.
#pragma once

#include "serve/instance.h"
#include "serve/scoreboard.h"

struct job;

struct runner {
    struct instance *instance;
    struct job_slot *slot;
    size_t turn;          // whose app's job is looked for first: none starves another
    int64_t looked_us;    // when the schedules were looked at
    struct arena memory;  // of a step
    struct arena attempt; // of one transaction
    void (*on_failure)(void *context, const struct job *job, const char *why); // or NULL
    void *context;
};

// Does one job when one is due. Milliseconds until it is worth to look again; 0: at once.
int64_t runner_step(struct runner *runner);
void runner_finish(struct runner *runner);
