// SPDX-License-Identifier: Apache-2.0
#include "scratch.h"

static void sizes_over_the_limit_are_refused(struct scratch *scratch)
{
    struct store_txn *txn = begin_write(scratch);
    uint8_t *large = mem_zero(STORE_VALUE_MAX + 1);
    struct slice value;
    struct err err;

    memset(large, 'k', STORE_VALUE_MAX + 1);
    CHECK(!store_put(txn, slice_of(large, STORE_KEY_MAX + 1), S("v"), &err));
    CHECK(err.code == ERR_LIMIT);
    CHECK(!store_put(txn, S(""), S("v"), &err) && err.code == ERR_LIMIT);
    CHECK(!store_put(txn, S("k"), slice_of(large, STORE_VALUE_MAX + 1), &err));
    CHECK(err.code == ERR_LIMIT);
    CHECK(!store_get(txn, slice_of(large, STORE_KEY_MAX + 1), &value, &err));
    CHECK(!store_append(txn, "", S("entry"), &err) && err.code == ERR_LIMIT);
    CHECK(!store_has_writes(txn));
    CHECK(store_put(txn, slice_of(large, STORE_KEY_MAX), slice_of(large, STORE_VALUE_MAX), &err));
    CHECK(finish(scratch, txn) == ERR_NONE);
    txn = begin_read(scratch);
    CHECK(store_get(txn, slice_of(large, STORE_KEY_MAX), &value, &err));
    CHECK(slice_equal(value, slice_of(large, STORE_VALUE_MAX)));
    store_end(txn);
    free(large);
}

static void a_commit_of_too_many_bytes_is_refused_before_it_is_sent(struct scratch *scratch)
{
    struct store_txn *txn = begin_write(scratch);
    struct slice large = slice_of(mem_zero(STORE_VALUE_MAX), STORE_VALUE_MAX);
    struct err err = {.code = ERR_NONE};
    char key[8] = "k0";
    int puts = 0;

    while (puts < 64 && store_put(txn, S(key), large, &err)) {
        key[1]++;
        puts++;
    }
    CHECK(puts == 3 && err.code == ERR_LIMIT); // of 4 MiB each, with their keys
    store_end(txn);
    txn = begin_write(scratch);
    for (int i = 0; i < 40000; i++) { // what was read counts, too
        char read_key[512];
        struct slice value;

        snprintf(read_key, sizeof read_key, "%0500d", i);
        CHECK(store_get(txn, S(read_key), &value, &err));
    }
    CHECK(store_put(txn, S("k"), S("v"), &err));
    CHECK(finish(scratch, txn) == ERR_LIMIT && holds(scratch, "k", NULL));
    free((void *)large.data);
}

static void a_reading_transaction_refuses_to_write(struct scratch *scratch)
{
    struct store_txn *txn = begin_read(scratch);
    struct err err;

    CHECK(!store_put(txn, S("k"), S("v"), &err) && err.code == ERR_DENIED);
    CHECK(!store_delete(txn, S("k"), &err) && err.code == ERR_DENIED);
    CHECK(!store_add(txn, S("k"), 1, &err) && err.code == ERR_DENIED);
    CHECK(!store_append(txn, "log", S("v"), &err) && err.code == ERR_DENIED);
    CHECK(!store_require(txn, S("k"), 0, &err) && err.code == ERR_DENIED);
    store_end(txn);
}

static void the_space_of_logs_is_closed_to_other_writes(struct scratch *scratch)
{
    struct store_txn *txn = begin_write(scratch);
    struct slice value;
    struct err err;

    CHECK(!store_put(txn, S("Lx"), S("v"), &err) && err.code == ERR_INPUT);
    CHECK(!store_delete(txn, S("Lx"), &err) && err.code == ERR_INPUT);
    CHECK(!store_add(txn, S("Lx"), 1, &err) && err.code == ERR_INPUT);
    CHECK(!store_get(txn, S("Lx"), &value, &err) && err.code == ERR_INPUT);
    CHECK(store_range_open(txn, S("K"), S("M"), false, &err) == NULL && err.code == ERR_INPUT);
    CHECK(store_range_open(txn, S("L"), slice_of(NULL, 0), false, &err) == NULL);
    CHECK(store_range_open(txn, S("K"), S("L"), false, &err) != NULL);
    store_end(txn);
}

static void writes_that_were_not_committed_are_dropped(struct scratch *scratch)
{
    struct store_txn *txn = begin_write(scratch);
    struct err err;

    CHECK(store_put(txn, S("dropped"), S("v"), &err));
    store_end(txn);
    CHECK(holds(scratch, "dropped", NULL));
}

