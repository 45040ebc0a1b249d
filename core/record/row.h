// SPDX-License-Identifier: Apache-2.0
// A record as it is stored, behind the record that is shown. For record/ only.
#pragma once

#include "record/catalog.h"
#include "record/codec.h"
#include "record/record.h"

// Every record that leaves record/ is a row: rules look at what is stored, not at what the
// principal may see.
struct row {
    struct record record; // first
    struct value *stored;
    bool deleted;
    struct id writer; // of this version; zero: not known
};

static inline const struct row *row_of(const struct record *record)
{
    return (const struct row *)record;
}

// Counts one read; ERR_LIMIT when the budget ends.
bool row_count_read(struct view *view, struct err *err);

// An instance's collections stand under the root, whatever organisation is named.
static inline struct id row_org(const struct view *view, const struct collection *collection,
                                struct id org)
{
    return collection->instance ? view->root : org;
}

// Without any rule. *row NULL when absent or deleted.
bool row_load(struct view *view, const struct collection *collection, struct ref ref,
              struct row **row, struct err *err);
bool row_decode(struct view *view, const struct collection *collection, struct ref ref,
                struct slice bytes, struct row **row, struct err *err);
bool row_decode_any(struct view *view, const struct collection *collection, struct ref ref,
                    struct slice bytes, struct row **row, struct err *err); // deleted or not
// The same for a deleted one: *row NULL unless it can be undone. former: its bytes.
bool row_load_deleted(struct view *view, const struct collection *collection, struct ref ref,
                      struct row **row, struct slice *former, struct err *err);
// A former version as it stood, marked so; deleted or not.
bool row_decode_former(struct view *view, const struct collection *collection, struct ref ref,
                       struct slice bytes, struct row **row, struct err *err);
// Fills in what is shown: unreadable fields become NULL.
void row_show(struct view *view, struct row *row, uint64_t readable);
