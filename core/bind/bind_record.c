// SPDX-License-Identifier: Apache-2.0
// core.record: collections and their records, on the view of the running call.
#include "bind/bind.h"
#include "bind/isolate.h"

#define COLLECTION_TYPE "core.collection"

const struct collection **bind_push_collection(lua_State *L, const struct collection *collection)
{
    const struct collection **box = lua_newuserdatauv(L, sizeof *box, 0);

    *box = collection;
    luaL_setmetatable(L, COLLECTION_TYPE);
    return box;
}

const struct collection *bind_check_collection(lua_State *L, int at)
{
    return *(const struct collection **)luaL_checkudata(L, at, COLLECTION_TYPE);
}

// What is declared now stands where the app's own file is.
static void tell_place(lua_State *L, struct state *state)
{
    char place[SCRIPT_PLACE_MAX];
    const char *told = script_place(L, place) ? place : NULL;

    if (state->isolate != NULL && isolate_place(state->isolate)[0] != 0)
        told = isolate_place(state->isolate);
    catalog_place(state->host->catalog, told);
}

/// record.declare(name: string, spec: table): Collection
static int declare(lua_State *L)
{
    struct state *state = bind_state(L);
    struct slice name = bind_check_slice(L, 1);
    const struct collection *collection;
    const char *full;

    luaL_checktype(L, 2, LUA_TTABLE);
    lua_settop(L, 2);
    if (state->declaring) {
        tell_place(L, state);
        bind_declare(L, state, (const char *)bind_keep(L, name).data, 2);
    }
    full = lua_pushfstring(L, "%s.%s", state->app->manifest.id, name.data);
    collection = catalog_find(state->host->catalog, full);
    if (collection == NULL)
        return luaL_error(L, "collection '%s' was not declared when the app started", full);
    bind_push_collection(L, collection);
    return 1;
}

static const char *const verbs[VERB_COUNT + 1] = {"read", "create", "update", "delete", NULL};

const char *bind_verb_word(enum verb verb)
{
    return verbs[verb];
}

enum verb bind_check_verb(lua_State *L, int at)
{
    return (enum verb)luaL_checkoption(L, at, NULL, verbs);
}

static const char *const *opt_names(lua_State *L, int at)
{
    size_t count;
    const char **list;

    if (lua_isnoneornil(L, at))
        return NULL;
    luaL_checktype(L, at, LUA_TTABLE);
    count = (size_t)lua_rawlen(L, at);
    list = bind_alloc(L, (count + 1) * sizeof *list);
    for (size_t i = 0; i < count; i++) {
        lua_rawgeti(L, at, (lua_Integer)i + 1);
        list[i] = (const char *)bind_keep(L, bind_check_slice(L, -1)).data;
        lua_pop(L, 1);
    }
    return list;
}

/// record.allow(collection: Collection, verb: string, role: string, expression?: string,
///              only?: string[], except?: string[])
static int allow(lua_State *L)
{
    struct state *state = bind_state(L);
    const struct collection *collection = bind_check_collection(L, 1);
    enum verb verb = bind_check_verb(L, 2);
    const char *role = luaL_checkstring(L, 3), *expression = luaL_optstring(L, 4, NULL);
    const char *const *only = opt_names(L, 5), *const *except = opt_names(L, 6);
    struct err err;

    // The catalogue hands out its collections for reading; while it is filled they are ours.
    if (!state->declaring)
        return 0;
    tell_place(L, state);
    if (!catalog_allow(state->host->catalog, (struct collection *)collection, verb, role,
                       expression, only, except, &err))
        luaL_error(L, "%s", err.text);
    return 0;
}

static const char *opt_key(lua_State *L, int at, const char *key)
{
    const char *text = NULL;

    if (lua_getfield(L, at, key) != LUA_TNIL)
        text = (const char *)bind_keep(L, bind_check_slice(L, -1)).data;
    lua_pop(L, 1);
    return text;
}

/// record.set(name: string, spec: {from: string, match: string, take: string, role?: string})
static int set(lua_State *L)
{
    static const char *const known[] = {"from", "match", "take", "role"};
    struct state *state = bind_state(L);
    const char *name = luaL_checkstring(L, 1), *app = state->app->manifest.id;
    struct set_def def;
    struct err err;

    luaL_checktype(L, 2, LUA_TTABLE);
    if (!state->declaring)
        return 0;
    bind_check_keys(L, 2, lua_pushfstring(L, "set '%s'", name), known, 4);
    if (strcmp(app, "base") != 0) // sets of base go by their bare name
        name = lua_pushfstring(L, "%s.%s", app, name);
    def = (struct set_def){.name = name,
                           .from = opt_key(L, 2, "from"),
                           .match = opt_key(L, 2, "match"),
                           .take = opt_key(L, 2, "take"),
                           .role = opt_key(L, 2, "role")};
    if (def.from == NULL || def.match == NULL || def.take == NULL)
        return luaL_error(L, "set '%s' needs from, match and take", name);
    tell_place(L, state);
    if (!catalog_add_set(state->host->catalog, &def, &err))
        luaL_error(L, "%s", err.text);
    return 0;
}

