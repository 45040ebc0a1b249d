// SPDX-License-Identifier: Apache-2.0
// The last events, by their numbers. Numbers follow each other; what is no event leaves a gap.
#pragma once

#include "http/http.h"
#include "record/live.h"

struct live_event {
    uint64_t number;
    struct live_entry entry;  // of kind LIVE_EVENT; lies behind, as does path
    const struct id *path;    // from its organisation up to the root
    size_t path_count;
    struct http_chunk *frame; // as it is sent
};

struct live_ring {
    struct live_event **events;
    size_t size;
    uint64_t first, last; // what is kept; none: first is last + 1
};

// last: the number before the first that will be pushed.
void live_ring_init(struct live_ring *ring, size_t size, uint64_t last);
void live_ring_finish(struct live_ring *ring);
// Takes the event, or NULL for a number that is none. After a gap it begins anew.
void live_ring_push(struct live_ring *ring, uint64_t number, struct live_event *event);
// NULL: no event, or not kept.
struct live_event *live_ring_at(const struct live_ring *ring, uint64_t number);
// Is everything after this number still here?
bool live_ring_covers(const struct live_ring *ring, uint64_t after);

// bytes: an entry of kind LIVE_EVENT. NULL: malformed.
struct live_event *live_event_make(uint64_t number, struct slice bytes, const struct id *path,
                                   size_t path_count);
void live_event_destroy(struct live_event *event);

// The number that a client says it had: digits, at most 19 of them. False: nonsense.
bool live_number(struct slice text, uint64_t *number);
