// SPDX-License-Identifier: Apache-2.0
// The committer: judges a group of commits one after the other (judge.c), gathers what the
// accepted ones change, and writes it in key order in one transaction with one sync.
// Gathered before it is written: a commit is judged whole before it changes anything, a
// counter that many add to is written once, and the engine finds neighbours on one page.
#include "store/group.h"

#include <stdlib.h>

#include "crypto/crypto.h"
#include "store/history.h"
#include "store/space.h"

static int change_compare(const struct change *a, const struct change *b)
{
    return slice_compare(a->key, b->key);
}

RB_GENERATE_INTERNAL(changes, change, link, change_compare, static __attribute__((unused)))

struct group *group_create(void)
{
    return mem_zero(sizeof(struct group));
}

void group_destroy(struct group *group)
{
    if (group != NULL)
        arena_finish(&group->arena);
    free(group);
}

static bool group_begin(struct store *store, struct err *err)
{
    struct group *group = store->group;

    arena_reset(&group->arena);
    RB_INIT(&group->changes);
    group->growth = 0;
    group->time_ms = clock_wall_ms(store->options.clock);
    group->view = engine_begin(store->engine, true, err);
    if (group->view == NULL)
        return false;
    group->number = engine_number(group->view);
    group->bytes = store->engine->calls->bytes(group->view);
    return true;
}

static void group_drop(struct group *group)
{
    engine_end(group->view);
    group->view = NULL;
}

// Changes ---------------------------------------------------------------------------------

struct change *group_find(struct group *group, struct slice key)
{
    struct change wanted = {.key = key};

    return RB_FIND(changes, &group->changes, &wanted);
}

static struct change *change_of(struct group *group, struct slice key)
{
    struct change *change = group_find(group, key);

    if (change == NULL) {
        change = arena_alloc(&group->arena, sizeof *change);
        change->key = key;
        RB_INSERT(changes, &group->changes, change);
    }
    return change;
}

struct change *group_lookup(struct group *group, struct slice key, struct err *err)
{
    struct change *change = group_find(group, key);
    struct stored stored;
    struct slice value;

    if (change != NULL)
        return change;
    if (!engine_get(group->view, key, &value, err) || !stored_open(key, value, &stored, err))
        return NULL;
    change = change_of(group, key);
    change->now = stored; // in the engine's memory: good until the group is written
    return change;
}

static void change_set(struct change *change, enum stored_kind kind, struct slice bytes)
{
    change->kind = CHANGE_PUT;
    change->now = (struct stored){kind, 0, bytes};
}

static void change_delete(struct change *change)
{
    change->kind = CHANGE_DELETE;
    change->now = (struct stored){STORED_BYTES, 0, {NULL, 0}};
}

bool group_wrote(struct group *group, struct slice from, struct slice to)
{
    struct change wanted = {.key = from};
    struct change *change = RB_NFIND(changes, &group->changes, &wanted);

    while (change != NULL && (to.len == 0 || slice_compare(change->key, to) < 0)) {
        if (change->kind != CHANGE_SEEN)
            return true;
        change = RB_NEXT(changes, &group->changes, change);
    }
    return false;
}

// Gathering -------------------------------------------------------------------------------

static void gather_add(struct group *group, const struct operation *operation)
{
    struct change *change = change_of(group, operation->key);
    uint64_t from = operation->op == OP_ADD ? stored_to_number(change->now.bytes) : 0;
    uint8_t *bytes = arena_alloc(&group->arena, 8);

    stored_number(from + operation->number, bytes);
    change_set(change, STORED_COUNTER, slice_of(bytes, 8));
}

// An entry: u64 time, the digest of the former entry when the log is chained, the bytes.
// The head: u64 last number, the digest of the last entry when the log is chained. What is
// digested: the entry's key, so that it cannot move, and all its bytes.
static void gather_append(struct group *group, const struct operation *operation)
{
    struct change *head = change_of(group, log_head_key(&group->arena, operation->key)), *entry;
    size_t chain = log_chain_len(operation->key);
    size_t len = LOG_TIME_LEN + chain + operation->value.len;
    bool first = head->now.bytes.data == NULL;
    uint64_t number = first ? 1 : stored_to_number(slice_of(head->now.bytes.data, 8)) + 1;
    struct slice key = log_entry_key(&group->arena, operation->key, number);
    uint8_t *bytes = arena_alloc(&group->arena, key.len + len), *value = bytes + key.len;
    uint8_t *after = arena_alloc(&group->arena, 8 + chain);

    memcpy(bytes, key.data, key.len);
    stored_number((uint64_t)group->time_ms, value);
    if (!first)
        memcpy(value + LOG_TIME_LEN, head->now.bytes.data + 8, chain);
    memcpy(value + LOG_TIME_LEN + chain, operation->value.data, operation->value.len);
    entry = change_of(group, key);
    change_set(entry, STORED_ENTRY, slice_of(value, len));
    entry->is_entry = true;
    stored_number(number, after);
    if (chain > 0)
        digest_sha256(slice_of(bytes, key.len + len), after + 8);
    change_set(head, STORED_LOG, slice_of(after, 8 + chain));
}

