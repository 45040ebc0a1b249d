// SPDX-License-Identifier: Apache-2.0
// Every later version must open what an earlier one wrote. tests/golden/store-1 holds a
// store of format 1; it is never made again. `golden_test make FOLDER` shows how it was.
#include "scratch.h"

static const char GOLDEN[] = "tests/golden/store-1/data.mdb";
enum { RECORDS = 200, LARGE = 20000, ENTRIES = 5 };
static const uint64_t VERSION_EMPTY = 0x427fcfa3c59ed52e, VERSION_FIRST = 0x6bf1f1b1100cfedd;
static const uint8_t LAST_CHAIN[32] = {
    0xdd, 0x05, 0xe3, 0xbe, 0xb7, 0x8e, 0x8b, 0x9d, 0x75, 0xea, 0xc9, 0xeb,
    0xde, 0xaa, 0x0c, 0x23, 0x8f, 0x8f, 0xd5, 0xb7, 0x7f, 0x2c, 0x89, 0xd0,
    0xfa, 0xab, 0x83, 0xf2, 0x2c, 0x96, 0x69, 0xd4};

static int64_t golden_ms(struct clock *clock)
{
    (void)clock;
    return 1788739200000; // 2026-09-07, a Monday
}

static void make_value(int number, struct buffer *value)
{
    value->len = 0;
    for (int i = 0; i <= number % 7; i++)
        buffer_format(value, "记录 %d ", number);
}

static void make_key(int number, char key[64])
{
    snprintf(key, 64, "Rschool/%c/%05d", 'a' + number % 3, number);
}

static void put_records(struct store_txn *txn, struct err *err)
{
    struct buffer value = BUFFER_EMPTY;
    char key[64];

    for (int i = 0; i < RECORDS; i++) {
        make_key(i, key);
        make_value(i, &value);
        CHECK_OK(store_put(txn, S(key), buffer_view(&value), err), err);
    }
    value.len = 0;
    for (int i = 0; i < LARGE; i++)
        buffer_u8(&value, (uint8_t)(i * 7));
    CHECK_OK(store_put(txn, S("Rlarge"), buffer_view(&value), err), err);
    CHECK_OK(store_put(txn, S("Rempty"), S(""), err), err);
    buffer_finish(&value);
}

static void make(const char *folder)
{
    struct clock clock = {.wall_ms = golden_ms, .mono_us = clock_system()->mono_us};
    struct scratch scratch = {.options = {.bytes_max = 1 << 30, .readers_max = 8,
                                          .memory_max = 1000, .clock = &clock,
                                          .random = random_system()}};
    struct store_txn *txn;
    char entry[32];

    snprintf(scratch.folder, sizeof scratch.folder, "%s", folder);
    CHECK_OK(scratch_open(&scratch), &scratch.err);
    txn = begin_write(&scratch);
    put_records(txn, &scratch.err);
    CHECK(store_add(txn, S("Rcounter up"), 1234567890123, &scratch.err));
    CHECK(store_add(txn, S("Rcounter down"), -5, &scratch.err));
    CHECK(store_put(txn, S("Rdeleted"), S("not for long"), &scratch.err));
    CHECK(finish(&scratch, txn) == ERR_NONE);
    for (int i = 1; i <= ENTRIES; i++) {
        snprintf(entry, sizeof entry, "entry %d", i);
        txn = begin_write(&scratch);
        CHECK(store_append(txn, "feed", S(entry), &scratch.err));
        CHECK(store_append(txn, "#audit", S(entry), &scratch.err));
        CHECK(store_add(txn, S("Rcounter down"), -1, &scratch.err));
        CHECK(store_require(txn, S("Rabsent"), 0, &scratch.err));
        CHECK(finish(&scratch, txn) == ERR_NONE);
    }
    CHECK(delete_one(&scratch, "Rdeleted") == ERR_NONE);
    scratch_close(&scratch);
}

static void copy_golden(struct scratch *scratch)
{
    uint8_t bytes[65536];
    int from = open(GOLDEN, O_RDONLY);
    int to = open(scratch_path(scratch, "data.mdb"), O_WRONLY | O_CREAT | O_EXCL, 0600);
    ssize_t got;

    CHECK(from >= 0 && to >= 0);
    while ((got = read(from, bytes, sizeof bytes)) > 0)
        CHECK(write(to, bytes, (size_t)got) == got);
    close(from);
    close(to);
}

