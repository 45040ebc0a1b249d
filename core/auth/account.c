// SPDX-License-Identifier: Apache-2.0
#include "auth/inside.h"
#include "base/text.h"
#include "record/live.h"

static const struct collection *accounts_of(const struct view *view)
{
    return catalog_find(view->catalog, "core.account");
}

static const char *text_of(struct view *view, const struct value *value)
{
    return arena_text(view->arena, value->kind == VALUE_TEXT ? value->text : slice_of("", 0));
}

static bool is_true(const struct value *value)
{
    return value->kind == VALUE_BOOLEAN && value->boolean;
}

static bool fill(struct view *view, const struct record *record, struct account *account,
                 struct err *err)
{
    const struct value *values = record->values;

    *account = (struct account){
        .ref = record->ref,
        .login = text_of(view, &values[ACCOUNT_LOGIN]),
        .name = text_of(view, &values[ACCOUNT_NAME]),
        .hash = text_of(view, &values[ACCOUNT_HASH]),
        .disabled = is_true(&values[ACCOUNT_DISABLED]),
        .must_change = is_true(&values[ACCOUNT_MUST_CHANGE]),
        .epoch = (uint64_t)values[ACCOUNT_EPOCH].integer,
    };
    return id_from_text(values[ACCOUNT_PERSON].text, &account->person) ||
           err_set(err, ERR_CORRUPT, "the account %s names no person", account->login);
}

static bool fill_one(struct view *view, const struct record *record, struct account **account,
                     struct err *err)
{
    *account = NULL;
    if (record == NULL)
        return true;
    *account = arena_alloc(view->arena, sizeof **account);
    return fill(view, record, *account, err);
}

bool auth_account_find(struct view *view, struct slice login, struct account **account,
                       struct err *err)
{
    struct view system = auth_as_system(view);
    struct value canonical = value_of_text(text_login(view->arena, login));
    struct record *record = NULL;

    *account = NULL;
    if (canonical.text.data == NULL) // no account can have it; look all the same: same work
        canonical.text = slice_text("?");
    return record_find(&system, accounts_of(view), "login", view->root, &canonical, &record, err) &&
           fill_one(view, record, account, err);
}

static bool load(struct view *system, struct id id, struct record **record, struct err *err)
{
    return record_get(system, accounts_of(system), (struct ref){system->root, id}, record, err);
}

bool auth_account_get(struct view *view, struct id id, struct account **account, struct err *err)
{
    struct view system = auth_as_system(view);
    struct record *record;

    *account = NULL;
    return load(&system, id, &record, err) && fill_one(view, record, account, err);
}

bool auth_account_list(struct view *view, struct id after, size_t max, struct account **accounts,
                       size_t *count, struct err *err)
{
    struct view system = auth_as_system(view);
    struct query query = {
        .collection = accounts_of(view),
        .org = view->root,
        .order = -1,
        .ascending = true,
        .limit = max,
        .after = id_is_zero(&after) ? NULL : &after,
    };
    struct record **records;

    if (!record_query(&system, &query, &records, count, err))
        return false;
    *accounts = arena_alloc(view->arena, (*count + 1) * sizeof **accounts);
    for (size_t i = 0; i < *count; i++)
        if (!fill(view, records[i], &(*accounts)[i], err))
            return false;
    return true;
}

bool auth_account_add(struct view *view, struct slice login, struct slice name, struct id person,
                      const char *hash, struct account **account, struct problem *problem,
                      struct err *err)
{
    struct view system = auth_as_system(view);
    struct slice canonical = text_login(view->arena, login);
    struct value values[ACCOUNT_FIELDS] = {
        [ACCOUNT_LOGIN] = value_of_text(canonical),
        [ACCOUNT_NAME] = value_of_text(name.len > 0 ? name : canonical),
        [ACCOUNT_PERSON] = value_of_id(view->arena, &person),
        [ACCOUNT_EPOCH] = {VALUE_INTEGER, {.integer = 1}},
    };
    struct record *record;

    *account = NULL;
    err->code = ERR_NONE;
    if (canonical.data == NULL) {
        *problem = (struct problem){"login", "check"};
        return false;
    }
    if (hash != NULL)
        values[ACCOUNT_HASH] = value_of_text(slice_text(hash));
    return record_create(&system, accounts_of(view), view->root, values, &record, problem, err) &&
           fill_one(view, record, account, err);
}

// Whoever has something open for this person looks again.
static bool tell(struct view *system, const struct record *record, struct err *err)
{
    struct live_entry entry = {.kind = LIVE_PERSON};

    return (id_from_text(record->values[ACCOUNT_PERSON].text, &entry.person) ||
            err_set(err, ERR_CORRUPT, "an account names no person")) &&
           live_append(system, &entry, err);
}

// The account is read again in this view, so that a change by somebody else is met here.
static bool change(struct view *view, struct id id, struct value *values, uint64_t mask,
                   bool raise, struct err *err)
{
    struct view system = auth_as_system(view);
    struct problem problem = {NULL, NULL};
    struct record *record;

    if (!load(&system, id, &record, err))
        return false;
    if (record == NULL)
        return err_set(err, ERR_ABSENT, "there is no such account");
    if (raise) {
        values[ACCOUNT_EPOCH] = (struct value){
            VALUE_INTEGER, {.integer = record->values[ACCOUNT_EPOCH].integer + 1}};
        mask |= 1u << ACCOUNT_EPOCH;
    }
    err->code = ERR_NONE;
    return (record_update(&system, record, values, mask, &problem, err) ||
            auth_refused(&problem, err)) &&
           (!raise || tell(&system, record, err));
}

bool auth_account_set_hash(struct view *view, const struct account *account, const char *hash,
                           bool temporary, struct err *err)
{
    struct value values[ACCOUNT_FIELDS] = {
        [ACCOUNT_HASH] = value_of_text(slice_text(hash)),
        [ACCOUNT_MUST_CHANGE] = {VALUE_BOOLEAN, {.boolean = temporary}},
    };

    return change(view, account->ref.id, values, 1u << ACCOUNT_HASH | 1u << ACCOUNT_MUST_CHANGE,
                  true, err);
}

bool auth_account_rehash(struct view *view, const struct account *account, const char *hash,
                         struct err *err)
{
    struct value values[ACCOUNT_FIELDS] = {[ACCOUNT_HASH] = value_of_text(slice_text(hash))};

    return change(view, account->ref.id, values, 1u << ACCOUNT_HASH, false, err);
}

bool auth_account_disable(struct view *view, const struct account *account, bool disabled,
                          struct err *err)
{
    struct value values[ACCOUNT_FIELDS] = {
        [ACCOUNT_DISABLED] = {VALUE_BOOLEAN, {.boolean = disabled}}};

    return change(view, account->ref.id, values, 1u << ACCOUNT_DISABLED, true, err);
}

bool auth_raise_epochs(struct view *view, const struct id *person, struct err *err)
{
    struct view system = auth_as_system(view);
    struct filter is_theirs = {ACCOUNT_PERSON, FILTER_IS, value_of_id(view->arena, person)};
    struct query query = {
        .collection = accounts_of(view),
        .org = view->root,
        .filters = &is_theirs,
        .filter_count = 1,
        .order = -1,
        .limit = 1000,
    };
    struct value values[ACCOUNT_FIELDS] = {{VALUE_NULL, {0}}};
    struct record **records;
    size_t count;

    if (!record_query(&system, &query, &records, &count, err))
        return false;
    for (size_t i = 0; i < count; i++)
        if (!change(view, records[i]->ref.id, values, 0, true, err))
            return false;
    return true;
}
