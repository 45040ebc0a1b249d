// SPDX-License-Identifier: Apache-2.0
#include "record/described.h"

#include <string.h>

enum { FORMAT = 1 };

static struct slice text_or_none(const char *text)
{
    return slice_text(text != NULL ? text : "");
}

static void put_double(struct buffer *buffer, double number)
{
    uint64_t bits;

    memcpy(&bits, &number, sizeof bits);
    buffer_u64(buffer, bits);
}

static double read_double(struct reader *reader)
{
    uint64_t bits = read_u64(reader);
    double number;

    memcpy(&number, &bits, sizeof number);
    return number;
}

static void describe_field(struct buffer *buffer, const struct field *field)
{
    size_t codes = 0;

    while (field->codes != NULL && field->codes[codes] != NULL)
        codes++;
    buffer_sized(buffer, slice_text(field->name));
    buffer_sized(buffer, text_or_none(field->ref));
    buffer_sized(buffer, text_or_none(field->from));
    buffer_sized(buffer, text_or_none(field->lookup));
    buffer_u8(buffer, (uint8_t)field->type);
    buffer_u8(buffer, field->required);
    buffer_u64(buffer, field->max);
    put_double(buffer, field->at_least);
    put_double(buffer, field->at_most);
    buffer_varint(buffer, codes);
    for (size_t i = 0; i < codes; i++)
        buffer_sized(buffer, slice_text(field->codes[i]));
}

void describe(struct buffer *buffer, const struct collection *collection)
{
    buffer_u8(buffer, FORMAT);
    buffer_u8(buffer, collection->instance);
    buffer_varint(buffer, collection->field_count);
    for (size_t i = 0; i < collection->field_count; i++)
        describe_field(buffer, &collection->fields[i]);
    buffer_varint(buffer, collection->index_count);
    for (size_t i = 0; i < collection->index_count; i++) {
        buffer_sized(buffer, slice_text(collection->indexes[i].name));
        buffer_u8(buffer, collection->indexes[i].unique);
        buffer_u8(buffer, collection->indexes[i].collation);
    }
}

static void read_field(struct arena *arena, struct reader *reader, struct described_field *field)
{
    struct slice *codes;

    field->name = read_sized(reader);
    field->ref = read_sized(reader);
    field->from = read_sized(reader);
    field->lookup = read_sized(reader);
    field->type = (enum field_type)read_u8(reader);
    field->required = read_u8(reader) != 0;
    field->max = read_u64(reader);
    field->at_least = read_double(reader);
    field->at_most = read_double(reader);
    field->code_count = read_varint(reader);
    if (field->code_count > reader_left(reader)) { // each takes a byte at least
        reader->failed = true;
        return;
    }
    codes = arena_alloc(arena, (field->code_count + 1) * sizeof *codes);
    for (size_t i = 0; i < field->code_count; i++)
        codes[i] = read_sized(reader);
    field->codes = codes;
}

bool description_read(struct arena *arena, struct slice bytes, struct description *description,
                      struct err *err)
{
    struct reader reader = reader_of(bytes);
    uint8_t format = read_u8(&reader);

    description->instance = read_u8(&reader) != 0;
    description->field_count = read_varint(&reader);
    reader.failed = reader.failed || format != FORMAT || description->field_count > FIELDS_MAX;
    for (size_t i = 0; !reader.failed && i < description->field_count; i++)
        read_field(arena, &reader, &description->fields[i]);
    description->index_count = read_varint(&reader);
    reader.failed = reader.failed || description->index_count > INDEXES_MAX;
    for (size_t i = 0; !reader.failed && i < description->index_count; i++) {
        description->indexes[i].name = read_sized(&reader);
        description->indexes[i].unique = read_u8(&reader) != 0;
        description->indexes[i].collation = read_u8(&reader);
    }
    return (!reader.failed && reader_left(&reader) == 0) ||
           err_set(err, ERR_CORRUPT, "the description of a collection cannot be read");
}
