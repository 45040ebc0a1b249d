// SPDX-License-Identifier: Apache-2.0
// Registers from files as schools export them: every row gets a result, the good rows go
// in, the others come back in a file to mend. Nothing is ever deleted because a file does
// not name it.
#include "cli/cli.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/charset.h"
#include "base/csv.h"
#include "base/json.h"

enum { FILE_MAX = 64 * 1024 * 1024, BATCH = 200, TRIES = 8, SHOWN_MAX = 20 };

struct import {
    struct cli_instance *open;
    struct arena memory; // of the file
    const char *app, *importer, *file;
    struct id org;
    bool commit, json;
    struct csv_row head, *csv_rows;
    struct host_row *rows;
    size_t count, done;
    size_t created, updated, same, refused;
    size_t total; // of all files of a list, for the progress bar
    size_t *total_done;
};

// "base.students" → app and importer.
static bool split_importer(struct import *import, const char *name, struct err *err)
{
    const char *dot = strchr(name, '.');

    if (dot == NULL)
        return err_set(err, ERR_INPUT, "--as APP.IMPORTER, for instance base.students");
    import->app = arena_text(&import->memory, slice_of(name, (size_t)(dot - name)));
    import->importer = arena_text(&import->memory, slice_text(dot + 1));
    return true;
}

static void fill_row(struct import *import, size_t index)
{
    const struct csv_row *row = &import->csv_rows[index];
    struct host_param *cells =
        arena_alloc(&import->memory, import->head.cell_count * sizeof *cells);
    struct host_row *out = &import->rows[index];

    out->line = row->line;
    for (size_t i = 0; i < import->head.cell_count; i++)
        cells[i] = (struct host_param){
            import->head.cells[i],
            i < row->cell_count ? row->cells[i] : slice_text(""),
        };
    out->cells = cells;
    out->cell_count = import->head.cell_count;
    if (row->problem != NULL) {
        out->result = "refused";
        out->field = "";
        out->text = row->problem;
    }
}

static bool read_rows(struct import *import, struct err *err)
{
    struct slice bytes, text;
    enum charset charset;
    struct csv csv;
    size_t room = 0;
    struct csv_row row;

    if (!cli_read_file(&import->memory, import->file, FILE_MAX, &bytes, err) ||
        !charset_decode(&import->memory, bytes, &text, &charset, err))
        return false;
    csv_begin(&csv, text);
    if (!csv_next(&csv, &import->memory, &import->head, err))
        return false;
    if (import->head.cells == NULL)
        return err_set(err, ERR_INPUT, "%s is empty", import->file);
    for (;;) {
        if (!csv_next(&csv, &import->memory, &row, err))
            return false;
        if (row.cells == NULL)
            break;
        if (import->count == room) {
            room = room > 0 ? room * 2 : 1024;
            import->csv_rows = mem_resize(import->csv_rows, room * sizeof row);
        }
        import->csv_rows[import->count++] = row;
    }
    import->rows = arena_alloc(&import->memory, (import->count + 1) * sizeof *import->rows);
    for (size_t i = 0; i < import->count; i++)
        fill_row(import, i);
    return true;
}

// Running ---------------------------------------------------------------------------------

static bool is_refused(const struct host_row *row)
{
    return row->result != NULL && strcmp(row->result, "refused") == 0;
}

static const char *keep_text(struct import *import, const char *text)
{
    return text != NULL ? arena_text(&import->memory, slice_text(text)) : NULL;
}

// Runs the rows of one batch that are not refused yet. again: a row was refused now, so that
// what it began to write must not stay: the batch runs once more without it.
static bool run_batch_once(struct import *import, size_t from, size_t to, bool *again,
                           struct err *err)
{
    struct host_row rows[BATCH];
    size_t at[BATCH], count = 0;

    *again = false;
    for (size_t i = from; i < to; i++)
        if (!is_refused(&import->rows[i])) {
            at[count] = i;
            rows[count++] = import->rows[i];
        }
    if (!cli_begin(import->open, STORE_WRITE, err) ||
        !host_import(import->open->instance.host, &import->open->view, import->org, import->app,
                     import->importer, rows, count, err))
        return false;
    for (size_t i = 0; i < count; i++) {
        struct host_row *row = &import->rows[at[i]];

        row->result = keep_text(import, rows[i].result);
        row->field = keep_text(import, rows[i].field);
        row->text = keep_text(import, rows[i].text);
        *again = *again || is_refused(row);
    }
    return true;
}

