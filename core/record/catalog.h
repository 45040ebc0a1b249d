// SPDX-License-Identifier: Apache-2.0
// What the catalogue prepares from declarations, so that nothing is parsed or searched by
// name while a call runs. For record/ only.
#pragma once

#include "record/rule.h"

// A derived field: the reference to follow and the field to take there.
struct source_field {
    int ref, field; // ref -1: not derived
};

// A collection with derived fields that follow records of another one.
struct follower {
    struct follower *next;
    const struct collection *collection;
    int ref;      // its field that refers to them
    size_t index; // by which they are found
};

struct prepared {
    struct follower *followers; // of this collection's records
    uint64_t followed;          // bit per field: taken over by them
    const char *place; // where it was declared: "" or "file:line: "
    const struct collection *refs[FIELDS_MAX]; // of REF fields, NULL: not resolved
    struct source_field sources[FIELDS_MAX];
    uint8_t name_lens[FIELDS_MAX];
    uint64_t all, sealed, derived;         // bit per field
    struct slice row_head, version_head;   // the key between organisation and id
    struct slice index_heads[INDEXES_MAX]; // the key between organisation and values
    size_t cuts[INDEXES_MAX];              // bytes that a text may take in the index's keys
    struct rule *allowed[VERB_COUNT];      // as declared, in order
    struct rollup *rollups;                // that its records change
};

struct set {
    struct set_def def; // first: a set_def of the catalogue is a set
    const char *place;  // "" or "file:line: "
    const struct collection *from;
    struct rule match;
    int take;          // field, or -1: the record itself
    bool ready, asks_it; // parsed; uses @it
    bool of_instance;    // the same whatever organisation asks
    uint8_t visit;     // for the search of circles
};

struct rollup {
    struct rollup *next;          // of the catalogue
    struct rollup *next_of;       // of the same collection
    struct rollup_def def;
    const struct collection *of;  // NULL: not resolved
    struct rule where;
    uint8_t by[INDEX_FIELDS_MAX];
    uint64_t by_bits;
    int sum;                      // field, or -1
    struct rule *allowed, *rules; // as declared; compiled
    struct slice head;            // the key between organisation and scope
};

struct catalog {
    struct arena arena;
    struct rollup *rollups;
    struct collection **collections;
    size_t count, size;
    struct set **sets;
    size_t set_count, set_size;
    struct collection *tree; // core.org
    const char *place;       // of what is declared now: "" or "file:line: "
};

static inline uint64_t field_bit(int field)
{
    return (uint64_t)1 << field;
}

static inline bool index_is_apart(const struct collection *collection, size_t index)
{
    // Records of the instance stand under the root anyway.
    return collection->indexes[index].instance && !collection->instance;
}

enum value_kind field_kind(enum field_type type); // how a field of that type is stored
struct set *set_of(const struct set_def *def);
// rollup_declare.c: once every collection and set is known. ERR_INPUT, text for the author.
bool rollup_resolve(struct catalog *catalog, struct rollup *rollup, struct err *err);
bool catalog_copy(struct catalog *catalog, const struct collection *declared,
                  struct collection **copy, struct err *err); // declare.c: checked and copied
