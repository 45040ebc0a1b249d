// SPDX-License-Identifier: Apache-2.0
// A growing byte buffer to encode into, and a reader to decode from. Numbers are
// big-endian where order matters (keys) and everywhere else too, so that there is
// one way to write them.
#pragma once

#include "base/mem.h"
#include "base/slice.h"

struct buffer {
    uint8_t *data;
    size_t len, size;
};

#define BUFFER_EMPTY ((struct buffer){NULL, 0, 0})

uint8_t *buffer_room(struct buffer *buffer, size_t len); // makes room at the end; len unchanged
void buffer_bytes(struct buffer *buffer, const void *data, size_t len);
void buffer_slice(struct buffer *buffer, struct slice slice);
void buffer_text(struct buffer *buffer, const char *text);
void buffer_format(struct buffer *buffer, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void buffer_u8(struct buffer *buffer, uint8_t number);
void buffer_u16(struct buffer *buffer, uint16_t number);
void buffer_u32(struct buffer *buffer, uint32_t number);
void buffer_u64(struct buffer *buffer, uint64_t number);
void buffer_varint(struct buffer *buffer, uint64_t number); // LEB128
void buffer_sized(struct buffer *buffer, struct slice slice); // varint length, then the bytes
void buffer_finish(struct buffer *buffer);

static inline struct slice buffer_view(const struct buffer *buffer)
{
    return slice_of(buffer->data != NULL ? buffer->data : (const uint8_t *)"", buffer->len);
}

// A reader never passes its end: after a short read `failed` stays true and every
// further read gives zero or an empty slice, so that one check at the end is enough.
struct reader {
    const uint8_t *at, *end;
    bool failed;
};

static inline struct reader reader_of(struct slice slice)
{
    return (struct reader){slice.data, slice.data + slice.len, false};
}

static inline size_t reader_left(const struct reader *reader)
{
    return (size_t)(reader->end - reader->at);
}

struct slice read_bytes(struct reader *reader, size_t len);
uint8_t read_u8(struct reader *reader);
uint16_t read_u16(struct reader *reader);
uint32_t read_u32(struct reader *reader);
uint64_t read_u64(struct reader *reader);
uint64_t read_varint(struct reader *reader);
struct slice read_sized(struct reader *reader);
