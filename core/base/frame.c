// SPDX-License-Identifier: Apache-2.0
#include "base/frame.h"

void frame_put(struct buffer *buffer, uint64_t tag, uint8_t kind, struct slice payload)
{
    buffer_u32(buffer, (uint32_t)(FRAME_HEAD - 4 + payload.len));
    buffer_u64(buffer, tag);
    buffer_u8(buffer, kind);
    buffer_slice(buffer, payload);
}

enum frame_result frame_next(struct slice bytes, size_t *at, struct frame *frame)
{
    struct reader reader = reader_of(slice_of(bytes.data + *at, bytes.len - *at));
    uint32_t len;

    if (reader_left(&reader) < FRAME_HEAD)
        return FRAME_NONE;
    len = read_u32(&reader);
    if (len < FRAME_HEAD - 4 || len > FRAME_MAX)
        return FRAME_BROKEN;
    if (reader_left(&reader) < len)
        return FRAME_NONE;
    frame->tag = read_u64(&reader);
    frame->kind = read_u8(&reader);
    frame->payload = read_bytes(&reader, len - (FRAME_HEAD - 4));
    *at += 4 + len;
    return FRAME_READY;
}
