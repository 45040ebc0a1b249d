// SPDX-License-Identifier: Apache-2.0
#include "serve/live_ring.h"

#include <stdlib.h>

void live_ring_init(struct live_ring *ring, size_t size, uint64_t last)
{
    *ring = (struct live_ring){.events = mem_zero(size * sizeof *ring->events), .size = size,
                               .first = last + 1, .last = last};
}

static void forget(struct live_ring *ring, uint64_t number)
{
    live_event_destroy(ring->events[number % ring->size]);
    ring->events[number % ring->size] = NULL;
}

void live_ring_finish(struct live_ring *ring)
{
    for (size_t i = 0; ring->events != NULL && i < ring->size; i++)
        live_event_destroy(ring->events[i]);
    free(ring->events);
}

void live_ring_push(struct live_ring *ring, uint64_t number, struct live_event *event)
{
    if (number != ring->last + 1) {
        for (; ring->first <= ring->last; ring->first++)
            forget(ring, ring->first);
        ring->first = number;
    }
    if (number - ring->first == ring->size)
        forget(ring, ring->first++);
    ring->events[number % ring->size] = event;
    ring->last = number;
}

struct live_event *live_ring_at(const struct live_ring *ring, uint64_t number)
{
    return number >= ring->first && number <= ring->last ? ring->events[number % ring->size]
                                                         : NULL;
}

bool live_ring_covers(const struct live_ring *ring, uint64_t after)
{
    return after <= ring->last && after + 1 >= ring->first;
}

// "id: 7\ndata: {"topic":"leave.asked","org":"…","about":"…"}\n\n"
static struct http_chunk *frame_of(const struct live_event *event)
{
    static const struct ref none;
    const struct live_entry *entry = &event->entry;
    struct buffer out = BUFFER_EMPTY;
    struct http_chunk *frame;
    char text[REF_TEXT_LEN + 1];

    id_to_text(&entry->org, text);
    buffer_format(&out, "id: %llu\ndata: {\"topic\":\"%.*s.%.*s\",\"org\":\"%s\"",
                  (unsigned long long)event->number, (int)entry->app.len,
                  (const char *)entry->app.data, (int)entry->topic.len,
                  (const char *)entry->topic.data, text);
    if (!ref_equal(&entry->about, &none)) {
        ref_to_text(&entry->about, text);
        buffer_format(&out, ",\"about\":\"%s\"", text);
    }
    if (entry->data.len > 0) {
        buffer_text(&out, ",\"data\":");
        buffer_slice(&out, entry->data);
    }
    buffer_text(&out, "}\n\n");
    frame = http_chunk_make(buffer_view(&out));
    buffer_finish(&out);
    return frame;
}

struct live_event *live_event_make(uint64_t number, struct slice bytes, const struct id *path,
                                   size_t path_count)
{
    size_t path_len = path_count * sizeof *path;
    struct live_event *event = mem_zero(sizeof *event + path_len + bytes.len);
    uint8_t *behind = (uint8_t *)(event + 1);

    if (path_len > 0)
        memcpy(behind, path, path_len);
    memcpy(behind + path_len, bytes.data, bytes.len);
    event->number = number;
    event->path = (const struct id *)behind;
    event->path_count = path_count;
    if (!live_decode(slice_of(behind + path_len, bytes.len), &event->entry) ||
        event->entry.kind != LIVE_EVENT) {
        free(event);
        return NULL;
    }
    event->frame = frame_of(event);
    return event;
}

void live_event_destroy(struct live_event *event)
{
    if (event != NULL)
        http_chunk_release(event->frame);
    free(event);
}

bool live_number(struct slice text, uint64_t *number)
{
    *number = 0;
    if (text.len == 0 || text.len > 19)
        return false;
    for (size_t i = 0; i < text.len; i++) {
        if (text.data[i] < '0' || text.data[i] > '9')
            return false;
        *number = *number * 10 + (uint64_t)(text.data[i] - '0');
    }
    return true;
}
