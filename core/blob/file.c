// SPDX-License-Identifier: Apache-2.0
#include "blob/file.h"

#include "base/text.h"
#include "blob/inside.h"
#include "blob/kind.h"

enum { FILE_VERSION = 1, CONTENT_VERSION = 1, BLOCK = 4096, NAME_CHARS = 120 };

// Keys ----------------------------------------------------------------------------------

struct slice file_key(struct file_key *key, char kind, const void *bytes, size_t len)
{
    key->bytes[0] = SPACE_FILE;
    key->bytes[1] = (uint8_t)kind;
    memcpy(key->bytes + 2, bytes, len);
    key->len = 2 + len;
    return slice_of(key->bytes, key->len);
}

struct slice file_time_key(struct file_key *key, char kind, int64_t ms, const void *bytes,
                           size_t len)
{
    uint8_t all[8 + DIGEST_LEN];

    for (int i = 0; i < 8; i++)
        all[i] = (uint8_t)((uint64_t)ms >> (56 - 8 * i));
    memcpy(all + 8, bytes, len);
    return file_key(key, kind, all, 8 + len);
}

// A file as bytes -----------------------------------------------------------------------

static void encode(const struct blob_file *file, struct buffer *buffer)
{
    buffer_u8(buffer, FILE_VERSION);
    buffer_u8(buffer, (uint8_t)file->state);
    buffer_bytes(buffer, file->person.bytes, ID_LEN);
    buffer_bytes(buffer, file->org.bytes, ID_LEN);
    buffer_u64(buffer, file->length);
    buffer_u64(buffer, file->offset);
    buffer_u64(buffer, file->charged);
    buffer_u64(buffer, (uint64_t)file->made_ms);
    buffer_u64(buffer, (uint64_t)file->ends_ms);
    buffer_sized(buffer, file->name);
    buffer_sized(buffer, file->metadata);
    buffer_sized(buffer, file->field);
    buffer_sized(buffer, slice_text(file->kind != NULL ? file->kind : ""));
    buffer_bytes(buffer, file->digest, DIGEST_LEN);
    buffer_u64(buffer, file->size);
    buffer_bytes(buffer, file->holder_org.bytes, ID_LEN);
    buffer_bytes(buffer, file->holder.bytes, ID_LEN);
}

static void read_into(struct reader *reader, void *to, size_t len)
{
    struct slice bytes = read_bytes(reader, len);

    if (bytes.len == len)
        memcpy(to, bytes.data, len);
}

static bool decode(struct slice bytes, struct arena *arena, struct blob_file *file,
                   struct err *err)
{
    struct reader reader = reader_of(bytes);
    uint8_t version = read_u8(&reader);

    file->state = read_u8(&reader);
    read_into(&reader, file->person.bytes, ID_LEN);
    read_into(&reader, file->org.bytes, ID_LEN);
    file->length = read_u64(&reader);
    file->offset = read_u64(&reader);
    file->charged = read_u64(&reader);
    file->made_ms = (int64_t)read_u64(&reader);
    file->ends_ms = (int64_t)read_u64(&reader);
    file->name = arena_slice(arena, read_sized(&reader));
    file->metadata = arena_slice(arena, read_sized(&reader));
    file->field = arena_slice(arena, read_sized(&reader));
    file->kind = arena_text(arena, read_sized(&reader));
    read_into(&reader, file->digest, DIGEST_LEN);
    file->size = read_u64(&reader);
    read_into(&reader, file->holder_org.bytes, ID_LEN);
    read_into(&reader, file->holder.bytes, ID_LEN);
    return (version == FILE_VERSION && !reader.failed && reader_left(&reader) == 0) ||
           err_set(err, ERR_CORRUPT, "a file's record cannot be read");
}

static bool put(struct store_txn *txn, const struct blob_file *file, struct err *err)
{
    struct buffer buffer = BUFFER_EMPTY;
    struct file_key key;
    bool done;

    encode(file, &buffer);
    done = store_put(txn, file_key(&key, 'f', file->id.bytes, ID_LEN), buffer_view(&buffer), err);
    buffer_finish(&buffer);
    return done;
}

bool blob_file_find(struct store_txn *txn, const struct id *id, struct arena *arena,
                    struct blob_file **file, struct err *err)
{
    struct file_key key;
    struct slice bytes;

    *file = NULL;
    if (!store_get(txn, file_key(&key, 'f', id->bytes, ID_LEN), &bytes, err))
        return false;
    if (bytes.data == NULL)
        return true;
    *file = arena_alloc(arena, sizeof **file);
    (*file)->id = *id;
    return decode(bytes, arena, *file, err);
}

// Quota ---------------------------------------------------------------------------------

// The smallest file takes a block too, so that the quota bounds their number.
static uint64_t charge_of(uint64_t bytes)
{
    return bytes < BLOCK ? BLOCK : (bytes + BLOCK - 1) / BLOCK * BLOCK;
}

bool blob_used(struct store_txn *txn, const struct id *org, uint64_t *bytes, struct err *err)
{
    struct file_key key;
    int64_t number;

    if (!store_counter(txn, file_key(&key, 'q', org->bytes, ID_LEN), &number, err))
        return false;
    *bytes = number > 0 ? (uint64_t)number : 0;
    return true;
}

