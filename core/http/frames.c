// SPDX-License-Identifier: Apache-2.0
#include "http/frames.h"

enum { HEAD_LEN = 9, PREFACE_LEN = 24, TINY = 64, BYTES_A_TOKEN = 4096, WINDOW_US = 10000000 };
enum { DATA, HEADERS, PRIORITY, RST_STREAM, CONTINUATION = 9 };
enum { END_STREAM = 1, END_HEADERS = 4 };

struct one_frame {
    size_t len; // of the payload
    uint8_t type, flags;
    uint32_t stream;
};

static struct one_frame read_head(const uint8_t *at)
{
    return (struct one_frame){
        .len = (size_t)at[0] << 16 | (size_t)at[1] << 8 | at[2],
        .type = at[3],
        .flags = at[4],
        .stream =
            (uint32_t)(at[5] & 0x7f) << 24 | (uint32_t)at[6] << 16 | (uint32_t)at[7] << 8 | at[8],
    };
}

// A token bucket that holds two seconds' worth.
static bool take_token(struct frames *frames, int64_t rate, uint64_t sent, int64_t now_us)
{
    double most = 2.0 * (double)rate;

    if (frames->filled)
        frames->tokens += (double)(now_us - frames->filled_us) * (double)rate / 1e6 +
                          (double)(sent - frames->granted) / BYTES_A_TOKEN;
    else
        frames->tokens = most;
    if (frames->tokens > most)
        frames->tokens = most;
    frames->filled = true;
    frames->filled_us = now_us;
    frames->granted = sent;
    frames->tokens -= 1;
    return frames->tokens >= 0;
}

static void forget_old(struct frames *frames, int64_t now_us)
{
    if (now_us - frames->recent_us < WINDOW_US)
        return;
    frames->recent_us = now_us;
    frames->recent_streams = frames->recent_resets = 0;
}

const char *frames_spend(struct frames *frames, const struct frame_limits *limits, uint64_t resets,
                         int64_t now_us)
{
    forget_old(frames, now_us);
    frames->recent_resets += resets;
    return frames->recent_resets > (uint64_t)limits->resets &&
                   frames->recent_resets * 2 > frames->recent_streams
               ? "too many resets"
               : NULL;
}

static struct frames_body *find_body(struct frames *frames, uint32_t stream)
{
    for (size_t i = 0; i < frames->body_count; i++)
        if (frames->bodies[i].stream == stream)
            return &frames->bodies[i];
    return NULL;
}

static void complete_body(struct frames *frames, struct frames_body *body)
{
    frames->open_count -= body->open;
    body->open = false;
}

void frames_release(struct frames *frames, uint32_t stream)
{
    struct frames_body *body = find_body(frames, stream);

    if (body == NULL)
        return;
    complete_body(frames, body);
    frames->held_bytes -= body->bytes;
    *body = frames->bodies[--frames->body_count];
}

static const char *on_data(struct frames *frames, const struct frame_limits *limits,
                           const struct one_frame *frame)
{
    struct frames_body *body = find_body(frames, frame->stream);

    frames->data_bytes += frame->len;
    if (body == NULL)
        return NULL; // libh2o resets or closes
    body->bytes += (uint32_t)frame->len;
    frames->held_bytes += frame->len;
    // libh2o would answer REFUSED_STREAM, which tells a browser to send it all again
    if (body->bytes > limits->body_bytes)
        return "body too large";
    if (frames->held_bytes > limits->bodies_bytes)
        return "too many bytes in bodies";
    if (frame->flags & END_STREAM)
        complete_body(frames, body);
    return NULL;
}

static const char *on_headers(struct frames *frames, const struct one_frame *frame, int64_t now_us)
{
    struct frames_body *body;

    if (frame->stream <= frames->last_stream) { // trailers
        if ((body = find_body(frames, frame->stream)) != NULL)
            complete_body(frames, body);
        return NULL;
    }
    frames->last_stream = frame->stream;
    frames->streams++;
    forget_old(frames, now_us);
    frames->recent_streams++;
    if (frame->flags & END_STREAM)
        return NULL;
    if (frames->body_count == FRAMES_BODIES_MAX)
        return "too many bodies";
    frames->bodies[frames->body_count++] = (struct frames_body){frame->stream, 0, true};
    frames->open_count++;
    return NULL;
}

static const char *on_block(struct frames *frames, const struct frame_limits *limits,
                            const struct one_frame *frame, int64_t now_us)
{
    const char *reason = NULL;

    if (frame->type == HEADERS) {
        frames->block_bytes = 0;
        reason = on_headers(frames, frame, now_us);
    }
    frames->block_bytes += frame->len;
    frames->in_block = !(frame->flags & END_HEADERS);
    return reason == NULL && frames->block_bytes > limits->head_bytes ? "header block too large"
                                                                      : reason;
}

static bool is_overhead(const struct one_frame *frame)
{
    return frame->type >= PRIORITY ||
           (frame->type == DATA && frame->len < TINY && !(frame->flags & END_STREAM));
}

static const char *on_frame(struct frames *frames, const struct frame_limits *limits,
                            const struct one_frame *frame, int64_t now_us)
{
    switch (frame->type) {
    case DATA:
        return on_data(frames, limits, frame);
    case HEADERS:
    case CONTINUATION:
        return on_block(frames, limits, frame, now_us);
    case RST_STREAM:
        frames_release(frames, frame->stream);
        return frames_spend(frames, limits, 1, now_us);
    default:
        return NULL;
    }
}

const char *frames_check(struct frames *frames, const struct frame_limits *limits, uint8_t *bytes,
                         size_t *len, uint64_t sent, int64_t now_us)
{
    size_t at = 0;
    const char *reason;

    if (!frames->started) {
        if (*len < PREFACE_LEN)
            return NULL;
        frames->started = true;
        at = PREFACE_LEN; // libh2o compares it
    }
    while (*len - at >= HEAD_LEN) {
        struct one_frame frame = read_head(bytes + at);
        size_t whole = HEAD_LEN + frame.len;

        if (*len - at < whole)
            break;
        if (is_overhead(&frame) && !take_token(frames, limits->rate, sent, now_us))
            return "too many frames";
        if ((reason = on_frame(frames, limits, &frame, now_us)) != NULL)
            return reason;
        if (frame.type > CONTINUATION && !frames->in_block) {
            memmove(bytes + at, bytes + at + whole, *len - at - whole);
            *len -= whole;
        } else {
            at += whole;
        }
    }
    return NULL;
}
