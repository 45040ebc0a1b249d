// SPDX-License-Identifier: Apache-2.0
#include "base/clock.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/random.h>
#include <time.h>

static int64_t system_wall_ms(struct clock *clock)
{
    struct timespec now;

    (void)clock;
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static int64_t system_mono_us(struct clock *clock)
{
    struct timespec now;

    (void)clock;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static void system_fill(struct random *random, void *bytes, size_t len)
{
    uint8_t *at = bytes;

    (void)random;
    while (len > 0) {
        ssize_t got = getrandom(at, len, 0);

        if (got < 0 && errno != EINTR)
            abort(); // without chance there is no secret: stop
        if (got > 0) {
            at += got;
            len -= (size_t)got;
        }
    }
}

struct clock *clock_system(void)
{
    static struct clock system = {system_wall_ms, system_mono_us};

    return &system;
}

struct random *random_system(void)
{
    static struct random system = {system_fill};

    return &system;
}

// The usual era arithmetic: years begin in March, 400 years are 146,097 days.
int32_t date_days(int year, int month, int day)
{
    int y = month <= 2 ? year - 1 : year;
    int era = (y >= 0 ? y : y - 399) / 400, of_era = y - era * 400;
    int of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;

    return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

void date_parts(int32_t days, int *year, int *month, int *day)
{
    int z = days + 719468, era = (z >= 0 ? z : z - 146096) / 146097, of_era = z - era * 146097;
    int y = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
    int of_year = of_era - (365 * y + y / 4 - y / 100), m = (5 * of_year + 2) / 153;

    *day = of_year - (153 * m + 2) / 5 + 1;
    *month = m < 10 ? m + 3 : m - 9;
    *year = y + era * 400 + (*month <= 2);
}

int32_t date_in_china(int64_t wall_ms)
{
    return (int32_t)((wall_ms + 8 * 3600000LL) / 86400000LL);
}

int64_t date_end_in_china(int32_t days)
{
    return (days + 1LL) * 86400000LL - 8 * 3600000LL - 1;
}
