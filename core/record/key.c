// SPDX-License-Identifier: Apache-2.0
#include "record/key.h"

#include <assert.h>

#include "crypto/crypto.h"

enum { TAG_NULL = 1, TAG_VALUE = 2, NUL_ESCAPE = 0xff, TEXT_END = 1 };

static void put(struct key *key, const void *bytes, size_t len)
{
    assert(key->len + len <= sizeof key->bytes);
    memcpy(key->bytes + key->len, bytes, len);
    key->len += len;
}

static void put_u8(struct key *key, uint8_t byte)
{
    put(key, &byte, 1);
}

static void put_u64(struct key *key, uint64_t number)
{
    uint8_t bytes[8];

    for (int i = 0; i < 8; i++)
        bytes[i] = (uint8_t)(number >> (56 - 8 * i));
    put(key, bytes, sizeof bytes);
}

// Room that texts may share: what is left of a key when all else has its place.
static size_t text_room(const struct collection *collection, size_t index)
{
    const struct index_def *def = &collection->indexes[index];
    size_t used = 1 + ID_LEN + collection->prepared->index_heads[index].len + KEY_TAIL_MAX +
                  KEY_HASH_LEN;
    size_t texts = 0;

    for (size_t i = 0; i < def->count; i++) {
        enum value_kind kind = field_kind(collection->fields[def->fields[i]].type);

        texts += kind == VALUE_TEXT;
        used += kind == VALUE_TEXT ? 3 : kind == VALUE_REF || kind == VALUE_BYTES ? 33 : 9;
    }
    if (texts == 0 || (STORE_KEY_MAX - used) / texts > KEY_TEXT_MAX)
        return KEY_TEXT_MAX;
    return (STORE_KEY_MAX - used) / texts;
}

void key_prepare(struct arena *arena, const struct collection *collection)
{
    struct prepared *prepared = collection->prepared;
    size_t len = strlen(collection->full);

    prepared->row_head = slice_text(
        arena_format(arena, "%c%s%c", (char)len, collection->full, KEY_ROW));
    prepared->version_head = slice_text(
        arena_format(arena, "%c%s%c", (char)len, collection->full, KEY_VERSION));
    for (size_t i = 0; i < collection->index_count; i++) {
        const struct index_def *index = &collection->indexes[i];
        char *head = arena_format(arena, "%c%s%c%c%s_", (char)len, collection->full, 'i',
                                  (char)strlen(index->name), index->name);
        size_t head_len = strlen(head);

        head[head_len - 1] = (char)index->collation;
        prepared->index_heads[i] = slice_of(head, head_len);
        prepared->cuts[i] = text_room(collection, i);
    }
}

static void start(struct key *key, const struct id *org, struct slice head)
{
    key->len = 0;
    put_u8(key, SPACE_RECORD);
    put(key, org->bytes, ID_LEN);
    put(key, head.data, head.len);
}

void key_rows(struct key *key, const struct collection *collection, const struct id *org)
{
    start(key, org, collection->prepared->row_head);
}

void key_row(struct key *key, const struct collection *collection, const struct ref *ref)
{
    key_rows(key, collection, &ref->org);
    key_id(key, &ref->id);
}

void key_versions(struct key *key, const struct collection *collection, const struct ref *ref)
{
    start(key, &ref->org, collection->prepared->version_head);
    key_id(key, &ref->id);
}

void key_counters(struct key *key, const struct rollup *rollup, const struct id *org)
{
    start(key, org, rollup->head);
}

void key_counter(struct key *key, const struct rollup *rollup, const struct id *org,
                 enum key_scope scope, enum key_tally tally, const struct value *values)
{
    key_counters(key, rollup, org);
    put_u8(key, (uint8_t)scope);
    put_u8(key, (uint8_t)tally);
    for (size_t i = 0; values != NULL && i < rollup->def.by_count; i++)
        key_value(key, &values[rollup->by[i]], KEY_TEXT_MAX);
}

void key_number(struct key *key, uint64_t number)
{
    put_u64(key, number);
}

void key_named(struct key *key, struct slice full, enum key_kind kind, const struct ref *ref)
{
    const uint8_t len = (uint8_t)full.len;

    start(key, &ref->org, slice_of(&len, 1));
    put(key, full.data, len);
    put_u8(key, (uint8_t)kind);
    key_id(key, &ref->id);
}

void key_deleted_at(struct key *key, int64_t time_ms)
{
    key->len = 0;
    put_u8(key, SPACE_DELETED);
    put_u64(key, (uint64_t)time_ms);
}

void key_deleted(struct key *key, int64_t time_ms, const struct ref *ref)
{
    key_deleted_at(key, time_ms);
    put(key, ref, sizeof *ref);
}

