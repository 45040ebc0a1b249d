// SPDX-License-Identifier: Apache-2.0
// What a client sends over one HTTP/2 connection, counted before libh2o acts on it. libh2o
// 2.2.5 has no budget for resets (rapid reset), for frames that only cost work (PRIORITY,
// PING, SETTINGS, WINDOW_UPDATE, empty DATA), or for many large bodies at once; and it prints
// a line for each frame of an unknown type, which is why those are taken out here.
// Pure functions, no I/O.
#pragma once

#include "base/slice.h"

enum { FRAMES_BODIES_MAX = 128 }; // libh2o announces 100 streams

struct frame_limits {
    int64_t resets;                    // in ten seconds, when they are most of the requests
    int64_t rate;                      // frames a second that carry nothing of a request
    size_t head_bytes;                 // of an encoded header block
    uint64_t body_bytes, bodies_bytes; // of one body; of all bodies held at a time
};

struct frames {
    bool started, in_block, filled;
    size_t block_bytes; // of the header block that is being received
    uint32_t last_stream;
    uint64_t streams; // opened, ever
    uint64_t recent_streams, recent_resets;
    int64_t recent_us;             // since when these two are counted
    uint64_t data_bytes;           // received in bodies, ever
    uint64_t held_bytes;           // received in bodies whose request is not over
    size_t body_count, open_count; // bodies held; of these not complete
    struct frames_body {
        uint32_t stream, bytes;
        bool open;
    } bodies[FRAMES_BODIES_MAX];
    double tokens;
    int64_t filled_us;
    uint64_t granted; // bytes sent that tokens were already given for
};

// Looks at the frames in bytes[0…*len), which begins at a frame. Frames of unknown types are
// removed, *len shrinks accordingly. sent: bytes written to the client so far, since who
// downloads much also sends many WINDOW_UPDATE. NULL, or why the connection must be cut.
const char *frames_check(struct frames *frames, const struct frame_limits *limits, uint8_t *bytes,
                         size_t *len, uint64_t sent, int64_t now_us);
// Resets that the server had to send (MadeYouReset) come out of the same budget.
const char *frames_spend(struct frames *frames, const struct frame_limits *limits, uint64_t resets,
                         int64_t now_us);
void frames_release(struct frames *frames, uint32_t stream); // a request is over
