// SPDX-License-Identifier: Apache-2.0
#include "../store/scratch.h"

#include "job/schedule.h"

static struct arena memory;
static struct err err;

static struct schedule parsed(const char *text)
{
    struct schedule schedule = {0};

    CHECK_OK(schedule_parse(&memory, text, &schedule, &err), &err);
    return schedule;
}

// A moment in China's zone.
static int64_t at(int year, int month, int day, int hour, int minute)
{
    return date_days(year, month, day) * 86400000LL + (hour - 8) * 3600000LL + minute * 60000LL;
}

static void what_is_no_schedule_is_refused(void)
{
    static const char *const wrong[] = {
        "", "7:30", "24:00", "07:60", "07:30 ", "07:30 on ", "07:30 at school", "07:30:00", " 07:30",
        "every", "every 0 min", "every -1 min", "every 10", "every 10 minutes", "every 25 h", "+7:30",
        "07: 3", "every 10 minon school days",
    };

    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        struct schedule schedule;
        bool taken = schedule_parse(&memory, wrong[i], &schedule, &err);

        if (taken)
            printf("  taken: '%s'\n", wrong[i]);
        CHECK(!taken && err.code == ERR_INPUT);
    }
}

static void a_time_of_day_was_due_today_or_yesterday(void)
{
    struct schedule schedule = parsed("07:30");

    CHECK(schedule.days == NULL);
    CHECK(schedule_last(&schedule, at(2026, 3, 2, 7, 30)) == at(2026, 3, 2, 7, 30));
    CHECK(schedule_last(&schedule, at(2026, 3, 2, 7, 30) - 1) == at(2026, 3, 1, 7, 30));
    CHECK(schedule_last(&schedule, at(2026, 3, 2, 23, 59)) == at(2026, 3, 2, 7, 30));
    CHECK(schedule_last(&schedule, at(2026, 3, 3, 0, 0)) == at(2026, 3, 2, 7, 30));
}

static void a_period_counts_from_one_beginning_for_all(void)
{
    struct schedule ten = parsed("every 10 min"), day = parsed("every 24 h on school days");

    CHECK(schedule_last(&ten, at(2026, 3, 2, 7, 39)) == at(2026, 3, 2, 7, 30));
    CHECK(schedule_last(&ten, at(2026, 3, 2, 7, 40)) == at(2026, 3, 2, 7, 40));
    CHECK(schedule_last(&day, at(2026, 3, 2, 7, 40)) == at(2026, 3, 2, 0, 0));
    CHECK(strcmp(day.days, "school days") == 0);
}

static bool claim(struct scratch *scratch, int64_t moment)
{
    struct store_txn *txn = begin_write(scratch);
    struct view view = {.txn = txn};
    bool claimed = false;

    CHECK_OK(schedule_claim(&view, "leave", "digest", moment, false, &claimed, &scratch->err),
             &scratch->err);
    if (store_has_writes(txn))
        CHECK(finish(scratch, txn) == ERR_NONE);
    else
        store_end(txn);
    return claimed;
}

static void each_moment_is_claimed_once_and_never_backwards(struct scratch *scratch)
{
    CHECK(!claim(scratch, 1000)); // the first look
    CHECK(!claim(scratch, 1000));
    CHECK(claim(scratch, 5000)); // some were missed: one for all
    CHECK(!claim(scratch, 5000));
    CHECK(!claim(scratch, 4000));
    CHECK(claim(scratch, 6000));
}

static void of_two_that_claim_a_moment_one_commits(struct scratch *scratch)
{
    struct store_txn *first = begin_write(scratch), *second = begin_write(scratch);
    struct view a = {.txn = first}, b = {.txn = second};
    bool one, two;

    CHECK(schedule_claim(&a, "leave", "digest", 7000, false, &one, &scratch->err) && one);
    CHECK(schedule_claim(&b, "leave", "digest", 7000, false, &two, &scratch->err) && two);
    CHECK(finish(scratch, first) == ERR_NONE);
    CHECK(finish(scratch, second) == ERR_CONFLICT);
}

int main(void)
{
    struct scratch scratch;

    scratch_start(&scratch);
    RUN(what_is_no_schedule_is_refused);
    RUN(a_time_of_day_was_due_today_or_yesterday);
    RUN(a_period_counts_from_one_beginning_for_all);
    RUN(each_moment_is_claimed_once_and_never_backwards, &scratch);
    RUN(of_two_that_claim_a_moment_one_commits, &scratch);
    arena_finish(&memory);
    scratch_finish(&scratch);
    return check_report("job schedule");
}
