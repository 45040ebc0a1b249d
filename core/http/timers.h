// SPDX-License-Identifier: Apache-2.0
// Timers in a binary heap by due time. libh2o's lists know one duration each and follow the
// wall clock; these follow the monotonic one.
#pragma once

#include "base/loop.h"

#include <stddef.h>

struct loop_timer {
    int64_t due_us;
    size_t place;
    loop_call *fire;
    void *context;
};

struct timers {
    struct loop_timer **heap;
    size_t count, size;
};

struct loop_timer *timers_add(struct timers *timers, int64_t due_us, loop_call *fire,
                              void *context);
void timers_remove(struct timers *timers, struct loop_timer *timer);
// Milliseconds until the next is due, at most most_ms.
int32_t timers_wait(const struct timers *timers, int64_t now_us, int32_t most_ms);
void timers_fire(struct timers *timers, int64_t now_us);
void timers_finish(struct timers *timers);
