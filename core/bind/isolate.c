// SPDX-License-Identifier: Apache-2.0
#include "bind/isolate.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/log.h"
#include "base/loop.h"
#include "bind/nursery.h"
#include "bind/wire.h"

enum {
    SHAPES_MAX = 256,
    SLACK = 64 * 1024,    // of a message beside an answer's body
    PRINTS_MAX = 64 * 1024, // bytes of a call
    PATIENCE_US = 50000,    // then the worker turns to others
    ASKED_MAX = 8,
    EAGER_DEPTH = 3,      // rows in rows that are sent before they are asked for
};

// What the app was seen to look at in rows of a collection: the next ones bring it along.
struct habit {
    const struct collection *collection;
    uint64_t references; // fields
    uint8_t verbs;       // whether the caller may do it
    bool loads;          // rows that were only referred to
};

struct isolate {
    struct state *state;
    struct wire wire;
    int process;          // a pidfd
    int functions;        // registry: "core.record.rows" → function
    int rows, kept;       // registry: what its handles mean; rows die with the call
    lua_Integer row_count, kept_count;
    struct habit habits[SHAPES_MAX]; // by the number of the collection's shape
    size_t shape_count;   // that it was told
    int depth;            // of rows in rows, while one is put
    char asked[ASKED_MAX][16]; // of core.call
    size_t asked_count;
    size_t printed;
    struct script_run *run; // that waits on the loop
    struct loop_watch *watch;
    struct loop_timer *timer;
    enum err_code raised; // what was last told it
    char place[SCRIPT_PLACE_MAX];
    bool under_way; // a call has begun and not ended as calls do
    bool broken;
};

// Between calls it is alive and has nothing to say.
static bool is_quiet(const struct isolate *isolate)
{
    char byte;

    return recv(isolate->wire.fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) < 0 && errno == EAGAIN;
}

bool isolate_is_broken(const struct isolate *isolate)
{
    return isolate->broken || isolate->under_way || !is_quiet(isolate);
}

const char *isolate_place(const struct isolate *isolate)
{
    return isolate->place;
}

static void end_process(struct isolate *isolate)
{
    isolate->broken = true;
    if (isolate->process >= 0)
        syscall(SYS_pidfd_send_signal, isolate->process, SIGKILL, NULL, 0);
}

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

static void put_object(lua_State *L, int at, struct wire *wire)
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
static void push_object(lua_State *L, struct reader *reader, struct wire *wire)
{
    struct isolate *isolate = isolate_of(wire);
    uint8_t kind = read_u8(reader);
    uint64_t handle = read_varint(reader);

    lua_rawgeti(L, LUA_REGISTRYINDEX, kind == 'r' ? isolate->rows : isolate->kept);
    lua_rawgeti(L, -1, handle <= INT32_MAX ? (lua_Integer)handle : 0);
    lua_remove(L, -2);
    if (lua_type(L, -1) != LUA_TUSERDATA) {
        end_process(isolate);
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
        end_process(isolate);
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

static void answer(lua_State *L, struct isolate *isolate, struct slice payload)
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
        end_process(isolate);
        script_raise(L, &err);
    }
}

// Calls -------------------------------------------------------------------------------------

static void log_print(struct isolate *isolate, struct slice text)
{
    isolate->printed += text.len + 1;
    if (isolate->printed <= PRINTS_MAX)
        log_info("print", LOG_TEXT("app", isolate->state->app->manifest.id),
                 LOG_SLICE("text", text));
}

// What the process says of its failure. It may say that its app failed, that there is no such
// thing, that a limit was reached; every other code only as the echo of what it was told.
static int fail(lua_State *L, struct isolate *isolate, struct slice payload)
{
    struct reader reader = reader_of(payload);
    struct err err = {ERR_NONE, ""};
    bool is_spent = read_u8(&reader) != 0;

    if (!wire_read_err(&reader, &err)) {
        end_process(isolate);
        return luaL_error(L, "a message is malformed");
    }
    if (err.code != ERR_SCRIPT && err.code != ERR_ABSENT && err.code != ERR_LIMIT &&
        err.code != isolate->raised)
        err.code = ERR_SCRIPT;
    isolate->broken = is_spent;
    isolate->under_way = false;
    script_raise(L, &err);
}

static int lost(lua_State *L, struct isolate *isolate, struct err *err)
{
    const char *app = isolate->state->app->manifest.id;
    struct err told;

    end_process(isolate);
    if (err->code == ERR_LIMIT)
        err_set(&told, ERR_LIMIT, "%s: its process did not end in time and was killed", app);
    else
        err_set(&told, ERR_SCRIPT, "%s: its process is lost: %s", app, err->text);
    script_raise(L, &told);
}

static int converse(lua_State *L, struct isolate *isolate, struct err *err);

// Waiting on the loop, so that others are served meanwhile -----------------------------------

