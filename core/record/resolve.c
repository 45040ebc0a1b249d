// SPDX-License-Identifier: Apache-2.0
// catalog_check: what collections say about each other is resolved, rules are compiled, and
// a rule that no index can answer is refused. What is refused is left out: a ref without a
// target accepts nothing, a rule that was not compiled allows nothing.
#include <stdarg.h>
#include <stdio.h>

#include "record/key.h"
#include "record/plan.h"
#include "record/suggest.h"

struct check {
    struct catalog *catalog;
    catalog_problem *report;
    void *context;
    bool ok;
};

static void report(struct check *check, const char *app, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static void report(struct check *check, const char *app, const char *format, ...)
{
    char text[sizeof((struct err *)NULL)->text];
    va_list args;

    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    check->ok = false;
    check->report(check->context, app, text);
}

static const char *collection_hint(const struct catalog *catalog, const char *wanted,
                                   char text[SUGGEST_TEXT_MAX])
{
    struct suggestion suggestion = suggest_begin(slice_text(wanted));

    for (size_t i = 0; i < catalog->count; i++)
        suggest_offer(&suggestion, catalog->collections[i]->full);
    return suggest_text(&suggestion, text);
}

static void resolve_refs(struct check *check, struct collection *collection)
{
    char hint[SUGGEST_TEXT_MAX];

    for (size_t i = 0; i < collection->field_count; i++) {
        const char *ref = collection->fields[i].ref;

        if (ref == NULL)
            continue;
        collection->prepared->refs[i] = catalog_find(check->catalog, ref);
        if (collection->prepared->refs[i] == NULL)
            report(check, collection->app, "%s%s.%s: there is no collection %s%s",
                   collection->prepared->place, collection->full, collection->fields[i].name, ref,
                   collection_hint(check->catalog, ref, hint));
    }
}

// The field that a derived one takes its value from; NULL with the reason.
static const struct field *derived_source(struct collection *collection, size_t at,
                                          const char **reason)
{
    const char *from = collection->fields[at].from, *dot = strchr(from, '.');
    const struct collection *target;
    int ref, field;

    *reason = "from is written as «field.field»";
    if (dot == NULL)
        return NULL;
    *reason = "from does not begin with a ref of this collection";
    ref = collection_field(collection, slice_of(from, (size_t)(dot - from)));
    if (ref < 0 || collection->fields[ref].type != FIELD_REF || collection->fields[ref].from)
        return NULL;
    *reason = "from names no field over there";
    target = collection->prepared->refs[ref];
    field = target != NULL ? collection_field(target, slice_text(dot + 1)) : -1;
    if (field < 0)
        return NULL;
    *reason = "a sealed or derived field or a file cannot be taken over";
    if (target->fields[field].type == FIELD_SEALED ||
        target->fields[field].type == FIELD_FILE || target->fields[field].from != NULL)
        return NULL;
    collection->prepared->sources[at] = (struct source_field){ref, field};
    return &target->fields[field];
}

// An index that finds the records that refer to one, wherever they stand.
static bool following_index(const struct collection *collection, int ref, size_t *index)
{
    bool anywhere = collection->instance || !collection->prepared->refs[ref]->instance;

    for (*index = 0; *index < collection->index_count; ++*index) {
        const struct index_def *def = &collection->indexes[*index];

        if (def->fields[0] == ref && !def->unique && (anywhere || def->instance))
            return true;
    }
    return false;
}

static void add_follower(struct check *check, struct collection *collection, size_t at)
{
    const struct source_field *source = &collection->prepared->sources[at];
    const struct collection *target = collection->prepared->refs[source->ref];
    const char *ref = collection->fields[source->ref].name;
    struct follower *follower = arena_alloc(&check->catalog->arena, sizeof *follower);

    *follower = (struct follower){.collection = collection, .ref = source->ref};
    target->prepared->followed |= field_bit(source->field);
    if (!following_index(collection, source->ref, &follower->index)) {
        report(check, collection->app,
               "%s%s.%s: no index finds the records that follow: add index = { { \"%s\"%s } }",
               collection->prepared->place, collection->full, collection->fields[at].name, ref,
               target->instance && !collection->instance ? ", instance = true" : "");
        return;
    }
    for (const struct follower *one = target->prepared->followers; one != NULL; one = one->next)
        if (one->collection == collection && one->ref == source->ref)
            return;
    follower->next = target->prepared->followers;
    target->prepared->followers = follower;
}

static void resolve_derived(struct check *check, struct collection *collection)
{
    for (size_t i = 0; i < collection->field_count; i++) {
        struct field *field = &collection->fields[i];
        const struct field *source;
        const char *reason;

        if (field->from == NULL)
            continue;
        if ((source = derived_source(collection, i, &reason)) == NULL) {
            report(check, collection->app, "%s%s.%s: %s: \"%s\"", collection->prepared->place,
                   collection->full, field->name, reason, field->from);
            continue;
        }
        field->type = source->type;
        field->max = source->max;
        field->codes = source->codes;
        field->ref = source->ref;
        collection->prepared->refs[i] =
            source->ref != NULL ? catalog_find(check->catalog, source->ref) : NULL;
        if (field->follows)
            add_follower(check, collection, i);
    }
    key_prepare(&check->catalog->arena, collection); // types are known now
}

// "app.name" belongs to that app, a bare name to the app whose records it is made from.
static void report_set(struct check *check, const struct set *set, const char *problem)
{
    const char *name = strchr(set->def.name, '.') != NULL ? set->def.name : set->def.from;
    char *app = arena_text(&check->catalog->arena, slice_of(name, strcspn(name, ".")));

    report(check, app, "%sset %s: %s", set->place, set->def.name, problem);
}

static void resolve_set(struct check *check, struct set *set)
{
    const struct set_def *def = &set->def;
    char hint[SUGGEST_TEXT_MAX];
    const struct collection *from = catalog_find(check->catalog, def->from);

    set->take = -1;
    if (from == NULL) {
        report_set(check, set,
                   arena_format(&check->catalog->arena, "there is no collection %s%s", def->from,
                                collection_hint(check->catalog, def->from, hint)));
        return;
    }
    set->from = from;
    if (strcmp(def->take, "id") == 0)
        return;
    set->take = collection_field(from, slice_text(def->take));
    if (set->take >= 0 && from->fields[set->take].type == FIELD_REF)
        return;
    report_set(check, set, arena_format(&check->catalog->arena, "take is a ref of %s or id, not %s",
                                        def->from, def->take));
    set->take = -1;
    set->from = NULL;
}

static bool uses(const struct rule *rule, enum rule_value kind)
{
    for (size_t i = 0; i < rule->term_count; i++)
        if (rule->terms[i].value_kind == kind)
            return true;
    return false;
}

// "index = { { "class" } }" for the first term that an index could answer.
static const char *missing_index(const struct collection *collection, const struct rule *rule,
                                 char text[96])
{
    for (size_t i = 0; i < rule->term_count; i++) {
        const struct rule_term *term = &rule->terms[i];

        if (term->path == PATH_FIELD && term->then < 0 && term->op != RULE_IS_NOT &&
            term->op != RULE_UNDER) {
            snprintf(text, 96, "add index = { { \"%s\" } }", collection->fields[term->field].name);
            return text;
        }
    }
    return "add a term with is or in on a field, and an index that begins with it";
}

static void parse_match(struct check *check, struct set *set)
{
    struct arena *arena = &check->catalog->arena;
    struct err err;
    char text[96];

    if (set->from == NULL)
        return;
    if (!rule_parse(check->catalog, set->from, set->def.match, &set->match, &err)) {
        report_set(check, set, arena_format(arena, "\"%s\": %s", set->def.match, err.text));
        return;
    }
    set->asks_it = uses(&set->match, RULE_IT);
    if (uses(&set->match, RULE_ME_ORGS))
        report_set(check, set, "@me.orgs belongs to rules");
    else if (!plan_can_answer(set->from, &set->match))
        report_set(check, set, arena_format(arena, "no index of %s answers \"%s\": %s",
                                            set->def.from, set->def.match,
                                            missing_index(set->from, &set->match, text)));
    else
        set->ready = true;
}

// Sets may use sets, but not themselves: 1 while it is looked at, 2 when it is fine.
static bool goes_in_circles(struct set *set)
{
    bool circle = false;

    if (set->visit != 0)
        return set->visit == 1;
    set->visit = 1;
    for (size_t i = 0; i < set->match.term_count && !circle; i++)
        if (set->match.terms[i].value_kind == RULE_SET)
            circle = goes_in_circles(set_of(set->match.terms[i].set));
    set->visit = circle ? 1 : 2;
    return circle;
}

// Every part of it stands at the root.
static bool is_of_instance(const struct set *set)
{
    bool so = set->from != NULL && set->from->instance;

    for (size_t i = 0; i < set->match.term_count && so; i++)
        if (set->match.terms[i].value_kind == RULE_SET)
            so = is_of_instance(set_of(set->match.terms[i].set));
    return so;
}

// A set inside of a set must be one that @me answers.
static bool has_usable_parts(const struct set *set)
{
    for (size_t i = 0; i < set->match.term_count; i++) {
        const struct rule_term *term = &set->match.terms[i];

        if (term->value_kind == RULE_SET &&
            (!set_of(term->set)->ready || set_of(term->set)->asks_it))
            return false;
    }
    return true;
}

static void check_parts(struct check *check, struct set *set)
{
    const char *problem = NULL;

    for (size_t i = 0; i < check->catalog->set_count; i++)
        check->catalog->sets[i]->visit = 0;
    if (!set->ready)
        return;
    if (goes_in_circles(set))
        problem = "it is made from itself";
    else if (!has_usable_parts(set))
        problem = "a set in it cannot be used here";
    else
        set->of_instance = is_of_instance(set);
    if (problem != NULL)
        report_set(check, set, problem);
    set->ready = problem == NULL;
}

static const char *const verb_words[VERB_COUNT] = {"read", "create", "update", "delete"};

// A rule must not decide by yesterday's values where nobody has said that this is fine.
static const char *lagging_field(struct check *check, const struct collection *collection,
                                 const struct rule *rule)
{
    for (size_t i = 0; i < rule->term_count; i++) {
        const struct rule_term *term = &rule->terms[i];
        const struct field *field =
            term->path == PATH_FIELD ? &collection->fields[term->field] : NULL;

        if (field != NULL && field->follows && !field->rules_may_lag)
            return arena_format(&check->catalog->arena,
                                "\"%s\" follows its source a little later; where rules may accept "
                                "that, write live = \"rules\"",
                                field->name);
    }
    return NULL;
}

static const char *unready_set(const struct rule *rule)
{
    for (size_t i = 0; i < rule->term_count; i++) {
        const struct rule_term *term = &rule->terms[i];

        if (term->value_kind == RULE_SET && set_of(term->set)->asks_it)
            return "a set with @it is about one record, not about who asks";
        if (term->value_kind == RULE_SET && !set_of(term->set)->ready)
            return "its set has a problem of its own";
    }
    return uses(rule, RULE_IT) ? "@it belongs to sets" : NULL;
}

// True when the compiled rule may be used.
static bool compile(struct check *check, const struct collection *collection, enum verb verb,
                    struct rule *rule)
{
    const char *problem;
    struct err err;
    char text[96];

    if (rule->text == NULL)
        return true; // always
    if (!rule_parse(check->catalog, collection, rule->text, rule, &err))
        problem = err.text;
    else if ((problem = unready_set(rule)) == NULL)
        problem = lagging_field(check, collection, rule);
    if (problem != NULL) {
        report(check, collection->app, "%s%s: rule \"%s\" (%s, %s): %s", rule->place,
               collection->full, rule->text, verb_words[verb], rule->role, problem);
        return false;
    }
    if (verb != VERB_READ || plan_can_answer(collection, rule))
        return true;
    report(check, collection->app, "%s%s: no index answers the rule \"%s\" (read, %s): %s",
           rule->place, collection->full, rule->text, rule->role,
           missing_index(collection, rule, text));
    return false;
}

static void compile_rules(struct check *check, struct collection *collection)
{
    for (int verb = 0; verb < VERB_COUNT; verb++) {
        struct rule **end = &collection->rules[verb], *next;

        while (*end != NULL) // of an earlier check
            end = &(*end)->next;
        for (struct rule *rule = collection->prepared->allowed[verb]; rule != NULL; rule = next) {
            next = rule->next;
            if (compile(check, collection, (enum verb)verb, rule)) {
                *end = rule;
                end = &rule->next;
            }
        }
        *end = NULL;
        collection->prepared->allowed[verb] = NULL;
    }
}

// Once: a second check leaves what is resolved as it is.
static void resolve_rollup(struct check *check, struct rollup *rollup)
{
    const char *name = rollup->def.name;
    char *app = arena_text(&check->catalog->arena, slice_of(name, strcspn(name, ".")));
    struct err err;

    if (rollup->of == NULL && !rollup_resolve(check->catalog, rollup, &err))
        report(check, app, "rollup %s: %s", name, err.text);
}

bool catalog_check(struct catalog *catalog, catalog_problem *problem, void *context)
{
    struct check check = {catalog, problem, context, true};

    for (size_t i = 0; i < catalog->count; i++)
        resolve_refs(&check, catalog->collections[i]);
    for (size_t i = 0; i < catalog->count; i++)
        resolve_derived(&check, catalog->collections[i]);
    for (size_t i = 0; i < catalog->set_count; i++)
        resolve_set(&check, catalog->sets[i]);
    for (size_t i = 0; i < catalog->set_count; i++)
        parse_match(&check, catalog->sets[i]);
    for (size_t i = 0; i < catalog->set_count; i++)
        check_parts(&check, catalog->sets[i]);
    for (size_t i = 0; i < catalog->count; i++)
        compile_rules(&check, catalog->collections[i]);
    for (struct rollup *rollup = catalog->rollups; rollup != NULL; rollup = rollup->next)
        resolve_rollup(&check, rollup);
    return check.ok;
}
