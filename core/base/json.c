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
