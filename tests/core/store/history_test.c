// SPDX-License-Identifier: Apache-2.0
// The committer's memory beside a list that remembers everything: it may forget, and then
// says so, but never deny what happened.
#include "check.h"

#include <stdlib.h>

#include "store/history.h"

enum { WRITES = 20000, SIZES = 4 };

struct write {
    char key[520];
    uint64_t group;
};

static uint64_t chance_state = 88172645463325252u;

static unsigned pick(unsigned below)
{
    chance_state ^= chance_state << 13;
    chance_state ^= chance_state >> 7;
    chance_state ^= chance_state << 17;
    return (unsigned)((chance_state >> 20) % below);
}

static bool list_wrote(const struct write *writes, int count, struct slice from, struct slice to,
                       uint64_t snapshot)
{
    for (int i = count - 1; i >= 0 && writes[i].group > snapshot; i--)
        if (slice_compare(slice_text(writes[i].key), from) >= 0 &&
            slice_compare(slice_text(writes[i].key), to) < 0)
            return true;
    return false;
}

static void make_key(char key[512], unsigned longest)
{
    unsigned len = 1 + pick(longest);

    memset(key, 'x', len);
    key[len] = 0;
    key[0] = (char)('a' + pick(20));
    if (len > 1)
        key[1] = (char)('a' + pick(20));
}

static int by_key(const void *a, const void *b)
{
    return strcmp(((const struct write *)a)->key, ((const struct write *)b)->key);
}

// The next group: some keys in their order, each once.
static int add_group(struct history *history, struct write *writes, int count, unsigned longest)
{
    uint64_t group = count > 0 ? writes[count - 1].group + 1 : 1;
    int some = 1 + (int)pick(12), added = 0;

    for (int i = 0; i < some; i++)
        make_key(writes[count + i].key, longest);
    qsort(writes + count, (size_t)some, sizeof *writes, by_key);
    for (int i = 0; i < some; i++) {
        if (added > 0 && strcmp(writes[count + added - 1].key, writes[count + i].key) == 0)
            continue;
        writes[count + added] = writes[count + i];
        writes[count + added].group = group;
        history_add(history, slice_text(writes[count + added].key), group);
        added++;
    }
    return count + added;
}

static void it_agrees_with_a_list(struct write *writes, size_t keys_max, unsigned longest)
{
    struct history *history = history_create(keys_max, 0, 1);
    char from[520], to[520];
    int judged = 0, wrong = 0, count = 0;

    while (count < WRITES - 12) {
        uint64_t snapshot;

        count = add_group(history, writes, count, longest);
        make_key(from, longest);
        make_key(to, longest);
        snapshot = writes[count - 1].group - pick(10) % (writes[count - 1].group + 1);
        if (history_is_beyond(history, snapshot))
            continue;
        judged++;
        wrong += history_wrote_range(history, slice_text(from), slice_text(to), snapshot) !=
                 list_wrote(writes, count, slice_text(from), slice_text(to), snapshot);
        memcpy(to, from, sizeof to);
        strcat(to, "\x01"); // no key stands between
        wrong += history_wrote(history, slice_text(from), snapshot) !=
                 list_wrote(writes, count, slice_text(from), slice_text(to), snapshot);
    }
    CHECK(wrong == 0 && judged > 50);
    history_destroy(history);
}

static void it_never_denies_what_happened(void)
{
    static const struct {
        size_t keys_max;
        unsigned longest;
    } sizes[SIZES] = {{16, 3}, {60, 64}, {50, 500}, {5000, 100}};
    struct write *writes = calloc(WRITES, sizeof *writes);

    for (int i = 0; i < SIZES; i++)
        it_agrees_with_a_list(writes, sizes[i].keys_max, sizes[i].longest);
    free(writes);
}

static void keys_that_fill_the_ring_to_its_last_byte_wrap_around(void)
{
    struct history *history = history_create(16, 0, 1); // 1,024 bytes
    char key[65] = {0};

    memset(key, 'k', 64);
    for (uint64_t group = 1; group < 100; group++) {
        key[0] = (char)('a' + group % 26);
        history_add(history, slice_text(key), group);
        CHECK(history_wrote(history, slice_text(key), group - 1));
        CHECK(!history_wrote(history, slice_text(key), group));
    }
    CHECK(history_is_beyond(history, 80) && !history_is_beyond(history, 84));
    history_destroy(history);
}

static void what_was_forgotten_cannot_be_judged(void)
{
    struct history *history = history_create(16, 5, 1);
    char key[8] = "k";

    CHECK(history_is_beyond(history, 4) && !history_is_beyond(history, 5));
    for (uint64_t group = 6; group < 22; group++) {
        key[1] = (char)('a' + group);
        history_add(history, slice_text(key), group);
    }
    CHECK(!history_is_beyond(history, 5));
    history_add(history, slice_text("one more"), 22);
    CHECK(history_is_beyond(history, 5) && !history_is_beyond(history, 6));
    history_destroy(history);
}

static void a_key_written_again_keeps_nothing_alive(void)
{
    struct history *history = history_create(16, 0, 1);

    for (uint64_t group = 1; group < 1000; group++)
        history_add(history, slice_text("hot"), group);
    CHECK(!history_is_beyond(history, 0)); // its older writes say nothing that it does not
    CHECK(history_wrote(history, slice_text("hot"), 998));
    CHECK(!history_wrote(history, slice_text("hot"), 999));
    history_destroy(history);
}

int main(void)
{
    RUN(it_never_denies_what_happened);
    RUN(keys_that_fill_the_ring_to_its_last_byte_wrap_around);
    RUN(what_was_forgotten_cannot_be_judged);
    RUN(a_key_written_again_keeps_nothing_alive);
    return check_report("store/history");
}
