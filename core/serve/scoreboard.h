// SPDX-License-Identifier: Apache-2.0
// A page of memory that the family shares: each process writes its own slot, anyone may
// read all. The supervisor sees by it that a worker's loop turns; /metrics adds it up.
#pragma once

#include <stdatomic.h>

#include "http/http.h"
#include "serve/uses.h"
#include "net/fetch.h"
#include "store/store.h"

enum { WORKERS_MAX = 64, JOBS_MAX = 16 };

struct worker_slot {
    _Atomic int64_t beat_us; // when the loop last turned; 0: not yet serving
    _Atomic int pid;
    _Atomic int confined;    // Landlock holds
    struct http_stats http;  // copied with every beat; a torn read costs one wrong sample
    uint64_t commits, retries, conflicts, script_faults, script_limits, sign_ins, refused_sign_ins;
    struct uses uses;
    _Atomic uint64_t renewals; // times that a signal to reload was followed
    uint64_t rotten; // chunks of files that were not what was stored
    uint64_t live_streams, live_told, live_dropped; // open now; events sent; streams cut for being slow
    uint64_t calls_open, calls_waiting; // now: begun and not ended; not begun
    uint64_t hashes; // of passwords: each costs its 19 MiB and its time
};

struct job_slot {
    _Atomic int64_t beat_us; // when it last looked at the queue; 0: not yet running
    uint64_t done, failed, buried;
    struct uses uses;
    _Atomic uint64_t renewals;
};

struct outbound_slot {
    _Atomic int64_t beat_us; // when its loop last turned; 0: not yet running
    uint64_t open, calls, bytes_in, bytes_out; // bytes of bodies
    uint64_t outcomes[FETCH_OUTCOMES];
};

struct scoreboard {
    _Atomic int committer_pid, committer_ready;
    _Atomic int wants_growth; // in development: what apps declare now needs the store's owner
    _Atomic uint64_t restarts;
    struct store_stats store;
    unsigned workers;
    struct worker_slot worker[WORKERS_MAX];
    struct http_stats gone; // of workers that ended: a counter never goes back
    unsigned jobs;
    struct job_slot job[JOBS_MAX];
    struct outbound_slot outbound;
};

// Keeps what a worker counted that has ended.
void scoreboard_keep(struct scoreboard *board, struct worker_slot *slot);
