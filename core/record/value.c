// SPDX-License-Identifier: Apache-2.0
#include "record/value.h"

#include <stdio.h>

bool ref_equal(const struct ref *a, const struct ref *b)
{
    return memcmp(a, b, sizeof *a) == 0;
}

bool value_equal(const struct value *a, const struct value *b)
{
    return a->kind == b->kind && value_compare(a, b) == 0;
}

int value_compare(const struct value *a, const struct value *b)
{
    if (a->kind != b->kind)
        return a->kind < b->kind ? -1 : 1; // NULL is the first kind
    switch (a->kind) {
    case VALUE_NULL:
        return 0;
    case VALUE_BOOLEAN:
        return a->boolean - b->boolean;
    case VALUE_INTEGER:
    case VALUE_DATE:
    case VALUE_TIME:
        return (a->integer > b->integer) - (a->integer < b->integer);
    case VALUE_NUMBER:
        return (a->number > b->number) - (a->number < b->number);
    case VALUE_REF:
        return memcmp(&a->ref, &b->ref, sizeof a->ref);
    case VALUE_TEXT:
    case VALUE_BYTES:
        break;
    }
    return slice_compare(a->text, b->text);
}

void ref_to_text(const struct ref *ref, char text[REF_TEXT_LEN + 1])
{
    id_to_text(&ref->org, text);
    text[ID_TEXT_LEN] = '.';
    id_to_text(&ref->id, text + ID_TEXT_LEN + 1);
}

bool ref_from_text(struct slice text, struct ref *ref)
{
    return text.len == REF_TEXT_LEN && text.data[ID_TEXT_LEN] == '.' &&
           id_from_text(slice_of(text.data, ID_TEXT_LEN), &ref->org) &&
           id_from_text(slice_of(text.data + ID_TEXT_LEN + 1, ID_TEXT_LEN), &ref->id);
}

static bool digits(const uint8_t *at, size_t count, int *number)
{
    *number = 0;
    for (size_t i = 0; i < count; i++) {
        if (at[i] < '0' || at[i] > '9')
            return false;
        *number = *number * 10 + (at[i] - '0');
    }
    return true;
}

bool date_from_text(struct slice text, int32_t *days)
{
    int year, month, day, year_back, month_back, day_back;

    if (text.len != 10 || text.data[4] != '-' || text.data[7] != '-' ||
        !digits(text.data, 4, &year) || !digits(text.data + 5, 2, &month) ||
        !digits(text.data + 8, 2, &day))
        return false;
    if (year < 1900 || year > 2199 || month < 1 || month > 12 || day < 1 || day > 31)
        return false;
    *days = date_days(year, month, day);
    date_parts(*days, &year_back, &month_back, &day_back);
    return year == year_back && month == month_back && day == day_back;
}

static void put_digits(char *text, int count, unsigned number)
{
    for (; count > 0; number /= 10)
        text[--count] = (char)('0' + number % 10);
}

// Written for each date that is shown: without printf.
void date_to_text(int32_t days, char text[11])
{
    int year, month, day;

    date_parts(days, &year, &month, &day);
    put_digits(text, 4, (unsigned)year);
    text[4] = '-';
    put_digits(text + 5, 2, (unsigned)month);
    text[7] = '-';
    put_digits(text + 8, 2, (unsigned)day);
    text[10] = '\0';
}
