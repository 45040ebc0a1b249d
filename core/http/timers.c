// SPDX-License-Identifier: Apache-2.0
#include "http/timers.h"

#include <stdlib.h>

#include "base/mem.h"

static void put(struct timers *timers, size_t place, struct loop_timer *timer)
{
    timers->heap[place] = timer;
    timer->place = place;
}

static void sift_up(struct timers *timers, struct loop_timer *timer)
{
    size_t at = timer->place;

    while (at > 0 && timers->heap[(at - 1) / 2]->due_us > timer->due_us) {
        put(timers, at, timers->heap[(at - 1) / 2]);
        at = (at - 1) / 2;
    }
    put(timers, at, timer);
}

static void sift_down(struct timers *timers, struct loop_timer *timer)
{
    size_t at = timer->place, child;

    while ((child = 2 * at + 1) < timers->count) {
        if (child + 1 < timers->count &&
            timers->heap[child + 1]->due_us < timers->heap[child]->due_us)
            child++;
        if (timers->heap[child]->due_us >= timer->due_us)
            break;
        put(timers, at, timers->heap[child]);
        at = child;
    }
    put(timers, at, timer);
}

struct loop_timer *timers_add(struct timers *timers, int64_t due_us, loop_call *fire, void *context)
{
    struct loop_timer *timer = mem_zero(sizeof *timer);

    if (timers->count == timers->size) {
        timers->size = timers->size > 0 ? timers->size * 2 : 64;
        timers->heap = mem_resize(timers->heap, timers->size * sizeof(struct loop_timer *));
    }
    *timer = (struct loop_timer){due_us, timers->count, fire, context};
    timers->count++;
    sift_up(timers, timer);
    return timer;
}

static void take_out(struct timers *timers, struct loop_timer *timer)
{
    struct loop_timer *moved = timers->heap[--timers->count];

    if (moved == timer)
        return;
    put(timers, timer->place, moved);
    sift_up(timers, moved);
    sift_down(timers, moved);
}

void timers_remove(struct timers *timers, struct loop_timer *timer)
{
    take_out(timers, timer);
    free(timer);
}

int32_t timers_wait(const struct timers *timers, int64_t now_us, int32_t most_ms)
{
    int64_t left_ms;

    if (timers->count == 0)
        return most_ms;
    left_ms = (timers->heap[0]->due_us - now_us + 999) / 1000;
    return left_ms < 0 ? 0 : left_ms < most_ms ? (int32_t)left_ms : most_ms;
}

void timers_fire(struct timers *timers, int64_t now_us)
{
    // What a callback adds as due at once waits for the next turn.
    while (timers->count > 0 && timers->heap[0]->due_us <= now_us) {
        struct loop_timer *timer = timers->heap[0];
        loop_call *fire = timer->fire;
        void *context = timer->context;

        timers_remove(timers, timer);
        fire(context);
    }
}

void timers_finish(struct timers *timers)
{
    while (timers->count > 0)
        free(timers->heap[--timers->count]);
    free(timers->heap);
    *timers = (struct timers){NULL, 0, 0};
}
