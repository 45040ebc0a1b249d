// SPDX-License-Identifier: Apache-2.0
// The durable queue: work that is queued in the same commit as what caused it, and done later
// by a process that leases it.
//
// A job waits under its app and the time it is due. To lease it is to move it to the time at
// which the lease runs out: whoever dies leaves it where it will be found. To finish it is to
// delete it in the commit of its effects; since that commit has read where the job stood, of
// two that ran it only one commits. So an effect is there exactly once, whoever is killed when.
//
// Lifetime: jobs that are read live in the view's arena.
// Threads: as the view's transaction. Everything but queue_next and the lists needs one that writes.
#pragma once

#include "record/record.h"

enum { JOB_NAME_MAX = 64, JOB_ARG_MAX = 16 * 1024, JOB_KEY_MAX = 200, JOB_PROBLEM_MAX = 400 };

struct job {
    struct id id;
    struct id org;     // where it was queued, and runs
    const char *app, *name;
    struct slice key;  // while one of this key waits, another is the same; empty: none
    struct slice arg;  // JSON
    int64_t queued_ms, due_ms;
    uint32_t failures; // runs that ended badly
    uint32_t lost;     // runs since then of which nothing was heard: the process died
    const char *problem; // of the last failure, or ""
};

// Fills in id and queued_ms. *added is false when one of its key waits already: that one,
// with what it was given, stands for both. ERR_LIMIT when a size is beyond the ones above.
bool queue_add(struct view *view, struct job *job, bool *added, struct err *err);

// The first job of the app that is due, or *job NULL and in *due_ms when the first will be
// (INT64_MAX: none waits). For a snapshot that only reads: it looks at a range.
bool queue_next(struct view *view, const char *app, int64_t now_ms, struct job **job,
                int64_t *due_ms, struct err *err);

// Each of these moves the job from where it was read. ERR_ABSENT when it no longer stands there:
// somebody else has it, or it is done.
bool queue_lease(struct view *view, struct job *job, int64_t until_ms, struct err *err);
bool queue_finish(struct view *view, const struct job *job, struct err *err);
// Puts it back, with its failures and problem as they are in the struct now.
bool queue_return(struct view *view, struct job *job, int64_t due_ms, struct err *err);
// To the dead letters, where it stays until a person decides.
bool queue_bury(struct view *view, struct job *job, struct err *err);

// What waits (by app and time), or the dead letters (oldest first); at most max.
bool queue_list(struct view *view, bool dead, size_t max, struct job **jobs, size_t *count,
                struct err *err);
// A dead letter waits again, due now, as if it had never run. *found false: there is none of
// this id. When another of its key waits, that one stands for both.
bool queue_revive(struct view *view, struct id id, bool *found, struct err *err);

struct queue_counts {
    int64_t waiting, dead;
};
bool queue_count(struct view *view, struct queue_counts *counts, struct err *err);

// When to try again after so many failures: doubling from base_ms up to an hour, half of it by
// chance, so that what failed together does not come back together.
int64_t queue_pause_ms(struct random *random, int64_t base_ms, uint32_t failures);
