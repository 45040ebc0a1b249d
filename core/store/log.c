// SPDX-License-Identifier: Apache-2.0
// Logs: the entries under their numbers, and behind them a head with the last number. A
// reader that came to the end has read the head: whoever appends changes it. It stands at
// the end, so that an append touches one page of the engine and not two.
#include "store/inside.h"

#include "store/space.h"

bool log_name_is_good(struct slice name)
{
    return name.len > 0 && name.len <= LOG_NAME_MAX;
}

size_t log_chain_len(struct slice name)
{
    return name.data[0] == '#' ? LOG_CHAIN_LEN : 0;
}

struct slice log_entry_key(struct arena *arena, struct slice name, uint64_t number)
{
    size_t len = 2 + name.len + 8;
    uint8_t *key = arena_alloc(arena, len);

    key[0] = SPACE_LOG;
    key[1] = (uint8_t)name.len;
    memcpy(key + 2, name.data, name.len);
    stored_number(number, key + 2 + name.len);
    return slice_of(key, len);
}

struct slice log_head_key(struct arena *arena, struct slice name)
{
    return log_entry_key(arena, name, UINT64_MAX);
}

static bool parse_entry(struct slice key, struct slice value, size_t chain,
                        struct store_entry *entry, struct err *err)
{
    struct reader reader = reader_of(value);

    entry->number = stored_to_number(slice_of(key.data + key.len - 8, 8));
    entry->time_ms = (int64_t)read_u64(&reader);
    entry->chain = chain > 0 ? read_bytes(&reader, chain) : slice_of(NULL, 0);
    entry->bytes = read_bytes(&reader, reader_left(&reader));
    return !reader.failed || err_set(err, ERR_CORRUPT, "a log entry is too short");
}

bool store_log_read(struct store_txn *txn, const char *log, uint64_t after, size_t max,
                    struct store_entry *entries, size_t *count, struct err *err)
{
    struct slice name = slice_text(log), head_key, key, value;
    struct store_range *range;
    struct stored head;
    struct err problem = {.code = ERR_NONE};

    *count = 0;
    if (!log_name_is_good(name))
        return err_set(err, ERR_LIMIT, "a log's name of %zu bytes", name.len);
    if (max == 0 || after == UINT64_MAX)
        return true;
    head_key = log_head_key(&txn->arena, name);
    range = range_open(txn, log_entry_key(&txn->arena, name, after + 1), head_key, false, err);
    if (range == NULL)
        return false;
    while (*count < max && store_range_next(range, &key, &value, &problem) &&
           parse_entry(key, value, log_chain_len(name), &entries[*count], &problem))
        ++*count;
    store_range_close(range);
    if (problem.code != ERR_NONE)
        return err_set(err, problem.code, "%s: %s", log, problem.text);
    return *count == max || txn_base(txn, head_key, &head, err);
}

bool store_log_last(struct store_txn *txn, const char *log, uint64_t *number, struct err *err)
{
    struct stored head;

    *number = 0;
    if (!txn_base(txn, log_head_key(&txn->arena, slice_text(log)), &head, err))
        return false;
    if (head.bytes.data != NULL)
        *number = stored_to_number(slice_of(head.bytes.data, 8));
    return true;
}

void store_watch_log(struct store *store, const char *log)
{
    store->watched = log;
}

bool store_log_grew(struct store *store)
{
    bool grew = store->grew;

    store->grew = false;
    return grew;
}

bool store_log_trim(struct store *store, const char *log, uint64_t keep, size_t max,
                    size_t *swept, struct err *err)
{
    struct store_txn *txn = store_begin(store, STORE_READ, err);
    struct arena arena = ARENA_EMPTY;
    uint64_t last;
    bool done;

    *swept = 0;
    if (txn == NULL)
        return false;
    done = store_log_last(txn, log, &last, err);
    store_end(txn);
    if (done && last > keep)
        done = store_sweep(store, log_entry_key(&arena, slice_text(log), 1),
                           log_entry_key(&arena, slice_text(log), last - keep + 1), max, swept,
                           err);
    arena_finish(&arena);
    return done;
}
