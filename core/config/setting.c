// SPDX-License-Identifier: Apache-2.0
// From the text of a setting to its value: one way for the file, --set and the defaults.
#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/text.h"
#include "config/keys.h"

struct unit {
    const char *name;
    int64_t factor;
};

static const struct unit durations[] = {
    {"ms", 1}, {"s", 1000}, {"min", 60000}, {"h", 3600000}, {NULL, 0}};
static const struct unit sizes[] = {{"B", 1},
                                    {"KiB", 1024},
                                    {"MiB", 1048576},
                                    {"GiB", 1073741824},
                                    {"TiB", 1099511627776},
                                    {NULL, 0}};

// Digits only: no sign, no space, no leading zero, and no overflow. *end is what follows.
static bool parse_digits(const char *text, int64_t *number, const char **end)
{
    *number = 0;
    *end = text;
    if (text[0] == '0' && text[1] >= '0' && text[1] <= '9')
        return false;
    for (; **end >= '0' && **end <= '9'; (*end)++)
        if (__builtin_mul_overflow(*number, 10, number) ||
            __builtin_add_overflow(*number, **end - '0', number))
            return false;
    return *end != text;
}

static const struct unit *find_unit(const struct unit *units, const char *name)
{
    while (units->name != NULL && strcmp(units->name, name) != 0)
        units++;
    return units->name != NULL ? units : NULL;
}

// Writes a number with the largest unit that leaves it whole.
static const char *with_unit(const struct unit *units, int64_t number, char text[32])
{
    const struct unit *best = units;

    for (; units != NULL && units->name != NULL; units++)
        if (number != 0 && number % units->factor == 0)
            best = units;
    snprintf(text, 32, "%" PRId64 "%s", best != NULL ? number / best->factor : number,
             best != NULL ? best->name : "");
    return text;
}

static bool in_bounds(const struct config_key *key, const struct unit *units, int64_t number,
                      const char *text, struct err *err)
{
    char least[32], most[32];

    if (number >= key->least && number <= key->most)
        return true;
    return err_set(err, ERR_INPUT, "%s is out of range: from %s to %s", text,
                   with_unit(units, key->least, least), with_unit(units, key->most, most));
}

static bool set_number(struct config *config, const struct config_key *key, const char *text,
                       struct err *err)
{
    const struct unit *units = key->type == KEY_DURATION ? durations
                               : key->type == KEY_SIZE   ? sizes
                                                         : NULL,
                      *unit;
    const char *example = key->type == KEY_DURATION ? "a duration with its unit (ms, s, min, h)"
                          : key->type == KEY_SIZE ? "a size with its unit (B, KiB, MiB, GiB, TiB)"
                                                  : "a whole number",
               *end;
    int64_t number;

    if (!parse_digits(text, &number, &end) || (units == NULL && *end != 0))
        return err_set(err, ERR_INPUT, "expected %s, as in %s, not '%s'", example, key->initial,
                       text);
    if (units != NULL) {
        if ((unit = find_unit(units, end)) == NULL)
            return err_set(err, ERR_INPUT, "expected %s, as in %s, not '%s'", example,
                           key->initial, text);
        if (__builtin_mul_overflow(number, unit->factor, &number))
            number = INT64_MAX;
    }
    if (!in_bounds(key, units, number, text, err))
        return false;
    *(int64_t *)((char *)config + key->offset) = number;
    return true;
}

static bool set_boolean(struct config *config, const struct config_key *key, const char *text,
                        struct err *err)
{
    bool yes = strcmp(text, "true") == 0;

    if (!yes && strcmp(text, "false") != 0)
        return err_set(err, ERR_INPUT, "expected true or false, not '%s'", text);
    *(bool *)((char *)config + key->offset) = yes;
    return true;
}

static bool is_one_line(const char *text)
{
    for (; *text != 0; text++)
        if ((unsigned char)*text < 0x20 || *text == 0x7f)
            return false;
    return true;
}

static bool check_text(const struct config_key *key, const char *text, struct err *err)
{
    size_t chars = text_chars(slice_text(text));

    if (!text_is_utf8(slice_text(text)) || !is_one_line(text))
        return err_set(err, ERR_INPUT, "expected a text of one line");
    if (chars == 0 && key->least > 0)
        return err_set(err, ERR_INPUT, "must not be empty");
    if ((int64_t)chars > key->most)
        return err_set(err, ERR_INPUT, "is longer than %" PRId64 " characters", key->most);
    return true;
}

static bool check_choice(const struct config_key *key, const char *text, struct err *err)
{
    size_t len = strlen(text);

    for (const char *at = key->choices; len > 0 && (at = strstr(at, text)) != NULL; at += len)
        if ((at == key->choices || at[-1] == ' ') && (at[len] == ' ' || at[len] == 0))
            return true;
    return err_set(err, ERR_INPUT, "expected one of %s, not '%s'", key->choices, text);
}

// A numeric address and a port: names are not resolved, so that a start never waits.
static bool check_address(const char *text, struct err *err)
{
    const char *colon = strrchr(text, ':'), *end;
    size_t len = colon != NULL ? (size_t)(colon - text) : 0;
    char host[INET6_ADDRSTRLEN + 2] = {0};
    struct in6_addr parsed;
    int64_t port;
    bool good = len > 0 && len < sizeof host;

    if (good) {
        memcpy(host, text, len);
        if (host[0] == '[' && host[len - 1] == ']') {
            host[len - 1] = 0;
            good = inet_pton(AF_INET6, host + 1, &parsed) == 1;
        } else {
            good = inet_pton(AF_INET, host, &parsed) == 1;
        }
    }
    if (!good || !parse_digits(colon + 1, &port, &end) || *end != 0 || port > 65535)
        return err_set(err, ERR_INPUT,
                       "expected an address and a port, as in 127.0.0.1:8080 or [::]:443, not '%s'",
                       text);
    return true;
}