static void gather(struct store *store, struct reader operations)
{
    struct group *group = store->group;
    struct operation operation;
    bool end;

    while (operation_read(&operations, &operation, &end) && !end) {
        if (operation.op == OP_PUT)
            change_set(change_of(group, operation.key), STORED_BYTES, operation.value);
        else if (operation.op == OP_DELETE)
            change_delete(change_of(group, operation.key));
        else if (operation.op == OP_ADD || operation.op == OP_RESET)
            gather_add(group, &operation);
        else if (operation.op == OP_APPEND) {
            gather_append(group, &operation);
            store->grew |= store->watched != NULL && slice_is(operation.key, store->watched);
        }
    }
}

// Writing ---------------------------------------------------------------------------------

// To delete what was not there changes nothing, and nobody who saw it absent was wrong.
static bool write_change(struct engine_view *view, struct change *change, struct err *err)
{
    uint8_t head[STORED_HEAD];
    bool existed;

    if (change->kind == CHANGE_DELETE) {
        if (!engine_remove(view, change->key, &existed, err))
            return false;
        if (!existed)
            change->kind = CHANGE_SEEN;
        return true;
    }
    stored_seal(change->key, change->now.kind, change->now.bytes, head);
    return engine_put(view, change->key, slice_of(head, sizeof head), change->now.bytes, err);
}

static bool write_changes(struct group *group, size_t *changed, struct err *err)
{
    struct change *change;

    *changed = 0;
    RB_FOREACH(change, changes, &group->changes) {
        if (change->kind != CHANGE_SEEN && !write_change(group->view, change, err))
            return false;
        *changed += change->kind != CHANGE_SEEN;
    }
    return true;
}

static bool group_write(struct store *store, struct err *err)
{
    struct group *group = store->group;
    struct engine_view *view = group->view;
    struct change *change;
    size_t changed;
    bool done = write_changes(group, &changed, err);

    if (!done || changed == 0) {
        group_drop(group);
        return done;
    }
    group->view = NULL; // a commit ends it either way
    if (!engine_commit(view, err))
        return false;
    RB_FOREACH(change, changes, &group->changes) {
        if (change->kind != CHANGE_SEEN && !change->is_entry)
            history_add(store->history, change->key, group->number);
    }
    store->groups++;
    return true;
}

static size_t judge_all(struct store *store, struct store_proposal *proposals, size_t count)
{
    size_t accepted = 0;

    for (size_t i = 0; i < count; i++) {
        struct reader reader = reader_of(proposals[i].commit);
        struct err *outcome = &proposals[i].outcome;

        if (group_judge(store, &reader, outcome)) {
            gather(store, reader);
            accepted++;
        }
        store->conflicts += outcome->code == ERR_CONFLICT;
    }
    return accepted;
}

// When the system failed in the middle of a commit, nobody knows what the disk holds.
static bool all_failed(struct store_proposal *proposals, size_t count,
                       const struct err *problem, struct err *err)
{
    enum err_code code = problem->code == ERR_IO ? ERR_UNKNOWN : problem->code;

    for (size_t i = 0; i < count; i++) {
        if (proposals[i].outcome.code == ERR_NONE)
            err_set(&proposals[i].outcome, code, "%s", problem->text);
    }
    return err_set(err, problem->code, "%s", problem->text);
}

bool store_apply(struct store *store, struct store_proposal *proposals, size_t count,
                 struct err *err)
{
    struct err problem = {.code = ERR_NONE};
    size_t accepted;

    for (size_t i = 0; i < count; i++)
        proposals[i].outcome = problem;
    if (!group_begin(store, &problem))
        return all_failed(proposals, count, &problem, err);
    accepted = judge_all(store, proposals, count);
    if (accepted == 0) {
        group_drop(store->group);
        return true;
    }
    if (!group_write(store, &problem))
        return all_failed(proposals, count, &problem, err);
    store->commits += accepted;
    return true;
}

// Sweeping --------------------------------------------------------------------------------

// The head of a log stays, so that its numbers go on.
static bool is_log_head(struct slice key, struct slice value)
{
    return key.data[0] == SPACE_LOG && value.len >= STORED_HEAD && value.data[8] == STORED_LOG;
}

static bool gather_sweep(struct group *group, struct slice from, struct slice to, size_t max,
                         size_t *swept, struct err *err)
{
    struct engine_cursor *cursor = engine_cursor_open(group->view, err);
    struct slice key, value;
    bool done;

    if (cursor == NULL)
        return false;
    done = engine_seek(cursor, from, false, &key, &value, err);
    while (done && *swept < max && key.data != NULL &&
           (to.data == NULL || slice_compare(key, to) < 0)) {
        if (!is_log_head(key, value)) {
            change_delete(change_of(group, arena_slice(&group->arena, key)));
            ++*swept;
        }
        done = engine_step(cursor, false, &key, &value, err);
    }
    engine_cursor_close(cursor);
    return done;
}

bool store_sweep(struct store *store, struct slice from, struct slice to, size_t max,
                 size_t *swept, struct err *err)
{
    struct group *group = store->group;

    bool done;

    *swept = 0;
    if (!group_begin(store, err))
        return false;
    if (to.data == NULL)
        to = prefix_end(&group->arena, from);
    done = gather_sweep(group, from, to, max, swept, err);
    if (done && *swept > 0)
        return group_write(store, err);
    group_drop(group);
    return done;
}
