// SPDX-License-Identifier: Apache-2.0
#include "record/key.h"
#include "record/query.h"

// Paging: the range ends, or begins, beside the row seen last.
static struct slice past(struct view *view, const struct plan *plan, const struct source *source)
{
    struct key key = {.len = source->head};

    memcpy(key.bytes, source->from.data, source->head);
    if (source->by_order) {
        memcpy(key.bytes + key.len, plan->seen.data, plan->seen.len);
        key.len += plan->seen.len;
    }
    key_id(&key, plan->query->after);
    if (plan->query->ascending)
        key_after(&key);
    return arena_slice(view->arena, key_slice(&key));
}

bool stream_open(struct view *view, const struct plan *plan, const struct source *source,
                 struct stream *stream, struct err *err)
{
    struct slice from = source->from, to = source->to, seen;

    *stream = (struct stream){.source = source};
    if (source->ids != NULL) {
        stream->at = plan->query->ascending ? 0 : source->id_count;
        return true;
    }
    if (plan->query->after != NULL && (source->by_id || source->by_order)) {
        seen = past(view, plan, source);
        if (plan->query->ascending)
            from = slice_compare(seen, from) > 0 ? seen : from;
        else
            to = slice_compare(seen, to) < 0 ? seen : to;
    }
    if (slice_compare(from, to) >= 0)
        return true;
    stream->range = store_range_open(view->txn, from, to, !plan->query->ascending, err);
    return stream->range != NULL;
}

void stream_close(struct stream *stream)
{
    if (stream->range != NULL)
        store_range_close(stream->range);
    stream->range = NULL;
}

static bool is_seen(const struct plan *plan, const struct id *id)
{
    const struct id *after = plan->query->order < 0 ? plan->query->after : NULL;
    int order = after != NULL ? memcmp(id, after, ID_LEN) : 0;

    return after != NULL && (plan->query->ascending ? order <= 0 : order >= 0);
}

static bool next_id(const struct plan *plan, struct stream *stream, struct candidate *candidate)
{
    const struct source *source = stream->source;

    for (;;) {
        if (stream->at == (plan->query->ascending ? source->id_count : 0))
            return false;
        candidate->ref.id = source->ids[plan->query->ascending ? stream->at++ : --stream->at];
        if (!is_seen(plan, &candidate->ref.id))
            return true;
    }
}

// Where an entry says whose record it means: at the end of the key, or in the value of a
// unique one.
static void read_entry(const struct plan *plan, const struct source *source, struct slice key,
                       struct slice value, struct candidate *candidate)
{
    const struct collection *collection = plan->query->collection;

    if (source->index >= 0 && collection->indexes[source->index].unique) {
        memcpy(&candidate->ref, value.data, sizeof candidate->ref);
    } else if (source->index >= 0 && index_is_apart(collection, (size_t)source->index)) {
        memcpy(&candidate->ref, key.data + key.len - sizeof candidate->ref, sizeof candidate->ref);
    } else {
        memcpy(&candidate->ref.id, key.data + key.len - ID_LEN, ID_LEN);
        if (source->by_order)
            candidate->order = slice_of(key.data + source->head, key.len - ID_LEN - source->head);
    }
    if (source->index < 0)
        candidate->bytes = value;
}

bool stream_next(struct view *view, const struct plan *plan, struct stream *stream,
                 struct candidate *candidate, bool *found, struct err *err)
{
    const struct source *source = stream->source;
    struct slice key, value;

    *candidate = (struct candidate){.ref.org = source->org, .source = source};
    *found = false;
    if (source->ids != NULL) {
        *found = next_id(plan, stream, candidate);
        return true;
    }
    if (stream->range == NULL) // all of it was seen
        return true;
    for (;;) {
        err->code = ERR_NONE;
        if (!store_range_next(stream->range, &key, &value, err))
            return err->code == ERR_NONE && (stream->counted || row_count_read(view, err));
        stream->counted = true;
        if (!row_count_read(view, err))
            return false;
        read_entry(plan, source, key, value, candidate);
        if (id_equal(&candidate->ref.org, &source->org) && !is_seen(plan, &candidate->ref.id))
            break;
    }
    *found = true;
    return true;
}

bool candidate_load(const struct ask *ask, const struct candidate *candidate, struct row **row,
                    struct err *err)
{
    bool holds = true;

    *row = NULL;
    if (candidate->bytes.data == NULL
            ? !row_load(ask->view, ask->collection, candidate->ref, row, err)
            : !row_decode(ask->view, ask->collection, candidate->ref, candidate->bytes, row, err))
        return false;
    if (*row != NULL && !access_holds(ask, &candidate->ref, (*row)->stored,
                                      candidate->source->covered, &holds, err))
        return false;
    if (!holds)
        *row = NULL;
    return true;
}
