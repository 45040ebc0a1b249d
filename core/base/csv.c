// SPDX-License-Identifier: Apache-2.0
#include "base/csv.h"

// What came behind a cell.
enum end { END_CELL, END_ROW, END_FILE, END_BROKEN };

static bool is_line_end(uint8_t c)
{
    return c == '\n' || c == '\r';
}

// The delimiter found most often in the first line that has text, outside of quotes.
static char guess_delimiter(struct slice text)
{
    static const char candidates[] = {',', ';', '\t'};
    size_t found[3] = {0}, best = 0;
    bool quoted = false;

    for (size_t i = 0; i < text.len; i++) {
        uint8_t c = text.data[i];

        if (c == '"')
            quoted = !quoted;
        else if (!quoted && is_line_end(c) && found[0] + found[1] + found[2] > 0)
            break;
        for (size_t k = 0; k < 3 && !quoted; k++)
            found[k] += c == (uint8_t)candidates[k];
    }
    for (size_t k = 1; k < 3; k++)
        if (found[k] > found[best])
            best = k;
    return candidates[best];
}

void csv_begin(struct csv *csv, struct slice text)
{
    *csv = (struct csv){.text = text, .line = 1, .delimiter = guess_delimiter(text)};
}

// Bytes of the line end at `at`: 2 for CR LF, 0 where there is none.
static size_t line_end_len(const struct csv *csv, size_t at)
{
    if (at >= csv->text.len || !is_line_end(csv->text.data[at]))
        return 0;
    return csv->text.data[at] == '\r' && at + 1 < csv->text.len && csv->text.data[at + 1] == '\n'
               ? 2
               : 1;
}

// Steps over what stands behind a cell.
static enum end step_over_end(struct csv *csv)
{
    size_t len;

    if (csv->at == csv->text.len)
        return END_FILE;
    if (csv->text.data[csv->at] == (uint8_t)csv->delimiter) {
        csv->at++;
        return END_CELL;
    }
    if ((len = line_end_len(csv, csv->at)) == 0)
        return END_BROKEN;
    csv->at += len;
    csv->line++;
    return END_ROW;
}

static enum end read_plain(struct csv *csv, struct slice *cell, const char **problem)
{
    size_t start = csv->at;

    while (csv->at < csv->text.len && csv->text.data[csv->at] != (uint8_t)csv->delimiter &&
           !is_line_end(csv->text.data[csv->at])) {
        if (csv->text.data[csv->at] == '"')
            *problem = "quote";
        csv->at++;
    }
    *cell = slice_of(csv->text.data + start, csv->at - start);
    if (cell->len > CSV_CELL_MAX)
        *problem = "cell";
    return step_over_end(csv);
}

static struct slice without_doubled_quotes(struct slice raw, struct arena *arena)
{
    uint8_t *copy = arena_alloc(arena, raw.len);
    size_t len = 0;

    for (size_t i = 0; i < raw.len; i++) {
        copy[len++] = raw.data[i];
        if (raw.data[i] == '"')
            i++;
    }
    return slice_of(copy, len);
}

// `at` stands behind the opening quote.
static enum end read_quoted(struct csv *csv, struct arena *arena, struct slice *cell,
                            const char **problem)
{
    size_t start = csv->at;
    bool doubled = false;

    for (;; csv->at++) {
        if (csv->at == csv->text.len || csv->at - start > CSV_CELL_MAX) {
            *problem = "quote";
            return END_BROKEN;
        }
        if (csv->text.data[csv->at] == '"') {
            if (csv->at + 1 == csv->text.len || csv->text.data[csv->at + 1] != '"')
                break;
            doubled = true;
            csv->at++;
        } else if (csv->text.data[csv->at] == '\n' ||
                   (csv->text.data[csv->at] == '\r' && line_end_len(csv, csv->at) == 1)) {
            csv->line++;
        }
    }
    *cell = slice_of(csv->text.data + start, csv->at - start);
    if (doubled)
        *cell = without_doubled_quotes(*cell, arena);
    csv->at++;
    return step_over_end(csv);
}

// Characters that make a formula of a cell, full-width forms included.
static bool is_formula(struct slice text)
{
    static const char *const wide[] = {"＝", "＋", "－", "＠"};

    if (text.len > 0 && text.data[0] != 0 && strchr("=+-@\t\r", text.data[0]) != NULL)
        return true;
    for (size_t i = 0; i < sizeof wide / sizeof *wide; i++)
        if (slice_starts(text, slice_text(wide[i])))
            return true;
    return false;
}

// Apostrophes before a formula count too, so that taking one off is the exact reverse.
static bool is_defusable(struct slice text, bool defused)
{
    size_t at = 0;

    while (at < text.len && text.data[at] == '\'')
        at++;
    return (at > 0 || !defused) && is_formula(slice_of(text.data + at, text.len - at));
}

