// SPDX-License-Identifier: Apache-2.0
// What a commit is refused for, and what never conflicts.
#include "crypto/crypto.h"
#include "scratch.h"

enum { GROUP = 256 };

struct group {
    struct store_proposal proposals[GROUP];
    struct buffer commits[GROUP];
    size_t count;
};

// Encodes and ends the transaction; it becomes the group's next commit.
static void propose(struct group *group, struct store_txn *txn)
{
    struct buffer *commit = &group->commits[group->count];

    *commit = BUFFER_EMPTY;
    store_encode(txn, commit);
    store_end(txn);
    group->proposals[group->count++] = (struct store_proposal){.commit = buffer_view(commit)};
}

static bool apply(struct scratch *scratch, struct group *group)
{
    bool done;

    memset(&scratch->err, 0, sizeof scratch->err);
    done = store_apply(scratch->store, group->proposals, group->count, &scratch->err);
    while (group->count > 0)
        buffer_finish(&group->commits[--group->count]);
    return done;
}

static void read_key(struct store_txn *txn, const char *key)
{
    struct slice value;
    struct err err;

    CHECK_OK(store_get(txn, S(key), &value, &err), &err);
}

static void write_key(struct store_txn *txn, const char *key)
{
    struct err err;

    CHECK_OK(store_put(txn, S(key), S("v"), &err), &err);
}

static void a_key_that_was_read_and_then_changed(struct scratch *scratch)
{
    struct store_txn *txn = begin_write(scratch);

    read_key(txn, "k1");
    write_key(txn, "k2");
    CHECK(put_one(scratch, "k1", "other") == ERR_NONE);
    CHECK(finish(scratch, txn) == ERR_CONFLICT);
    CHECK(holds(scratch, "k2", NULL));
}

static void an_absent_key_that_has_come_to_be(struct scratch *scratch)
{
    struct store_txn *txn = begin_write(scratch);
    uint64_t version;
    struct err err;

    CHECK(store_version(txn, S("absent"), &version, &err) && version == 0);
    write_key(txn, "k2");
    CHECK(put_one(scratch, "absent", "other") == ERR_NONE);
    CHECK(finish(scratch, txn) == ERR_CONFLICT);
}

static void a_key_that_was_deleted(struct scratch *scratch)
{
    struct store_txn *txn;

    put_one(scratch, "gone", "v");
    txn = begin_write(scratch);
    read_key(txn, "gone");
    write_key(txn, "k3");
    CHECK(delete_one(scratch, "gone") == ERR_NONE);
    CHECK(finish(scratch, txn) == ERR_CONFLICT);
}

static void a_key_that_was_swept(struct scratch *scratch)
{
    struct store_txn *txn;
    size_t swept;
    struct err err;

    put_one(scratch, "swept", "v");
    txn = begin_write(scratch);
    read_key(txn, "swept");
    write_key(txn, "k3");
    CHECK(store_sweep(scratch->store, S("swept"), slice_of(NULL, 0), 10, &swept, &err));
    CHECK(swept == 1 && finish(scratch, txn) == ERR_CONFLICT);
}

static void what_was_only_written_does_not_conflict(struct scratch *scratch)
{
    struct store_txn *txn = begin_write(scratch);
    struct slice value;
    struct err err;

    write_key(txn, "blind");
    CHECK(store_get(txn, S("blind"), &value, &err) && value.data != NULL); // its own
    CHECK(put_one(scratch, "blind", "other") == ERR_NONE);
    CHECK(finish(scratch, txn) == ERR_NONE);
    CHECK(holds(scratch, "blind", "v"));
}

static void a_read_key_beside_the_changed_one_does_not_conflict(struct scratch *scratch)
{
    struct store_txn *txn = begin_write(scratch);

    read_key(txn, "beside");
    write_key(txn, "k4");
    put_one(scratch, "beside1", "other");
    put_one(scratch, "besid", "other");
    CHECK(finish(scratch, txn) == ERR_NONE);
}

static struct store_txn *walking(struct scratch *scratch, bool backwards, int steps)
{
    struct store_txn *txn;

    for (char key[] = "p1"; key[1] <= '9'; key[1] += 2)
        put_one(scratch, key, "v");
    for (char key[] = "p0"; key[1] <= '8'; key[1] += 2)
        delete_one(scratch, key);
    txn = begin_write(scratch);
    walk_up_to(txn, "p", NULL, backwards, steps);
    write_key(txn, "k5");
    return txn;
}