static void a_snapshot_does_not_see_later_commits(struct scratch *scratch)
{
    struct store_txn *txn;
    struct slice value;
    struct err err;

    CHECK(put_one(scratch, "s1", "old") == ERR_NONE);
    txn = begin_read(scratch);
    CHECK(put_one(scratch, "s1", "new") == ERR_NONE);
    CHECK(put_one(scratch, "s2", "new") == ERR_NONE);
    CHECK(store_get(txn, S("s1"), &value, &err) && slice_is(value, "old"));
    CHECK(store_get(txn, S("s2"), &value, &err) && value.data == NULL);
    CHECK(same(walk(txn, "s", NULL, false), "s1=old "));
    store_end(txn);
    CHECK(holds(scratch, "s1", "new") && holds(scratch, "s2", "new"));
}

static void an_empty_value_is_not_an_absent_one(struct scratch *scratch)
{
    struct store_txn *txn = begin_write(scratch);
    struct slice value;
    struct err err;

    CHECK(store_put(txn, S("empty"), slice_of(NULL, 0), &err));
    CHECK(store_get(txn, S("empty"), &value, &err) && value.data != NULL && value.len == 0);
    CHECK(finish(scratch, txn) == ERR_NONE);
    CHECK(holds(scratch, "empty", ""));
}

static void own_writes_are_seen_by_get(struct scratch *scratch)
{
    struct store_txn *txn;
    struct slice value;
    struct err err;

    CHECK(put_one(scratch, "g1", "stored") == ERR_NONE);
    txn = begin_write(scratch);
    CHECK(store_put(txn, S("g2"), S("own"), &err));
    CHECK(store_delete(txn, S("g1"), &err));
    CHECK(store_get(txn, S("g1"), &value, &err) && value.data == NULL);
    CHECK(store_get(txn, S("g2"), &value, &err) && slice_is(value, "own"));
    CHECK(store_put(txn, S("g1"), S("again"), &err));
    CHECK(store_get(txn, S("g1"), &value, &err) && slice_is(value, "again"));
    store_end(txn);
}

static struct store_txn *with_own_writes(struct scratch *scratch)
{
    struct store_txn *txn;
    struct err err;

    put_one(scratch, "r1", "a");
    put_one(scratch, "r3", "c");
    put_one(scratch, "r5", "e");
    put_one(scratch, "s", "outside");
    txn = begin_write(scratch);
    CHECK(store_put(txn, S("r0"), S("own"), &err)); // before all
    CHECK(store_put(txn, S("r3"), S("own"), &err)); // instead
    CHECK(store_put(txn, S("r4"), S("own"), &err)); // between
    CHECK(store_delete(txn, S("r1"), &err));
    CHECK(store_delete(txn, S("r2"), &err)); // was never there
    CHECK(store_put(txn, S("r9"), S("own"), &err)); // after all
    return txn;
}

static void own_writes_are_seen_in_ranges_both_ways(struct scratch *scratch)
{
    struct store_txn *txn = with_own_writes(scratch);

    CHECK(same(walk(txn, "r", NULL, false), "r0=own r3=own r4=own r5=e r9=own "));
    CHECK(same(walk(txn, "r", NULL, true), "r9=own r5=e r4=own r3=own r0=own "));
    CHECK(same(walk(txn, "r1", "r5", false), "r3=own r4=own "));
    CHECK(same(walk(txn, "r1", "r5", true), "r4=own r3=own "));
    CHECK(same(walk(txn, "r6", "r9", false), ""));
    CHECK(same(walk(txn, "r6", "r9", true), ""));
    CHECK(same(walk(txn, "r5", "r3", false), ""));
    store_end(txn);
}

static void an_open_range_does_not_see_what_is_written_meanwhile(struct scratch *scratch)
{
    struct store_txn *txn = with_own_writes(scratch);
    struct store_range *range;
    struct slice key, value;
    struct err err;

    range = store_range_open(txn, S("r"), slice_of(NULL, 0), false, &err);
    CHECK(store_range_next(range, &key, &value, &err) && slice_is(key, "r0"));
    CHECK(store_put(txn, S("r3"), S("later"), &err));
    CHECK(store_put(txn, S("r35"), S("later"), &err));
    CHECK(store_delete(txn, S("r5"), &err));
    CHECK(store_range_next(range, &key, &value, &err) && slice_is(key, "r3"));
    CHECK(slice_is(value, "own"));
    CHECK(store_range_next(range, &key, &value, &err) && slice_is(key, "r4"));
    CHECK(store_range_next(range, &key, &value, &err) && slice_is(key, "r5"));
    CHECK(store_range_next(range, &key, &value, &err) && slice_is(key, "r9"));
    CHECK(!store_range_next(range, &key, &value, &err) && err.code == ERR_NONE);
    CHECK(!store_range_next(range, &key, &value, &err) && err.code == ERR_NONE);
    CHECK(same(walk(txn, "r", NULL, false), "r0=own r3=later r35=later r4=own r9=own "));
    store_end(txn);
}