static bool charge(struct store_txn *txn, const struct id *org, int64_t bytes, struct err *err)
{
    struct file_key key;

    return bytes == 0 || store_add(txn, file_key(&key, 'q', org->bytes, ID_LEN), bytes, err);
}

// A file's life -------------------------------------------------------------------------

static bool ends(struct store_txn *txn, const struct blob_file *file, bool set, struct err *err)
{
    struct file_key key;
    struct slice name = file_time_key(&key, 'x', file->ends_ms, file->id.bytes, ID_LEN);

    return set ? store_put(txn, name, slice_of("", 0), err) : store_delete(txn, name, err);
}

bool blob_file_announce(struct store_txn *txn, const struct blob_limits *limits,
                        struct blob_file *file, struct err *err)
{
    uint64_t used;

    if (file->length > limits->file_bytes)
        return err_set(err, ERR_LIMIT, "a file of %llu bytes", (unsigned long long)file->length);
    if (!blob_used(txn, &file->org, &used, err))
        return false;
    file->state = BLOB_ARRIVING;
    file->charged = charge_of(file->length);
    file->ends_ms = file->made_ms + limits->upload_ms;
    if (used + file->charged > limits->org_bytes)
        return err_set(err, ERR_FULL, "the organisation's files take %llu bytes already",
                       (unsigned long long)used);
    return charge(txn, &file->org, (int64_t)file->charged, err) && ends(txn, file, true, err) &&
           put(txn, file, err);
}

bool blob_file_advance(struct store_txn *txn, struct blob_file *file, uint64_t offset,
                       struct err *err)
{
    file->offset = offset;
    return put(txn, file, err);
}

static bool keep_content(struct store_txn *txn, const struct blob_content *content,
                         struct err *err)
{
    struct buffer buffer = BUFFER_EMPTY;
    struct file_key key;
    struct slice name = file_key(&key, 'c', content->digest, DIGEST_LEN), known;
    bool done;

    if (!store_get(txn, name, &known, err))
        return false;
    if (known.data != NULL)
        return true;
    buffer_u8(&buffer, CONTENT_VERSION);
    buffer_u64(&buffer, content->size);
    buffer_slice(&buffer, buffer_view(&content->chunks));
    done = store_put(txn, name, buffer_view(&buffer), err);
    buffer_finish(&buffer);
    return done;
}

static bool count(struct store_txn *txn, const uint8_t digest[DIGEST_LEN], int64_t by,
                  struct err *err)
{
    struct file_key key;

    return store_add(txn, file_key(&key, 'r', digest, DIGEST_LEN), by, err);
}

bool blob_file_complete(struct store_txn *txn, struct blob_file *file,
                        const struct blob_content *content, struct err *err)
{
    uint64_t charged = charge_of(content->size);
    int64_t more = (int64_t)(charged - file->charged); // what was taken out is given back

    file->state = BLOB_READY;
    file->offset = file->length;
    file->kind = content->kind;
    file->size = content->size;
    file->charged = charged;
    memcpy(file->digest, content->digest, DIGEST_LEN);
    return keep_content(txn, content, err) && count(txn, file->digest, 1, err) &&
           charge(txn, &file->org, more, err) && put(txn, file, err);
}

static struct slice holder_key(struct file_key *key, const struct id *org,
                               const struct id *record, const struct id *file)
{
    struct id ids[3] = {*org, *record, file != NULL ? *file : (struct id){{0}}};

    return file_key(key, 'h', ids, (file != NULL ? 3 : 2) * ID_LEN);
}

bool blob_file_hold(struct store_txn *txn, struct blob_file *file, const struct id *org,
                    const struct id *record, struct slice field, struct err *err)
{
    struct file_key key;

    if (!ends(txn, file, false, err) ||
        !store_put(txn, holder_key(&key, org, record, &file->id), slice_of("", 0), err))
        return false;
    file->state = BLOB_HELD;
    file->holder_org = *org;
    file->holder = *record;
    file->field = field;
    file->metadata = slice_of("", 0);
    return put(txn, file, err);
}

bool blob_file_drop(struct store_txn *txn, const struct blob_file *file, int64_t now_ms,
                    struct err *err)
{
    struct file_key key;

    if (file->state != BLOB_ARRIVING &&
        (!count(txn, file->digest, -1, err) ||
         !store_put(txn, file_time_key(&key, 'o', now_ms, file->digest, DIGEST_LEN),
                    slice_of("", 0), err)))
        return false;
    if (file->state == BLOB_HELD
            ? !store_delete(txn, holder_key(&key, &file->holder_org, &file->holder, &file->id), err)
            : !ends(txn, file, false, err))
        return false;
    return charge(txn, &file->org, -(int64_t)file->charged, err) &&
           store_delete(txn, file_key(&key, 'f', file->id.bytes, ID_LEN), err);
}

