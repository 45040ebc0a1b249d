// SPDX-License-Identifier: Apache-2.0
// What the process of an isolated app asks of core.*: it runs here, on the view of the call and
// with its rights. Rows and collections cross as handles; what it was seen to ask for comes along
// the next time.
#include "bind/isolate_inside.h"

static struct isolate *isolate_of(const struct wire *wire)
{
    return (struct isolate *)((char *)wire - offsetof(struct isolate, wire));
}

// What crosses ------------------------------------------------------------------------------

static void put_shape(struct buffer *out, const struct collection *collection)
{
    buffer_sized(out, slice_text(collection->full));
    buffer_varint(out, collection->field_count);
    for (size_t i = 0; i < collection->field_count; i++)
        buffer_sized(out, slice_text(collection->fields[i].name));
}

// Its number, from 1; the first time it is told what that means.
static size_t shape_of(struct isolate *isolate, const struct collection *collection)
{
    for (size_t i = 0; i < isolate->shape_count; i++)
        if (isolate->habits[i].collection == collection)
            return i + 1;
    return 0;
}

static size_t put_shape_number(lua_State *L, struct isolate *isolate,
                               const struct collection *collection)
{
    struct buffer *out = &isolate->wire.out;
    size_t number = collection != NULL ? shape_of(isolate, collection) : 0;

    if (collection != NULL && number == 0) {
        if (isolate->shape_count == SHAPES_MAX)
            luaL_error(L, "more than %d collections", SHAPES_MAX);
        isolate->habits[isolate->shape_count++].collection = collection;
        number = isolate->shape_count;
        buffer_varint(out, number);
        put_shape(out, collection);
    } else {
        buffer_varint(out, number);
    }
    return number;
}

// Plain fields cost nothing once the record is read; a reference costs a look at whether it leads
// anywhere, and is sent where the app was seen to ask for it.
static bool is_sent(const struct habit *habit, const struct record *record, size_t field)
{
    const struct field *about = &record->collection->fields[field];

    if (about->type == FIELD_SEALED)
        return false;
    return (about->type != FIELD_REF && about->type != FIELD_FILE) ||
           (record->readable >> field & 1) == 0 || (habit->references >> field & 1) != 0;
}

// What is sent unasked must not use up the call's budget, nor what its commit depends on.
static bool may_be_eager(const struct isolate *isolate)
{
    const struct call *call = isolate->state->call;
    const struct budget *budget = call != NULL ? call->view->budget : NULL;

    return call != NULL && !call->write && isolate->depth < EAGER_DEPTH &&
           (budget == NULL || budget->reads < budget->reads_max / 2);
}

static void put_fields(lua_State *L, int at, struct isolate *isolate, const struct row *row,
                       const struct habit *habit)
{
    const struct record *record = row->record;
    const struct collection *collection = row->collection;
    struct buffer *out = &isolate->wire.out;

    for (size_t i = 0; i < collection->field_count; i++) {
        if (!is_sent(habit, record, i))
            continue;
        buffer_u8(out, (uint8_t)i);
        lua_pushstring(L, collection->fields[i].name);
        lua_gettable(L, at);
        wire_put(L, -1, &isolate->wire);
        lua_pop(L, 1);
    }
}

static void put_allowed(lua_State *L, int at, struct isolate *isolate, uint8_t verbs)
{
    for (int verb = 0; verb < VERB_COUNT; verb++) {
        if ((verbs >> verb & 1) == 0)
            continue;
        buffer_u8(&isolate->wire.out, (uint8_t)(WIRE_VERBS + verb));
        lua_pushcfunction(L, bind_record_allows_row);
        lua_pushstring(L, bind_verb_word((enum verb)verb));
        lua_pushvalue(L, at);
        lua_call(L, 2, 1);
        wire_put(L, -1, &isolate->wire);
        lua_pop(L, 1);
    }
}

static lua_Integer keep_row(lua_State *L, int at, struct isolate *isolate)
{
    lua_rawgeti(L, LUA_REGISTRYINDEX, isolate->rows);
    lua_pushvalue(L, at);
    lua_rawseti(L, -2, ++isolate->row_count);
    lua_pop(L, 1);
    return isolate->row_count;
}