static bool run_batch(struct import *import, size_t from, size_t to, struct err *err)
{
    bool again = true;

    for (int tries = 0; tries < TRIES;) {
        while (again)
            if (!run_batch_once(import, from, to, &again, err))
                return false;
        if (!import->commit || !store_has_writes(import->open->txn))
            return true;
        if (cli_commit(import->open, err))
            return true;
        if (err->code != ERR_CONFLICT && err->code != ERR_UNKNOWN)
            return false;
        tries++;
        again = true;
    }
    return false;
}

static void show_progress(const struct import *import)
{
    enum { WIDTH = 30 };
    size_t filled;

    if (!isatty(STDERR_FILENO) || import->total == 0)
        return;
    filled = *import->total_done * WIDTH / import->total;
    fprintf(stderr, "\r[%.*s%*s] %zu / %zu", (int)filled, "##############################",
            (int)(WIDTH - filled), "", *import->total_done, import->total);
    if (*import->total_done == import->total)
        fprintf(stderr, "\n");
}

static bool run_rows(struct import *import, struct err *err)
{
    while (import->done < import->count) {
        size_t to = import->done + BATCH < import->count ? import->done + BATCH : import->count;

        if (!run_batch(import, import->done, to, err))
            return false;
        *import->total_done += to - import->done;
        import->done = to;
        show_progress(import);
    }
    return true;
}

// Results ---------------------------------------------------------------------------------

static void count_results(struct import *import)
{
    for (size_t i = 0; i < import->done; i++) {
        const char *result = import->rows[i].result;

        import->created += strcmp(result, "created") == 0;
        import->updated += strcmp(result, "updated") == 0;
        import->same += strcmp(result, "same") == 0;
        import->refused += strcmp(result, "refused") == 0;
    }
}

static void print_row(const struct import *import, const struct host_row *row)
{
    struct buffer line = BUFFER_EMPTY;

    if (!import->json) {
        fprintf(stderr, "%s:%zu: %s: %s %s\n", import->file, row->line, row->result,
                row->field != NULL ? row->field : "", row->text != NULL ? row->text : "");
        return;
    }
    buffer_format(&line, "{\"line\":%zu,\"result\":\"%s\",\"field\":", row->line, row->result);
    json_text(&line, slice_text(row->field != NULL ? row->field : ""));
    buffer_text(&line, ",\"text\":");
    json_text(&line, slice_text(row->text != NULL ? row->text : ""));
    printf("%.*s}\n", (int)line.len, (const char *)line.data);
    buffer_finish(&line);
}

static void print_rows(const struct import *import)
{
    size_t shown = 0;

    for (size_t i = 0; i < import->done; i++) {
        const struct host_row *row = &import->rows[i];
        bool worth = import->json || strcmp(row->result, "refused") == 0;

        if (worth && (import->json || shown++ < SHOWN_MAX))
            print_row(import, row);
    }
    if (shown > SHOWN_MAX)
        fprintf(stderr, "… and %zu more\n", shown - SHOWN_MAX);
}

// The refused rows as they came, with what is wrong beside them: mend it, send it again.
static bool write_errors(const struct import *import, const char *path, struct err *err)
{
    size_t width = import->head.cell_count;
    struct slice *cells = mem_zero((width + 2) * sizeof *cells);
    struct buffer out = BUFFER_EMPTY;
    FILE *file = fopen(path, "wb");
    bool done = false;

    buffer_text(&out, "\xef\xbb\xbf");
    memcpy(cells, import->head.cells, width * sizeof *cells);
    cells[width] = slice_text("问题列");
    cells[width + 1] = slice_text("问题");
    csv_put_row(&out, cells, width + 2);
    for (size_t i = 0; i < import->done; i++) {
        const struct host_row *row = &import->rows[i];

        if (!is_refused(row))
            continue;
        for (size_t c = 0; c < width; c++)
            cells[c] = row->cells[c].value;
        cells[width] = slice_text(row->field != NULL ? row->field : "");
        cells[width + 1] = slice_text(row->text != NULL ? row->text : "");
        csv_put_row(&out, cells, width + 2);
    }
    if (file != NULL && fwrite(out.data, 1, out.len, file) == out.len && fflush(file) == 0)
        done = true;
    else
        err_set(err, ERR_IO, "write %s: %s", path, strerror(errno));
    if (file != NULL)
        fclose(file);
    buffer_finish(&out);
    free(cells);
    return done;
}

static void import_finish(struct import *import)
{
    free(import->csv_rows);
    arena_finish(&import->memory);
}

