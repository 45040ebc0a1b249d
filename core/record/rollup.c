// SPDX-License-Identifier: Apache-2.0
// Rollups: counters beside the records they count, of the organisation itself and of every one
// above it. All of them are additions, which never conflict: a whole county writes at once.
#include "record/rollup.h"

#include <search.h>

#include "record/access.h"
#include "record/key.h"
#include "record/tree.h"

bool rollup_takes(const struct rollup *rollup, const struct value *values)
{
    bool takes = true;

    for (size_t i = 0; i < rollup->where.term_count && takes; i++) {
        const struct rule_term *term = &rollup->where.terms[i];

        takes = value_equal(&values[term->field], &term->literal) == (term->op == RULE_IS);
    }
    return takes;
}

// What one record is worth to a rollup.
struct worth {
    int64_t count, sum;
};

static struct worth worth_of(const struct rollup *rollup, const struct value *values)
{
    struct worth worth = {0, 0};

    if (values == NULL || !rollup_takes(rollup, values))
        return worth;
    worth.count = rollup->def.count;
    if (rollup->sum >= 0 && values[rollup->sum].kind == VALUE_INTEGER)
        worth.sum = values[rollup->sum].integer;
    return worth;
}

static int64_t minus(int64_t a, int64_t b)
{
    return (int64_t)((uint64_t)a - (uint64_t)b); // as counters add: around
}

static struct worth less(struct worth a, struct worth b)
{
    return (struct worth){minus(a.count, b.count), minus(a.sum, b.sum)};
}

static bool is_same_group(const struct rollup *rollup, const struct value *a,
                          const struct value *b)
{
    bool same = a != NULL && b != NULL;

    for (size_t i = 0; i < rollup->def.by_count && same; i++)
        same = value_equal(&a[rollup->by[i]], &b[rollup->by[i]]);
    return same;
}

static bool add_one(struct view *view, const struct key *key, int64_t number, struct err *err)
{
    return number == 0 || store_add(view->txn, key_slice(key), number, err);
}

// path: the organisation itself, then those above it. values NULL: of all groups.
static bool add(struct view *view, const struct rollup *rollup, const struct id *path,
                size_t path_count, const struct value *values, struct worth worth, struct err *err)
{
    for (size_t i = 0; i < path_count; i++) {
        enum key_scope scope = i == 0 ? KEY_OWN : KEY_BELOW;
        struct key key;

        key_counter(&key, rollup, &path[i], scope, KEY_COUNT, values);
        if (!add_one(view, &key, worth.count, err))
            return false;
        key_counter(&key, rollup, &path[i], scope, KEY_SUM, values);
        if (!add_one(view, &key, worth.sum, err))
            return false;
    }
    return true;
}

static bool change_one(struct view *view, const struct rollup *rollup, const struct id *path,
                       size_t count, const struct value *old, const struct value *new,
                       struct err *err)
{
    struct worth was = worth_of(rollup, old), is = worth_of(rollup, new);
    struct worth none = {0, 0};
    bool same = is_same_group(rollup, old, new);

    if (rollup->def.by_count == 0)
        same = true;
    else if (same && !add(view, rollup, path, count, new, less(is, was), err))
        return false;
    if (!same && old != NULL && !add(view, rollup, path, count, old, less(none, was), err))
        return false;
    if (!same && new != NULL && !add(view, rollup, path, count, new, is, err))
        return false;
    return add(view, rollup, path, count, NULL, less(is, was), err);
}

static bool path_of(struct view *view, const struct rollup *rollup, const struct id *org,
                    const struct id **path, size_t *count, struct err *err)
{
    *path = org;
    *count = 1;
    if (!rollup->def.up)
        return true;
    if (!tree_path(view, *org, path, count, err))
        return false;
    if (*count == 0) { // the first organisation of all is being made
        *path = org;
        *count = 1;
    }
    return true;
}

// A moved organisation ----------------------------------------------------------------------

// Adds a counter of the organisation to those above it, or takes it away.
static bool carry_one(struct view *view, const struct rollup *rollup, struct slice key,
                      struct id parent, bool away, struct err *err)
{
    const struct id *path;
    size_t count, tail = 1 + ID_LEN + rollup->head.len + 1; // behind the scope
    int64_t number;

    if (!tree_path(view, parent, &path, &count, err) ||
        !store_counter(view->txn, key, &number, err))
        return false;
    for (size_t i = 0; i < count; i++) {
        struct key above;

        key_counters(&above, rollup, &path[i]);
        above.bytes[above.len++] = KEY_BELOW;
        memcpy(above.bytes + above.len, key.data + tail, key.len - tail);
        above.len += key.len - tail;
        if (!add_one(view, &above, away ? minus(0, number) : number, err))
            return false;
    }
    return true;
}

