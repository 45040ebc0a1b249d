// SPDX-License-Identifier: Apache-2.0
// Rollups as declared: what makes no sense is refused when the app is loaded.
#include "record/key.h"

static const char *copy_text(struct catalog *catalog, const char *text)
{
    return text != NULL ? arena_text(&catalog->arena, slice_text(text)) : NULL;
}

static struct rollup *find(const struct catalog *catalog, const char *name)
{
    struct rollup *rollup = catalog->rollups;

    while (rollup != NULL && strcmp(rollup->def.name, name) != 0)
        rollup = rollup->next;
    return rollup;
}

const struct rollup *catalog_find_rollup(const struct catalog *catalog, const char *name)
{
    const struct rollup *rollup = find(catalog, name);

    return rollup != NULL && rollup->of != NULL ? rollup : NULL;
}

const struct collection *rollup_collection(const struct rollup *rollup)
{
    return rollup->of;
}

bool catalog_add_rollup(struct catalog *catalog, const struct rollup_def *def, struct err *err)
{
    struct rollup *rollup = arena_alloc(&catalog->arena, sizeof *rollup);

    if (find(catalog, def->name) != NULL)
        return err_set(err, ERR_INPUT, "the rollup %s is declared twice", def->name);
    if (strlen(def->name) > UINT8_MAX || def->by_count > INDEX_FIELDS_MAX)
        return err_set(err, ERR_INPUT, "rollup %.40s: at most %d fields to group by", def->name,
                       INDEX_FIELDS_MAX);
    if (!def->count && def->sum == NULL)
        return err_set(err, ERR_INPUT, "rollup %s: count = true, sum = a field, or both",
                       def->name);
    rollup->def = *def;
    rollup->def.name = copy_text(catalog, def->name);
    rollup->def.from = copy_text(catalog, def->from);
    rollup->def.where = copy_text(catalog, def->where);
    rollup->def.sum = copy_text(catalog, def->sum);
    for (size_t i = 0; i < def->by_count; i++)
        rollup->def.by[i] = copy_text(catalog, def->by[i]);
    rollup->next = catalog->rollups;
    catalog->rollups = rollup;
    return true;
}

bool catalog_allow_rollup(struct catalog *catalog, const char *name, const char *role,
                          const char *expression, struct err *err)
{
    struct rollup *rollup = find(catalog, name);
    struct rule *rule = arena_alloc(&catalog->arena, sizeof *rule);

    if (rollup == NULL)
        return err_set(err, ERR_INPUT, "there is no rollup %s", name);
    rule->role = copy_text(catalog, role);
    rule->text = copy_text(catalog, expression);
    rule->next = rollup->allowed;
    rollup->allowed = rule;
    return true;
}

// Resolving ---------------------------------------------------------------------------------

static bool is_group(enum field_type type)
{
    return type == FIELD_REF || type == FIELD_CODE || type == FIELD_BOOLEAN ||
           type == FIELD_DATE || type == FIELD_INTEGER;
}

static bool find_field(const struct collection *of, const char *name, int *field, struct err *err)
{
    *field = collection_field(of, slice_text(name));
    return *field >= 0 || err_set(err, ERR_INPUT, "%s has no field \"%s\"", of->full, name);
}

static bool resolve_fields(struct rollup *rollup, const struct collection *of, struct err *err)
{
    int field;

    for (size_t i = 0; i < rollup->def.by_count; i++) {
        if (!find_field(of, rollup->def.by[i], &field, err))
            return false;
        if (!is_group(of->fields[field].type))
            return err_set(err, ERR_INPUT, "by: %s is no ref, code, boolean, date or integer",
                           rollup->def.by[i]);
        if ((rollup->by_bits & field_bit(field)) != 0)
            return err_set(err, ERR_INPUT, "by: %s stands there twice", rollup->def.by[i]);
        rollup->by[i] = (uint8_t)field;
        rollup->by_bits |= field_bit(field);
    }
    rollup->sum = -1;
    if (rollup->def.sum == NULL)
        return true;
    if (!find_field(of, rollup->def.sum, &rollup->sum, err))
        return false;
    return of->fields[rollup->sum].type == FIELD_INTEGER ||
           err_set(err, ERR_INPUT, "sum: %s is no integer", rollup->def.sum);
}

// What is counted depends on the record alone, so that nothing else can change it.
static bool resolve_where(struct catalog *catalog, struct rollup *rollup,
                          const struct collection *of, struct err *err)
{
    if (rollup->def.where == NULL)
        return true;
    if (!rule_parse(catalog, of, rollup->def.where, &rollup->where, err))
        return false;
    for (size_t i = 0; i < rollup->where.term_count; i++) {
        const struct rule_term *term = &rollup->where.terms[i];

        if (term->path != PATH_FIELD || term->then >= 0 || term->value_kind != RULE_LITERAL)
            return err_set(err, ERR_INPUT,
                           "where compares fields of the record with values: \"%s\"",
                           rollup->def.where);
    }
    return true;
}

static bool resolve_rule(struct catalog *catalog, const struct rollup *rollup,
                         const struct collection *of, struct rule *rule, struct err *err)
{
    if (rule->text == NULL)
        return true;
    if (!rule_parse(catalog, of, rule->text, rule, err))
        return false;
    for (size_t i = 0; i < rule->term_count; i++) {
        const struct rule_term *term = &rule->terms[i];
        bool of_group = term->path == PATH_FIELD && term->then < 0 &&
                        (rollup->by_bits & field_bit(term->field)) != 0;

        if (term->path != PATH_ORG && !of_group)
            return err_set(err, ERR_INPUT,
                           "who may read it depends on org or on what it is grouped by: \"%s\"",
                           rule->text);
        if (term->value_kind == RULE_IT ||
            (term->value_kind == RULE_SET &&
             (!set_of(term->set)->ready || set_of(term->set)->asks_it)))
            return err_set(err, ERR_INPUT, "a set in \"%s\" cannot be used here", rule->text);
    }
    return true;
}

static bool resolve_rules(struct catalog *catalog, struct rollup *rollup,
                          const struct collection *of, struct err *err)
{
    struct rule *next;

    for (struct rule *rule = rollup->allowed; rule != NULL; rule = next) {
        next = rule->next;
        if (!resolve_rule(catalog, rollup, of, rule, err))
            return false;
        rule->next = rollup->rules;
        rollup->rules = rule;
    }
    rollup->allowed = NULL;
    return true;
}

static struct slice head_of(struct catalog *catalog, const struct rollup *rollup,
                            const struct collection *of)
{
    return slice_text(arena_format(&catalog->arena, "%c%s%c%c%s", (char)strlen(of->full), of->full,
                                   KEY_COUNTER, (char)strlen(rollup->def.name),
                                   rollup->def.name));
}

bool rollup_resolve(struct catalog *catalog, struct rollup *rollup, struct err *err)
{
    const struct collection *of = catalog_find(catalog, rollup->def.from);

    if (of == NULL)
        return err_set(err, ERR_INPUT, "there is no collection %s", rollup->def.from);
    if (!resolve_fields(rollup, of, err) || !resolve_where(catalog, rollup, of, err) ||
        !resolve_rules(catalog, rollup, of, err))
        return false;
    rollup->head = head_of(catalog, rollup, of);
    rollup->next_of = of->prepared->rollups;
    of->prepared->rollups = rollup;
    rollup->of = of;
    return true;
}
