// SPDX-License-Identifier: Apache-2.0
#include "record/sealed.h"

#include "base/text.h"
#include "crypto/crypto.h"
#include "record/key.h"

static struct slice place_of(struct view *view, const struct collection *collection, int field,
                             const struct id *org)
{
    char *text = arena_format(view->arena, "%-*s%s/%s", ID_LEN, "", collection->full,
                              collection->fields[field].name);
    size_t len = strlen(text);

    memcpy(text, org->bytes, ID_LEN);
    return slice_of(text, len);
}

static bool has_sealer(const struct view *view, struct err *err)
{
    return view->sealer != NULL || err_set(err, ERR_INPUT, "this view has no sealer");
}

bool sealed_probe(struct view *view, const struct field *field, struct slice plain,
                  struct value *value, struct err *err)
{
    uint8_t *bytes = arena_alloc(view->arena, 1 + DIGEST_LEN);

    if (field->lookup == NULL)
        return err_set(err, ERR_INPUT, "%s is sealed and has no lookup", field->name);
    if (!has_sealer(view, err))
        return false;
    bytes[0] = DIGEST_LEN;
    seal_lookup(view->sealer, field->lookup, plain, bytes + 1);
    *value = (struct value){VALUE_BYTES, {.text = slice_of(bytes, 1 + DIGEST_LEN)}};
    return true;
}

bool sealed_make(struct view *view, const struct collection *collection, int field,
                 const struct id *org, struct slice plain, struct value *value, struct err *err)
{
    struct value probe = {VALUE_BYTES, {.text = slice_of("", 1)}}; // a hash of length 0
    const struct field *def = &collection->fields[field];
    struct slice box;
    uint8_t *bytes;

    if (def->lookup != NULL && !sealed_probe(view, def, plain, &probe, err))
        return false;
    if (!has_sealer(view, err) ||
        !seal(view->sealer, view->arena, place_of(view, collection, field, org), plain, &box, err))
        return false;
    bytes = arena_alloc(view->arena, probe.text.len + box.len);
    memcpy(bytes, probe.text.data, probe.text.len);
    memcpy(bytes + probe.text.len, box.data, box.len);
    *value = (struct value){VALUE_BYTES, {.text = slice_of(bytes, probe.text.len + box.len)}};
    return true;
}

bool sealed_open(struct view *view, const struct collection *collection, int field,
                 const struct id *org, const struct value *value, struct slice *plain,
                 struct err *err)
{
    size_t head = value->text.len > 0 ? 1u + value->text.data[0] : 1;

    if (!has_sealer(view, err))
        return false;
    if (head > value->text.len)
        return err_set(err, ERR_CORRUPT, "a sealed value is too short");
    return unseal(view->sealer, view->arena, place_of(view, collection, field, org),
                  slice_of(value->text.data + head, value->text.len - head), plain, err);
}

// Bytes of the first (or all but the last) so many characters.
static size_t chars_len(struct slice text, size_t chars)
{
    size_t at = 0;

    for (; chars > 0 && at < text.len; chars--) {
        size_t len = text_char_len(slice_of(text.data + at, text.len - at));

        at += len > 0 ? len : 1;
    }
    return at;
}

// Long numbers show four characters at both ends, short ones less: never the most of it.
bool sealed_mask(struct view *view, const struct collection *collection, int field,
                 const struct id *org, struct value *value, struct err *err)
{
    struct slice plain, head, tail;
    size_t chars, from, to;

    if (!sealed_open(view, collection, field, org, value, &plain, err))
        return false;
    chars = text_chars(plain);
    from = chars >= 12 ? 4 : 0;
    to = chars >= 12 ? 4 : chars >= 6 ? 2 : 0;
    head = slice_of(plain.data, chars_len(plain, from));
    tail = slice_of(plain.data + chars_len(plain, chars - to), 0);
    tail.len = plain.len - (size_t)(tail.data - plain.data);
    *value = (struct value){VALUE_TEXT,
                            {.text = slice_text(arena_format(
                                 view->arena, "%.*s…%.*s", (int)head.len, (const char *)head.data,
                                 (int)tail.len, (const char *)tail.data))}};
    return true;
}
