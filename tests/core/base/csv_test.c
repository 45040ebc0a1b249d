// SPDX-License-Identifier: Apache-2.0
#include "check.h"

#include <stdlib.h>

#include "base/csv.h"

static struct arena arena;

// The n-th row from 0.
static struct csv_row row_of(const char *text, size_t n)
{
    struct csv csv;
    struct csv_row row;
    struct err err;

    csv_begin(&csv, slice_text(text));
    for (size_t i = 0; i <= n; i++)
        CHECK(csv_next(&csv, &arena, &row, &err));
    return row;
}

static bool cell_is(const struct csv_row *row, size_t n, const char *text)
{
    return n < row->cell_count && slice_is(row->cells[n], text);
}

static bool problem_is(const struct csv_row *row, const char *problem)
{
    return row->problem != NULL && strcmp(row->problem, problem) == 0;
}

static void a_bare_quote_costs_its_own_row_only(void)
{
    const char *text = "a,b\r\n5\" disk,x\r\n\"y\"z,1\r\ngood,2\r\n";
    struct csv_row inside = row_of(text, 1), behind = row_of(text, 2), next = row_of(text, 3);

    CHECK(problem_is(&inside, "quote") && inside.line == 2);
    CHECK(problem_is(&behind, "quote") && behind.line == 3);
    CHECK(next.problem == NULL && next.line == 4 && cell_is(&next, 0, "good"));
}

static void a_quote_that_never_closes_does_not_swallow_the_file(void)
{
    const char *text = "a,b\n1,\"open\n2,two\n3,three\n";
    struct csv_row open = row_of(text, 1), next = row_of(text, 2);

    CHECK(problem_is(&open, "quote") && open.line == 2);
    CHECK(next.problem == NULL && next.line == 3 && cell_is(&next, 1, "two"));
}

static void a_row_with_too_many_cells_is_ragged(void)
{
    const char *text = "a,b\n1,2,3\n4,5,\n6,7\n";
    struct csv_row wide = row_of(text, 1), padded = row_of(text, 2);

    CHECK(problem_is(&wide, "ragged") && wide.line == 2);
    CHECK(padded.problem == NULL && padded.cell_count == 2);
}

static void cells_missing_at_the_end_are_empty(void)
{
    struct csv_row row = row_of("a,b,c\r\n1\r\n2,2,2\r\n", 1);

    CHECK(row.problem == NULL && row.cell_count == 3);
    CHECK(cell_is(&row, 0, "1") && cell_is(&row, 1, "") && cell_is(&row, 2, ""));
}

static void a_file_cut_inside_its_last_row_shows_it(void)
{
    struct csv_row cut = row_of("a,b,c\r\n1,2,3\r\n4,5", 2), whole = row_of("a,b\r\n1,2", 1);

    CHECK(problem_is(&cut, "ragged") && cut.line == 3);
    CHECK(whole.problem == NULL && cell_is(&whole, 1, "2"));
}

static void a_cell_over_the_limit_is_named(void)
{
    char *text = mem_zero(2 * CSV_CELL_MAX + 100);
    struct csv_row row;

    strcpy(text, "a,b\nx,");
    memset(text + 6, 'y', CSV_CELL_MAX + 1);
    strcpy(text + 6 + CSV_CELL_MAX + 1, "\n1,2\n");
    row = row_of(text, 1);
    CHECK(problem_is(&row, "cell"));
    row = row_of(text, 2);
    CHECK(row.problem == NULL && cell_is(&row, 0, "1"));
    free(text);
}

static void a_row_of_too_many_cells_is_named_and_bounded(void)
{
    char *text = mem_zero(1000);
    struct csv_row row;

    memset(text, ',', 600);
    strcpy(text + 600, "x\n1,2\n");
    row = row_of(text, 0);
    CHECK(problem_is(&row, "cells") && row.cell_count == CSV_CELLS_MAX);
    row = row_of(text, 1);
    CHECK(cell_is(&row, 1, "2") && row.line == 2);
    free(text);
}

static void quoted_cells_hold_anything(void)
{
    struct csv_row row = row_of("a,b\r\n\"l1\r\nl2\nl3\",\"say \"\"hi\"\", ok\"\r\nn,m\r\n", 1);
    struct csv_row next = row_of("a,b\r\n\"l1\r\nl2\nl3\",\"say \"\"hi\"\", ok\"\r\nn,m\r\n", 2);

    CHECK(row.problem == NULL && row.line == 2);
    CHECK(cell_is(&row, 0, "l1\r\nl2\nl3") && cell_is(&row, 1, "say \"hi\", ok"));
    CHECK(next.line == 5 && cell_is(&next, 1, "m"));
}

