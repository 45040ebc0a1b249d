// SPDX-License-Identifier: Apache-2.0
// An entry: u8 kind; of an event app and topic (each with its length), organisation, record (32
// bytes), people and data (each with its length); else the id of the person, and of a session its
// key with its length.
#include "record/live.h"

static void encode_event(struct buffer *buffer, const struct live_entry *entry)
{
    buffer_sized(buffer, entry->app);
    buffer_sized(buffer, entry->topic);
    buffer_bytes(buffer, entry->org.bytes, ID_LEN);
    buffer_bytes(buffer, &entry->about, sizeof entry->about);
    buffer_sized(buffer, entry->people);
    buffer_sized(buffer, entry->data);
}

bool live_append(struct view *view, const struct live_entry *entry, struct err *err)
{
    struct buffer buffer = BUFFER_EMPTY;
    bool done;

    buffer_u8(&buffer, (uint8_t)entry->kind);
    if (entry->kind == LIVE_EVENT)
        encode_event(&buffer, entry);
    else
        buffer_bytes(&buffer, entry->person.bytes, ID_LEN);
    if (entry->kind == LIVE_SESSION)
        buffer_sized(&buffer, entry->session);
    done = store_append(view->txn, LIVE_LOG, buffer_view(&buffer), err);
    buffer_finish(&buffer);
    return done;
}

static void take(struct reader *reader, void *bytes, size_t len)
{
    struct slice read = read_bytes(reader, len);

    if (!reader->failed)
        memcpy(bytes, read.data, len);
}

static void decode_event(struct reader *reader, struct live_entry *entry)
{
    entry->app = read_sized(reader);
    entry->topic = read_sized(reader);
    take(reader, entry->org.bytes, ID_LEN);
    take(reader, &entry->about, sizeof entry->about);
    entry->people = read_sized(reader);
    entry->data = read_sized(reader);
    reader->failed |= entry->people.len % ID_LEN != 0 || entry->data.len > LIVE_DATA_MAX ||
                      entry->people.len > LIVE_PEOPLE_MAX * ID_LEN;
}

bool live_decode(struct slice bytes, struct live_entry *entry)
{
    struct reader reader = reader_of(bytes);

    *entry = (struct live_entry){.kind = (enum live_kind)read_u8(&reader)};
    if (entry->kind == LIVE_EVENT)
        decode_event(&reader, entry);
    else if (entry->kind == LIVE_PERSON || entry->kind == LIVE_SESSION)
        take(&reader, entry->person.bytes, ID_LEN);
    else
        return false;
    if (entry->kind == LIVE_SESSION)
        entry->session = read_sized(&reader);
    return !reader.failed && reader_left(&reader) == 0;
}
