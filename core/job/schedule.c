// SPDX-License-Identifier: Apache-2.0
// Key: SPACE_JOB, 's', u8 length and app, name → u64 moment.
#include "job/schedule.h"

#include "job/queue.h"

#include <stdio.h>

#include "store/space.h"

enum { ZONE_MS = 8 * 3600000, DAY_MS = 86400000, MINUTE_MS = 60000 };

static bool parse_clock(const char *text, int64_t *at_ms, int *used)
{
    unsigned hour, minute;

    if (sscanf(text, "%2u:%2u%n", &hour, &minute, used) != 2 || *used != 5 || text[2] != ':' ||
        text[0] < '0' || text[0] > '9' || text[3] < '0' || text[3] > '9' || hour > 23 || minute > 59)
        return false;
    *at_ms = (hour * 60 + minute) * MINUTE_MS;
    return true;
}

static bool parse_period(const char *text, int64_t *period_ms, int *used)
{
    static const struct {
        const char *name;
        int64_t ms;
    } units[] = {{"s", 1000}, {"min", MINUTE_MS}, {"h", 60 * MINUTE_MS}};
    char unit[8];
    unsigned number;

    if (sscanf(text, "every %4u %7[a-z]%n", &number, unit, used) != 2 || number == 0)
        return false;
    for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
        if (strcmp(unit, units[i].name) == 0) {
            *period_ms = number * units[i].ms;
            return *period_ms <= DAY_MS;
        }
    }
    return false;
}

bool schedule_parse(struct arena *arena, const char *text, struct schedule *schedule,
                    struct err *err)
{
    int used = 0;
    const char *rest;

    *schedule = (struct schedule){.at_ms = -1};
    if (!parse_clock(text, &schedule->at_ms, &used) &&
        !parse_period(text, &schedule->period_ms, &used))
        goto refuse;
    rest = text + used;
    if (strncmp(rest, " on ", 4) == 0 && rest[4] != 0)
        schedule->days = arena_text(arena, slice_text(rest + 4));
    else if (rest[0] != 0)
        goto refuse;
    return true;
refuse:
    return err_set(err, ERR_INPUT,
                   "'%s' is no schedule; write \"07:30\", \"every 10 min\" or \"07:30 on market "
                   "days\"",
                   text);
}

int64_t schedule_last(const struct schedule *schedule, int64_t now_ms)
{
    int64_t local = now_ms + ZONE_MS, midnight = local - local % DAY_MS;

    if (schedule->at_ms < 0)
        return local - local % schedule->period_ms - ZONE_MS;
    return midnight + schedule->at_ms - (local - midnight < schedule->at_ms ? DAY_MS : 0) - ZONE_MS;
}

bool schedule_claim(struct view *view, const char *app, const char *name, int64_t moment_ms,
                    bool at_once, bool *claimed, struct err *err)
{
    uint8_t key[3 + 2 * JOB_NAME_MAX] = {SPACE_JOB, 's', (uint8_t)strlen(app)};
    size_t app_len = strlen(app), name_len = strlen(name), len = 3 + app_len + name_len;
    struct buffer value = BUFFER_EMPTY;
    struct slice known;
    struct reader reader;
    bool done = true;

    *claimed = false;
    memcpy(key + 3, app, app_len);
    memcpy(key + 3 + app_len, name, name_len);
    if (!store_get(view->txn, slice_of(key, len), &known, err))
        return false;
    reader = reader_of(known);
    if (known.data == NULL || (int64_t)read_u64(&reader) < moment_ms) {
        *claimed = at_once || known.data != NULL;
        buffer_u64(&value, (uint64_t)moment_ms);
        done = store_put(view->txn, slice_of(key, len), buffer_view(&value), err);
        buffer_finish(&value);
    }
    return done;
}
