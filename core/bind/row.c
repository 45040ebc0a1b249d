// SPDX-License-Identifier: Apache-2.0
// Rows: handles on records. A row reads its fields under the caller's rights, follows
// references when they are looked at, and keeps assignments until they are saved. It dies
// with the call it came from: the record lies in that call's memory.
#include "bind/bind.h"
#include "bind/nearest.h"

#define ROW_TYPE "core.row"

static const char type_key;
#define TYPE_KEY (&type_key) // of the metatable: found faster than by its name

struct row *bind_push_row(lua_State *L, const struct collection *collection, struct ref ref,
                          struct record *record)
{
    struct row *row = lua_newuserdatauv(L, sizeof *row, 0);

    *row = (struct row){.kind = TYPE_KEY,
                        .serial = bind_serial(L),
                        .collection = collection,
                        .ref = ref,
                        .record = record,
                        .loaded = record != NULL};
    lua_rawgetp(L, LUA_REGISTRYINDEX, TYPE_KEY);
    lua_setmetatable(L, -2);
    return row;
}

// A row is known by the address that stands in it; other userdata are of other lengths.
static bool is_row(lua_State *L, int at)
{
    const struct row *row = lua_touserdata(L, at);

    return row != NULL && lua_rawlen(L, at) == sizeof *row && row->kind == TYPE_KEY;
}

static struct row *living(lua_State *L, struct row *row)
{
    if (row->serial != bind_serial(L))
        luaL_error(L, "this row belongs to an earlier call: read it again");
    return row;
}

struct row *bind_check_row(lua_State *L, int at)
{
    if (!is_row(L, at))
        luaL_typeerror(L, at, "row");
    return living(L, lua_touserdata(L, at));
}

struct row *bind_test_row(lua_State *L, int at)
{
    return is_row(L, at) ? living(L, lua_touserdata(L, at)) : NULL;
}

struct record *row_record(lua_State *L, struct row *row)
{
    struct err err;

    if (row->loaded || row->draft || row->collection == NULL)
        return row->record;
    if (!record_get(bind_call(L)->view, row->collection, row->ref, &row->record, &err))
        script_raise(L, &err);
    row->loaded = true;
    return row->record;
}

static void push_field(lua_State *L, struct row *row, int field)
{
    const struct field *about = &row->collection->fields[field];
    const struct record *record;

    if (row->values != NULL && (row->mask >> field & 1) != 0) {
        bind_push_value(L, about, &row->values[field]);
        return;
    }
    if (row->draft) { // what it will hold, so that the app's check judges what is stored
        const struct value initial = record_initial(bind_call(L)->view, about);

        bind_push_value(L, about, &initial);
        return;
    }
    record = row_record(L, row);
    if (record == NULL || (record->readable >> field & 1) == 0)
        lua_pushnil(L);
    else
        bind_push_stored(L, record, field);
}

// What every row has beside its fields.
static bool push_builtin(lua_State *L, struct row *row, struct slice name)
{
    char text[REF_TEXT_LEN + 1];

    if (slice_is(name, "id")) {
        ref_to_text(&row->ref, text);
        lua_pushlstring(L, text, REF_TEXT_LEN);
        if (row->draft) {
            lua_pop(L, 1);
            lua_pushnil(L);
        }
    } else if (slice_is(name, "org")) {
        bind_push_id(L, &row->ref.org);
    } else if (slice_is(name, "collection")) {
        lua_pushstring(L, row->collection != NULL ? row->collection->full : NULL);
    } else if (slice_is(name, "version") || slice_is(name, "created") ||
               slice_is(name, "modified")) {
        const struct record *record = row_record(L, row);

        if (record == NULL)
            lua_pushnil(L);
        else
            lua_pushinteger(L, name.data[0] == 'v'   ? (lua_Integer)record->version
                               : name.data[0] == 'c' ? record->created_ms
                                                     : record->modified_ms);
    } else {
        return false;
    }
    return true;
}

static int refuse_field(lua_State *L, const struct collection *collection, const char *name)
{
    const char *known[FIELDS_MAX];

    for (size_t i = 0; i < collection->field_count; i++)
        known[i] = collection->fields[i].name;
    bind_raise_unknown(L, "field", name, collection->full, known, collection->field_count);
}

