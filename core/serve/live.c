// SPDX-License-Identifier: Apache-2.0
// Telling: the log is read into the ring at once, and what it says of people and sessions is acted
// on at once; events are then told one after the other, a slice of the streams at a time, so
// that requests are not kept waiting.
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/log.h"
#include "serve/live_inside.h"

enum { BATCH = 256, SLICE = 256, RETRY_MS = 500, BEATS = 4 };

static void pump(void *context);

static void pump_after(struct live *live, int64_t ms)
{
    struct loop *loop = live->worker->loop;

    if (live->pump == NULL)
        live->pump = loop->after(loop, ms, pump, live);
}

bool live_look(struct live *live, struct view *view, struct err *err)
{
    struct instance *instance = &live->worker->instance;
    struct store_txn *txn = store_begin(instance->store, STORE_READ, err);

    if (txn == NULL)
        return false;
    arena_reset(&live->memory);
    live->budget = (struct budget){.reads_max = UINT32_MAX};
    if (instance_view(instance, txn, &live->memory, &live->budget, view, err))
        return true;
    store_end(txn);
    return false;
}

// Taking --------------------------------------------------------------------------------------

static void take_event(struct live *live, struct view *view, const struct store_entry *entry,
                       struct id org)
{
    const struct id *path;
    size_t count;
    struct err err;
    struct live_event *event = NULL;

    if (tree_path(view, org, &path, &count, &err))
        event = live_event_make(entry->number, entry->bytes, path, count);
    else
        log_error("an event is lost", LOG_TEXT("error", err.text));
    live_ring_push(&live->ring, entry->number, event);
}

// Their sessions may be over, their roles others.
static void take_person(struct live *live, struct view *view, const struct id *person)
{
    struct listener *listener = listener_find(live, person);
    struct live_stream *stream = listener != NULL ? listener->streams : NULL;

    if (listener == NULL)
        return;
    free(listener->grants);
    listener->grants = NULL;
    listener->asked = 0;
    while (stream != NULL) {
        struct live_stream *next = stream->next_of;

        stream_check(stream, view); // the last one takes the listener with it
        stream = next;
    }
}

static void take_session(struct live *live, const struct live_entry *entry)
{
    struct listener *listener = listener_find(live, &entry->person);
    struct live_stream *stream = listener != NULL ? listener->streams : NULL;

    while (stream != NULL) {
        struct live_stream *next = stream->next_of;

        if (entry->session.len == DIGEST_LEN &&
            memcmp(entry->session.data, stream->session, DIGEST_LEN) == 0)
            stream_cut(stream);
        stream = next;
    }
}

static void take(struct live *live, struct view *view, const struct store_entry *entry)
{
    struct live_entry about;

    if (!live_decode(entry->bytes, &about)) {
        log_error("an entry of the live log cannot be read");
        about.kind = 0;
    }
    if (about.kind == LIVE_EVENT) {
        take_event(live, view, entry, about.org);
        return;
    }
    live_ring_push(&live->ring, entry->number, NULL);
    if (about.kind == LIVE_PERSON)
        take_person(live, view, &about.person);
    else if (about.kind == LIVE_SESSION)
        take_session(live, &about);
}

static bool take_all(struct live *live, struct view *view, struct err *err)
{
    struct store_entry entries[BATCH];
    size_t count;

    do {
        if (!store_log_read(view->txn, LIVE_LOG, live->ring.last, BATCH, entries, &count, err))
            return false;
        for (size_t i = 0; i < count; i++)
            take(live, view, &entries[i]);
    } while (count == BATCH);
    return true;
}

void live_catch_up(struct live *live)
{
    struct view view;
    struct err err;

    if (!live_look(live, &view, &err)) {
        log_error("the live log cannot be read", LOG_TEXT("error", err.text));
        pump_after(live, RETRY_MS);
        return;
    }
    if (!take_all(live, &view, &err)) {
        log_error("the live log cannot be read", LOG_TEXT("error", err.text));
        pump_after(live, RETRY_MS);
    }
    store_end(view.txn);
    if (live->told < live->ring.last)
        pump_after(live, 0);
}

// Telling -------------------------------------------------------------------------------------

static void drop_slow(struct live_stream *stream)
{
    stream->live->worker->slot->live_dropped++;
    stream_cut(stream);
}

static void tell(struct live_stream *stream, const struct view *view,
                 const struct live_event *event)
{
    struct live *live = stream->live;
    size_t room = (size_t)live->worker->config->live.buffer;

    if (stream->since >= event->number)
        return;
    if (!listener_hears(live, stream->listener, view, event)) {
        stream->since = event->number;
    } else if (http_stream_send(stream->http, event->frame)) {
        stream->since = event->number;
        stream->told_us = clock_mono_us(live->worker->instance.clock);
        live->worker->slot->live_told++;
        live->crowded |= http_stream_waiting(stream->http) > room / 2;
    } else {
        drop_slow(stream);
    }
}

static void tell_named(struct live *live, const struct view *view, const struct live_event *event)
{
    struct slice people = event->entry.people;

    for (size_t at = 0; at + ID_LEN <= people.len; at += ID_LEN) {
        struct listener *listener =
            listener_find(live, (const struct id *)(people.data + at));
        struct live_stream *stream = listener != NULL ? listener->streams : NULL;

        while (stream != NULL) {
            struct live_stream *next = stream->next_of;

            tell(stream, view, event);
            stream = next;
        }
    }
}

