// SPDX-License-Identifier: Apache-2.0
// What the files of /live share: live.c tells, live_listen.c knows who listens and what they may
// hear, live_open.c answers a request. Nobody else includes it.
#pragma once

#include "serve/live.h"
#include "serve/live_ring.h"

enum { LISTENER_BUCKETS = 4096 };

// A person with open streams at this worker, however many.
struct listener {
    struct listener *next; // in its bucket
    struct live_stream *streams;
    size_t count;
    struct id person;
    struct role_grant *grants; // one block with the names of the roles; NULL: to be asked for
    size_t grant_count;
    int64_t until_ms;          // when they change by the clock; 0: never
    uint64_t asked;            // the last event that was asked for, and the answer
    bool hears;
};

struct live_stream {
    struct live_stream *next, **link; // of all, in the order of their coming
    struct live_stream *next_of;      // of the same listener
    struct live *live;
    struct listener *listener;
    struct http_stream *http;
    uint64_t since;  // no event up to this number is to be told
    int64_t told_us; // when something was sent
    int64_t ends_ms; // of its session, unless that is used before
    uint8_t session[DIGEST_LEN];
};

struct live {
    struct worker *worker;
    struct live_ring ring;
    struct live_stream *streams, **last;
    size_t count;
    struct listener *listeners[LISTENER_BUCKETS];
    struct loop_watch *watch;
    struct loop_timer *pump, *beat;
    int wake;
    uint64_t told; // all events up to this one were told
    struct live_stream *cursor, *beat_cursor; // next for the event under way; for the heartbeat
    uint64_t asked; // the last event whose app was asked for, and whether it is on there
    bool is_on;
    size_t looks; // at the store for one listener and event, since whoever counts began
    bool crowded;  // somebody could hardly take more in this turn
    bool walking;  // the event after told is under way
    struct http_chunk *heartbeat;
    struct budget budget; // of one step: whoever tells is the system
    struct arena memory, asking; // of one step; of one question about rules
    bool draining;
};

// A view for the system on its own snapshot, in live->memory. End it with store_end(view.txn).
bool live_look(struct live *live, struct view *view, struct err *err);

// live_listen.c
struct listener *listener_find(struct live *live, const struct id *person);
struct live_stream *stream_add(struct live *live, const struct session *session);
void stream_remove(struct live_stream *stream); // the http stream is closed, or gone
void stream_cut(struct live_stream *stream);    // closes it
// True: the session is over, or was in error; the stream is gone.
bool stream_check(struct live_stream *stream, struct view *view);
// May they hear of it, now? Errors are no.
bool listener_hears(struct live *live, struct listener *listener, const struct view *system,
                    const struct live_event *event);
