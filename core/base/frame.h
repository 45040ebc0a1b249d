// SPDX-License-Identifier: Apache-2.0
// Messages between processes: u32 length of what follows, u64 tag that pairs a reply
// with its request, u8 kind, then the payload.
#pragma once

#include "base/buffer.h"

enum { FRAME_HEAD = 13, FRAME_MAX = 64 * 1024 * 1024 };

struct frame {
    uint64_t tag;
    uint8_t kind;
    struct slice payload; // points into the buffer it was read from
};

void frame_put(struct buffer *buffer, uint64_t tag, uint8_t kind, struct slice payload);

enum frame_result { FRAME_NONE, FRAME_READY, FRAME_BROKEN };

// Takes the next frame out of bytes[*at…]; NONE means: wait for more bytes.
enum frame_result frame_next(struct slice bytes, size_t *at, struct frame *frame);
