// SPDX-License-Identifier: Apache-2.0
// A transaction: a snapshot, what was read of it, and what is to be written.
#include "store/inside.h"

#include <stdlib.h>

#include "store/space.h"

static int write_compare(const struct own_write *a, const struct own_write *b)
{
    return slice_compare(a->key, b->key);
}

static int read_compare(const struct own_read *a, const struct own_read *b)
{
    return slice_compare(a->key, b->key);
}

RB_GENERATE(own_writes, own_write, link, write_compare)
RB_GENERATE(own_reads, own_read, link, read_compare)

struct store_txn *store_begin(struct store *store, enum store_mode mode, struct err *err)
{
    struct engine_view *view = engine_begin(store->engine, false, err);
    struct store_txn *txn = store->idle;

    if (view == NULL)
        return NULL;
    if (txn != NULL) {
        store->idle = txn->next_idle;
        store->idle_count--;
    } else {
        txn = mem_zero(sizeof *txn);
    }
    *txn = (struct store_txn){.store = store, .mode = mode, .view = view, .arena = txn->arena};
    RB_INIT(&txn->writes);
    RB_INIT(&txn->reads);
    txn->extras_end = &txn->extras;
    return txn;
}

void store_end(struct store_txn *txn)
{
    struct store *store;

    if (txn == NULL)
        return;
    store = txn->store;
    for (struct store_range *range = txn->ranges; range != NULL; range = range->next)
        store_range_close(range);
    engine_end(txn->view);
    if (store->idle_count == TXN_IDLE_MAX) {
        txn_free(txn);
        return;
    }
    arena_reset(&txn->arena);
    txn->next_idle = store->idle;
    store->idle = txn;
    store->idle_count++;
}

void txn_free(struct store_txn *txn)
{
    arena_finish(&txn->arena);
    free(txn);
}

uint64_t store_snapshot(const struct store_txn *txn)
{
    return engine_number(txn->view);
}

struct arena *store_arena(struct store_txn *txn)
{
    return &txn->arena;
}

bool store_has_writes(const struct store_txn *txn)
{
    return txn->has_writes;
}

// Reading -----------------------------------------------------------------------------

static bool may_read(const struct store_txn *txn, struct slice key, struct err *err)
{
    if (key.len == 0 || key.len > STORE_KEY_MAX)
        return err_set(err, ERR_LIMIT, "a key of %zu bytes", key.len);
    // A log grows without conflicts, so that its keys say nothing about what was read.
    if (txn->mode == STORE_WRITE && key.data[0] == SPACE_LOG)
        return err_set(err, ERR_INPUT, "logs are read with store_log_read");
    return true;
}

void txn_note_read(struct store_txn *txn, struct slice key)
{
    struct own_read wanted = {.key = key}, *read;

    if (txn->mode != STORE_WRITE || RB_FIND(own_reads, &txn->reads, &wanted) != NULL)
        return;
    read = arena_alloc(&txn->arena, sizeof *read);
    read->key = arena_slice(&txn->arena, key);
    RB_INSERT(own_reads, &txn->reads, read);
}

struct own_write *txn_find_write(struct store_txn *txn, struct slice key)
{
    struct own_write wanted = {.key = key};

    return RB_FIND(own_writes, &txn->writes, &wanted);
}

struct state *txn_state(struct own_write *write, uint64_t time)
{
    struct state *state = write->newest;

    while (state != NULL && state->time > time)
        state = state->older;
    return state;
}

bool txn_base(struct store_txn *txn, struct slice key, struct stored *stored, struct err *err)
{
    struct slice value;

    txn_note_read(txn, key);
    return engine_get(txn->view, key, &value, err) && stored_open(key, value, stored, err);
}

// Wraps around: a counter at its end is nobody's reason to stop.
static int64_t sum(int64_t a, int64_t b)
{
    return (int64_t)((uint64_t)a + (uint64_t)b);
}

bool txn_merge(struct store_txn *txn, struct slice key, const struct state *state,
               struct stored *base, struct err *err)
{
    uint8_t number[8], head[STORED_HEAD];

    if (state->kind == STATE_DELETE) {
        *base = (struct stored){STORED_BYTES, 0, {NULL, 0}};
        return true;
    }
    if (state->kind == STATE_PUT) {
        *base = (struct stored){STORED_BYTES, 0, state->value};
    } else if (state->kind == STATE_ADD && base->bytes.data != NULL &&
               base->kind != STORED_COUNTER) {
        return err_set(err, ERR_INPUT, "added to what is no counter");
    } else {
        int64_t from = state->kind == STATE_ADD ? (int64_t)stored_to_number(base->bytes) : 0;

        stored_number((uint64_t)sum(from, state->number), number);
        *base = (struct stored){STORED_COUNTER, 0,
                                arena_slice(&txn->arena, slice_of(number, sizeof number))};
    }
    base->version = stored_seal(key, base->kind, base->bytes, head);
    return true;
}

static bool look(struct store_txn *txn, struct slice key, struct stored *stored, struct err *err)
{
    struct own_write *write;

    if (!may_read(txn, key, err))
        return false;
    write = txn_find_write(txn, key);
    if (write == NULL)
        return txn_base(txn, key, stored, err);
    if (write->newest->kind == STATE_ADD && !txn_base(txn, key, stored, err))
        return false;
    return txn_merge(txn, key, write->newest, stored, err);
}

