// SPDX-License-Identifier: Apache-2.0
// What applications take, by organisation, in the scoreboard: a process counts its own, /metrics adds
// them up. There are as many rows as are worth looking at: the heaviest organisations have one each,
// the others share one an app, so that ten thousand schools are no ten thousand figures.
#pragma once

#include "base/buffer.h"
#include "bind/host.h"

enum { USES_MAX = 64, USE_APPS_MAX = 64, USE_NAME_MAX = 33, USES_SHOWN = 50 };

struct use_row {
    char app[USE_NAME_MAX]; // "": free
    struct id org;          // zero: all that have no row of their own
    uint64_t calls, cpu_us, reads, writes, bytes;
    uint64_t memory;        // the most that a call grew by
    uint32_t weight;        // of late: halved from time to time
};

struct uses {
    uint64_t seen;
    struct use_row rows[USES_MAX];
    struct use_row rest[USE_APPS_MAX];
};

void uses_note(struct uses *uses, const struct host_use *use);
// Prometheus text of several processes' together.
void uses_print(const struct uses *const *all, size_t count, struct arena *memory,
                struct buffer *out);
