// SPDX-License-Identifier: Apache-2.0
#include "bind/wire.h"

#include <errno.h>
#include <lauxlib.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"

enum { PIECE = 64 * 1024 };

void wire_finish(struct wire *wire)
{
    buffer_finish(&wire->in);
    buffer_finish(&wire->out);
    if (wire->fd >= 0)
        close(wire->fd);
    wire->fd = -1;
}

// Messages ---------------------------------------------------------------------------------

void wire_begin(struct wire *wire, enum wire_kind kind)
{
    wire->out.len = 0;
    frame_put(&wire->out, wire->call, (uint8_t)kind, slice_of("", 0));
}

static bool gone(struct err *err, const char *what)
{
    return err_set(err, ERR_IO, "%s: %s", what, errno != 0 ? strerror(errno) : "it ended");
}

static bool is_in_time(const struct wire *wire, int64_t *left_us, struct err *err)
{
    *left_us = wire->waits ? 1 : wire->until_us - clock_mono_us(clock_system());
    return *left_us > 0 || err_set(err, ERR_LIMIT, "it did not end in time");
}

// Until the line can be read or written, or the time is over.
static bool wait_for(struct wire *wire, short events, struct err *err)
{
    struct pollfd polled = {wire->fd, events, 0};
    int64_t left_us;

    do {
        if (!is_in_time(wire, &left_us, err))
            return false;
        if (wire->patient_us > 0 && events == POLLIN) {
            left_us += wire->patient_us - wire->until_us; // until it would rather do other things
            if (left_us <= 0)
                return err_set(err, ERR_BUSY, "nothing is there yet");
        }
    } while (poll(&polled, 1, (int)(left_us / 1000 + 1)) <= 0);
    return true;
}

bool wire_send(struct wire *wire, struct err *err)
{
    uint32_t len = (uint32_t)(wire->out.len - 4);
    const uint8_t head[] = {len >> 24 & 0xff, len >> 16 & 0xff, len >> 8 & 0xff, len & 0xff};
    size_t at = 0;

    memcpy(wire->out.data, head, sizeof head);
    while (at < wire->out.len) {
        const uint8_t *from = wire->out.data + at;
        ssize_t sent = wire->waits ? write(wire->fd, from, wire->out.len - at)
                                   : send(wire->fd, from, wire->out.len - at,
                                          MSG_NOSIGNAL | MSG_DONTWAIT);

        if (sent > 0)
            at += (size_t)sent;
        else if (sent < 0 && errno == EAGAIN && !wire->waits) {
            if (!wait_for(wire, POLLOUT, err))
                return false;
        } else if (sent >= 0 || errno != EINTR)
            return gone(err, "write");
    }
    return true;
}

// More bytes into `in`; false when none will come.
static bool fill(struct wire *wire, struct err *err)
{
    for (;;) {
        uint8_t *room = buffer_room(&wire->in, PIECE);
        ssize_t got = wire->waits ? read(wire->fd, room, PIECE)
                                  : recv(wire->fd, room, PIECE, MSG_DONTWAIT);

        if (got > 0) {
            wire->in.len += (size_t)got;
            return true;
        }
        if (got == 0) {
            errno = 0;
            return gone(err, "read");
        }
        if (errno == EAGAIN && !wire->waits) {
            if (!wait_for(wire, POLLIN, err))
                return false;
        } else if (errno != EINTR) {
            return gone(err, "read");
        }
    }
}

static void drop_taken(struct wire *wire)
{
    if (wire->taken > 0)
        memmove(wire->in.data, wire->in.data + wire->taken, wire->in.len - wire->taken);
    wire->in.len -= wire->taken;
    wire->taken = 0;
}

static bool is_too_long(const struct wire *wire)
{
    struct reader reader = reader_of(buffer_view(&wire->in));

    return wire->in.len >= 4 && read_u32(&reader) > wire->most_in;
}

bool wire_receive(struct wire *wire, struct frame *frame, struct err *err)
{
    int64_t left_us;

    drop_taken(wire);
    while (is_in_time(wire, &left_us, err)) { // who never stops talking is not waited for
        enum frame_result result = frame_next(buffer_view(&wire->in), &wire->taken, frame);

        if (is_too_long(wire) || result == FRAME_BROKEN)
            return err_set(err, ERR_INPUT, "a message of a wrong length");
        if (result == FRAME_READY)
            return true;
        if (!fill(wire, err))
            return false;
    }
    return false;
}

// Values -----------------------------------------------------------------------------------

static void put(lua_State *L, int at, struct wire *wire, int depth);

static void put_text(lua_State *L, int at, struct buffer *out)
{
    struct slice text;

    text.data = (const uint8_t *)lua_tolstring(L, at, &text.len);
    buffer_u8(out, WIRE_TEXT);
    buffer_sized(out, text);
}

// The list first, so that the other side makes room for it at once; then the rest by name.
static void put_table(lua_State *L, int at, struct wire *wire, int depth)
{
    lua_Integer count = (lua_Integer)lua_rawlen(L, at);
    int whole;

    if (depth == WIRE_DEPTH_MAX)
        luaL_error(L, "too deep: at most %d tables in each other cross", WIRE_DEPTH_MAX);
    luaL_checkstack(L, 4, "values");
    buffer_u8(&wire->out, WIRE_TABLE);
    buffer_varint(&wire->out, (uint64_t)count);
    for (lua_Integer i = 1; i <= count; i++) {
        lua_rawgeti(L, at, i);
        put(L, lua_gettop(L), wire, depth + 1);
        lua_pop(L, 1);
    }
    for (lua_pushnil(L); lua_next(L, at) != 0; lua_pop(L, 1)) {
        lua_Integer key = lua_tointegerx(L, -2, &whole);

        if (whole && lua_type(L, -2) == LUA_TNUMBER && key >= 1 && key <= count)
            continue;
        put(L, lua_gettop(L) - 1, wire, WIRE_DEPTH_MAX);
        put(L, lua_gettop(L), wire, depth + 1);
    }
    buffer_u8(&wire->out, WIRE_END);
}

