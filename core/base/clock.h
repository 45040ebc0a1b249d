// SPDX-License-Identifier: Apache-2.0
// Time and chance stand behind small seams, so that a simulation can drive them.
#pragma once

#include <stddef.h>
#include <stdint.h>

struct clock {
    int64_t (*wall_ms)(struct clock *clock); // milliseconds since 1970, may jump
    int64_t (*mono_us)(struct clock *clock); // microseconds, never jumps: for every deadline
};

struct random {
    void (*fill)(struct random *random, void *bytes, size_t len);
};

struct clock *clock_system(void);
struct random *random_system(void); // the kernel's generator

static inline int64_t clock_wall_ms(struct clock *clock)
{
    return clock->wall_ms(clock);
}

static inline int64_t clock_mono_us(struct clock *clock)
{
    return clock->mono_us(clock);
}

static inline void random_fill(struct random *random, void *bytes, size_t len)
{
    random->fill(random, bytes, len);
}

// Days since 1970-01-01 of a proleptic Gregorian date, and back.
int32_t date_days(int year, int month, int day);
void date_parts(int32_t days, int *year, int *month, int *day);

// The calendar day in China (UTC+8, no summer time) at a wall time: the school's day.
int32_t date_in_china(int64_t wall_ms);
int64_t date_end_in_china(int32_t days); // the last millisecond of that day
