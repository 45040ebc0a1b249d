// SPDX-License-Identifier: Apache-2.0
// A collection as an app writes it, made into what the catalogue takes. Fields stand in the
// order of their names: a Lua table has no order of its own.
#include <math.h>
#include <stdlib.h>

#include "bind/bind.h"

static const char *keep_text(lua_State *L, int at, const char *what)
{
    if (lua_type(L, at) != LUA_TSTRING)
        luaL_error(L, "%s must be a text", what);
    return (const char *)bind_keep(L, bind_check_slice(L, at)).data;
}

static const char *opt_text(lua_State *L, int at, const char *key, const char *place)
{
    const char *text = NULL;

    if (lua_getfield(L, at, key) != LUA_TNIL) {
        if (lua_type(L, -1) != LUA_TSTRING)
            luaL_error(L, "'%s' in %s must be a text", key, place);
        text = keep_text(L, -1, key);
    }
    lua_settop(L, at);
    return text;
}

static bool opt_flag(lua_State *L, int at, const char *key, const char *place)
{
    bool flag = false;

    if (lua_getfield(L, at, key) != LUA_TNIL) {
        if (!lua_isboolean(L, -1))
            luaL_error(L, "'%s' in %s must be true or false", key, place);
        flag = lua_toboolean(L, -1);
    }
    lua_settop(L, at);
    return flag;
}

struct type_name {
    const char *name;
    enum field_type type;
};
static const struct type_name types[] = {
    {"text", FIELD_TEXT},       {"integer", FIELD_INTEGER}, {"number", FIELD_NUMBER},
    {"boolean", FIELD_BOOLEAN}, {"date", FIELD_DATE},       {"time", FIELD_TIME},
    {"sealed", FIELD_SEALED},   {"file", FIELD_FILE},
};
enum { TYPE_COUNT = sizeof types / sizeof *types };

static enum field_type type_named(lua_State *L, const char *name, const char *place)
{
    const char *known[TYPE_COUNT];

    for (size_t i = 0; i < TYPE_COUNT; i++) {
        if (strcmp(types[i].name, name) == 0)
            return types[i].type;
        known[i] = types[i].name;
    }
    bind_raise_unknown(L, "type", name, place, known, TYPE_COUNT);
}

// A list of texts at the top of the stack, NULL-terminated. [-0, +0]
static const char *const *keep_list(lua_State *L, const char *what)
{
    size_t count;
    const char **list;

    if (!lua_istable(L, -1) || (count = (size_t)lua_rawlen(L, -1)) == 0)
        luaL_error(L, "%s must be a list of texts", what);
    list = bind_alloc(L, (count + 1) * sizeof *list);
    for (size_t i = 0; i < count; i++) {
        lua_rawgeti(L, -1, (lua_Integer)i + 1);
        list[i] = keep_text(L, -1, what);
        lua_pop(L, 1);
    }
    return list;
}

static void read_type(lua_State *L, int at, struct field *field, const char *place)
{
    const char *type = opt_text(L, at, "type", place);

    field->ref = opt_text(L, at, "ref", place);
    field->from = opt_text(L, at, "from", place);
    if (lua_getfield(L, at, "one_of") != LUA_TNIL)
        field->codes = keep_list(L, "'one_of'");
    lua_settop(L, at);
    if (lua_getfield(L, at, "accept") != LUA_TNIL)
        field->accepts = keep_list(L, "'accept'");
    lua_settop(L, at);
    if ((type != NULL) + (field->ref != NULL) + (field->codes != NULL) > 1)
        luaL_error(L, "%s has more than one of type, ref and one_of", place);
    if (type != NULL)
        field->type = type_named(L, type, place);
    else if (field->ref != NULL)
        field->type = FIELD_REF;
    else if (field->codes != NULL)
        field->type = FIELD_CODE;
    else if (field->from == NULL)
        luaL_error(L, "%s needs one of type, ref, one_of or from", place);
}

static void read_bounds(lua_State *L, int at, struct field *field, const char *place)
{
    field->at_least = field->at_most = NAN;
    if (lua_getfield(L, at, "between") != LUA_TNIL) {
        if (!lua_istable(L, -1) || lua_rawlen(L, -1) != 2 ||
            lua_rawgeti(L, -1, 1) != LUA_TNUMBER || lua_rawgeti(L, -2, 2) != LUA_TNUMBER)
            luaL_error(L, "'between' in %s must be two numbers", place);
        field->at_least = lua_tonumber(L, -2);
        field->at_most = lua_tonumber(L, -1);
    }
    lua_settop(L, at);
    field->max = field->type == FIELD_FILE ? SIZE_MAX : field->type == FIELD_SEALED ? 64 : 200;
    if (lua_getfield(L, at, "max") != LUA_TNIL) {
        if (!lua_isinteger(L, -1) || lua_tointeger(L, -1) < 1)
            luaL_error(L, "'max' in %s must be a whole number above 0", place);
        field->max = (size_t)lua_tointeger(L, -1);
    }
    lua_settop(L, at);
}

