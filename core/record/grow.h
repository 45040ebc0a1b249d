// SPDX-License-Identifier: Apache-2.0
// What is to be done to the stored records of a collection that has grown. For record/ only.
#pragma once

#include "record/described.h"
#include "record/migrate.h"

struct growth {
    enum schema_change change;
    const char *reason;
    uint64_t filled;         // bit per field: new, with a default or derived
    uint16_t built;          // bit per index: not there yet, or of another kind
    struct described_index dropped[INDEXES_MAX]; // whose entries are to go
    size_t dropped_count;
};

// stored: the description, data NULL: none.
bool growth_of(struct view *view, const struct collection *collection, struct slice stored,
               struct growth *growth, struct err *err);