// 'r' handle, shape, reference, draft; then what is known of it by number, ended by FIELDS_MAX.
static void put_row(lua_State *L, int at, struct isolate *isolate, struct row *row)
{
    struct buffer *out = &isolate->wire.out;
    lua_Integer handle = keep_row(L, at, isolate);
    bool eager = may_be_eager(isolate) && row->collection != NULL && !row->draft;
    size_t shape;

    buffer_u8(out, 'r');
    buffer_varint(out, (uint64_t)handle);
    shape = put_shape_number(L, isolate, row->collection);
    buffer_bytes(out, row->ref.org.bytes, ID_LEN);
    buffer_bytes(out, row->ref.id.bytes, ID_LEN);
    buffer_u8(out, row->draft);
    if (eager && (row->loaded || isolate->habits[shape - 1].loads) && row_record(L, row) != NULL) {
        isolate->depth++;
        put_fields(L, at, isolate, row, &isolate->habits[shape - 1]);
        put_allowed(L, at, isolate, isolate->habits[shape - 1].verbs);
        isolate->depth--;
    }
    buffer_u8(out, FIELDS_MAX);
}

static void put_collection(lua_State *L, int at, struct isolate *isolate)
{
    bind_check_collection(L, at);
    lua_rawgeti(L, LUA_REGISTRYINDEX, isolate->kept);
    lua_pushvalue(L, at);
    lua_rawseti(L, -2, ++isolate->kept_count);
    lua_pop(L, 1);
    buffer_u8(&isolate->wire.out, 'c');
    buffer_varint(&isolate->wire.out, (uint64_t)isolate->kept_count);
}

void isolate_put_object(lua_State *L, int at, struct wire *wire)
{
    struct isolate *isolate = isolate_of(wire);
    struct row *row = bind_test_row(L, at);

    luaL_checkstack(L, 6, "rows");
    buffer_u8(&wire->out, WIRE_OBJECT);
    if (row != NULL)
        put_row(L, at, isolate, row);
    else
        put_collection(L, at, isolate);
}

// Only what was handed out, and in this call where it is a row.
void isolate_push_object(lua_State *L, struct reader *reader, struct wire *wire)
{
    struct isolate *isolate = isolate_of(wire);
    uint8_t kind = read_u8(reader);
    uint64_t handle = read_varint(reader);

    lua_rawgeti(L, LUA_REGISTRYINDEX, kind == 'r' ? isolate->rows : isolate->kept);
    lua_rawgeti(L, -1, handle <= INT32_MAX ? (lua_Integer)handle : 0);
    lua_remove(L, -2);
    if (lua_type(L, -1) != LUA_TUSERDATA) {
        isolate_kill(isolate);
        luaL_error(L, "a handle was used that was not handed out");
    }
}

// Questions ---------------------------------------------------------------------------------

/// row.get(row, name): what the row's field is
static int row_get(lua_State *L)
{
    struct isolate *isolate = bind_state(L)->isolate;
    const struct row *row = bind_check_row(L, 1);
    struct slice name = bind_check_slice(L, 2);
    int field = row->collection != NULL ? collection_field(row->collection, name) : -1;
    size_t shape = field >= 0 ? shape_of(isolate, row->collection) : 0;

    if (shape > 0 && !row->draft && !row->loaded)
        isolate->habits[shape - 1].loads = true;
    if (shape > 0)
        isolate->habits[shape - 1].references |= UINT64_C(1) << field;
    lua_settop(L, 2);
    lua_gettable(L, 1);
    return 1;
}

/// record.allows(verb: string, row: Row): boolean
static int allows(lua_State *L)
{
    struct isolate *isolate = bind_state(L)->isolate;
    enum verb verb = bind_check_verb(L, 1);
    const struct row *row = bind_check_row(L, 2);
    size_t shape = row->collection != NULL ? shape_of(isolate, row->collection) : 0;

    if (shape > 0)
        isolate->habits[shape - 1].verbs |= (uint8_t)(1 << verb);
    return bind_record_allows_row(L);
}

/// row.set(row, name, value)
static int row_set(lua_State *L)
{
    bind_check_row(L, 1);
    lua_settop(L, 3);
    lua_settable(L, 1);
    return 0;
}

