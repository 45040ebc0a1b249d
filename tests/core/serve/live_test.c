// SPDX-License-Identifier: Apache-2.0
// What a worker remembers of the live log, and what it takes from a client as a position.
#include "check.h"

#include <stdlib.h>

#include "serve/live_ring.h"

// An entry as record/live.c writes it: kind, app, topic, organisation, record, people, data.
static struct slice entry_of(struct buffer *buffer, const char *data)
{
    uint8_t zeros[3 * ID_LEN] = {0};

    buffer->len = 0;
    buffer_u8(buffer, LIVE_EVENT);
    buffer_sized(buffer, slice_text("leave"));
    buffer_sized(buffer, slice_text("asked"));
    buffer_bytes(buffer, zeros, sizeof zeros);
    buffer_sized(buffer, slice_text(""));
    buffer_sized(buffer, slice_text(data));
    return buffer_view(buffer);
}

static struct live_event *event_of(uint64_t number)
{
    struct buffer buffer = BUFFER_EMPTY;
    struct id path[2] = {{{1}}, {{2}}};
    struct live_event *event = live_event_make(number, entry_of(&buffer, "{}"), path, 2);

    buffer_finish(&buffer);
    CHECK(event != NULL && event->path_count == 2 && event->path[1].bytes[0] == 2);
    return event;
}

static void only_the_last_events_are_kept(void)
{
    struct live_ring ring;

    live_ring_init(&ring, 4, 100);
    CHECK(live_ring_covers(&ring, 100) && !live_ring_covers(&ring, 99));
    CHECK(live_ring_at(&ring, 100) == NULL && live_ring_at(&ring, 101) == NULL);
    for (uint64_t number = 101; number <= 106; number++)
        live_ring_push(&ring, number, number % 2 == 0 ? event_of(number) : NULL);
    CHECK(ring.first == 103 && ring.last == 106);
    CHECK(live_ring_at(&ring, 102) == NULL && live_ring_at(&ring, 103) == NULL);
    CHECK(live_ring_at(&ring, 104)->number == 104 && live_ring_at(&ring, 106)->number == 106);
    CHECK(!live_ring_covers(&ring, 101) && live_ring_covers(&ring, 102));
    CHECK(live_ring_covers(&ring, 106) && !live_ring_covers(&ring, 107));
    live_ring_finish(&ring);
}

static void a_gap_begins_anew(void)
{
    struct live_ring ring;

    live_ring_init(&ring, 4, 0);
    live_ring_push(&ring, 1, event_of(1));
    live_ring_push(&ring, 2, event_of(2));
    live_ring_push(&ring, 50, event_of(50));
    CHECK(ring.first == 50 && ring.last == 50);
    CHECK(live_ring_at(&ring, 2) == NULL && live_ring_at(&ring, 50)->number == 50);
    CHECK(!live_ring_covers(&ring, 2) && live_ring_covers(&ring, 49));
    live_ring_finish(&ring);
}

static void an_event_is_sent_as_one_block(void)
{
    struct buffer buffer = BUFFER_EMPTY;
    struct live_event *event =
        live_event_make(7, entry_of(&buffer, "{\"number\":3}"), NULL, 0);
    const char *wanted = "id: 7\ndata: {\"topic\":\"leave.asked\",\"org\":"
                         "\"00000000000000000000000000\",\"data\":{\"number\":3}}\n\n";

    CHECK(slice_is(http_chunk_bytes(event->frame), wanted));
    live_event_destroy(event);
    buffer_finish(&buffer);
}

// Whatever the log may hold: refused, or taken whole, and never read beyond its end.
static void no_entry_makes_it_stumble(void)
{
    struct buffer buffer = BUFFER_EMPTY;
    struct slice whole = entry_of(&buffer, "{}");
    struct live_entry entry;

    CHECK(live_decode(whole, &entry) && slice_is(entry.topic, "asked"));
    for (size_t len = 0; len < whole.len; len++) {
        uint8_t *cut = malloc(len + 1);

        memcpy(cut, whole.data, len);
        CHECK(!live_decode(slice_of(cut, len), &entry));
        free(cut);
    }
    srand(1);
    for (int i = 0; i < 20000; i++) {
        uint8_t *bytes = malloc(whole.len);

        memcpy(bytes, whole.data, whole.len);
        for (int changes = 0; changes < 3; changes++)
            bytes[(size_t)rand() % whole.len] = (uint8_t)rand();
        live_event_destroy(live_event_make(1, slice_of(bytes, whole.len), NULL, 0));
        free(bytes);
    }
    buffer_finish(&buffer);
}

static void a_position_is_digits_and_nothing_else(void)
{
    static const char *const wrong[] = {"", "-1", "+1", " 1", "1 ", "1e3", "0x1", "1.0", "１",
                                        "99999999999999999999", "1,2"};
    uint64_t number;

    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        CHECK(!live_number(slice_text(wrong[i]), &number));
    CHECK(live_number(slice_text("0"), &number) && number == 0);
    CHECK(live_number(slice_text("9999999999999999999"), &number) &&
          number == 9999999999999999999u);
}

int main(void)
{
    RUN(only_the_last_events_are_kept);
    RUN(a_gap_begins_anew);
    RUN(an_event_is_sent_as_one_block);
    RUN(no_entry_makes_it_stumble);
    RUN(a_position_is_digits_and_nothing_else);
    return check_report("serve/live");
}
