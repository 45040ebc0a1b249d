// SPDX-License-Identifier: Apache-2.0
// A ring of entries, oldest first out. A table finds the newest entry of a key: most of
// what is asked is a single key, and most of what is done is to add one. The entries of one
// group stand together in key order, so that a range is searched for in each group since
// the snapshot, of which there are few.
#include "store/history.h"

#include <stdlib.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "base/mem.h"

enum { KEY_BYTES_EACH = 64 }; // room for keys in the ring: an average, not a limit

struct entry {
    struct slice key; // in the ring of bytes
    uint64_t group;
    struct entry *next; // in its place of the table
    uint32_t hash;
    uint32_t room; // bytes of the ring this entry holds, gaps included
    size_t nth;    // in its group
    bool newest;   // of its key: stands in the table
};

struct history {
    struct entry **table;
    uint32_t mask;
    uint64_t seed;
    struct entry *ring;
    size_t size, first, count; // of the ring of entries
    uint8_t *bytes;
    size_t bytes_size, bytes_end, bytes_used;
    uint64_t floor; // groups up to this one may be forgotten
};

struct history *history_create(size_t keys_max, uint64_t now, uint64_t seed)
{
    struct history *history = mem_zero(sizeof *history);
    uint32_t places = 16;

    history->size = keys_max > 16 ? keys_max : 16;
    while (places < history->size && places < 1u << 31)
        places *= 2;
    history->table = mem_zero(places * sizeof *history->table);
    history->mask = places - 1;
    history->ring = mem_zero(history->size * sizeof *history->ring);
    history->bytes_size = history->size * KEY_BYTES_EACH;
    history->bytes = mem_zero(history->bytes_size);
    history->floor = now;
    history->seed = seed;
    return history;
}

void history_destroy(struct history *history)
{
    if (history == NULL)
        return;
    free(history->bytes);
    free(history->ring);
    free(history->table);
    free(history);
}

static struct entry *entry_at(const struct history *history, size_t index)
{
    size_t at = history->first + index;

    return &history->ring[at < history->size ? at : at - history->size];
}

static uint32_t hash_of(const struct history *history, struct slice key)
{
    return (uint32_t)XXH3_64bits_withSeed(key.data, key.len, history->seed);
}

// The link to the newest entry of the key, or to where one would be added.
static struct entry **find(const struct history *history, struct slice key, uint32_t hash)
{
    struct entry **link = &history->table[hash & history->mask];

    while (*link != NULL && !((*link)->hash == hash && slice_equal((*link)->key, key)))
        link = &(*link)->next;
    return link;
}

static void unlink_entry(struct entry **link)
{
    (*link)->newest = false;
    *link = (*link)->next;
}

static void forget_oldest(struct history *history)
{
    struct entry *entry = entry_at(history, 0);

    if (entry->newest) {
        history->floor = entry->group;
        unlink_entry(find(history, entry->key, entry->hash));
    }
    history->bytes_used -= entry->room;
    history->first = history->first + 1 < history->size ? history->first + 1 : 0;
    history->count--;
}

// Takes room for a key in one piece: at the end of the ring, or, when the rest is too
// short, at its beginning.
static uint8_t *take_bytes(struct history *history, size_t len, uint32_t *room)
{
    size_t rest = history->bytes_size - history->bytes_end;
    bool wraps = rest < len;

    *room = (uint32_t)(wraps ? len + rest : len);
    while (history->bytes_size - history->bytes_used < *room)
        forget_oldest(history);
    history->bytes_used += *room;
    history->bytes_end = (wraps ? 0 : history->bytes_end) + len;
    return history->bytes + history->bytes_end - len;
}

void history_add(struct history *history, struct slice key, uint64_t group)
{
    uint32_t hash = hash_of(history, key), room;
    struct entry *entry, **link;
    uint8_t *bytes;
    size_t nth = 0;

    if (history->count == history->size)
        forget_oldest(history);
    bytes = take_bytes(history, key.len, &room);
    memcpy(bytes, key.data, key.len);
    if (history->count > 0 && entry_at(history, history->count - 1)->group == group)
        nth = entry_at(history, history->count - 1)->nth + 1;
    link = find(history, key, hash);
    if (*link != NULL)
        unlink_entry(link);
    entry = entry_at(history, history->count++);
    *entry = (struct entry){.key = slice_of(bytes, key.len), .group = group, .next = *link,
                            .hash = hash, .room = room, .nth = nth, .newest = true};
    *link = entry;
}

bool history_is_beyond(const struct history *history, uint64_t snapshot)
{
    return snapshot < history->floor;
}

bool history_wrote(const struct history *history, struct slice key, uint64_t snapshot)
{
    const struct entry *entry = *find(history, key, hash_of(history, key));

    return entry != NULL && entry->group > snapshot;
}

// The first entry in [first, end) whose key is not before `key`.
static size_t search(const struct history *history, size_t first, size_t end, struct slice key)
{
    while (first < end) {
        size_t middle = first + (end - first) / 2;

        if (slice_compare(entry_at(history, middle)->key, key) < 0)
            first = middle + 1;
        else
            end = middle;
    }
    return first;
}

bool history_wrote_range(const struct history *history, struct slice from, struct slice to,
                         uint64_t snapshot)
{
    size_t end = history->count; // of the group looked at

    while (end > 0 && entry_at(history, end - 1)->group > snapshot) {
        size_t nth = entry_at(history, end - 1)->nth;
        size_t first = nth < end - 1 ? end - 1 - nth : 0; // its beginning may be forgotten
        size_t at = search(history, first, end, from);

        if (at < end && (to.len == 0 || slice_compare(entry_at(history, at)->key, to) < 0))
            return true;
        end = first;
    }
    return false;
}
