// SPDX-License-Identifier: Apache-2.0
// Reading single records under rules.
#include "record/record.h"

#include "record/accept.h"
#include "record/access.h"
#include "record/key.h"
#include "record/sealed.h"

// *record NULL when the principal may not read it, or not all of `needed`.
static bool show(struct view *view, struct row *row, uint64_t needed, struct record **record,
                 struct err *err)
{
    uint64_t fields;

    *record = NULL;
    if (row == NULL)
        return true;
    if (!access_fields(view, VERB_READ, row->record.collection, &row->record.ref, row->stored,
                       &fields, err))
        return false;
    if (fields == 0 || (needed & ~fields) != 0)
        return true;
    *record = &row->record;
    row_show(view, row, fields);
    return true;
}

bool record_get(struct view *view, const struct collection *collection, struct ref ref,
                struct record **record, struct err *err)
{
    struct row *row;

    return row_load(view, collection, ref, &row, err) && show(view, row, 0, record, err);
}

// Both "@code" and "code" name the index of the instance.
static int find_index(const struct collection *collection, const char *name)
{
    for (size_t i = 0; i < collection->index_count; i++) {
        const struct index_def *index = &collection->indexes[i];

        if (index->unique && strcmp(index->name + index->instance, name + (name[0] == '@')) == 0)
            return (int)i;
    }
    return -1;
}

static bool find_ref(struct view *view, const struct collection *collection, size_t index,
                     struct ref *ref, const struct value *values, bool *found, struct err *err)
{
    const struct index_def *def = &collection->indexes[index];
    struct value *wanted = arena_alloc(view->arena, collection->field_count * sizeof *wanted);
    struct slice bytes;
    struct key key;

    *found = false;
    for (size_t i = 0; i < def->count; i++) {
        wanted[def->fields[i]] = values[i];
        if (!accept_probe(view, &collection->fields[def->fields[i]], &wanted[def->fields[i]], err))
            return false;
    }
    if (!key_entry(&key, collection, index, ref, &view->root, wanted))
        return true;
    if (!row_count_read(view, err) || !store_get(view->txn, key_slice(&key), &bytes, err))
        return false;
    if (bytes.data != NULL && bytes.len != sizeof *ref)
        return err_set(err, ERR_CORRUPT, "an index entry of %s cannot be read", collection->full);
    if (bytes.data != NULL)
        memcpy(ref, bytes.data, sizeof *ref);
    *found = bytes.data != NULL;
    return true;
}

bool record_find(struct view *view, const struct collection *collection, const char *name,
                 struct id org, const struct value *values, struct record **record,
                 struct err *err)
{
    struct ref ref = {.org = row_org(view, collection, org)};
    int index = find_index(collection, name);
    uint64_t fields = 0;
    struct row *row = NULL;
    bool found;

    *record = NULL;
    if (index < 0)
        return err_set(err, ERR_INPUT, "%s has no unique index %s", collection->full, name);
    if (!find_ref(view, collection, (size_t)index, &ref, values, &found, err) ||
        (found && !row_load(view, collection, ref, &row, err)))
        return false;
    for (size_t i = 0; i < collection->indexes[index].count; i++)
        fields |= field_bit(collection->indexes[index].fields[i]);
    return show(view, row, fields, record, err);
}

bool record_reveal(struct view *view, const struct record *record, int field,
                   struct slice *plain, struct err *err)
{
    const struct value *stored;

    *plain = (struct slice){NULL, 0};
    if (field < 0 || (size_t)field >= record->collection->field_count ||
        record->collection->fields[field].type != FIELD_SEALED)
        return err_set(err, ERR_INPUT, "%s: no such sealed field", record->collection->full);
    if (!(record->readable >> field & 1))
        return err_set(err, ERR_DENIED, "%s.%s may not be read", record->collection->full,
                       record->collection->fields[field].name);
    stored = &row_of(record)->stored[field];
    return stored->kind != VALUE_BYTES || sealed_open(view, record->collection, field,
                                                      &record->ref.org, stored, plain, err);
}
