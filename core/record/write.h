// SPDX-License-Identifier: Apache-2.0
// How one record is written: shared by creating, changing, deleting and undoing. For record/
// only.
#pragma once

#include "record/row.h"

struct writing {
    struct view *view;
    const struct collection *collection;
    struct ref ref;
    struct value *values;    // as they will be stored
    const struct value *old; // NULL: there was no record
    uint64_t given;          // bit per field that the caller gave
    struct problem *problem;
    struct err *err;
};

// Sets *problem and err to "nothing wrong"; values begin as the old ones.
struct writing write_begin(struct view *view, const struct collection *collection, struct ref ref,
                           const struct value *old, struct problem *problem, struct err *err);
// False with err ERR_NONE and the problem set when another record has claimed a value.
bool write_check_unique(struct writing *writing);
bool write_count(struct view *view, struct err *err);
// The record's bytes as the transaction has them now, deleted or not, as the caller expects.
// ERR_CONFLICT when it changed since it was read, ERR_DENIED when another node writes it.
bool write_former(struct view *view, const struct record *record, bool deleted,
                  struct slice *former, struct err *err);
// Buffers the row with what goes with it: index entries, its place in the feed. A row that is
// marked deleted keeps its bytes only.
bool write_row(struct writing *writing, struct row *row, struct slice former, enum verb verb);
// The same, and shows the row as it is now.
bool write_and_show(struct writing *writing, struct row *row, struct slice former, enum verb verb);

// Stores what was filled in by nobody: no version more, nothing in indexes, rollups and the feed.
bool write_filled(struct view *view, const struct row *row, struct slice former, struct err *err);

// file.c. The word for a file that a field may not take, NULL when it may; and what becomes of
// files whose record is written.
const char *file_word(struct writing *writing, size_t field, bool *failed);
bool file_change(struct writing *writing);

// record_create under an id of the caller's.
bool write_new(struct view *view, const struct collection *collection, struct ref ref,
               const struct value *values, struct record **record, struct problem *problem,
               struct err *err);
