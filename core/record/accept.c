// SPDX-License-Identifier: Apache-2.0
#include "record/accept.h"

#include <math.h>

#include "base/text.h"
#include "record/sealed.h"
#include "record/text_check.h"

// Whole numbers come as either kind from a script.
static void convert_number(const struct field *field, struct value *value)
{
    if (field->type == FIELD_NUMBER && value->kind == VALUE_INTEGER)
        *value = (struct value){VALUE_NUMBER, {.number = (double)value->integer}};
    if (field->type == FIELD_INTEGER && value->kind == VALUE_NUMBER &&
        fabs(value->number) < 9007199254740992.0 && floor(value->number) == value->number)
        *value = (struct value){VALUE_INTEGER, {.integer = (int64_t)value->number}};
}

static bool is_blank(struct slice text)
{
    for (size_t i = 0; i < text.len; i++)
        if (text.data[i] != ' ' && text.data[i] != '\t' && text.data[i] != '\n' &&
            text.data[i] != '\r')
            return false;
    return true;
}

static bool has_controls(struct slice text)
{
    for (size_t i = 0; i < text.len; i++)
        if (text.data[i] < ' ' && text.data[i] != '\t' && text.data[i] != '\n' &&
            text.data[i] != '\r')
            return true;
    return false;
}

// False when it is no text that we store.
static bool normalise(struct view *view, const struct field *field, struct value *value)
{
    struct slice text = has_controls(value->text) ? (struct slice){NULL, 0}
                                                  : text_nfc(view->arena, value->text);

    if (text.data == NULL)
        return false;
    if (field->shape != NULL && field->shape->upper) {
        uint8_t *upper = arena_copy(view->arena, text.data, text.len);

        for (size_t i = 0; i < text.len; i++)
            if (upper[i] >= 'a' && upper[i] <= 'z')
                upper[i] = (uint8_t)(upper[i] - 'a' + 'A');
        text = slice_of(upper, text.len);
    }
    value->text = text;
    if (is_blank(text))
        value->kind = VALUE_NULL;
    return true;
}

static enum value_kind given_kind(const struct field *field)
{
    return field->type == FIELD_SEALED ? VALUE_TEXT : field_kind(field->type);
}

static bool is_code(const struct field *field, struct slice text)
{
    for (const char *const *code = field->codes; code != NULL && *code != NULL; code++)
        if (slice_is(text, *code))
            return true;
    return false;
}

static const char *text_word(const struct field *field, struct slice text)
{
    if (field->type == FIELD_CODE)
        return is_code(field, text) ? NULL : "code";
    if (text_chars(text) > field->max)
        return "max";
    if (field->shape != NULL && !text_check_fits(field->shape, text))
        return "check";
    if (field->check != NULL && !text_check_find(field->check)(text))
        return "check";
    return NULL;
}

static const char *word_of(const struct field *field, const struct value *value)
{
    double number = value->kind == VALUE_INTEGER ? (double)value->integer : value->number;

    switch (value->kind) {
    case VALUE_TEXT:
        return text_word(field, value->text);
    case VALUE_INTEGER:
    case VALUE_NUMBER:
        if (isnan(number) || isinf(number))
            return "type";
        return number < field->at_least || number > field->at_most ? "range" : NULL;
    case VALUE_DATE:
        return value->integer < date_days(1900, 1, 1) || value->integer >= date_days(2200, 1, 1)
                   ? "range"
                   : NULL;
    default:
        return NULL;
    }
}

bool accept_value(struct view *view, const struct collection *collection, int at,
                  const struct id *org, struct value *value, const char **word, struct err *err)
{
    const struct field *field = &collection->fields[at];

    *word = NULL;
    convert_number(field, value);
    if (value->kind != VALUE_NULL && value->kind != given_kind(field))
        *word = "type";
    else if (value->kind == VALUE_TEXT && !normalise(view, field, value))
        *word = "encoding";
    else
        *word = word_of(field, value);
    if (*word != NULL || value->kind != VALUE_TEXT || field->type != FIELD_SEALED)
        return true;
    return sealed_make(view, collection, at, org, value->text, value, err);
}

bool accept_probe(struct view *view, const struct field *field, struct value *value,
                  struct err *err)
{
    convert_number(field, value);
    if (value->kind != VALUE_NULL && value->kind != given_kind(field))
        return err_set(err, ERR_INPUT, "%s is looked up by a value of another type", field->name);
    if (value->kind == VALUE_TEXT && !normalise(view, field, value))
        return err_set(err, ERR_INPUT, "%s is looked up by bytes that are no text", field->name);
    if (value->kind != VALUE_TEXT || field->type != FIELD_SEALED)
        return true;
    return sealed_probe(view, field, value->text, value, err);
}
