// SPDX-License-Identifier: Apache-2.0
// multipart/form-data (RFC 7578, RFC 2046 section 5.1), as strict as browsers write it.
#include "base/text.h"
#include "http/http.h"

enum { PARTS_MAX = 200, BOUNDARY_MAX = 70, HEAD_MAX = 4096 };

static bool malformed(struct err *err, const char *what)
{
    return err_set(err, ERR_INPUT, "multipart: %s", what);
}

static struct slice rest_of(struct slice text, size_t skip)
{
    return slice_of(text.data + skip, text.len - skip);
}

static const uint8_t *find(struct slice text, struct slice wanted)
{
    return memmem(text.data, text.len, wanted.data, wanted.len);
}

// Case of field names and of "form-data" is not told by what follows.
static bool starts_folded(struct slice text, const char *word)
{
    size_t len = strlen(word);

    for (size_t i = 0; i < len; i++)
        if (i >= text.len || (text.data[i] | 0x20) != (uint8_t)(word[i] | 0x20))
            return false;
    return true;
}

// `; name="value"` in a field's value; data NULL when absent. Browsers write a quote as %22.
static struct slice parameter(struct arena *arena, struct slice text, const char *name)
{
    struct slice wanted = slice_text(arena_format(arena, "; %s=\"", name));
    const uint8_t *at = find(text, wanted), *end;

    if (at == NULL)
        return slice_of(NULL, 0);
    at += wanted.len;
    end = memchr(at, '"', (size_t)(text.data + text.len - at));
    return end != NULL ? slice_of(at, (size_t)(end - at)) : slice_of(NULL, 0);
}

static bool read_boundary(struct arena *arena, struct slice type, struct slice *mark,
                          struct err *err)
{
    struct slice wanted = slice_text("boundary=");
    const uint8_t *at = find(type, wanted);
    struct slice text = at != NULL ? rest_of(type, (size_t)(at - type.data) + wanted.len)
                                   : slice_of("", 0);

    if (text.len >= 2 && text.data[0] == '"' && text.data[text.len - 1] == '"')
        text = slice_of(text.data + 1, text.len - 2);
    for (size_t i = 0; i < text.len; i++)
        if (text.data[i] <= ' ' || text.data[i] >= 0x7f || text.data[i] == '"' ||
            text.data[i] == ';')
            return malformed(err, "a boundary that is none");
    if (text.len == 0 || text.len > BOUNDARY_MAX)
        return malformed(err, "no boundary");
    *mark = slice_text(arena_format(arena, "\r\n--%.*s", (int)text.len, (const char *)text.data));
    return true;
}

// The lines before the empty one; only the disposition says anything.
static bool read_head(struct arena *arena, struct slice head, struct http_part *part,
                      struct err *err)
{
    struct slice line_end = slice_text("\r\n");

    while (head.len > 0) {
        const uint8_t *end = find(head, line_end);
        struct slice line = end != NULL ? slice_of(head.data, (size_t)(end - head.data)) : head;

        if (starts_folded(line, "content-disposition: form-data")) {
            part->name = parameter(arena, line, "name");
            part->filename = parameter(arena, line, "filename");
        }
        head = rest_of(head, line.len + (end != NULL ? 2 : 0));
    }
    if (part->name.data == NULL || !text_is_utf8(part->name) ||
        memchr(part->name.data, 0, part->name.len) != NULL)
        return malformed(err, "a part without a name");
    part->name = arena_slice(arena, part->name);
    return true;
}

// rest begins behind a mark's line. False at the end, or with err.
static bool next_part(struct arena *arena, struct slice mark, struct slice *rest,
                      struct http_part *part, struct err *err)
{
    const uint8_t *blank, *end;
    size_t head_len;

    if (rest->len < 2 || memcmp(rest->data, "\r\n", 2) != 0)
        return rest->len >= 2 && memcmp(rest->data, "--", 2) == 0
                   ? false
                   : malformed(err, "a mark that does not end its line");
    *rest = rest_of(*rest, 2);
    blank = find(*rest, slice_text("\r\n\r\n"));
    head_len = blank != NULL ? (size_t)(blank - rest->data) : 0;
    if (blank == NULL || head_len > HEAD_MAX)
        return malformed(err, "a part without an end of its head");
    if (!read_head(arena, slice_of(rest->data, head_len), part, err))
        return false;
    *rest = rest_of(*rest, head_len + 4);
    end = find(*rest, mark);
    if (end == NULL)
        return malformed(err, "a part without an end");
    part->body = slice_of(rest->data, (size_t)(end - rest->data));
    *rest = rest_of(*rest, part->body.len + mark.len);
    return true;
}

static bool is_text(const struct http_part *part)
{
    return part->filename.data != NULL ||
           (text_is_utf8(part->body) && memchr(part->body.data, 0, part->body.len) == NULL);
}

bool http_multipart(struct arena *arena, struct slice type, struct slice body,
                    struct http_part **parts, size_t *count, struct err *err)
{
    struct http_part part = {0};
    struct slice mark = {NULL, 0}, rest = body;

    *count = 0;
    *parts = arena_alloc(arena, PARTS_MAX * sizeof **parts);
    err->code = ERR_NONE;
    if (!read_boundary(arena, type, &mark, err))
        return false;
    if (!slice_starts(body, rest_of(mark, 2))) // the first mark has no line before it
        return malformed(err, "it does not begin with its mark");
    rest = rest_of(body, mark.len - 2);
    for (; next_part(arena, mark, &rest, &part, err); part = (struct http_part){0}) {
        if (*count == PARTS_MAX)
            return err_set(err, ERR_LIMIT, "more than %d parts", PARTS_MAX);
        if (!is_text(&part))
            return malformed(err, "a text that is not UTF-8");
        if (part.filename.data == NULL)
            part.body = arena_slice(arena, part.body); // with its zero, as other fields
        (*parts)[(*count)++] = part;
    }
    return err->code == ERR_NONE;
}