// weights of the characters before the check character, at the top of the stack. [-0, +0]
static void read_weights(lua_State *L, struct text_check *shape, const char *place)
{
    size_t count = lua_istable(L, -1) ? (size_t)lua_rawlen(L, -1) : 0;

    if (count == 0 || count > TEXT_CHECK_MAX)
        luaL_error(L, "'weights' in %s must be 1 to %d whole numbers", place, TEXT_CHECK_MAX);
    for (size_t i = 0; i < count; i++) {
        int whole;

        lua_rawgeti(L, -1, (lua_Integer)i + 1);
        shape->weights[i] = (uint8_t)lua_tointegerx(L, -1, &whole);
        if (!whole || lua_tointeger(L, -1) < 0 || lua_tointeger(L, -1) > UINT8_MAX)
            luaL_error(L, "'weights' in %s must be whole numbers up to 255", place);
        lua_pop(L, 1);
    }
}

// shape = {pattern = "0000", prefixes = {…}, marks = "…", weights = {…}, date_at = 7, upper = true}
static void read_shape(lua_State *L, int at, struct field *field, const char *place)
{
    static const char *const known[] = {"pattern", "prefixes", "marks",
                                        "weights", "date_at",  "upper"};
    int top = at + 1;
    struct text_check *shape;

    if (lua_getfield(L, at, "shape") != LUA_TNIL) {
        if (!lua_istable(L, top))
            luaL_error(L, "'shape' in %s must be a table", place);
        bind_check_keys(L, top, lua_pushfstring(L, "the shape of %s", place), known, 6);
        lua_settop(L, top);
        shape = bind_alloc(L, sizeof *shape);
        shape->pattern = opt_text(L, top, "pattern", place);
        shape->marks = opt_text(L, top, "marks", place);
        shape->upper = opt_flag(L, top, "upper", place);
        if (lua_getfield(L, top, "prefixes") != LUA_TNIL)
            shape->prefixes = keep_list(L, "'prefixes'");
        lua_settop(L, top);
        if (lua_getfield(L, top, "weights") != LUA_TNIL)
            read_weights(L, shape, place);
        lua_settop(L, top);
        lua_getfield(L, top, "date_at");
        shape->date_at = (uint8_t)luaL_optinteger(L, -1, 0);
        field->shape = shape;
    }
    lua_settop(L, at);
}

static void read_default(lua_State *L, int at, struct field *field, const char *place)
{
    const char *text;

    if (lua_getfield(L, at, "default") != LUA_TNIL) {
        text = lua_type(L, -1) == LUA_TSTRING ? lua_tostring(L, -1) : "";
        field->initial_me = strcmp(text, "@me") == 0;
        field->initial_today = strcmp(text, "@today") == 0;
        field->initial_now = strcmp(text, "@now") == 0;
        if (!field->initial_me && !field->initial_today && !field->initial_now &&
            !bind_to_value(L, -1, field, &field->initial))
            luaL_error(L, "the default of %s is not of its type", place);
    }
    lua_settop(L, at);
}

// live = true, or "rules": rules may use it although it follows later.
static void read_live(lua_State *L, int at, struct field *field, const char *place)
{
    int type = lua_getfield(L, at, "live");

    field->rules_may_lag = type == LUA_TSTRING && strcmp(lua_tostring(L, -1), "rules") == 0;
    field->follows = field->rules_may_lag || (type == LUA_TBOOLEAN && lua_toboolean(L, -1));
    if (type != LUA_TNIL && type != LUA_TBOOLEAN && !field->rules_may_lag)
        luaL_error(L, "'live' in %s is true or \"rules\"", place);
    lua_settop(L, at);
}

