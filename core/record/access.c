// SPDX-License-Identifier: Apache-2.0
#include "record/access.h"

#include <stdlib.h>

#include "record/cache.h"
#include "record/tree.h"

static bool is_anyone(const struct rule *rule)
{
    return strcmp(rule->role, "anyone") == 0;
}

static bool is_role(const struct rule *rule, const struct role_grant *grant)
{
    return rule->role != NULL && (is_anyone(rule) || strcmp(rule->role, grant->role) == 0);
}

static bool is_for_apps(const struct rule *rule)
{
    return rule->role != NULL && strcmp(rule->role, "app") == 0;
}

// What an app's job may look at, whatever the rules say.
static bool is_asked_for(const struct principal *who, const struct collection *collection)
{
    if (who->app == NULL || strcmp(who->app, collection->app) == 0)
        return true;
    for (const char *const *ask = who->asks; ask != NULL && *ask != NULL; ask++)
        if (strcmp(*ask, collection->full) == 0)
            return true;
    return false;
}

bool access_counts(const struct ask *ask, bool *counts, struct err *err)
{
    const struct principal *who = ask->view->who;
    const struct rule *rule = ask->rule;
    bool held = false;

    *counts = false;
    if (!is_asked_for(who, ask->collection))
        return true;
    *counts = is_anyone(rule) && !id_is_zero(&who->person);
    if (*counts || is_anyone(rule))
        return true;
    for (size_t i = 0; i < who->grant_count && !*counts; i++) {
        if (!is_role(rule, &who->grants[i]))
            continue;
        held = true;
        *counts = id_equal(&who->grants[i].org, &ask->org) ||
                  (ask->collection->instance && (rule->tied || is_for_apps(rule)));
    }
    for (size_t i = 0; held && i < who->grant_count && !*counts; i++)
        if (is_role(rule, &who->grants[i]) &&
            !tree_is_under(ask->view, ask->org, who->grants[i].org, counts, err))
            return false;
    return true;
}

static const struct ref *one_ref(const struct ask *ask, struct id org, struct id id)
{
    struct ref ref = {org, id};

    return arena_copy(ask->view->arena, &ref, sizeof ref);
}

// Organisations are records of the root.
static void my_orgs(const struct ask *ask, const struct ref **refs, size_t *count)
{
    const struct principal *who = ask->view->who;
    struct ref *orgs = arena_alloc(ask->view->arena, (who->grant_count + 1) * sizeof *orgs);

    for (size_t i = 0; i < who->grant_count; i++)
        if (is_role(ask->rule, &who->grants[i]))
            orgs[(*count)++] = (struct ref){ask->view->root, who->grants[i].org};
    *refs = orgs;
}

static int compare_refs(const void *a, const void *b)
{
    return memcmp(a, b, sizeof(struct ref));
}

// Appended to all, which has count of them.
static bool add_refs(const struct ask *ask, const struct set_def *set, struct id org,
                     struct set_answer *all, struct err *err)
{
    const struct ref *more;
    struct ref *grown;
    size_t count;

    if (!record_set(ask->view, set, org, NULL, &more, &count, err))
        return false;
    grown = arena_alloc(ask->view->arena, (all->count + count + 1) * sizeof *grown);
    if (all->count > 0)
        memcpy(grown, all->members, all->count * sizeof *grown);
    if (count > 0)
        memcpy(grown + all->count, more, count * sizeof *grown);
    qsort(grown, all->count + count, sizeof *grown, compare_refs);
    all->members = grown;
    all->count += count;
    return true;
}

// A row of the root stands in no school: a set about schools is then asked wherever the
// rule's role is held. Put together once a view.
static bool refs_of_roles(const struct ask *ask, const struct set_def *set,
                          const struct ref **refs, size_t *count, struct err *err)
{
    const struct principal *who = ask->view->who;
    struct set_answer all = {.set = set, .role = ask->rule->role};
    const struct set_answer *known = cache_of(ask->view)->answers;

    while (known != NULL && (known->set != set || known->role == NULL ||
                             strcmp(known->role, all.role) != 0))
        known = known->next;
    for (size_t i = 0; known == NULL && i < who->grant_count; i++)
        if (is_role(ask->rule, &who->grants[i]) &&
            !add_refs(ask, set, who->grants[i].org, &all, err))
            return false;
    if (known == NULL)
        cache_keep(ask->view, &all);
    *refs = known != NULL ? known->members : all.members;
    *count = known != NULL ? known->count : all.count;
    return true;
}

static bool is_asked_of_roles(const struct ask *ask, const struct set_def *set)
{
    return ask->collection->instance && ask->rule->role != NULL && ask->view->who != NULL &&
           !set_of(set)->of_instance;
}

bool access_refs(const struct ask *ask, const struct rule_term *term, const struct ref **refs,
                 size_t *count, struct err *err)
{
    const struct principal *who = ask->view->who;

    *count = 0;
    *refs = NULL;
    if (term->value_kind == RULE_IT) {
        *refs = ask->it;
        *count = ask->it != NULL;
    } else if (term->value_kind == RULE_ME && who != NULL && !id_is_zero(&who->person)) {
        *refs = one_ref(ask, ask->view->root, who->person);
        *count = 1;
    } else if (term->value_kind == RULE_ME_ORGS && who != NULL) {
        my_orgs(ask, refs, count);
    } else if (term->value_kind == RULE_SET) {
        return is_asked_of_roles(ask, term->set)
                   ? refs_of_roles(ask, term->set, refs, count, err)
                   : record_set(ask->view, term->set, ask->at, NULL, refs, count, err);
    }
    return true;
}

