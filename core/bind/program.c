// SPDX-License-Identifier: Apache-2.0
// What programs get of every collection: lists and records, from the query to JSON without a
// step through Lua. Actions run through the app's own, see lua/app/action.lua.
#include <stdlib.h>

#include "base/json.h"
#include "bind/bind.h"

enum { LIST_DEFAULT = 50, LIST_MAX = 200, FILTERS_MAX = 12 };

// "/leave" or "/leave/{id}", and whatever follows; id.data NULL: of the whole collection.
static bool split(const struct host_request *request, struct slice *name, struct slice *id)
{
    struct slice path = request->path;
    const uint8_t *slash;

    if (path.len < 2)
        return false;
    path = slice_of(path.data + 1, path.len - 1);
    slash = memchr(path.data, '/', path.len);
    *name = slice_of(path.data, slash != NULL ? (size_t)(slash - path.data) : path.len);
    *id = slash != NULL ? slice_of(slash + 1, path.len - name->len - 1)
                        : (struct slice){NULL, 0};
    return name->len > 0;
}

static const struct collection *collection_of(struct view *view, const struct host_request *request,
                                              struct slice *id)
{
    struct slice name;

    if (!split(request, &name, id))
        return NULL;
    return catalog_find(view->catalog,
                        arena_format(view->arena, "%.*s.%.*s", (int)request->app.len,
                                     (const char *)request->app.data, (int)name.len,
                                     (const char *)name.data));
}

bool program_knows(struct view *view, const struct host_request *request)
{
    struct slice id;

    return collection_of(view, request, &id) != NULL;
}

bool program_reads(struct view *view, const struct host_request *request)
{
    struct slice id;

    return collection_of(view, request, &id) != NULL &&
           (id.data == NULL || memchr(id.data, '/', id.len) == NULL);
}

static bool answer_json(struct view *view, struct buffer *buffer, const struct config *config,
                        struct host_answer *answer, struct err *err)
{
    bool fits = buffer->len <= (size_t)config->script.output;

    *answer = (struct host_answer){.status = 200, .type = "application/json"};
    if (fits)
        answer->body = arena_slice(view->arena, buffer_view(buffer));
    buffer_finish(buffer);
    return fits || err_set(err, ERR_LIMIT, "output: the list is too long; ask with a limit");
}

static bool answer_one(struct view *view, const struct collection *collection, struct id org,
                       struct slice text, const struct config *config, struct host_answer *answer,
                       struct err *err)
{
    struct ref ref = {.org = org};
    struct buffer buffer = BUFFER_EMPTY;
    struct record *record;

    if (!ref_from_text(text, &ref) && !id_from_text(text, &ref.id))
        return err_set(err, ERR_ABSENT, "no such record");
    if (!record_get(view, collection, ref, &record, err))
        return false;
    if (record == NULL)
        return err_set(err, ERR_ABSENT, "no such record");
    if (!record_to_json(&buffer, view, record, err)) {
        buffer_finish(&buffer);
        return false;
    }
    if (!answer_json(view, &buffer, config, answer, err))
        return false;
    answer->version = record->version;
    return true;
}

static bool refuse(struct err *err, struct slice name)
{
    return err_set(err, ERR_INPUT, "the query '%.*s' is not understood", (int)name.len,
                   (const char *)name.data);
}

static bool read_limit(struct slice value, size_t *limit)
{
    *limit = 0;
    for (size_t i = 0; i < value.len && *limit <= LIST_MAX; i++) {
        if (value.data[i] < '0' || value.data[i] > '9')
            return false;
        *limit = *limit * 10 + (size_t)(value.data[i] - '0');
    }
    return *limit >= 1 && *limit <= LIST_MAX;
}

// "from" ascending, "-from" descending.
static bool read_sort(struct slice value, struct query *query)
{
    query->ascending = value.len == 0 || value.data[0] != '-';
    if (!query->ascending)
        value = slice_of(value.data + 1, value.len - 1);
    query->order = collection_field(query->collection, value);
    return query->order >= 0;
}

