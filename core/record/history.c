// SPDX-License-Identifier: Apache-2.0
// What records were. Every version but the last stands under its number, as it was stored.
#include "record/access.h"
#include "record/key.h"

static bool keeps_history(const struct collection *collection, struct err *err)
{
    return collection->history ||
           err_set(err, ERR_INPUT, "%s keeps no history: declare history = true",
                   collection->full);
}

// Walks the former versions, newest first. *row NULL at the end.
static bool next_former(struct view *view, const struct record *now, struct store_range *range,
                        struct row **row, struct err *err)
{
    struct slice key, bytes;

    *row = NULL;
    err->code = ERR_NONE;
    if (!store_range_next(range, &key, &bytes, err))
        return err->code == ERR_NONE;
    return row_count_read(view, err) &&
           row_decode_former(view, now->collection, now->ref, bytes, row, err);
}

static struct store_range *open_versions(struct view *view, const struct record *now,
                                         struct err *err)
{
    struct key key;

    key_versions(&key, now->collection, &now->ref);
    return store_range_open(view->txn, key_slice(&key), (struct slice){NULL, 0}, true, err);
}

// *fields: what is open of this version to who may read so much of the record as it stands.
static bool open_fields(struct view *view, const struct row *row, uint64_t now, uint64_t *fields,
                        struct err *err)
{
    if (!access_fields(view, VERB_READ, row->record.collection, &row->record.ref, row->stored,
                       fields, err))
        return false;
    *fields &= now;
    return true;
}

// *row NULL: it was not there yet, or it was deleted then.
static bool find_former(struct view *view, const struct record *now, int64_t time_ms,
                        struct row **row, struct err *err)
{
    struct store_range *range = open_versions(view, now, err);
    bool done = range != NULL;

    *row = NULL;
    while (done && (done = next_former(view, now, range, row, err)) && *row != NULL &&
           (*row)->record.modified_ms > time_ms)
        continue;
    store_range_close(range);
    if (done && *row != NULL && (*row)->deleted)
        *row = NULL;
    return done;
}

bool record_as_of(struct view *view, const struct collection *collection, struct ref ref,
                  int64_t time_ms, struct record **record, struct err *err)
{
    struct row *now, *then;
    uint64_t open, fields;

    *record = NULL;
    if (!keeps_history(collection, err) || !row_load(view, collection, ref, &now, err))
        return false;
    if (now == NULL)
        return true;
    if (!open_fields(view, now, UINT64_MAX, &open, err))
        return false;
    then = now;
    if (now->record.modified_ms > time_ms &&
        !find_former(view, &now->record, time_ms, &then, err))
        return false;
    if (open == 0 || then == NULL)
        return true;
    if (!open_fields(view, then, open, &fields, err))
        return false;
    if (fields == 0)
        return true;
    *record = &then->record;
    row_show(view, then, fields);
    return true;
}

static bool add_version(struct view *view, struct row *row, uint64_t open,
                        struct record_version *versions, size_t *count, struct err *err)
{
    uint64_t fields;

    if (row->deleted)
        return true;
    if (!open_fields(view, row, open, &fields, err))
        return false;
    if (fields == 0)
        return true;
    versions[(*count)++] = (struct record_version){&row->record, row->writer};
    row_show(view, row, fields);
    return true;
}

static void turn_round(struct record_version *versions, size_t count)
{
    for (size_t i = 0; i < count / 2; i++) {
        struct record_version version = versions[i];

        versions[i] = versions[count - 1 - i];
        versions[count - 1 - i] = version;
    }
}

bool record_history(struct view *view, const struct record *record,
                    struct record_version **versions, size_t *count, struct err *err)
{
    struct store_range *range;
    struct row *row;
    uint64_t open;
    bool done;

    *count = 0;
    *versions = arena_alloc(view->arena, VERSIONS_MAX * sizeof **versions);
    if (!keeps_history(record->collection, err) ||
        !row_load(view, record->collection, record->ref, &row, err))
        return false;
    if (row == NULL)
        return true;
    if (!open_fields(view, row, UINT64_MAX, &open, err))
        return false;
    if (open == 0)
        return true;
    range = open_versions(view, record, err);
    done = range != NULL;
    while (done && row != NULL && *count < VERSIONS_MAX)
        done = add_version(view, row, open, *versions, count, err) &&
               next_former(view, record, range, &row, err);
    store_range_close(range);
    turn_round(*versions, *count);
    return done;
}
