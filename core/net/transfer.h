// SPDX-License-Identifier: Apache-2.0
// Requests over HTTP, many at a time on one thread. Each hop is checked anew: its address by
// net/fetch.h, the address of the network by net/guard.h when the connection is made. No proxy, no
// cookies, no stored passwords, no other protocol; TLS 1.2 at least, with the authorities given.
#pragma once

#include <poll.h>

#include "base/clock.h"
#include "net/fetch.h"
#include "net/guard.h"

struct transfers;
struct transfer;

struct transfer_limits {
    const char *authorities; // PEM
    int64_t connect_ms;
    int64_t answer_max, redirects;
};

// What was sent on the way, for the log.
struct transfer_report {
    const struct url *url; // of the last hop
    unsigned hops;
    char refused[GUARD_TEXT_MAX]; // the address that the guard refused, "" for none
};

// The answer's memory ends with the call.
typedef void transfer_done(void *context, const struct fetch_answer *answer,
                           const struct transfer_report *report);

struct transfers *transfers_create(struct clock *clock, struct err *err);
void transfers_destroy(struct transfers *transfers); // accepts NULL; all have ended

// Whom every connection asks from now on, open transfers included. To be set before the first.
void transfers_guard(struct transfers *transfers, const struct guard *guard);

// The request has been checked (fetch_check). Everything is copied but the rules' hosts, which must
// live until the end. done is called once, from transfers_wait.
struct transfer *transfer_start(struct transfers *transfers, const struct fetch_request *request,
                                const struct fetch_rules *rules,
                                const struct transfer_limits *limits, transfer_done *done,
                                void *context);
void transfer_stop(struct transfer *transfer); // done is not called

// Goes on with all that can go on; waits for that and for the descriptors given.
void transfers_wait(struct transfers *transfers, struct pollfd *others, size_t count,
                    int timeout_ms);
