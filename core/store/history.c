// SPDX-License-Identifier: Apache-2.0
// A ring of entries, oldest first out, and a tree over them for points and ranges. A key
// that is written again gets a new entry at the ring's head; the old one leaves the tree
// and waits for its turn to be overwritten.
#include "store/history.h"

#include <stdlib.h>

#include <bsd/sys/tree.h>

#include "base/mem.h"

enum { KEY_BYTES_EACH = 64 }; // room for keys in the ring: an average, not a limit

struct entry {
    RB_ENTRY(entry) link;
    struct slice key; // in the ring of bytes
    uint64_t group;
    size_t room; // bytes of the ring this entry holds, gaps included
    bool newest; // in the tree
};

RB_HEAD(entries, entry);

struct history {
    struct entries tree;
    struct entry *ring;
    size_t size, first, count; // of the ring of entries
    uint8_t *bytes;
    size_t bytes_size, bytes_end, bytes_used;
    uint64_t floor; // groups up to this one may be forgotten
};

static int entry_compare(const struct entry *a, const struct entry *b)
{
    return slice_compare(a->key, b->key);
}

RB_GENERATE_INTERNAL(entries, entry, link, entry_compare, static __attribute__((unused)))

struct history *history_create(size_t keys_max, uint64_t now)
{
    struct history *history = mem_zero(sizeof *history);

    history->size = keys_max > 16 ? keys_max : 16;
    history->ring = mem_zero(history->size * sizeof *history->ring);
    history->bytes_size = history->size * KEY_BYTES_EACH;
    history->bytes = mem_zero(history->bytes_size);
    history->floor = now;
    RB_INIT(&history->tree);
    return history;
}

void history_destroy(struct history *history)
{
    if (history == NULL)
        return;
    free(history->bytes);
    free(history->ring);
    free(history);
}

static struct entry *entry_at(const struct history *history, size_t index)
{
    size_t at = history->first + index;

    return &history->ring[at < history->size ? at : at - history->size];
}

static void forget_oldest(struct history *history)
{
    struct entry *entry = entry_at(history, 0);

    if (entry->newest) {
        RB_REMOVE(entries, &history->tree, entry);
        entry->newest = false;
        history->floor = entry->group;
    }
    history->bytes_used -= entry->room;
    history->first = history->first + 1 < history->size ? history->first + 1 : 0;
    history->count--;
}

// Takes room for a key in one piece: at the end of the ring, or, when the rest is too
// short, at its beginning.
static uint8_t *take_bytes(struct history *history, size_t len, size_t *room)
{
    size_t rest = history->bytes_size - history->bytes_end;
    bool wraps = rest < len;

    *room = wraps ? len + rest : len;
    while (history->bytes_size - history->bytes_used < *room)
        forget_oldest(history);
    history->bytes_used += *room;
    history->bytes_end = (wraps ? 0 : history->bytes_end) + len;
    return history->bytes + history->bytes_end - len;
}

static struct entry *find(const struct history *history, struct slice key)
{
    struct entry wanted = {.key = key};

    return RB_FIND(entries, (struct entries *)&history->tree, &wanted);
}

void history_add(struct history *history, struct slice key, uint64_t group)
{
    struct entry *older = find(history, key), *entry;
    uint8_t *bytes;
    size_t room;

    if (older != NULL && older->group == group)
        return;
    if (history->count == history->size)
        forget_oldest(history);
    bytes = take_bytes(history, key.len, &room);
    if (older != NULL && older->newest) {
        RB_REMOVE(entries, &history->tree, older);
        older->newest = false;
    }
    memcpy(bytes, key.data, key.len);
    entry = entry_at(history, history->count++);
    *entry = (struct entry){.key = slice_of(bytes, key.len), .group = group, .room = room,
                            .newest = true};
    RB_INSERT(entries, &history->tree, entry);
}

bool history_is_beyond(const struct history *history, uint64_t snapshot)
{
    return snapshot < history->floor;
}

bool history_wrote(const struct history *history, struct slice key, uint64_t snapshot)
{
    const struct entry *entry = find(history, key);

    return entry != NULL && entry->group > snapshot;
}

// Two walks take turns, and the shorter one answers: over the remembered keys in the
// range, and over the keys written since the snapshot, newest first.
bool history_wrote_range(const struct history *history, struct slice from, struct slice to,
                         uint64_t snapshot)
{
    struct entry wanted = {.key = from};
    struct entry *in_range = RB_NFIND(entries, (struct entries *)&history->tree, &wanted);

    for (size_t left = history->count; left > 0; left--) {
        const struct entry *recent = entry_at(history, left - 1);

        if (in_range == NULL || (to.len > 0 && slice_compare(in_range->key, to) >= 0))
            return false;
        if (in_range->group > snapshot)
            return true;
        if (recent->group <= snapshot)
            return false;
        if (slice_compare(recent->key, from) >= 0 &&
            (to.len == 0 || slice_compare(recent->key, to) < 0))
            return true;
        in_range = RB_NEXT(entries, &history->tree, in_range);
    }
    return false;
}
