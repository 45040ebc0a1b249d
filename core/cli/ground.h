// SPDX-License-Identifier: Apache-2.0
// Where tests of applications happen: the real store in a folder of memory, emptied for each world,
// under a clock that stands still.
#pragma once

#include "base/still.h"
#include "bind/trial.h"
#include "serve/runner.h"

struct ground {
    const struct config *config; // its data folder is the ground's own
    struct still_clock clock;
    struct still_random random;
    struct instance apps; // the host; without a store
    struct instance instance; // of the world that stands
    struct runner runner;
    struct job_slot slot;
    struct store_txn *txn;
    struct arena memory;
    struct budget budget;
    struct view view;
    const char *app; // under test
    struct host_use use;
    struct err failure; // of a job
    struct trial_world world;
};

// A new private folder, in memory where the machine has such a place.
bool ground_folder(char folder[64], struct err *err);
void ground_remove(const char *folder);

bool ground_boot(struct ground *ground, const struct config *config, host_problem *problem,
                 void *context, struct err *err);
void ground_close(struct ground *ground); // accepts one that did not boot
// A fresh world to test an app in: an empty store. The former one is gone.
bool ground_open_world(struct ground *ground, const char *app, struct err *err);
