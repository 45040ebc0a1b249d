// SPDX-License-Identifier: Apache-2.0
// Who listens, and what they may hear.
#include <stdlib.h>

#include "base/log.h"
#include "record/rule.h"
#include "serve/live_inside.h"

enum { READS_MAX = 500 }; // records looked at for one listener and one event

// Ids end in random bits.
static struct listener **bucket_of(struct live *live, const struct id *person)
{
    size_t hash = (size_t)person->bytes[ID_LEN - 1] << 8 | person->bytes[ID_LEN - 2];

    return &live->listeners[hash % LISTENER_BUCKETS];
}

struct listener *listener_find(struct live *live, const struct id *person)
{
    struct listener *listener = *bucket_of(live, person);

    while (listener != NULL && !id_equal(&listener->person, person))
        listener = listener->next;
    return listener;
}

static struct listener *listener_make(struct live *live, const struct id *person)
{
    struct listener *listener = mem_zero(sizeof *listener), **bucket = bucket_of(live, person);

    listener->person = *person;
    listener->next = *bucket;
    *bucket = listener;
    return listener;
}

static void listener_drop(struct live *live, struct listener *listener)
{
    struct listener **link = bucket_of(live, &listener->person);

    while (*link != listener)
        link = &(*link)->next;
    *link = listener->next;
    free(listener->grants);
    free(listener);
}

struct live_stream *stream_add(struct live *live, const struct session *session)
{
    struct live_stream *stream = mem_zero(sizeof *stream);
    struct listener *listener = listener_find(live, &session->person);

    if (listener == NULL)
        listener = listener_make(live, &session->person);
    stream->live = live;
    stream->listener = listener;
    stream->ends_ms = session->ends_ms;
    memcpy(stream->session, session->key, DIGEST_LEN);
    stream->next_of = listener->streams;
    listener->streams = stream;
    listener->count++;
    stream->link = live->last;
    *live->last = stream;
    live->last = &stream->next;
    live->worker->slot->live_streams = ++live->count;
    return stream;
}

static void unlink_from_listener(struct live_stream *stream)
{
    struct live_stream **link = &stream->listener->streams;

    while (*link != stream)
        link = &(*link)->next_of;
    *link = stream->next_of;
    if (--stream->listener->count == 0)
        listener_drop(stream->live, stream->listener);
}

void stream_remove(struct live_stream *stream)
{
    struct live *live = stream->live;

    if (live->cursor == stream)
        live->cursor = stream->next;
    if (live->beat_cursor == stream)
        live->beat_cursor = stream->next;
    *stream->link = stream->next;
    if (stream->next != NULL)
        stream->next->link = stream->link;
    else
        live->last = stream->link;
    unlink_from_listener(stream);
    live->worker->slot->live_streams = --live->count;
    free(stream);
}

void stream_cut(struct live_stream *stream)
{
    http_stream_close(stream->http);
    stream_remove(stream);
}

bool stream_check(struct live_stream *stream, struct view *view)
{
    struct session *session = NULL;
    struct err err;

    if (!auth_session_get(&stream->live->worker->instance.auth, view, stream->session, &session,
                          &err))
        log_error("a session cannot be looked at; its stream is closed",
                  LOG_TEXT("error", err.text));
    if (session == NULL) {
        stream_cut(stream);
        return true;
    }
    stream->ends_ms = session->ends_ms;
    return false;
}

// What they may hear -------------------------------------------------------------------------

// Kept beyond the snapshot, in one block: the grants, and behind them the names.
static void keep_grants(struct listener *listener, const struct principal *principal)
{
    size_t head = (principal->grant_count + 1) * sizeof *listener->grants, len = head;
    char *text;

    for (size_t i = 0; i < principal->grant_count; i++)
        len += strlen(principal->grants[i].role) + 1;
    free(listener->grants);
    listener->grants = mem_zero(len);
    text = (char *)listener->grants + head;
    for (size_t i = 0; i < principal->grant_count; i++) {
        size_t size = strlen(principal->grants[i].role) + 1;

        memcpy(text, principal->grants[i].role, size);
        listener->grants[i] = (struct role_grant){text, principal->grants[i].org};
        text += size;
    }
    listener->grant_count = principal->grant_count;
    listener->until_ms = principal->until_ms;
}