static bool carry(struct view *view, const struct rollup *rollup, struct id org,
                  const struct value *from, const struct value *to, struct err *err)
{
    struct store_range *range;
    struct slice key, value;
    struct key prefix;
    bool done = true;

    key_counters(&prefix, rollup, &org);
    range = store_range_open(view->txn, key_slice(&prefix), (struct slice){NULL, 0}, false, err);
    if (range == NULL)
        return false;
    while (done && store_range_next(range, &key, &value, err)) {
        if (from->kind == VALUE_REF)
            done = carry_one(view, rollup, key, from->ref.id, true, err);
        if (done && to->kind == VALUE_REF)
            done = carry_one(view, rollup, key, to->ref.id, false, err);
    }
    store_range_close(range);
    return done && err->code == ERR_NONE;
}

static bool move(struct view *view, struct id org, const struct value *old,
                 const struct value *new, struct err *err)
{
    int parent = collection_field(view->catalog->tree, slice_text("parent"));
    const struct rollup *rollup = view->catalog->rollups;

    if (old == NULL || new == NULL || value_equal(&old[parent], &new[parent]))
        return true;
    for (; rollup != NULL; rollup = rollup->next)
        if (rollup->of != NULL && rollup->def.up &&
            !carry(view, rollup, org, &old[parent], &new[parent], err))
            return false;
    return true;
}

bool rollup_change(struct view *view, const struct collection *collection, const struct ref *ref,
                   const struct value *old, const struct value *new, struct err *err)
{
    const struct rollup *rollup = collection->prepared->rollups;
    const struct id *path;
    size_t count;

    if (collection == view->catalog->tree && !move(view, ref->id, old, new, err))
        return false;
    for (; rollup != NULL; rollup = rollup->next_of)
        if (!path_of(view, rollup, &ref->org, &path, &count, err) ||
            !change_one(view, rollup, path, count, old, new, err))
            return false;
    return true;
}

// Reading -----------------------------------------------------------------------------------

// A term about a group that was not named would be a term about nothing.
static bool is_about(const struct rule *rule, uint64_t given)
{
    bool about = true;

    for (size_t i = 0; i < rule->term_count; i++)
        about &= rule->terms[i].path == PATH_ORG || (given & field_bit(rule->terms[i].field)) != 0;
    return about;
}

static bool may_read(struct view *view, const struct rollup_question *question, bool *may,
                     struct err *err)
{
    struct ask ask = {.view = view, .collection = question->rollup->of, .org = question->org,
                      .at = question->org};
    struct ref ref = {.org = question->org};

    *may = view->who == NULL;
    for (ask.rule = question->rollup->rules; ask.rule != NULL && !*may; ask.rule = ask.rule->next) {
        if (!is_about(ask.rule, question->given))
            continue;
        if (!access_counts(&ask, may, err) ||
            (*may && !access_holds(&ask, &ref, question->values, 0, may, err)))
            return false;
    }
    return true;
}

static bool read_tally(struct view *view, const struct rollup_question *question,
                       enum key_tally tally, int64_t *number, struct err *err)
{
    const struct value *values = question->given != 0 ? question->values : NULL;
    int64_t below = 0;
    struct key key;

    key_counter(&key, question->rollup, &question->org, KEY_OWN, tally, values);
    if (!row_count_read(view, err) || !store_counter(view->txn, key_slice(&key), number, err))
        return false;
    key_counter(&key, question->rollup, &question->org, KEY_BELOW, tally, values);
    if (question->subtree && !store_counter(view->txn, key_slice(&key), &below, err))
        return false;
    *number = minus(*number, minus(0, below));
    return true;
}

bool record_rollup(struct view *view, const struct rollup_question *question,
                   struct rollup_answer *answer, struct err *err)
{
    const struct rollup *rollup = question->rollup;

    *answer = (struct rollup_answer){0};
    if (question->given != 0 && question->given != rollup->by_bits)
        return err_set(err, ERR_INPUT, "rollup %s: all the fields it is grouped by, or none",
                       rollup->def.name);
    if (question->subtree && !rollup->def.up)
        return err_set(err, ERR_INPUT, "rollup %s does not go up", rollup->def.name);
    if (!may_read(view, question, &answer->readable, err))
        return false;
    return !answer->readable || (read_tally(view, question, KEY_COUNT, &answer->count, err) &&
                                 read_tally(view, question, KEY_SUM, &answer->sum, err));
}

// Repair --------------------------------------------------------------------------------------

// What is missing in one counter.
struct lack {
    struct slice key;
    int64_t number;
};

struct repair {
    struct view *view;
    const struct rollup *rollup;
    struct id org;
    void *lacks; // by key
    struct err *err;
};