static void several_ranges_may_be_open_at_once(struct scratch *scratch)
{
    struct store_txn *txn = with_own_writes(scratch);
    struct slice key, value;
    struct err err;
    struct store_range *up = store_range_open(txn, S("r"), slice_of(NULL, 0), false, &err);
    struct store_range *down = store_range_open(txn, S("r"), slice_of(NULL, 0), true, &err);

    CHECK(store_range_next(up, &key, &value, &err) && slice_is(key, "r0"));
    CHECK(store_range_next(down, &key, &value, &err) && slice_is(key, "r9"));
    CHECK(store_range_next(up, &key, &value, &err) && slice_is(key, "r3"));
    store_range_close(up);
    CHECK(store_range_next(down, &key, &value, &err) && slice_is(key, "r5"));
    store_end(txn); // closes the other one
}

static void a_prefix_of_the_last_bytes_has_no_end(struct scratch *scratch)
{
    struct store_txn *txn = begin_write(scratch);
    struct slice key, value, prefix = slice_of("\xff\xff", 2);
    struct store_range *range;
    struct err err;

    CHECK(store_put(txn, slice_of("\xff\xff\xff", 3), S("v"), &err));
    CHECK(finish(scratch, txn) == ERR_NONE);
    txn = begin_read(scratch);
    for (int backwards = 0; backwards < 2; backwards++) {
        range = store_range_open(txn, prefix, slice_of(NULL, 0), backwards, &err);
        CHECK(store_range_next(range, &key, &value, &err) && key.len == 3);
        CHECK(!store_range_next(range, &key, &value, &err) && err.code == ERR_NONE);
    }
    store_end(txn);
}

static void counters_count(struct scratch *scratch)
{
    struct store_txn *txn = begin_write(scratch);
    struct err err;
    int64_t number;

    CHECK(store_counter(txn, S("c"), &number, &err) && number == 0);
    CHECK(store_add(txn, S("c"), 5, &err) && store_add(txn, S("c"), -7, &err));
    CHECK(store_counter(txn, S("c"), &number, &err) && number == -2);
    CHECK(finish(scratch, txn) == ERR_NONE);
    CHECK(counter(scratch, "c") == -2);
    txn = begin_write(scratch);
    CHECK(store_add(txn, S("c"), 3, &err));
    CHECK(store_counter(txn, S("c"), &number, &err) && number == 1);
    CHECK(store_delete(txn, S("c"), &err));
    CHECK(store_counter(txn, S("c"), &number, &err) && number == 0);
    CHECK(store_add(txn, S("c"), 10, &err));
    CHECK(store_counter(txn, S("c"), &number, &err) && number == 10);
    CHECK(finish(scratch, txn) == ERR_NONE);
    CHECK(counter(scratch, "c") == 10);
}

static void what_is_no_counter_cannot_be_added_to(struct scratch *scratch)
{
    struct store_txn *txn;
    struct err err;
    int64_t number;

    CHECK(put_one(scratch, "text", "12345678") == ERR_NONE);
    txn = begin_write(scratch);
    CHECK(!store_counter(txn, S("text"), &number, &err) && err.code == ERR_INPUT);
    CHECK(store_add(txn, S("text"), 1, &err));
    CHECK(finish(scratch, txn) == ERR_INPUT);
    CHECK(holds(scratch, "text", "12345678"));
    txn = begin_write(scratch);
    CHECK(store_put(txn, S("own"), S("12345678"), &err));
    CHECK(!store_add(txn, S("own"), 1, &err) && err.code == ERR_INPUT);
    store_end(txn);
}

static void a_version_follows_the_value(struct scratch *scratch)
{
    struct store_txn *txn;
    uint64_t absent, first, own, second;
    struct err err;

    txn = begin_write(scratch);
    CHECK(store_version(txn, S("v"), &absent, &err) && absent == 0);
    store_end(txn);
    put_one(scratch, "v", "one");
    txn = begin_write(scratch);
    CHECK(store_version(txn, S("v"), &first, &err) && first != 0);
    CHECK(store_put(txn, S("v"), S("two"), &err));
    CHECK(store_version(txn, S("v"), &own, &err) && own != first);
    CHECK(finish(scratch, txn) == ERR_NONE);
    txn = begin_read(scratch);
    CHECK(store_version(txn, S("v"), &second, &err) && second == own);
    store_end(txn);
}

