// SPDX-License-Identifier: Apache-2.0
// Ranges: the snapshot's keys and the transaction's own, merged in order. A range
// remembers how far it was walked: exactly that was read, and no more can conflict.
#include "store/inside.h"

#include "store/space.h"

struct slice prefix_end(struct arena *arena, struct slice prefix)
{
    uint8_t *end;

    while (prefix.len > 0 && prefix.data[prefix.len - 1] == 0xff)
        prefix.len--;
    if (prefix.len == 0)
        return slice_of(NULL, 0);
    end = arena_copy(arena, prefix.data, prefix.len);
    end[prefix.len - 1]++;
    return slice_of(end, prefix.len);
}

static struct own_write *first_own(struct store_range *range)
{
    struct own_write wanted = {.key = range->backwards ? range->to : range->from}, *write;

    if (range->backwards && range->to.data == NULL)
        return RB_MAX(own_writes, &range->txn->writes);
    write = RB_NFIND(own_writes, &range->txn->writes, &wanted);
    if (!range->backwards)
        return write;
    return write != NULL ? RB_PREV(own_writes, &range->txn->writes, write)
                         : RB_MAX(own_writes, &range->txn->writes);
}

struct store_range *range_open(struct store_txn *txn, struct slice from, struct slice to,
                               bool backwards, struct err *err)
{
    struct engine_cursor *cursor = engine_cursor_open(txn->view, err);
    struct store_range *range;

    if (cursor == NULL)
        return NULL;
    range = arena_alloc(&txn->arena, sizeof *range);
    *range = (struct store_range){
        .next = txn->ranges, .txn = txn, .backwards = backwards, .time = txn->time,
        .cursor = cursor, .from = arena_slice(&txn->arena, from),
        .to = to.data != NULL ? arena_slice(&txn->arena, to) : prefix_end(&txn->arena, from)};
    range->own = first_own(range);
    txn->ranges = range;
    txn->ranges_open++;
    return range;
}

struct store_range *store_range_open(struct store_txn *txn, struct slice from, struct slice to,
                                     bool backwards, struct err *err)
{
    static const uint8_t log[] = {SPACE_LOG}, after[] = {SPACE_LOG + 1};
    bool meets_logs = slice_compare(from, slice_of(after, 1)) < 0 &&
                      (to.data != NULL ? slice_compare(to, slice_of(log, 1)) > 0
                                       : from.len == 0 || from.data[0] == SPACE_LOG);

    if (from.len > STORE_KEY_MAX + 1 || to.len > STORE_KEY_MAX + 1) {
        err_set(err, ERR_LIMIT, "a bound of %zu bytes", from.len > to.len ? from.len : to.len);
        return NULL;
    }
    if (txn->mode == STORE_WRITE && meets_logs) {
        err_set(err, ERR_INPUT, "logs are read with store_log_read");
        return NULL;
    }
    return range_open(txn, from, to, backwards, err);
}

static bool is_outside(const struct store_range *range, struct slice key)
{
    if (range->backwards)
        return slice_compare(key, range->from) < 0;
    return range->to.data != NULL && slice_compare(key, range->to) >= 0;
}

// Brings the snapshot's next key; at the end it is absent.
static bool load_base(struct store_range *range, struct err *err)
{
    struct slice bound = range->backwards ? range->to : range->from;
    bool first = range->base_key.data == NULL;

    if (first ? !engine_seek(range->cursor, bound, range->backwards, &range->base_key,
                             &range->base_value, err)
              : !engine_step(range->cursor, range->backwards, &range->base_key,
                             &range->base_value, err))
        return false;
    if (range->base_key.data != NULL && is_outside(range, range->base_key))
        range->base_key.data = NULL;
    range->loaded = true;
    return true;
}

// The transaction's next key that this range may see.
static struct state *own_state(struct store_range *range)
{
    while (range->own != NULL && !is_outside(range, range->own->key)) {
        struct state *state = txn_state(range->own, range->time);

        if (state != NULL)
            return state;
        range->own = range->backwards ? RB_PREV(own_writes, &range->txn->writes, range->own)
                                      : RB_NEXT(own_writes, &range->txn->writes, range->own);
    }
    range->own = NULL;
    return NULL;
}

static void pass_own(struct store_range *range)
{
    range->own = range->backwards ? RB_PREV(own_writes, &range->txn->writes, range->own)
                                  : RB_NEXT(own_writes, &range->txn->writes, range->own);
}

// Below 0: the snapshot's key comes first; above 0: the transaction's; 0: both are the same.
static int which_first(const struct store_range *range, const struct state *own)
{
    int order;

    if (own == NULL)
        return -1;
    if (range->base_key.data == NULL)
        return 1;
    order = slice_compare(range->base_key, range->own->key);
    return range->backwards ? -order : order;
}

// One step of the merge; the value may turn out to be absent (deleted).
static bool take(struct store_range *range, struct slice *key, struct stored *stored,
                 struct err *err)
{
    struct state *own = own_state(range);
    int first = which_first(range, own);

    *stored = (struct stored){STORED_BYTES, 0, {NULL, 0}};
    *key = first < 0 ? range->base_key : range->own->key;
    if (first <= 0) {
        range->loaded = false;
        if ((own == NULL || first < 0 || own->kind == STATE_ADD) &&
            !stored_open(range->base_key, range->base_value, stored, err))
            return false;
    }
    if (first < 0)
        return true;
    pass_own(range);
    return txn_merge(range->txn, *key, own, stored, err);
}

static bool at_end(struct store_range *range)
{
    return range->base_key.data == NULL && own_state(range) == NULL;
}

bool store_range_next(struct store_range *range, struct slice *key, struct slice *value,
                      struct err *err)
{
    struct stored stored;

    if (err != NULL)
        err->code = ERR_NONE;
    while (!range->ended) {
        if (!range->loaded && !load_base(range, err))
            return false;
        if (at_end(range)) {
            range->ended = true;
            break;
        }
        if (!take(range, key, &stored, err))
            return false;
        if (stored.bytes.data != NULL) {
            range->walked = *key;
            *value = stored.bytes;
            return true;
        }
    }
    return false;
}

void store_range_close(struct store_range *range)
{
    if (range == NULL || range->closed)
        return;
    engine_cursor_close(range->cursor);
    range->cursor = NULL;
    range->closed = true;
    range->txn->ranges_open--;
}
