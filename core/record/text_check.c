// SPDX-License-Identifier: Apache-2.0
#include "record/text_check.h"

#include "base/text.h"

static bool is_digit(uint8_t c)
{
    return c >= '0' && c <= '9';
}

static bool is_upper(uint8_t c)
{
    return c >= 'A' && c <= 'Z';
}

static bool is_login(struct slice text)
{
    struct arena arena = ARENA_EMPTY;
    struct slice canonical = text_login(&arena, text);
    bool same = canonical.data != NULL && slice_equal(canonical, text);

    arena_finish(&arena);
    return same;
}

// Digits, with '+' in front and '-' between where people write them.
static bool is_phone(struct slice text)
{
    size_t count = 0;

    for (size_t i = 0; i < text.len; i++) {
        if (is_digit(text.data[i]))
            count++;
        else if (!(text.data[i] == '+' && i == 0) && !(text.data[i] == '-' && i > 0))
            return false;
    }
    return count >= 3 && count <= 20 && text.data[text.len - 1] != '-';
}

static bool is_code(struct slice text)
{
    for (size_t i = 0; i < text.len; i++) {
        uint8_t c = text.data[i];

        if (!is_digit(c) && !is_upper(c) && !(c >= 'a' && c <= 'z') && c != '-' && c != '_')
            return false;
    }
    return text.len > 0;
}

static const struct {
    const char *name;
    text_check_function *function;
} checks[] = {{"login", is_login}, {"phone", is_phone}, {"code", is_code}};

enum { CHECK_COUNT = sizeof checks / sizeof *checks };

text_check_function *text_check_find(const char *name)
{
    for (size_t i = 0; i < CHECK_COUNT; i++)
        if (strcmp(checks[i].name, name) == 0)
            return checks[i].function;
    return NULL;
}

const char *text_check_name(size_t index)
{
    return index < CHECK_COUNT ? checks[index].name : NULL;
}

static bool fits_pattern(const char *pattern, struct slice text)
{
    if (text.len != strlen(pattern))
        return false;
    for (size_t i = 0; i < text.len; i++) {
        bool digit = is_digit(text.data[i]), letter = is_upper(text.data[i]);

        if (!(digit && pattern[i] != 'A') && !(letter && pattern[i] != '0'))
            return false;
    }
    return true;
}

static bool fits_prefix(const char *const *prefixes, struct slice text)
{
    if (prefixes == NULL)
        return true;
    for (; *prefixes != NULL; prefixes++)
        if (slice_starts(text, slice_text(*prefixes)))
            return true;
    return false;
}

static bool fits_mark(const struct text_check *check, struct slice text)
{
    size_t sum = 0;

    if (check->marks == NULL)
        return true;
    for (size_t i = 0; i + 1 < text.len; i++)
        sum += (size_t)check->weights[i] * (size_t)(text.data[i] - '0');
    return text.data[text.len - 1] == (uint8_t)check->marks[sum % strlen(check->marks)];
}

static bool fits_date(const struct text_check *check, struct slice text)
{
    const uint8_t *at = text.data + check->date_at - 1;
    uint8_t iso[10] = {0, 0, 0, 0, '-', 0, 0, '-', 0, 0};
    int32_t days;

    if (check->date_at == 0)
        return true;
    memcpy(iso, at, 4);
    memcpy(iso + 5, at + 4, 2);
    memcpy(iso + 8, at + 6, 2);
    return date_from_text(slice_of(iso, sizeof iso), &days);
}

bool text_check_fits(const struct text_check *check, struct slice text)
{
    return fits_pattern(check->pattern, text) && fits_prefix(check->prefixes, text) &&
           fits_date(check, text) && fits_mark(check, text);
}

const char *text_check_problem(const struct text_check *check)
{
    size_t len = check->pattern != NULL ? strlen(check->pattern) : 0;

    if (len == 0 || len > TEXT_CHECK_MAX || strspn(check->pattern, "0A?") != len)
        return "a pattern has 1 to 32 characters: 0 (digit), A (letter), ? (either)";
    if (check->marks != NULL && (check->marks[0] == 0 || strspn(check->pattern, "0") + 1 < len))
        return "a check character follows digits only";
    if (check->date_at > 0 && check->date_at + 7u > len)
        return "the date does not fit into the pattern";
    return NULL;
}
