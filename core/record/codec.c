// SPDX-License-Identifier: Apache-2.0
#include "record/codec.h"

#include "record/catalog.h"

static struct slice read_name(struct reader *reader)
{
    return read_bytes(reader, read_u8(reader));
}

static int64_t read_signed(struct reader *reader)
{
    uint64_t number = read_varint(reader);

    return (int64_t)(number >> 1) ^ -(int64_t)(number & 1);
}

static void put_signed(struct buffer *buffer, int64_t number)
{
    buffer_varint(buffer, (uint64_t)number << 1 ^ (uint64_t)(number >> 63));
}

static void read_copy(struct reader *reader, void *to, size_t len)
{
    struct slice bytes = read_bytes(reader, len);

    if (bytes.len == len)
        memcpy(to, bytes.data, len);
}

static void read_value(struct reader *reader, struct value *value)
{
    uint64_t bits;

    value->kind = read_u8(reader);
    switch (value->kind) {
    case VALUE_BOOLEAN:
        value->boolean = read_u8(reader) != 0;
        return;
    case VALUE_INTEGER:
    case VALUE_DATE:
    case VALUE_TIME:
        value->integer = read_signed(reader);
        return;
    case VALUE_NUMBER:
        bits = read_u64(reader);
        memcpy(&value->number, &bits, sizeof bits);
        return;
    case VALUE_TEXT:
    case VALUE_BYTES:
        value->text = read_sized(reader);
        return;
    case VALUE_REF:
        read_copy(reader, &value->ref, sizeof value->ref);
        return;
    case VALUE_NULL:
        break;
    }
    reader->failed = true; // NULL is never stored; other kinds we cannot pass over
}

static void put_value(struct buffer *buffer, const struct value *value)
{
    uint64_t bits;

    buffer_u8(buffer, (uint8_t)value->kind);
    switch (value->kind) {
    case VALUE_NULL:
        break;
    case VALUE_BOOLEAN:
        buffer_u8(buffer, value->boolean);
        break;
    case VALUE_INTEGER:
    case VALUE_DATE:
    case VALUE_TIME:
        put_signed(buffer, value->integer);
        break;
    case VALUE_NUMBER:
        memcpy(&bits, &value->number, sizeof bits);
        buffer_u64(buffer, bits);
        break;
    case VALUE_TEXT:
    case VALUE_BYTES:
        buffer_sized(buffer, value->text);
        break;
    case VALUE_REF:
        buffer_bytes(buffer, &value->ref, sizeof value->ref);
        break;
    }
}

static bool is_field(const struct collection *collection, size_t field, struct slice name)
{
    return collection->prepared->name_lens[field] == name.len &&
           memcmp(collection->fields[field].name, name.data, name.len) == 0;
}

// Names come in the order of the collection: the search goes on after the field found last.
static int find_field(const struct collection *collection, size_t *next, struct slice name)
{
    for (size_t tried = 0; tried < collection->field_count; tried++) {
        size_t field = *next < collection->field_count ? *next : 0;

        *next = field + 1;
        if (is_field(collection, field, name))
            return (int)field;
    }
    return -1;
}

static bool is_known(const struct collection *collection, int field, const struct value *value)
{
    return field >= 0 && value->kind == field_kind(collection->fields[field].type);
}

static bool read_head(struct reader *reader, struct codec_head *head)
{
    uint8_t version = read_u8(reader);

    head->version = read_varint(reader);
    read_copy(reader, &head->home, sizeof head->home);
    head->created_ms = (int64_t)read_u64(reader);
    head->modified_ms = (int64_t)read_u64(reader);
    head->flags = read_u8(reader);
    head->writer = (struct id){{0}};
    if ((head->flags & CODEC_WRITER) != 0)
        read_copy(reader, &head->writer, sizeof head->writer);
    return version == CODEC_VERSION && (head->flags & ~(CODEC_DELETED | CODEC_WRITER)) == 0;
}

bool codec_head(struct slice bytes, struct codec_head *head, struct err *err)
{
    struct reader reader = reader_of(bytes);
    bool known = read_head(&reader, head);

    return (known && !reader.failed) || err_set(err, ERR_CORRUPT, "a record's head cannot be read");
}

