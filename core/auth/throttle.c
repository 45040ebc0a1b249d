// SPDX-License-Identifier: Apache-2.0
// Counters of failures: SPACE_THROTTLE, u32 window, u8 kind, 16 bytes of a keyed hash of the
// subject. The window stands in front, so that old ones go in one sweep. A login that does
// not exist is counted like one that does.
#include <arpa/inet.h>
#include <stdio.h>

#include "auth/inside.h"
#include "store/space.h"

enum { KEY_LEN = 1 + 4 + 1 + 16, COUNTERS_MAX = 3 };

struct counter {
    uint8_t kind; // 'a'ccount, 'd'evice, address 'i', 's'chool
    struct slice subject;
    unsigned most;
};

struct counters {
    struct counter list[COUNTERS_MAX];
    size_t count;
    uint8_t network[16];
};

// Whoever has an IPv6 address has 2^64 of them.
static struct slice network_of(struct slice address, uint8_t network[16])
{
    char text[INET6_ADDRSTRLEN];
    static const uint8_t mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

    snprintf(text, sizeof text, "%.*s", (int)(address.len < sizeof text ? address.len : 0),
             (const char *)address.data);
    if (inet_pton(AF_INET, text, network) == 1)
        return slice_of(network, 4);
    if (inet_pton(AF_INET6, text, network) != 1)
        return address;
    return memcmp(network, mapped, sizeof mapped) == 0 ? slice_of(network + 12, 4)
                                                       : slice_of(network, 8);
}

static void count_by(struct counters *counters, uint8_t kind, struct slice subject, unsigned most)
{
    counters->list[counters->count++] = (struct counter){kind, subject, most};
}

// A known device is counted by itself: failures of strangers, on the same account or behind
// the same address, do not shut its owner out.
static void choose(const struct auth *auth, const struct throttle_subject *subject,
                   struct counters *counters)
{
    const struct auth_limits *limits = auth->limits;

    counters->count = 0;
    if (subject->known_device) {
        count_by(counters, 'd', subject->login, limits->per_account);
        return;
    }
    count_by(counters, 'a', subject->login, limits->per_account);
    count_by(counters, 'i', network_of(subject->address, counters->network), limits->per_address);
    if (!id_is_zero(&subject->school))
        count_by(counters, 's', slice_of(subject->school.bytes, ID_LEN), limits->per_school);
}

static void make_key(const struct auth *auth, int64_t window, const struct counter *counter,
                     uint8_t key[KEY_LEN])
{
    struct slice parts[] = {slice_of(&counter->kind, 1), counter->subject};
    uint8_t digest[DIGEST_LEN];

    digest_hmac_parts(slice_of(auth->throttle_key, SECRET_LEN), parts, 2, digest);
    key[0] = SPACE_THROTTLE;
    for (int i = 0; i < 4; i++)
        key[1 + i] = (uint8_t)((uint32_t)window >> (24 - 8 * i));
    key[5] = counter->kind;
    memcpy(key + 6, digest, 16);
}

bool auth_throttle_ask(const struct auth *auth, struct view *view,
                       const struct throttle_subject *subject, int64_t *wait_ms, bool *shut,
                       struct err *err)
{
    int64_t now_ms = clock_wall_ms(view->clock), window = now_ms / auth->limits->window_ms;
    struct counters counters;

    *wait_ms = 0;
    *shut = false;
    choose(auth, subject, &counters);
    for (size_t i = 0; i < counters.count; i++) {
        uint8_t key[KEY_LEN];
        int64_t failures;

        make_key(auth, window, &counters.list[i], key);
        if (!store_counter(view->txn, slice_of(key, sizeof key), &failures, err))
            return false;
        if (failures < (int64_t)counters.list[i].most)
            continue;
        if (counters.list[i].kind == 's')
            *shut = true;
        else
            *wait_ms = (window + 1) * auth->limits->window_ms - now_ms;
    }
    return true;
}

bool auth_throttle_count(const struct auth *auth, struct view *view,
                         const struct throttle_subject *subject, struct err *err)
{
    int64_t window = clock_wall_ms(view->clock) / auth->limits->window_ms;
    struct counters counters;

    choose(auth, subject, &counters);
    for (size_t i = 0; i < counters.count; i++) {
        uint8_t key[KEY_LEN];

        make_key(auth, window, &counters.list[i], key);
        if (!store_add(view->txn, slice_of(key, sizeof key), 1, err))
            return false;
    }
    return true;
}
