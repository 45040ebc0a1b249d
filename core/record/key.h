// SPDX-License-Identifier: Apache-2.0
// Keys of records and index entries (store/space.h says how they begin).
//
// An encoded value keeps order and is never the beginning of another one, so that neither
// two values nor two organisations ever overlap: a tag (NULL first), then eight bytes
// for numbers, 32 for references and hashes, and text with NUL escaped and an end mark.
// A text is cut to what the index has room for: order and equality are then to be checked
// on the record.
#pragma once

#include "record/catalog.h"
#include "store/space.h"
#include "store/store.h"

enum {
    KEY_TEXT_MAX = 96,    // bytes of a text in a key, escapes counted
    KEY_HASH_LEN = 8,     // of the whole values, when a unique key was cut
    KEY_TAIL_MAX = 2 * ID_LEN
};

struct key {
    uint8_t bytes[STORE_KEY_MAX];
    size_t len;
};

static inline struct slice key_slice(const struct key *key)
{
    return slice_of(key->bytes, key->len);
}

// Prepares the constant parts of a collection's keys.
void key_prepare(struct arena *arena, const struct collection *collection);

void key_rows(struct key *key, const struct collection *collection, const struct id *org);
void key_row(struct key *key, const struct collection *collection, const struct ref *ref);
// Former versions of a record, oldest first; the number of one is then appended.
void key_versions(struct key *key, const struct collection *collection, const struct ref *ref);
void key_number(struct key *key, uint64_t number);
// The same by the collection's full name, for housekeeping without a catalogue.
enum key_kind { KEY_ROW = 'r', KEY_VERSION = 'h', KEY_COUNTER = 'n' };
void key_named(struct key *key, struct slice full, enum key_kind kind, const struct ref *ref);
// Where a deleted record waits. All that were deleted before a time stand before key_deleted_at.
void key_deleted_at(struct key *key, int64_t time_ms);
void key_deleted(struct key *key, int64_t time_ms, const struct ref *ref);
bool key_read_deleted(struct slice key, int64_t *time_ms, struct ref *ref);
void key_index(struct key *key, const struct collection *collection, size_t index,
               const struct id *org);
// The same for one that the collection no longer has.
void key_index_named(struct key *key, const char *full, struct slice index, uint8_t collation,
                     const struct id *org);
void key_id(struct key *key, const struct id *id);
// Appends a value; true when it did not fit whole.
bool key_value(struct key *key, const struct value *value, size_t cut);
// The first key that does not start with this one (false: there is none).
bool key_after(struct key *key);

// A counter of a rollup: of one group (values), or of all (NULL).
enum key_scope { KEY_OWN = 'o', KEY_BELOW = 'u' }; // the organisation's, or of those below it
enum key_tally { KEY_COUNT = 'c', KEY_SUM = 's' };
void key_counters(struct key *key, const struct rollup *rollup, const struct id *org);
void key_counter(struct key *key, const struct rollup *rollup, const struct id *org,
                 enum key_scope scope, enum key_tally tally, const struct value *values);

// The key of a record's entry in an index; false when the record has none (a NULL in a
// unique index)..
bool key_entry(struct key *key, const struct collection *collection, size_t index,
               const struct ref *ref, const struct id *root, const struct value *values);

// How a sealed value is stored: u8 length of the keyed hash, the hash, the sealed bytes.
struct slice sealed_hash(const struct value *value); // empty when there is none
