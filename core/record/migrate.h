// SPDX-License-Identifier: Apache-2.0
// What a collection was when its records were written stands in the store. When an app declares
// it otherwise, the kinds of change that nobody has to decide are made by the machine: a field
// more, an index more or less, bounds that are wider. Everything else is refused, and the records
// stay as they are.
//
// The change is made in steps of bounded size, each a commit of its own with the place it has
// come to: whoever is killed goes on there. Until the last step the old description stands, so
// that nobody takes half an index for a whole one. For the owner of the store, while nobody serves.
#pragma once

#include "record/record.h"

enum schema_change {
    SCHEMA_SAME,
    SCHEMA_GROWS,  // the steps make it the same
    SCHEMA_BREAKS, // refused
};

// How the declaration stands to what is stored; a collection that the store does not know yet
// grows, and so does one whose growth into something else was begun and taken back. *reason, in the
// view's arena, says what breaks (or grows).
bool schema_compare(struct view *view, const struct collection *collection,
                    enum schema_change *change, const char **reason, struct err *err);
// One step in a write transaction, which the caller commits. *done: it was the last one.
// *reason set: it cannot go on (two records claim one value of a new unique index); nothing is
// to be committed.
struct schema_progress {
    bool done;
    size_t records; // visited in this step
    const char *reason;
};
bool schema_step(struct view *view, const struct collection *collection,
                 struct schema_progress *progress, struct err *err);

// The same for a rollup: is what it counts what the counters in the store were counted by? After
// record_rebuild at every organisation it is to be noted.
bool rollup_is_counted(struct view *view, const struct rollup *rollup, bool *counted,
                       struct err *err);
bool rollup_note_counted(struct view *view, const struct rollup *rollup, struct err *err);
// All rollups of a catalogue, one after the other: NULL begins, NULL ends.
const struct rollup *catalog_next_rollup(const struct catalog *catalog,
                                         const struct rollup *rollup);
const char *rollup_name(const struct rollup *rollup);
