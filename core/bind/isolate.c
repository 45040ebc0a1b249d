// SPDX-License-Identifier: Apache-2.0
#include "bind/isolate_inside.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/log.h"
#include "base/loop.h"
#include "bind/nursery.h"

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

void isolate_kill(struct isolate *isolate)
{
    isolate->broken = true;
    if (isolate->process >= 0)
        syscall(SYS_pidfd_send_signal, isolate->process, SIGKILL, NULL, 0);
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
        isolate_kill(isolate);
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

    isolate_kill(isolate);
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
    isolate_kill(context);
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
            isolate_answer(L, isolate, frame.payload);
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
    isolate_add_functions(L);
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
    isolate->wire.put_object = isolate_put_object;
    isolate->wire.push_object = isolate_push_object;
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
    isolate_kill(isolate);
    if (isolate->process >= 0)
        close(isolate->process);
    wire_finish(&isolate->wire);
    free(isolate);
}
