// SPDX-License-Identifier: Apache-2.0
#include "record/catalog.h"

#include <stdlib.h>

#include "record/suggest.h"

struct catalog *catalog_create(void)
{
    struct catalog *catalog = mem_zero(sizeof *catalog);

    catalog->place = "";
    return catalog;
}

void catalog_place(struct catalog *catalog, const char *place)
{
    catalog->place = place != NULL ? arena_format(&catalog->arena, "%s: ", place) : "";
}

void catalog_destroy(struct catalog *catalog)
{
    if (catalog == NULL)
        return;
    arena_finish(&catalog->arena);
    free(catalog->collections);
    free(catalog->sets);
    free(catalog);
}

struct arena *catalog_arena(struct catalog *catalog)
{
    return &catalog->arena;
}

struct collection *catalog_add(struct catalog *catalog, const struct collection *declared,
                               struct err *err)
{
    struct collection *copy;

    if (!catalog_copy(catalog, declared, &copy, err))
        return NULL;
    if (catalog_find(catalog, copy->full) != NULL) {
        err_set(err, ERR_INPUT, "%s: declared twice", copy->full);
        return NULL;
    }
    if (catalog->count == catalog->size) {
        catalog->size = catalog->size > 0 ? 2 * catalog->size : 16;
        catalog->collections =
            mem_resize(catalog->collections, catalog->size * sizeof *catalog->collections);
    }
    catalog->collections[catalog->count++] = copy;
    return copy;
}

// Clears (or gathers) the bits of the named fields.
static bool name_fields(const struct collection *collection, const char *const *names,
                        uint64_t *fields, struct err *err)
{
    *fields = 0;
    for (; *names != NULL; names++) {
        int field = collection_field(collection, slice_text(*names));
        struct suggestion suggestion = suggest_begin(slice_text(*names));
        char hint[SUGGEST_TEXT_MAX];

        for (size_t i = 0; i < collection->field_count; i++)
            suggest_offer(&suggestion, collection->fields[i].name);
        if (field < 0)
            return err_set(err, ERR_INPUT, "%s: there is no field \"%s\"%s", collection->full,
                           *names, suggest_text(&suggestion, hint));
        *fields |= field_bit(field);
    }
    return true;
}

bool catalog_allow(struct catalog *catalog, struct collection *collection, enum verb verb,
                   const char *role, const char *expression, const char *const *only,
                   const char *const *except, struct err *err)
{
    struct rule *rule = arena_alloc(&catalog->arena, sizeof *rule);
    struct rule **end = &collection->prepared->allowed[verb];
    uint64_t fields = collection->prepared->all;

    if (only != NULL && except != NULL)
        return err_set(err, ERR_INPUT, "%s: a rule says only or except, not both",
                       collection->full);
    if (role == NULL || role[0] == 0)
        return err_set(err, ERR_INPUT, "%s: a rule names a role", collection->full);
    if (only != NULL && !name_fields(collection, only, &fields, err))
        return false;
    if (except != NULL && !name_fields(collection, except, &fields, err))
        return false;
    rule->place = catalog->place;
    rule->role = arena_text(&catalog->arena, slice_text(role));
    rule->fields = except != NULL ? collection->prepared->all & ~fields : fields;
    if (expression != NULL)
        rule->text = arena_text(&catalog->arena, slice_text(expression));
    while (*end != NULL)
        end = &(*end)->next;
    *end = rule;
    return true;
}

static const char *copy_text(struct catalog *catalog, const char *text)
{
    return text != NULL ? arena_text(&catalog->arena, slice_text(text)) : NULL;
}

bool catalog_add_set(struct catalog *catalog, const struct set_def *def, struct err *err)
{
    struct set *set = arena_alloc(&catalog->arena, sizeof *set);

    if (def->name == NULL || def->from == NULL || def->match == NULL || def->take == NULL)
        return err_set(err, ERR_INPUT, "a set has a name, from, match and take");
    if (strcmp(def->name, "orgs") == 0 || strcmp(def->name, "today") == 0 ||
        strcmp(def->name, "it") == 0 || strcmp(def->name, "me") == 0)
        return err_set(err, ERR_INPUT, "a set cannot be called \"%s\"", def->name);
    if (catalog_find_set(catalog, def->name) != NULL)
        return err_set(err, ERR_INPUT, "the set %s is declared twice", def->name);
    set->def = (struct set_def){copy_text(catalog, def->name), copy_text(catalog, def->from),
                                copy_text(catalog, def->match), copy_text(catalog, def->take),
                                copy_text(catalog, def->role)};
    set->place = catalog->place;
    if (catalog->set_count == catalog->set_size) {
        catalog->set_size = catalog->set_size > 0 ? 2 * catalog->set_size : 16;
        catalog->sets = mem_resize(catalog->sets, catalog->set_size * sizeof *catalog->sets);
    }
    catalog->sets[catalog->set_count++] = set;
    return true;
}

const struct collection *catalog_find(const struct catalog *catalog, const char *full)
{
    for (size_t i = 0; i < catalog->count; i++)
        if (strcmp(catalog->collections[i]->full, full) == 0)
            return catalog->collections[i];
    return NULL;
}

const struct set_def *catalog_find_set(const struct catalog *catalog, const char *name)
{
    for (size_t i = 0; i < catalog->set_count; i++)
        if (strcmp(catalog->sets[i]->def.name, name) == 0)
            return &catalog->sets[i]->def;
    return NULL;
}

const struct set_def *catalog_set_at(const struct catalog *catalog, size_t index)
{
    return index < catalog->set_count ? &catalog->sets[index]->def : NULL;
}

struct set *set_of(const struct set_def *def)
{
    return (struct set *)def;
}

size_t catalog_count(const struct catalog *catalog)
{
    return catalog->count;
}

const struct collection *catalog_at(const struct catalog *catalog, size_t index)
{
    return index < catalog->count ? catalog->collections[index] : NULL;
}

const struct set_def *catalog_role_set(const struct catalog *catalog, const char *role)
{
    for (size_t i = 0; i < catalog->set_count; i++) {
        const struct set_def *def = &catalog->sets[i]->def;

        if (def->role != NULL && strcmp(def->role, role) == 0)
            return def;
    }
    return NULL;
}

int collection_field(const struct collection *collection, struct slice name)
{
    for (size_t i = 0; i < collection->field_count; i++)
        if (slice_is(name, collection->fields[i].name))
            return (int)i;
    return -1;
}

const struct collection *collection_ref(const struct collection *collection, int field)
{
    return collection->prepared->refs[field];
}
