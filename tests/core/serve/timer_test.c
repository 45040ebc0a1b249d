// SPDX-License-Identifier: Apache-2.0
// Work by the clock: once for each organisation and moment, whatever happens to its processes.
#include "world.h"

#define APPS "tests/core/serve/timers"

// Moves the clock to a time of a day in China's zone.
static void set_clock(int year, int month, int day, int hour, int minute)
{
    ahead_ms = date_days(year, month, day) * 86400000LL + (hour - 8) * 3600000LL +
               minute * 60000LL - clock_wall_ms(clock_system());
    runner.looked_us = 0;
}

static bool notes_are(const char *expected)
{
    struct visit visit = {.method = "GET", .app = "timer", .path = "/notes", .org = world.root,
                          .person = world.root, .role = "keeper"};

    world_visit(&world, &visit);
    if (strcmp(visit.body, expected) != 0)
        printf("  got: %d %s %s\n", visit.status, visit.body, visit.err.text);
    return strcmp(visit.body, expected) == 0;
}

static void days_that_nobody_knows_set_the_app_apart(void)
{
    CHECK(world.problem_count == 1);
    CHECK(world_said(&world, "idle", "no app knows 'moon days' (job 'howl')"));
}

static void who_does_not_ask_to_notify_cannot(void)
{
    struct visit visit = {.method = "POST", .app = "timer", .path = "/tell", .org = world.root,
                          .person = world.root, .role = "keeper"};

    world_visit(&world, &visit);
    CHECK(strstr(visit.err.text, "add inbox to asks.notify") != NULL);
    CHECK(counts().waiting == 0);
}

static void nothing_begins_in_arrears(void)
{
    set_clock(2026, 3, 1, 9, 0);

    CHECK(run_due() == 0 && notes_are("{}"));
}

static void each_school_has_its_run_at_each_moment(void)
{
    set_clock(2026, 3, 2, 9, 0);
    run_due();
    set_clock(2026, 3, 2, 12, 0);
    CHECK(run_due() == 2);
    CHECK(notes_are("[\"tick 2026-03-02\",\"tick 2026-03-02\"]"));
    set_clock(2026, 3, 2, 12, 1);
    CHECK(run_due() == 0);
}

static void the_days_are_told_by_who_knows_them_for_each_organisation(void)
{
    set_clock(2026, 3, 1, 7, 0);
    run_due();
    set_clock(2026, 3, 1, 7, 30);
    CHECK(run_due() == 3); // the root, east, and west, where there is no market
    CHECK(notes_are("[\"market 2026-03-01\",\"market 2026-03-01\"]"));
    set_clock(2026, 3, 1, 11, 59);
    CHECK(run_due() == 0);
}

static void what_was_missed_is_caught_up_once(void)
{
    set_clock(2026, 3, 2, 9, 0);
    run_due();
    set_clock(2026, 3, 9, 7, 0); // a week later
    CHECK(run_due() == 2 + 3);   // the last half day for two schools; yesterday's market for all
    CHECK(notes_are("[\"tick 2026-03-09\",\"tick 2026-03-09\"]"));
}

static void two_processes_and_a_restart_run_each_moment_once(void)
{
    struct runner other;

    set_clock(2026, 3, 2, 9, 0);
    run_due();
    set_clock(2026, 3, 2, 12, 0);
    other = (struct runner){.instance = &instance, .slot = &slot, .turn = 1};
    for (int i = 0; i < 8; i++) {
        runner_step(&other);
        runner_step(&runner);
    }
    runner_finish(&other);
    CHECK(notes_are("[\"tick 2026-03-02\",\"tick 2026-03-02\"]"));
    CHECK(counts().waiting == 0);
}

static void what_still_waits_is_not_doubled(void)
{
    set_clock(2026, 3, 2, 9, 0);
    run_due();
    for (int day = 3; day < 6; day++) {
        set_clock(2026, 3, day, 12, 0);
        runner.turn = 0;
        CHECK(runner_step(&runner) == 0); // does one of those it has queued
    }
    CHECK(counts().waiting <= 5);
}

int main(void)
{
    struct err problem;

    log_threshold(LOG_ERROR);
    if (!script_watch_start(&problem))
        return 1;
    IN_A_WORLD(APPS, days_that_nobody_knows_set_the_app_apart);
    IN_A_WORLD(APPS, who_does_not_ask_to_notify_cannot);
    IN_A_WORLD(APPS, nothing_begins_in_arrears);
    IN_A_WORLD(APPS, each_school_has_its_run_at_each_moment);
    IN_A_WORLD(APPS, the_days_are_told_by_who_knows_them_for_each_organisation);
    IN_A_WORLD(APPS, what_was_missed_is_caught_up_once);
    IN_A_WORLD(APPS, two_processes_and_a_restart_run_each_moment_once);
    IN_A_WORLD(APPS, what_still_waits_is_not_doubled);
    return check_report("serve timer");
}