static void put_head(struct buffer *buffer, const struct codec_head *head)
{
    bool written = !id_is_zero(&head->writer);

    buffer_u8(buffer, CODEC_VERSION);
    buffer_varint(buffer, head->version);
    buffer_bytes(buffer, &head->home, sizeof head->home);
    buffer_u64(buffer, (uint64_t)head->created_ms);
    buffer_u64(buffer, (uint64_t)head->modified_ms);
    buffer_u8(buffer, (uint8_t)((head->flags & CODEC_DELETED) | (written ? CODEC_WRITER : 0)));
    if (written)
        buffer_bytes(buffer, &head->writer, sizeof head->writer);
}

static void read_base(const struct collection *collection, struct reader *reader,
                      struct value *values)
{
    uint64_t count = read_varint(reader);
    size_t next = 0;

    while (count-- > 0 && !reader->failed) {
        int field = find_field(collection, &next, read_name(reader));
        struct value value;

        read_value(reader, &value);
        if (!reader->failed && is_known(collection, field, &value))
            values[field] = value;
    }
}

// Passes over the fields of a section.
static void skip_fields(struct reader *reader)
{
    struct value value;

    for (uint64_t count = read_varint(reader); count > 0 && !reader->failed; count--) {
        read_name(reader);
        read_value(reader, &value);
    }
}

bool codec_decode(const struct collection *collection, struct slice bytes,
                  struct codec_head *head, struct value *values, struct err *err)
{
    struct reader reader = reader_of(bytes);
    bool known = read_head(&reader, head);

    memset(values, 0, collection->field_count * sizeof *values);
    for (uint64_t sections = read_varint(&reader); sections > 0 && !reader.failed; sections--) {
        if (read_name(&reader).len == 0)
            read_base(collection, &reader, values);
        else
            skip_fields(&reader);
    }
    if (!known || reader.failed || reader_left(&reader) > 0)
        return err_set(err, ERR_CORRUPT, "a record of %s cannot be read", collection->full);
    return true;
}

// Where the former sections begin; an empty reader when there were none.
static struct reader former_sections(struct slice old, uint64_t *count)
{
    struct reader reader = reader_of(old.data != NULL ? old : slice_of("", 0));
    struct codec_head head;

    *count = 0;
    if (old.data != NULL && read_head(&reader, &head))
        *count = read_varint(&reader);
    return reader;
}

// The fields of the former base section that the collection no longer fills, as they stood.
static uint64_t put_strangers(struct buffer *buffer, const struct collection *collection,
                              const struct value *values, struct reader *former)
{
    uint64_t count = read_varint(former), kept = 0;
    size_t next = 0;

    while (count-- > 0 && !former->failed) {
        const uint8_t *from = former->at;
        int field = find_field(collection, &next, read_name(former));
        struct value value;

        read_value(former, &value);
        if (former->failed || is_known(collection, field, &value) ||
            (field >= 0 && values[field].kind != VALUE_NULL))
            continue;
        buffer_bytes(buffer, from, (size_t)(former->at - from));
        kept++;
    }
    return kept;
}

static uint64_t put_fields(struct buffer *buffer, const struct collection *collection,
                           const struct value *values)
{
    uint64_t count = 0;

    for (size_t i = 0; i < collection->field_count; i++) {
        if (values[i].kind == VALUE_NULL)
            continue;
        buffer_u8(buffer, collection->prepared->name_lens[i]);
        buffer_bytes(buffer, collection->fields[i].name, collection->prepared->name_lens[i]);
        put_value(buffer, &values[i]);
        count++;
    }
    return count;
}

void codec_encode(struct buffer *buffer, const struct collection *collection,
                  const struct codec_head *head, const struct value *values, struct slice old)
{
    struct buffer base = BUFFER_EMPTY, others = BUFFER_EMPTY;
    uint64_t sections, former_count, count = put_fields(&base, collection, values);
    struct reader former = former_sections(old, &former_count);

    for (sections = 1; former_count > 0 && !former.failed; former_count--) {
        const uint8_t *from = former.at;

        if (read_name(&former).len == 0) {
            count += put_strangers(&base, collection, values, &former);
        } else {
            skip_fields(&former);
            buffer_bytes(&others, from, (size_t)(former.at - from));
            sections++;
        }
    }
    put_head(buffer, head);
    buffer_varint(buffer, sections);
    buffer_u8(buffer, 0);
    buffer_varint(buffer, count);
    buffer_slice(buffer, buffer_view(&base));
    buffer_slice(buffer, buffer_view(&others));
    buffer_finish(&base);
    buffer_finish(&others);
}