static void a_phantom_in_a_range(struct scratch *scratch)
{
    struct store_txn *txn = walking(scratch, false, 1000);

    put_one(scratch, "p4", "phantom");
    CHECK(finish(scratch, txn) == ERR_CONFLICT);
    txn = walking(scratch, false, 1000);
    put_one(scratch, "pz", "phantom at the end");
    CHECK(finish(scratch, txn) == ERR_CONFLICT);
    delete_one(scratch, "pz");
    txn = walking(scratch, false, 1000);
    delete_one(scratch, "p3");
    CHECK(finish(scratch, txn) == ERR_CONFLICT);
}

static void an_empty_range_that_is_empty_no_more(struct scratch *scratch)
{
    struct store_txn *txn = begin_write(scratch);

    CHECK(same(walk(txn, "nobody", NULL, false), ""));
    write_key(txn, "k5");
    put_one(scratch, "nobody", "v");
    CHECK(finish(scratch, txn) == ERR_CONFLICT);
}

static void a_range_conflicts_only_as_far_as_it_was_walked(struct scratch *scratch)
{
    struct store_txn *txn = walking(scratch, false, 2); // p1, p3

    put_one(scratch, "p4", "behind it");
    put_one(scratch, "o", "before it");
    CHECK(finish(scratch, txn) == ERR_NONE);
    txn = walking(scratch, false, 2);
    put_one(scratch, "p2", "inside");
    CHECK(finish(scratch, txn) == ERR_CONFLICT);
    txn = walking(scratch, false, 2);
    put_one(scratch, "p3", "its last key");
    CHECK(finish(scratch, txn) == ERR_CONFLICT);
    txn = walking(scratch, true, 2); // p9, p7
    put_one(scratch, "p6", "behind it");
    CHECK(finish(scratch, txn) == ERR_NONE);
    txn = walking(scratch, true, 2);
    put_one(scratch, "pz", "at the end it began from");
    CHECK(finish(scratch, txn) == ERR_CONFLICT);
    delete_one(scratch, "pz");
    txn = walking(scratch, true, 2);
    put_one(scratch, "p8", "inside");
    CHECK(finish(scratch, txn) == ERR_CONFLICT);
}

static void a_range_that_was_not_walked_read_nothing(struct scratch *scratch)
{
    struct store_txn *txn = walking(scratch, false, 0);

    put_one(scratch, "p4", "phantom");
    CHECK(finish(scratch, txn) == ERR_NONE);
}

static void own_writes_do_not_hide_what_was_walked(struct scratch *scratch)
{
    struct store_txn *txn = begin_write(scratch);

    write_key(txn, "q5");
    CHECK(same(walk_up_to(txn, "q", NULL, false, 1), "q5=v "));
    put_one(scratch, "q3", "before the own key");
    CHECK(finish(scratch, txn) == ERR_CONFLICT);
}

static void to_delete_what_is_not_there_changes_nothing(struct scratch *scratch)
{
    struct store_txn *txn = begin_write(scratch);

    read_key(txn, "never");
    write_key(txn, "k6");
    CHECK(delete_one(scratch, "never") == ERR_NONE);
    CHECK(delete_one(scratch, "never") == ERR_NONE);
    CHECK(finish(scratch, txn) == ERR_NONE);
    txn = begin_write(scratch);
    read_key(txn, "k6");
    write_key(txn, "k7");
    CHECK(finish(scratch, txn) == ERR_NONE);
}

static void an_earlier_commit_of_the_same_group(struct scratch *scratch)
{
    struct group group = {.count = 0};
    struct store_txn *a = begin_write(scratch), *b = begin_write(scratch),
                     *c = begin_write(scratch), *d = begin_write(scratch);

    write_key(a, "g1");
    read_key(b, "g1");
    write_key(b, "g2");
    read_key(c, "g2"); // b is refused, so that g2 stays as c saw it
    write_key(c, "g3");
    walk(d, "g3", NULL, false);
    write_key(d, "g4");
    propose(&group, a);
    propose(&group, b);
    propose(&group, c);
    propose(&group, d);
    CHECK(apply(scratch, &group));
    CHECK(group.proposals[0].outcome.code == ERR_NONE);
    CHECK(group.proposals[1].outcome.code == ERR_CONFLICT);
    CHECK(group.proposals[2].outcome.code == ERR_NONE);
    CHECK(group.proposals[3].outcome.code == ERR_CONFLICT);
    CHECK(holds(scratch, "g2", NULL) && holds(scratch, "g3", "v") && holds(scratch, "g4", NULL));
}

