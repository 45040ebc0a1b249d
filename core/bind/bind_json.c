// SPDX-License-Identifier: Apache-2.0
// core.json (RFC 8259): encoding with keys in byte order, integers that stay integers and no
// metamethods; json_read.c decodes. null is json.null, an empty array is one marked by json.array.
#include <lauxlib.h>
#include <math.h>
#include <stdlib.h>

#include "base/json.h"
#include "bind/pure.h"
#include "script/script.h"

#define BUFFER_TYPE "shuyuan.buffer"

const char bind_json_null, bind_json_array;

static int free_buffer(lua_State *L)
{
    struct buffer *buffer = lua_touserdata(L, 1);

    buffer_finish(buffer);
    *buffer = BUFFER_EMPTY;
    return 0;
}

void *bind_push_owned(lua_State *L, size_t size)
{
    struct buffer *buffer = lua_newuserdatauv(L, size, 0);

    *buffer = BUFFER_EMPTY;
    if (luaL_newmetatable(L, BUFFER_TYPE)) {
        lua_pushcfunction(L, free_buffer);
        lua_setfield(L, -2, "__gc");
        lua_pushboolean(L, 0);
        lua_setfield(L, -2, "__metatable");
    }
    lua_setmetatable(L, -2);
    return buffer;
}

struct buffer *bind_push_buffer(lua_State *L)
{
    return bind_push_owned(L, sizeof(struct buffer));
}

struct key {
    struct slice text;
};

struct encoder {
    lua_State *L;
    struct buffer *out;
    struct buffer *keys; // struct key of all open objects, innermost last
    int depth;
};

static void encode_value(struct encoder *encoder, int index);

static void check_size(struct encoder *encoder)
{
    if (encoder->out->len > JSON_MAX)
        luaL_error(encoder->L, "more than %d bytes of JSON", JSON_MAX);
}

static void encode_float(struct encoder *encoder, double number)
{
    char text[40];

    script_check_deadline(encoder->L);
    if (!isfinite(number))
        luaL_error(encoder->L, "JSON has no number %f", number);
    for (int digits = 15; digits <= 17; digits++) {
        snprintf(text, sizeof text, "%.*g", digits, number);
        if (strtod(text, NULL) == number)
            break;
    }
    buffer_text(encoder->out, text);
    if (strpbrk(text, ".e") == NULL)
        buffer_text(encoder->out, ".0");
}

static bool is_marked(lua_State *L, int index)
{
    bool is;

    if (!lua_getmetatable(L, index))
        return false;
    lua_rawgetp(L, LUA_REGISTRYINDEX, &bind_json_array);
    is = lua_rawequal(L, -1, -2);
    lua_pop(L, 2);
    return is;
}

static void encode_array(struct encoder *encoder, int index, lua_Integer count)
{
    lua_State *L = encoder->L;

    buffer_u8(encoder->out, '[');
    for (lua_Integer i = 1; i <= count; i++) {
        if (i > 1)
            buffer_u8(encoder->out, ',');
        lua_rawgeti(L, index, i);
        encode_value(encoder, lua_gettop(L));
        lua_pop(L, 1);
    }
    buffer_u8(encoder->out, ']');
}

static int compare_keys(const void *a, const void *b)
{
    return slice_compare(((const struct key *)a)->text, ((const struct key *)b)->text);
}

// The keys stay where they are: the table holds its strings and is not changed meanwhile.
static size_t collect_keys(struct encoder *encoder, int index)
{
    lua_State *L = encoder->L;
    size_t count = 0;

    for (lua_pushnil(L); lua_next(L, index); lua_pop(L, 1)) {
        struct key key;

        if (lua_type(L, -2) != LUA_TSTRING)
            luaL_error(L, "a %s is no key of a JSON object", luaL_typename(L, -2));
        key.text.data = (const uint8_t *)lua_tolstring(L, -2, &key.text.len);
        buffer_bytes(encoder->keys, &key, sizeof key);
        if (++count > JSON_MAX / 4)
            luaL_error(L, "more than %d bytes of JSON", JSON_MAX);
    }
    return count;
}

static void encode_object(struct encoder *encoder, int index)
{
    lua_State *L = encoder->L;
    size_t from = encoder->keys->len, count = collect_keys(encoder, index);

    if (count > 1)
        qsort(encoder->keys->data + from, count, sizeof(struct key), compare_keys);
    buffer_u8(encoder->out, '{');
    for (size_t i = 0; i < count; i++) {
        struct key key;

        memcpy(&key, encoder->keys->data + from + i * sizeof key, sizeof key);
        if (i > 0)
            buffer_u8(encoder->out, ',');
        json_text(encoder->out, key.text);
        buffer_u8(encoder->out, ':');
        lua_pushlstring(L, (const char *)key.text.data, key.text.len);
        lua_rawget(L, index);
        encode_value(encoder, lua_gettop(L));
        lua_pop(L, 1);
    }
    buffer_u8(encoder->out, '}');
    encoder->keys->len = from;
}

