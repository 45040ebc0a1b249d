// SPDX-License-Identifier: Apache-2.0
#include "record/row.h"

#include "record/key.h"
#include "record/sealed.h"

bool row_count_read(struct view *view, struct err *err)
{
    if (view->budget->reads >= view->budget->reads_max)
        return err_set(err, ERR_LIMIT, "more than %u records read", view->budget->reads_max);
    view->budget->reads++;
    return true;
}

// Few records may be long: their number alone does not bound what a call takes.
static bool count_bytes(struct view *view, size_t len, struct err *err)
{
    struct budget *budget = view->budget;

    if (budget->bytes_max > 0 && budget->bytes + len > budget->bytes_max)
        return err_set(err, ERR_LIMIT, "records of more than %zu bytes read", budget->bytes_max);
    budget->bytes += len;
    return true;
}

static bool decode(struct view *view, const struct collection *collection, struct ref ref,
                   struct slice bytes, struct row **result, struct err *err)
{
    struct row *row;
    struct codec_head head;

    if (!count_bytes(view, bytes.len, err))
        return false;
    row = arena_alloc(view->arena, sizeof *row);
    row->stored = arena_alloc(view->arena, collection->field_count * sizeof *row->stored);
    if (!codec_decode(collection, arena_slice(view->arena, bytes), &head, row->stored, err))
        return false;
    row->record = (struct record){
        .collection = collection,
        .ref = ref,
        .version = head.version,
        .home = head.home,
        .created_ms = head.created_ms,
        .modified_ms = head.modified_ms,
        .values = row->stored,
    };
    row->deleted = (head.flags & CODEC_DELETED) != 0;
    row->writer = head.writer;
    *result = row;
    return true;
}

bool row_decode(struct view *view, const struct collection *collection, struct ref ref,
                struct slice bytes, struct row **row, struct err *err)
{
    if (!decode(view, collection, ref, bytes, row, err))
        return false;
    if ((*row)->deleted)
        *row = NULL;
    return true;
}

bool row_decode_any(struct view *view, const struct collection *collection, struct ref ref,
                    struct slice bytes, struct row **row, struct err *err)
{
    return decode(view, collection, ref, bytes, row, err);
}

bool row_decode_former(struct view *view, const struct collection *collection, struct ref ref,
                       struct slice bytes, struct row **row, struct err *err)
{
    if (!decode(view, collection, ref, bytes, row, err))
        return false;
    (*row)->record.former = true;
    return true;
}

bool row_load_deleted(struct view *view, const struct collection *collection, struct ref ref,
                      struct row **row, struct slice *former, struct err *err)
{
    struct key key;

    *row = NULL;
    key_row(&key, collection, &ref);
    if (!row_count_read(view, err) || !store_get(view->txn, key_slice(&key), former, err))
        return false;
    if (former->data == NULL)
        return true;
    *former = arena_slice(view->arena, *former);
    if (!decode(view, collection, ref, *former, row, err))
        return false;
    if (!(*row)->deleted)
        *row = NULL;
    return true;
}

bool record_is_there(struct view *view, const struct collection *collection,
                     const struct ref *ref, bool *there, struct err *err)
{
    struct codec_head head = {0};
    struct slice bytes;
    struct key key;

    key_row(&key, collection, ref);
    if (!store_get(view->txn, key_slice(&key), &bytes, err) ||
        (bytes.data != NULL && !codec_head(bytes, &head, err)))
        return false;
    *there = bytes.data != NULL && (head.flags & CODEC_DELETED) == 0;
    return true;
}

bool row_load(struct view *view, const struct collection *collection, struct ref ref,
              struct row **row, struct err *err)
{
    struct key key;
    struct slice bytes;

    *row = NULL;
    key_row(&key, collection, &ref);
    if (!row_count_read(view, err) || !store_get(view->txn, key_slice(&key), &bytes, err))
        return false;
    return bytes.data == NULL || row_decode(view, collection, ref, bytes, row, err);
}

void row_show(struct view *view, struct row *row, uint64_t readable)
{
    const struct collection *collection = row->record.collection;
    const struct prepared *prepared = collection->prepared;
    struct value *shown;

    row->record.readable = readable & prepared->all;
    row->record.values = row->stored;
    if (row->record.readable == prepared->all)
        return;
    shown = arena_copy(view->arena, row->stored, collection->field_count * sizeof *shown);
    row->record.values = shown;
    for (size_t i = 0; i < collection->field_count; i++)
        if (!(readable & field_bit((int)i)))
            shown[i].kind = VALUE_NULL;
}

bool record_shown(struct view *view, const struct record *record, int field, struct value *shown,
                  struct err *err)
{
    const struct collection *to = collection_ref(record->collection, field);
    bool there = true;

    *shown = record->values[field];
    if (shown->kind == VALUE_BYTES)
        return sealed_mask(view, record->collection, field, &record->ref.org, shown, err);
    if (shown->kind == VALUE_REF && to != NULL &&
        !record_is_there(view, to, &shown->ref, &there, err))
        return false;
    if (!there)
        shown->kind = VALUE_NULL;
    return true;
}
