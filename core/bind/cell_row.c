// SPDX-License-Identifier: Apache-2.0
// Rows in the process of an isolated app. A row is a handle, its reference, and the fields that
// came along; the others are asked for when they are looked at. While nothing can change (in a
// read) what was asked for is kept.
#include "bind/cell_state.h"
#include "bind/wire.h"

static const char row_key, collection_key, shapes_key, nothing_key;
#define ROW (&row_key)               // registry: the metatable; also the mark of a row
#define COLLECTION (&collection_key) // the same
#define SHAPES (&shapes_key)         // registry: number → shape
#define NOTHING ((void *)&nothing_key) // stands for nil among what is kept

struct handle {
    const void *kind;
    uint64_t serial; // of the call it came in
    uint64_t number;
    struct ref ref;
    lua_Integer shape; // 0: a reference to no known collection
    bool draft;
};

static struct handle *test(lua_State *L, int at, const void *kind)
{
    struct handle *handle = lua_touserdata(L, at);

    return handle != NULL && lua_rawlen(L, at) == sizeof *handle && handle->kind == kind ? handle
                                                                                        : NULL;
}

static struct handle *check_row(lua_State *L, int at)
{
    struct handle *row = test(L, at, ROW);

    if (row == NULL)
        luaL_typeerror(L, at, "row");
    if (row->serial != bind_serial(L))
        luaL_error(L, "this row belongs to an earlier call: read it again");
    return row;
}

// What crosses ------------------------------------------------------------------------------

void cell_put_object(lua_State *L, int at, struct wire *wire)
{
    const struct handle *collection = test(L, at, COLLECTION);

    if (collection == NULL && test(L, at, ROW) == NULL)
        luaL_error(L, "only plain values cross to the platform, not a %s", luaL_typename(L, at));
    buffer_u8(&wire->out, WIRE_OBJECT);
    buffer_u8(&wire->out, collection != NULL ? 'c' : 'r');
    buffer_varint(&wire->out, collection != NULL ? collection->number : check_row(L, at)->number);
}

static struct handle *push_handle(lua_State *L, const void *kind, uint64_t number)
{
    struct handle *handle = lua_newuserdatauv(L, sizeof *handle, 1);

    *handle = (struct handle){.kind = kind, .number = number, .serial = bind_serial(L)};
    lua_rawgetp(L, LUA_REGISTRYINDEX, kind);
    lua_setmetatable(L, -2);
    return handle;
}

// {full = name, [i] = field, [field] = i}: the first time a number is used, it is told.
static void read_shape(lua_State *L, struct reader *reader)
{
    struct slice text = read_sized(reader);
    uint64_t count = read_varint(reader);

    lua_createtable(L, (int)count, (int)count + 1);
    bind_push_slice(L, text);
    lua_setfield(L, -2, " full");
    for (lua_Integer i = 1; i <= (lua_Integer)count; i++) {
        bind_push_slice(L, read_sized(reader));
        lua_pushvalue(L, -1);
        lua_rawseti(L, -3, i);
        lua_pushinteger(L, i);
        lua_rawset(L, -3);
    }
}

// Leaves the shape on top; nil for 0.
static void push_shape(lua_State *L, struct reader *reader, lua_Integer number)
{
    lua_rawgetp(L, LUA_REGISTRYINDEX, SHAPES);
    if (number > 0 && lua_rawgeti(L, -1, number) == LUA_TNIL) {
        lua_pop(L, 1);
        read_shape(L, reader);
        lua_pushvalue(L, -1);
        lua_rawseti(L, -3, number);
    } else if (number == 0) {
        lua_pushnil(L);
    }
    lua_remove(L, -2);
}

static void read_ref(struct reader *reader, struct ref *ref)
{
    struct slice org = read_bytes(reader, ID_LEN), id = read_bytes(reader, ID_LEN);

    if (reader->failed)
        return;
    memcpy(ref->org.bytes, org.data, ID_LEN);
    memcpy(ref->id.bytes, id.data, ID_LEN);
}