static void every_line_end_ends_a_line(void)
{
    for (size_t i = 0; i < 3; i++) {
        static const char *const texts[] = {"a,b\n1,2\n3,4\n", "a,b\r1,2\r3,4\r",
                                            "a,b\r\n1,2\r\n3,4\r\n"};
        struct csv_row row = row_of(texts[i], 2), end = row_of(texts[i], 3);

        CHECK(row.line == 3 && cell_is(&row, 1, "4") && row.problem == NULL);
        CHECK(end.cells == NULL);
    }
}

static void lines_without_text_are_passed_over(void)
{
    struct csv_row row = row_of("\r\na,b\r\n\r\n , \r\n,,\r\n1,2\r\n,,\r\n", 1);
    struct csv_row end = row_of("\r\na,b\r\n\r\n , \r\n,,\r\n1,2\r\n,,\r\n", 2);

    CHECK(row.line == 6 && cell_is(&row, 0, "1"));
    CHECK(end.cells == NULL);
}

static void the_delimiter_is_guessed_from_the_first_line(void)
{
    struct csv_row semicolons = row_of("a;b;c\n1;\"x;y\";3,5\n", 1);
    struct csv_row tabs = row_of("a\tb\n1,2\t3\n", 1);
    struct csv_row quoted = row_of("\"a;b;c\",d\n1,2\n", 1);

    CHECK(cell_is(&semicolons, 1, "x;y") && cell_is(&semicolons, 2, "3,5"));
    CHECK(cell_is(&tabs, 0, "1,2") && cell_is(&tabs, 1, "3"));
    CHECK(cell_is(&quoted, 1, "2"));
}

static void nothing_is_read_from_an_empty_file(void)
{
    CHECK(row_of("", 0).cells == NULL);
    CHECK(row_of("\r\n\n", 0).cells == NULL);
}

static void formulas_leave_defused(void)
{
    static const char *const dangerous[] = {"=1+1", "+86", "-1", "@x", "\tx", "\rx",
                                            "＝1", "＋1", "－1", "＠x"};
    struct buffer buffer = BUFFER_EMPTY;

    for (size_t i = 0; i < sizeof dangerous / sizeof *dangerous; i++) {
        struct slice cells[] = {slice_text(dangerous[i])};
        const char *at;

        buffer.len = 0;
        csv_put_row(&buffer, cells, 1);
        at = (const char *)buffer.data + (buffer.data[0] == '"');
        CHECK(*at == '\'');
    }
    buffer_finish(&buffer);
}

static void what_was_written_reads_back_the_same(void)
{
    static const char *const texts[] = {"",     "plain", "a,b",   "a;b", "say \"hi\"", "two\r\nlines",
                                        "=1+1", "'=1",   "''+86", "-5",  " padded ",   "'quoted'",
                                        "＝",   "\tx",   "𠮷·㛃", "@"};
    enum { COUNT = sizeof texts / sizeof *texts };
    struct buffer buffer = BUFFER_EMPTY;
    struct slice cells[COUNT];
    struct csv csv;
    struct csv_row row;
    struct err err;

    for (size_t i = 0; i < COUNT; i++)
        cells[i] = slice_text(texts[i]);
    csv_put_row(&buffer, cells, COUNT);
    csv_begin(&csv, buffer_view(&buffer));
    CHECK(csv_next(&csv, &arena, &row, &err));
    CHECK(row.cell_count == COUNT && row.problem == NULL);
    for (size_t i = 0; i < COUNT; i++)
        CHECK(cell_is(&row, i, texts[i]));
    CHECK(csv_next(&csv, &arena, &row, &err) && row.cells == NULL);
    buffer_finish(&buffer);
}

int main(void)
{
    RUN(a_bare_quote_costs_its_own_row_only);
    RUN(a_quote_that_never_closes_does_not_swallow_the_file);
    RUN(a_row_with_too_many_cells_is_ragged);
    RUN(cells_missing_at_the_end_are_empty);
    RUN(a_file_cut_inside_its_last_row_shows_it);
    RUN(a_cell_over_the_limit_is_named);
    RUN(a_row_of_too_many_cells_is_named_and_bounded);
    RUN(quoted_cells_hold_anything);
    RUN(every_line_end_ends_a_line);
    RUN(lines_without_text_are_passed_over);
    RUN(the_delimiter_is_guessed_from_the_first_line);
    RUN(nothing_is_read_from_an_empty_file);
    RUN(formulas_leave_defused);
    RUN(what_was_written_reads_back_the_same);
    arena_finish(&arena);
    return check_report("csv");
}