// Most pages of an app ask core.call for the same: it is told before it asks.
static void learn(struct isolate *isolate, const char *name)
{
    for (size_t i = 0; i < isolate->asked_count; i++)
        if (strcmp(isolate->asked[i], name) == 0)
            return;
    if (isolate->asked_count < ASKED_MAX && strlen(name) < sizeof isolate->asked[0])
        snprintf(isolate->asked[isolate->asked_count++], sizeof isolate->asked[0], "%s", name);
}

/// call.get(name): what core.call says
static int call_get(lua_State *L)
{
    const char *name = luaL_checkstring(L, 1);

    lua_settop(L, 1);
    lua_gettable(L, lua_upvalueindex(1));
    if (lua_type(L, 2) == LUA_TNUMBER || lua_type(L, 2) == LUA_TSTRING)
        learn(bind_state(L)->isolate, name);
    return 1;
}

// The functions of the module on top, by their full names. [-0, +0]
static void add_functions(lua_State *L, const char *module)
{
    struct isolate *isolate = bind_state(L)->isolate;
    int at = lua_gettop(L);

    lua_rawgeti(L, LUA_REGISTRYINDEX, isolate->functions);
    for (lua_pushnil(L); lua_next(L, at) != 0; lua_pop(L, 1))
        if (lua_type(L, -2) == LUA_TSTRING && lua_isfunction(L, -1)) {
            lua_pushfstring(L, "%s.%s", module, lua_tostring(L, -2));
            lua_pushvalue(L, -2);
            lua_rawset(L, at + 1);
        }
    if (strcmp(module, "core.call") == 0) {
        lua_pushvalue(L, at);
        lua_pushcclosure(L, call_get, 1);
        lua_setfield(L, at + 1, "call.get");
    }
    lua_settop(L, at);
}

struct question {
    struct isolate *isolate;
    struct reader reader;
};

// Runs protected. The answer stands in `out` when it ends well.
static int answer_question(lua_State *L)
{
    struct question *question = lua_touserdata(L, 1);
    struct isolate *isolate = question->isolate;
    struct slice name = read_sized(&question->reader), place = read_sized(&question->reader);
    int count;

    snprintf(isolate->place, sizeof isolate->place, "%.*s",
             (int)(place.len < SCRIPT_PLACE_MAX ? place.len : SCRIPT_PLACE_MAX - 1),
             (const char *)place.data);
    lua_rawgeti(L, LUA_REGISTRYINDEX, isolate->functions);
    bind_push_slice(L, name);
    if (lua_rawget(L, -2) != LUA_TFUNCTION) {
        isolate_kill(isolate);
        return luaL_error(L, "a function was asked for that is not there");
    }
    lua_replace(L, 1);
    lua_settop(L, 1);
    count = wire_push_all(L, &question->reader, &isolate->wire);
    lua_call(L, count, LUA_MULTRET);
    wire_begin(&isolate->wire, WIRE_ANSWER);
    isolate->depth = 0;
    wire_put_all(L, 1, lua_gettop(L), &isolate->wire);
    return 0;
}

void isolate_answer(lua_State *L, struct isolate *isolate, struct slice payload)
{
    struct question question = {isolate, reader_of(payload)};
    struct script *script = isolate->state->script;
    struct err err = {ERR_NONE, ""};

    lua_pushcfunction(L, answer_question);
    lua_pushlightuserdata(L, &question);
    if (!script_call(script, 1, 0, &err)) {
        if (isolate->broken || script_is_spent(script))
            script_raise(L, &err);
        isolate->raised = err.code;
        wire_begin(&isolate->wire, WIRE_FAILURE);
        wire_put_err(&isolate->wire, &err);
    }
    if (!wire_send(&isolate->wire, &err)) {
        isolate_kill(isolate);
        script_raise(L, &err);
    }
}

void isolate_add_functions(lua_State *L)
{
    struct isolate *isolate = bind_state(L)->isolate;

    bind_each_remote(L, add_functions);
    lua_rawgeti(L, LUA_REGISTRYINDEX, isolate->functions);
    lua_pushcfunction(L, row_get);
    lua_setfield(L, -2, "row.get");
    lua_pushcfunction(L, row_set);
    lua_setfield(L, -2, "row.set");
    lua_pushcfunction(L, allows);
    lua_setfield(L, -2, "core.record.allows");
    lua_pop(L, 1);
}
