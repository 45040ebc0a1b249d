// SPDX-License-Identifier: Apache-2.0
// Deleting, undoing it, and taking away for good what was deleted long ago.
//
// A deleted record stays under its key, marked; a list ordered by time (SPACE_DELETED) names
// what is to be taken away. Both change in one commit, so that neither is ever without the
// other.
#include "blob/file.h"
#include "record/access.h"
#include "record/key.h"
#include "record/write.h"

static const int64_t DAY_MS = 86400000;
enum { VERSIONS_SWEPT = 100 }; // of one record at a time

bool record_delete(struct view *view, struct record *record, struct err *err)
{
    struct row *row = (struct row *)record;
    struct problem none;
    struct writing writing =
        write_begin(view, record->collection, record->ref, row->stored, &none, err);
    struct slice former;
    uint64_t fields;
    struct key key;

    if (!access_fields(view, VERB_DELETE, record->collection, &record->ref, row->stored, &fields,
                       err))
        return false;
    if (fields == 0)
        return err_set(err, ERR_DENIED, "%s: may not delete", record->collection->full);
    if (!write_former(view, record, false, &former, err) || !write_count(view, err))
        return false;
    row->deleted = true;
    if (!write_row(&writing, row, former, VERB_DELETE))
        return false;
    key_deleted(&key, record->modified_ms, &record->ref);
    return store_put(view->txn, key_slice(&key), slice_text(record->collection->full), err);
}

// *may false: there is nothing to undo, or not for this principal; both look the same.
static bool may_undo(struct view *view, const struct row *row, bool *may, struct err *err)
{
    uint64_t fields = 0;

    if (row != NULL && !access_fields(view, VERB_DELETE, row->record.collection, &row->record.ref,
                                      row->stored, &fields, err))
        return false;
    *may = fields != 0;
    return true;
}

bool record_undelete(struct view *view, const struct collection *collection, struct ref ref,
                     struct record **record, struct problem *problem, struct err *err)
{
    struct writing writing = write_begin(view, collection, ref, NULL, problem, err);
    struct slice former;
    struct row *row;
    struct key key;
    bool may;

    *record = NULL;
    if (!row_load_deleted(view, collection, ref, &row, &former, err) ||
        !may_undo(view, row, &may, err))
        return false;
    if (!may) {
        *problem = (struct problem){"", "absent"};
        return false;
    }
    writing.values = row->stored;
    if (!write_check_unique(&writing) || !write_former(view, &row->record, true, &former, err) ||
        !write_count(view, err))
        return false;
    key_deleted(&key, row->record.modified_ms, &ref);
    row->deleted = false;
    if (!store_delete(view->txn, key_slice(&key), err) ||
        !write_and_show(&writing, row, former, VERB_CREATE))
        return false;
    *record = &row->record;
    return true;
}

// Housekeeping ----------------------------------------------------------------------------

// It may have come back and been deleted anew: then a later entry of the list names it.
static bool is_still_deleted(struct slice bytes, int64_t time_ms, bool *so, struct err *err)
{
    struct codec_head head = {0};

    *so = false;
    if (bytes.data == NULL)
        return true;
    if (!codec_head(bytes, &head, err))
        return false;
    *so = (head.flags & CODEC_DELETED) != 0 && head.modified_ms == time_ms;
    return true;
}

// *all false: there are more than one piece takes.
static bool sweep_versions(struct view *view, struct slice full, const struct ref *ref, bool *all,
                           struct err *err)
{
    struct store_range *range;
    struct slice version, bytes;
    struct key key;
    size_t swept = 0;
    bool done = true;

    key_named(&key, full, KEY_VERSION, ref);
    range = store_range_open(view->txn, key_slice(&key), (struct slice){NULL, 0}, false, err);
    if (range == NULL)
        return false;
    while (done && swept < VERSIONS_SWEPT && store_range_next(range, &version, &bytes, err)) {
        done = store_delete(view->txn, version, err);
        swept++;
    }
    store_range_close(range);
    *all = swept < VERSIONS_SWEPT;
    return done && err->code == ERR_NONE;
}

// The record and its past; its place in the list only when nothing is left of it.
static bool sweep_record(struct view *view, struct slice full, const struct ref *ref,
                         struct slice entry, struct err *err)
{
    struct key key;
    bool all;

    if (!sweep_versions(view, full, ref, &all, err) || !all)
        return err->code == ERR_NONE;
    if (!blob_drop_held(view->txn, &ref->org, &ref->id, clock_wall_ms(view->clock), err))
        return false;
    key_named(&key, full, KEY_ROW, ref);
    return store_delete(view->txn, key_slice(&key), err) && store_delete(view->txn, entry, err);
}

static bool sweep_one(struct view *view, struct slice entry, struct slice full, struct err *err)
{
    struct key key;
    struct slice bytes;
    struct ref ref;
    int64_t time_ms;
    bool deleted;

    if (!key_read_deleted(entry, &time_ms, &ref))
        return err_set(err, ERR_CORRUPT, "an entry of the deleted records cannot be read");
    key_named(&key, full, KEY_ROW, &ref);
    if (!store_get(view->txn, key_slice(&key), &bytes, err) ||
        !is_still_deleted(bytes, time_ms, &deleted, err))
        return false;
    return deleted ? sweep_record(view, full, &ref, entry, err)
                   : store_delete(view->txn, entry, err);
}

bool record_sweep(struct view *view, size_t max, size_t *swept, struct err *err)
{
    int64_t before = clock_wall_ms(view->clock) - DELETED_DAYS_KEPT * DAY_MS;
    struct store_range *range;
    struct slice entry, full;
    struct key from, to;
    bool done = true;

    *swept = 0;
    if (before < 0)
        return true;
    key_deleted_at(&from, 0);
    key_deleted_at(&to, before);
    range = store_range_open(view->txn, key_slice(&from), key_slice(&to), false, err);
    if (range == NULL)
        return false;
    while (done && *swept < max && store_range_next(range, &entry, &full, err)) {
        done = sweep_one(view, entry, full, err);
        ++*swept;
    }
    store_range_close(range);
    return done && err->code == ERR_NONE;
}
