// SPDX-License-Identifier: Apache-2.0
#include "base/still.h"

// Deadlines go by a clock that runs on from 1970: here the same one, moved by who moves it.
static int64_t wall_ms(struct clock *clock)
{
    return ((struct still_clock *)clock)->wall_ms;
}

static int64_t mono_us(struct clock *clock)
{
    return wall_ms(clock) * 1000;
}

void still_clock_init(struct still_clock *still, int64_t wall)
{
    *still = (struct still_clock){{wall_ms, mono_us}, wall};
}

// splitmix64 (Steele, Lea and Flood)
static uint64_t mix(uint64_t x)
{
    x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9;
    x = (x ^ x >> 27) * 0x94d049bb133111eb;
    return x ^ x >> 31;
}

static void fill(struct random *random, void *bytes, size_t len)
{
    struct still_random *still = (struct still_random *)random;
    uint64_t number = ++still->drawn, word = number;
    uint8_t *at = bytes;

    for (size_t i = 0; i < len; i++) {
        if (i == 8 || (i > 8 && i % 8 == 0))
            word = mix(number + i);
        at[i] = (uint8_t)(word >> (56 - 8 * (i % 8)));
    }
}

void still_random_init(struct still_random *still)
{
    *still = (struct still_random){{fill}, 0};
}
