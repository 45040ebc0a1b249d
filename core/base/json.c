// SPDX-License-Identifier: Apache-2.0
#include "base/json.h"

#include "base/text.h"

static bool is_plain(uint8_t c)
{
    return c >= 0x20 && c < 0x7f && c != '"' && c != '\\' && c != '<' && c != '&';
}

static void put_escaped(struct buffer *buffer, uint8_t c)
{
    switch (c) {
    case '"':
        buffer_text(buffer, "\\\"");
        break;
    case '\\':
        buffer_text(buffer, "\\\\");
        break;
    case '\n':
        buffer_text(buffer, "\\n");
        break;
    case '\t':
        buffer_text(buffer, "\\t");
        break;
    case '\r':
        buffer_text(buffer, "\\r");
        break;
    default:
        buffer_format(buffer, "\\u%04x", c);
    }
}

void json_text(struct buffer *buffer, struct slice text)
{
    size_t at = 0;

    buffer_u8(buffer, '"');
    while (at < text.len) {
        size_t start = at, len;

        while (at < text.len && is_plain(text.data[at]))
            at++;
        buffer_bytes(buffer, text.data + start, at - start);
        if (at == text.len)
            break;
        if (text.data[at] < 0x80) {
            put_escaped(buffer, text.data[at++]);
        } else if ((len = text_char_len(slice_of(text.data + at, text.len - at))) > 0) {
            buffer_bytes(buffer, text.data + at, len);
            at += len;
        } else {
            buffer_text(buffer, "\xef\xbf\xbd");
            at++;
        }
    }
    buffer_u8(buffer, '"');
}

// Reading ------------------------------------------------------------------------------

static void skip_space(struct reader *reader)
{
    while (reader->at < reader->end && strchr(" \t\r\n", *reader->at) != NULL && *reader->at != 0)
        reader->at++;
}

static bool take(struct reader *reader, char wanted)
{
    skip_space(reader);
    if (reader->at == reader->end || *reader->at != wanted)
        return false;
    reader->at++;
    return true;
}

static uint32_t read_hex4(struct reader *reader)
{
    struct slice digits = read_bytes(reader, 4);
    uint32_t number = 0;

    for (size_t i = 0; i < digits.len; i++) {
        uint8_t c = digits.data[i] | 0x20;

        if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f')))
            reader->failed = true;
        number = number << 4 | (uint32_t)(c <= '9' ? c - '0' : c - 'a' + 10);
    }
    return number;
}

static void put_utf8(struct buffer *out, uint32_t c)
{
    if (c < 0x80) {
        buffer_u8(out, (uint8_t)c);
    } else if (c < 0x800) {
        buffer_u8(out, (uint8_t)(0xc0 | c >> 6));
        buffer_u8(out, (uint8_t)(0x80 | (c & 0x3f)));
    } else if (c < 0x10000) {
        buffer_u8(out, (uint8_t)(0xe0 | c >> 12));
        buffer_u8(out, (uint8_t)(0x80 | (c >> 6 & 0x3f)));
        buffer_u8(out, (uint8_t)(0x80 | (c & 0x3f)));
    } else {
        buffer_u8(out, (uint8_t)(0xf0 | c >> 18));
        buffer_u8(out, (uint8_t)(0x80 | (c >> 12 & 0x3f)));
        buffer_u8(out, (uint8_t)(0x80 | (c >> 6 & 0x3f)));
        buffer_u8(out, (uint8_t)(0x80 | (c & 0x3f)));
    }
}

static void read_escape(struct reader *reader, struct buffer *out)
{
    static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
    uint8_t c = read_u8(reader);
    const char *plain = c != 0 ? strchr(from, c) : NULL;

    if (plain != NULL) {
        buffer_u8(out, (uint8_t)to[plain - from]);
    } else if (c == 'u') {
        uint32_t unit = read_hex4(reader);

        if (unit >= 0xd800 && unit < 0xdc00 && read_u8(reader) == '\\' && read_u8(reader) == 'u')
            unit = 0x10000 + ((unit - 0xd800) << 10) + (read_hex4(reader) - 0xdc00);
        put_utf8(out, unit); // half a pair becomes bytes that the check of the whole refuses
    } else {
        reader->failed = true;
    }
}

static bool read_string(struct reader *reader, struct buffer *out)
{
    out->len = 0;
    if (!take(reader, '"'))
        return false;
    while (!reader->failed) {
        uint8_t c = read_u8(reader);

        if (c == '"')
            return !reader->failed && text_is_utf8(buffer_view(out));
        if (c == '\\')
            read_escape(reader, out);
        else if (c < 0x20)
            reader->failed = true;
        else
            buffer_u8(out, c);
    }
    return false;
}

// A number, true, false or null: its letters, for the caller to pass over.
static bool skip_word(struct reader *reader)
{
    const uint8_t *start;

    skip_space(reader);
    start = reader->at;
    while (reader->at < reader->end && strchr("+-.0123456789abcdefghijklmnopqrstuvwxyzE",
                                              *reader->at) != NULL && *reader->at != 0)
        reader->at++;
    return reader->at > start;
}

static bool read_members(struct reader *reader, struct arena *arena, const char *name,
                         struct buffer *key, struct buffer *text, struct slice *found)
{
    if (!take(reader, '{'))
        return false;
    if (take(reader, '}'))
        return true;
    do {
        bool is_text;

        if (!read_string(reader, key) || !take(reader, ':'))
            return false;
        is_text = read_string(reader, text);
        if (!is_text && (reader->failed || !skip_word(reader)))
            return false;
        if (is_text && slice_is(buffer_view(key), name))
            *found = arena_slice(arena, buffer_view(text));
    } while (take(reader, ','));
    return take(reader, '}');
}

struct slice json_member(struct arena *arena, struct slice object, const char *name)
{
    struct reader reader = reader_of(object);
    struct buffer key = BUFFER_EMPTY, text = BUFFER_EMPTY;
    struct slice found = {NULL, 0};
    bool whole = object.data != NULL && read_members(&reader, arena, name, &key, &text, &found);

    skip_space(&reader);
    buffer_finish(&key);
    buffer_finish(&text);
    return whole && reader_left(&reader) == 0 ? found : (struct slice){NULL, 0};
}
