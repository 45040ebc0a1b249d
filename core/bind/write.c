// SPDX-License-Identifier: Apache-2.0
// core.record, writing. An outcome that the giver can mend comes back as nil, field, word;
// every other failure is raised.
#include "bind/bind.h"

static int problem_of(lua_State *L, const char *field, const char *word)
{
    lua_pushnil(L);
    lua_pushstring(L, field != NULL ? field : "");
    lua_pushstring(L, word);
    return 3;
}

static const struct collection *check_own(lua_State *L, const struct collection *collection)
{
    const char *app = bind_state(L)->app->manifest.id;

    if (strcmp(collection->app, app) != 0)
        luaL_error(L, "%s belongs to the app '%s': only that app writes it", collection->full,
                   collection->app);
    return collection;
}

// What a field alone can say, before the app's own check looks at the whole.
static bool draft_misses(const struct collection *collection, const struct row *draft,
                         const char **missing)
{
    for (size_t i = 0; i < collection->field_count; i++) {
        const struct field *field = &collection->fields[i];

        if (field->required && field->from == NULL && field->initial.kind == VALUE_NULL &&
            !field->initial_me && !field->initial_today && !field->initial_now &&
            draft->values[i].kind == VALUE_NULL) {
            *missing = field->name;
            return true;
        }
    }
    return false;
}

// The values of the table at 2. False: a field does not take what is given for it.
static bool take_values(lua_State *L, struct row *row, const char **wrong)
{
    const struct collection *collection = row->collection;

    if (row->values == NULL)
        row->values = bind_alloc(L, collection->field_count * sizeof *row->values);
    for (lua_pushnil(L); lua_next(L, 2) != 0; lua_pop(L, 1)) {
        int field = bind_check_field(L, collection, bind_option_name(L, -2));

        if (!bind_to_value(L, -1, &collection->fields[field], &row->values[field])) {
            *wrong = collection->fields[field].name;
            return false;
        }
        row->mask |= UINT64_C(1) << field;
    }
    return true;
}

/// record.draft(collection: Collection, values: table): Row | nil, string, string
int bind_record_draft(lua_State *L)
{
    const struct collection *collection = check_own(L, bind_check_collection(L, 1));
    struct call *call = bind_write_call(L, "a record is created");
    const char *missing;
    struct row *row;

    luaL_checktype(L, 2, LUA_TTABLE);
    lua_settop(L, 2);
    row = bind_push_row(L, collection, (struct ref){.org = bind_owner_of(call, collection)}, NULL);
    row->draft = true;
    if (!take_values(L, row, &missing))
        return problem_of(L, missing, "type");
    if (draft_misses(collection, row, &missing))
        return problem_of(L, missing, "required");
    return 1;
}

/// record.create(draft: Row): Row | nil, string, string
int bind_record_create_row(lua_State *L)
{
    struct call *call = bind_write_call(L, "a record is created");
    const struct row *row = bind_check_row(L, 1);
    struct problem problem = {NULL, NULL};
    struct record *record;
    struct err err;

    luaL_argcheck(L, row->draft, 1, "not a draft");
    if (!record_create(call->view, row->collection, row->ref.org, row->values, &record, &problem,
                       &err)) {
        if (err.code == ERR_NONE || (err.code == ERR_DENIED && problem.field != NULL))
            return problem_of(L, problem.field, problem.word);
        script_raise(L, &err);
    }
    bind_push_row(L, row->collection, record->ref, record);
    return 1;
}

/// record.assign(row: Row, values: table, cleared: string[]): true | nil, string, string
int bind_record_assign_row(lua_State *L)
{
    struct row *row = bind_check_row(L, 1);
    const char *wrong;

    bind_write_call(L, "a record is changed");
    luaL_checktype(L, 2, LUA_TTABLE);
    luaL_checktype(L, 3, LUA_TTABLE);
    luaL_argcheck(L, row_record(L, row) != NULL && !row->record->former, 1, "not there");
    lua_settop(L, 3);
    if (!take_values(L, row, &wrong))
        return problem_of(L, wrong, "type");
    for (lua_Integer i = 1; lua_rawgeti(L, 3, i) != LUA_TNIL; i++) {
        int field = bind_check_field(L, row->collection, luaL_checkstring(L, -1));

        row->values[field].kind = VALUE_NULL;
        row->mask |= UINT64_C(1) << field;
        lua_pop(L, 1);
    }
    lua_pushboolean(L, true);
    return 1;
}

