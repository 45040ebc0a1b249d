// SPDX-License-Identifier: Apache-2.0
#include "net/guard.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>

#include "net/url.h"

// IPv4 stands in the last four bytes, with 96 bits before them; families are never mixed.
struct range {
    int family;
    uint8_t bytes[16];
    unsigned bits;
};

struct guard {
    struct range *ranges;
    size_t range_count;
    const char **names;
    size_t name_count;
    struct arena arena;
};

// Not reachable from the outside, or not what it seems (RFC 6890 and its registries).
static const char *const inside4[] = {
    "0.0.0.0/8",       // this network
    "10.0.0.0/8",      // private
    "100.64.0.0/10",   // of carriers; a cloud keeps its metadata at 100.100.100.200
    "127.0.0.0/8",     // this machine
    "168.63.129.16",   // a cloud's metadata, though it looks public
    "169.254.0.0/16",  // this link; metadata of clouds at 169.254.169.254
    "172.16.0.0/12",   // private
    "192.0.0.0/24",    // of protocols
    "192.0.2.0/24",    // documentation
    "192.88.99.0/24",  // 6to4 relays
    "192.168.0.0/16",  // private
    "198.18.0.0/15",   // benchmarks
    "198.51.100.0/24", // documentation
    "203.0.113.0/24",  // documentation
    "224.0.0.0/4",     // many at once
    "240.0.0.0/4",     // nobody's, and broadcast
};
// Of IPv6 only global unicast is outside at all: that leaves out this machine, links, private
// ones, many at once, IPv4 in IPv6 (::ffff:0:0/96) and NAT64 (64:ff9b::/96, 64:ff9b:1::/48).
static const char *const outside6 = "2000::/3";
static const char *const inside6[] = {
    "2001::/23",     // of protocols: Teredo, ORCHID, benchmarks
    "2001:db8::/32", // documentation
    "2002::/16",     // 6to4: an IPv4 address within
    "3fff::/20",     // documentation
};
// Nobody's services, whatever a configuration says.
static const char *const never[] = {"0.0.0.0/8", "224.0.0.0/4", "240.0.0.0/4", "::/128",
                                    "ff00::/8"};

static bool read_range(const char *text, struct range *range)
{
    char address[INET6_ADDRSTRLEN + 8];
    const char *slash = strchr(text, '/');
    size_t len = slash != NULL ? (size_t)(slash - text) : strlen(text);
    char *end = NULL;
    unsigned long bits;

    if (len >= sizeof address)
        return false;
    memcpy(address, text, len);
    address[len] = 0;
    *range = (struct range){.family = strchr(address, ':') != NULL ? AF_INET6 : AF_INET};
    if (inet_pton(range->family, address, range->bytes) != 1)
        return false;
    range->bits = range->family == AF_INET6 ? 128 : 32;
    if (slash == NULL)
        return true;
    bits = strtoul(slash + 1, &end, 10);
    if (slash[1] < '0' || slash[1] > '9' || *end != 0 || bits > range->bits)
        return false;
    range->bits = (unsigned)bits;
    return true;
}

static bool holds(const struct range *range, int family, const uint8_t *bytes)
{
    unsigned whole = range->bits / 8, rest = range->bits % 8;

    return range->family == family && memcmp(range->bytes, bytes, whole) == 0 &&
           (rest == 0 || ((range->bytes[whole] ^ bytes[whole]) >> (8 - rest)) == 0);
}

static bool is_among(const char *const *texts, size_t count, int family, const uint8_t *bytes)
{
    struct range range;

    for (size_t i = 0; i < count; i++)
        if (read_range(texts[i], &range) && holds(&range, family, bytes))
            return true;
    return false;
}
#define IS_AMONG(texts, family, bytes)                                                             \
    is_among(texts, sizeof(texts) / sizeof *(texts), family, bytes)

static bool is_public(int family, const uint8_t *bytes)
{
    if (family == AF_INET)
        return !IS_AMONG(inside4, family, bytes);
    return is_among(&outside6, 1, family, bytes) && !IS_AMONG(inside6, family, bytes);
}

static bool is_allowed(const struct guard *guard, const char *name, int family,
                       const uint8_t *bytes)
{
    for (size_t i = 0; i < guard->name_count; i++)
        if (strcmp(guard->names[i], name) == 0)
            return true;
    for (size_t i = 0; i < guard->range_count; i++)
        if (holds(&guard->ranges[i], family, bytes))
            return true;
    return false;
}

static const uint8_t *bytes_of(const struct sockaddr *address)
{
    if (address->sa_family == AF_INET)
        return (const uint8_t *)&((const struct sockaddr_in *)(const void *)address)->sin_addr;
    if (address->sa_family == AF_INET6)
        return (const uint8_t *)&((const struct sockaddr_in6 *)(const void *)address)->sin6_addr;
    return NULL;
}

bool guard_lets(const struct guard *guard, const char *name, const struct sockaddr *address)
{
    const uint8_t *bytes = bytes_of(address);
    int family = address->sa_family;

    return bytes != NULL && !IS_AMONG(never, family, bytes) &&
           (is_public(family, bytes) || is_allowed(guard, name, family, bytes));
}

void guard_text(const struct sockaddr *address, char text[GUARD_TEXT_MAX])
{
    const uint8_t *bytes = bytes_of(address);

    if (bytes == NULL || inet_ntop(address->sa_family, bytes, text, GUARD_TEXT_MAX) == NULL)
        snprintf(text, GUARD_TEXT_MAX, "family %d", address->sa_family);
}

static bool add(struct guard *guard, char *word, struct err *err)
{
    struct range range;

    if (read_range(word, &range)) {
        guard->ranges = mem_resize(guard->ranges, (guard->range_count + 1) * sizeof range);
        guard->ranges[guard->range_count++] = range;
        return true;
    }
    if (word[0] == '*' || word[0] == '[' || strpbrk(word, ":/") != NULL || !url_is_pattern(word))
        return err_set(err, ERR_INPUT,
                       "outbound.allow: '%s' is no range (10.3.0.0/16), address or name", word);
    for (char *at = word; *at != 0; at++)
        *at = (char)(*at >= 'A' && *at <= 'Z' ? *at - 'A' + 'a' : *at);
    guard->names = mem_resize(guard->names, (guard->name_count + 1) * sizeof *guard->names);
    guard->names[guard->name_count++] = arena_text(&guard->arena, slice_text(word));
    return true;
}

struct guard *guard_create(const char *allowed, struct err *err)
{
    struct guard *guard = mem_zero(sizeof *guard);
    char *text = mem_text(allowed), *rest = NULL;
    bool done = true;

    for (char *word = strtok_r(text, " ,\t", &rest); done && word != NULL;
         word = strtok_r(NULL, " ,\t", &rest))
        done = add(guard, word, err);
    free(text);
    if (done)
        return guard;
    guard_destroy(guard);
    return NULL;
}

void guard_destroy(struct guard *guard)
{
    if (guard == NULL)
        return;
    arena_finish(&guard->arena);
    free(guard->ranges);
    free(guard->names);
    free(guard);
}
