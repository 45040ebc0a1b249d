// SPDX-License-Identifier: Apache-2.0
// A commit as bytes; inside.h says how they lie.
#include "store/inside.h"

static void put_count(struct buffer *buffer, size_t at, uint32_t count)
{
    for (size_t i = 0; i < 4; i++)
        buffer->data[at + i] = (uint8_t)(count >> (24 - 8 * i));
}

static void encode_reads(struct store_txn *txn, struct buffer *commit)
{
    struct own_read *read;
    size_t at = commit->len;
    uint32_t count = 0;

    buffer_u32(commit, 0);
    RB_FOREACH(read, own_reads, &txn->reads) {
        buffer_sized(commit, read->key);
        count++;
    }
    put_count(commit, at, count);
}

// The successor of a key is the key and a zero byte: it makes a bound that includes.
static void put_bound(struct buffer *commit, struct slice key, bool included)
{
    buffer_varint(commit, key.len + included);
    buffer_slice(commit, key);
    if (included)
        buffer_u8(commit, 0);
}

static void encode_ranges(struct store_txn *txn, struct buffer *commit)
{
    size_t at = commit->len;
    uint32_t count = 0;

    buffer_u32(commit, 0);
    for (struct store_range *range = txn->ranges; range != NULL; range = range->next) {
        bool partly = !range->ended;

        if (partly && range->walked.data == NULL)
            continue;
        put_bound(commit, partly && range->backwards ? range->walked : range->from, false);
        if (partly && !range->backwards)
            put_bound(commit, range->walked, true);
        else
            put_bound(commit, range->to, false);
        count++;
    }
    put_count(commit, at, count);
}

static void encode_write(struct buffer *commit, const struct own_write *write)
{
    static const enum commit_op ops[] = {
        [STATE_PUT] = OP_PUT, [STATE_DELETE] = OP_DELETE, [STATE_ADD] = OP_ADD,
        [STATE_RESET] = OP_RESET};
    const struct state *state = write->newest;

    buffer_u8(commit, (uint8_t)ops[state->kind]);
    buffer_sized(commit, write->key);
    if (state->kind == STATE_PUT)
        buffer_sized(commit, state->value);
    if (state->kind == STATE_ADD || state->kind == STATE_RESET)
        buffer_u64(commit, (uint64_t)state->number);
}

static void encode_extra(struct buffer *commit, const struct extra *extra)
{
    buffer_u8(commit, extra->is_append ? OP_APPEND : OP_REQUIRE);
    buffer_sized(commit, extra->name);
    if (extra->is_append)
        buffer_sized(commit, extra->entry);
    else
        buffer_u64(commit, extra->version);
}

void store_encode(struct store_txn *txn, struct buffer *commit)
{
    struct own_write *write;

    if (!txn->has_writes && txn->extras == NULL)
        return;
    buffer_u8(commit, COMMIT_FORMAT);
    buffer_u64(commit, store_snapshot(txn));
    encode_reads(txn, commit);
    encode_ranges(txn, commit);
    RB_FOREACH(write, own_writes, &txn->writes)
        encode_write(commit, write);
    for (struct extra *extra = txn->extras; extra != NULL; extra = extra->next)
        encode_extra(commit, extra);
}

bool operation_read(struct reader *reader, struct operation *operation, bool *end)
{
    *end = !reader->failed && reader_left(reader) == 0;
    if (*end)
        return true;
    *operation = (struct operation){.op = read_u8(reader), .key = read_sized(reader)};
    if (operation->op == OP_PUT || operation->op == OP_APPEND)
        operation->value = read_sized(reader);
    else if (operation->op != OP_DELETE)
        operation->number = read_u64(reader);
    return !reader->failed && operation->op >= OP_PUT && operation->op <= OP_REQUIRE;
}
