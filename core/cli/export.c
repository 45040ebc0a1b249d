// SPDX-License-Identifier: Apache-2.0
// A collection as a table: CSV that a spreadsheet opens, or one JSON object a line. Sealed
// numbers leave masked.
#include "cli/cli.h"

#include <stdio.h>
#include <string.h>

#include "base/csv.h"
#include "base/json.h"

enum { PAGE = 1000 };

struct export {
    struct cli_instance *open;
    const struct collection *collection;
    bool json;
};

static struct slice value_text(struct arena *arena, const struct value *value)
{
    char text[REF_TEXT_LEN + 1];

    switch (value->kind) {
    case VALUE_NULL:
        return slice_text("");
    case VALUE_BOOLEAN:
        return slice_text(value->boolean ? "true" : "false");
    case VALUE_INTEGER:
    case VALUE_TIME:
        return slice_text(arena_format(arena, "%lld", (long long)value->integer));
    case VALUE_NUMBER:
        return slice_text(arena_format(arena, "%.17g", value->number));
    case VALUE_DATE:
        date_to_text((int32_t)value->integer, text);
        return slice_text(arena_format(arena, "%s", text));
    case VALUE_REF:
        ref_to_text(&value->ref, text);
        return slice_text(arena_format(arena, "%s", text));
    case VALUE_TEXT:
    case VALUE_BYTES:
        return value->text;
    }
    return slice_text("");
}

// Nothing, too, for what cannot be read.
static struct value shown(const struct export *export, const struct record *record, size_t field)
{
    struct value value;
    struct err err;

    if (!record_shown(&export->open->view, record, (int)field, &value, &err))
        value.kind = VALUE_NULL;
    return value;
}

static void put_json(const struct export *export, const struct record *record, struct buffer *out)
{
    const struct collection *collection = export->collection;
    char id[REF_TEXT_LEN + 1];

    ref_to_text(&record->ref, id);
    buffer_format(out, "{\"id\":\"%s\",\"version\":%llu", id, (unsigned long long)record->version);
    for (size_t i = 0; i < collection->field_count; i++) {
        struct value value = shown(export, record, i);
        struct slice text = value_text(&export->open->memory, &value);

        if (value.kind == VALUE_NULL)
            continue;
        buffer_format(out, ",\"%s\":", collection->fields[i].name);
        if (value.kind == VALUE_BOOLEAN || value.kind == VALUE_INTEGER ||
            value.kind == VALUE_NUMBER || value.kind == VALUE_TIME)
            buffer_slice(out, text);
        else
            json_text(out, text);
    }
    buffer_text(out, "}\n");
}

static void put_csv(const struct export *export, const struct record *record, struct buffer *out)
{
    const struct collection *collection = export->collection;
    struct slice cells[FIELDS_MAX + 1];
    char id[REF_TEXT_LEN + 1] = "id";

    if (record != NULL)
        ref_to_text(&record->ref, id);
    cells[0] = slice_text(id);
    for (size_t i = 0; i < collection->field_count; i++) {
        struct value value;

        cells[i + 1] = slice_text(collection->fields[i].name);
        if (record == NULL)
            continue;
        value = shown(export, record, i);
        cells[i + 1] = value_text(&export->open->memory, &value);
    }
    csv_put_row(out, cells, collection->field_count + 1);
}

static bool print_page(const struct export *export, struct query *query, struct id *last,
                       size_t *count, struct err *err)
{
    struct record **records;
    struct buffer out = BUFFER_EMPTY;

    if (!cli_begin(export->open, STORE_READ, err) ||
        !record_query(&export->open->view, query, &records, count, err))
        return false;
    for (size_t i = 0; i < *count; i++) {
        if (export->json)
            put_json(export, records[i], &out);
        else
            put_csv(export, records[i], &out);
        *last = records[i]->ref.id;
    }
    fwrite(out.data, 1, out.len, stdout);
    buffer_finish(&out);
    return true;
}

static bool print_all(const struct export *export, struct id org, struct err *err)
{
    struct id last = {{0}};
    struct query query = {.collection = export->collection, .org = org, .order = -1,
                          .ascending = true, .limit = PAGE, .after = &last};
    struct buffer head = BUFFER_EMPTY;
    size_t count;

    if (!export->json) {
        buffer_text(&head, "\xef\xbb\xbf");
        put_csv(export, NULL, &head);
        fwrite(head.data, 1, head.len, stdout);
        buffer_finish(&head);
    }
    do {
        if (!print_page(export, &query, &last, &count, err))
            return false;
    } while (count == PAGE);
    return true;
}

static int run(struct cli *cli)
{
    struct cli_instance open;
    struct export export = {.open = &open, .json = cli_switch(cli, "json")};
    struct id org;
    struct err err = {ERR_NONE, ""};
    bool done = false;

    if (cli_value(cli, "as") == NULL)
        return cli_usage(cli, "--as APP.COLLECTION is needed");
    if (!cli_open(cli, &open, true))
        return CLI_PROBLEM;
    export.collection = catalog_find(open.instance.catalog, cli_value(cli, "as"));
    // The core's own collections hold what is nobody's to export: password hashes.
    if (export.collection == NULL || strcmp(export.collection->app, "core") == 0)
        err_set(&err, ERR_ABSENT, "no collection %s", cli_value(cli, "as"));
    else
        done = cli_begin(&open, STORE_READ, &err) &&
               cli_org(&open, cli_value(cli, "org"), &org, &err) && print_all(&export, org, &err);
    cli_close(&open);
    return done ? CLI_DONE : cli_problem(&err);
}

static const struct cli_option options[] = {
    {"as", "APP.COLLECTION", "what to export, for instance base.student"},
    {"org", "CODE", "of which organisation; default: the root"},
    {"json", NULL, "one object a line instead of CSV"},
    {NULL, NULL, NULL},
};

const struct cli_command command_data_export = {
    .name = "data export",
    .arguments = "-c FILE --as APP.COLLECTION --org CODE",
    .summary = "Write a collection of an organisation as a table.",
    .example = "shuyuan data export -c config/demo.yaml --as base.student --org 2132990001",
    .options = options,
    .run = run,
};