static void the_last_of_a_group_wins_where_nothing_was_read(struct scratch *scratch)
{
    struct group group = {.count = 0};
    struct err err;

    for (int i = 0; i < 3; i++) {
        struct store_txn *txn = begin_write(scratch);
        char value[2] = {(char)('a' + i), 0};

        CHECK(store_put(txn, S("last"), S(value), &err));
        if (i == 1)
            CHECK(store_delete(txn, S("last"), &err));
        propose(&group, txn);
    }
    CHECK(apply(scratch, &group));
    CHECK(holds(scratch, "last", "c"));
}

static void a_snapshot_older_than_the_memory(struct scratch *scratch)
{
    struct store_txn *txn = begin_write(scratch), *blind = begin_write(scratch);
    char key[32];

    read_key(txn, "untouched");
    write_key(txn, "k6");
    write_key(blind, "k7");
    for (unsigned i = 0; i < scratch->options.memory_max; i += 100) {
        struct store_txn *filler = begin_write(scratch);

        for (unsigned j = i; j < i + 100; j++) {
            snprintf(key, sizeof key, "filler %u", j);
            write_key(filler, key);
        }
        CHECK(finish(scratch, filler) == ERR_NONE);
    }
    CHECK(finish(scratch, blind) == ERR_NONE); // it read nothing
    CHECK(finish(scratch, txn) == ERR_CONFLICT);
}

static void a_memory_of_long_keys_forgets_in_time(struct scratch *scratch)
{
    struct store_txn *txn = begin_write(scratch), *young;
    char key[STORE_KEY_MAX + 1] = {0};

    memset(key, 'x', STORE_KEY_MAX);
    read_key(txn, "untouched");
    write_key(txn, "k6");
    for (int i = 0; i < 3000; i++) {
        snprintf(key, sizeof key, "long %d", i);
        key[strlen(key)] = 'x';
        if (i % 100 == 0)
            CHECK(put_one(scratch, key, "v") == ERR_NONE);
        else if (i % 100 == 1) {
            struct store_txn *filler = begin_write(scratch);

            for (int j = 0; j < 98; j++) {
                snprintf(key, sizeof key, "long %d %d", i, j);
                key[strlen(key)] = 'x';
                write_key(filler, key);
            }
            CHECK(finish(scratch, filler) == ERR_NONE);
        }
    }
    CHECK(finish(scratch, txn) == ERR_CONFLICT);
    young = begin_write(scratch);
    read_key(young, "untouched");
    write_key(young, "k6");
    CHECK(finish(scratch, young) == ERR_NONE);
}

static void a_snapshot_from_before_the_committer_started(struct scratch *scratch)
{
    struct store_txn *txn = begin_write(scratch);
    struct group group = {.count = 0};

    read_key(txn, "untouched");
    write_key(txn, "k6");
    propose(&group, txn);
    put_one(scratch, "something else", "v");
    scratch_close(scratch);
    CHECK(scratch_open(scratch));
    CHECK(apply(scratch, &group));
    CHECK(group.proposals[0].outcome.code == ERR_CONFLICT);
}

static void a_required_version_that_is_no_longer_there(struct scratch *scratch)
{
    struct store_txn *txn = begin_write(scratch);
    uint64_t version;
    struct err err;

    CHECK(store_require(txn, S("needed"), 0, &err));
    write_key(txn, "k8");
    CHECK(finish(scratch, txn) == ERR_NONE); // it is absent
    put_one(scratch, "needed", "one");
    txn = begin_write(scratch);
    CHECK(store_require(txn, S("needed"), 0, &err));
    write_key(txn, "k9");
    CHECK(finish(scratch, txn) == ERR_CONFLICT && holds(scratch, "k9", NULL));
    txn = begin_read(scratch);
    CHECK(store_version(txn, S("needed"), &version, &err));
    store_end(txn);
    txn = begin_write(scratch);
    CHECK(store_require(txn, S("needed"), version, &err) &&
          store_put(txn, S("needed"), S("two"), &err));
    CHECK(finish(scratch, txn) == ERR_NONE);
    txn = begin_write(scratch);
    CHECK(store_require(txn, S("needed"), version, &err) &&
          store_put(txn, S("needed"), S("three"), &err));
    CHECK(finish(scratch, txn) == ERR_CONFLICT && holds(scratch, "needed", "two"));
}

