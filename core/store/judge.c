// SPDX-License-Identifier: Apache-2.0
// Whether a commit may be: is it well formed, does what it read still hold, is there room?
// It comes from another process, so that nothing in it is believed.
#include "store/group.h"
#include "store/history.h"
#include "store/space.h"

static bool malformed(struct err *err, const char *what)
{
    return err_set(err, ERR_INPUT, "a malformed commit: %s", what);
}

static bool conflict(struct err *err)
{
    return err_set(err, ERR_CONFLICT, "what was read has changed since");
}

static bool key_wrote(struct store *store, struct slice key)
{
    struct change *change = group_find(store->group, key);

    return (change != NULL && change->kind != CHANGE_SEEN) ||
           history_wrote(store->history, key, store->group->snapshot);
}

static bool judge_reads(struct store *store, struct reader *reader, struct err *err)
{
    uint64_t snapshot = store->group->snapshot;
    uint32_t count = read_u32(reader);
    bool changed = count > 0 && history_is_beyond(store->history, snapshot);

    for (; count > 0 && !reader->failed && !changed; count--)
        changed = key_wrote(store, read_sized(reader));
    if (changed)
        return reader->failed ? malformed(err, "reads") : conflict(err);
    count = read_u32(reader);
    changed = count > 0 && history_is_beyond(store->history, snapshot);
    for (; count > 0 && !reader->failed && !changed; count--) {
        struct slice from = read_sized(reader), to = read_sized(reader);

        changed = !reader->failed && (group_wrote(store->group, from, to) ||
                                      history_wrote_range(store->history, from, to, snapshot));
    }
    if (reader->failed)
        return malformed(err, "reads");
    return !changed || conflict(err);
}

static bool judge_require(struct group *group, const struct operation *operation, struct err *err)
{
    struct change *change = group_lookup(group, operation->key, err);
    uint8_t head[STORED_HEAD];
    uint64_t version;

    if (change == NULL)
        return false;
    version = change->now.version;
    if (version == 0 && change->now.bytes.data != NULL)
        version = stored_seal(change->key, change->now.kind, change->now.bytes, head);
    return version == operation->number ||
           err_set(err, ERR_CONFLICT, "the version is no longer the one required");
}

static bool judge_add(struct group *group, const struct operation *operation, struct err *err)
{
    struct change *change = group_lookup(group, operation->key, err);

    if (change == NULL)
        return false;
    return change->now.bytes.data == NULL || change->now.kind == STORED_COUNTER ||
           err_set(err, ERR_INPUT, "added to what is no counter");
}

static bool judge_append(struct group *group, const struct operation *operation, struct err *err)
{
    struct change *head;

    if (!log_name_is_good(operation->key))
        return malformed(err, "a log's name");
    head = group_lookup(group, log_head_key(&group->arena, operation->key), err);
    if (head == NULL)
        return false;
    return head->now.bytes.data == NULL ||
           head->now.bytes.len == 8 + log_chain_len(operation->key) ||
           err_set(err, ERR_CORRUPT, "the head of a log has a wrong length");
}

static bool judge_sizes(const struct operation *operation, struct slice *last, struct err *err)
{
    struct slice key = operation->key;

    if (operation->value.len > STORE_VALUE_MAX || key.len == 0 || key.len > STORE_KEY_MAX)
        return malformed(err, "a size");
    if (operation->op == OP_APPEND || operation->op == OP_REQUIRE)
        return true;
    if (key.data[0] == SPACE_LOG)
        return malformed(err, "a log that is not appended to");
    if (last->data != NULL && slice_compare(*last, key) >= 0)
        return malformed(err, "keys out of order");
    *last = key;
    return true;
}

static bool judge_operation(struct group *group, const struct operation *operation,
                            struct err *err)
{
    switch (operation->op) {
    case OP_REQUIRE:
        return judge_require(group, operation, err);
    case OP_ADD:
        return judge_add(group, operation, err);
    case OP_APPEND:
        return judge_append(group, operation, err);
    default:
        return true;
    }
}

bool group_judge(struct store *store, struct reader *reader, struct err *err)
{
    struct group *group = store->group;
    struct operation operation;
    struct slice last = {NULL, 0};
    struct reader operations;
    bool end = false;

    if (read_u8(reader) != COMMIT_FORMAT)
        return malformed(err, "a format that is not known here");
    group->snapshot = read_u64(reader);
    if (group->snapshot >= group->number)
        return malformed(err, "a snapshot that is still to come");
    if (!judge_reads(store, reader, err))
        return false;
    for (operations = *reader; !end;) {
        if (!operation_read(&operations, &operation, &end))
            return malformed(err, "an operation");
        if (!end && (!judge_sizes(&operation, &last, err) ||
                     !judge_operation(group, &operation, err)))
            return false;
    }
    return group_has_room(store, *reader, err);
}
