// SPDX-License-Identifier: Apache-2.0
#include "http/path.h"

#include "base/text.h"

static int hex_value(uint8_t c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static int escaped_byte(struct slice text, size_t at) // of "%41" at `at`, -1 when broken
{
    int high, low;

    if (text.len - at < 3)
        return -1;
    high = hex_value(text.data[at + 1]);
    low = hex_value(text.data[at + 2]);
    return high < 0 || low < 0 ? -1 : high << 4 | low;
}

bool percent_decode(struct arena *arena, struct slice text, bool plus, struct slice *plain)
{
    uint8_t *bytes = arena_alloc(arena, text.len + 1);
    size_t len = 0;

    for (size_t i = 0; i < text.len; i++) {
        int byte = text.data[i];

        if (byte == '%') {
            if ((byte = escaped_byte(text, i)) < 0)
                return false;
            i += 2;
        } else if (byte == '+' && plus) {
            byte = ' ';
        }
        bytes[len++] = (uint8_t)byte;
    }
    *plain = slice_of(bytes, len);
    return true;
}

static bool has_encoded_slash(struct slice path)
{
    for (size_t i = 0; i + 2 < path.len; i++)
        if (path.data[i] == '%' && escaped_byte(path, i) == '/')
            return true;
    return false;
}

static bool is_dots(struct slice segment)
{
    return slice_is(segment, ".") || slice_is(segment, "..");
}

// No empty segment but the last ("/a/"), no dot segment.
static bool segments_are_plain(struct slice path)
{
    size_t from = 1;

    for (size_t i = 1; i <= path.len; i++) {
        if (i < path.len && path.data[i] != '/')
            continue;
        if ((i == from && i < path.len) || is_dots(slice_of(path.data + from, i - from)))
            return false;
        from = i + 1;
    }
    return true;
}

static bool characters_are_plain(struct slice path)
{
    for (size_t i = 0; i < path.len; i++)
        if (path.data[i] < 0x20 || path.data[i] == 0x7f || path.data[i] == '\\')
            return false;
    return true;
}

// Most paths are plain ASCII without escapes: then nothing is copied.
static bool needs_no_decoding(struct slice path)
{
    for (size_t i = 0; i < path.len; i++)
        if (path.data[i] == '%' || path.data[i] >= 0x80)
            return false;
    return true;
}

bool path_decode(struct arena *arena, struct slice target, struct slice *path, struct slice *query)
{
    const uint8_t *mark = target.len > 0 ? memchr(target.data, '?', target.len) : NULL;
    struct slice raw = target;

    *query = slice_of("", 0);
    if (mark != NULL) {
        raw.len = (size_t)(mark - target.data);
        *query = slice_of(mark + 1, target.len - raw.len - 1);
    }
    if (raw.len == 0 || raw.data[0] != '/' || has_encoded_slash(raw))
        return false;
    *path = raw;
    if (!needs_no_decoding(raw)) {
        if (!percent_decode(arena, raw, false, path) || !text_is_utf8(*path))
            return false;
        *path = text_nfc(arena, *path);
    }
    return path->data != NULL && characters_are_plain(*path) && segments_are_plain(*path);
}
