// SPDX-License-Identifier: Apache-2.0
// Decoding JSON (RFC 8259) straight into Lua values. An integer that does not fit 64 bits is
// an error, for rounding it in silence would change an id; numbers with a fraction or an
// exponent are floats; a name given twice is an error.
#include <errno.h>
#include <lauxlib.h>
#include <math.h>
#include <stdlib.h>

#include "base/text.h"
#include "bind/pure.h"
#include "script/script.h"

struct decoder {
    lua_State *L;
    const uint8_t *start, *at, *end;
    int depth;
    const char *problem;
};

static bool decode_value(struct decoder *decoder);

static bool wrong(struct decoder *decoder, const char *problem)
{
    if (decoder->problem == NULL)
        decoder->problem = problem;
    return false;
}

static void skip_blanks(struct decoder *decoder)
{
    while (decoder->at < decoder->end && memchr(" \t\n\r", *decoder->at, 4) != NULL)
        decoder->at++;
}

static bool take(struct decoder *decoder, char c)
{
    skip_blanks(decoder);
    if (decoder->at == decoder->end || *decoder->at != (uint8_t)c)
        return false;
    decoder->at++;
    return true;
}

static bool decode_word(struct decoder *decoder, const char *word)
{
    size_t len = strlen(word);

    if ((size_t)(decoder->end - decoder->at) < len || memcmp(decoder->at, word, len) != 0)
        return wrong(decoder, "unknown word");
    decoder->at += len;
    return true;
}

