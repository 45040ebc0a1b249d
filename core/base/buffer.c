// SPDX-License-Identifier: Apache-2.0
#include "base/buffer.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

uint8_t *buffer_room(struct buffer *buffer, size_t len)
{
    if (buffer->size - buffer->len < len) {
        size_t size = buffer->size > 0 ? buffer->size : 256;

        while (size - buffer->len < len)
            size *= 2;
        buffer->data = mem_resize(buffer->data, size);
        buffer->size = size;
    }
    return buffer->data + buffer->len;
}

void buffer_bytes(struct buffer *buffer, const void *data, size_t len)
{
    if (len > 0) {
        memcpy(buffer_room(buffer, len), data, len);
        buffer->len += len;
    }
}

void buffer_slice(struct buffer *buffer, struct slice slice)
{
    buffer_bytes(buffer, slice.data, slice.len);
}

void buffer_text(struct buffer *buffer, const char *text)
{
    buffer_bytes(buffer, text, strlen(text));
}

void buffer_format(struct buffer *buffer, const char *format, ...)
{
    va_list args;
    int len;

    va_start(args, format);
    len = vsnprintf(NULL, 0, format, args);
    va_end(args);
    va_start(args, format);
    vsnprintf((char *)buffer_room(buffer, (size_t)len + 1), (size_t)len + 1, format, args);
    va_end(args);
    buffer->len += (size_t)len;
}

static void put_number(struct buffer *buffer, uint64_t number, size_t len)
{
    uint8_t *at = buffer_room(buffer, len);

    for (size_t i = 0; i < len; i++)
        at[i] = (uint8_t)(number >> (8 * (len - 1 - i)));
    buffer->len += len;
}

void buffer_u8(struct buffer *buffer, uint8_t number)
{
    put_number(buffer, number, 1);
}

void buffer_u16(struct buffer *buffer, uint16_t number)
{
    put_number(buffer, number, 2);
}

void buffer_u32(struct buffer *buffer, uint32_t number)
{
    put_number(buffer, number, 4);
}

void buffer_u64(struct buffer *buffer, uint64_t number)
{
    put_number(buffer, number, 8);
}

void buffer_varint(struct buffer *buffer, uint64_t number)
{
    for (; number >= 0x80; number >>= 7)
        buffer_u8(buffer, (uint8_t)(number | 0x80));
    buffer_u8(buffer, (uint8_t)number);
}

void buffer_sized(struct buffer *buffer, struct slice slice)
{
    buffer_varint(buffer, slice.len);
    buffer_slice(buffer, slice);
}

void buffer_finish(struct buffer *buffer)
{
    free(buffer->data);
    *buffer = BUFFER_EMPTY;
}

struct slice read_bytes(struct reader *reader, size_t len)
{
    struct slice slice = {reader->at, len};

    if (reader->failed || reader_left(reader) < len) {
        reader->failed = true;
        return slice_of("", 0);
    }
    reader->at += len;
    return slice;
}

static uint64_t get_number(struct reader *reader, size_t len)
{
    struct slice bytes = read_bytes(reader, len);
    uint64_t number = 0;

    for (size_t i = 0; i < bytes.len; i++)
        number = number << 8 | bytes.data[i];
    return number;
}

uint8_t read_u8(struct reader *reader)
{
    return (uint8_t)get_number(reader, 1);
}

uint16_t read_u16(struct reader *reader)
{
    return (uint16_t)get_number(reader, 2);
}

uint32_t read_u32(struct reader *reader)
{
    return (uint32_t)get_number(reader, 4);
}

uint64_t read_u64(struct reader *reader)
{
    return get_number(reader, 8);
}

uint64_t read_varint(struct reader *reader)
{
    uint64_t number = 0;

    for (int shift = 0; shift < 64; shift += 7) {
        uint8_t byte = read_u8(reader);

        number |= (uint64_t)(byte & 0x7f) << shift;
        if (byte < 0x80)
            return number;
    }
    reader->failed = true;
    return 0;
}

struct slice read_sized(struct reader *reader)
{
    return read_bytes(reader, read_varint(reader));
}
