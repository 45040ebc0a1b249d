// SPDX-License-Identifier: Apache-2.0
// The tree of organisations. The first one added is the root.
#include "cli/cli.h"

#include <stdio.h>
#include <string.h>

#include "base/charset.h"
#include "base/csv.h"
#include "base/json.h"

enum { FILE_MAX = 64 * 1024 * 1024, ORGS_MAX = 20000 };

static const char *or_empty(const char *text)
{
    return text != NULL ? text : "";
}

// "same" when it is there already: the same file twice changes nothing.
static bool add(struct cli_instance *open, struct tree_org *org, const char *parent_code,
                bool *added, struct err *err)
{
    struct tree_org *known = NULL;
    struct problem problem = {NULL, NULL};

    if (!tree_find(&open->view, org->code, &known, err))
        return false;
    *added = known == NULL;
    if (known != NULL)
        return true;
    if (parent_code != NULL && parent_code[0] != 0 &&
        !cli_org(open, parent_code, &org->parent, err))
        return false;
    if (id_is_zero(&org->parent) && !id_is_zero(&open->view.root))
        return err_set(err, ERR_INPUT, "%s needs a parent: there is a root already", org->code);
    if (!tree_add(&open->view, org, &problem, err))
        return problem.word != NULL
                   ? err_set(err, ERR_INPUT, "%s: %s: %s", org->code, problem.field, problem.word)
                   : false;
    return !id_is_zero(&org->parent) || instance_set_root(&open->view, org->id, err);
}

static int run_add(struct cli *cli)
{
    struct tree_org org = {
        .kind = or_empty(cli_value(cli, "kind")),
        .name = or_empty(cli_value(cli, "name")),
        .name_en = or_empty(cli_value(cli, "name-en")),
        .code = or_empty(cli_value(cli, "code")),
    };
    struct cli_instance open;
    struct err err = {ERR_NONE, ""};
    bool added = false;
    int status;

    if (org.kind[0] == 0 || org.name[0] == 0 || org.code[0] == 0)
        return cli_usage(cli, "--kind, --name and --code are needed");
    if (!cli_open(cli, &open, false))
        return CLI_PROBLEM;
    status = cli_begin(&open, STORE_WRITE, &err) &&
                     add(&open, &org, cli_value(cli, "parent"), &added, &err) &&
                     (!added || cli_commit(&open, &err))
                 ? CLI_DONE
                 : cli_problem(&err);
    if (status == CLI_DONE)
        printf("%s %s %s\n", added ? "added" : "same", org.code, org.name);
    cli_close(&open);
    return status;
}

// Import ---------------------------------------------------------------------------------

static const char *cell(struct arena *arena, const struct csv_row *head, const struct csv_row *row,
                        const char *name)
{
    for (size_t i = 0; i < head->cell_count && i < row->cell_count; i++)
        if (slice_is(head->cells[i], name))
            return arena_text(arena, row->cells[i]);
    return "";
}

static bool import_rows(struct cli_instance *open, struct slice text, size_t counts[2],
                        struct err *err)
{
    struct csv csv;
    struct csv_row head, row;

    csv_begin(&csv, text);
    if (!csv_next(&csv, &open->memory, &head, err))
        return false;
    while (csv_next(&csv, &open->memory, &row, err)) {
        struct tree_org org;
        bool added;

        if (row.cells == NULL)
            return true;
        org = (struct tree_org){
            .kind = cell(&open->memory, &head, &row, "kind"),
            .name = cell(&open->memory, &head, &row, "name"),
            .name_en = cell(&open->memory, &head, &row, "name_en"),
            .code = cell(&open->memory, &head, &row, "code"),
        };
        if (!add(open, &org, cell(&open->memory, &head, &row, "parent"), &added, err))
            return false;
        counts[added]++;
    }
    return false;
}