static int hex_digit(uint8_t c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

// Four hexadecimal digits, -1 when they are not.
static int32_t decode_hex(struct decoder *decoder)
{
    int32_t code = 0;

    if (decoder->end - decoder->at < 4)
        return -1;
    for (int i = 0; i < 4; i++) {
        int digit = hex_digit(*decoder->at++);

        if (digit < 0)
            return -1;
        code = code * 16 + digit;
    }
    return code;
}

static void add_utf8(luaL_Buffer *out, int32_t code)
{
    if (code < 0x80) {
        luaL_addchar(out, (char)code);
        return;
    }
    if (code < 0x800) {
        luaL_addchar(out, (char)(0xc0 | code >> 6));
    } else {
        if (code < 0x10000) {
            luaL_addchar(out, (char)(0xe0 | code >> 12));
        } else {
            luaL_addchar(out, (char)(0xf0 | code >> 18));
            luaL_addchar(out, (char)(0x80 | (code >> 12 & 0x3f)));
        }
        luaL_addchar(out, (char)(0x80 | (code >> 6 & 0x3f)));
    }
    luaL_addchar(out, (char)(0x80 | (code & 0x3f)));
}

static bool decode_code(struct decoder *decoder, luaL_Buffer *out)
{
    int32_t code = decode_hex(decoder), low;

    if (code < 0)
        return wrong(decoder, "malformed escape");
    if (code >= 0xd800 && code < 0xe000) {
        if (code >= 0xdc00 || decoder->end - decoder->at < 6 || *decoder->at++ != '\\' ||
            *decoder->at++ != 'u')
            return wrong(decoder, "half a surrogate pair");
        low = decode_hex(decoder);
        if (low < 0xdc00 || low >= 0xe000)
            return wrong(decoder, "half a surrogate pair");
        code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
    }
    add_utf8(out, code);
    return true;
}

static bool decode_escape(struct decoder *decoder, luaL_Buffer *out)
{
    static const char names[] = "\"\\/bfnrt", values[] = "\"\\/\b\f\n\r\t";
    const char *name;
    uint8_t c;

    if (decoder->at == decoder->end)
        return wrong(decoder, "string without end");
    c = *decoder->at++;
    if (c == 'u')
        return decode_code(decoder, out);
    name = c != 0 ? strchr(names, c) : NULL;
    if (name == NULL)
        return wrong(decoder, "malformed escape");
    luaL_addchar(out, values[name - names]);
    return true;
}

// Bytes up to a quote or backslash; NULL at a control character or the end.
static const uint8_t *plain_end(struct decoder *decoder)
{
    const uint8_t *at = decoder->at;

    while (at < decoder->end && *at >= 0x20 && *at != '"' && *at != '\\')
        at++;
    return at < decoder->end && *at >= 0x20 ? at : NULL;
}

// The opening quote is taken. [-0, +1]
static bool decode_string(struct decoder *decoder)
{
    const uint8_t *stop = plain_end(decoder);
    luaL_Buffer out;

    if (stop != NULL && *stop == '"') {
        lua_pushlstring(decoder->L, (const char *)decoder->at, (size_t)(stop - decoder->at));
        decoder->at = stop + 1;
        return true;
    }
    luaL_buffinit(decoder->L, &out);
    for (; stop != NULL && *stop == '\\'; stop = plain_end(decoder)) {
        luaL_addlstring(&out, (const char *)decoder->at, (size_t)(stop - decoder->at));
        decoder->at = stop + 1;
        if (!decode_escape(decoder, &out))
            break;
    }
    if (stop == NULL)
        wrong(decoder, "string without end");
    if (decoder->problem == NULL) {
        luaL_addlstring(&out, (const char *)decoder->at, (size_t)(stop - decoder->at));
        decoder->at = stop + 1;
    }
    luaL_pushresult(&out);
    return decoder->problem == NULL;
}

static bool digits(struct decoder *decoder)
{
    const uint8_t *from = decoder->at;

    while (decoder->at < decoder->end && *decoder->at >= '0' && *decoder->at <= '9')
        decoder->at++;
    return decoder->at > from;
}

static bool next_is(struct decoder *decoder, const char *set)
{
    if (decoder->at == decoder->end || *decoder->at == 0 || strchr(set, *decoder->at) == NULL)
        return false;
    decoder->at++;
    return true;
}

static bool push_number(struct decoder *decoder, const uint8_t *from, bool is_float)
{
    char text[64], *stop;
    size_t len = (size_t)(decoder->at - from);
    long long integer;
    double number;

    if (len >= sizeof text)
        return wrong(decoder, "number too long");
    memcpy(text, from, len);
    text[len] = 0;
    errno = 0;
    if (is_float) {
        number = strtod(text, &stop);
        if (!isfinite(number))
            return wrong(decoder, "number too large");
        lua_pushnumber(decoder->L, number);
        return true;
    }
    integer = strtoll(text, &stop, 10);
    if (errno == ERANGE)
        return wrong(decoder, "integer beyond 64 bits");
    lua_pushinteger(decoder->L, integer);
    return true;
}

static bool decode_number(struct decoder *decoder)
{
    const uint8_t *from = decoder->at;
    bool is_float = false;

    next_is(decoder, "-");
    if (!next_is(decoder, "0") && !digits(decoder))
        return wrong(decoder, "unknown word");
    if (next_is(decoder, ".")) {
        is_float = true;
        if (!digits(decoder))
            return wrong(decoder, "malformed number");
    }
    if (next_is(decoder, "eE")) {
        is_float = true;
        next_is(decoder, "+-");
        if (!digits(decoder))
            return wrong(decoder, "malformed number");
    }
    return push_number(decoder, from, is_float);
}

static bool decode_array(struct decoder *decoder)
{
    lua_State *L = decoder->L;

    lua_newtable(L);
    lua_rawgetp(L, LUA_REGISTRYINDEX, &bind_json_array);
    lua_setmetatable(L, -2);
    if (take(decoder, ']'))
        return true;
    for (lua_Integer i = 1;; i++) {
        if (!decode_value(decoder))
            return false;
        lua_rawseti(L, -2, i);
        if (take(decoder, ']'))
            return true;
        if (!take(decoder, ','))
            return wrong(decoder, "',' or ']' expected");
    }
}

static bool decode_member(struct decoder *decoder)
{
    lua_State *L = decoder->L;

    if (!take(decoder, '"'))
        return wrong(decoder, "a name expected");
    if (!decode_string(decoder))
        return false;
    lua_pushvalue(L, -1);
    if (lua_rawget(L, -3) != LUA_TNIL)
        return wrong(decoder, "a name given twice");
    lua_pop(L, 1);
    if (!take(decoder, ':'))
        return wrong(decoder, "':' expected");
    if (!decode_value(decoder))
        return false;
    lua_rawset(L, -3);
    return true;
}

static bool decode_object(struct decoder *decoder)
{
    lua_newtable(decoder->L);
    if (take(decoder, '}'))
        return true;
    for (;;) {
        if (!decode_member(decoder))
            return false;
        if (take(decoder, '}'))
            return true;
        if (!take(decoder, ','))
            return wrong(decoder, "',' or '}' expected");
    }
}

static bool decode_nested(struct decoder *decoder, bool (*decode)(struct decoder *))
{
    bool done;

    script_check_deadline(decoder->L);
    decoder->at++;
    if (++decoder->depth > JSON_DEPTH_MAX)
        return wrong(decoder, "more than 64 levels");
    luaL_checkstack(decoder->L, 8, "JSON");
    done = decode(decoder);
    decoder->depth--;
    return done;
}

// [-0, +1]; when wrong the stack is left to the caller, who gives up as a whole.
static bool decode_value(struct decoder *decoder)
{
    lua_State *L = decoder->L;

    skip_blanks(decoder);
    if (decoder->at == decoder->end)
        return wrong(decoder, "a value expected");
    switch (*decoder->at) {
    case '{':
        return decode_nested(decoder, decode_object);
    case '[':
        return decode_nested(decoder, decode_array);
    case '"':
        decoder->at++;
        return decode_string(decoder);
    case 't':
        lua_pushboolean(L, 1);
        return decode_word(decoder, "true");
    case 'f':
        lua_pushboolean(L, 0);
        return decode_word(decoder, "false");
    case 'n':
        lua_rawgetp(L, LUA_REGISTRYINDEX, &bind_json_null);
        return decode_word(decoder, "null");
    default:
        return decode_number(decoder);
    }
}

static bool decode_text(struct decoder *decoder, struct slice text)
{
    if (text.len > JSON_MAX)
        return wrong(decoder, "more than 1 MiB");
    if (!text_is_utf8(text))
        return wrong(decoder, "not UTF-8");
    if (!decode_value(decoder))
        return false;
    skip_blanks(decoder);
    return decoder->at == decoder->end || wrong(decoder, "something after the value");
}

/// json.decode(text: string): any – or nil, "malformed", where and why
int bind_json_decode(lua_State *L)
{
    struct slice text;
    struct decoder decoder = {.L = L};

    text.data = (const uint8_t *)luaL_checklstring(L, 1, &text.len);
    decoder.start = decoder.at = text.data;
    decoder.end = text.data + text.len;
    if (decode_text(&decoder, text))
        return 1;
    lua_settop(L, 1);
    lua_pushnil(L);
    lua_pushliteral(L, "malformed");
    lua_pushfstring(L, "byte %d: %s", (int)(decoder.at - decoder.start) + 1, decoder.problem);
    return 3;
}
