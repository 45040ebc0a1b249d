// SPDX-License-Identifier: Apache-2.0
// Whose turn it is, with a clock and a loop that stand still until they are told.
#include "check.h"
#include "serve/turns.h"

enum { TIMERS_MAX = 16 };

struct loop_timer {
    int64_t due_us;
    loop_call *fire;
    void *context;
};

struct world {
    struct loop loop;
    struct clock clock;
    int64_t now_us;
    struct loop_timer timers[TIMERS_MAX];
    struct config config;
    struct turns *turns;
};

static struct world world;

static int64_t mono_us(struct clock *clock)
{
    (void)clock;
    return world.now_us;
}

static struct loop_timer *after(struct loop *loop, int64_t ms, loop_call *fire, void *context)
{
    struct loop_timer *timer = world.timers;

    (void)loop;
    while (timer->fire != NULL)
        timer++;
    *timer = (struct loop_timer){world.now_us + ms * 1000, fire, context};
    return timer;
}

static void cancel(struct loop *loop, struct loop_timer *timer)
{
    (void)loop;
    timer->fire = NULL;
}

// Lets so much time pass.
static void pass(int64_t ms)
{
    int64_t until_us = world.now_us + ms * 1000;

    for (;;) {
        struct loop_timer *next = NULL, due;

        for (struct loop_timer *timer = world.timers; timer < world.timers + TIMERS_MAX; timer++)
            if (timer->fire != NULL && timer->due_us <= until_us &&
                (next == NULL || timer->due_us < next->due_us))
                next = timer;
        if (next == NULL)
            break;
        due = *next;
        next->fire = NULL;
        world.now_us = due.due_us > world.now_us ? due.due_us : world.now_us;
        due.fire(due.context);
    }
    world.now_us = until_us;
}

struct visitor {
    struct turns_place place;
    unsigned went;
};

static void go(void *context)
{
    ((struct visitor *)context)->went++;
}

static enum turns_entry enter(struct visitor *visitor, const char *lane)
{
    int64_t wait_ms;

    *visitor = (struct visitor){.place = {.go = go, .drop = go, .context = visitor}};
    return turns_enter(world.turns, &visitor->place, slice_text(lane), &wait_ms);
}

static void begin(int64_t open)
{
    world = (struct world){.loop = {.after = after, .cancel = cancel},
                           .clock = {.mono_us = mono_us},
                           .now_us = 1000000,
                           .config = {.script = {.open = open, .queue = 16}}};
    world.turns = turns_create(&world.config, &world.loop, &world.clock);
}

static void who_pays_back_keeps_nobody_else_waiting(void)
{
    struct visitor spender, sleeper, paying, other;

    begin(1);
    CHECK(enter(&spender, "east/spend") == TURNS_NOW);
    turns_leave(world.turns, &spender.place, 1000000);
    CHECK(enter(&sleeper, "east/sleep") == TURNS_NOW);
    turns_wait(world.turns, &sleeper.place, 60000);
    CHECK(enter(&other, "west/read") == TURNS_LATER); // the one place is taken
    CHECK(enter(&paying, "east/spend") == TURNS_LATER);
    turns_leave(world.turns, &sleeper.place, 0);      // its client has gone
    pass(1);
    CHECK(other.went == 1 && paying.went == 0);
    turns_leave(world.turns, &other.place, 0);
    pass(9000);
    CHECK(paying.went == 0);
    pass(2000);
    CHECK(paying.went == 1);
    turns_leave(world.turns, &paying.place, 0);
    turns_destroy(world.turns);
}

int main(void)
{
    RUN(who_pays_back_keeps_nobody_else_waiting);
    return check_report("serve lanes");
}