static int run_import(struct cli *cli)
{
    struct cli_instance open;
    struct slice bytes, text;
    enum charset charset;
    size_t counts[2] = {0, 0};
    struct err err = {ERR_NONE, ""};
    int status;

    if (cli->argument_count != 1)
        return cli_usage(cli, "one file is needed");
    if (!cli_open(cli, &open, false))
        return CLI_PROBLEM;
    status = cli_begin(&open, STORE_WRITE, &err) &&
                     cli_read_file(&open.memory, cli->arguments[0], FILE_MAX, &bytes, &err) &&
                     charset_decode(&open.memory, bytes, &text, &charset, &err) &&
                     import_rows(&open, text, counts, &err) &&
                     (counts[1] == 0 || cli_commit(&open, &err))
                 ? CLI_DONE
                 : cli_problem(&err);
    if (status == CLI_DONE)
        printf("%zu organisations added, %zu known already\n", counts[1], counts[0]);
    else
        fprintf(stderr, "Nothing of the file was kept.\n");
    cli_close(&open);
    return status;
}

// List -----------------------------------------------------------------------------------

static void print_org(const struct tree_org *org, int depth, bool json)
{
    struct buffer line = BUFFER_EMPTY;
    char id[ID_TEXT_LEN + 1];

    id_to_text(&org->id, id);
    if (!json) {
        printf("%*s%s  %s  %s  %s\n", depth * 2, "", org->code, org->kind, org->name, id);
        return;
    }
    buffer_format(&line, "{\"id\":\"%s\",\"depth\":%d,\"kind\":\"%s\",\"code\":", id, depth, org->kind);
    json_text(&line, slice_text(org->code));
    buffer_text(&line, ",\"name\":");
    json_text(&line, slice_text(org->name));
    printf("%.*s}\n", (int)line.len, (const char *)line.data);
    buffer_finish(&line);
}

static bool print_below(struct cli_instance *open, const struct tree_org *org, int depth, bool json,
                        struct err *err)
{
    struct tree_org *children;
    size_t count;

    print_org(org, depth, json);
    if (!tree_children(&open->view, org->id, &children, &count, err))
        return false;
    for (size_t i = 0; i < count; i++)
        if (!print_below(open, &children[i], depth + 1, json, err))
            return false;
    return true;
}

static int run_list(struct cli *cli)
{
    struct cli_instance open;
    struct tree_org *root = NULL;
    struct id id;
    struct err err = {ERR_NONE, ""};
    int status;

    if (!cli_open(cli, &open, false))
        return CLI_PROBLEM;
    status = cli_begin(&open, STORE_READ, &err) &&
                     cli_org(&open, cli_value(cli, "org"), &id, &err) &&
                     tree_get(&open.view, id, &root, &err) && root != NULL &&
                     print_below(&open, root, 0, cli_switch(cli, "json"), &err)
                 ? CLI_DONE
                 : cli_problem(&err);
    cli_close(&open);
    return status;
}

static const struct cli_option add_options[] = {
    {"kind", "KIND", "province, city, county, school, campus, department, …"},
    {"name", "NAME", "as shown"},
    {"name-en", "NAME", "as shown in English"},
    {"code", "CODE", "its official code, unique in the instance"},
    {"parent", "CODE", "the organisation above; none for the first, the root"},
    {NULL, NULL, NULL},
};
static const struct cli_option list_options[] = {
    {"org", "CODE", "only this one and what is below it"},
    {"json", NULL, "one object a line"},
    {NULL, NULL, NULL},
};

const struct cli_command command_org_add = {
    .name = "org add",
    .arguments = "-c FILE --kind KIND --name NAME --code CODE",
    .summary = "Add an organisation to the tree.",
    .example = "shuyuan org add -c config/demo.yaml --kind school --name 鹿汀小学 "
               "--code 2132990001 --parent 329901",
    .options = add_options,
    .run = run_add,
};
const struct cli_command command_org_import = {
    .name = "org import",
    .arguments = "-c FILE TABLE.csv",
    .summary = "Add organisations from a table: code,parent,kind,name,name_en.",
    .example = "shuyuan org import -c config/demo.yaml orgs.csv",
    .run = run_import,
};
const struct cli_command command_org_list = {
    .name = "org list",
    .arguments = "-c FILE",
    .summary = "Show the tree of organisations.",
    .example = "shuyuan org list -c config/demo.yaml --json",
    .options = list_options,
    .run = run_list,
};
