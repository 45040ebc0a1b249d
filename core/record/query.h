// SPDX-License-Identifier: Apache-2.0
// Walking the sources of a plan. For record/ only.
#pragma once

#include "record/plan.h"

// A row that a source names.
struct candidate {
    struct ref ref;
    const struct source *source;
    struct slice order; // the encoded value that orders; empty: by id
    struct slice bytes; // the record, when the source holds it
    struct row *row;    // when it was loaded already
};

struct stream {
    const struct source *source;
    struct store_range *range;
    size_t at;
    bool counted; // some read was
};

bool stream_open(struct view *view, const struct plan *plan, const struct source *source,
                 struct stream *stream, struct err *err);
// *found false at the end. Counts a read for every entry of an index, and one for a range that
// holds none: many ranges are work too.
bool stream_next(struct view *view, const struct plan *plan, struct stream *stream,
                 struct candidate *candidate, bool *found, struct err *err);
void stream_close(struct stream *stream);

// Loads the row and asks what the source left open. *row NULL: absent, or it does not hold.
bool candidate_load(const struct ask *ask, const struct candidate *candidate, struct row **row,
                    struct err *err);