// False: there is more of the event, for the next turn.
static bool tell_slice(struct live *live, const struct view *view, const struct live_event *event,
                       size_t *left)
{
    if (!live->walking)
        live->cursor = live->streams;
    live->walking = true;
    for (; live->cursor != NULL && *left > 0; --*left) {
        struct live_stream *stream = live->cursor;

        live->cursor = stream->next;
        tell(stream, view, event);
    }
    live->walking = live->cursor != NULL;
    return !live->walking;
}

// More has happened than is kept: whoever lacks some of it looks at everything again.
static void tell_reset(struct live *live)
{
    struct live_stream *stream = live->streams;

    live->told = live->ring.first - 1;
    live->walking = false;
    while (stream != NULL) {
        struct live_stream *next = stream->next;

        if (!live_ring_covers(&live->ring, stream->since))
            stream_cut(stream); // it is told when it comes back
        stream = next;
    }
}

static void tell_some(struct live *live, const struct view *view)
{
    size_t left = SLICE;

    live->crowded = false;
    if (!live_ring_covers(&live->ring, live->told))
        tell_reset(live);
    while (left > 0 && !live->crowded && live->told < live->ring.last) {
        const struct live_event *event = live_ring_at(&live->ring, live->told + 1);

        if (event != NULL && event->entry.people.len > 0)
            tell_named(live, view, event);
        else if (event != NULL && !tell_slice(live, view, event, &left))
            return;
        left -= event != NULL && left > 0;
        live->told++;
    }
}

static void pump(void *context)
{
    struct live *live = context;
    struct view view;
    struct err err;

    live->pump = NULL;
    live_catch_up(live);
    if (live->told == live->ring.last)
        return;
    if (!live_look(live, &view, &err)) {
        log_error("events wait", LOG_TEXT("error", err.text));
        pump_after(live, RETRY_MS);
        return;
    }
    tell_some(live, &view);
    store_end(view.txn);
    if (live->told < live->ring.last)
        pump_after(live, 0);
}

static void woken(void *context)
{
    struct live *live = context;
    uint64_t count;

    if (read(live->wake, &count, sizeof count) == sizeof count)
        pump_after(live, 0);
}

// Signs of life -------------------------------------------------------------------------------

static void beat_soon(struct live *live, int64_t ms);

// Who has not taken what was sent a whole beat ago will hardly take more.
static void beat_one(struct live_stream *stream, int64_t now_us, struct view *view)
{
    struct live *live = stream->live;
    int64_t beat_us = live->worker->config->live.heartbeat_ms * 1000;

    if (clock_wall_ms(view->clock) >= stream->ends_ms && stream_check(stream, view))
        return;
    if (now_us - stream->told_us < beat_us)
        return;
    if (http_stream_waiting(stream->http) > 0 ||
        !http_stream_send(stream->http, live->heartbeat))
        drop_slow(stream);
    else
        stream->told_us = now_us;
}

static void beat(void *context)
{
    struct live *live = context;
    int64_t now_us = clock_mono_us(live->worker->instance.clock);
    struct view view;
    struct err err;

    live->beat = NULL;
    if (live->beat_cursor == NULL)
        live->beat_cursor = live->streams;
    if (live->beat_cursor != NULL && live_look(live, &view, &err)) {
        for (size_t left = SLICE; live->beat_cursor != NULL && left > 0; left--) {
            struct live_stream *stream = live->beat_cursor;

            live->beat_cursor = stream->next;
            beat_one(stream, now_us, &view);
        }
        store_end(view.txn);
    }
    beat_soon(live, live->beat_cursor != NULL ? 0 : live->worker->config->live.heartbeat_ms / BEATS);
}

static void beat_soon(struct live *live, int64_t ms)
{
    struct loop *loop = live->worker->loop;

    live->beat = loop->after(loop, ms, beat, live);
}

// Begin and end -------------------------------------------------------------------------------

// What is kept is read again, so that who was with another worker can come here.
static bool begin(struct live *live, struct err *err)
{
    uint64_t last, kept = (uint64_t)live->worker->config->live.kept;
    struct view view;
    bool done;

    if (!live_look(live, &view, err))
        return false;
    done = store_log_last(view.txn, LIVE_LOG, &last, err);
    store_end(view.txn);
    if (!done)
        return false;
    live_ring_init(&live->ring, kept, last > kept ? last - kept : 0);
    live_catch_up(live);
    live->told = live->ring.last;
    return true;
}

struct live *live_create(struct worker *worker, int wake, struct err *err)
{
    struct live *live = mem_zero(sizeof *live);

    live->worker = worker;
    live->wake = wake;
    live->last = &live->streams;
    live->heartbeat = http_chunk_make(slice_text(":\n\n"));
    if (!begin(live, err)) {
        live_destroy(live);
        return NULL;
    }
    live->watch = worker->loop->watch(worker->loop, wake, woken, live);
    beat_soon(live, worker->config->live.heartbeat_ms / BEATS);
    return live;
}

void live_drain(struct live *live)
{
    live->draining = true;
    while (live->streams != NULL)
        stream_cut(live->streams);
}

void live_destroy(struct live *live)
{
    struct loop *loop;

    if (live == NULL)
        return;
    loop = live->worker->loop;
    live_drain(live);
    if (live->watch != NULL)
        loop->unwatch(loop, live->watch);
    if (live->pump != NULL)
        loop->cancel(loop, live->pump);
    if (live->beat != NULL)
        loop->cancel(loop, live->beat);
    live_ring_finish(&live->ring);
    http_chunk_release(live->heartbeat);
    arena_finish(&live->memory);
    arena_finish(&live->asking);
    free(live);
}
