// SPDX-License-Identifier: Apache-2.0
// Records as JSON: what programs get. Only fields that the view's principal may read.
#include "base/json.h"

#include "bind/bind.h"

// Written by hand: printf was a quarter of what a list costs.
static void put_integer(struct buffer *buffer, int64_t number)
{
    char digits[21];
    size_t at = sizeof digits;
    uint64_t left = number < 0 ? 0 - (uint64_t)number : (uint64_t)number;

    do {
        digits[--at] = (char)('0' + left % 10);
        left /= 10;
    } while (left > 0);
    if (number < 0)
        digits[--at] = '-';
    buffer_bytes(buffer, digits + at, sizeof digits - at);
}

// Texts that need no escaping: ids, dates, names of fields.
static void put_quoted(struct buffer *buffer, const char *text, size_t len)
{
    buffer_u8(buffer, '"');
    buffer_bytes(buffer, text, len);
    buffer_u8(buffer, '"');
}

static void put_value(struct buffer *buffer, const struct value *value)
{
    char text[REF_TEXT_LEN + 1];

    switch (value->kind) {
    case VALUE_NULL:
    case VALUE_BYTES:
        buffer_text(buffer, "null");
        break;
    case VALUE_BOOLEAN:
        buffer_text(buffer, value->boolean ? "true" : "false");
        break;
    case VALUE_INTEGER:
    case VALUE_TIME:
        put_integer(buffer, value->integer);
        break;
    case VALUE_NUMBER:
        buffer_format(buffer, "%.17g", value->number);
        break;
    case VALUE_TEXT:
        json_text(buffer, value->text);
        break;
    case VALUE_DATE:
        date_to_text((int32_t)value->integer, text);
        put_quoted(buffer, text, 10);
        break;
    case VALUE_REF:
        ref_to_text(&value->ref, text);
        put_quoted(buffer, text, REF_TEXT_LEN);
        break;
    }
}

static bool put_stored(struct buffer *buffer, struct view *view, const struct record *record,
                       int field, struct err *err)
{
    struct value shown;

    if (!record_shown(view, record, field, &shown, err))
        return false;
    if (shown.kind == VALUE_REF && record->collection->fields[field].type == FIELD_FILE)
        return file_to_json(buffer, view, &shown, err);
    put_value(buffer, &shown);
    return true;
}

bool record_to_json(struct buffer *buffer, struct view *view, const struct record *record,
                    struct err *err)
{
    char text[REF_TEXT_LEN + 1];

    ref_to_text(&record->ref, text);
    buffer_text(buffer, "{\"id\":");
    put_quoted(buffer, text, REF_TEXT_LEN);
    buffer_text(buffer, ",\"version\":");
    put_integer(buffer, (int64_t)record->version);
    for (size_t i = 0; i < record->collection->field_count; i++) {
        if ((record->readable >> i & 1) == 0)
            continue;
        buffer_u8(buffer, ',');
        put_quoted(buffer, record->collection->fields[i].name,
                   strlen(record->collection->fields[i].name));
        buffer_u8(buffer, ':');
        if (!put_stored(buffer, view, record, (int)i, err))
            return false;
    }
    buffer_text(buffer, "}");
    return true;
}
