// SPDX-License-Identifier: Apache-2.0
// Derived fields that follow their source. Whoever refers to the record is found by an index, and
// written as any other change: with a version, an entry in the feed, counters.
#include "record/index.h"
#include "record/key.h"
#include "record/write.h"

struct following {
    struct view *view;
    const struct follower *follower;
    const struct row *source;
    struct ref ref; // of the source
    struct follow_place *place;
    size_t seen;
    struct err *err;
};

bool record_is_followed(const struct collection *collection, uint64_t fields)
{
    return (collection->prepared->followed & fields) != 0;
}

static bool differs(const struct following *following, struct row *row, struct value *values)
{
    const struct collection *collection = following->follower->collection;
    bool changed = false;

    for (size_t i = 0; i < collection->field_count; i++) {
        const struct source_field *source = &collection->prepared->sources[i];
        const struct value *wanted;

        if (!collection->fields[i].follows || source->ref != following->follower->ref)
            continue;
        wanted = &following->source->stored[source->field];
        changed = changed || !value_equal(&row->stored[i], wanted);
        values[i] = *wanted;
    }
    return changed;
}

// Copies of other nodes are written there. A value that another record claims is left as it was.
static bool follow_one(struct following *following, struct ref ref)
{
    struct view *view = following->view;
    struct problem problem;
    struct writing writing;
    struct slice former;
    struct row *row;

    if (!row_load(view, following->follower->collection, ref, &row, following->err))
        return false;
    if (row == NULL || !id_equal(&row->record.home, &view->home))
        return true;
    writing = write_begin(view, following->follower->collection, ref, row->stored, &problem,
                          following->err);
    if (!differs(following, row, writing.values))
        return true;
    if (!write_check_unique(&writing))
        return following->err->code == ERR_NONE;
    return write_count(view, following->err) &&
           write_former(view, &row->record, false, &former, following->err) &&
           write_row(&writing, row, former, VERB_UPDATE);
}

// The entry ends with the id, before it the organisation where the index is the instance's.
static struct ref entry_ref(const struct following *following, struct slice key, struct id at)
{
    const struct follower *follower = following->follower;
    struct ref ref = {.org = at};

    memcpy(ref.id.bytes, key.data + key.len - ID_LEN, ID_LEN);
    if (index_is_apart(follower->collection, follower->index))
        memcpy(ref.org.bytes, key.data + key.len - 2 * ID_LEN, ID_LEN);
    return ref;
}

static bool is_past(const struct follow_place *place, struct slice key)
{
    struct slice last = slice_of(place->key, place->len);
    size_t len = last.len < key.len ? last.len : key.len;
    int order = memcmp(key.data, last.data, len);

    return place->len == 0 || order > 0 || (order == 0 && key.len > last.len);
}

static bool follow_all(struct following *following)
{
    const struct follower *follower = following->follower;
    const struct collection *collection = follower->collection;
    bool at_root = collection->instance || collection->indexes[follower->index].instance, done = true;
    struct id at = at_root ? following->view->root : following->ref.org;
    struct value value = {VALUE_REF, {.ref = following->ref}};
    struct store_range *range;
    struct slice entry, ignored;
    struct key prefix;

    key_index(&prefix, collection, follower->index, &at);
    key_value(&prefix, &value, 0);
    range = store_range_open(following->view->txn, key_slice(&prefix), (struct slice){NULL, 0},
                             false, following->err);
    while (done && range != NULL && following->seen < FOLLOW_STEP &&
           store_range_next(range, &entry, &ignored, following->err)) {
        if (!is_past(following->place, entry))
            continue;
        following->seen++;
        following->place->len = entry.len;
        memcpy(following->place->key, entry.data, entry.len);
        done = follow_one(following, entry_ref(following, entry, at));
    }
    store_range_close(range);
    return range != NULL && done && following->err->code == ERR_NONE;
}

bool record_follow(struct view *view, const struct collection *collection, struct ref ref,
                   struct follow_place *place, bool *done, struct err *err)
{
    struct following following = {.view = view, .ref = ref, .place = place, .err = err,
                                  .follower = collection->prepared->followers};
    struct row *source;

    err->code = ERR_NONE;
    *done = true;
    if (!row_load(view, collection, ref, &source, err))
        return false;
    following.source = source;
    for (size_t i = 0; i < place->follower && following.follower != NULL; i++)
        following.follower = following.follower->next;
    // A record that is gone leaves what was taken over as it was.
    while (source != NULL && following.follower != NULL && following.seen < FOLLOW_STEP) {
        if (!follow_all(&following))
            return false;
        if (following.seen == FOLLOW_STEP)
            break;
        following.follower = following.follower->next;
        place->follower++;
        place->len = 0;
    }
    *done = source == NULL || following.follower == NULL;
    return true;
}