static bool know_grants(struct listener *listener, struct view *view, struct err *err)
{
    struct principal principal;

    if (listener->grants != NULL &&
        (listener->until_ms == 0 || clock_wall_ms(view->clock) < listener->until_ms))
        return true;
    if (!auth_principal(view, listener->person, &principal, err))
        return false;
    keep_grants(listener, &principal);
    return true;
}

static bool is_on_path(const struct live_event *event, const struct id *org)
{
    for (size_t i = 0; i < event->path_count; i++)
        if (id_equal(&event->path[i], org))
            return true;
    return false;
}

// Do they hold the role at the event's organisation or above?
static bool holds(const struct listener *listener, const struct live_event *event,
                  const char *role)
{
    for (size_t i = 0; i < listener->grant_count; i++)
        if (strcmp(listener->grants[i].role, role) == 0 &&
            is_on_path(event, &listener->grants[i].org))
            return true;
    return false;
}

static bool is_named(const struct listener *listener, const struct live_event *event)
{
    struct slice people = event->entry.people;

    for (size_t at = 0; at + ID_LEN <= people.len; at += ID_LEN)
        if (memcmp(people.data + at, listener->person.bytes, ID_LEN) == 0)
            return true;
    return false;
}

static bool has_role(const struct listener *listener, const struct live_event *event,
                     const char *const *roles)
{
    for (; *roles != NULL; roles++)
        if (holds(listener, event, *roles))
            return true;
    return false;
}

// Whether a rule could hold for them at all; it spares the look at the record.
static bool may_be_reader(const struct listener *listener, const struct live_event *event,
                          const struct collection *collection)
{
    for (const struct rule *rule = collection->rules[VERB_READ]; rule != NULL; rule = rule->next)
        if (collection->instance || strcmp(rule->role, "anyone") == 0 ||
            holds(listener, event, rule->role))
            return true;
    return false;
}

static bool is_reader(const struct listener *listener, struct view *view,
                      const struct live_event *event, const char *of, bool *reads,
                      struct err *err)
{
    struct principal who = {.person = listener->person, .grants = listener->grants,
                            .grant_count = listener->grant_count};
    struct record *record = NULL;

    view->who = &who;
    view->sets = NULL;
    if (!record_get(view, catalog_find(view->catalog, of), event->entry.about, &record, err))
        return false;
    *reads = record != NULL;
    return true;
}

// Of an app that is switched off at the organisation nothing is told.
static bool ask_app(struct live *live, struct view *view, const struct live_event *event,
                    struct err *err)
{
    live->looks++;
    if (live->asked != event->number &&
        !host_enabled(live->worker->instance.host, view, event->entry.app, event->entry.org,
                      &live->is_on, err))
        return false;
    live->asked = event->number;
    return true;
}

// By what is known without a look at the store: of most events nothing more is asked.
static bool may_hear(const struct listener *listener, const struct view *view,
                     const struct live_event *event, const struct host_topic *topic)
{
    const struct collection *collection =
        topic->of != NULL ? catalog_find(view->catalog, topic->of) : NULL;

    if (topic->of != NULL)
        return collection != NULL && may_be_reader(listener, event, collection);
    return topic->roles != NULL ? has_role(listener, event, topic->roles)
                                : is_named(listener, event);
}

static bool ask(struct live *live, struct listener *listener, struct view *view,
                const struct live_event *event, bool *hears, struct err *err)
{
    const struct host_topic *topic =
        host_find_topic(live->worker->instance.host, event->entry.app, event->entry.topic);

    *hears = false;
    if (topic == NULL)
        return true;
    if (!know_grants(listener, view, err))
        return false;
    if (!may_hear(listener, view, event, topic))
        return true;
    if (!ask_app(live, view, event, err))
        return false;
    *hears = live->is_on;
    return !live->is_on || topic->of == NULL ||
           is_reader(listener, view, event, topic->of, hears, err);
}

bool listener_hears(struct live *live, struct listener *listener, const struct view *system,
                    const struct live_event *event)
{
    struct view view = *system;
    struct budget budget = {.reads_max = READS_MAX};
    bool hears = false;
    struct err err;

    if (listener->asked == event->number)
        return listener->hears;
    view.budget = &budget;
    view.arena = &live->asking;
    view.sets = NULL; // what is kept there would outlive that memory
    if (!ask(live, listener, &view, event, &hears, &err)) {
        hears = false;
        log_error("an event is not told: the rules cannot be asked", LOG_TEXT("error", err.text));
    }
    arena_reset(&live->asking);
    listener->asked = event->number;
    listener->hears = hears;
    return hears;
}
