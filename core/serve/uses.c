// SPDX-License-Identifier: Apache-2.0
#include "serve/uses.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CALLS_BETWEEN_HALVINGS = 1024 };

static void add(struct use_row *into, const struct use_row *more)
{
    into->calls += more->calls;
    into->cpu_us += more->cpu_us;
    into->reads += more->reads;
    into->writes += more->writes;
    into->bytes += more->bytes;
    into->memory = more->memory > into->memory ? more->memory : into->memory;
}

static bool is_of(const struct use_row *row, const char *app, const struct id *org)
{
    return strcmp(row->app, app) == 0 && id_equal(&row->org, org);
}

// The row of an app among those that are one an app; the last one is shared by what has no room.
static struct use_row *rest_of(struct use_row rest[USE_APPS_MAX], const char *app)
{
    size_t i = 0;

    while (i < USE_APPS_MAX - 1 && rest[i].app[0] != 0 && strcmp(rest[i].app, app) != 0)
        i++;
    if (rest[i].app[0] == 0)
        snprintf(rest[i].app, sizeof rest[i].app, "%s", i < USE_APPS_MAX - 1 ? app : "other");
    return &rest[i];
}

// What nobody has asked for of late weighs nothing, and makes room.
static void fade(struct uses *uses)
{
    if (++uses->seen % CALLS_BETWEEN_HALVINGS != 0)
        return;
    for (size_t i = 0; i < USES_MAX; i++)
        uses->rows[i].weight /= 2;
}

// The organisation's own row, one that is free or faded, else the app's rest.
static struct use_row *row_of(struct uses *uses, const char *app, const struct id *org)
{
    struct use_row *free_row = NULL;

    for (size_t i = 0; i < USES_MAX; i++) {
        struct use_row *row = &uses->rows[i];

        if (is_of(row, app, org))
            return row;
        if (free_row == NULL && (row->app[0] == 0 || row->weight == 0))
            free_row = row;
    }
    if (free_row == NULL)
        return rest_of(uses->rest, app);
    if (free_row->app[0] != 0)
        add(rest_of(uses->rest, free_row->app), free_row);
    *free_row = (struct use_row){.org = *org};
    snprintf(free_row->app, sizeof free_row->app, "%s", app);
    return free_row;
}

void uses_note(struct uses *uses, const struct host_use *use)
{
    const struct use_row one = {.calls = 1,
                                .cpu_us = use->cpu_us > 0 ? (uint64_t)use->cpu_us : 0,
                                .reads = use->reads, .writes = use->writes, .bytes = use->bytes,
                                .memory = use->memory};
    struct use_row *row;

    fade(uses);
    row = row_of(uses, use->app, &use->org);
    add(row, &one);
    row->weight++;
}

// Showing --------------------------------------------------------------------------------------

static void gather(struct use_row *list, size_t *count, const struct use_row *row)
{
    size_t i = 0;

    if (row->app[0] == 0)
        return;
    while (i < *count && !is_of(&list[i], row->app, &row->org))
        i++;
    if (i == *count) {
        list[(*count)++] = *row;
        return;
    }
    add(&list[i], row);
}

static int by_weight(const void *a, const void *b)
{
    const struct use_row *one = a, *other = b;

    if (one->cpu_us != other->cpu_us)
        return one->cpu_us < other->cpu_us ? 1 : -1;
    return one->calls < other->calls ? 1 : one->calls > other->calls ? -1 : 0;
}

struct figure {
    const char *name, *type, *help;
};

static double value_of(const struct use_row *row, size_t figure)
{
    const double values[] = {(double)row->calls, (double)row->cpu_us / 1e6, (double)row->reads,
                             (double)row->writes, (double)row->bytes, (double)row->memory};

    return values[figure];
}

static void print_row(struct buffer *out, const char *name, const struct use_row *row, double value)
{
    char org[ID_TEXT_LEN + 1] = "other";

    if (!id_is_zero(&row->org))
        id_to_text(&row->org, org);
    buffer_format(out, "shuyuan_app_%s{app=\"%s\",org=\"%s\"} %.*f\n", name, row->app, org,
                  value == (double)(int64_t)value ? 0 : 6, value);
}

static void print_all(struct buffer *out, const struct use_row *rows, size_t count)
{
    static const struct figure figures[] = {
        {"calls_total", "counter", "Calls into applications."},
        {"cpu_seconds_total", "counter", "Processor time of applications."},
        {"reads_total", "counter", "Records that applications read."},
        {"writes_total", "counter", "Records that applications wrote."},
        {"bytes_total", "counter", "Bytes of their answers."},
        {"memory_bytes", "gauge", "The most that one call grew by."},
    };

    for (size_t i = 0; i < sizeof figures / sizeof *figures; i++) {
        buffer_format(out, "# HELP shuyuan_app_%s %s\n# TYPE shuyuan_app_%s %s\n", figures[i].name,
                      figures[i].help, figures[i].name, figures[i].type);
        for (size_t j = 0; j < count; j++)
            print_row(out, figures[i].name, &rows[j], value_of(&rows[j], i));
    }
}

void uses_print(const struct uses *const *all, size_t count, struct arena *memory,
                struct buffer *out)
{
    struct use_row *own = arena_alloc(memory, (count * USES_MAX + 1) * sizeof *own);
    struct use_row *rest = arena_alloc(memory, USE_APPS_MAX * sizeof *rest);
    struct use_row *shown = arena_alloc(memory, (USES_SHOWN + USE_APPS_MAX) * sizeof *shown);
    size_t own_count = 0, shown_count = 0;

    for (size_t i = 0; i < count; i++) {
        for (size_t j = 0; j < USES_MAX; j++)
            gather(own, &own_count, &all[i]->rows[j]);
        for (size_t j = 0; j < USE_APPS_MAX; j++)
            if (all[i]->rest[j].app[0] != 0)
                add(rest_of(rest, all[i]->rest[j].app), &all[i]->rest[j]);
    }
    qsort(own, own_count, sizeof *own, by_weight);
    for (size_t i = 0; i < own_count; i++) {
        if (i < USES_SHOWN)
            shown[shown_count++] = own[i];
        else
            add(rest_of(rest, own[i].app), &own[i]);
    }
    for (size_t i = 0; i < USE_APPS_MAX && rest[i].app[0] != 0; i++)
        shown[shown_count++] = rest[i];
    print_all(out, shown, shown_count);
}
