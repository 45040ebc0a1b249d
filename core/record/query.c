// SPDX-License-Identifier: Apache-2.0
#include "record/query.h"

#include <stdlib.h>

#include "record/accept.h"
#include "record/key.h"
#include "record/sealed.h"
#include "record/tree.h"

enum {
    LIMIT_MAX = 1000,
    SUBTREE_MAX = 64, // organisations; beyond that an index of the tree or a rollup
    STREAMS_MAX = 128, // ranges read side by side; more are gathered first
};

struct run {
    struct view *view;
    struct plan plan;
    struct candidate *list; // gathered, in order
    size_t list_count, list_size, list_at;
    struct stream *streams;
    struct candidate *heads; // what each stream gives next
    struct candidate seen;   // what a sorted list goes on after; row NULL: it begins
    size_t stream_count;
    struct record **records;
    size_t count;
};

static bool check_query(const struct query *query, struct err *err)
{
    int fields = (int)query->collection->field_count;

    if (query->limit < 1 || query->limit > LIMIT_MAX)
        return err_set(err, ERR_INPUT, "a limit is 1 to %d", LIMIT_MAX);
    if (query->order < -1 || query->order >= fields)
        return err_set(err, ERR_INPUT, "%s: no such field to order by", query->collection->full);
    if (query->after != NULL && query->order >= 0 && query->subtree)
        return err_set(err, ERR_INPUT, "paging through several organisations goes by id only");
    if (query->order >= 0 && query->collection->fields[query->order].type == FIELD_SEALED)
        return err_set(err, ERR_INPUT, "a sealed field has no order");
    for (size_t i = 0; i < query->filter_count; i++)
        if (query->filters[i].field < 0 || query->filters[i].field >= fields)
            return err_set(err, ERR_INPUT, "%s: no such field to filter", query->collection->full);
    return true;
}

static bool check_filter(struct view *view, const struct collection *collection,
                         struct filter *filter, struct err *err)
{
    const struct field *field = &collection->fields[filter->field];
    bool bound = filter->op == FILTER_AT_LEAST || filter->op == FILTER_AT_MOST;

    if (bound && (filter->value.kind == VALUE_NULL || field->type == FIELD_SEALED))
        return err_set(err, ERR_INPUT, "%s.%s has no such bound", collection->full, field->name);
    return accept_probe(view, field, &filter->value, err);
}

// The query with its filter values as they are stored.
static bool copy_query(struct view *view, const struct query *given, struct query *query,
                       struct err *err)
{
    struct filter *filters = arena_alloc(view->arena, (given->filter_count + 1) * sizeof *filters);

    *query = *given;
    query->filters = filters;
    query->org = row_org(view, given->collection, given->org);
    query->subtree = given->subtree && !given->collection->instance;
    for (size_t i = 0; i < given->filter_count; i++) {
        filters[i] = given->filters[i];
        if (!check_filter(view, given->collection, &filters[i], err))
            return false;
    }
    return true;
}

static bool plan_org(struct run *run, struct id org, struct err *err)
{
    struct ask ask = {.view = run->view, .collection = run->plan.query->collection, .org = org,
                      .at = org};

    if (run->view->who == NULL)
        return plan_add(&run->plan, &ask, err);
    for (ask.rule = ask.collection->rules[VERB_READ]; ask.rule != NULL; ask.rule = ask.rule->next) {
        bool counts;

        if (!access_counts(&ask, &counts, err) || (counts && !plan_add(&run->plan, &ask, err)))
            return false;
    }
    return true;
}

static bool plan_all(struct run *run, struct err *err)
{
    const struct query *query = run->plan.query;
    const struct id *orgs = &query->org;
    size_t count = 1;

    if (query->subtree &&
        !tree_below(run->view, query->org, SUBTREE_MAX, &orgs, &count, err))
        return false;
    for (size_t i = 0; i < count; i++)
        if (!plan_org(run, orgs[i], err))
            return false;
    return true;
}

static int compare(const struct query *query, const struct candidate *a,
                   const struct candidate *b)
{
    int order = slice_compare(a->order, b->order);

    if (order == 0)
        order = memcmp(&a->ref.id, &b->ref.id, ID_LEN);
    return query->ascending ? order : -order;
}

static int compare_candidates(const void *a, const void *b, void *query)
{
    return compare(query, a, b);
}

