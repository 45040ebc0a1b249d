// SPDX-License-Identifier: Apache-2.0
#include "record/file.h"

#include "blob/kind.h"
#include "record/access.h"
#include "record/write.h"

// "app.collection.field" → both; NULL when there is no such field of files.
static const struct collection *split(const struct view *view, struct slice full, int *field)
{
    const uint8_t *dot = memrchr(full.data, '.', full.len);
    const struct collection *collection;

    if (dot == NULL)
        return NULL;
    collection = catalog_find(view->catalog,
                              arena_text(view->arena,
                                         slice_of(full.data, (size_t)(dot - full.data))));
    *field = collection != NULL
                 ? collection_field(collection,
                                    slice_of(dot + 1, full.len - (size_t)(dot + 1 - full.data)))
                 : -1;
    return *field >= 0 && collection->fields[*field].type == FIELD_FILE ? collection : NULL;
}

static bool some_rule_opens(const struct view *view, const struct collection *collection,
                            int field, struct id org, bool *may, struct err *err)
{
    static const enum verb verbs[] = {VERB_CREATE, VERB_UPDATE};
    struct ask ask = {.view = (struct view *)view, .collection = collection, .org = org, .at = org};

    *may = view->who == NULL;
    for (size_t i = 0; i < 2; i++)
        for (ask.rule = collection->rules[verbs[i]]; ask.rule != NULL && !*may;
             ask.rule = ask.rule->next)
            if ((ask.rule->fields & field_bit(field)) != 0 && !access_counts(&ask, may, err))
                return false;
    return true;
}

bool record_file_may_give(struct view *view, struct slice full, struct id *org, uint64_t bytes,
                          bool *may, struct err *err)
{
    int field;
    const struct collection *collection = split(view, full, &field);

    *may = false;
    if (collection == NULL || collection->fields[field].readonly)
        return true;
    *org = row_org(view, collection, *org);
    if (!some_rule_opens(view, collection, field, *org, may, err))
        return false;
    return !*may || bytes <= collection->fields[field].max ||
           err_set(err, ERR_LIMIT, "%s.%s: a file of %llu bytes", collection->full,
                   collection->fields[field].name, (unsigned long long)bytes);
}

static bool is_of(const struct value *value, const struct id *id)
{
    return value->kind == VALUE_REF && id_equal(&value->ref.id, id);
}

bool record_file_may_read(struct view *view, const struct blob_file *file, bool *may,
                          struct err *err)
{
    const struct collection *collection;
    struct record *record;
    int field;

    *may = view->who == NULL || (file->state == BLOB_READY && !id_is_zero(&file->person) &&
                                 id_equal(&file->person, &view->who->person));
    if (*may || file->state != BLOB_HELD || (collection = split(view, file->field, &field)) == NULL)
        return true;
    if (!record_get(view, collection, (struct ref){file->holder_org, file->holder}, &record, err))
        return false;
    *may = record != NULL && (record->readable & field_bit(field)) != 0 &&
           is_of(&record->values[field], &file->id);
    return true;
}

bool record_file_get(struct view *view, const struct value *value, struct blob_file **file,
                     struct err *err)
{
    *file = NULL;
    return value->kind != VALUE_REF ||
           (row_count_read(view, err) &&
            blob_file_find(view->txn, &value->ref.id, view->arena, file, err));
}

// Writing -------------------------------------------------------------------------------

static const char *full_name(const struct writing *writing, size_t field)
{
    return arena_format(writing->view->arena, "%s.%s", writing->collection->full,
                        writing->collection->fields[field].name);
}

static bool is_held_here(const struct writing *writing, size_t field,
                         const struct blob_file *file)
{
    return file->state == BLOB_HELD && id_equal(&file->holder, &writing->ref.id) &&
           id_equal(&file->holder_org, &writing->ref.org) &&
           slice_is(file->field, full_name(writing, field));
}

// The giver's own, complete, in the right school, and not used elsewhere.
static bool may_take(const struct writing *writing, size_t field, const struct blob_file *file)
{
    const struct principal *who = writing->view->who;

    if (is_held_here(writing, field, file))
        return true;
    for (size_t i = 0; i < writing->collection->field_count; i++)
        if (i != field && writing->collection->fields[i].type == FIELD_FILE &&
            is_of(&writing->values[i], &file->id))
            return false;
    return file->state == BLOB_READY &&
           (writing->collection->instance || id_equal(&file->org, &writing->ref.org)) &&
           (who == NULL || id_equal(&who->person, &file->person)) &&
           (file->field.len == 0 || slice_is(file->field, full_name(writing, field)));
}

static bool is_accepted(const struct field *field, const struct blob_file *file)
{
    const char *const *group = field->accepts;

    while (group != NULL && *group != NULL && strcmp(*group, kind_named(file->kind)->group) != 0)
        group++;
    return group == NULL || *group != NULL;
}

const char *file_word(struct writing *writing, size_t at, bool *failed)
{
    const struct field *field = &writing->collection->fields[at];
    struct value *value = &writing->values[at];
    struct blob_file *file;

    value->ref.org = writing->ref.org;
    *failed = !record_file_get(writing->view, value, &file, writing->err);
    if (*failed)
        return NULL;
    if (file == NULL || !may_take(writing, at, file))
        return "absent";
    if (file->size > field->max)
        return "size";
    return is_accepted(field, file) ? NULL : "kind";
}

static bool change_one(struct writing *writing, size_t field)
{
    const struct value *now = &writing->values[field],
                       *was = writing->old != NULL ? &writing->old[field] : NULL;
    struct view *view = writing->view;
    struct blob_file *file;

    if (was != NULL && value_equal(now, was))
        return true;
    if (!record_file_get(view, now, &file, writing->err))
        return false;
    if (file != NULL && file->state == BLOB_READY &&
        !blob_file_hold(view->txn, file, &writing->ref.org, &writing->ref.id,
                        slice_text(full_name(writing, field)), writing->err))
        return false;
    if (was == NULL || writing->collection->history)
        return true;
    return record_file_get(view, was, &file, writing->err) &&
           (file == NULL || !is_held_here(writing, field, file) ||
            blob_file_drop(view->txn, file, clock_wall_ms(view->clock), writing->err));
}

bool file_change(struct writing *writing)
{
    for (size_t i = 0; i < writing->collection->field_count; i++)
        if (writing->collection->fields[i].type == FIELD_FILE && !change_one(writing, i))
            return false;
    return true;
}
