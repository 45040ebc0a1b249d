// SPDX-License-Identifier: Apache-2.0
#include "store/chain.h"

#include "crypto/crypto.h"
#include "store/inside.h"
#include "store/space.h"

_Static_assert((int)STORE_DIGEST == (int)DIGEST_LEN && (int)LOG_CHAIN_LEN == (int)DIGEST_LEN,
               "one digest");

struct walk {
    const struct store_mark *mark;
    struct store_chain *chain;
    struct slice head_key;
    bool has_head, met_mark;
};

static bool broken(struct store_chain *chain, uint64_t number, const char *why)
{
    chain->broken = number;
    chain->why = why;
    return false;
}

static void digest_entry(struct slice key, struct slice bytes, uint8_t digest[DIGEST_LEN])
{
    struct buffer all = BUFFER_EMPTY;

    buffer_slice(&all, key);
    buffer_slice(&all, bytes);
    digest_sha256(buffer_view(&all), digest);
    buffer_finish(&all);
}

static bool is_digest(struct slice bytes, const uint8_t digest[STORE_DIGEST])
{
    return slice_equal(bytes, slice_of(digest, STORE_DIGEST));
}

static bool check_mark(struct walk *walk)
{
    const struct store_chain *chain = walk->chain;

    if (walk->mark->number != chain->entries)
        return true;
    walk->met_mark = true;
    return is_digest(slice_of(walk->mark->digest, STORE_DIGEST), chain->digest) ||
           broken(walk->chain, chain->entries, "it is not what it was when it was noted down");
}

static bool check_entry(struct walk *walk, struct slice key, struct slice value)
{
    struct store_chain *chain = walk->chain;
    uint64_t number = stored_to_number(slice_of(key.data + key.len - 8, 8));
    struct stored stored;

    if (number != chain->entries + 1)
        return broken(chain, chain->entries + 1, "it is missing");
    if (!stored_open(key, value, &stored, NULL))
        return broken(chain, number, "its bytes fail their checksum");
    if (stored.kind != STORED_ENTRY || stored.bytes.len < LOG_TIME_LEN + LOG_CHAIN_LEN)
        return broken(chain, number, "it is no entry");
    if (!is_digest(slice_of(stored.bytes.data + LOG_TIME_LEN, LOG_CHAIN_LEN), chain->digest))
        return broken(chain, number, number == 1
                                         ? "something stood before it"
                                         : "it does not follow from the one before: one of them "
                                           "was changed, or stood elsewhere");
    digest_entry(key, stored.bytes, chain->digest);
    chain->entries = number;
    return check_mark(walk);
}

static bool check_head(struct walk *walk, struct slice value)
{
    struct store_chain *chain = walk->chain;
    struct stored stored;
    uint64_t last;

    walk->has_head = true;
    if (!stored_open(walk->head_key, value, &stored, NULL) || stored.kind != STORED_LOG ||
        stored.bytes.len != 8 + LOG_CHAIN_LEN)
        return broken(chain, chain->entries + 1, "the head of the log is rotten");
    last = stored_to_number(slice_of(stored.bytes.data, 8));
    if (last > chain->entries)
        return broken(chain, chain->entries + 1, "it is missing");
    if (last < chain->entries)
        return broken(chain, last + 1, "the head of the log does not know it");
    return is_digest(slice_of(stored.bytes.data + 8, LOG_CHAIN_LEN), chain->digest) ||
           broken(chain, last, "it is not the one that the head of the log knows");
}

static void check_end(struct walk *walk)
{
    struct store_chain *chain = walk->chain;

    if (!walk->has_head && chain->entries > 0)
        broken(chain, chain->entries, "the head of the log is missing");
    else if (walk->mark->number > 0 && !walk->met_mark)
        broken(chain, walk->mark->number, "it was noted down, and is missing");
}

bool store_chain_check(struct store_txn *txn, const char *log, const struct store_mark *mark,
                       struct store_chain *chain, struct err *err)
{
    static const struct store_mark nothing;
    struct slice name = slice_text(log), first = log_entry_key(&txn->arena, name, 0), key, value;
    struct walk walk = {mark != NULL ? mark : &nothing, chain,
                        log_head_key(&txn->arena, name), false, false};
    struct engine_cursor *cursor = engine_cursor_open(txn->view, err);
    bool done = cursor != NULL && engine_seek(cursor, first, false, &key, &value, err);
    bool fine = true;

    *chain = (struct store_chain){0};
    while (done && fine && key.data != NULL && slice_compare(key, walk.head_key) < 0) {
        fine = check_entry(&walk, key, value);
        if (fine)
            done = engine_step(cursor, false, &key, &value, err);
    }
    if (done && fine && key.data != NULL && slice_equal(key, walk.head_key))
        fine = check_head(&walk, value);
    if (done && fine)
        check_end(&walk);
    engine_cursor_close(cursor);
    return done;
}

// Keys of logs: space, u8 length of the name, the name, u64 number.
bool store_chain_next(struct store_txn *txn, const char *after, const char **log, struct err *err)
{
    static const uint8_t space[] = {SPACE_LOG};
    struct slice from = after[0] != 0 ? log_head_key(&txn->arena, slice_text(after))
                                      : slice_of(space, 1),
                 key, value, name;
    struct engine_cursor *cursor = engine_cursor_open(txn->view, err);
    bool done = cursor != NULL && engine_seek(cursor, from, false, &key, &value, err);

    *log = NULL;
    while (done && *log == NULL && key.data != NULL && key.data[0] == SPACE_LOG) {
        if (key.len > 10 && key.len == (size_t)key.data[1] + 10) {
            name = slice_of(key.data + 2, key.len - 10);
            from = log_head_key(&txn->arena, name);
            if (log_chain_len(name) > 0 && !slice_is(name, after))
                *log = arena_text(&txn->arena, name);
            else if (slice_compare(key, from) < 0) { // the rest of this log is passed over
                done = engine_seek(cursor, from, false, &key, &value, err);
                continue;
            }
        }
        if (*log == NULL)
            done = engine_step(cursor, false, &key, &value, err);
    }
    engine_cursor_close(cursor);
    return done;
}
