// SPDX-License-Identifier: Apache-2.0
// core.record, reading: rows, one row, what may be done, members of sets.
#include "auth/auth.h"
#include "bind/bind.h"

static void push_rows(lua_State *L, struct record **records, size_t count)
{
    lua_createtable(L, (int)count, 0);
    for (size_t i = 0; i < count; i++) {
        bind_push_row(L, records[i]->collection, records[i]->ref, records[i]);
        lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
}

enum { FILTERS_MAX = 12 };

static void add_filter(lua_State *L, int at, const struct query *query, int field,
                       enum filter_op op, struct filter *filters, size_t *count)
{
    const struct field *about = &query->collection->fields[field];
    struct filter *filter;

    if (*count == FILTERS_MAX)
        luaL_error(L, "at most %d conditions at once", FILTERS_MAX);
    filter = &filters[(*count)++];
    *filter = (struct filter){.field = field, .op = op};
    if (!bind_to_value(L, at, about, &filter->value))
        luaL_error(L, "'%s' does not take this value", about->name);
}

// { at_least = "2026-03-01", at_most = "2026-03-31", is_not = … } at the top of the stack.
static void add_bounds(lua_State *L, const struct query *query, int field,
                       struct filter *filters, size_t *count)
{
    static const char *const known[] = {"is_not", "at_least", "at_most"};
    int at = lua_gettop(L);

    bind_check_keys(L, at, query->collection->fields[field].name, known, 3);
    for (size_t i = 0; i < 3; i++) {
        if (lua_getfield(L, at, known[i]) != LUA_TNIL)
            add_filter(L, -1, query, field, (enum filter_op)(FILTER_IS_NOT + (int)i), filters,
                       count);
        lua_settop(L, at);
    }
}

// Key at -2, value at -1.
static void read_option(lua_State *L, struct query *query, struct filter *filters, struct id *after)
{
    const struct collection *collection = query->collection;
    const char *key = bind_option_name(L, -2);
    struct ref ref;
    int field;

    if (strcmp(key, "limit") == 0) {
        query->limit = (size_t)luaL_checkinteger(L, -1);
    } else if (strcmp(key, "order") == 0 && collection_field(collection, slice_text("order")) < 0) {
        query->order = bind_check_field(L, collection, luaL_checkstring(L, -1));
    } else if (strcmp(key, "ascending") == 0) {
        query->ascending = lua_toboolean(L, -1);
    } else if (strcmp(key, "subtree") == 0) {
        query->subtree = lua_toboolean(L, -1);
    } else if (strcmp(key, "after") == 0) {
        struct slice text = bind_check_slice(L, -1);

        if (ref_from_text(text, &ref))
            *after = ref.id;
        else if (!id_from_text(text, after))
            luaL_error(L, "'after' is the id of a row");
        query->after = after;
    } else {
        field = bind_check_field(L, collection, key);
        if (lua_istable(L, -1))
            add_bounds(L, query, field, filters, &query->filter_count);
        else
            add_filter(L, -1, query, field, FILTER_IS, filters, &query->filter_count);
    }
}

/// record.rows(collection: Collection, options?: table): Row[]
int bind_record_rows(lua_State *L)
{
    const struct collection *collection = bind_check_collection(L, 1);
    struct call *call = bind_call(L);
    struct filter filters[FILTERS_MAX];
    struct query query = {.collection = collection, .org = bind_owner_of(call, collection),
                          .filters = filters, .order = -1, .limit = 100};
    struct record **records;
    struct id after;
    size_t count;
    struct err err;

    if (!lua_isnoneornil(L, 2)) {
        luaL_checktype(L, 2, LUA_TTABLE);
        lua_settop(L, 2);
        for (lua_pushnil(L); lua_next(L, 2) != 0; lua_pop(L, 1))
            read_option(L, &query, filters, &after);
    }
    luaL_argcheck(L, query.limit >= 1 && query.limit <= 1000, 2, "limit is 1 to 1,000");
    if (!record_query(call->view, &query, &records, &count, &err))
        script_raise(L, &err);
    push_rows(L, records, count);
    return 1;
}

bool bind_to_ref(lua_State *L, int at, const struct collection *collection, struct ref *ref)
{
    const struct row *row = bind_test_row(L, at);
    struct slice text;

    if (row != NULL) {
        *ref = row->ref;
        return true;
    }
    text = bind_check_slice(L, at);
    ref->org = bind_owner_of(bind_call(L), collection);
    return ref_from_text(text, ref) || id_from_text(text, &ref->id);
}

/// record.get(collection: Collection, id: string): Row?
int bind_record_get_row(lua_State *L)
{
    const struct collection *collection = bind_check_collection(L, 1);
    struct call *call = bind_call(L);
    struct record *record;
    struct ref ref;
    struct err err;

    if (!bind_to_ref(L, 2, collection, &ref))
        return 0;
    if (!record_get(call->view, collection, ref, &record, &err))
        script_raise(L, &err);
    if (record == NULL)
        return 0;
    bind_push_row(L, collection, ref, record);
    return 1;
}

// Milliseconds, or a date: then the end of that day.
static int64_t check_time(lua_State *L, int at)
{
    int32_t days;

    if (lua_type(L, at) != LUA_TSTRING)
        return luaL_checkinteger(L, at);
    luaL_argcheck(L, date_from_text(bind_check_slice(L, at), &days), at, "not a date");
    return date_end_in_china(days);
}

/// record.as_of(collection: Collection, id: string, time: integer|date): Row?
int bind_record_as_of_row(lua_State *L)
{
    const struct collection *collection = bind_check_collection(L, 1);
    int64_t time_ms = check_time(L, 3);
    struct record *record;
    struct ref ref;
    struct err err;

    if (!bind_to_ref(L, 2, collection, &ref))
        return 0;
    if (!record_as_of(bind_call(L)->view, collection, ref, time_ms, &record, &err))
        script_raise(L, &err);
    if (record == NULL)
        return 0;
    bind_push_row(L, collection, ref, record);
    return 1;
}

/// record.history(row: Row): {row: Row, time: integer, who: Row?}[]
int bind_record_history_rows(lua_State *L)
{
    struct row *row = bind_check_row(L, 1);
    struct call *call = bind_call(L);
    const struct record *record = row_record(L, row);
    struct record_version *versions = NULL;
    size_t count = 0;
    struct err err;

    if (record != NULL && !record_history(call->view, record, &versions, &count, &err))
        script_raise(L, &err);
    lua_createtable(L, (int)count, 0);
    for (size_t i = 0; i < count; i++) {
        lua_createtable(L, 0, 3);
        bind_push_row(L, row->collection, row->ref, versions[i].record);
        lua_setfield(L, -2, "row");
        lua_pushinteger(L, versions[i].record->modified_ms);
        lua_setfield(L, -2, "time");
        bind_push_person(L, call, &versions[i].writer);
        lua_setfield(L, -2, "who");
        lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
    return 1;
}

static const struct index_def *index_of(const struct collection *collection, uint64_t wanted)
{
    for (size_t i = 0; i < collection->index_count; i++) {
        const struct index_def *index = &collection->indexes[i];
        uint64_t has = 0;

        for (size_t j = 0; j < index->count; j++)
            has |= UINT64_C(1) << index->fields[j];
        if (index->unique && has == wanted)
            return index;
    }
    return NULL;
}

/// record.find(collection: Collection, values: table): Row?
int bind_record_find_row(lua_State *L)
{
    const struct collection *collection = bind_check_collection(L, 1);
    struct call *call = bind_call(L);
    struct value given[FIELDS_MAX] = {{.kind = VALUE_NULL}}, values[INDEX_FIELDS_MAX];
    const struct index_def *index;
    struct record *record;
    uint64_t mask = 0;
    struct err err;

    luaL_checktype(L, 2, LUA_TTABLE);
    lua_settop(L, 2);
    for (lua_pushnil(L); lua_next(L, 2) != 0; lua_pop(L, 1)) {
        int field = bind_check_field(L, collection, bind_option_name(L, -2));

        if (!bind_to_value(L, -1, &collection->fields[field], &given[field]))
            return 0; // not even of the type: there is none
        mask |= UINT64_C(1) << field;
    }
    index = index_of(collection, mask);
    if (index == NULL)
        return luaL_error(L, "%s has no unique index of exactly these fields", collection->full);
    for (size_t i = 0; i < index->count; i++)
        values[i] = given[index->fields[i]];
    if (!record_find(call->view, collection, index->name, bind_owner_of(call, collection), values,
                     &record, &err))
        script_raise(L, &err);
    if (record == NULL)
        return 0;
    bind_push_row(L, collection, record->ref, record);
    return 1;
}

/// record.may(verb: string, row: Row): boolean, string[]
int bind_record_may_row(lua_State *L)
{
    enum verb verb = bind_check_verb(L, 1);
    struct row *row = bind_check_row(L, 2);
    struct call *call = bind_call(L);
    const struct record *record = row_record(L, row);
    bool allowed = false;
    uint64_t opened = 0;
    struct err err;

    if (record != NULL && !record_may(call->view, verb, record, &allowed, &opened, &err))
        script_raise(L, &err);
    lua_pushboolean(L, allowed);
    lua_newtable(L);
    for (size_t i = 0; allowed && i < row->collection->field_count; i++) {
        if ((opened >> i & 1) == 0)
            continue;
        lua_pushboolean(L, true);
        lua_setfield(L, -2, row->collection->fields[i].name);
    }
    return 2;
}

// In a read nothing changes, so that the answer for a row holds until the call ends.
static bool is_answered(const struct call *call, const struct row *row, enum verb verb)
{
    return !call->write && (row->asked >> verb & 1) != 0;
}

/// record.allows(verb: string, row: Row): boolean – record.may without its fields
int bind_record_allows_row(lua_State *L)
{
    enum verb verb = bind_check_verb(L, 1);
    struct row *row = bind_check_row(L, 2);
    struct call *call = bind_call(L);

    if (!is_answered(call, row, verb)) {
        const struct record *record = row_record(L, row);
        bool allowed = false;
        uint64_t opened;
        struct err err;

        if (record != NULL && !record_may(call->view, verb, record, &allowed, &opened, &err))
            script_raise(L, &err);
        row->asked |= (uint8_t)(1u << verb);
        row->allowed = (uint8_t)((row->allowed & ~(1u << verb)) | (unsigned)allowed << verb);
    }
    lua_pushboolean(L, row->allowed >> verb & 1);
    return 1;
}

/// record.may_create(collection: Collection): boolean
int bind_record_may_create_row(lua_State *L)
{
    const struct collection *collection = bind_check_collection(L, 1);
    struct call *call = bind_call(L);
    bool allowed;
    struct err err;

    if (!record_may_create(call->view, collection, bind_owner_of(call, collection), &allowed, &err))
        script_raise(L, &err);
    lua_pushboolean(L, allowed);
    return 1;
}

/// record.reveal(row: Row, field: string): string?
int bind_record_reveal_row(lua_State *L)
{
    struct row *row = bind_check_row(L, 1);
    struct slice name = bind_check_slice(L, 2), plain;
    struct call *call = bind_call(L);
    const struct record *record = row_record(L, row);
    int field = record != NULL ? collection_field(row->collection, name) : -1;
    struct err err;

    if (field < 0 || record->values[field].kind == VALUE_NULL)
        return 0;
    if (!record_reveal(call->view, record, field, &plain, &err))
        script_raise(L, &err);
    bind_push_slice(L, plain);
    return 1;
}

// The collection that the members of a set belong to.
const struct collection *bind_members_of(const struct catalog *catalog,
                                         const struct set_def *def)
{
    const struct collection *from = catalog_find(catalog, def->from);
    int field = from != NULL ? collection_field(from, slice_text(def->take)) : -1;

    return field >= 0 && from->fields[field].ref != NULL
               ? catalog_find(catalog, from->fields[field].ref)
               : from;
}

// Raises unless the collection is the app's own, or its manifest names it.
static void check_asked(lua_State *L, const char *from)
{
    const struct app *app = bind_state(L)->app;
    const char *const *ask = app->manifest.asks_read;
    size_t len = strlen(app->manifest.id);

    if (app->platform || (strncmp(from, app->manifest.id, len) == 0 && from[len] == '.'))
        return;
    while (ask != NULL && *ask != NULL && strcmp(*ask, from) != 0)
        ask++;
    if (ask == NULL || *ask == NULL)
        luaL_error(L, "app.yaml does not ask to read %s: add it to asks.read", from);
}

static void add_members(lua_State *L, const struct set_def *def, const struct ref *it)
{
    struct call *call = bind_call(L);
    const struct collection *of = bind_members_of(call->view->catalog, def);
    const struct ref *members;
    size_t count;
    struct err err;

    // A set about nobody in particular is answered whoever asks; a job has only what is asked for.
    if (call->view->who != NULL && call->view->who->app != NULL)
        check_asked(L, def->from);
    if (!record_set(call->view, def, call->request->org, it, &members, &count, &err))
        script_raise(L, &err);
    for (size_t i = 0; i < count; i++) {
        bool there = of == NULL;

        if (of != NULL && !record_is_there(call->view, of, &members[i], &there, &err))
            script_raise(L, &err);
        if (!there)
            continue;
        bind_push_row(L, of, members[i], NULL);
        lua_rawseti(L, -2, (lua_Integer)lua_rawlen(L, -2) + 1);
    }
}

/// record.check_asked(collection: string) – raises unless the manifest asks to read it
int bind_record_check_asked(lua_State *L)
{
    check_asked(L, luaL_checkstring(L, 1));
    return 0;
}

/// record.open(collection: string): Collection – of any app, if the manifest asks to read it
int bind_record_open(lua_State *L)
{
    const char *full = luaL_checkstring(L, 1);
    const struct collection *collection = catalog_find(bind_call(L)->view->catalog, full);

    check_asked(L, full);
    if (collection == NULL)
        return luaL_error(L, "there is no collection %s", full);
    bind_push_collection(L, collection);
    return 1;
}

/// record.holders(role: string): Row[] – the persons who hold it at the organisation of the call
int bind_record_holders(lua_State *L)
{
    struct call *call = bind_call(L);
    const struct collection *person = catalog_find(call->view->catalog, "base.person");
    const char *role = luaL_checkstring(L, 1);
    const struct id *people;
    size_t count;
    struct err err;

    if (!auth_holders(call->view, role, call->request->org, &people, &count, &err))
        script_raise(L, &err);
    lua_createtable(L, (int)count, 0);
    for (size_t i = 0; i < count; i++) {
        bind_push_row(L, person, (struct ref){call->view->root, people[i]}, NULL);
        lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
    return 1;
}

// About a record that a person may not read they learn nothing, not even who belongs to it.
static bool may_ask_about(lua_State *L, struct row *it)
{
    const struct principal *who = bind_call(L)->view->who;

    return (who != NULL && who->app != NULL) || row_record(L, it) != NULL;
}

/// record.members(set: string, it?: Row): Row[]
int bind_record_members(lua_State *L)
{
    const char *name = luaL_checkstring(L, 1);
    struct state *state = bind_state(L);
    const struct set_def *def = catalog_find_set(state->host->catalog, name);
    struct row *it = NULL;

    lua_settop(L, 2); // what is pushed below is not the second argument
    if (def == NULL) // the app's own sets may be named without the app
        def = catalog_find_set(state->host->catalog,
                               lua_pushfstring(L, "%s.%s", state->app->manifest.id, name));
    if (def == NULL)
        return luaL_error(L, "there is no set '%s'", name);
    if (!lua_isnoneornil(L, 2))
        it = bind_check_row(L, 2);
    lua_newtable(L);
    if (it == NULL || may_ask_about(L, it))
        add_members(L, def, it != NULL ? &it->ref : NULL);
    return 1;
}

// `field in @set` of a create rule, for a role that is held here.
static const struct set_def *binding_set(lua_State *L, const struct call *call,
                                         const struct rule *rule, int field)
{
    bool held;
    struct err err;

    if (!role_is_held(call->view, call->request->org, rule->role, &held, &err))
        script_raise(L, &err);
    for (size_t i = 0; held && i < rule->term_count; i++) {
        const struct rule_term *term = &rule->terms[i];

        if (term->path == PATH_FIELD && term->field == field && term->then < 0 &&
            term->op == RULE_IN && term->value_kind == RULE_SET)
            return term->set;
    }
    return NULL;
}

/// record.choices(collection: Collection, field: string): Row[]
int bind_record_choices(lua_State *L)
{
    const struct collection *collection = bind_check_collection(L, 1), *to;
    int field = bind_check_field(L, collection, luaL_checkstring(L, 2));
    struct call *call = bind_call(L);
    struct query query = {.order = -1, .limit = 200};
    struct record **records;
    size_t count;
    bool bound = false;
    struct err err;

    lua_newtable(L);
    for (const struct rule *rule = collection->rules[VERB_CREATE]; rule != NULL;
         rule = rule->next) {
        const struct set_def *def = binding_set(L, call, rule, field);

        if (def != NULL)
            add_members(L, def, NULL);
        bound = bound || def != NULL;
    }
    if (bound || collection->fields[field].ref == NULL)
        return 1;
    to = catalog_find(call->view->catalog, collection->fields[field].ref);
    if (to == NULL)
        return 1;
    query.collection = to;
    query.org = bind_owner_of(call, to);
    if (!record_query(call->view, &query, &records, &count, &err))
        script_raise(L, &err);
    push_rows(L, records, count);
    return 1;
}

