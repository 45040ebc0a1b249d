// SPDX-License-Identifier: Apache-2.0
// Comma-separated values (RFC 4180), as spreadsheets really write them: `,`, `;` or a tab
// between the cells, lines that end in CR LF, LF or CR, new lines and doubled quotes in quoted cells.
//
// A row that makes no sense is handed out with its problem and the next one is read on its
// own, so that one bad row costs one row. Lines without any text are passed over.
//
// Cells that a spreadsheet would take for a formula leave with an apostrophe in front
// (csv_put_row), and csv_next takes that apostrophe off again: what we wrote reads back the same.
#pragma once

#include "base/buffer.h"
#include "base/err.h"

// 32 KiB a cell is more than any spreadsheet's own limit in ASCII; both bound one row's work.
enum { CSV_CELLS_MAX = 256, CSV_CELL_MAX = 32 * 1024, CSV_ROWS_MAX = 1000 * 1000 };

// The reader; set by csv_begin, to be read only. The text is UTF-8 and outlives all rows.
struct csv {
    struct slice text;
    size_t at, line, rows;
    char delimiter; // ',', ';' or '\t'
    size_t width;   // cells of the first row, 0 before it
};

struct csv_row {
    size_t line; // where the row begins, from 1
    struct slice *cells;
    size_t cell_count;
    // NULL, or why the row is not to be used: "quote" (a quote that is never closed, or text
    // beside one), "ragged" (more cells than the first row, or the file ends inside the row),
    // "cells", "cell" (over a limit above). The cells are then as far as they were read.
    const char *problem;
};

void csv_begin(struct csv *csv, struct slice text);

// The next row; cells NULL at the end. Cells missing at the end of a row are empty ones: Excel
// leaves them out. Memory in the arena or the text. False beyond CSV_ROWS_MAX (ERR_LIMIT).
bool csv_next(struct csv *csv, struct arena *arena, struct csv_row *row, struct err *err);

// One row with its CR LF. Quoted where needed; a cell that starts with = + - @, a tab, a CR or
// one of the full-width forms ＝＋－＠ gets an apostrophe, plain numbers below zero too.
void csv_put_row(struct buffer *buffer, const struct slice *cells, size_t cell_count);