static void gather(struct run *run, const struct candidate *candidate)
{
    if (run->list_count == run->list_size) {
        size_t size = run->list_size > 0 ? 2 * run->list_size : 64;
        struct candidate *grown = arena_alloc(run->view->arena, size * sizeof *grown);

        if (run->list_count > 0)
            memcpy(grown, run->list, run->list_count * sizeof *grown);
        run->list = grown;
        run->list_size = size;
    }
    run->list[run->list_count++] = *candidate;
}

static bool fits(const struct filter *filter, const struct value *value)
{
    int order = 0;

    if (value->kind == VALUE_BYTES)
        order = slice_compare(sealed_hash(value), filter->value.kind == VALUE_BYTES
                                                      ? sealed_hash(&filter->value)
                                                      : slice_of("", 0));
    else if (value->kind == filter->value.kind)
        order = value_compare(value, &filter->value);
    else if (filter->op != FILTER_IS_NOT) // nothing is equal to, or beside, another kind
        return false;
    else
        return true;
    switch (filter->op) {
    case FILTER_IS:
        return order == 0;
    case FILTER_IS_NOT:
        return order != 0;
    case FILTER_AT_LEAST:
        return order >= 0;
    case FILTER_AT_MOST:
        break;
    }
    return order <= 0;
}

// Filters see what the principal may see: a field that is not open is NULL to them.
static bool passes(const struct query *query, const struct row *row)
{
    static const struct value null = {.kind = VALUE_NULL};

    for (size_t i = 0; i < query->filter_count; i++) {
        int field = query->filters[i].field;
        bool open = row->record.readable >> field & 1;

        if (!fits(&query->filters[i], open ? &row->stored[field] : &null))
            return false;
    }
    return true;
}

// Loads a candidate as the principal may see it. *row NULL: it is not among the answers.
static bool load(struct run *run, const struct candidate *candidate, struct row **row,
                 struct err *err)
{
    const struct query *query = run->plan.query;
    const struct rule *rule = candidate->source->rule;
    struct ask ask = {.view = run->view, .collection = query->collection, .rule = rule,
                      .org = candidate->ref.org, .at = candidate->ref.org};
    uint64_t fields = rule != NULL ? rule->fields : query->collection->prepared->all;

    if (!candidate_load(&ask, candidate, row, err))
        return false;
    if (*row == NULL)
        return true;
    if (fields != query->collection->prepared->all &&
        !access_fields(run->view, VERB_READ, query->collection, &candidate->ref, (*row)->stored,
                       &fields, err))
        return false;
    (*row)->record.readable = fields;
    if (fields == 0 || !passes(query, *row))
        *row = NULL;
    if (*row != NULL)
        row_show(run->view, *row, fields);
    return true;
}

// The wanted order of a row that no index gave.
static void order_by_value(struct run *run, struct candidate *candidate)
{
    const struct query *query = run->plan.query;
    const struct row *row = candidate->row;
    struct value value = row->stored[query->order];
    struct key key = {.len = 0};

    if (!(row->record.readable >> query->order & 1))
        value.kind = VALUE_NULL;
    key_value(&key, &value, KEY_TEXT_MAX);
    candidate->order = arena_slice(run->view->arena, key_slice(&key));
}

// Where a sorted list goes on: behind the row seen last, as it stands now.
static bool find_seen(struct run *run, struct err *err)
{
    const struct query *query = run->plan.query;
    struct candidate *seen = &run->seen;
    uint64_t fields = 0;

    if (query->after == NULL || query->order < 0)
        return true;
    seen->ref = (struct ref){query->org, *query->after};
    if (!row_load(run->view, query->collection, seen->ref, &seen->row, err) ||
        (seen->row != NULL && !access_fields(run->view, VERB_READ, query->collection, &seen->ref,
                                             seen->row->stored, &fields, err)))
        return false;
    if (fields == 0)
        return err_set(err, ERR_INPUT, "the row that the list goes on after is not there");
    seen->row->record.readable = fields;
    order_by_value(run, seen);
    run->plan.seen = seen->order;
    return true;
}

static bool gather_one(struct run *run, struct candidate *candidate, struct err *err)
{
    if (run->plan.query->order >= 0) {
        if (!load(run, candidate, &candidate->row, err))
            return false;
        if (candidate->row == NULL)
            return true;
        order_by_value(run, candidate);
    }
    gather(run, candidate);
    return true;
}