static void stop_waiting(struct isolate *isolate)
{
    struct loop *loop = isolate->state->host->options.loop;

    if (isolate->watch != NULL)
        loop->unwatch(loop, isolate->watch);
    if (isolate->timer != NULL)
        loop->cancel(loop, isolate->timer);
    isolate->watch = NULL;
    isolate->timer = NULL;
}

static void something_came(void *context)
{
    struct isolate *isolate = context;

    stop_waiting(isolate);
    script_wake(isolate->run);
}

static void time_is_over(void *context)
{
    struct isolate *isolate = context;

    isolate->timer = NULL; // it has fired
    something_came(isolate);
}

// The call is ended from outside: its process is in the middle of it.
static void give_up(void *context)
{
    stop_waiting(context);
    end_process(context);
}

static int go_on(lua_State *L, int status, lua_KContext context)
{
    struct isolate *isolate = (struct isolate *)context;
    struct err err = {ERR_NONE, ""};

    (void)status;
    return converse(L, isolate, &err);
}

static int wait_on_loop(lua_State *L, struct isolate *isolate)
{
    struct loop *loop = isolate->state->host->options.loop;
    int64_t left_us = isolate->wire.until_us - clock_mono_us(clock_system());
    struct script_wait wait = {go_on, give_up, isolate};

    isolate->run = script_running(L);
    isolate->watch = loop->watch(loop, isolate->wire.fd, something_came, isolate);
    isolate->timer = loop->after(loop, left_us > 0 ? left_us / 1000 + 1 : 1, time_is_over, isolate);
    return script_suspend(L, &wait);
}

// From what was sent to the results: [-0, +n].
static int converse(lua_State *L, struct isolate *isolate, struct err *err)
{
    bool can_wait = isolate->state->host->options.loop != NULL && script_running(L) != NULL;
    struct frame frame;
    struct reader reader;
    int results;

    isolate->wire.patient_us = can_wait ? clock_mono_us(clock_system()) + PATIENCE_US : 0;
    while (wire_receive(&isolate->wire, &frame, err)) {
        if (frame.tag != isolate->wire.call)
            break;
        if (frame.kind == WIRE_DONE) {
            reader = reader_of(frame.payload);
            isolate->broken = read_u8(&reader) != 0; // it asks for a successor
            results = wire_push_all(L, &reader, &isolate->wire);
            isolate->under_way = false;
            return results;
        }
        if (frame.kind == WIRE_FAILED)
            return fail(L, isolate, frame.payload);
        if (frame.kind == WIRE_ASK)
            answer(L, isolate, frame.payload);
        else if (frame.kind == WIRE_PRINT)
            log_print(isolate, frame.payload);
        else
            break;
    }
    if (err->code == ERR_BUSY && can_wait)
        return wait_on_loop(L, isolate);
    if (err->code == ERR_NONE)
        err_set(err, ERR_INPUT, "a message out of turn");
    return lost(L, isolate, err);
}

static int send_and_converse(lua_State *L, struct isolate *isolate)
{
    struct err err = {ERR_NONE, ""};

    return wire_send(&isolate->wire, &err) ? converse(L, isolate, &err) : lost(L, isolate, &err);
}

static void new_table(lua_State *L, int *ref)
{
    lua_newtable(L);
    if (*ref == LUA_NOREF)
        *ref = luaL_ref(L, LUA_REGISTRYINDEX);
    else
        lua_rawseti(L, LUA_REGISTRYINDEX, *ref);
}

// The worker's own deadline: a process that is not believed to keep its limits.
static void begin(lua_State *L, struct isolate *isolate, enum wire_kind kind)
{
    new_table(L, &isolate->rows);
    isolate->row_count = 0;
    isolate->printed = 0;
    isolate->raised = ERR_NONE;
    isolate->place[0] = 0;
    isolate->depth = 0;
    isolate->under_way = true;
    isolate->wire.call++;
    isolate->wire.until_us = clock_mono_us(clock_system()) + isolate->state->kill_ms * 1000;
    wire_begin(&isolate->wire, kind);
}

static void put_limits(struct buffer *out, const struct script_limits *limits)
{
    buffer_varint(out, (uint64_t)limits->cpu_ms);
    buffer_varint(out, (uint64_t)limits->wall_ms);
    buffer_varint(out, limits->memory);
    buffer_varint(out, (uint64_t)limits->pattern_steps);
}

// [-0, +0]; call.get on top, the table below it
static void add_seen(lua_State *L, const char *name)
{
    lua_pushvalue(L, -1);
    lua_pushstring(L, name);
    lua_call(L, 1, 1);
    lua_setfield(L, -3, name);
}

