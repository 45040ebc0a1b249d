// SPDX-License-Identifier: Apache-2.0
#include "bind/cell.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

#include "base/cage.h"
#include "bind/cell_state.h"
#include "bind/wire.h"
#include "script/sources.h"

enum { SLACK = 32 * 1024 * 1024, WAY_BACK = 64 * 1024 }; // bytes
// Processor time of a process in all: it asks to be replaced well before it is killed.
enum { RETIRE_S = 30, KILLED_S = 60 };

struct cell {
    struct wire wire;
    struct config config; // as much of it as the worker told
    struct host host;
    struct app app;
    struct arena arena;
    struct buffer order; // the running call, as it came
    bool keeps;
};

// What runs here, because it needs no more than is here.
static const char *const local[] = {
    "core.app.place",      "core.app.check_keys",  "core.call.days", "core.call.absent",
    "core.call.is_running", "core.call.url", NULL};
// What is always the same.
static const char *const constant[] = {"core.call.asset", NULL};

static bool is_among(const char *const *names, const char *name)
{
    for (; *names != NULL; names++)
        if (strcmp(*names, name) == 0)
            return true;
    return false;
}

bool cell_keeps(const struct cell *cell)
{
    return cell->keeps;
}

// Questions ---------------------------------------------------------------------------------

static int raise_told(lua_State *L, struct reader *reader)
{
    struct err err;

    if (!wire_read_err(reader, &err))
        _exit(1);
    if (err.code != ERR_SCRIPT)
        script_raise(L, &err);
    luaL_where(L, 1); // as if the function had run here
    lua_pushstring(L, err.text);
    lua_concat(L, 2);
    return lua_error(L);
}

int cell_ask(lua_State *L, const char *function, int first)
{
    struct state *state = bind_state(L);
    struct wire *wire = &state->cell->wire;
    char place[SCRIPT_PLACE_MAX] = "";
    struct reader reader;
    struct frame frame;

    script_check_deadline(L);
    if (state->call == NULL)
        script_place(L, place);
    wire_begin(wire, WIRE_ASK);
    buffer_sized(&wire->out, slice_text(function));
    buffer_sized(&wire->out, slice_text(place));
    wire_put_all(L, first, lua_gettop(L) - first + 1, wire);
    if (!wire_send(wire, NULL) || !wire_receive(wire, &frame, NULL))
        _exit(1); // nobody is there any more
    reader = reader_of(frame.payload);
    if (frame.kind != WIRE_ANSWER)
        return raise_told(L, &reader);
    return wire_push_all(L, &reader, wire);
}

static int ask(lua_State *L)
{
    return cell_ask(L, lua_tostring(L, lua_upvalueindex(1)), 1);
}

// For functions of one text whose answer never changes; upvalue 2 holds the answers.
static int ask_once(lua_State *L)
{
    luaL_checkstring(L, 1);
    lua_settop(L, 1);
    lua_pushvalue(L, 1);
    if (lua_rawget(L, lua_upvalueindex(2)) != LUA_TNIL)
        return 1;
    lua_settop(L, 1);
    cell_ask(L, lua_tostring(L, lua_upvalueindex(1)), 1);
    lua_settop(L, 2);
    lua_pushvalue(L, 1);
    lua_pushvalue(L, 2);
    lua_rawset(L, lua_upvalueindex(2));
    return 1;
}

void cell_ask_call(lua_State *L)
{
    int top = lua_gettop(L);

    lua_pushvalue(L, 2);
    cell_ask(L, "call.get", top + 1);
    lua_replace(L, top + 1);
    lua_settop(L, top + 1);
}

// The state ---------------------------------------------------------------------------------