// The field's table is at the top of the stack. [-0, +0]
static void read_field(lua_State *L, const char *name, struct field *field)
{
    static const char *const known[] = {"type",     "ref",     "one_of", "from",    "required",
                                        "readonly", "default", "max",    "between", "personal",  "live",
                                        "element",  "check",   "lookup", "shape",   "accept"};
    int at = lua_gettop(L);
    const char *place = (const char *)bind_keep(
        L, slice_text(lua_pushfstring(L, "field '%s'", name))).data;

    lua_settop(L, at);
    if (!lua_istable(L, at))
        luaL_error(L, "%s must be a table", place);
    bind_check_keys(L, at, place, known, sizeof known / sizeof *known);
    field->name = name;
    read_type(L, at, field, place);
    read_bounds(L, at, field, place);
    field->required = opt_flag(L, at, "required", place);
    field->readonly = opt_flag(L, at, "readonly", place);
    read_live(L, at, field, place);
    field->personal = opt_flag(L, at, "personal", place);
    field->element = opt_text(L, at, "element", place);
    field->check = opt_text(L, at, "check", place);
    field->lookup = opt_text(L, at, "lookup", place);
    read_shape(L, at, field, place);
    read_default(L, at, field, place);
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

// Names that mean something else on a row or in a query.
static void refuse_taken(lua_State *L, const char *name)
{
    static const char *const taken[] = {"id",    "org",       "save",    "collection", "delete",
                                        "limit", "ascending", "subtree", "after"};

    for (size_t i = 0; i < sizeof taken / sizeof *taken; i++)
        if (strcmp(name, taken[i]) == 0)
            luaL_error(L, "a field cannot be called '%s'", name);
}

// The table of fields is at the top of the stack.
static void read_fields(lua_State *L, struct collection *collection)
{
    const char *names[FIELDS_MAX];
    int at = lua_gettop(L);
    size_t count = 0;

    if (!lua_istable(L, at))
        luaL_error(L, "%s needs fields", collection->full);
    for (lua_pushnil(L); lua_next(L, at) != 0; lua_pop(L, 1)) {
        if (lua_type(L, -2) != LUA_TSTRING || count == FIELDS_MAX)
            luaL_error(L, "fields of %s are given by name, at most %d", collection->full,
                       FIELDS_MAX);
        names[count] = keep_text(L, -2, "a field's name");
        refuse_taken(L, names[count++]);
    }
    qsort(names, count, sizeof *names, by_name);
    for (size_t i = 0; i < count; i++) {
        lua_getfield(L, at, names[i]);
        read_field(L, names[i], &collection->fields[i]);
        lua_settop(L, at);
    }
    collection->field_count = count;
}

static uint8_t index_field(lua_State *L, const struct collection *collection, const char *name)
{
    const char *known[FIELDS_MAX];
    int field = collection_field(collection, slice_text(name));

    if (field >= 0)
        return (uint8_t)field;
    for (size_t i = 0; i < collection->field_count; i++)
        known[i] = collection->fields[i].name;
    bind_raise_unknown(L, "field", name, "an index", known, collection->field_count);
}

// One index is at the top of the stack: { "class", "state", instance = true }.
static void read_index(lua_State *L, struct collection *collection, bool unique)
{
    struct index_def *index = &collection->indexes[collection->index_count];
    int at = lua_gettop(L);
    size_t count = lua_istable(L, at) ? (size_t)lua_rawlen(L, at) : 0;

    if (collection->index_count == INDEXES_MAX || count == 0 || count > INDEX_FIELDS_MAX)
        luaL_error(L, "an index of %s is a list of 1 to %d fields; at most %d indexes",
                   collection->full, INDEX_FIELDS_MAX, INDEXES_MAX);
    index->instance = opt_flag(L, at, "instance", "an index");
    index->unique = unique;
    for (size_t i = 0; i < count; i++) {
        lua_rawgeti(L, at, (lua_Integer)i + 1);
        index->fields[i] = index_field(L, collection, keep_text(L, -1, "an index's field"));
        lua_settop(L, at);
    }
    index->count = (uint8_t)count;
    collection->index_count++;
}

static void read_indexes(lua_State *L, int at, const char *key, struct collection *collection)
{
    if (lua_getfield(L, at, key) != LUA_TNIL) {
        luaL_checktype(L, -1, LUA_TTABLE);
        for (lua_Integer i = 1; lua_rawgeti(L, at + 1, i) != LUA_TNIL; i++) {
            read_index(L, collection, strcmp(key, "unique") == 0);
            lua_settop(L, at + 1);
        }
    }
    lua_settop(L, at);
}

void bind_declare(lua_State *L, struct state *state, const char *name, int at)
{
    static const char *const known[] = {"fields", "index",    "unique",
                                        "check",  "instance", "history", "created"};
    struct collection *collection = bind_alloc(L, sizeof *collection);
    struct err err;

    lua_settop(L, at);
    collection->app = state->app->manifest.id;
    collection->name = name;
    collection->full = arena_format(&state->scratch, "%s.%s", collection->app, name);
    bind_check_keys(L, at, collection->full, known, sizeof known / sizeof *known);
    collection->instance = opt_flag(L, at, "instance", collection->full);
    collection->history = opt_flag(L, at, "history", collection->full);
    lua_getfield(L, at, "fields");
    read_fields(L, collection);
    lua_settop(L, at);
    read_indexes(L, at, "index", collection);
    read_indexes(L, at, "unique", collection);
    if (catalog_add(state->host->catalog, collection, &err) == NULL)
        luaL_error(L, "%s", err.text);
}
