// SPDX-License-Identifier: Apache-2.0
// Who asks: a person with roles held at organisations. auth/ fills it in from what is
// stored, on the same snapshot as the call itself; record/ decides by it.
#pragma once

#include "record/value.h"

struct role_grant {
    const char *role;
    struct id org;
};

struct principal {
    struct id person; // zero: nobody (not signed in, or an app's job, whose one role is `app`)
    const struct role_grant *grants;
    size_t grant_count;
    int64_t until_ms; // when the clock alone changes the grants; 0: never
    const char *app;          // an app's job: it reads its own collections and those it asks for
    const char *const *asks;  // NULL-terminated; what the rules allow counts beside it
};
