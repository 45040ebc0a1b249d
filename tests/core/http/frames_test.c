// SPDX-License-Identifier: Apache-2.0
#include "check.h"

#include <stdlib.h>

#include "base/buffer.h"
#include "http/frames.h"

static const struct frame_limits limits = {10, 50, 4096, 100000, 250000};

enum { DATA, HEADERS, PRIORITY, RST_STREAM, SETTINGS, PING = 6, WINDOW_UPDATE = 8, CONTINUATION };
enum { END_STREAM = 1, END_HEADERS = 4 };

struct talk {
    struct frames frames;
    struct buffer bytes;
    int64_t now_us;
    const char *cut;
};

static void put(struct talk *talk, uint8_t type, uint8_t flags, uint32_t stream, size_t len)
{
    buffer_u8(&talk->bytes, (uint8_t)(len >> 16));
    buffer_u16(&talk->bytes, (uint16_t)len);
    buffer_u8(&talk->bytes, type);
    buffer_u8(&talk->bytes, flags);
    buffer_u32(&talk->bytes, stream);
    memset(buffer_room(&talk->bytes, len), 'x', len);
    talk->bytes.len += len;
}

static void flush(struct talk *talk)
{
    if (talk->cut == NULL)
        talk->cut = frames_check(&talk->frames, &limits, talk->bytes.data, &talk->bytes.len, 0,
                                 talk->now_us);
    talk->bytes.len = 0;
}

static void say(struct talk *talk, uint8_t type, uint8_t flags, uint32_t stream, size_t len)
{
    put(talk, type, flags, stream, len);
    flush(talk);
}

static struct talk begin(void)
{
    struct talk talk = {.now_us = 1000000000};

    buffer_bytes(&talk.bytes, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 24);
    say(&talk, SETTINGS, 0, 0, 18);
    return talk;
}

static const char *end(struct talk *talk)
{
    buffer_finish(&talk->bytes);
    return talk->cut;
}

static void ordinary_requests_pass(void)
{
    struct talk talk = begin();

    for (uint32_t id = 1; id < 20000; id += 2)
        say(&talk, HEADERS, END_STREAM | END_HEADERS, id, 30);
    say(&talk, HEADERS, END_HEADERS, 20001, 30);
    for (int i = 0; i < 6; i++)
        say(&talk, DATA, 0, 20001, 16000);
    say(&talk, DATA, END_STREAM, 20001, 1);
    CHECK(talk.frames.streams == 10001 && talk.frames.open_count == 0);
    CHECK(talk.frames.held_bytes == 96001);
    frames_release(&talk.frames, 20001);
    CHECK(talk.frames.held_bytes == 0);
    CHECK(end(&talk) == NULL);
}

static void a_rapid_reset_is_cut(void)
{
    struct talk talk = begin();

    for (uint32_t id = 1; id < 100 && talk.cut == NULL; id += 2) {
        say(&talk, HEADERS, END_STREAM | END_HEADERS, id, 30);
        say(&talk, RST_STREAM, 0, id, 4);
    }
    CHECK(talk.frames.streams == 11);
    CHECK(end(&talk) != NULL);
}

static void now_and_then_a_reset_is_no_attack(void)
{
    struct talk talk = begin();

    for (uint32_t id = 1; id < 4000; id += 2) {
        say(&talk, HEADERS, END_STREAM | END_HEADERS, id, 30);
        if (id % 8 == 1)
            say(&talk, RST_STREAM, 0, id, 4);
        talk.now_us += 20000;
    }
    CHECK(end(&talk) == NULL);
}

static void resets_by_the_server_come_out_of_the_same_budget(void)
{
    struct talk talk = begin();

    say(&talk, HEADERS, END_STREAM | END_HEADERS, 1, 30);
    CHECK(frames_spend(&talk.frames, &limits, 10, talk.now_us) == NULL);
    CHECK(frames_spend(&talk.frames, &limits, 1, talk.now_us) != NULL);
    CHECK(frames_spend(&talk.frames, &limits, 1, talk.now_us + 11000000) == NULL);
    end(&talk);
}

static void floods_of_frames_that_only_cost_are_cut(void)
{
    static const uint8_t types[] = {PRIORITY, SETTINGS, PING, WINDOW_UPDATE, CONTINUATION, 0x20};

    for (size_t i = 0; i < sizeof types; i++) {
        struct talk talk = begin();
        int count = 0;

        while (talk.cut == NULL && count++ < 1000)
            say(&talk, types[i], 0, types[i] == PRIORITY ? 3 : 0, 5);
        CHECK(count >= 99 && count <= 101);
        CHECK(end(&talk) != NULL);
    }
}

static void empty_data_is_a_flood_too(void)
{
    struct talk talk = begin();
    int count = 0;

    say(&talk, HEADERS, END_HEADERS, 1, 30);
    while (talk.cut == NULL && count++ < 1000)
        say(&talk, DATA, 0, 1, 0);
    CHECK(count <= 101);
    CHECK(end(&talk) != NULL);
}

static void frames_at_the_rate_pass(void)
{
    struct talk talk = begin();

    for (int i = 0; i < 1000; i++) {
        say(&talk, PING, 0, 0, 8);
        talk.now_us += 20000;
    }
    CHECK(end(&talk) == NULL);
}