int config_port(const char *address)
{
    const char *colon = strrchr(address, ':');

    return colon != NULL ? (int)strtol(colon + 1, NULL, 10) : 0;
}

bool config_add_listener(struct config *config, const char *text, bool tls, struct err *err)
{
    static const char suffix[] = " tls";
    size_t len = strlen(text);
    char *address = arena_text(&config->arena, slice_text(text));

    if (len > sizeof suffix - 1 && strcmp(text + len - (sizeof suffix - 1), suffix) == 0) {
        address[len - (sizeof suffix - 1)] = 0;
        tls = true;
    }
    if (!check_address(address, err))
        return false;
    for (int64_t i = 0; i < config->listen_count; i++)
        if (strcmp(config->listen[i].address, address) == 0 && config_port(address) != 0)
            return err_set(err, ERR_INPUT, "%s stands twice", address);
    if (config->listen_count == CONFIG_LISTENERS_MAX)
        return err_set(err, ERR_INPUT, "more than %d addresses", CONFIG_LISTENERS_MAX);
    config->listen[config->listen_count++] = (struct config_listener){address, tls};
    return true;
}

// "127.0.0.1:8080, [::1]:8443 tls": how --set and the default write the list.
static bool set_listeners(struct config *config, const char *text, struct err *err)
{
    config->listen_count = 0;
    for (;;) {
        size_t len = strcspn(text, ",");
        char *one = arena_text(&config->arena, slice_of(text, len));

        if (!config_add_listener(config, one, false, err))
            return false;
        if (text[len] == 0)
            return true;
        text += len + 1;
        text += strspn(text, " ");
    }
}

static bool is_name(struct slice name)
{
    for (size_t i = 0; i < name.len; i++)
        if (!isalnum(name.data[i]) && name.data[i] != '_' && name.data[i] != '-')
            return false;
    return name.len > 0;
}

// "leave, notice" is kept as "leave notice".
static bool set_names(struct config *config, const struct config_key *key, const char *text,
                      struct err *err)
{
    const char **place = (const char **)((char *)config + key->offset), *names = "";

    for (text += strspn(text, ", "); *text != 0; text += strspn(text, ", ")) {
        struct slice name = slice_of(text, strcspn(text, ", "));

        if (!is_name(name))
            return err_set(err, ERR_INPUT, "expected names, not '%.*s'", (int)name.len, text);
        names = arena_format(&config->arena, "%s%s%.*s", names, names[0] != 0 ? " " : "",
                             (int)name.len, text);
        text += name.len;
    }
    *place = names;
    return true;
}

bool config_set_text(struct config *config, const struct config_key *key, const char *text,
                     const char *folder, struct err *err)
{
    const char **place = (const char **)((char *)config + key->offset);

    switch (key->type) {
    case KEY_BOOLEAN:
        return set_boolean(config, key, text, err);
    case KEY_INTEGER:
    case KEY_DURATION:
    case KEY_SIZE:
        return set_number(config, key, text, err);
    case KEY_LISTEN:
        return set_listeners(config, text, err);
    case KEY_NAMES:
        return set_names(config, key, text, err);
    case KEY_CHOICE:
        if (!check_choice(key, text, err))
            return false;
        break;
    case KEY_ADDRESS:
        if (text[0] != 0 && !check_address(text, err))
            return false;
        break;
    case KEY_TEXT:
    case KEY_PATH:
        if (!check_text(key, text, err))
            return false;
        break;
    }
    if (key->type == KEY_PATH && text[0] != 0 && text[0] != '/' && folder[0] != 0)
        *place = arena_format(&config->arena, "%s/%s", folder, text);
    else
        *place = arena_text(&config->arena, slice_text(text));
    return true;
}

void config_copy(const struct config_key *key, struct config *to, const struct config *from)
{
    char *into = (char *)to + key->offset;
    const char *value = (const char *)from + key->offset;

    switch (key->type) {
    case KEY_BOOLEAN:
        *(bool *)into = *(const bool *)value;
        break;
    case KEY_INTEGER:
    case KEY_DURATION:
    case KEY_SIZE:
        *(int64_t *)into = *(const int64_t *)value;
        break;
    case KEY_LISTEN:
        memcpy(to->listen, from->listen, sizeof to->listen);
        to->listen_count = from->listen_count;
        break;
    default:
        *(const char **)into = *(const char *const *)value;
    }
}

static bool same_listeners(const struct config *a, const struct config *b)
{
    if (a->listen_count != b->listen_count)
        return false;
    for (int64_t i = 0; i < a->listen_count; i++)
        if (a->listen[i].tls != b->listen[i].tls ||
            strcmp(a->listen[i].address, b->listen[i].address) != 0)
            return false;
    return true;
}

bool config_same(const struct config_key *key, const struct config *a, const struct config *b)
{
    const char *one = (const char *)a + key->offset, *two = (const char *)b + key->offset;

    switch (key->type) {
    case KEY_BOOLEAN:
        return *(const bool *)one == *(const bool *)two;
    case KEY_INTEGER:
    case KEY_DURATION:
    case KEY_SIZE:
        return *(const int64_t *)one == *(const int64_t *)two;
    case KEY_LISTEN:
        return same_listeners(a, b);
    default:
        return strcmp(*(const char *const *)one, *(const char *const *)two) == 0;
    }
}