static bool read_after(struct slice value, struct id *after)
{
    struct ref ref;

    if (!ref_from_text(value, &ref))
        return id_from_text(value, after);
    *after = ref.id;
    return true;
}

// "state", "from.at_least"
static bool read_filter(struct slice name, struct slice value, const struct collection *collection,
                        struct arena *arena, struct filter *filter)
{
    static const char *const ops[] = {[FILTER_IS_NOT] = "is_not", [FILTER_AT_LEAST] = "at_least",
                                      [FILTER_AT_MOST] = "at_most"};
    const uint8_t *dot = name.len > 0 ? memchr(name.data, '.', name.len) : NULL;
    struct slice op = {NULL, 0};
    bool known = dot == NULL;

    if (dot != NULL) {
        op = slice_of(dot + 1, name.len - (size_t)(dot + 1 - name.data));
        name.len = (size_t)(dot - name.data);
    }
    *filter = (struct filter){.field = collection_field(collection, name), .op = FILTER_IS};
    for (int i = FILTER_IS_NOT; i <= FILTER_AT_MOST && !known; i++) {
        known = slice_is(op, ops[i]);
        filter->op = (enum filter_op)i;
    }
    return known && filter->field >= 0 &&
           bind_value_from_text(arena, value, &collection->fields[filter->field], &filter->value);
}

static bool read_query(const struct host_request *request, struct arena *arena, struct query *query,
                       struct filter *filters, struct id *after, struct err *err)
{
    for (size_t i = 0; i < request->query_count; i++) {
        struct slice name = request->query[i].name, value = request->query[i].value;
        bool known;

        if (slice_is(name, "limit")) {
            known = read_limit(value, &query->limit);
        } else if (slice_is(name, "after")) {
            known = read_after(value, after);
            query->after = after;
        } else if (slice_is(name, "sort")) {
            known = read_sort(value, query);
        } else {
            known = query->filter_count < FILTERS_MAX &&
                    read_filter(name, value, query->collection, arena,
                                &filters[query->filter_count++]);
        }
        if (!known)
            return refuse(err, name);
    }
    return true;
}

static bool answer_list(struct view *view, const struct collection *collection, struct id org,
                        const struct host_request *request, const struct config *config,
                        struct host_answer *answer, struct err *err)
{
    struct filter filters[FILTERS_MAX] = {{0}};
    struct query query = {.collection = collection, .org = org, .filters = filters, .order = -1,
                          .limit = LIST_DEFAULT};
    struct buffer buffer = BUFFER_EMPTY;
    struct record **records;
    struct id after;
    size_t count;
    char next[ID_TEXT_LEN + 1];

    if (!read_query(request, view->arena, &query, filters, &after, err) ||
        !record_query(view, &query, &records, &count, err))
        return false;
    buffer_text(&buffer, "{\"items\":[");
    for (size_t i = 0; i < count; i++) {
        buffer_text(&buffer, i > 0 ? "," : "");
        if (!record_to_json(&buffer, view, records[i], err)) {
            buffer_finish(&buffer);
            return false;
        }
    }
    buffer_text(&buffer, "],\"next\":");
    if (count == query.limit) {
        id_to_text(&records[count - 1]->ref.id, next);
        buffer_format(&buffer, "\"%s\"}", next);
    } else {
        buffer_text(&buffer, "null}");
    }
    return answer_json(view, &buffer, config, answer, err);
}

bool program_answer(struct host *host, struct view *view, const struct host_request *request,
                    struct host_answer *answer, struct err *err)
{
    const struct config *config = host->options.config;
    struct slice id;
    const struct collection *collection = collection_of(view, request, &id);
    struct id org;

    if (collection == NULL)
        return err_set(err, ERR_ABSENT, "no such collection");
    org = collection->instance ? view->root : request->org;
    return id.data != NULL
               ? answer_one(view, collection, org, id, config, answer, err)
               : answer_list(view, collection, org, request, config, answer, err);
}