// Lists ask for the same fields row by row. Where a name was found is a guess, by the address of
// the name: it is compared, since Lua may give the address to another text.
static int find_field(lua_State *L, const struct collection *collection, struct slice name)
{
    struct state *state = bind_state(L);
    uint8_t *guess = &state->field_guesses[((uintptr_t)name.data >> 4 ^ (uintptr_t)collection >> 6) %
                                           FIELD_GUESSES];
    int field;

    if (*guess < collection->field_count && slice_is(name, collection->fields[*guess].name))
        return *guess;
    field = collection_field(collection, name);
    if (field >= 0)
        *guess = (uint8_t)field;
    return field;
}

/// Row[name]: any
static int row_index(lua_State *L)
{
    struct row *row = bind_check_row(L, 1);
    struct slice name = bind_check_slice(L, 2);
    int field = row->collection != NULL ? find_field(L, row->collection, name) : -1;

    if (field >= 0) {
        push_field(L, row, field);
        return 1;
    }
    if (push_builtin(L, row, name))
        return 1;
    lua_pushvalue(L, 2);
    if (lua_rawget(L, lua_upvalueindex(1)) != LUA_TNIL)
        return 1;
    if (row->collection == NULL)
        return luaL_error(L, "this reference leads to no known collection: only its id is known");
    return refuse_field(L, row->collection, (const char *)name.data);
}

// The list of changed rows keeps them alive until they are saved, in the order of change.
static void mark_dirty(lua_State *L, struct row *row)
{
    if (row->is_dirty)
        return;
    row->is_dirty = true;
    bind_push_dirty(L);
    lua_pushvalue(L, 1);
    lua_rawseti(L, -2, (lua_Integer)lua_rawlen(L, -2) + 1);
    lua_pop(L, 1);
}

void bind_dirty_reset(lua_State *L)
{
    struct call *call = bind_call(L);

    lua_newtable(L);
    if (call->dirty == LUA_NOREF)
        call->dirty = luaL_ref(L, LUA_REGISTRYINDEX);
    else
        lua_rawseti(L, LUA_REGISTRYINDEX, call->dirty);
}

void bind_push_dirty(lua_State *L)
{
    lua_rawgeti(L, LUA_REGISTRYINDEX, bind_call(L)->dirty);
}

/// Row[name] = value
static int row_newindex(lua_State *L)
{
    struct row *row = bind_check_row(L, 1);
    struct slice name = bind_check_slice(L, 2);
    int field = row->collection != NULL ? collection_field(row->collection, name) : -1;
    struct value value;

    bind_write_call(L, "a record is changed");
    if (field < 0)
        return row->collection == NULL
                   ? luaL_error(L, "this reference leads to no known collection")
                   : refuse_field(L, row->collection, (const char *)name.data);
    if (row->draft)
        return luaL_error(L, "a check only looks: it cannot change '%s'", name.data);
    if (row->record != NULL && row->record->former)
        return luaL_error(L, "a former version cannot be changed: read the row of now");
    if (!bind_to_value(L, 3, &row->collection->fields[field], &value))
        return luaL_error(L, "'%s' does not take this value", name.data);
    if (row->values == NULL)
        row->values = bind_alloc(L, row->collection->field_count * sizeof *row->values);
    row->values[field] = value;
    row->mask |= UINT64_C(1) << field;
    mark_dirty(L, row);
    return 0;
}

static int row_eq(lua_State *L)
{
    const struct row *a = bind_test_row(L, 1), *b = bind_test_row(L, 2);

    lua_pushboolean(L, a != NULL && b != NULL && ref_equal(&a->ref, &b->ref));
    return 1;
}

static int row_tostring(lua_State *L)
{
    const struct row *row = bind_check_row(L, 1);
    char text[REF_TEXT_LEN + 1];

    ref_to_text(&row->ref, text);
    lua_pushfstring(L, "%s %s", row->collection != NULL ? row->collection->full : "?", text);
    return 1;
}

// Leaves on the stack the table of methods that the library fills in. [-0, +1]
void bind_rows_open(lua_State *L)
{
    static const luaL_Reg events[] = {
        {"__newindex", row_newindex}, {"__eq", row_eq}, {"__tostring", row_tostring}, {NULL, NULL}};

    lua_newtable(L);
    luaL_newmetatable(L, ROW_TYPE);
    lua_pushvalue(L, -1);
    lua_rawsetp(L, LUA_REGISTRYINDEX, TYPE_KEY);
    luaL_setfuncs(L, events, 0);
    lua_pushvalue(L, -2);
    lua_pushcclosure(L, row_index, 1);
    lua_setfield(L, -2, "__index");
    lua_pushliteral(L, "row");
    lua_setfield(L, -2, "__metatable");
    lua_pop(L, 1);
}
