// SPDX-License-Identifier: Apache-2.0
// Whoever has the file can write what he likes, checksums included: the chain tells.
#include "scratch.h"

#include "store/chain.h"
#include "store/engine.h"
#include "store/stored.h"

enum { ENTRIES = 6, KEY_MAX = 64 };

static struct scratch scratch;
static struct err err;

static void append(const char *log, int number)
{
    struct store_txn *txn = begin_write(&scratch);
    char text[32];

    snprintf(text, sizeof text, "entry %d", number);
    CHECK(store_append(txn, log, S(text), &err));
    CHECK(finish(&scratch, txn) == ERR_NONE);
}

static void begin(void)
{
    scratch_start(&scratch);
    for (int i = 1; i <= ENTRIES; i++)
        append("#audit", i);
}

static struct store_chain check_with(const char *log, const struct store_mark *mark)
{
    struct store_txn *txn;
    struct store_chain chain = {0};

    if (scratch.store == NULL)
        CHECK(scratch_open(&scratch));
    txn = begin_read(&scratch);
    CHECK_OK(store_chain_check(txn, log, mark, &chain, &err), &err);
    store_end(txn);
    return chain;
}

static struct store_chain check(void)
{
    return check_with("#audit", NULL);
}

static bool is_broken_at(uint64_t number)
{
    struct store_chain chain = check();

    if (chain.broken != number)
        printf("  broken at %llu: %s\n", (unsigned long long)chain.broken,
               chain.why != NULL ? chain.why : "-");
    return chain.broken == number && chain.entries < ENTRIES + 1;
}

// Behind the store's back -------------------------------------------------------------------

struct piece {
    uint8_t key[KEY_MAX], bytes[256];
    size_t key_len, len;
    enum stored_kind kind;
};

static struct slice key_of(uint64_t number, uint8_t key[KEY_MAX])
{
    static const char name[] = "#audit";

    key[0] = SPACE_LOG;
    key[1] = sizeof name - 1;
    memcpy(key + 2, name, sizeof name - 1);
    stored_number(number, key + 2 + sizeof name - 1);
    return slice_of(key, 2 + sizeof name - 1 + 8);
}

static const uint64_t head = UINT64_MAX;

static struct piece take(struct engine_view *view, uint64_t number)
{
    struct piece piece = {.len = 0};
    struct slice key = key_of(number, piece.key), value;
    struct stored stored;

    piece.key_len = key.len;
    CHECK(engine_get(view, key, &value, &err) && stored_open(key, value, &stored, &err));
    piece.kind = stored.kind;
    piece.len = stored.bytes.len;
    memcpy(piece.bytes, stored.bytes.data, piece.len);
    return piece;
}

// With a checksum that fits.
static void put(struct engine_view *view, uint64_t number, const struct piece *piece)
{
    uint8_t key_bytes[KEY_MAX], sealed[STORED_HEAD];
    struct slice key = key_of(number, key_bytes), bytes = slice_of(piece->bytes, piece->len);

    stored_seal(key, piece->kind, bytes, sealed);
    CHECK(engine_put(view, key, slice_of(sealed, STORED_HEAD), bytes, &err));
}

static void cut(struct engine_view *view, uint64_t number)
{
    uint8_t key[KEY_MAX];
    bool existed;

    CHECK(engine_remove(view, key_of(number, key), &existed, &err) && existed);
}

typedef void tampering(struct engine_view *view);

static void tamper(tampering *act)
{
    struct engine *engine;
    struct engine_view *view;

    scratch_close(&scratch);
    engine = lmdb_open(scratch.folder, true, 8, &err);
    view = engine != NULL ? engine_begin(engine, true, &err) : NULL;
    CHECK(view != NULL);
    if (view != NULL) {
        act(view);
        CHECK(engine_commit(view, &err));
    }
    if (engine != NULL)
        engine->calls->close(engine);
}

static void change_third(struct engine_view *view)
{
    struct piece third = take(view, 3);

    third.bytes[third.len - 1] ^= 1;
    put(view, 3, &third);
}

static void change_last(struct engine_view *view)
{
    struct piece last = take(view, ENTRIES);

    last.bytes[last.len - 1] ^= 1;
    put(view, ENTRIES, &last);
}

static void cut_third(struct engine_view *view)
{
    cut(view, 3);
}

static void cut_first(struct engine_view *view)
{
    cut(view, 1);
}

static void cut_last(struct engine_view *view)
{
    cut(view, ENTRIES);
}

