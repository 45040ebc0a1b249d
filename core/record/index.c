// SPDX-License-Identifier: Apache-2.0
#include "record/index.h"

#include "record/key.h"

// The entry's key before and after; empty where there is none.
struct change {
    struct key old, new;
};

static bool changes(struct view *view, const struct collection *collection, size_t index,
                    const struct ref *ref, const struct value *old, const struct value *new,
                    struct change *change)
{
    if (old == NULL || !key_entry(&change->old, collection, index, ref, &view->root, old))
        change->old.len = 0;
    if (new == NULL || !key_entry(&change->new, collection, index, ref, &view->root, new))
        change->new.len = 0;
    return !slice_equal(key_slice(&change->old), key_slice(&change->new));
}

bool index_is_free(struct view *view, const struct collection *collection, const struct ref *ref,
                   const struct value *old, const struct value *new, struct problem *problem,
                   bool *is_free, struct err *err)
{
    struct change change;
    struct slice claimed;

    *is_free = true;
    for (size_t i = 0; i < collection->index_count && *is_free; i++) {
        if (!collection->indexes[i].unique ||
            !changes(view, collection, i, ref, old, new, &change) || change.new.len == 0)
            continue;
        if (!row_count_read(view, err) ||
            !store_get(view->txn, key_slice(&change.new), &claimed, err))
            return false;
        *is_free = claimed.data == NULL;
        problem->field = collection->fields[collection->indexes[i].fields[0]].name;
        problem->word = "unique";
    }
    return true;
}

// index_is_free has read a unique key: of two who claim it at once one loses the commit.
static bool put_entry(struct view *view, bool unique, struct slice key, const struct ref *ref,
                      struct err *err)
{
    struct slice value = unique ? slice_of(ref, sizeof *ref) : slice_of("", 0);

    return store_put(view->txn, key, value, err);
}

bool index_change(struct view *view, const struct collection *collection, const struct ref *ref,
                  const struct value *old, const struct value *new, struct err *err)
{
    struct change change;

    for (size_t i = 0; i < collection->index_count; i++) {
        if (!changes(view, collection, i, ref, old, new, &change))
            continue;
        if (change.old.len > 0 && !store_delete(view->txn, key_slice(&change.old), err))
            return false;
        if (change.new.len > 0 && !put_entry(view, collection->indexes[i].unique,
                                             key_slice(&change.new), ref, err))
            return false;
    }
    return true;
}