static void a_requirement_broken_within_the_group(struct scratch *scratch)
{
    struct group group = {.count = 0};
    struct err err;

    for (int i = 0; i < 2; i++) { // two claim the same name
        struct store_txn *txn = begin_write(scratch);

        CHECK(store_require(txn, S("claim"), 0, &err) &&
              store_put(txn, S("claim"), S(i == 0 ? "a" : "b"), &err));
        propose(&group, txn);
    }
    CHECK(apply(scratch, &group));
    CHECK(group.proposals[0].outcome.code == ERR_NONE);
    CHECK(group.proposals[1].outcome.code == ERR_CONFLICT);
    CHECK(holds(scratch, "claim", "a"));
}

static void adds_never_conflict(struct scratch *scratch)
{
    struct group group = {.count = 0};
    struct store_stats before, after;
    struct err err;

    store_stats(scratch->store, &before);
    for (int i = 0; i < GROUP; i++) {
        struct store_txn *txn = begin_write(scratch);
        char key[32];

        snprintf(key, sizeof key, "adder %d", i);
        read_key(txn, key);
        write_key(txn, key);
        CHECK(store_add(txn, S("sum"), i, &err));
        propose(&group, txn);
    }
    CHECK(apply(scratch, &group));
    store_stats(scratch->store, &after);
    CHECK(after.conflicts == before.conflicts && after.commits == before.commits + GROUP);
    CHECK(after.groups == before.groups + 1);
    CHECK(counter(scratch, "sum") == GROUP * (GROUP - 1) / 2);
}

static void a_counter_that_was_read_conflicts_with_an_add(struct scratch *scratch)
{
    struct store_txn *txn = begin_write(scratch), *other;
    int64_t number;
    struct err err;

    CHECK(store_counter(txn, S("sum"), &number, &err));
    write_key(txn, "k10");
    other = begin_write(scratch);
    CHECK(store_add(other, S("sum"), 1, &err));
    CHECK(finish(scratch, other) == ERR_NONE);
    CHECK(finish(scratch, txn) == ERR_CONFLICT);
}

static void appended_entries_are_numbered_without_gaps(struct scratch *scratch)
{
    struct group group = {.count = 0};
    struct store_entry entries[GROUP + 1];
    struct store_txn *txn;
    struct err err;
    size_t count;

    for (int i = 0; i < GROUP; i++) {
        txn = begin_write(scratch);
        if (i % 3 == 0) { // every third is refused
            read_key(txn, "sequence");
        }
        write_key(txn, "sequence");
        CHECK(store_append(txn, "feed", S("entry"), &err));
        propose(&group, txn);
    }
    CHECK(apply(scratch, &group));
    txn = begin_read(scratch);
    CHECK(store_log_read(txn, "feed", 0, GROUP + 1, entries, &count, &err));
    CHECK(count == 1 + GROUP - (GROUP + 2) / 3);
    for (size_t i = 0; i < count; i++)
        CHECK(entries[i].number == i + 1);
    store_end(txn);
}

static void a_log_read_to_its_end_conflicts_with_an_append(struct scratch *scratch)
{
    struct store_entry entries[4];
    struct store_txn *txn, *other;
    struct err err;
    size_t count;

    for (int to_the_end = 0; to_the_end < 2; to_the_end++) {
        txn = begin_write(scratch);
        CHECK(store_log_read(txn, "feed", to_the_end ? UINT64_MAX - 1 : 0, 4, entries, &count,
                             &err));
        write_key(txn, "k11");
        other = begin_write(scratch);
        CHECK(store_append(other, "feed", S("more"), &err));
        CHECK(finish(scratch, other) == ERR_NONE);
        CHECK(finish(scratch, txn) == (to_the_end ? ERR_CONFLICT : ERR_NONE));
    }
}

