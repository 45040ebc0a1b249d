// SPDX-License-Identifier: Apache-2.0
// What a collection is, as bytes that stand in the store beside its records: so that a program
// whose collections are declared otherwise notices, before it reads a record wrongly. For record/
// only; migrate.h is the door.
#pragma once

#include "base/buffer.h"
#include "record/schema.h"

struct described_field {
    struct slice name, ref, from, lookup;
    enum field_type type;
    bool required;
    uint64_t max;
    double at_least, at_most; // NaN: unbounded
    const struct slice *codes;
    size_t code_count;
};

struct described_index {
    struct slice name;
    bool unique;
    uint8_t collation;
};

struct description {
    bool instance;
    struct described_field fields[FIELDS_MAX];
    size_t field_count;
    struct described_index indexes[INDEXES_MAX];
    size_t index_count;
};

void describe(struct buffer *buffer, const struct collection *collection);
// Slices point into bytes; the rest lives in the arena. ERR_CORRUPT.
bool description_read(struct arena *arena, struct slice bytes, struct description *description,
                      struct err *err);