static int compare_lacks(const void *a, const void *b)
{
    return slice_compare(((const struct lack *)a)->key, ((const struct lack *)b)->key);
}

static void note(struct repair *repair, const struct key *key, int64_t number)
{
    struct lack wanted = {key_slice(key), 0}, *lack;
    struct lack **found = tfind(&wanted, &repair->lacks, compare_lacks);

    if (number == 0)
        return;
    if (found == NULL) {
        lack = arena_alloc(repair->view->arena, sizeof *lack);
        lack->key = arena_slice(repair->view->arena, key_slice(key));
        found = tsearch(lack, &repair->lacks, compare_lacks);
    }
    (*found)->number = minus((*found)->number, minus(0, number));
}

static void note_record(struct repair *repair, const struct value *values)
{
    struct worth worth = worth_of(repair->rollup, values);
    const struct value *const groups[] = {NULL, values};
    struct key key;

    for (size_t i = 0; i < (repair->rollup->def.by_count > 0 ? 2 : 1); i++) {
        key_counter(&key, repair->rollup, &repair->org, KEY_OWN, KEY_COUNT, groups[i]);
        note(repair, &key, worth.count);
        key_counter(&key, repair->rollup, &repair->org, KEY_OWN, KEY_SUM, groups[i]);
        note(repair, &key, worth.sum);
    }
}

static bool note_records(struct repair *repair)
{
    struct arena arena = ARENA_EMPTY;
    struct view view = *repair->view;
    struct store_range *range;
    struct slice bytes, at;
    struct row *row;
    struct key key;
    bool done = true;

    view.arena = &arena; // of one record at a time
    key_rows(&key, repair->rollup->of, &repair->org);
    range = store_range_open(view.txn, key_slice(&key), (struct slice){NULL, 0}, false,
                             repair->err);
    while (done && range != NULL && store_range_next(range, &at, &bytes, repair->err)) {
        done = row_decode(&view, repair->rollup->of, (struct ref){.org = repair->org}, bytes, &row,
                          repair->err);
        if (done && row != NULL)
            note_record(repair, row->stored);
        arena_reset(&arena);
    }
    store_range_close(range);
    arena_finish(&arena);
    return range != NULL && done && repair->err->code == ERR_NONE;
}

// The counters of an organisation, as they are for itself, or as its parent has them below.
static bool note_counters(struct repair *repair, struct id org, bool as_child)
{
    size_t scope = 1 + ID_LEN + repair->rollup->head.len;
    struct store_range *range;
    struct slice at, value;
    struct key key;
    int64_t number;
    bool done = true;

    key_counters(&key, repair->rollup, &org);
    range = store_range_open(repair->view->txn, key_slice(&key), (struct slice){NULL, 0}, false,
                             repair->err);
    while (done && range != NULL && store_range_next(range, &at, &value, repair->err)) {
        done = store_counter(repair->view->txn, at, &number, repair->err);
        memcpy(key.bytes, at.data, at.len);
        key.len = at.len;
        if (as_child) {
            memcpy(key.bytes + 1, repair->org.bytes, ID_LEN);
            key.bytes[scope] = KEY_BELOW;
        }
        note(repair, &key, as_child ? number : minus(0, number));
    }
    store_range_close(range);
    return range != NULL && done && repair->err->code == ERR_NONE;
}

static bool note_children(struct repair *repair)
{
    struct tree_org *children;
    size_t count;

    if (!repair->rollup->def.up)
        return true;
    if (!tree_children(repair->view, repair->org, &children, &count, repair->err))
        return false;
    for (size_t i = 0; i < count; i++)
        if (!note_counters(repair, children[i].id, true))
            return false;
    return true;
}

static void leave_alone(void *lack)
{
    (void)lack; // the arena's
}

// Takes one lack out at a time: walking and adding at once would need a place to keep errors.
static bool mend(struct repair *repair, size_t *changed)
{
    while (repair->lacks != NULL) {
        struct lack *lack = *(struct lack **)repair->lacks;

        tdelete(lack, &repair->lacks, compare_lacks);
        if (lack->number == 0)
            continue;
        ++*changed;
        if (!store_add(repair->view->txn, lack->key, lack->number, repair->err))
            return false;
    }
    return true;
}

bool record_rebuild(struct view *view, const struct rollup *rollup, struct id org, size_t *changed,
                    struct err *err)
{
    struct repair repair = {.view = view, .rollup = rollup, .org = org, .err = err};
    bool done;

    *changed = 0;
    err->code = ERR_NONE;
    done = note_counters(&repair, org, false) && note_records(&repair) &&
           note_children(&repair) && mend(&repair, changed);
    tdestroy(repair.lacks, leave_alone);
    return done;
}
