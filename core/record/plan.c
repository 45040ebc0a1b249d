// SPDX-License-Identifier: Apache-2.0
#include "record/plan.h"

#include <stdlib.h>

#include "record/key.h"

// What is known of a field: one of these values, and between these bounds.
struct known {
    const struct value *values;
    size_t count;
    int term; // that says so, or -1: a filter
    const struct value *low, *high;
};

struct planner {
    struct plan *plan;
    const struct ask *ask;
    struct known known[FIELDS_MAX];
    uint32_t covered;
    bool nothing; // no row can satisfy the rule
};

struct choice {
    int index;     // -1: the primary keys
    size_t prefix; // fields of it with known values
    bool ranged, ordered;
    int score;
};

static bool is_positive(const struct rule_term *term)
{
    return term->op == RULE_IS || term->op == RULE_IN;
}

// A unique index leaves out rows with a NULL in it.
static bool holds_every_row(const struct collection *collection, const struct index_def *index)
{
    for (size_t i = 1; index->unique && i < index->count; i++)
        if (!collection->fields[index->fields[i]].required)
            return false;
    return true;
}

bool plan_can_answer(const struct collection *collection, const struct rule *rule)
{
    for (size_t i = 0; i < rule->term_count; i++) {
        const struct rule_term *term = &rule->terms[i];

        if (term->path == PATH_ORG || (term->path == PATH_ID && is_positive(term)))
            return true;
        if (term->path != PATH_FIELD || term->then >= 0 || !is_positive(term))
            continue;
        for (size_t j = 0; j < collection->index_count; j++) {
            const struct index_def *index = &collection->indexes[j];

            if (index->fields[0] == term->field && holds_every_row(collection, index))
                return true;
        }
    }
    return rule->term_count == 0;
}

static const struct value *ref_values(struct arena *arena, const struct ref *refs, size_t count)
{
    struct value *values = arena_alloc(arena, count * sizeof *values);

    for (size_t i = 0; i < count; i++)
        values[i] = (struct value){VALUE_REF, {.ref = refs[i]}};
    return values;
}

static bool learn_term(struct planner *planner, size_t at, struct err *err)
{
    const struct ask *ask = planner->ask;
    const struct rule_term *term = &ask->rule->terms[at];
    struct known *known = &planner->known[term->field];
    const struct ref *refs;
    struct value *today;
    size_t count = 1;

    if (term->value_kind == RULE_LITERAL) {
        *known = (struct known){&term->literal, 1, (int)at, known->low, known->high};
        return true;
    }
    if (term->value_kind == RULE_TODAY) {
        today = arena_alloc(ask->view->arena, sizeof *today);
        *today = (struct value){VALUE_DATE,
                                {.integer = date_in_china(clock_wall_ms(ask->view->clock))}};
        *known = (struct known){today, 1, (int)at, known->low, known->high};
        return true;
    }
    if (!access_refs(ask, term, &refs, &count, err))
        return false;
    planner->nothing |= count == 0;
    if (known->values == NULL || count < known->count)
        *known = (struct known){ref_values(ask->view->arena, refs, count), count, (int)at,
                                known->low, known->high};
    return true;
}


static struct source *add_source(struct planner *planner)
{
    struct plan *plan = planner->plan;
    struct source *source;

    if (plan->count == plan->size) {
        size_t size = plan->size > 0 ? 2 * plan->size : 8;
        struct source *grown = arena_alloc(planner->ask->view->arena, size * sizeof *grown);

        if (plan->count > 0)
            memcpy(grown, plan->sources, plan->count * sizeof *grown);
        plan->sources = grown;
        plan->size = size;
    }
    source = &plan->sources[plan->count++];
    source->rule = planner->ask->rule;
    source->org = planner->ask->org;
    source->covered = planner->covered;
    source->index = -1;
    return source;
}

static int compare_ids(const void *a, const void *b)
{
    return memcmp(a, b, ID_LEN);
}

