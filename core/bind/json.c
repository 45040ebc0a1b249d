// SPDX-License-Identifier: Apache-2.0
// Records as JSON: what programs get. Only fields that the view's principal may read.
#include "base/json.h"

#include "bind/bind.h"

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
        buffer_format(buffer, "%lld", (long long)value->integer);
        break;
    case VALUE_NUMBER:
        buffer_format(buffer, "%.17g", value->number);
        break;
    case VALUE_TEXT:
        json_text(buffer, value->text);
        break;
    case VALUE_DATE:
        date_to_text((int32_t)value->integer, text);
        json_text(buffer, slice_of(text, 10));
        break;
    case VALUE_REF:
        ref_to_text(&value->ref, text);
        json_text(buffer, slice_of(text, REF_TEXT_LEN));
        break;
    }
}

void record_to_json(struct buffer *buffer, const struct record *record)
{
    char text[REF_TEXT_LEN + 1];

    ref_to_text(&record->ref, text);
    buffer_format(buffer, "{\"id\":\"%s\",\"version\":%llu", text,
                  (unsigned long long)record->version);
    for (size_t i = 0; i < record->collection->field_count; i++) {
        if ((record->readable >> i & 1) == 0)
            continue;
        buffer_format(buffer, ",\"%s\":", record->collection->fields[i].name);
        put_value(buffer, &record->values[i]);
    }
    buffer_text(buffer, "}");
}