// 1 to n and nothing else is an array.
static bool is_array(lua_State *L, int index, lua_Integer count)
{
    lua_Integer found = 0;

    for (lua_pushnil(L); lua_next(L, index); lua_pop(L, 1)) {
        if (!lua_isinteger(L, -2)) {
            lua_pop(L, 2);
            return false;
        }
        found++;
    }
    return found == count;
}

static void encode_table(struct encoder *encoder, int index)
{
    lua_State *L = encoder->L;
    lua_Integer count = (lua_Integer)lua_rawlen(L, index);

    script_check_deadline(L); // a table that was large once takes long even when it is empty
    if (++encoder->depth > JSON_DEPTH_MAX)
        luaL_error(L, "more than %d levels of JSON", JSON_DEPTH_MAX);
    luaL_checkstack(L, 8, "JSON");
    if (is_marked(L, index) || (count > 0 && is_array(L, index, count)))
        encode_array(encoder, index, count);
    else
        encode_object(encoder, index);
    encoder->depth--;
}

static void encode_other(struct encoder *encoder, int index)
{
    lua_State *L = encoder->L;
    bool is_null;

    lua_rawgetp(L, LUA_REGISTRYINDEX, &bind_json_null);
    is_null = lua_rawequal(L, -1, index);
    lua_pop(L, 1);
    if (!is_null)
        luaL_error(L, "a %s has no JSON", luaL_typename(L, index));
    buffer_text(encoder->out, "null");
}

static void encode_value(struct encoder *encoder, int index)
{
    lua_State *L = encoder->L;
    struct slice text;

    switch (lua_type(L, index)) {
    case LUA_TNIL:
        buffer_text(encoder->out, "null");
        break;
    case LUA_TBOOLEAN:
        buffer_text(encoder->out, lua_toboolean(L, index) ? "true" : "false");
        break;
    case LUA_TNUMBER:
        if (lua_isinteger(L, index))
            buffer_format(encoder->out, "%lld", (long long)lua_tointeger(L, index));
        else
            encode_float(encoder, lua_tonumber(L, index));
        break;
    case LUA_TSTRING:
        text.data = (const uint8_t *)lua_tolstring(L, index, &text.len);
        if (text.len > JSON_MAX)
            luaL_error(L, "more than %d bytes of JSON", JSON_MAX);
        json_text(encoder->out, text);
        break;
    case LUA_TTABLE:
        encode_table(encoder, index);
        break;
    default:
        encode_other(encoder, index);
    }
    check_size(encoder);
}

void bind_json_push(lua_State *L, int index)
{
    struct encoder encoder = {.L = L};
    int top = lua_gettop(L);

    index = lua_absindex(L, index);
    encoder.out = bind_push_buffer(L);
    encoder.keys = bind_push_buffer(L);
    encode_value(&encoder, index);
    lua_pushlstring(L, (const char *)encoder.out->data, encoder.out->len);
    lua_replace(L, top + 1);
    lua_settop(L, top + 1);
    buffer_finish(encoder.out);
}

/// json.encode(value: any): string
static int encode(lua_State *L)
{
    luaL_checkany(L, 1);
    bind_json_push(L, 1);
    return 1;
}

/// json.array(list: table): table – marks a list, so that it is an array even when empty
static int array(lua_State *L)
{
    luaL_checktype(L, 1, LUA_TTABLE);
    lua_settop(L, 1);
    if (is_marked(L, 1))
        return 1;
    if (luaL_getmetafield(L, 1, "__metatable") != LUA_TNIL)
        return luaL_error(L, "this table cannot be changed");
    lua_rawgetp(L, LUA_REGISTRYINDEX, &bind_json_array);
    lua_setmetatable(L, 1);
    return 1;
}

static int null_text(lua_State *L)
{
    lua_pushliteral(L, "null");
    return 1;
}

// A locked metatable with one entry of its own. [-0, +1]
static void push_locked(lua_State *L, const char *name, lua_CFunction function)
{
    lua_createtable(L, 0, 2);
    lua_pushboolean(L, 0);
    lua_setfield(L, -2, "__metatable");
    if (function != NULL) {
        lua_pushcfunction(L, function);
        lua_setfield(L, -2, name);
    }
}

int bind_json_open(lua_State *L)
{
    static const luaL_Reg functions[] = {
        {"encode", encode}, {"decode", bind_json_decode}, {"array", array}, {NULL, NULL}};

    push_locked(L, NULL, NULL);
    lua_rawsetp(L, LUA_REGISTRYINDEX, &bind_json_array);
    lua_newuserdatauv(L, 0, 0);
    push_locked(L, "__tostring", null_text);
    lua_setmetatable(L, -2);
    lua_pushvalue(L, -1);
    lua_rawsetp(L, LUA_REGISTRYINDEX, &bind_json_null);
    luaL_newlib(L, functions);
    lua_rotate(L, -2, 1);
    lua_setfield(L, -2, "null");
    return 1;
}