// Rows by their id: `id is @me`, `id in @set`, as far as they stand in this organisation.
static bool add_ids(struct planner *planner, size_t at, struct err *err)
{
    const struct ask *ask = planner->ask;
    const struct ref *refs;
    struct source *source;
    struct id *ids;
    size_t count, kept = 0;

    if (!access_refs(ask, &ask->rule->terms[at], &refs, &count, err))
        return false;
    ids = arena_alloc(ask->view->arena, (count + 1) * sizeof *ids);
    for (size_t i = 0; i < count; i++)
        if (id_equal(&refs[i].org, &ask->org))
            ids[kept++] = refs[i].id;
    if (kept == 0)
        return true;
    qsort(ids, kept, sizeof *ids, compare_ids);
    planner->covered |= 1u << at;
    source = add_source(planner);
    source->ids = ids;
    source->id_count = kept;
    return true;
}

// Reads the rule's terms. *answered: some term names the rows themselves.
static bool learn_rule(struct planner *planner, bool *answered, struct err *err)
{
    const struct rule *rule = planner->ask->rule;

    for (size_t i = 0; rule != NULL && i < rule->term_count && !planner->nothing; i++) {
        const struct rule_term *term = &rule->terms[i];
        bool fits;

        if (term->path == PATH_ORG) {
            if (!access_org(planner->ask, term, &planner->ask->org, &fits, err))
                return false;
            planner->covered |= 1u << i;
            planner->nothing |= !fits;
        } else if (term->path == PATH_FIELD && term->then < 0 && is_positive(term) &&
                   !learn_term(planner, i, err)) {
            return false;
        }
    }
    for (size_t i = 0; rule != NULL && i < rule->term_count && !planner->nothing; i++) {
        if (rule->terms[i].path == PATH_ID && is_positive(&rule->terms[i])) {
            *answered = true;
            return add_ids(planner, i, err);
        }
    }
    return true;
}

// What the rule does not open must not steer which rows are found, nor their order.
static bool opens(const struct planner *planner, int field)
{
    const struct rule *rule = planner->ask->rule;

    return rule == NULL || (rule->fields >> field & 1);
}

static void learn_filters(struct planner *planner)
{
    const struct query *query = planner->plan->query;

    for (size_t i = 0; i < query->filter_count; i++) {
        const struct filter *filter = &query->filters[i];
        struct known *known = &planner->known[filter->field];

        if (!opens(planner, filter->field))
            continue;
        if (filter->op == FILTER_AT_LEAST)
            known->low = &filter->value;
        if (filter->op == FILTER_AT_MOST)
            known->high = &filter->value;
        if (filter->op == FILTER_IS && (known->values == NULL || known->count > 1)) {
            known->values = &filter->value;
            known->count = 1;
            known->term = -1;
        }
    }
}

// Rows with a NULL are not in a unique index.
static bool is_whole(const struct planner *planner, const struct index_def *index)
{
    const struct collection *collection = planner->ask->collection;

    for (size_t i = 0; index->unique && i < index->count; i++) {
        const struct known *known = &planner->known[index->fields[i]];
        bool is_null = known->count == 1 && known->values[0].kind == VALUE_NULL;

        if (collection->fields[index->fields[i]].required)
            continue;
        if (is_null || (known->values == NULL && known->low == NULL && known->high == NULL))
            return false;
    }
    return true;
}

// Sources are merged by what their keys say: a text must be cut alike in all of them.
static bool keeps_order(const struct collection *collection, size_t index, uint8_t field)
{
    return field_kind(collection->fields[field].type) != VALUE_TEXT ||
           collection->prepared->cuts[index] == KEY_TEXT_MAX;
}

static struct choice judge(const struct planner *planner, size_t at)
{
    const struct collection *collection = planner->ask->collection;
    const struct index_def *index = &collection->indexes[at];
    int order = planner->plan->query->order;
    struct choice choice = {.index = (int)at};
    size_t ranges = 1;

    while (choice.prefix < index->count) {
        const struct known *known = &planner->known[index->fields[choice.prefix]];

        if (known->values == NULL || known->count * ranges > RANGES_MAX)
            break;
        ranges *= known->count;
        choice.prefix++;
    }
    if (choice.prefix < index->count) {
        uint8_t next = index->fields[choice.prefix];

        choice.ranged = planner->known[next].low != NULL || planner->known[next].high != NULL;
        choice.ordered = next == order && choice.prefix + 1 == index->count &&
                         opens(planner, order) && keeps_order(collection, at, next);
    } else {
        choice.ordered = order < 0;
    }
    if (index->unique || index_is_apart(collection, at))
        choice.ordered = false;
    choice.score = (int)choice.prefix * 8 + choice.ranged * 4 + choice.ordered * 2 +
                   !index_is_apart(collection, at);
    if ((choice.prefix == 0 && !choice.ranged && !choice.ordered) || !is_whole(planner, index))
        choice.score = 0;
    return choice;
}