// Under which a row keeps whether the caller may do it: no field begins with a space.
static const char *allows_key(enum verb verb)
{
    static const char *const keys[VERB_COUNT] = {" read", " create", " update", " delete"};

    return verb < VERB_COUNT ? keys[verb] : "";
}

// Shape on top, row below it. Kept values stand in a table of the row's, by name. [-0, +0]
static void read_fields(lua_State *L, struct reader *reader, struct wire *wire)
{
    int shape = lua_gettop(L), row = shape - 1;
    uint8_t field = read_u8(reader);

    if (field == FIELDS_MAX)
        return;
    lua_newtable(L);
    for (; field != FIELDS_MAX && !reader->failed; field = read_u8(reader)) {
        if (field >= WIRE_VERBS)
            lua_pushstring(L, allows_key((enum verb)(field - WIRE_VERBS)));
        else
            lua_rawgeti(L, shape, field + 1);
        wire_push(L, reader, wire);
        if (lua_isnil(L, -1)) {
            lua_pop(L, 1);
            lua_pushlightuserdata(L, NOTHING);
        }
        lua_rawset(L, shape + 1);
    }
    lua_setiuservalue(L, row, 1);
}

void cell_push_object(lua_State *L, struct reader *reader, struct wire *wire)
{
    uint8_t kind = read_u8(reader);
    uint64_t number = read_varint(reader);
    struct handle *row;

    luaL_checkstack(L, 10, "rows");
    row = push_handle(L, kind == 'c' ? COLLECTION : ROW, number);
    if (kind == 'c')
        return;
    row->shape = (lua_Integer)read_varint(reader);
    push_shape(L, reader, row->shape);
    read_ref(reader, &row->ref);
    row->draft = read_u8(reader) != 0;
    read_fields(L, reader, wire);
    lua_pop(L, 1);
}

// What rows do ------------------------------------------------------------------------------

static void push_full_name(lua_State *L, const struct handle *row)
{
    lua_rawgetp(L, LUA_REGISTRYINDEX, SHAPES);
    if (row->shape == 0)
        lua_pushnil(L);
    else if (lua_rawgeti(L, -1, row->shape) == LUA_TTABLE)
        lua_getfield(L, -1, " full");
}

static bool push_builtin(lua_State *L, const struct handle *row, struct slice name)
{
    char text[REF_TEXT_LEN + 1];

    if (slice_is(name, "id")) {
        ref_to_text(&row->ref, text);
        if (row->draft)
            lua_pushnil(L);
        else
            lua_pushlstring(L, text, REF_TEXT_LEN);
    } else if (slice_is(name, "org")) {
        bind_push_id(L, &row->ref.org);
    } else if (slice_is(name, "collection")) {
        push_full_name(L, row);
    } else {
        return false;
    }
    return true;
}

// What came along or was asked for before. [-0, +1] when there is something
static bool push_kept(lua_State *L)
{
    if (lua_getiuservalue(L, 1, 1) != LUA_TTABLE)
        return false;
    lua_pushvalue(L, 2);
    if (lua_rawget(L, -2) == LUA_TNIL)
        return false;
    if (lua_touserdata(L, -1) == NOTHING)
        lua_pushnil(L);
    return true;
}

// The answer is on top. Tables are not kept: who gets one may change it.
static void keep(lua_State *L)
{
    int at = lua_gettop(L);

    if (!cell_keeps(bind_state(L)->cell) || lua_istable(L, at))
        return;
    if (lua_getiuservalue(L, 1, 1) != LUA_TTABLE) {
        lua_newtable(L);
        lua_pushvalue(L, -1);
        lua_setiuservalue(L, 1, 1);
        lua_replace(L, at + 1);
        lua_settop(L, at + 1);
    }
    lua_pushvalue(L, 2);
    if (lua_isnil(L, at))
        lua_pushlightuserdata(L, NOTHING);
    else
        lua_pushvalue(L, at);
    lua_rawset(L, at + 1);
    lua_settop(L, at);
}

