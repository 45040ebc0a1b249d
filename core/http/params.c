// SPDX-License-Identifier: Apache-2.0
#include "base/text.h"
#include "http/http.h"
#include "http/path.h"

enum { PARAMS_MAX = 1000 };

static size_t count_parts(struct slice encoded)
{
    size_t count = 1;

    for (size_t i = 0; i < encoded.len; i++)
        count += encoded.data[i] == '&';
    return count;
}

static bool decode_part(struct arena *arena, struct slice part, struct slice *text)
{
    return percent_decode(arena, part, true, text) && text_is_utf8(*text) &&
           (text->len == 0 || memchr(text->data, 0, text->len) == NULL);
}

static bool decode_param(struct arena *arena, struct slice part, struct http_param *param)
{
    const uint8_t *equals = memchr(part.data, '=', part.len);
    size_t len = equals != NULL ? (size_t)(equals - part.data) : part.len;
    size_t rest = equals != NULL ? len + 1 : part.len;

    return decode_part(arena, slice_of(part.data, len), &param->name) &&
           decode_part(arena, slice_of(part.data + rest, part.len - rest), &param->value);
}

bool http_params(struct arena *arena, struct slice encoded, struct http_param **params,
                 size_t *count, struct err *err)
{
    size_t parts = count_parts(encoded), from = 0;

    *count = 0;
    if (parts > PARAMS_MAX)
        return err_set(err, ERR_LIMIT, "more than %d fields", PARAMS_MAX);
    *params = arena_alloc(arena, parts * sizeof **params);
    for (size_t i = 0; i <= encoded.len; i++) {
        if (i < encoded.len && encoded.data[i] != '&')
            continue;
        if (i > from &&
            !decode_param(arena, slice_of(encoded.data + from, i - from), *params + (*count)++))
            return err_set(err, ERR_INPUT, "field %zu is not encoded UTF-8", *count);
        from = i + 1;
    }
    return true;
}
