// SPDX-License-Identifier: Apache-2.0
// The event streams of a worker (GET /live). It reads the log of record/live.h by itself when the
// committer wakes it, keeps the last events in memory, and asks for each event and each
// listener whether they may hear, on a snapshot of that moment: what was taken away is taken
// away from open streams too.
//
// A stream lives as long as its session. Who comes back says the number of the last event they
// had; what they missed and may hear follows, or a `reset` when it is no longer kept.
#pragma once

#include "serve/exchange.h"

struct live;

// wake: an eventfd, readable when the log grew.
struct live *live_create(struct worker *worker, int wake, struct err *err);
void live_destroy(struct live *live); // accepts NULL
// Closes what is open and takes no more: who was here comes back to another worker.
void live_drain(struct live *live);
// Takes up what the log holds. After it, a snapshot that is begun is no newer than what was taken.
void live_catch_up(struct live *live);
