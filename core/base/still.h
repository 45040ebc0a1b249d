// SPDX-License-Identifier: Apache-2.0
// A clock that stands still and chance that repeats itself, for tests of applications: the same
// run gives the same ids, the same order and the same counts on every machine.
#pragma once

#include "base/clock.h"

struct still_clock {
    struct clock clock;
    int64_t wall_ms;
};
struct still_random {
    struct random random;
    uint64_t drawn;
};

void still_clock_init(struct still_clock *still, int64_t wall_ms);
// What is drawn later begins with the greater bytes, so that ids keep the order of their making
// though the clock stands.
void still_random_init(struct still_random *still);