static void a_log_is_read_in_pieces(struct scratch *scratch)
{
    struct store_entry entries[4];
    struct store_txn *txn = begin_write(scratch);
    struct err err;
    size_t count;

    CHECK(store_log_read(txn, "feed", 0, 4, entries, &count, &err) && count == 0);
    for (int i = 0; i < 5; i++)
        CHECK(store_append(txn, "feed", S("entry"), &err));
    CHECK(store_append(txn, "fee", S("another log"), &err));
    CHECK(finish(scratch, txn) == ERR_NONE);
    txn = begin_read(scratch);
    CHECK(store_log_read(txn, "feed", 0, 3, entries, &count, &err) && count == 3);
    CHECK(entries[0].number == 1 && entries[2].number == 3 && entries[0].chain.data == NULL);
    CHECK(slice_is(entries[0].bytes, "entry"));
    CHECK(entries[0].time_ms > 0 && entries[0].time_ms <= clock_wall_ms(clock_system()));
    CHECK(store_log_read(txn, "feed", 3, 4, entries, &count, &err) && count == 2);
    CHECK(entries[1].number == 5);
    CHECK(store_log_read(txn, "feed", 5, 4, entries, &count, &err) && count == 0);
    CHECK(store_log_read(txn, "fee", 0, 4, entries, &count, &err) && count == 1);
    store_end(txn);
}

static void a_sweep_stops_at_its_limit(struct scratch *scratch)
{
    struct store_txn *txn = begin_write(scratch);
    size_t swept;
    struct err err;

    for (char key[] = "w0"; key[1] < '7'; key[1]++)
        CHECK(store_put(txn, S(key), S("v"), &err));
    CHECK(finish(scratch, txn) == ERR_NONE);
    CHECK(store_sweep(scratch->store, S("w"), slice_of(NULL, 0), 5, &swept, &err) && swept == 5);
    CHECK(holds(scratch, "w4", NULL) && holds(scratch, "w5", "v"));
    CHECK(store_sweep(scratch->store, S("w5"), S("w6"), 5, &swept, &err) && swept == 1);
    CHECK(store_sweep(scratch->store, S("w5"), S("w6"), 5, &swept, &err) && swept == 0);
    CHECK(holds(scratch, "w6", "v"));
}

static void the_whole_is_measured(struct scratch *scratch)
{
    struct store_stats stats, later;
    struct store_txn *reader;

    store_stats(scratch->store, &stats);
    CHECK(stats.keys > 0 && stats.bytes_used > 0 && stats.bytes_max == 1 << 30);
    CHECK(stats.oldest_reader_age == 0);
    reader = begin_read(scratch);
    put_one(scratch, "stats 1", "v");
    put_one(scratch, "stats 2", "v");
    store_stats(scratch->store, &later);
    CHECK(later.keys == stats.keys + 2 && later.groups == stats.groups + 2);
    CHECK(later.commits == stats.commits + 2 && later.oldest_reader_age == 2);
    store_end(reader);
    store_stats(scratch->store, &later);
    CHECK(later.oldest_reader_age == 0);
}

int main(void)
{
    struct scratch scratch;

    scratch_start(&scratch);
    RUN(sizes_over_the_limit_are_refused, &scratch);
    RUN(a_commit_of_too_many_bytes_is_refused_before_it_is_sent, &scratch);
    RUN(a_reading_transaction_refuses_to_write, &scratch);
    RUN(the_space_of_logs_is_closed_to_other_writes, &scratch);
    RUN(writes_that_were_not_committed_are_dropped, &scratch);
    RUN(a_snapshot_does_not_see_later_commits, &scratch);
    RUN(an_empty_value_is_not_an_absent_one, &scratch);
    RUN(own_writes_are_seen_by_get, &scratch);
    RUN(own_writes_are_seen_in_ranges_both_ways, &scratch);
    RUN(an_open_range_does_not_see_what_is_written_meanwhile, &scratch);
    RUN(several_ranges_may_be_open_at_once, &scratch);
    RUN(a_prefix_of_the_last_bytes_has_no_end, &scratch);
    RUN(counters_count, &scratch);
    RUN(what_is_no_counter_cannot_be_added_to, &scratch);
    RUN(a_version_follows_the_value, &scratch);
    RUN(a_log_is_read_in_pieces, &scratch);
    RUN(a_sweep_stops_at_its_limit, &scratch);
    RUN(the_whole_is_measured, &scratch);
    scratch_finish(&scratch);
    return check_report("store/txn");
}
