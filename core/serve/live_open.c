// SPDX-License-Identifier: Apache-2.0
// GET /live: who asks, how many they have already, what they missed.
#include <string.h>

#include "serve/live_inside.h"

enum {
    AGAIN_MS = 5000, // said to who comes when there is no room
    LOOKS_MAX = 250, // at the store, for who comes back; requests wait meanwhile
};

static void closed(void *context)
{
    stream_remove(context);
}

// What the client had: a browser that comes back says it by itself, a page says where it stood.
static struct slice position_of(const struct exchange *x)
{
    struct slice had = http_header(x->http, "last-event-id");

    return had.data != NULL ? had : exchange_query(x, "after");
}

static void put_reset(const struct live *live, struct buffer *out)
{
    buffer_format(out, "event: reset\nid: %llu\ndata: {}\n\n", (unsigned long long)live->ring.last);
}

static void put_missed(struct live *live, struct listener *listener, const struct view *view,
                       uint64_t after, size_t room, struct buffer *out)
{
    size_t begin = out->len;

    live->looks = 0;
    live->asked = listener->asked = 0; // what was true when an event was told may not be now

    for (uint64_t number = after + 1; number <= live->ring.last; number++) {
        const struct live_event *event = live_ring_at(&live->ring, number);

        if (event != NULL && listener_hears(live, listener, view, event))
            buffer_slice(out, http_chunk_bytes(event->frame));
        if (out->len > room || live->looks > LOOKS_MAX) { // cheaper to look at everything again
            out->len = begin;
            put_reset(live, out);
            return;
        }
    }
}

// Half of the pause is by chance: not all come back at once.
static int64_t pause_ms(struct live *live)
{
    int64_t most = live->worker->config->live.retry_ms;
    uint16_t chance;

    random_fill(live->worker->instance.random, &chance, sizeof chance);
    return most / 2 + (most - most / 2) * chance / UINT16_MAX;
}

static void put_first(struct live *live, struct exchange *x, struct listener *listener,
                      struct buffer *out)
{
    struct slice position = position_of(x);
    uint64_t after = live->ring.last;
    bool known = position.data == NULL ||
                 (live_number(position, &after) && live_ring_covers(&live->ring, after));

    buffer_format(out, "retry: %lld\n", (long long)pause_ms(live));
    if (known) {
        buffer_format(out, "id: %llu\n\n", (unsigned long long)after);
        put_missed(live, listener, &x->view, after, (size_t)x->worker->config->live.buffer, out);
    } else {
        buffer_text(out, "\n");
        put_reset(live, out);
    }
}

static void open_stream(struct live *live, struct exchange *x)
{
    static const struct http_field fields[] = {
        {"content-type", {(const uint8_t *)"text/event-stream; charset=utf-8", 32}},
        {"x-accel-buffering", {(const uint8_t *)"no", 2}}, // a proxy that waits for more
    };
    struct live_stream *stream = stream_add(live, x->session);
    struct buffer first = BUFFER_EMPTY;

    x->view.who = NULL; // the rules are asked for the listener
    put_first(live, x, stream->listener, &first);
    stream->since = live->ring.last;
    stream->told_us = clock_mono_us(x->worker->instance.clock);
    stream->http = http_respond_stream(
        x->http, fields, sizeof fields / sizeof *fields,
        &(struct http_stream_options){.first = buffer_view(&first),
                                      .room = (size_t)x->worker->config->live.buffer + first.len,
                                      .ended = closed,
                                      .context = stream});
    buffer_finish(&first);
    exchange_note(x, 200);
    x->http = NULL;
    exchange_destroy(x);
}

static bool refuse(struct exchange *x, int status, const char *word)
{
    x->wait_ms = AGAIN_MS;
    exchange_fail(x, status, word);
    return false;
}

static bool has_room(struct live *live, struct exchange *x)
{
    const struct config *config = x->worker->config;
    const struct listener *listener = listener_find(live, &x->session->person);

    if (live->draining || live->count >= (size_t)config->live.streams)
        return refuse(x, 503, "busy");
    if (listener != NULL && listener->count >= (size_t)config->live.per_person)
        return refuse(x, 429, "too_many_streams");
    return true;
}

void live_serve(struct exchange *x)
{
    struct live *live = x->worker->live;

    live_catch_up(live); // before who asks is looked at: an end of theirs comes after, or is seen
    if (!exchange_begin(x, STORE_READ))
        return;
    if (x->session == NULL)
        exchange_fail(x, 401, "signed_out");
    else if (!x->program && !exchange_same_origin(x))
        exchange_fail(x, 403, "denied");
    else if (http_method(x->http) == HTTP_HEAD)
        exchange_json(x, 200, slice_text(""));
    else if (has_room(live, x))
        open_stream(live, x);
}
