// SPDX-License-Identifier: Apache-2.0
#include "record/grow.h"

#include <math.h>

#include "record/catalog.h"

struct comparing {
    struct view *view;
    const struct collection *collection;
    const struct description *was;
    struct growth *growth;
};

static bool same_text(struct slice stored, const char *declared)
{
    return slice_equal(stored, slice_text(declared != NULL ? declared : ""));
}

static void breaks(struct comparing *comparing, const char *field, const char *why)
{
    if (comparing->growth->change == SCHEMA_BREAKS)
        return;
    comparing->growth->change = SCHEMA_BREAKS;
    comparing->growth->reason =
        arena_format(comparing->view->arena, "%s%s%s: %s; its records are kept as they are",
                     comparing->collection->full, field[0] != 0 ? "." : "", field, why);
}

static void grows(struct comparing *comparing, const char *what, const char *name)
{
    if (comparing->growth->change != SCHEMA_SAME)
        return;
    comparing->growth->change = SCHEMA_GROWS;
    comparing->growth->reason = arena_format(comparing->view->arena, "%s: %s %s",
                                             comparing->collection->full, what, name);
}

static const struct described_field *field_was(const struct description *was, const char *name)
{
    for (size_t i = 0; i < was->field_count; i++)
        if (slice_is(was->fields[i].name, name))
            return &was->fields[i];
    return NULL;
}

static bool has_code(const struct field *field, struct slice code)
{
    for (const char *const *one = field->codes; one != NULL && *one != NULL; one++)
        if (slice_is(code, *one))
            return true;
    return false;
}

static bool lost_code(const struct described_field *was, const struct field *field)
{
    for (size_t i = 0; i < was->code_count; i++)
        if (!has_code(field, was->codes[i]))
            return true;
    return false;
}

// Bounds that are not there are the widest.
static bool is_narrower(const struct described_field *was, const struct field *field)
{
    return (!isnan(field->at_least) && !(was->at_least >= field->at_least)) ||
           (!isnan(field->at_most) && !(was->at_most <= field->at_most));
}

static bool same_double(double a, double b)
{
    return a == b || (isnan(a) && isnan(b));
}

static bool is_wider(const struct described_field *was, const struct field *field)
{
    size_t codes = 0;

    while (field->codes != NULL && field->codes[codes] != NULL)
        codes++;
    return field->max != was->max || field->required != was->required ||
           codes != was->code_count || !same_double(field->at_least, was->at_least) ||
           !same_double(field->at_most, was->at_most);
}

static void compare_field(struct comparing *comparing, const struct described_field *was,
                          const struct field *field)
{
    if (!same_text(was->from, field->from))
        breaks(comparing, field->name, "it is derived in another way");
    else if (was->type != field->type)
        breaks(comparing, field->name, "its type is another one");
    else if (!same_text(was->ref, field->ref))
        breaks(comparing, field->name, "it refers to another collection");
    else if (!same_text(was->lookup, field->lookup))
        breaks(comparing, field->name, "it is looked up in another way");
    else if (field->required && !was->required)
        breaks(comparing, field->name, "it is required now, and may be empty in what is stored");
    else if (field->max < was->max)
        breaks(comparing, field->name, "its max is smaller than what may be stored");
    else if (is_narrower(was, field))
        breaks(comparing, field->name, "its range is narrower than what may be stored");
    else if (lost_code(was, field))
        breaks(comparing, field->name, "a code is gone that records may have");
    else if (is_wider(was, field))
        grows(comparing, "wider", field->name);
}

static void add_field(struct comparing *comparing, size_t at)
{
    const struct field *field = &comparing->collection->fields[at];
    bool has_initial = field->initial.kind != VALUE_NULL || field->initial_today ||
                       field->initial_now;

    if (field->required && !has_initial)
        breaks(comparing, field->name, "it is new and required, and has no default for the records "
                                       "that are there");
    grows(comparing, "new field", field->name);
    if (has_initial || field->from != NULL)
        comparing->growth->filled |= field_bit((int)at);
}

static void compare_fields(struct comparing *comparing)
{
    const struct collection *collection = comparing->collection;

    for (size_t i = 0; i < comparing->was->field_count; i++)
        if (collection_field(collection, comparing->was->fields[i].name) < 0)
            breaks(comparing,
                   arena_text(comparing->view->arena, comparing->was->fields[i].name),
                   "the field is gone");
    for (size_t i = 0; i < collection->field_count; i++) {
        const struct described_field *was = field_was(comparing->was, collection->fields[i].name);

        if (was != NULL)
            compare_field(comparing, was, &collection->fields[i]);
        else
            add_field(comparing, i);
    }
}

static bool is_index(const struct described_index *was, const struct index_def *index)
{
    return slice_is(was->name, index->name) && was->unique == index->unique &&
           was->collation == index->collation;
}

static void compare_indexes(struct comparing *comparing)
{
    const struct collection *collection = comparing->collection;
    const struct description *was = comparing->was;
    struct growth *growth = comparing->growth;

    for (size_t i = 0; i < collection->index_count; i++) {
        bool there = false;

        for (size_t j = 0; j < was->index_count && !there; j++)
            there = is_index(&was->indexes[j], &collection->indexes[i]);
        if (there)
            continue;
        growth->built |= (uint16_t)(1u << i);
        grows(comparing, "new index", collection->indexes[i].name);
    }
    for (size_t j = 0; j < was->index_count; j++) {
        bool there = false;

        for (size_t i = 0; i < collection->index_count && !there; i++)
            there = is_index(&was->indexes[j], &collection->indexes[i]);
        if (there)
            continue;
        growth->dropped[growth->dropped_count++] = was->indexes[j];
        grows(comparing, "no index", arena_text(comparing->view->arena, was->indexes[j].name));
    }
}

bool growth_of(struct view *view, const struct collection *collection, struct slice stored,
               struct growth *growth, struct err *err)
{
    struct description *was = arena_alloc(view->arena, sizeof *was);
    struct comparing comparing = {view, collection, was, growth};

    *growth = (struct growth){.change = SCHEMA_SAME};
    if (stored.data == NULL) {
        grows(&comparing, "new collection", "");
        return true;
    }
    if (!description_read(view->arena, arena_slice(view->arena, stored), was, err))
        return false;
    if (was->instance != collection->instance)
        breaks(&comparing, "", "its records stand at another organisation");
    compare_fields(&comparing);
    compare_indexes(&comparing);
    return true;
}