// What nearly every page asks core.call for, so that it need not ask. [-0, +1]
static void push_seen(lua_State *L, const struct isolate *isolate)
{
    static const char *const names[] = {
        "lang", "theme", "role", "csrf", "write_key", "nonce", "request_id", "signed_in",
        "program", "write", "method", "path", "now", "today", "org_id", "app", "name", "root",
        "instance", NULL};

    lua_newtable(L);
    if (isolate->state->call == NULL)
        return;
    lua_rawgeti(L, LUA_REGISTRYINDEX, isolate->functions);
    lua_getfield(L, -1, "call.get");
    lua_remove(L, -2);
    for (const char *const *name = names; *name != NULL; name++)
        add_seen(L, *name);
    for (size_t i = 0; i < isolate->asked_count && !isolate->state->call->write; i++)
        add_seen(L, isolate->asked[i]);
    lua_pop(L, 1);
}

// A function of the door: upvalue 1 is its name, argument 1 the organisation.
static int forward(lua_State *L)
{
    struct isolate *isolate = bind_state(L)->isolate;
    const struct call *call = isolate->state->call;
    struct buffer *out = &isolate->wire.out;
    int args = lua_gettop(L);

    begin(L, isolate, WIRE_CALL);
    buffer_u8(out, call != NULL && call->write);
    put_limits(out, &isolate->state->limits);
    buffer_sized(out, bind_check_slice(L, lua_upvalueindex(1)));
    buffer_sized(out, bind_check_slice(L, 1));
    push_seen(L, isolate);
    wire_put(L, -1, &isolate->wire);
    lua_settop(L, args);
    wire_put_all(L, 2, args - 1, &isolate->wire);
    return send_and_converse(L, isolate);
}

// door[name]: upvalues are not shared, so each has its own.
static int door_index(lua_State *L)
{
    lua_settop(L, 2);
    lua_pushvalue(L, 2);
    lua_pushcclosure(L, forward, 1);
    lua_pushvalue(L, 2);
    lua_pushvalue(L, -2);
    lua_rawset(L, 1);
    return 1;
}

// Opening -----------------------------------------------------------------------------------

static void put_boot(struct buffer *out, const struct state *state)
{
    const struct config *config = state->host->options.config;
    const struct manifest *manifest = &state->app->manifest;

    buffer_sized(out, slice_text(config->platform));
    buffer_sized(out, slice_text(state->app->folder));
    buffer_sized(out, slice_text(manifest->id));
    buffer_sized(out, slice_text(manifest->version));
    buffer_u8(out, state->declaring);
    buffer_u8(out, config->development);
    buffer_varint(out, (uint64_t)config->script.cpu_ms);
    buffer_varint(out, (uint64_t)config->script.wall_ms);
    buffer_varint(out, (uint64_t)config->script.memory);
    buffer_varint(out, (uint64_t)config->script.pattern_steps);
    buffer_varint(out, (uint64_t)config->script.instances);
    buffer_varint(out, (uint64_t)config->script.output);
    buffer_varint(out, (uint64_t)manifest->memory);
}

static int boot(lua_State *L)
{
    struct isolate *isolate = lua_touserdata(L, 1);

    new_table(L, &isolate->functions);
    new_table(L, &isolate->kept);
    bind_each_remote(L, add_functions);
    lua_rawgeti(L, LUA_REGISTRYINDEX, isolate->functions);
    lua_pushcfunction(L, row_get);
    lua_setfield(L, -2, "row.get");
    lua_pushcfunction(L, row_set);
    lua_setfield(L, -2, "row.set");
    lua_pushcfunction(L, allows);
    lua_setfield(L, -2, "core.record.allows");
    begin(L, isolate, WIRE_BOOT);
    put_boot(&isolate->wire.out, isolate->state);
    send_and_converse(L, isolate);
    lua_newtable(L);
    lua_createtable(L, 0, 1);
    lua_pushcfunction(L, door_index);
    lua_setfield(L, -2, "__index");
    lua_setmetatable(L, -2);
    isolate->state->door = luaL_ref(L, LUA_REGISTRYINDEX);
    return 0;
}

bool isolate_open(struct state *state, struct err *err)
{
    const struct host_options *options = &state->host->options;
    struct isolate *isolate = mem_zero(sizeof *isolate);

    isolate->state = state;
    isolate->process = isolate->wire.fd = -1;
    isolate->functions = isolate->rows = isolate->kept = LUA_NOREF;
    isolate->wire.most_in = (size_t)options->config->script.output + SLACK;
    isolate->wire.most_out = (size_t)options->config->script.memory;
    isolate->wire.put_object = put_object;
    isolate->wire.push_object = push_object;
    state->isolate = isolate;
    if (options->nursery == NULL)
        return err_set(err, ERR_INPUT, "it is to be isolated, and this command has no way to");
    return nursery_make(options->nursery, &isolate->wire.fd, &isolate->process, err) &&
           state_run(state, boot, isolate, err);
}

void isolate_close(struct isolate *isolate)
{
    if (isolate == NULL)
        return;
    stop_waiting(isolate);
    end_process(isolate);
    if (isolate->process >= 0)
        close(isolate->process);
    wire_finish(&isolate->wire);
    free(isolate);
}
