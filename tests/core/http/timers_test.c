// SPDX-License-Identifier: Apache-2.0
#include "check.h"

#include "http/timers.h"

struct bell {
    int rung;
    struct timers *timers;
    struct loop_timer *other;
};

static void ring(void *context)
{
    ((struct bell *)context)->rung++;
}

static void ring_and_cancel(void *context)
{
    struct bell *bell = context;

    bell->rung++;
    timers_remove(bell->timers, bell->other);
}

static void timers_fire_in_order_of_their_time(void)
{
    struct timers timers = {0};
    struct bell bells[100] = {0};

    for (int i = 0; i < 100; i++)
        timers_add(&timers, 1000 * ((i * 37) % 100), ring, &bells[(i * 37) % 100]);
    for (int now = 0; now < 100; now++) {
        timers_fire(&timers, 1000 * now);
        for (int i = 0; i < 100; i++)
            CHECK(bells[i].rung == (i <= now));
    }
    CHECK(timers_wait(&timers, 0, 200) == 200);
    timers_finish(&timers);
}

static void a_cancelled_timer_does_not_fire(void)
{
    struct timers timers = {0};
    struct bell bells[50] = {0};
    struct loop_timer *made[50];

    for (int i = 0; i < 50; i++)
        made[i] = timers_add(&timers, (i * 7) % 50, ring, &bells[i]);
    for (int i = 0; i < 50; i += 2)
        timers_remove(&timers, made[i]);
    timers_fire(&timers, 50);
    for (int i = 0; i < 50; i++)
        CHECK(bells[i].rung == i % 2);
    timers_finish(&timers);
}

static void a_callback_may_cancel_another_that_is_due(void)
{
    struct timers timers = {0};
    struct bell second = {0}, first = {0, &timers, timers_add(&timers, 2, ring, &second)};

    timers_add(&timers, 1, ring_and_cancel, &first);
    timers_fire(&timers, 10);
    CHECK(first.rung == 1 && second.rung == 0 && timers.count == 0);
    timers_finish(&timers);
}

static void the_wait_ends_when_the_next_is_due(void)
{
    struct timers timers = {0};
    struct bell bell = {0};

    timers_add(&timers, 5500, ring, &bell);
    CHECK(timers_wait(&timers, 0, 200) == 6);
    CHECK(timers_wait(&timers, 5499, 200) == 1);
    CHECK(timers_wait(&timers, 9000, 200) == 0);
    CHECK(timers_wait(&timers, -1000000, 200) == 200);
    timers_finish(&timers);
}

int main(void)
{
    RUN(timers_fire_in_order_of_their_time);
    RUN(a_cancelled_timer_does_not_fire);
    RUN(a_callback_may_cancel_another_that_is_due);
    RUN(the_wait_ends_when_the_next_is_due);
    return check_report("timers");
}
