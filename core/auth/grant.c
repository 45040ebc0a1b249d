// SPDX-License-Identifier: Apache-2.0
#include "auth/inside.h"

enum { GRANTS_MAX = 1000 }; // of one person

static const struct collection *grants_of(const struct view *view)
{
    return catalog_find(view->catalog, "core.grant");
}

static bool check_role(const char *role, struct err *err)
{
    size_t len = strspn(role, "abcdefghijklmnopqrstuvwxyz-");

    if (strcmp(role, "app") == 0 || strcmp(role, "anyone") == 0 || strcmp(role, "everyone") == 0)
        return err_set(err, ERR_INPUT, "'%s' is a word of rules and nobody's role", role);
    return (len > 0 && len <= ROLE_MAX && role[len] == 0 && role[0] != '-') ||
           err_set(err, ERR_INPUT, "a role is called by letters a to z and hyphens, not '%.60s'",
                   role);
}

static bool find(struct view *system, struct id person, const char *role, struct id at,
                 struct record **record, struct err *err)
{
    struct value values[] = {
        value_of_id(system->arena, &person),
        value_of_text(slice_text(role)),
        {VALUE_REF, {.ref = {system->root, at}}},
    };

    return record_find(system, grants_of(system), "person+role+at", system->root, values, record,
                       err);
}

static bool create(struct view *system, struct id person, const char *role, struct id at,
                   struct err *err)
{
    struct value values[GRANT_FIELDS] = {
        [GRANT_PERSON] = value_of_id(system->arena, &person),
        [GRANT_ROLE] = value_of_text(slice_text(role)),
        [GRANT_AT] = {VALUE_REF, {.ref = {system->root, at}}},
    };
    struct problem problem = {NULL, NULL};
    struct record *record;

    err->code = ERR_NONE;
    return record_create(system, grants_of(system), system->root, values, &record, &problem, err) ||
           auth_refused(&problem, err);
}

// A grant that was limited in time holds without limit once it is given again.
static bool reopen(struct view *system, struct record *record, struct err *err)
{
    struct value values[GRANT_FIELDS] = {{VALUE_NULL, {0}}};
    struct problem problem = {NULL, NULL};

    err->code = ERR_NONE;
    return record_update(system, record, values, 1u << GRANT_BEGINS | 1u << GRANT_ENDS, &problem,
                         err) ||
           auth_refused(&problem, err);
}

bool auth_grant_add(struct view *view, struct id person, const char *role, struct id at,
                    struct err *err)
{
    struct view system = auth_as_system(view);
    struct record *record;

    if (!check_role(role, err) || !find(&system, person, role, at, &record, err))
        return false;
    if (record != NULL && record->values[GRANT_BEGINS].kind == VALUE_NULL &&
        record->values[GRANT_ENDS].kind == VALUE_NULL)
        return true;
    return (record != NULL ? reopen(&system, record, err)
                           : create(&system, person, role, at, err)) &&
           auth_raise_epochs(&system, &person, err);
}

bool auth_grant_remove(struct view *view, struct id person, const char *role, struct id at,
                       struct err *err)
{
    struct view system = auth_as_system(view);
    struct record *record;

    if (!check_role(role, err) || !find(&system, person, role, at, &record, err))
        return false;
    return record == NULL ||
           (record_delete(&system, record, err) && auth_raise_epochs(&system, &person, err));
}

static void note_change(struct principal *principal, const struct value *moment, int64_t now_ms)
{
    if (moment->kind == VALUE_TIME && moment->integer > now_ms &&
        (principal->until_ms == 0 || moment->integer < principal->until_ms))
        principal->until_ms = moment->integer;
}

static bool is_in_force(const struct record *record, int64_t now_ms)
{
    const struct value *begins = &record->values[GRANT_BEGINS], *ends = &record->values[GRANT_ENDS];

    return (begins->kind != VALUE_TIME || begins->integer <= now_ms) &&
           (ends->kind != VALUE_TIME || now_ms < ends->integer);
}

bool auth_principal(struct view *view, struct id person, struct principal *principal,
                    struct err *err)
{
    struct view system = auth_as_system(view);
    struct filter is_theirs = {GRANT_PERSON, FILTER_IS, value_of_id(view->arena, &person)};
    struct query query = {
        .collection = grants_of(view),
        .org = view->root,
        .filters = &is_theirs,
        .filter_count = 1,
        .order = -1,
        .ascending = true, // a caller that takes the first gets the same one every time
        .limit = GRANTS_MAX,
    };
    int64_t now_ms = clock_wall_ms(view->clock);
    struct role_grant *grants;
    struct record **records;
    size_t count;

    *principal = (struct principal){.person = person};
    if (!record_query(&system, &query, &records, &count, err))
        return false;
    grants = arena_alloc(view->arena, (count + 1) * sizeof *grants);
    for (size_t i = 0; i < count; i++) {
        note_change(principal, &records[i]->values[GRANT_BEGINS], now_ms);
        note_change(principal, &records[i]->values[GRANT_ENDS], now_ms);
        if (is_in_force(records[i], now_ms))
            grants[principal->grant_count++] = (struct role_grant){
                arena_text(view->arena, records[i]->values[GRANT_ROLE].text),
                records[i]->values[GRANT_AT].ref.id};
    }
    principal->grants = grants;
    return true;
}

bool auth_holders(struct view *view, const char *role, struct id at, const struct id **people,
                  size_t *count, struct err *err)
{
    struct view system = auth_as_system(view);
    struct filter filters[] = {
        {GRANT_AT, FILTER_IS, {VALUE_REF, {.ref = {view->root, at}}}},
        {GRANT_ROLE, FILTER_IS, value_of_text(slice_text(role))},
    };
    struct query query = {.collection = grants_of(view), .org = view->root, .filters = filters,
                          .filter_count = 2, .order = -1, .ascending = true, .limit = GRANTS_MAX};
    int64_t now_ms = clock_wall_ms(view->clock);
    struct record **records;
    struct id *found;
    size_t read;

    *count = 0;
    *people = NULL;
    if (query.collection == NULL) // a catalogue without accounts
        return true;
    if (!record_query(&system, &query, &records, &read, err))
        return false;
    found = arena_alloc(view->arena, (read + 1) * sizeof *found);
    for (size_t i = 0; i < read; i++)
        *count += is_in_force(records[i], now_ms) &&
                  id_from_text(records[i]->values[GRANT_PERSON].text, &found[*count]);
    *people = found;
    return true;
}
