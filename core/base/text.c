// SPDX-License-Identifier: Apache-2.0
#include "base/text.h"

#include <stdlib.h>
#include <utf8proc.h>

size_t text_char_len(struct slice text)
{
    utf8proc_int32_t character;
    utf8proc_ssize_t len = text.len == 0 ? 0
                                         : utf8proc_iterate(text.data, (utf8proc_ssize_t)text.len,
                                                            &character);

    return len > 0 ? (size_t)len : 0;
}

bool text_is_utf8(struct slice text)
{
    size_t at = 0, len;

    while (at < text.len) {
        if (text.data[at] < 0x80) {
            at++;
            continue;
        }
        if ((len = text_char_len(slice_of(text.data + at, text.len - at))) == 0)
            return false;
        at += len;
    }
    return true;
}

size_t text_chars(struct slice text)
{
    size_t count = 0;

    for (size_t i = 0; i < text.len; i++)
        count += (text.data[i] & 0xc0) != 0x80;
    return count;
}

static bool is_ascii(struct slice text)
{
    for (size_t i = 0; i < text.len; i++)
        if (text.data[i] >= 0x80)
            return false;
    return true;
}

static struct slice map(struct arena *arena, struct slice text, utf8proc_option_t options)
{
    utf8proc_uint8_t *mapped = NULL;
    utf8proc_ssize_t len =
        utf8proc_map(text.data, (utf8proc_ssize_t)text.len, &mapped, options | UTF8PROC_STABLE);
    struct slice copy = {NULL, 0};

    if (len >= 0)
        copy = slice_of(arena_copy(arena, mapped, (size_t)len), (size_t)len);
    free(mapped);
    return copy;
}

struct slice text_nfc(struct arena *arena, struct slice text)
{
    return is_ascii(text) ? arena_slice(arena, text) : map(arena, text, UTF8PROC_COMPOSE);
}

struct slice text_fold(struct arena *arena, struct slice text)
{
    return map(arena, text, UTF8PROC_COMPOSE | UTF8PROC_COMPAT | UTF8PROC_CASEFOLD);
}

// Unicode's blocks of unified ideographs; compatibility forms are gone after NFKC.
static bool is_han(utf8proc_int32_t c)
{
    return c == 0x3007 || (c >= 0x3400 && c <= 0x4dbf) || (c >= 0x4e00 && c <= 0x9fff) ||
           (c >= 0x20000 && c <= 0x3ffff);
}

struct slice text_login(struct arena *arena, struct slice text)
{
    struct slice none = {NULL, 0}, folded = text.len > 256 ? none : text_fold(arena, text);
    bool letters = false, han = false;
    utf8proc_int32_t c;

    for (size_t at = 0; folded.data != NULL && at < folded.len;) {
        at += (size_t)utf8proc_iterate(folded.data + at, (utf8proc_ssize_t)(folded.len - at), &c);
        if (is_han(c))
            han = true;
        else if (c >= 'a' && c <= 'z')
            letters = true;
        else if (!(c >= '0' && c <= '9') && (c == 0 || c > 127 || strchr("._-@", (int)c) == NULL))
            return none;
    }
    if (folded.data == NULL || folded.len == 0 || text_chars(folded) > 64 || (letters && han))
        return none;
    return folded;
}

// Browsers take "//x" and "/\x" for another host.
bool text_is_local_path(struct slice path)
{
    if (path.data == NULL || path.len == 0 || path.len > 1000 || path.data[0] != '/')
        return false;
    if (path.len > 1 && path.data[1] == '/')
        return false;
    for (size_t i = 0; i < path.len; i++)
        if (path.data[i] <= 0x20 || path.data[i] == '\\' || path.data[i] >= 0x7f)
            return false;
    return true;
}