bool store_get(struct store_txn *txn, struct slice key, struct slice *value, struct err *err)
{
    struct stored stored;
    bool done = look(txn, key, &stored, err);

    *value = done ? stored.bytes : slice_of(NULL, 0);
    return done;
}

bool store_version(struct store_txn *txn, struct slice key, uint64_t *version, struct err *err)
{
    struct stored stored;
    bool done = look(txn, key, &stored, err);

    *version = done ? stored.version : 0;
    return done;
}

bool store_counter(struct store_txn *txn, struct slice key, int64_t *number, struct err *err)
{
    struct stored stored;

    *number = 0;
    if (!look(txn, key, &stored, err))
        return false;
    if (stored.bytes.data != NULL && stored.kind != STORED_COUNTER)
        return err_set(err, ERR_INPUT, "what was read is no counter");
    *number = (int64_t)stored_to_number(stored.bytes);
    return true;
}

// Writing -----------------------------------------------------------------------------

bool txn_may_write(struct store_txn *txn, struct slice key, size_t bytes, struct err *err)
{
    uint64_t most = txn->store->options.commit_bytes_max;

    if (txn->mode != STORE_WRITE)
        return err_set(err, ERR_DENIED, "this transaction only reads");
    if (key.len == 0 || key.len > STORE_KEY_MAX)
        return err_set(err, ERR_LIMIT, "a key of %zu bytes", key.len);
    if (bytes > STORE_VALUE_MAX)
        return err_set(err, ERR_LIMIT, "a value of %zu bytes", bytes);
    if (txn->bytes + key.len + bytes > most)
        return err_set(err, ERR_LIMIT, "more than %llu bytes in one commit",
                       (unsigned long long)most);
    txn->bytes += key.len + bytes;
    return true;
}

static struct own_write *write_of(struct store_txn *txn, struct slice key)
{
    struct own_write *write = txn_find_write(txn, key);

    if (write == NULL) {
        write = arena_alloc(&txn->arena, sizeof *write);
        write->key = arena_slice(&txn->arena, key);
        RB_INSERT(own_writes, &txn->writes, write);
    }
    return write;
}

static void set_state(struct store_txn *txn, struct slice key, struct state state)
{
    struct own_write *write = write_of(txn, key);

    state.time = ++txn->time;
    state.older = write->newest;
    if (write->newest == NULL || txn->ranges_open > 0)
        write->newest = arena_alloc(&txn->arena, sizeof state);
    else
        state.older = write->newest->older;
    *write->newest = state;
    txn->has_writes = true;
}

static bool may_change(struct store_txn *txn, struct slice key, size_t bytes, struct err *err)
{
    if (key.len > 0 && key.data[0] == SPACE_LOG)
        return err_set(err, ERR_INPUT, "logs are only appended to");
    return txn_may_write(txn, key, bytes, err);
}

bool store_put(struct store_txn *txn, struct slice key, struct slice value, struct err *err)
{
    if (!may_change(txn, key, value.len, err))
        return false;
    if (value.data == NULL)
        value.data = (const uint8_t *)""; // an empty value is a value
    set_state(txn, key, (struct state){.kind = STATE_PUT,
                                       .value = arena_slice(&txn->arena, value)});
    return true;
}

bool store_delete(struct store_txn *txn, struct slice key, struct err *err)
{
    if (!may_change(txn, key, 0, err))
        return false;
    set_state(txn, key, (struct state){.kind = STATE_DELETE});
    return true;
}

bool store_add(struct store_txn *txn, struct slice key, int64_t number, struct err *err)
{
    struct state state = {.kind = STATE_ADD, .number = number};
    struct own_write *write;

    if (!may_change(txn, key, 8, err))
        return false;
    write = txn_find_write(txn, key);
    if (write != NULL && write->newest->kind == STATE_PUT)
        return err_set(err, ERR_INPUT, "added to what is no counter");
    if (write != NULL) {
        state.kind = write->newest->kind == STATE_ADD ? STATE_ADD : STATE_RESET;
        state.number = sum(number, write->newest->number);
    }
    set_state(txn, key, state);
    return true;
}

static void add_extra(struct store_txn *txn, struct extra extra)
{
    struct extra *copy = arena_copy(&txn->arena, &extra, sizeof extra);

    *txn->extras_end = copy;
    txn->extras_end = &copy->next;
}

bool store_append(struct store_txn *txn, const char *log, struct slice entry, struct err *err)
{
    struct slice name = slice_text(log);

    if (!log_name_is_good(name))
        return err_set(err, ERR_LIMIT, "a log's name of %zu bytes", name.len);
    if (!txn_may_write(txn, name, LOG_TIME_LEN + LOG_CHAIN_LEN + entry.len, err))
        return false;
    if (entry.data == NULL)
        entry.data = (const uint8_t *)"";
    add_extra(txn, (struct extra){.name = arena_slice(&txn->arena, name),
                                  .entry = arena_slice(&txn->arena, entry), .is_append = true});
    txn->has_writes = true;
    return true;
}

bool store_require(struct store_txn *txn, struct slice key, uint64_t version, struct err *err)
{
    if (!txn_may_write(txn, key, 0, err))
        return false;
    add_extra(txn, (struct extra){.name = arena_slice(&txn->arena, key), .version = version});
    return true;
}