// The functions of the module on top that need the host. [-0, +0]
static void ask_for(lua_State *L, const char *module)
{
    int at = lua_gettop(L);

    for (lua_pushnil(L); lua_next(L, at) != 0; lua_settop(L, at + 1)) {
        const char *name;

        if (lua_type(L, at + 1) != LUA_TSTRING || !lua_isfunction(L, at + 2))
            continue;
        name = lua_pushfstring(L, "%s.%s", module, lua_tostring(L, at + 1));
        if (is_among(local, name))
            continue;
        if (is_among(constant, name)) {
            lua_newtable(L);
            lua_pushcclosure(L, ask_once, 2);
        } else {
            lua_pushcclosure(L, ask, 1);
        }
        lua_pushvalue(L, at + 1);
        lua_insert(L, -2);
        lua_rawset(L, at);
    }
    if (strcmp(module, "core.record") == 0)
        cell_rows_open(L);
    lua_settop(L, at);
}

static int ask_for_all(lua_State *L)
{
    bind_each_remote(L, ask_for);
    return 0;
}

static void print(void *context, struct slice line)
{
    struct cell *cell = context;

    wire_begin(&cell->wire, WIRE_PRINT);
    buffer_slice(&cell->wire.out, line);
    if (!wire_send(&cell->wire, NULL))
        _exit(1);
}

bool cell_prepare(struct state *state, struct err *err)
{
    struct cell *cell = state->cell;
    size_t memory = (size_t)cell->config.script.memory;

    script_print(state->script, print, cell);
    return cage_enter(2 * memory + 4 * cell->wire.most_out + SLACK, KILLED_S, err) &&
           state_run(state, ask_for_all, state, err);
}

// Calls -------------------------------------------------------------------------------------

struct order {
    struct state *state;
    struct reader reader; // stands before the values
    struct slice name, org;
    int instance;
};

static bool has_worked_enough(void)
{
    struct timespec used;

    return clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used) == 0 && used.tv_sec >= RETIRE_S;
}

static int run_order(lua_State *L)
{
    struct order *order = lua_touserdata(L, 1);
    struct wire *wire = &order->state->cell->wire;
    int args;

    lua_settop(L, 0);
    if (slice_is(order->name, "open")) {
        bind_push_slice(L, order->org); // it is open already: that is how the call got here
    } else {
        call_open(L);
        wire_push(L, &order->reader, wire);
        bind_call_remember(L);
        lua_rawgeti(L, LUA_REGISTRYINDEX, order->state->door);
        bind_push_slice(L, order->name);
        lua_gettable(L, -2);
        lua_remove(L, 1);
        lua_rawgeti(L, LUA_REGISTRYINDEX, order->instance);
        args = wire_push_all(L, &order->reader, wire);
        lua_call(L, args + 1, LUA_MULTRET);
    }
    wire_begin(wire, WIRE_DONE);
    buffer_u8(&wire->out, has_worked_enough());
    wire_put_all(L, 1, lua_gettop(L), wire);
    return 0;
}

static struct script_limits read_limits(struct reader *reader)
{
    struct script_limits limits = {0};

    limits.cpu_ms = (int64_t)read_varint(reader);
    limits.wall_ms = (int64_t)read_varint(reader);
    limits.memory = (size_t)read_varint(reader);
    limits.pattern_steps = (int64_t)read_varint(reader);
    return limits;
}

static bool run_call(struct state *state, struct slice payload, struct err *err)
{
    struct order order = {.state = state, .reader = reader_of(payload)};
    bool write = read_u8(&order.reader) != 0, done;
    struct script_limits limits = read_limits(&order.reader);
    struct host_request request = {.app = slice_text(state->app->manifest.id)};
    struct view view = {.arena = &state->cell->arena, .clock = clock_system()};
    struct call call = {.view = &view, .request = &request, .write = write};

    order.name = read_sized(&order.reader);
    order.org = read_sized(&order.reader);
    if (!id_from_text(order.org, &request.org) ||
        !instance_ready(state, request.org, &order.instance, err))
        return false;
    state_limit(state, &limits);
    state->cell->keeps = !write;
    done = call_run(state, &call, run_order, &order, err);
    call_finish(state, &call);
    arena_reset(&state->cell->arena);
    return done;
}

static void report(struct cell *cell, bool spent, const struct err *err)
{
    wire_begin(&cell->wire, WIRE_FAILED);
    buffer_u8(&cell->wire.out, spent);
    wire_put_err(&cell->wire, err);
}

