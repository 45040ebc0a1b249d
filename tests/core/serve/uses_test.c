// SPDX-License-Identifier: Apache-2.0
// However many schools there are, the figures stay few, and nothing that was counted is lost.
#include "check.h"

#include <stdlib.h>
#include <string.h>

#include "serve/uses.h"

static struct id org(unsigned number)
{
    struct id id = {{1}};

    memcpy(id.bytes + 8, &number, sizeof number);
    return id;
}

static void note(struct uses *uses, const char *app, unsigned number, unsigned times)
{
    const struct host_use use = {.app = app, .org = org(number), .cpu_us = 1000, .reads = 2};

    for (unsigned i = 0; i < times; i++)
        uses_note(uses, &use);
}

// How many lines a figure has, and what they come to.
static size_t lines_of(const struct uses *one, const struct uses *two, const char *figure, double *sum)
{
    const struct uses *all[] = {one, two};
    struct arena memory = ARENA_EMPTY;
    struct buffer out = BUFFER_EMPTY;
    size_t lines = 0;

    uses_print(all, two != NULL ? 2 : 1, &memory, &out);
    buffer_u8(&out, 0);
    *sum = 0;
    for (const char *at = (const char *)out.data; (at = strstr(at, figure)) != NULL; at++, lines++)
        *sum += atof(strstr(at, "} ") + 2);
    buffer_finish(&out);
    arena_finish(&memory);
    return lines;
}

static void ten_thousand_schools_are_few_figures_and_none_is_lost(void)
{
    struct uses *uses = mem_zero(sizeof *uses);
    double sum;

    for (unsigned i = 0; i < 10000; i++)
        note(uses, i % 2 == 0 ? "leave" : "base", i, 1);
    CHECK(lines_of(uses, NULL, "shuyuan_app_calls_total{", &sum) <= USES_SHOWN + 2);
    CHECK(sum == 10000);
    lines_of(uses, NULL, "shuyuan_app_reads_total{", &sum);
    CHECK(sum == 20000);
    free(uses);
}

static void who_is_heavy_has_a_row_also_when_late(void)
{
    struct uses *uses = mem_zero(sizeof *uses);
    double sum;
    char id[ID_TEXT_LEN + 1], label[80];
    struct id late = org(77777);

    for (unsigned i = 0; i < 20000; i++)
        note(uses, "leave", i % 5000, 1);
    note(uses, "leave", 77777, 30000);
    id_to_text(&late, id);
    snprintf(label, sizeof label, "shuyuan_app_calls_total{app=\"leave\",org=\"%s\"", id);
    CHECK(lines_of(uses, NULL, label, &sum) == 1);
    CHECK(sum > 10000);
    free(uses);
}

static void processes_are_added_up(void)
{
    struct uses *one = mem_zero(sizeof *one), *two = mem_zero(sizeof *two);
    double sum;

    note(one, "leave", 1, 3);
    note(two, "leave", 1, 4);
    note(two, "leave", 2, 1);
    CHECK(lines_of(one, two, "shuyuan_app_calls_total{", &sum) == 2 && sum == 8);
    free(one);
    free(two);
}

int main(void)
{
    RUN(ten_thousand_schools_are_few_figures_and_none_is_lost);
    RUN(who_is_heavy_has_a_row_also_when_late);
    RUN(processes_are_added_up);
    return check_report("serve uses");
}