static void open_copy(struct scratch *scratch)
{
    scratch_folder(scratch);
    copy_golden(scratch);
    CHECK_OK(scratch_open(scratch), &scratch->err);
}

static void every_record_is_as_it_was_written(void)
{
    struct scratch scratch;
    struct buffer expected = BUFFER_EMPTY;
    struct slice value;
    struct store_txn *txn;
    bool all = true;
    char key[64];

    open_copy(&scratch);
    txn = begin_read(&scratch);
    for (int i = 0; i < RECORDS; i++) {
        make_key(i, key);
        make_value(i, &expected);
        all = all && store_get(txn, S(key), &value, &scratch.err) &&
              slice_equal(value, buffer_view(&expected));
    }
    CHECK(store_get(txn, S("Rlarge"), &value, &scratch.err) && value.len == LARGE);
    for (int i = 0; i < LARGE; i++)
        all = all && value.data[i] == (uint8_t)(i * 7);
    CHECK(all);
    CHECK(store_get(txn, S("Rempty"), &value, &scratch.err) && value.data != NULL);
    CHECK(value.len == 0);
    CHECK(store_get(txn, S("Rdeleted"), &value, &scratch.err) && value.data == NULL);
    store_end(txn);
    buffer_finish(&expected);
    scratch_finish(&scratch);
}

static void nothing_else_is_there(void)
{
    struct scratch scratch;
    struct store_range *range;
    struct slice key, value;
    struct store_txn *txn;
    int keys = 0;

    open_copy(&scratch);
    txn = begin_read(&scratch);
    range = store_range_open(txn, S("R"), slice_of(NULL, 0), false, &scratch.err);
    while (store_range_next(range, &key, &value, &scratch.err))
        keys++;
    CHECK(scratch.err.code == ERR_NONE && keys == RECORDS + 4);
    store_end(txn);
    scratch_finish(&scratch);
}

static void counters_and_versions_are_as_they_were(void)
{
    struct scratch scratch;
    struct store_txn *txn;
    uint64_t version;

    open_copy(&scratch);
    CHECK(counter(&scratch, "Rcounter up") == 1234567890123);
    CHECK(counter(&scratch, "Rcounter down") == -5 - ENTRIES);
    txn = begin_read(&scratch);
    CHECK(store_version(txn, S("Rempty"), &version, &scratch.err));
    CHECK(version == VERSION_EMPTY);
    CHECK(store_version(txn, S("Rschool/a/00000"), &version, &scratch.err));
    CHECK(version == VERSION_FIRST);
    store_end(txn);
    scratch_finish(&scratch);
}

static void logs_are_as_they_were_and_go_on(void)
{
    struct scratch scratch;
    struct store_entry entries[ENTRIES + 2];
    struct store_txn *txn;
    char text[32];
    size_t count;

    open_copy(&scratch);
    txn = begin_read(&scratch);
    for (int chained = 0; chained < 2; chained++) {
        CHECK(store_log_read(txn, chained ? "#audit" : "feed", 0, ENTRIES + 2, entries, &count,
                             &scratch.err));
        CHECK(count == ENTRIES);
        for (size_t i = 0; i < count; i++) {
            snprintf(text, sizeof text, "entry %zu", i + 1);
            CHECK(entries[i].number == i + 1 && slice_is(entries[i].bytes, text));
            CHECK(entries[i].time_ms == golden_ms(NULL));
            CHECK((entries[i].chain.data != NULL) == chained);
        }
    }
    CHECK(slice_equal(entries[ENTRIES - 1].chain, slice_of(LAST_CHAIN, sizeof LAST_CHAIN)));
    store_end(txn);
    txn = begin_write(&scratch);
    CHECK(store_append(txn, "#audit", S("later"), &scratch.err));
    CHECK(finish(&scratch, txn) == ERR_NONE);
    txn = begin_read(&scratch);
    CHECK(store_log_read(txn, "#audit", ENTRIES, 2, entries, &count, &scratch.err));
    CHECK(count == 1 && entries[0].number == ENTRIES + 1);
    store_end(txn);
    scratch_finish(&scratch);
}

int main(int argc, char **argv)
{
    if (argc == 3 && strcmp(argv[1], "make") == 0) {
        make(argv[2]);
        return check_state.checks_failed > 0;
    }
    RUN(every_record_is_as_it_was_written);
    RUN(nothing_else_is_there);
    RUN(counters_and_versions_are_as_they_were);
    RUN(logs_are_as_they_were_and_go_on);
    return check_report("store/golden");
}