// The payload moves when a question is answered: the order is worked off from a copy.
static void answer_calls(struct cell *cell, struct state *state)
{
    struct frame frame;

    while (wire_receive(&cell->wire, &frame, NULL) && frame.kind == WIRE_CALL) {
        struct err err = {ERR_INPUT, "a call is malformed"};

        cell->wire.call = frame.tag;
        cell->order.len = 0;
        buffer_slice(&cell->order, frame.payload);
        if (!run_call(state, buffer_view(&cell->order), &err))
            report(cell, script_is_spent(state->script), &err);
        if (!wire_send(&cell->wire, NULL))
            return;
    }
}

// Beginning ---------------------------------------------------------------------------------

static const char *keep_text(struct cell *cell, struct reader *reader)
{
    return arena_text(&cell->host.arena, read_sized(reader));
}

static bool read_boot(struct cell *cell, struct reader *reader)
{
    struct config *config = &cell->config;
    bool declaring;

    config->platform = keep_text(cell, reader);
    cell->app.folder = keep_text(cell, reader);
    cell->app.manifest.id = keep_text(cell, reader);
    cell->app.manifest.version = keep_text(cell, reader);
    declaring = read_u8(reader) != 0;
    config->development = read_u8(reader) != 0;
    config->script.cpu_ms = (int64_t)read_varint(reader);
    config->script.wall_ms = (int64_t)read_varint(reader);
    config->script.memory = (int64_t)read_varint(reader);
    config->script.pattern_steps = (int64_t)read_varint(reader);
    config->script.instances = (int64_t)read_varint(reader);
    config->script.output = (int64_t)read_varint(reader);
    cell->app.manifest.memory = (int64_t)read_varint(reader);
    return declaring;
}

static bool read_sources(struct cell *cell, struct err *err)
{
    struct script_sources *sources = script_sources_create();

    cell->host.sources = sources;
    return script_sources_add(sources, arena_format(&cell->host.arena, "%s/lua",
                                                    cell->config.platform), err) &&
           script_sources_add(sources, cell->app.folder, err);
}

// Where memory runs out, this process goes before those that serve everybody.
static void be_the_first_to_go(void)
{
    int file = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);

    if (file >= 0) {
        (void)!write(file, "1000", 4);
        close(file);
    }
}

void cell_run(int socket)
{
    struct cell *cell = mem_zero(sizeof *cell);
    struct err err = {ERR_NONE, ""};
    struct state *state = NULL;
    struct reader reader;
    struct frame frame;
    bool declaring;

    prctl(PR_SET_NAME, "sy app");
    signal(SIGPIPE, SIG_IGN);
    be_the_first_to_go();
    cell->wire = (struct wire){.fd = socket, .waits = true, .most_in = FRAME_MAX,
                               .put_object = cell_put_object, .push_object = cell_push_object};
    if (!wire_receive(&cell->wire, &frame, NULL) || frame.kind != WIRE_BOOT)
        _exit(1);
    reader = reader_of(frame.payload);
    declaring = read_boot(cell, &reader);
    cell->wire.call = frame.tag;
    cell->wire.most_out = (size_t)cell->config.script.output + WAY_BACK;
    cell->host.options = (struct host_options){.config = &cell->config, .clock = clock_system(),
                                               .random = random_system()};
    cell->host.cell = cell;
    cell->host.apps = &cell->app;
    cell->host.app_count = 1;
    cell->app.host = &cell->host;
    // Before the cage, in which no file is opened.
    if (read_sources(cell, &err))
        state = state_create(&cell->app, declaring, &err);
    if (state == NULL) {
        report(cell, true, &err);
    } else {
        wire_begin(&cell->wire, WIRE_DONE);
        buffer_u8(&cell->wire.out, false);
        buffer_varint(&cell->wire.out, 0);
    }
    if (wire_send(&cell->wire, NULL) && state != NULL)
        answer_calls(cell, state);
    _exit(0);
}