bool blob_drop_held(struct store_txn *txn, const struct id *org, const struct id *record,
                    int64_t now_ms, struct err *err)
{
    struct file_key prefix;
    struct slice key, value;
    struct store_range *range = store_range_open(txn, holder_key(&prefix, org, record, NULL),
                                                 (struct slice){NULL, 0}, false, err);
    bool done = range != NULL;

    err->code = done ? ERR_NONE : err->code;
    while (done && store_range_next(range, &key, &value, err)) {
        struct blob_file *file = NULL;
        struct id id;

        memcpy(id.bytes, key.data + key.len - ID_LEN, ID_LEN);
        done = blob_file_find(txn, &id, store_arena(txn), &file, err) &&
               (file == NULL || blob_file_drop(txn, file, now_ms, err));
    }
    store_range_close(range);
    return done && err->code == ERR_NONE;
}

// Content -------------------------------------------------------------------------------

static bool open_content(struct slice bytes, uint64_t *size, struct slice *digests,
                         struct err *err)
{
    struct reader reader = reader_of(bytes);
    uint8_t version = read_u8(&reader);

    *size = read_u64(&reader);
    *digests = slice_of(reader.at, reader_left(&reader));
    return (version == CONTENT_VERSION && !reader.failed &&
            digests->len == (*size + BLOB_CHUNK - 1) / BLOB_CHUNK * DIGEST_LEN) ||
           err_set(err, ERR_CORRUPT, "the digests of a file cannot be read");
}

bool blob_chunks(struct store_txn *txn, const uint8_t digest[DIGEST_LEN], uint64_t first,
                 uint64_t wanted, struct arena *arena, const uint8_t **digests, struct err *err)
{
    struct file_key key;
    struct slice bytes, all;
    uint64_t size;

    if (!store_get(txn, file_key(&key, 'c', digest, DIGEST_LEN), &bytes, err))
        return false;
    if (bytes.data == NULL)
        return err_set(err, ERR_CORRUPT, "the digests of a file are not there");
    if (!open_content(bytes, &size, &all, err))
        return false;
    if (first + wanted > all.len / DIGEST_LEN)
        return err_set(err, ERR_CORRUPT, "a file has fewer chunks than it should");
    *digests = arena_copy(arena, all.data + first * DIGEST_LEN, (size_t)wanted * DIGEST_LEN);
    return true;
}

bool blob_next_content(struct store_txn *txn, uint8_t digest[DIGEST_LEN], uint64_t *size,
                       bool *found, struct err *err)
{
    struct file_key from, to;
    uint8_t after[DIGEST_LEN + 1] = {0}, last[DIGEST_LEN];
    struct slice key, value, digests;
    struct store_range *range;

    memcpy(after, digest, DIGEST_LEN); // and a zero: what follows it
    memset(last, 0xff, sizeof last);
    range = store_range_open(txn, file_key(&from, 'c', after, sizeof after),
                             file_key(&to, 'c', last, sizeof last), false, err);
    if (range == NULL)
        return false;
    err->code = ERR_NONE;
    *found = store_range_next(range, &key, &value, err);
    if (*found && open_content(value, size, &digests, err))
        memcpy(digest, key.data + 2, DIGEST_LEN);
    store_range_close(range);
    return err->code == ERR_NONE;
}

// Names ---------------------------------------------------------------------------------

static uint32_t code_point(struct slice text, size_t len)
{
    static const uint8_t masks[] = {0, 0x7f, 0x1f, 0x0f, 0x07};
    uint32_t code = text.data[0] & masks[len];

    for (size_t i = 1; i < len; i++)
        code = code << 6 | (text.data[i] & 0x3f);
    return code;
}

// Control characters, and those that turn or hide what stands around them.
static bool is_hidden(uint32_t code)
{
    return code < 0x20 || (code >= 0x7f && code < 0xa0) || code == 0xad || code == 0x61c ||
           (code >= 0x200b && code <= 0x200f) || (code >= 0x2028 && code <= 0x202e) ||
           (code >= 0x2060 && code <= 0x206f) || code == 0xfeff || (code >> 4 == 0xfff) ||
           (code >= 0xe0000 && code <= 0xe0fff);
}

struct slice blob_name(struct arena *arena, struct slice given)
{
    struct slice text = given.data != NULL ? text_nfc(arena, given) : given;
    struct buffer name = BUFFER_EMPTY;
    struct slice kept;
    size_t chars = 0, len;

    for (size_t at = 0; text.data != NULL && at < text.len; at += len) { // no folders
        if (text.data[at] == '/' || text.data[at] == '\\') {
            text = slice_of(text.data + at + 1, text.len - at - 1);
            at = 0;
            len = 0;
        } else {
            len = 1;
        }
    }
    while (text.len > 0 && chars < NAME_CHARS && (len = text_char_len(text)) > 0) {
        uint32_t code = code_point(text, len);

        if (!is_hidden(code) && !(chars == 0 && (code == ' ' || code == '.'))) {
            buffer_bytes(&name, text.data, len);
            chars++;
        }
        text = slice_of(text.data + len, text.len - len);
    }
    kept = arena_slice(arena, buffer_view(&name));
    buffer_finish(&name);
    return kept;
}