// What the chain promises to whoever checks it: each entry holds the digest of the key and
// all bytes of the former one.
static void a_chain_holds_the_digest_of_each_former_entry(struct scratch *scratch)
{
    static const char key[] = {'L', 6, '#', 'a', 'u', 'd', 'i', 't', 0, 0, 0, 0, 0, 0, 0, 0};
    struct store_entry entries[8];
    struct store_txn *txn;
    uint8_t digest[DIGEST_LEN] = {0};
    struct err err;
    size_t count;

    for (int i = 0; i < 3; i++) {
        txn = begin_write(scratch);
        CHECK(store_append(txn, "#audit", S("one"), &err));
        CHECK(store_append(txn, "#audit", S("two"), &err));
        CHECK(finish(scratch, txn) == ERR_NONE);
    }
    txn = begin_read(scratch);
    CHECK(store_log_read(txn, "#audit", 0, 8, entries, &count, &err) && count == 6);
    for (size_t i = 0; i < count; i++) {
        struct buffer bytes = BUFFER_EMPTY;

        CHECK(slice_equal(entries[i].chain, slice_of(digest, sizeof digest)));
        buffer_bytes(&bytes, key, 8);
        buffer_u64(&bytes, entries[i].number);
        buffer_u64(&bytes, (uint64_t)entries[i].time_ms);
        buffer_slice(&bytes, entries[i].chain);
        buffer_slice(&bytes, entries[i].bytes);
        digest_sha256(buffer_view(&bytes), digest);
        buffer_finish(&bytes);
    }
    store_end(txn);
}

static void numbers_go_on_after_a_log_was_swept(struct scratch *scratch)
{
    struct store_entry entries[4];
    struct store_txn *txn;
    struct err err;
    size_t count, swept;
    static const char log[] = {'L', 5, 's', 'w', 'e', 'p', 't'};

    for (int i = 0; i < 2; i++) {
        txn = begin_write(scratch);
        CHECK(store_append(txn, "swept", S("entry"), &err));
        CHECK(finish(scratch, txn) == ERR_NONE);
        CHECK(store_sweep(scratch->store, slice_of(log, sizeof log), slice_of(NULL, 0), 9, &swept,
                          &err));
        CHECK(swept == 1);
    }
    txn = begin_write(scratch);
    CHECK(store_append(txn, "swept", S("entry"), &err));
    CHECK(finish(scratch, txn) == ERR_NONE);
    txn = begin_read(scratch);
    CHECK(store_log_read(txn, "swept", 0, 4, entries, &count, &err));
    CHECK(count == 1 && entries[0].number == 3);
    store_end(txn);
}

static void a_log_is_cut_to_its_last_entries(struct scratch *scratch)
{
    struct store_entry entries[16];
    struct store_txn *txn = begin_write(scratch);
    struct err err;
    size_t count, swept;
    uint64_t last;

    for (int i = 0; i < 9; i++)
        CHECK(store_append(txn, "short", S("entry"), &err));
    CHECK(finish(scratch, txn) == ERR_NONE);
    CHECK(store_log_trim(scratch->store, "short", 3, 4, &swept, &err) && swept == 4);
    CHECK(store_log_trim(scratch->store, "short", 3, 4, &swept, &err) && swept == 2);
    CHECK(store_log_trim(scratch->store, "short", 3, 4, &swept, &err) && swept == 0);
    CHECK(store_log_trim(scratch->store, "there is none", 3, 4, &swept, &err) && swept == 0);
    txn = begin_read(scratch);
    CHECK(store_log_read(txn, "short", 0, 16, entries, &count, &err));
    CHECK(count == 3 && entries[0].number == 7 && entries[2].number == 9);
    CHECK(store_log_last(txn, "short", &last, &err) && last == 9);
    CHECK(store_log_last(txn, "there is none", &last, &err) && last == 0);
    store_end(txn);
}

static void who_watches_a_log_learns_that_it_grew(struct scratch *scratch)
{
    struct store_txn *txn;
    struct err err;

    store_watch_log(scratch->store, "watched");
    put_one(scratch, "k1", "no entry");
    CHECK(!store_log_grew(scratch->store));
    txn = begin_write(scratch);
    CHECK(store_append(txn, "another", S("entry"), &err));
    CHECK(finish(scratch, txn) == ERR_NONE && !store_log_grew(scratch->store));
    txn = begin_write(scratch);
    CHECK(store_append(txn, "watched", S("entry"), &err));
    CHECK(finish(scratch, txn) == ERR_NONE);
    CHECK(store_log_grew(scratch->store) && !store_log_grew(scratch->store));
    store_watch_log(scratch->store, NULL);
}

static void nothing_written_is_nothing_to_commit(struct scratch *scratch)
{
    struct store_txn *txn = begin_write(scratch);
    struct buffer commit = BUFFER_EMPTY;

    read_key(txn, "k1");
    store_encode(txn, &commit);
    CHECK(commit.len == 0);
    put_one(scratch, "k1", "changed");
    CHECK(finish(scratch, txn) == ERR_NONE);
    buffer_finish(&commit);
}