// One file: CLI_PROBLEM when rows were refused, so that a script notices.
static int import_file(struct import *import, const char *as, const char *org_code,
                       const char *errors, struct err *err)
{
    bool done = split_importer(import, as, err) && cli_begin(import->open, STORE_READ, err) &&
                cli_org(import->open, org_code, &import->org, err) && read_rows(import, err) &&
                run_rows(import, err);

    count_results(import);
    print_rows(import);
    if (done && errors != NULL && import->refused > 0)
        done = write_errors(import, errors, err);
    fprintf(import->json ? stderr : stdout,
            "%s: %zu created, %zu updated, %zu same, %zu refused%s\n", import->file,
            import->created, import->updated, import->same, import->refused,
            import->commit ? "" : " (preview: nothing was written; add --commit)");
    if (!done)
        fprintf(stderr, "Stopped at row %zu; the rows before it are %s.\n", import->done + 1,
                import->commit ? "kept" : "as they were");
    return !done ? cli_problem(err) : import->refused > 0 ? CLI_PROBLEM : CLI_DONE;
}

// A list of files: org,importer,file,rows, in the order in which they build on each other.
static int import_list(struct cli *cli, struct cli_instance *open, struct err *err)
{
    struct import list = {.open = open, .file = cli_value(cli, "list")};
    const char *slash = strrchr(list.file, '/');
    size_t total = 0, total_done = 0;
    int status = CLI_DONE;

    if (!read_rows(&list, err)) {
        import_finish(&list);
        return cli_problem(err);
    }
    if (list.head.cell_count < 4) {
        import_finish(&list);
        return cli_usage(cli, "--list needs the columns org,importer,file,rows");
    }
    for (size_t i = 0; i < list.count; i++)
        total += (size_t)strtoul(arena_text(&list.memory, list.csv_rows[i].cells[3]), NULL, 10);
    for (size_t i = 0; i < list.count && (status == CLI_DONE || err->code == ERR_NONE); i++) {
        const struct slice *cells = list.csv_rows[i].cells;
        struct import import = {.open = open, .commit = cli_switch(cli, "commit"),
                                .json = cli_switch(cli, "json"), .total = total,
                                .total_done = &total_done};
        int one;

        import.file = arena_format(&list.memory, "%.*s/%.*s",
                                   slash != NULL ? (int)(slash - list.file) : 1,
                                   slash != NULL ? list.file : ".", (int)cells[2].len,
                                   (const char *)cells[2].data);
        one = import_file(&import,
                          arena_format(&list.memory, "base.%.*s", (int)cells[1].len,
                                       (const char *)cells[1].data),
                          arena_text(&list.memory, cells[0]), NULL, err);
        status = one != CLI_DONE ? one : status;
        import_finish(&import);
    }
    import_finish(&list);
    return status;
}

static int run_import(struct cli *cli)
{
    struct cli_instance open;
    struct err err = {ERR_NONE, ""};
    size_t done = 0;
    int status;

    if (cli_value(cli, "list") == NULL &&
        (cli_value(cli, "as") == NULL || cli->argument_count != 1))
        return cli_usage(cli, "--as APP.IMPORTER and one file are needed");
    if (!cli_open(cli, &open, true))
        return CLI_PROBLEM;
    if (cli_value(cli, "list") != NULL) {
        status = import_list(cli, &open, &err);
    } else {
        struct import import = {.open = &open, .file = cli->arguments[0],
                                .commit = cli_switch(cli, "commit"),
                                .json = cli_switch(cli, "json"), .total_done = &done};

        status = import_file(&import, cli_value(cli, "as"), cli_value(cli, "org"),
                             cli_value(cli, "errors"), &err);
        import_finish(&import);
    }
    cli_close(&open);
    return status;
}

static const struct cli_option import_options[] = {
    {"as", "APP.IMPORTER", "what the rows are, for instance base.students"},
    {"org", "CODE", "the organisation they belong to; default: the root"},
    {"commit", NULL, "write the good rows; without it: preview only"},
    {"errors", "FILE.csv", "where refused rows go, with what is wrong beside them"},
    {"list", "FILE.csv", "many files at once: columns org,importer,file,rows"},
    {"json", NULL, "one object a row"},
    {NULL, NULL, NULL},
};

const struct cli_command command_data_import = {
    .name = "data import",
    .arguments = "-c FILE --as APP.IMPORTER --org CODE ROSTER.csv",
    .summary = "Read a roster (CSV in UTF-8, UTF-16 or GB18030): preview, then --commit.",
    .example = "shuyuan data import -c config/demo.yaml --as base.students --org 2132990001 "
               "roster.csv --commit --errors mend.csv",
    .options = import_options,
    .run = run_import,
};