// Members of sets stand in order; the other lists are short.
static bool among(const struct rule_term *term, const struct ref *ref, const struct ref *refs,
                  size_t count)
{
    if (term->value_kind == RULE_SET)
        return count > 0 && bsearch(ref, refs, count, sizeof *ref, compare_refs) != NULL;
    for (size_t i = 0; i < count; i++)
        if (ref_equal(ref, &refs[i]))
            return true;
    return false;
}

bool access_org(const struct ask *ask, const struct rule_term *term, const struct id *org,
                bool *holds, struct err *err)
{
    const struct ref *refs, self = {ask->view->root, *org};
    size_t count;

    *holds = false;
    if (!access_refs(ask, term, &refs, &count, err))
        return false;
    if (term->op != RULE_UNDER) {
        *holds = among(term, &self, refs, count);
        return true;
    }
    for (size_t i = 0; i < count && !*holds; i++)
        if (!tree_is_under(ask->view, *org, refs[i].id, holds, err))
            return false;
    return true;
}

// What the term looks at; NULL when it follows a reference to nothing.
static bool look(const struct ask *ask, const struct rule_term *term, const struct ref *ref,
                 const struct value *values, struct value *value, struct err *err)
{
    struct row *row;

    *value = (struct value){.kind = VALUE_NULL};
    if (term->path == PATH_ID)
        *value = (struct value){VALUE_REF, {.ref = *ref}};
    else if (term->path == PATH_ORG)
        *value = (struct value){VALUE_REF, {.ref = {ask->view->root, ref->org}}};
    else
        *value = values[term->field];
    if (term->path != PATH_FIELD || term->then < 0 || value->kind != VALUE_REF)
        return true;
    if (!row_load(ask->view, ask->collection->prepared->refs[term->field], value->ref, &row, err))
        return false;
    *value = row != NULL ? row->stored[term->then] : (struct value){.kind = VALUE_NULL};
    return true;
}

static bool holds_ref(const struct ask *ask, const struct rule_term *term,
                      const struct value *value, bool *holds, struct err *err)
{
    const struct ref *refs;
    size_t count;

    if (value->kind == VALUE_REF && term->op == RULE_UNDER)
        return access_org(ask, term, &value->ref.id, holds, err);
    if (!access_refs(ask, term, &refs, &count, err))
        return false;
    if (term->op == RULE_IS_NOT) // of nobody nothing can be said
        *holds = count > 0 && !(value->kind == VALUE_REF && ref_equal(&value->ref, refs));
    else
        *holds = value->kind == VALUE_REF && among(term, &value->ref, refs, count);
    return true;
}

static bool holds_term(const struct ask *ask, const struct rule_term *term, const struct ref *ref,
                       const struct value *values, bool *holds, struct err *err)
{
    struct value value, wanted = term->literal;

    if (!look(ask, term, ref, values, &value, err))
        return false;
    if (term->value_kind != RULE_LITERAL && term->value_kind != RULE_TODAY)
        return holds_ref(ask, term, &value, holds, err);
    if (term->value_kind == RULE_TODAY)
        wanted = (struct value){VALUE_DATE,
                                {.integer = date_in_china(clock_wall_ms(ask->view->clock))}};
    *holds = value_equal(&value, &wanted) == (term->op == RULE_IS);
    return true;
}

bool access_holds(const struct ask *ask, const struct ref *ref, const struct value *values,
                  uint32_t covered, bool *holds, struct err *err)
{
    *holds = true;
    for (size_t i = 0; ask->rule != NULL && i < ask->rule->term_count && *holds; i++)
        if (!(covered >> i & 1) &&
            !holds_term(ask, &ask->rule->terms[i], ref, values, holds, err))
            return false;
    return true;
}

bool access_fields(struct view *view, enum verb verb, const struct collection *collection,
                   const struct ref *ref, const struct value *values, uint64_t *fields,
                   struct err *err)
{
    struct ask ask = {.view = view, .collection = collection, .org = ref->org, .at = ref->org};
    uint64_t all = collection->prepared->all;

    *fields = view->who == NULL ? all : 0;
    for (ask.rule = collection->rules[verb]; ask.rule != NULL && *fields != all;
         ask.rule = ask.rule->next) {
        bool holds = false;

        if (view->who == NULL || (ask.rule->fields & ~*fields) == 0)
            continue; // it opens nothing more
        if (!access_counts(&ask, &holds, err) ||
            (holds && !access_holds(&ask, ref, values, 0, &holds, err)))
            return false;
        *fields |= holds ? ask.rule->fields : 0;
    }
    return true;
}

bool record_may(struct view *view, enum verb verb, const struct record *record, bool *may,
                uint64_t *fields, struct err *err)
{
    if (!access_fields(view, verb, record->collection, &record->ref, row_of(record)->stored,
                       fields, err))
        return false;
    if (record->former && verb != VERB_READ)
        *fields = 0;
    *may = *fields != 0;
    return true;
}

// Terms about the owner can be answered before there is a record.
static bool owner_fits(const struct ask *ask, bool *fits, struct err *err)
{
    *fits = true;
    for (size_t i = 0; i < ask->rule->term_count && *fits; i++)
        if (ask->rule->terms[i].path == PATH_ORG &&
            !access_org(ask, &ask->rule->terms[i], &ask->org, fits, err))
            return false;
    return true;
}

bool record_may_create(struct view *view, const struct collection *collection, struct id org,
                       bool *may, struct err *err)
{
    struct ask ask = {.view = view, .collection = collection, .at = org,
                      .org = row_org(view, collection, org)};

    *may = view->who == NULL;
    for (ask.rule = collection->rules[VERB_CREATE]; ask.rule != NULL && !*may;
         ask.rule = ask.rule->next)
        if (!access_counts(&ask, may, err) || (*may && !owner_fits(&ask, may, err)))
            return false;
    return true;
}