static struct choice choose(const struct planner *planner)
{
    struct choice best = {.index = -1, .ordered = planner->plan->query->order < 0};

    for (size_t i = 0; i < planner->ask->collection->index_count; i++) {
        struct choice choice = judge(planner, i);

        if (choice.score > best.score)
            best = choice;
    }
    return best;
}

static void set_bounds(struct planner *planner, struct source *source, struct key *from,
                       struct key *to)
{
    struct arena *arena = planner->ask->view->arena;

    key_after(to);
    source->from = arena_slice(arena, key_slice(from));
    source->to = arena_slice(arena, key_slice(to));
}

// NULL is below every bound, but no answer to one.
static void put_bounds(struct key *from, struct key *to, const struct known *known, size_t cut)
{
    static const struct value null = {.kind = VALUE_NULL};

    if (known->low != NULL) {
        key_value(from, known->low, cut);
    } else {
        key_value(from, &null, cut);
        key_after(from);
    }
    if (known->high != NULL)
        key_value(to, known->high, cut);
}

static void add_range(struct planner *planner, const struct choice *choice,
                      const struct key *prefix)
{
    const struct ask *ask = planner->ask;
    const struct index_def *index = &ask->collection->indexes[choice->index];
    struct source *source = add_source(planner);
    struct key from = *prefix, to = *prefix;

    source->index = choice->index;
    source->head = prefix->len;
    source->by_id = choice->ordered && planner->plan->query->order < 0;
    source->by_order = choice->ordered && planner->plan->query->order >= 0;
    if (choice->ranged)
        put_bounds(&from, &to, &planner->known[index->fields[choice->prefix]],
                   ask->collection->prepared->cuts[choice->index]);
    set_bounds(planner, source, &from, &to);
}

// One range for every combination of the known values.
static void add_ranges(struct planner *planner, const struct choice *choice, struct key *prefix,
                       size_t at)
{
    const struct collection *collection = planner->ask->collection;
    const struct index_def *index = &collection->indexes[choice->index];
    const struct known *known;
    size_t len = prefix->len;

    if (at == choice->prefix) {
        add_range(planner, choice, prefix);
        return;
    }
    known = &planner->known[index->fields[at]];
    for (size_t i = 0; i < known->count; i++) {
        prefix->len = len;
        key_value(prefix, &known->values[i], collection->prepared->cuts[choice->index]);
        add_ranges(planner, choice, prefix, at + 1);
    }
    prefix->len = len;
}

// A term whose field is wholly in the key need not be asked again; a cut text must.
static void cover(struct planner *planner, const struct choice *choice)
{
    const struct collection *collection = planner->ask->collection;

    for (size_t i = 0; i < choice->prefix; i++) {
        uint8_t field = collection->indexes[choice->index].fields[i];

        if (planner->known[field].term >= 0 &&
            field_kind(collection->fields[field].type) != VALUE_TEXT)
            planner->covered |= 1u << planner->known[field].term;
    }
}

static void add_rows(struct planner *planner)
{
    struct source *source = add_source(planner);
    struct key from, to;

    key_rows(&from, planner->ask->collection, &planner->ask->org);
    to = from;
    source->head = from.len;
    source->by_id = planner->plan->query->order < 0;
    set_bounds(planner, source, &from, &to);
}

bool plan_add(struct plan *plan, const struct ask *ask, struct err *err)
{
    struct planner planner = {.plan = plan, .ask = ask};
    bool answered = false;
    struct choice choice;
    struct key prefix;

    if (!learn_rule(&planner, &answered, err))
        return false;
    if (planner.nothing || answered)
        return true;
    learn_filters(&planner);
    choice = choose(&planner);
    if (choice.index < 0) {
        add_rows(&planner);
        return true;
    }
    cover(&planner, &choice);
    key_index(&prefix, ask->collection, (size_t)choice.index,
              index_is_apart(ask->collection, (size_t)choice.index) ? &ask->view->root : &ask->org);
    add_ranges(&planner, &choice, &prefix, 0);
    return true;
}