static bool is_field(lua_State *L, const struct handle *row)
{
    bool is;

    if (row->shape == 0 || lua_rawgetp(L, LUA_REGISTRYINDEX, SHAPES) != LUA_TTABLE ||
        lua_rawgeti(L, -1, row->shape) != LUA_TTABLE)
        return false;
    lua_pushvalue(L, 2);
    is = lua_rawget(L, -2) != LUA_TNIL;
    lua_settop(L, 2);
    return is;
}

static int ask_field(lua_State *L)
{
    lua_settop(L, 2);
    lua_pushvalue(L, 1);
    lua_pushvalue(L, 2);
    cell_ask(L, "row.get", 3);
    lua_settop(L, 5);
    keep(L);
    return 1;
}

/// Row[name]: any; upvalue 1 holds the methods
static int row_index(lua_State *L)
{
    const struct handle *row = check_row(L, 1);
    struct slice name = bind_check_slice(L, 2);

    if (push_kept(L))
        return 1;
    lua_settop(L, 2);
    if (is_field(L, row))
        return ask_field(L);
    if (push_builtin(L, row, name))
        return 1;
    lua_pushvalue(L, 2);
    if (lua_rawget(L, lua_upvalueindex(1)) != LUA_TNIL)
        return 1;
    return ask_field(L); // a version, a time, or no field at all
}

/// record.allows(verb: string, row: Row): boolean
static int row_allows(lua_State *L)
{
    enum verb verb = bind_check_verb(L, 1);

    check_row(L, 2);
    lua_settop(L, 2);
    lua_pushstring(L, allows_key(verb));
    lua_remove(L, 1); // the row and what is asked of it, as for a field
    if (push_kept(L))
        return 1;
    lua_settop(L, 2);
    lua_pushstring(L, bind_verb_word(verb));
    lua_pushvalue(L, 1);
    cell_ask(L, "core.record.allows", 3);
    lua_settop(L, 5);
    keep(L);
    return 1;
}

/// Row[name] = value
static int row_newindex(lua_State *L)
{
    check_row(L, 1);
    bind_check_slice(L, 2);
    lua_settop(L, 3);
    return cell_ask(L, "row.set", 1);
}

static int row_eq(lua_State *L)
{
    const struct handle *a = test(L, 1, ROW), *b = test(L, 2, ROW);

    lua_pushboolean(L, a != NULL && b != NULL && ref_equal(&a->ref, &b->ref));
    return 1;
}

static int row_tostring(lua_State *L)
{
    const struct handle *row = check_row(L, 1);
    char text[REF_TEXT_LEN + 1];

    ref_to_text(&row->ref, text);
    push_full_name(L, row);
    lua_pushfstring(L, "%s %s", lua_isnil(L, -1) ? "?" : lua_tostring(L, -1), text);
    return 1;
}

void cell_rows_open(lua_State *L)
{
    static const luaL_Reg events[] = {
        {"__newindex", row_newindex}, {"__eq", row_eq}, {"__tostring", row_tostring}, {NULL, NULL}};

    lua_pushcfunction(L, row_allows);
    lua_setfield(L, -2, "allows");
    lua_newtable(L);
    luaL_setfuncs(L, events, 0);
    lua_getfield(L, -2, "row_methods");
    lua_pushcclosure(L, row_index, 1);
    lua_setfield(L, -2, "__index");
    lua_pushliteral(L, "row");
    lua_setfield(L, -2, "__metatable");
    lua_rawsetp(L, LUA_REGISTRYINDEX, ROW);
    lua_createtable(L, 0, 1);
    lua_pushliteral(L, "collection");
    lua_setfield(L, -2, "__metatable");
    lua_rawsetp(L, LUA_REGISTRYINDEX, COLLECTION);
    lua_newtable(L);
    lua_rawsetp(L, LUA_REGISTRYINDEX, SHAPES);
}
