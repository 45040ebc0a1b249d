// SPDX-License-Identifier: Apache-2.0
// Days of teaching with 调休, as the real base app tells them to a job of the platform's clock.
#include "world.h"

static struct world world;

static bool import(struct id org, const char *row, const char *expected)
{
    const char *got = world_import(&world, org, "calendar", row);

    if (strcmp(expected, got) != 0)
        printf("  %s\n  said: %s\n", row, got);
    return strcmp(expected, got) == 0;
}

// Whether a job "on school days" would run at the organisation on the day.
static bool is_day(struct id org, const char *date)
{
    bool its_day = false;

    world_begin(&world);
    CHECK_OK(host_is_day(world.host, &world.view, "school days", org, slice_text(date), &its_day,
                         &world.err),
             &world.err);
    world_end(&world);
    return its_day;
}

static void weekdays_are_school_days_and_weekends_are_not(void)
{
    CHECK(is_day(world.school, "2026-03-02")); // Monday
    CHECK(is_day(world.school, "2026-03-06"));
    CHECK(!is_day(world.school, "2026-03-07"));
    CHECK(!is_day(world.school, "2026-03-08"));
}

static void only_schools_have_school_days(void)
{
    CHECK(!is_day(world.county, "2026-03-02"));
}

static void rows_of_the_calendar_are_read_and_refused(void)
{
    CHECK(import(world.county, "日期=2026-02-30|安排=放假", "refused 日期 date"));
    CHECK(import(world.county, "日期=2026-10-01|安排=也许", "refused 安排 code"));
    CHECK(import(world.county, "日期=2026-10-01", "refused 安排 required"));
    CHECK(import(world.county, "日期=2026-10-10|安排=上班|补课星期=星期八", "refused 补课星期 code"));
    CHECK(import(world.county, "日期=2026-10-01|安排=放假|名称=国庆节", "created"));
    CHECK(import(world.county, "日期=2026年10月1日|安排=休|名称=国庆节", "same"));
    CHECK(import(world.county, "日期=2026-10-10|安排=上班|补课星期=周四", "created"));
    CHECK(import(world.county, "日期=2026-10-10|安排=上班|补课星期=星期三", "updated"));
}

static void a_countys_holidays_and_working_weekends_hold_in_its_schools(void)
{
    CHECK(!is_day(world.school, "2026-10-01")); // Thursday
    CHECK(is_day(world.school, "2026-10-10"));  // Saturday
    CHECK(is_day(world.other, "2026-10-10"));
}

static void a_schools_own_word_counts_before_its_countys(void)
{
    CHECK(import(world.school, "日期=2026-10-10|安排=放假|名称=运动会", "created"));

    CHECK(!is_day(world.school, "2026-10-10"));
    CHECK(is_day(world.other, "2026-10-10"));
}

int main(void)
{
    world_open(&world);
    RUN(weekdays_are_school_days_and_weekends_are_not);
    RUN(only_schools_have_school_days);
    RUN(rows_of_the_calendar_are_read_and_refused);
    RUN(a_countys_holidays_and_working_weekends_hold_in_its_schools);
    RUN(a_schools_own_word_counts_before_its_countys);
    world_close(&world);
    return check_report("apps calendar");
}
