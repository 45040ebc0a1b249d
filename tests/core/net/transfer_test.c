// SPDX-License-Identifier: Apache-2.0
// A transfer ends, whatever the clock does meanwhile.
#include "check.h"
#include "net/guard.h"
#include "net/transfer.h"

enum { HURRY_US = 5000, WAITS_MAX = 500 };

static int64_t now_us;

// Whenever somebody looks, some time has passed: a machine that does other things, too.
static int64_t hurry(struct clock *clock)
{
    (void)clock;
    return now_us += HURRY_US;
}

static void note(void *context, const struct fetch_answer *answer,
                 const struct transfer_report *report)
{
    (void)report;
    *(enum fetch_outcome *)context = answer->outcome;
}

static void what_has_no_time_left_at_its_start_ends_too(void)
{
    static const char *const hosts[] = {"127.0.0.1", NULL};
    struct clock clock = {.mono_us = hurry};
    struct err err;
    struct transfers *transfers = transfers_create(&clock, &err);
    struct guard *guard = guard_create("127.0.0.1", &err);
    struct fetch_request request = {.app = slice_text("notes"), .method = slice_text("GET"),
                                    .url = slice_text("http://127.0.0.1:1/"), .timeout_ms = 1};
    struct fetch_rules rules = {.hosts = hosts, .plain_http = true};
    struct transfer_limits limits = {.authorities = "", .connect_ms = 10, .answer_max = 1000};
    enum fetch_outcome outcome = FETCH_DONE;

    transfers_guard(transfers, guard);
    transfer_start(transfers, &request, &rules, &limits, note, &outcome);
    CHECK(outcome == FETCH_DONE); // not told before its caller knows it
    for (int i = 0; i < WAITS_MAX && outcome == FETCH_DONE; i++)
        transfers_wait(transfers, NULL, 0, 10);
    CHECK(outcome == FETCH_TIMEOUT || outcome == FETCH_UNREACHABLE);
    transfers_destroy(transfers);
    guard_destroy(guard);
}

int main(void)
{
    RUN(what_has_no_time_left_at_its_start_ends_too);
    return check_report("net transfer");
}