static void put(lua_State *L, int at, struct wire *wire, int depth)
{
    struct buffer *out = &wire->out;
    lua_Number number;

    if (out->len > wire->most_out)
        luaL_error(L, "too much at once: at most %d bytes cross", (int)wire->most_out);
    switch (lua_type(L, at)) {
    case LUA_TNIL:
    case LUA_TNONE:
        buffer_u8(out, WIRE_NIL);
        break;
    case LUA_TBOOLEAN:
        buffer_u8(out, lua_toboolean(L, at) ? WIRE_TRUE : WIRE_FALSE);
        break;
    case LUA_TNUMBER:
        buffer_u8(out, lua_isinteger(L, at) ? WIRE_INTEGER : WIRE_NUMBER);
        if (lua_isinteger(L, at)) {
            buffer_u64(out, (uint64_t)lua_tointeger(L, at));
        } else {
            number = lua_tonumber(L, at);
            buffer_bytes(out, &number, sizeof number);
        }
        break;
    case LUA_TSTRING:
        put_text(L, at, out);
        break;
    case LUA_TTABLE:
        put_table(L, at, wire, depth);
        break;
    case LUA_TUSERDATA:
        wire->put_object(L, at, wire);
        break;
    default:
        luaL_error(L, "only plain values cross to the platform, not a %s", luaL_typename(L, at));
    }
}

void wire_put(lua_State *L, int at, struct wire *wire)
{
    put(L, lua_absindex(L, at), wire, 0);
}

void wire_put_all(lua_State *L, int first, int count, struct wire *wire)
{
    if (count > WIRE_VALUES_MAX)
        luaL_error(L, "too many values: at most %d cross", WIRE_VALUES_MAX);
    buffer_varint(&wire->out, (uint64_t)count);
    for (int i = 0; i < count; i++)
        put(L, first + i, wire, 0);
}

static int malformed(lua_State *L)
{
    return luaL_error(L, "a message is malformed");
}

static bool push(lua_State *L, struct reader *reader, struct wire *wire, int depth);

static void push_table(lua_State *L, struct reader *reader, struct wire *wire, int depth)
{
    uint64_t count = read_varint(reader);

    if (depth == WIRE_DEPTH_MAX || count > reader_left(reader))
        malformed(L);
    luaL_checkstack(L, 4, "values");
    lua_createtable(L, (int)count, 0);
    for (lua_Integer i = 1; i <= (lua_Integer)count; i++) {
        if (!push(L, reader, wire, depth + 1))
            malformed(L);
        lua_rawseti(L, -2, i);
    }
    while (push(L, reader, wire, WIRE_DEPTH_MAX)) {
        if (lua_isnil(L, -1) || !push(L, reader, wire, depth + 1))
            malformed(L);
        lua_rawset(L, -3);
    }
}

static void push_number(lua_State *L, struct reader *reader)
{
    struct slice bytes = read_bytes(reader, sizeof(lua_Number));
    lua_Number number = 0;

    if (bytes.len == sizeof number)
        memcpy(&number, bytes.data, sizeof number);
    lua_pushnumber(L, number);
}

// False, and nothing is pushed: the end of a table.
static bool push(lua_State *L, struct reader *reader, struct wire *wire, int depth)
{
    enum wire_value value = read_u8(reader);
    struct slice text;

    if (reader->failed)
        malformed(L);
    switch (value) {
    case WIRE_NIL:
        lua_pushnil(L);
        break;
    case WIRE_FALSE:
    case WIRE_TRUE:
        lua_pushboolean(L, value == WIRE_TRUE);
        break;
    case WIRE_INTEGER:
        lua_pushinteger(L, (lua_Integer)read_u64(reader));
        break;
    case WIRE_NUMBER:
        push_number(L, reader);
        break;
    case WIRE_TEXT:
        text = read_sized(reader);
        lua_pushlstring(L, text.data != NULL ? (const char *)text.data : "", text.len);
        break;
    case WIRE_TABLE:
        push_table(L, reader, wire, depth);
        break;
    case WIRE_END:
        return false;
    case WIRE_OBJECT:
        wire->push_object(L, reader, wire);
        break;
    default:
        malformed(L);
    }
    if (reader->failed)
        malformed(L);
    return true;
}

void wire_push(lua_State *L, struct reader *reader, struct wire *wire)
{
    if (!push(L, reader, wire, 0))
        malformed(L);
}

int wire_push_all(lua_State *L, struct reader *reader, struct wire *wire)
{
    uint64_t count = read_varint(reader);

    if (reader->failed || count > WIRE_VALUES_MAX)
        malformed(L);
    luaL_checkstack(L, (int)count + LUA_MINSTACK, "values");
    for (uint64_t i = 0; i < count; i++)
        wire_push(L, reader, wire);
    return (int)count;
}

// Errors -----------------------------------------------------------------------------------

void wire_put_err(struct wire *wire, const struct err *err)
{
    buffer_u8(&wire->out, (uint8_t)err->code);
    buffer_sized(&wire->out, slice_text(err->text));
}

bool wire_read_err(struct reader *reader, struct err *err)
{
    enum err_code code = read_u8(reader);
    struct slice text = read_sized(reader);

    if (reader->failed || code == ERR_NONE || code > ERR_UNKNOWN)
        return false;
    err_set(err, code, "%.*s", (int)(text.len < sizeof err->text ? text.len : sizeof err->text - 1),
            text.data != NULL ? (const char *)text.data : "");
    return true;
}