static bool gather_source(struct run *run, const struct source *source, struct err *err)
{
    struct candidate candidate;
    struct stream stream;
    bool found = false, done = stream_open(run->view, &run->plan, source, &stream, err);

    while (done && (done = stream_next(run->view, &run->plan, &stream, &candidate, &found, err)) &&
           found)
        done = gather_one(run, &candidate, err);
    stream_close(&stream);
    return done;
}

static void drop_stream(struct run *run, size_t at)
{
    stream_close(&run->streams[at]);
    run->streams[at] = run->streams[--run->stream_count];
    run->heads[at] = run->heads[run->stream_count];
}

static bool advance(struct run *run, size_t at, struct err *err)
{
    bool found;

    if (!stream_next(run->view, &run->plan, &run->streams[at], &run->heads[at], &found, err))
        return false;
    if (!found)
        drop_stream(run, at);
    return true;
}

static bool open_sources(struct run *run, struct err *err)
{
    bool side_by_side = run->plan.count <= STREAMS_MAX;

    if (side_by_side) {
        run->streams = arena_alloc(run->view->arena, run->plan.count * sizeof *run->streams);
        run->heads = arena_alloc(run->view->arena, run->plan.count * sizeof *run->heads);
    }
    for (size_t i = 0; i < run->plan.count; i++) {
        const struct source *source = &run->plan.sources[i];
        bool ordered = run->plan.query->order < 0 ? source->by_id : source->by_order;

        if (!ordered || !side_by_side) {
            if (!gather_source(run, source, err))
                return false;
            continue;
        }
        if (!stream_open(run->view, &run->plan, source, &run->streams[run->stream_count], err) ||
            !advance(run, run->stream_count++, err))
            return false;
    }
    if (run->list_count > 1)
        qsort_r(run->list, run->list_count, sizeof *run->list, compare_candidates,
                (void *)run->plan.query);
    return true;
}

// Takes the first of all; false when nothing is left.
static bool take(struct run *run, struct candidate *candidate, bool *found, struct err *err)
{
    const struct query *query = run->plan.query;
    size_t best = run->stream_count;

    for (size_t i = 0; i < run->stream_count; i++)
        if (best == run->stream_count || compare(query, &run->heads[i], &run->heads[best]) < 0)
            best = i;
    *found = true;
    if (run->list_at < run->list_count &&
        (best == run->stream_count ||
         compare(query, &run->list[run->list_at], &run->heads[best]) < 0)) {
        *candidate = run->list[run->list_at++];
        return true;
    }
    if (best == run->stream_count) {
        *found = false;
        return true;
    }
    *candidate = run->heads[best];
    return advance(run, best, err);
}

// The same row may come from several rules: equal ones follow each other.
static bool is_answered(const struct run *run, const struct candidate *candidate)
{
    return run->count > 0 && ref_equal(&run->records[run->count - 1]->ref, &candidate->ref);
}

static bool answer(struct run *run, struct err *err)
{
    struct candidate candidate;
    bool found = true;

    while (run->count < run->plan.query->limit) {
        if (!take(run, &candidate, &found, err))
            return false;
        if (!found)
            break;
        if (is_answered(run, &candidate) ||
            (run->seen.row != NULL && compare(run->plan.query, &candidate, &run->seen) <= 0))
            continue;
        if (candidate.row == NULL && !load(run, &candidate, &candidate.row, err))
            return false;
        if (candidate.row != NULL)
            run->records[run->count++] = &candidate.row->record;
    }
    return true;
}

bool record_query(struct view *view, const struct query *given, struct record ***records,
                  size_t *count, struct err *err)
{
    struct query query;
    struct run run = {.view = view, .plan.query = &query};
    bool done;

    *count = 0;
    if (!check_query(given, err) || !copy_query(view, given, &query, err))
        return false;
    run.records = arena_alloc(view->arena, query.limit * sizeof *run.records);
    done = find_seen(&run, err) && plan_all(&run, err) && open_sources(&run, err) && answer(&run, err);
    while (run.stream_count > 0)
        drop_stream(&run, run.stream_count - 1);
    *records = run.records;
    *count = done ? run.count : 0;
    return done;
}