// Goes on in the line after the one where the row began.
static void skip_line(struct csv *csv, size_t start, size_t line)
{
    csv->at = start;
    while (csv->at < csv->text.len && !is_line_end(csv->text.data[csv->at]))
        csv->at++;
    csv->at += line_end_len(csv, csv->at);
    csv->line = line + 1;
}

static enum end read_cell(struct csv *csv, struct arena *arena, struct csv_row *row)
{
    struct slice cell = {csv->text.data, 0};
    enum end end;

    if (csv->at < csv->text.len && csv->text.data[csv->at] == '"') {
        csv->at++;
        end = read_quoted(csv, arena, &cell, &row->problem);
    } else {
        end = read_plain(csv, &cell, &row->problem);
    }
    if (end == END_BROKEN)
        row->problem = "quote";
    if (is_defusable(cell, true))
        cell = slice_of(cell.data + 1, cell.len - 1);
    if (row->cell_count < CSV_CELLS_MAX)
        row->cells[row->cell_count++] = cell;
    else
        row->problem = "cells";
    return end;
}

static void read_row(struct csv *csv, struct arena *arena, struct csv_row *row)
{
    struct slice cells[CSV_CELLS_MAX];
    size_t start = csv->at, room = csv->width;
    enum end end;

    *row = (struct csv_row){.line = csv->line, .cells = cells};
    do
        end = read_cell(csv, arena, row);
    while (end == END_CELL);
    if (end == END_BROKEN)
        skip_line(csv, start, row->line);
    // A last line that is cut short would else pass as one with empty cells.
    if (end == END_FILE && row->cell_count < csv->width && row->problem == NULL)
        row->problem = "ragged";
    if (room < row->cell_count)
        room = row->cell_count;
    row->cells = arena_alloc(arena, room * sizeof *cells);
    memcpy(row->cells, cells, row->cell_count * sizeof *cells);
    for (size_t i = row->cell_count; i < room; i++)
        row->cells[i] = slice_of(csv->text.data, 0);
}

static bool has_text(const struct csv_row *row)
{
    for (size_t i = 0; i < row->cell_count; i++)
        for (size_t k = 0; k < row->cells[i].len; k++)
            if (row->cells[i].data[k] != ' ' && row->cells[i].data[k] != '\t')
                return true;
    return row->problem != NULL && strcmp(row->problem, "ragged") != 0;
}

// Makes the row as wide as the first one.
static void fit(struct csv *csv, struct csv_row *row)
{
    if (csv->width == 0)
        csv->width = row->cell_count;
    for (size_t i = csv->width; i < row->cell_count; i++)
        if (row->cells[i].len > 0 && row->problem == NULL)
            row->problem = "ragged";
    if (row->problem == NULL)
        row->cell_count = csv->width;
}

bool csv_next(struct csv *csv, struct arena *arena, struct csv_row *row, struct err *err)
{
    do {
        if (csv->at >= csv->text.len) {
            *row = (struct csv_row){.line = csv->line};
            return true;
        }
        read_row(csv, arena, row);
    } while (!has_text(row));
    if (csv->rows++ == CSV_ROWS_MAX)
        return err_set(err, ERR_LIMIT, "line %zu: more than %d rows", row->line, CSV_ROWS_MAX);
    fit(csv, row);
    return true;
}

static bool needs_quotes(struct slice cell)
{
    for (size_t i = 0; i < cell.len; i++)
        if (strchr(",;\t\"\r\n", cell.data[i]) != NULL && cell.data[i] != 0)
            return true;
    return cell.len > 0 && (cell.data[0] == ' ' || cell.data[cell.len - 1] == ' ');
}

static void put_cell(struct buffer *buffer, struct slice cell)
{
    const char *defuse = is_defusable(cell, false) ? "'" : "";

    if (!needs_quotes(cell)) {
        buffer_text(buffer, defuse);
        buffer_slice(buffer, cell);
        return;
    }
    buffer_text(buffer, "\"");
    buffer_text(buffer, defuse);
    for (size_t i = 0; i < cell.len; i++) {
        buffer_u8(buffer, cell.data[i]);
        if (cell.data[i] == '"')
            buffer_u8(buffer, '"');
    }
    buffer_text(buffer, "\"");
}

void csv_put_row(struct buffer *buffer, const struct slice *cells, size_t cell_count)
{
    for (size_t i = 0; i < cell_count; i++) {
        if (i > 0)
            buffer_text(buffer, ",");
        put_cell(buffer, cells[i]);
    }
    buffer_text(buffer, "\r\n");
}
