// SPDX-License-Identifier: Apache-2.0
#include "base/charset.h"

#include <iconv.h>

#include "base/text.h"

static const char *const names[] = {"UTF-8", "UTF-16LE", "UTF-16BE", "GB18030"};

const char *charset_name(enum charset charset)
{
    return names[charset];
}

static struct slice after(struct slice file, size_t len)
{
    return slice_of(file.data + len, file.len - len);
}

// Takes a byte order mark off.
static enum charset guess(struct slice *file)
{
    if (slice_starts(*file, slice_text("\xef\xbb\xbf"))) {
        *file = after(*file, 3);
        return CHARSET_UTF8;
    }
    if (slice_starts(*file, slice_text("\xff\xfe"))) {
        *file = after(*file, 2);
        return CHARSET_UTF16LE;
    }
    if (slice_starts(*file, slice_text("\xfe\xff"))) {
        *file = after(*file, 2);
        return CHARSET_UTF16BE;
    }
    return text_is_utf8(*file) ? CHARSET_UTF8 : CHARSET_GB18030;
}

// Lines as an editor counts them: CR LF, LF and CR each end one.
static size_t line_at(const uint8_t *text, size_t len)
{
    size_t line = 1;

    for (size_t i = 0; i < len; i++)
        line += text[i] == '\n' || (text[i] == '\r' && (i + 1 == len || text[i + 1] != '\n'));
    return line;
}

static size_t utf8_until_fault(struct slice text)
{
    size_t at = 0, len;

    while (at < text.len && (len = text_char_len(after(text, at))) > 0)
        at += len;
    return at;
}

// Two bytes become at most three, and so do the two of a UTF-16 unit: no second call is needed.
static bool convert(struct arena *arena, struct slice file, enum charset charset,
                    struct slice *text, struct err *err)
{
    size_t room = file.len + file.len / 2 + 4, in_left = file.len, out_left = room;
    char *out = arena_alloc(arena, room), *out_at = out, *in_at = (char *)(uintptr_t)file.data;
    iconv_t conversion = iconv_open("UTF-8", names[charset]);
    bool done;

    if (conversion == (iconv_t)-1)
        return err_set(err, ERR_IO, "this system's iconv does not know %s", names[charset]);
    done = iconv(conversion, &in_at, &in_left, &out_at, &out_left) != (size_t)-1;
    iconv_close(conversion);
    *text = slice_of(out, room - out_left);
    if (!done)
        return err_set(err, ERR_INPUT, "line %zu: neither UTF-8 nor %s",
                       line_at(text->data, text->len), names[charset]);
    return true;
}

static bool check_utf8(struct slice text, struct err *err)
{
    size_t valid = utf8_until_fault(text);

    if (valid < text.len)
        return err_set(err, ERR_INPUT, "line %zu: not UTF-8 although the file says so",
                       line_at(text.data, valid));
    return true;
}

static bool is_control(uint8_t c)
{
    return (c < 0x20 && c != '\t' && c != '\n' && c != '\r') || c == 0x7f;
}

// Workbooks, pictures and UTF-16 without a mark show themselves by these.
static bool check_controls(struct slice text, struct err *err)
{
    for (size_t i = 0; i < text.len; i++)
        if (is_control(text.data[i]))
            return err_set(err, ERR_INPUT, "line %zu: control character %02x; this is no text file",
                           line_at(text.data, i), text.data[i]);
    return true;
}

static bool check_workbook(struct slice file, struct err *err)
{
    if (slice_starts(file, slice_text("PK\x03\x04")) ||
        slice_starts(file, slice_text("\xd0\xcf\x11\xe0")))
        return err_set(err, ERR_INPUT, "this is a workbook (xlsx, xls): save it as CSV first");
    return true;
}

bool charset_decode(struct arena *arena, struct slice file, struct slice *text,
                    enum charset *charset, struct err *err)
{
    if (!check_workbook(file, err))
        return false;
    *charset = guess(&file);
    *text = file;
    if (*charset == CHARSET_UTF8 ? !check_utf8(file, err)
                                 : !convert(arena, file, *charset, text, err))
        return false;
    if (!check_controls(*text, err))
        return false;
    *text = text_nfc(arena, *text);
    return text->data != NULL || err_set(err, ERR_INPUT, "this text cannot be normalised");
}
