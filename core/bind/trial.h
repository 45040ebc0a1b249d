// SPDX-License-Identifier: Apache-2.0
// The tests of one application, in a Lua state of their own beside the states of the apps they
// try. A test acts through the host as people and jobs do, on a store that is its own alone.
//
// Lifetime: a trial lives with its host; worlds come and go, one for each test.
// Threads: those of the host.
#pragma once

#include "bind/host.h"

struct trial;

struct trial_test {
    const char *name, *place; // "a guardian asks", "leave/test/ask.lua:12"
};

// What the tests act on; the owner of a world fills it in.
struct trial_world {
    void *context;
    // Opens a transaction with a view of the system; the former one is given back.
    bool (*begin)(void *context, bool write, struct view **view, struct err *err);
    bool (*commit)(void *context, struct err *err);
    void (*end)(void *context);
    bool (*set_root)(void *context, struct id root, struct err *err);
    // Does what is due: *done jobs. A job that fails is an error, with its text.
    bool (*run_jobs)(void *context, size_t *done, struct err *err);
    int64_t (*now_ms)(void *context);
    void (*set_now)(void *context, int64_t wall_ms);
    struct host_use *use; // what calls took since it was emptied
};

// Reads test/*.lua of the app; world.lua there is no test but adds to every world. problem is
// err->text, with file and line, when one does not load.
struct trial *trial_create(struct host *host, const char *app, struct err *err);
void trial_destroy(struct trial *trial); // accepts NULL
size_t trial_tests(const struct trial *trial, const struct trial_test **tests);
// Runs one test on a fresh world. False: it failed; err->text says where and how.
bool trial_run(struct trial *trial, size_t test, const struct trial_world *world, struct err *err);