// Is the version among the entity tags of an If-Match? A weak one never is (RFC 9110, 13.1.1).
static bool is_matched(struct slice tags, uint64_t version)
{
    char tag[24];
    size_t len = (size_t)snprintf(tag, sizeof tag, "\"%llu\"", (unsigned long long)version);
    size_t at = 0;

    if (slice_is(tags, "*"))
        return true;
    while (at < tags.len) {
        const uint8_t *comma = memchr(tags.data + at, ',', tags.len - at);
        size_t end = comma != NULL ? (size_t)(comma - tags.data) : tags.len, next = end + 1;

        while (at < end && (tags.data[at] == ' ' || tags.data[at] == '\t'))
            at++;
        while (end > at && (tags.data[end - 1] == ' ' || tags.data[end - 1] == '\t'))
            end--;
        if (end - at == len && memcmp(tags.data + at, tag, len) == 0)
            return true;
        at = next;
    }
    return false;
}

/// record.precondition(row: Row): "none" | "holds" | "fails" – is it the version that the program knows?
int bind_record_precondition(lua_State *L)
{
    struct row *row = bind_check_row(L, 1);
    struct slice tags = bind_call(L)->request->if_match;
    const struct record *record = row_record(L, row);

    if (tags.data == NULL)
        lua_pushliteral(L, "none");
    else if (record != NULL && is_matched(tags, record->version))
        lua_pushliteral(L, "holds");
    else
        lua_pushliteral(L, "fails");
    return 1;
}

/// record.update(row: Row): true | nil, string, string
int bind_record_update_row(lua_State *L)
{
    struct call *call = bind_write_call(L, "a record is changed");
    struct row *row = bind_check_row(L, 1);
    struct problem problem = {NULL, NULL};
    struct err err;

    lua_pushboolean(L, true);
    row->is_dirty = false;
    if (row->mask == 0 || row->draft)
        return 1;
    check_own(L, row->collection);
    if (row_record(L, row) == NULL) {
        err_set(&err, ERR_ABSENT, "a record of %s that is not there is changed",
                row->collection->full);
        script_raise(L, &err);
    }
    if (!record_update(call->view, row->record, row->values, row->mask, &problem, &err)) {
        if (err.code == ERR_NONE)
            return problem_of(L, problem.field, problem.word);
        script_raise(L, &err);
    }
    bind_follow(L, call, row->record, row->mask);
    row->mask = 0;
    return 1;
}

/// record.delete(row: Row)
int bind_record_delete_row(lua_State *L)
{
    struct call *call = bind_write_call(L, "a record is deleted");
    struct row *row = bind_check_row(L, 1);
    struct record *record = row_record(L, row);
    struct err err;

    if (record == NULL)
        return 0;
    check_own(L, row->collection);
    if (!record_delete(call->view, record, &err))
        script_raise(L, &err);
    row->record = NULL;
    row->mask = 0;
    return 0;
}

/// record.undelete(collection: Collection, id: string): Row | nil, string, string
int bind_record_undelete_row(lua_State *L)
{
    const struct collection *collection = check_own(L, bind_check_collection(L, 1));
    struct call *call = bind_write_call(L, "a deletion is undone");
    struct problem problem = {"", "absent"};
    struct record *record;
    struct ref ref;
    struct err err = {ERR_NONE, ""};

    if (!bind_to_ref(L, 2, collection, &ref))
        return problem_of(L, problem.field, problem.word);
    if (!record_undelete(call->view, collection, ref, &record, &problem, &err)) {
        if (err.code == ERR_NONE)
            return problem_of(L, problem.field, problem.word);
        script_raise(L, &err);
    }
    bind_push_row(L, collection, ref, record);
    return 1;
}

/// record.dirty(): Row[]
int bind_record_dirty(lua_State *L)
{
    bind_push_dirty(L);
    bind_dirty_reset(L);
    return 1;
}

/// record.json(row: Row): string
int bind_record_json(lua_State *L)
{
    struct row *row = bind_check_row(L, 1);
    const struct record *record = row_record(L, row);
    struct call *call = bind_call(L);
    struct buffer buffer = BUFFER_EMPTY;
    struct slice text;
    struct err err;
    bool done;

    if (record == NULL)
        return 0;
    done = record_to_json(&buffer, call->view, record, &err);
    text = arena_slice(call->view->arena, buffer_view(&buffer));
    buffer_finish(&buffer);
    if (!done)
        script_raise(L, &err);
    bind_push_slice(L, text);
    return 1;
}

