// SPDX-License-Identifier: Apache-2.0
// Whose turn it is in a worker. Calls that have not ended after their first turn go on one at a
// time, between two turns of the loop, by organisation and app: who has many open gets no more than
// who has one. A request that comes meanwhile has its first turn at once.
//
// At most script.open calls are open; then requests wait in front of their snapshots, each
// organisation and app in a lane of its own, and of a lane one call is open at a time (the
// platform's own pages have one lane, first and without that limit). At most script.queue wait.
//
// A lane whose call used its time up pays back: the next one begins after a pause ten times as
// long. So a handler that never ends costs its neighbours a tenth of the processor, in turns, however
// often it is asked for.
#pragma once

#include "base/clock.h"
#include "base/loop.h"
#include "base/slice.h"
#include "config/config.h"

struct turns;
struct lane;

// A request's place, in its own memory, which does not move. All zero: nowhere.
struct turns_place {
    struct lane *lane;
    struct turns_place *next; // in a list of its lane
    enum { PLACE_RUNS, PLACE_WAITS_TO_BEGIN, PLACE_READY, PLACE_WAITS } state;
    loop_call *go, *drop; // drop: the worker stops, or the client has gone
    void *context;
    struct loop_timer *timer; // of one that waits
};

struct turns *turns_create(const struct config *config, struct loop *loop, struct clock *clock);
// Drops everybody who is not running. Accepts NULL.
void turns_destroy(struct turns *turns);

enum turns_entry { TURNS_NOW, TURNS_LATER, TURNS_FULL };
// key: the organisation and the app, or "" for the platform. NOW: it is its turn. LATER: go is
// called when it is. FULL: *wait_ms says when to come again.
enum turns_entry turns_enter(struct turns *turns, struct turns_place *place, struct slice key,
                             int64_t *wait_ms);
// Its turn is over: go is called when it has the next.
void turns_again(struct turns *turns, struct turns_place *place);
// It waits for something else, of which turns_again tells; at the latest after wall_ms go is called.
void turns_wait(struct turns *turns, struct turns_place *place, int64_t wall_ms);
// It has ended, or is to be forgotten. spent_us: processor time that its lane pays back, or 0.
// Nothing happens when it is nowhere.
void turns_leave(struct turns *turns, struct turns_place *place, int64_t spent_us);
bool turns_is_strict(const struct turns *turns, const struct turns_place *place); // has used time up lately
size_t turns_open(const struct turns *turns);    // calls that have begun
size_t turns_waiting(const struct turns *turns); // requests that have not