static void who_downloads_much_may_open_windows(void)
{
    struct talk talk = begin();
    uint64_t sent = 0;

    for (int i = 0; i < 1000; i++) {
        put(&talk, WINDOW_UPDATE, 0, 0, 4);
        sent += 16384;
        if (talk.cut == NULL)
            talk.cut = frames_check(&talk.frames, &limits, talk.bytes.data, &talk.bytes.len, sent,
                                    talk.now_us);
        talk.bytes.len = 0;
    }
    CHECK(end(&talk) == NULL);
}

static void frames_of_unknown_types_are_taken_out(void)
{
    struct talk talk = begin();
    size_t len;

    put(&talk, 0x10, 0, 0, 20);
    put(&talk, HEADERS, END_STREAM | END_HEADERS, 1, 30);
    put(&talk, 0xff, 0, 9, 0);
    put(&talk, PING, 0, 0, 8);
    put(&talk, 0x10, 0, 0, 20);
    talk.bytes.len -= 5; // this one is not complete
    len = talk.bytes.len;
    CHECK(frames_check(&talk.frames, &limits, talk.bytes.data, &talk.bytes.len, 0, talk.now_us) ==
          NULL);
    CHECK(talk.bytes.len == len - 29 - 9);
    CHECK(talk.bytes.data[3] == HEADERS && talk.bytes.data[39 + 3] == PING);
    CHECK(talk.bytes.data[39 + 17 + 3] == 0x10);
    end(&talk);
}

static void a_header_block_that_does_not_end_is_cut(void)
{
    struct talk talk = begin();

    say(&talk, HEADERS, END_STREAM, 1, 2000);
    say(&talk, CONTINUATION, 0, 1, 2000);
    CHECK(talk.cut == NULL && talk.frames.in_block);
    say(&talk, CONTINUATION, 0, 1, 200);
    CHECK(end(&talk) != NULL);
}

static void bodies_are_bounded_one_by_one_and_together(void)
{
    struct talk talk = begin();

    say(&talk, HEADERS, END_HEADERS, 1, 30);
    for (int i = 0; i < 7; i++)
        say(&talk, DATA, 0, 1, 16000);
    CHECK(end(&talk) != NULL);

    talk = begin();
    for (uint32_t id = 1; id < 9; id += 2) {
        say(&talk, HEADERS, END_HEADERS, id, 30);
        for (int i = 0; i < 5; i++)
            say(&talk, DATA, i == 4 ? END_STREAM : 0, id, 16000);
        CHECK((talk.cut == NULL) == (id < 7));
    }
    CHECK(end(&talk) != NULL);
}

static void a_body_that_is_broken_off_is_forgotten(void)
{
    struct talk talk = begin();

    for (uint32_t id = 1; id < 21; id += 2) {
        say(&talk, HEADERS, END_HEADERS, id, 30);
        say(&talk, DATA, 0, id, 16000);
        say(&talk, RST_STREAM, 0, id, 4);
    }
    CHECK(talk.frames.open_count == 0 && talk.frames.held_bytes == 0 &&
          talk.frames.body_count == 0);
    CHECK(end(&talk) == NULL);
}

static void a_frame_in_pieces_counts_once(void)
{
    struct talk talk = begin();
    struct buffer whole = BUFFER_EMPTY;

    put(&talk, HEADERS, END_STREAM | END_HEADERS, 1, 30);
    buffer_bytes(&whole, talk.bytes.data, talk.bytes.len);
    for (size_t len = 0; len <= whole.len; len++) {
        size_t given = len;

        CHECK(frames_check(&talk.frames, &limits, whole.data, &given, 0, talk.now_us) == NULL);
        CHECK(given == len && talk.frames.streams == (len == whole.len));
    }
    buffer_finish(&whole);
    end(&talk);
}

// The copy has exactly its length, so that the address sanitizer sees a byte too much.
static void damaged_frames_never_break_the_count(void)
{
    uint32_t seed = 7;

    for (int round = 0; round < 2000; round++) {
        struct talk talk = begin();
        size_t len = 1 + (seed >> 7) % 600;
        uint8_t *bytes = malloc(len);

        for (size_t i = 0; i < len; i++) {
            seed = seed * 1664525 + 1013904223;
            bytes[i] = (seed >> 24) % 4 == 0 ? (uint8_t)(seed >> 16) : (uint8_t)((seed >> 20) % 12);
        }
        for (size_t i = 0; i + 1 < len; i += 13)
            bytes[i] = bytes[i + 1] = 0; // short frames, so that some are complete
        frames_check(&talk.frames, &limits, bytes, &len, 0, talk.now_us);
        CHECK(talk.frames.open_count <= talk.frames.body_count);
        CHECK(talk.frames.body_count <= FRAMES_BODIES_MAX);
        free(bytes);
        end(&talk);
    }
}

int main(void)
{
    RUN(ordinary_requests_pass);
    RUN(a_rapid_reset_is_cut);
    RUN(now_and_then_a_reset_is_no_attack);
    RUN(resets_by_the_server_come_out_of_the_same_budget);
    RUN(floods_of_frames_that_only_cost_are_cut);
    RUN(empty_data_is_a_flood_too);
    RUN(frames_at_the_rate_pass);
    RUN(who_downloads_much_may_open_windows);
    RUN(frames_of_unknown_types_are_taken_out);
    RUN(a_header_block_that_does_not_end_is_cut);
    RUN(bodies_are_bounded_one_by_one_and_together);
    RUN(a_body_that_is_broken_off_is_forgotten);
    RUN(a_frame_in_pieces_counts_once);
    RUN(damaged_frames_never_break_the_count);
    return check_report("frames");
}
