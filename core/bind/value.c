// SPDX-License-Identifier: Apache-2.0
// Values between C and Lua. In Lua a date is its ISO text (so that `<` compares), a time is
// integer milliseconds, a reference is a row. What forms send (texts) is read here too.
#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "bind/bind.h"

void bind_push_slice(lua_State *L, struct slice slice)
{
    lua_pushlstring(L, slice.data != NULL ? (const char *)slice.data : "", slice.len);
}

void bind_push_id(lua_State *L, const struct id *id)
{
    char text[ID_TEXT_LEN + 1];

    id_to_text(id, text);
    lua_pushlstring(L, text, ID_TEXT_LEN);
}

struct slice bind_check_slice(lua_State *L, int at)
{
    size_t len;
    const char *text = luaL_checklstring(L, at, &len);

    return slice_of(text, len);
}

static void push_ref(lua_State *L, const struct field *field, const struct ref *ref)
{
    const struct collection *to = NULL;

    if (field->ref != NULL)
        to = catalog_find(bind_state(L)->host->catalog, field->ref);
    bind_push_row(L, to, *ref, NULL);
}

void bind_push_value(lua_State *L, const struct field *field, const struct value *value)
{
    char date[11];

    switch (value->kind) {
    case VALUE_NULL:
    case VALUE_BYTES: // a sealed value that may not be shown
        lua_pushnil(L);
        break;
    case VALUE_BOOLEAN:
        lua_pushboolean(L, value->boolean);
        break;
    case VALUE_INTEGER:
    case VALUE_TIME:
        lua_pushinteger(L, value->integer);
        break;
    case VALUE_NUMBER:
        lua_pushnumber(L, value->number);
        break;
    case VALUE_TEXT:
        bind_push_slice(L, value->text);
        break;
    case VALUE_DATE:
        date_to_text((int32_t)value->integer, date);
        lua_pushlstring(L, date, 10);
        break;
    case VALUE_REF:
        if (field->type == FIELD_FILE)
            bind_push_file(L, value);
        else
            push_ref(L, field, &value->ref);
        break;
    }
}

void bind_push_stored(lua_State *L, const struct record *record, int field)
{
    struct value shown;
    struct err err;

    if (!record_shown(bind_call(L)->view, record, field, &shown, &err))
        script_raise(L, &err);
    bind_push_value(L, &record->collection->fields[field], &shown);
}

static bool text_to_integer(const char *text, int64_t *integer)
{
    char *end;

    errno = 0;
    *integer = strtoll(text, &end, 10);
    return end != text && *end == '\0' && errno == 0;
}

static bool text_to_boolean(struct slice text, bool *boolean)
{
    *boolean = slice_is(text, "true") || slice_is(text, "on") || slice_is(text, "1");
    return *boolean || slice_is(text, "false") || slice_is(text, "off") || slice_is(text, "0");
}

static bool text_to_date(struct slice text, struct value *value)
{
    int32_t days;

    if (!date_from_text(text, &days))
        return false;
    *value = (struct value){VALUE_DATE, {.integer = days}};
    return true;
}

static bool text_to_number(const char *text, double *number)
{
    char *end;

    *number = strtod(text, &end);
    return end != text && *end == '\0' && isfinite(*number);
}

// An empty text is «not given», as an empty field of a form is. value points into text.
static bool from_text(struct slice text, const struct field *field, struct value *value)
{
    const char *plain = (const char *)text.data; // ends with a zero, as Lua's and forms' texts do

    *value = (struct value){.kind = VALUE_NULL};
    if (text.len == 0)
        return true;
    switch (field->type) {
    case FIELD_TEXT:
    case FIELD_CODE:
    case FIELD_SEALED:
        *value = (struct value){VALUE_TEXT, {.text = text}};
        return true;
    case FIELD_INTEGER:
    case FIELD_TIME:
        value->kind = field->type == FIELD_TIME ? VALUE_TIME : VALUE_INTEGER;
        return text_to_integer(plain, &value->integer);
    case FIELD_NUMBER:
        value->kind = VALUE_NUMBER;
        return text_to_number(plain, &value->number);
    case FIELD_BOOLEAN:
        value->kind = VALUE_BOOLEAN;
        return text_to_boolean(text, &value->boolean);
    case FIELD_DATE:
        return text_to_date(text, value);
    case FIELD_REF:
        value->kind = VALUE_REF;
        return ref_from_text(text, &value->ref);
    case FIELD_FILE:
        value->kind = VALUE_REF;
        return id_from_text(text, &value->ref.id);
    }
    return false;
}

bool bind_value_from_text(struct arena *arena, struct slice text, const struct field *field,
                          struct value *value)
{
    return from_text(arena_slice(arena, text), field, value);
}

static bool from_string(lua_State *L, int at, const struct field *field, struct value *value)
{
    if (!from_text(bind_check_slice(L, at), field, value))
        return false;
    if (value->kind == VALUE_TEXT) // Lua may collect its own copy
        value->text = bind_keep(L, value->text);
    return true;
}

// A file is given by its id, or as it was read.
static bool from_file(lua_State *L, int at, const struct field *field, struct value *value)
{
    bool done = lua_getfield(L, at, "id") == LUA_TSTRING && from_text(bind_check_slice(L, -1), field, value);

    lua_pop(L, 1);
    return done;
}

static bool from_number(lua_State *L, int at, const struct field *field, struct value *value)
{
    int whole;
    lua_Integer integer = lua_tointegerx(L, at, &whole);

    if (field->type == FIELD_NUMBER) {
        *value = (struct value){VALUE_NUMBER, {.number = lua_tonumber(L, at)}};
        return isfinite(value->number);
    }
    value->kind = field->type == FIELD_TIME ? VALUE_TIME : VALUE_INTEGER;
    value->integer = integer;
    return whole && (field->type == FIELD_INTEGER || field->type == FIELD_TIME);
}

bool bind_to_value(lua_State *L, int at, const struct field *field, struct value *value)
{
    const struct row *row;

    *value = (struct value){.kind = VALUE_NULL};
    switch (lua_type(L, at)) {
    case LUA_TNIL:
    case LUA_TNONE:
        return true;
    case LUA_TBOOLEAN:
        *value = (struct value){VALUE_BOOLEAN, {.boolean = lua_toboolean(L, at)}};
        return field->type == FIELD_BOOLEAN;
    case LUA_TNUMBER:
        return from_number(L, at, field, value);
    case LUA_TSTRING:
        return from_string(L, at, field, value);
    default:
        if (field->type == FIELD_FILE && lua_istable(L, at))
            return from_file(L, at, field, value);
        row = bind_test_row(L, at);
        if (row == NULL)
            luaL_error(L, "a %s is no value for the field '%s'", luaL_typename(L, at), field->name);
        *value = (struct value){VALUE_REF, {.ref = row->ref}};
        return field->type == FIELD_REF;
    }
}

const struct tree_org *bind_push_org(lua_State *L, struct view *view, const struct id *id)
{
    struct tree_org *org;
    struct err err;

    if (!tree_get(view, *id, &org, &err))
        script_raise(L, &err);
    lua_createtable(L, 0, 6);
    bind_push_id(L, id);
    lua_setfield(L, -2, "id");
    if (org == NULL)
        return NULL;
    lua_pushstring(L, org->name);
    lua_setfield(L, -2, "name");
    lua_pushstring(L, org->name_en);
    lua_setfield(L, -2, "name_en");
    lua_pushstring(L, org->kind);
    lua_setfield(L, -2, "kind");
    return org;
}