static const char *type_text(const struct field *field)
{
    static const char *const names[] = {"text", "integer", "number", "boolean", "date",
                                        "time", "ref",     "code",   "sealed", "file"};

    return names[field->type];
}

static void push_codes(lua_State *L, const char *const *codes)
{
    lua_newtable(L);
    for (lua_Integer i = 1; *codes != NULL; codes++, i++) {
        lua_pushstring(L, *codes);
        lua_rawseti(L, -2, i);
    }
}

static void set_flag(lua_State *L, const char *name, bool flag)
{
    lua_pushboolean(L, flag);
    lua_setfield(L, -2, name);
}

static void push_field_about(lua_State *L, const struct field *field)
{
    lua_createtable(L, 0, 13);
    lua_pushstring(L, field->name);
    lua_setfield(L, -2, "name");
    lua_pushstring(L, type_text(field));
    lua_setfield(L, -2, "type");
    set_flag(L, "required", field->required);
    set_flag(L, "readonly", field->readonly);
    set_flag(L, "personal", field->personal);
    set_flag(L, "derived", field->from != NULL);
    set_flag(L, "filled", field->from != NULL || field->initial.kind != VALUE_NULL ||
                              field->initial_me || field->initial_today || field->initial_now);
    if (field->max <= LUA_MAXINTEGER) {
        lua_pushinteger(L, (lua_Integer)field->max);
        lua_setfield(L, -2, "max");
    }
    if (field->at_least == field->at_least) { // not NaN
        lua_pushnumber(L, field->at_least);
        lua_setfield(L, -2, "at_least");
        lua_pushnumber(L, field->at_most);
        lua_setfield(L, -2, "at_most");
    }
    lua_pushstring(L, field->ref);
    lua_setfield(L, -2, "ref");
    lua_pushstring(L, field->check);
    lua_setfield(L, -2, "check");
    if (field->accepts != NULL) {
        push_codes(L, field->accepts);
        lua_setfield(L, -2, "accepts");
    }
    if (field->codes != NULL) {
        push_codes(L, field->codes);
        lua_setfield(L, -2, "codes");
    }
    if (field->initial.kind != VALUE_NULL && field->initial.kind != VALUE_REF) {
        bind_push_value(L, field, &field->initial);
        lua_setfield(L, -2, "default");
    }
}

/// record.fields(collection: Collection): Field[]
static int fields(lua_State *L)
{
    const struct collection *collection = bind_check_collection(L, 1);

    lua_createtable(L, (int)collection->field_count, 0);
    for (size_t i = 0; i < collection->field_count; i++) {
        push_field_about(L, &collection->fields[i]);
        lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
    return 1;
}

// Where new records of the collection belong, and lists begin.
struct id bind_owner_of(const struct call *call, const struct collection *collection)
{
    return collection->instance ? call->view->root : call->request->org;
}

// lua_next is confused by a key that is converted in place: only texts.
const char *bind_option_name(lua_State *L, int at)
{
    if (lua_type(L, at) != LUA_TSTRING)
        luaL_error(L, "a name is expected where %s stands", luaL_typename(L, at));
    return lua_tostring(L, at);
}

int bind_check_field(lua_State *L, const struct collection *collection, const char *name)
{
    const char *known[FIELDS_MAX + 6] = {"limit", "order", "ascending", "subtree", "after"};
    int field = collection_field(collection, slice_text(name));

    if (field >= 0)
        return field;
    for (size_t i = 0; i < collection->field_count; i++)
        known[5 + i] = collection->fields[i].name;
    bind_raise_unknown(L, "key", name, lua_pushfstring(L, "rows of %s", collection->full), known,
                       5 + collection->field_count);
}

int open_core_record(lua_State *L)
{
    static const luaL_Reg functions[] = {
        {"declare", declare},
        {"allow", allow},
        {"set", set},
        {"fields", fields},
        {"rows", bind_record_rows},
        {"get", bind_record_get_row},
        {"find", bind_record_find_row},
        {"as_of", bind_record_as_of_row},
        {"history", bind_record_history_rows},
        {"may", bind_record_may_row},
        {"allows", bind_record_allows_row},
        {"may_create", bind_record_may_create_row},
        {"reveal", bind_record_reveal_row},
        {"file", bind_record_file},
        {"members", bind_record_members},
        {"holders", bind_record_holders},
        {"check_asked", bind_record_check_asked},
        {"open", bind_record_open},
        {"choices", bind_record_choices},
        {"draft", bind_record_draft},
        {"create", bind_record_create_row},
        {"assign", bind_record_assign_row},
        {"precondition", bind_record_precondition},
        {"update", bind_record_update_row},
        {"delete", bind_record_delete_row},
        {"undelete", bind_record_undelete_row},
        {"rollup", bind_record_rollup},
        {"tally", bind_record_tally},
        {"follow", bind_record_follow},
        {"dirty", bind_record_dirty},
        {"json", bind_record_json},
        {NULL, NULL},
    };

    luaL_newmetatable(L, COLLECTION_TYPE);
    lua_pushliteral(L, "collection");
    lua_setfield(L, -2, "__metatable");
    lua_pop(L, 1);
    luaL_newlib(L, functions);
    bind_rows_open(L);
    lua_setfield(L, -2, "row_methods");
    return 1;
}