static void cut_head(struct engine_view *view)
{
    cut(view, head);
}

static void swap_two(struct engine_view *view)
{
    struct piece third = take(view, 3), fourth = take(view, 4);

    put(view, 3, &fourth);
    put(view, 4, &third);
}

static void close_the_gap(struct engine_view *view)
{
    for (uint64_t i = 3; i < ENTRIES; i++) {
        struct piece next = take(view, i + 1);

        put(view, i, &next);
    }
    cut(view, ENTRIES);
}

static void insert_one(struct engine_view *view)
{
    struct piece extra = take(view, ENTRIES);

    put(view, ENTRIES + 1, &extra);
}

static void cut_last_and_change_its_number_in_the_head(struct engine_view *view)
{
    struct piece last = take(view, head);

    stored_number(ENTRIES - 1, last.bytes);
    put(view, head, &last);
    cut(view, ENTRIES);
}

static void a_log_that_nobody_touched_is_in_order(void)
{
    struct store_chain chain;

    begin();
    chain = check();
    CHECK(chain.broken == 0 && chain.entries == ENTRIES);
    chain = check_with("#nothing", NULL);
    CHECK(chain.broken == 0 && chain.entries == 0);
    scratch_finish(&scratch);
}

static void what_was_done_to_it_is_found(void)
{
    static const struct {
        tampering *act;
        uint64_t broken;
    } rows[] = {
        {change_third, 4}, {change_last, ENTRIES}, {cut_third, 3},
        {cut_first, 1},    {cut_last, ENTRIES},    {cut_head, ENTRIES},
        {swap_two, 3},     {close_the_gap, 3},     {insert_one, ENTRIES + 1},
        {cut_last_and_change_its_number_in_the_head, ENTRIES - 1},
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        begin();
        tamper(rows[i].act);
        CHECK(is_broken_at(rows[i].broken));
        scratch_finish(&scratch);
    }
}

// The whole rest written anew, head and all, is in order in itself: only a noted head tells.
static void a_log_that_was_rolled_back_is_found_by_a_head_that_was_noted_down(void)
{
    struct store_mark mark = {.number = ENTRIES}, middle = {.number = 3};
    struct store_chain chain;

    begin();
    chain = check();
    memcpy(mark.digest, chain.digest, sizeof mark.digest);
    scratch_finish(&scratch);
    scratch_start(&scratch);
    for (int i = 1; i < ENTRIES; i++)
        append("#audit", i);
    CHECK(check().broken == 0);
    chain = check_with("#audit", &mark);
    CHECK(chain.broken == ENTRIES && strstr(chain.why, "missing") != NULL);
    append("#audit", 7);
    chain = check_with("#audit", &mark);
    CHECK(chain.broken == ENTRIES && strstr(chain.why, "noted down") != NULL);
    chain = check_with("#audit", &middle);
    CHECK(chain.broken == 3);
    scratch_finish(&scratch);
}

static void a_log_goes_on_from_a_noted_head(void)
{
    struct store_mark mark = {.number = ENTRIES};
    struct store_chain chain;

    begin();
    chain = check();
    memcpy(mark.digest, chain.digest, sizeof mark.digest);
    append("#audit", 7);
    chain = check_with("#audit", &mark);
    CHECK(chain.broken == 0 && chain.entries == ENTRIES + 1);
    scratch_finish(&scratch);
}

static void every_chained_log_is_found_and_no_other(void)
{
    static const char *const names[] = {"#b", "#audit", "#longer.name"};
    const char *log = "";
    struct store_txn *txn;

    begin();
    append("plain", 1);
    append("a", 1);
    append("#b", 1);
    append("#longer.name", 1);
    append("#longer.name", 2);
    txn = begin_read(&scratch);
    for (size_t i = 0; i < 3; i++)
        CHECK(store_chain_next(txn, log, &log, &err) && log != NULL && strcmp(log, names[i]) == 0);
    CHECK(store_chain_next(txn, log, &log, &err) && log == NULL);
    store_end(txn);
    scratch_finish(&scratch);
}

int main(void)
{
    RUN(a_log_that_nobody_touched_is_in_order);
    RUN(what_was_done_to_it_is_found);
    RUN(a_log_that_was_rolled_back_is_found_by_a_head_that_was_noted_down);
    RUN(a_log_goes_on_from_a_noted_head);
    RUN(every_chained_log_is_found_and_no_other);
    return check_report("store/chain");
}
