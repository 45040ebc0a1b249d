// SPDX-License-Identifier: Apache-2.0
// What trial.c and bind_test.c share.
#pragma once

#include "bind/bind.h"
#include "bind/trial.h"

struct trial {
    struct host *host;
    struct app *app;
    struct script *script;
    struct arena arena;
    struct script_instance **files; // of each test file
    size_t file_count;
    int library; // registry: what lua/app/test.lua returned
    struct trial_test *tests;
    size_t test_count;
    const struct trial_world *world; // of the running test
};

int open_core_test(lua_State *L);
