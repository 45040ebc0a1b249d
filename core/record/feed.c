// SPDX-License-Identifier: Apache-2.0
// An entry: organisation and id (16 each), u8 verb, varint version, u8 length and name of
// the collection.
#include "record/feed.h"

bool feed_append(struct view *view, const struct record *record, enum verb verb, struct err *err)
{
    struct buffer entry = BUFFER_EMPTY;
    bool done;

    buffer_bytes(&entry, &record->ref, sizeof record->ref);
    buffer_u8(&entry, (uint8_t)verb);
    buffer_varint(&entry, record->version);
    buffer_u8(&entry, (uint8_t)strlen(record->collection->full));
    buffer_text(&entry, record->collection->full);
    done = store_append(view->txn, "feed", buffer_view(&entry), err);
    buffer_finish(&entry);
    return done;
}

bool feed_decode(struct slice entry, struct feed_entry *decoded)
{
    struct reader reader = reader_of(entry);
    struct slice ref = read_bytes(&reader, sizeof decoded->ref);

    if (reader.failed)
        return false;
    memcpy(&decoded->ref, ref.data, sizeof decoded->ref);
    decoded->verb = (enum verb)read_u8(&reader);
    decoded->version = read_varint(&reader);
    decoded->collection = read_bytes(&reader, read_u8(&reader));
    return !reader.failed && reader_left(&reader) == 0 && decoded->verb < VERB_COUNT;
}