static void a_commit_of_damaged_bytes_harms_nothing(struct scratch *scratch)
{
    struct store_txn *txn = begin_write(scratch);
    struct buffer whole = BUFFER_EMPTY;
    struct err err;

    read_key(txn, "fuzz");
    walk(txn, "fuzz", NULL, false);
    write_key(txn, "fuzz");
    CHECK(store_add(txn, S("fuzz sum"), 1, &err) && store_append(txn, "#fuzz", S("e"), &err));
    CHECK(store_require(txn, S("needless"), 0, &err));
    store_encode(txn, &whole);
    store_end(txn);
    for (size_t len = 0; len < whole.len; len++) { // every short piece
        struct store_proposal proposal = {.commit = slice_of(whole.data, len)};

        CHECK(store_apply(scratch->store, &proposal, 1, &err));
        CHECK(proposal.outcome.code != ERR_NONE || len > 30); // ends between two operations
    }
    for (size_t at = 0; at < whole.len; at++) { // every byte changed
        struct store_proposal proposal = {.commit = buffer_view(&whole)};

        whole.data[at] ^= 0x41;
        CHECK(store_apply(scratch->store, &proposal, 1, &err));
        whole.data[at] ^= 0x41;
    }
    buffer_finish(&whole);
    CHECK(put_one(scratch, "fuzz", "after") == ERR_NONE && holds(scratch, "fuzz", "after"));
}

static void keys_out_of_order_are_refused(struct scratch *scratch)
{
    struct buffer commit = BUFFER_EMPTY;
    struct store_proposal proposal;
    struct store_txn *txn = begin_read(scratch);
    struct err err;

    buffer_u8(&commit, 1);
    buffer_u64(&commit, store_snapshot(txn));
    buffer_u64(&commit, 0); // no keys read, no ranges
    store_end(txn);
    for (int i = 0; i < 2; i++) {
        buffer_u8(&commit, 2); // delete
        buffer_sized(&commit, S("twice"));
    }
    proposal = (struct store_proposal){.commit = buffer_view(&commit)};
    CHECK(store_apply(scratch->store, &proposal, 1, &err));
    CHECK(proposal.outcome.code == ERR_INPUT);
    buffer_finish(&commit);
}

int main(void)
{
    struct scratch scratch;

    scratch_start(&scratch);
    RUN(a_key_that_was_read_and_then_changed, &scratch);
    RUN(an_absent_key_that_has_come_to_be, &scratch);
    RUN(a_key_that_was_deleted, &scratch);
    RUN(a_key_that_was_swept, &scratch);
    RUN(what_was_only_written_does_not_conflict, &scratch);
    RUN(a_read_key_beside_the_changed_one_does_not_conflict, &scratch);
    RUN(a_phantom_in_a_range, &scratch);
    RUN(an_empty_range_that_is_empty_no_more, &scratch);
    RUN(a_range_conflicts_only_as_far_as_it_was_walked, &scratch);
    RUN(a_range_that_was_not_walked_read_nothing, &scratch);
    RUN(own_writes_do_not_hide_what_was_walked, &scratch);
    RUN(to_delete_what_is_not_there_changes_nothing, &scratch);
    RUN(an_earlier_commit_of_the_same_group, &scratch);
    RUN(the_last_of_a_group_wins_where_nothing_was_read, &scratch);
    RUN(a_snapshot_older_than_the_memory, &scratch);
    RUN(a_memory_of_long_keys_forgets_in_time, &scratch);
    RUN(a_snapshot_from_before_the_committer_started, &scratch);
    RUN(a_required_version_that_is_no_longer_there, &scratch);
    RUN(a_requirement_broken_within_the_group, &scratch);
    RUN(adds_never_conflict, &scratch);
    RUN(a_counter_that_was_read_conflicts_with_an_add, &scratch);
    RUN(appended_entries_are_numbered_without_gaps, &scratch);
    RUN(a_log_read_to_its_end_conflicts_with_an_append, &scratch);
    RUN(a_chain_holds_the_digest_of_each_former_entry, &scratch);
    RUN(numbers_go_on_after_a_log_was_swept, &scratch);
    RUN(a_log_is_cut_to_its_last_entries, &scratch);
    RUN(who_watches_a_log_learns_that_it_grew, &scratch);
    RUN(nothing_written_is_nothing_to_commit, &scratch);
    RUN(a_commit_of_damaged_bytes_harms_nothing, &scratch);
    RUN(keys_out_of_order_are_refused, &scratch);
    scratch_finish(&scratch);
    return check_report("store/conflict");
}