bool key_read_deleted(struct slice key, int64_t *time_ms, struct ref *ref)
{
    struct reader reader = reader_of(key);
    struct slice bytes;

    read_u8(&reader);
    *time_ms = (int64_t)read_u64(&reader);
    bytes = read_bytes(&reader, sizeof *ref);
    if (reader.failed || reader_left(&reader) > 0)
        return false;
    memcpy(ref, bytes.data, sizeof *ref);
    return true;
}

void key_index(struct key *key, const struct collection *collection, size_t index,
               const struct id *org)
{
    start(key, org, collection->prepared->index_heads[index]);
}

void key_index_named(struct key *key, const char *full, struct slice index, uint8_t collation,
                     const struct id *org)
{
    const uint8_t len = (uint8_t)strlen(full);

    start(key, org, slice_of(&len, 1));
    put(key, full, len);
    put_u8(key, 'i');
    put_u8(key, (uint8_t)index.len);
    put(key, index.data, index.len);
    put_u8(key, collation);
}

void key_id(struct key *key, const struct id *id)
{
    put(key, id->bytes, ID_LEN);
}

// Keeps the order of doubles: negative ones turned over, -0 as 0.
static uint64_t number_bits(double number)
{
    uint64_t bits;

    number += 0.0;
    memcpy(&bits, &number, sizeof bits);
    return bits >> 63 ? ~bits : bits | (uint64_t)1 << 63;
}

static bool put_text(struct key *key, struct slice text, size_t cut)
{
    size_t used = 0, at = 0;

    for (; at < text.len; at++) {
        size_t len = text.data[at] == 0 ? 2 : 1;

        if (used + len > cut)
            break;
        put_u8(key, text.data[at]);
        if (len == 2)
            put_u8(key, NUL_ESCAPE);
        used += len;
    }
    put(key, (const uint8_t[]){0, TEXT_END}, 2);
    return at < text.len;
}

struct slice sealed_hash(const struct value *value)
{
    if (value->text.len <= DIGEST_LEN || value->text.data[0] != DIGEST_LEN)
        return slice_of("", 0);
    return slice_of(value->text.data + 1, DIGEST_LEN);
}

static void put_hash(struct key *key, struct slice hash)
{
    static const uint8_t none[DIGEST_LEN];

    put(key, hash.len == DIGEST_LEN ? hash.data : none, DIGEST_LEN);
}

bool key_value(struct key *key, const struct value *value, size_t cut)
{
    put_u8(key, value->kind == VALUE_NULL ? TAG_NULL : TAG_VALUE);
    switch (value->kind) {
    case VALUE_NULL:
        return false;
    case VALUE_BOOLEAN:
        put_u64(key, value->boolean);
        return false;
    case VALUE_INTEGER:
    case VALUE_DATE:
    case VALUE_TIME:
        put_u64(key, (uint64_t)value->integer ^ (uint64_t)1 << 63);
        return false;
    case VALUE_NUMBER:
        put_u64(key, number_bits(value->number));
        return false;
    case VALUE_REF:
        put(key, &value->ref, sizeof value->ref);
        return false;
    case VALUE_BYTES:
        put_hash(key, sealed_hash(value));
        return false;
    case VALUE_TEXT:
        break;
    }
    return put_text(key, value->text, cut);
}

bool key_after(struct key *key)
{
    while (key->len > 0 && key->bytes[key->len - 1] == 0xff)
        key->len--;
    if (key->len == 0)
        return false;
    key->bytes[key->len - 1]++;
    return true;
}

// Two unique values that begin alike stay apart by a digest of the whole.
static void put_digest(struct key *key, const struct index_def *def, const struct value *values)
{
    struct buffer whole = BUFFER_EMPTY;
    uint8_t digest[DIGEST_LEN];

    for (size_t i = 0; i < def->count; i++)
        if (values[def->fields[i]].kind == VALUE_TEXT)
            buffer_sized(&whole, values[def->fields[i]].text);
    digest_sha256(buffer_view(&whole), digest);
    put(key, digest, KEY_HASH_LEN);
    buffer_finish(&whole);
}

bool key_entry(struct key *key, const struct collection *collection, size_t index,
               const struct ref *ref, const struct id *root, const struct value *values)
{
    const struct index_def *def = &collection->indexes[index];
    bool apart = index_is_apart(collection, index), cut = false;

    key_index(key, collection, index, apart ? root : &ref->org);
    for (size_t i = 0; i < def->count; i++) {
        if (def->unique && values[def->fields[i]].kind == VALUE_NULL)
            return false;
        cut |= key_value(key, &values[def->fields[i]], collection->prepared->cuts[index]);
    }
    if (def->unique && cut)
        put_digest(key, def, values);
    if (!def->unique && apart)
        key_id(key, &ref->org);
    if (!def->unique)
        key_id(key, &ref->id);
    return true;
}
