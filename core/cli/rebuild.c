// SPDX-License-Identifier: Apache-2.0
// Counts a rollup anew from the records: repair, for an instance that has lost its trust in the
// numbers, or whose app counts something new. Children come before their parents; each
// organisation is a commit of its own, beside a running server too.
#include "cli/cli.h"

#include <stdio.h>

#include "serve/settle.h"

static int run(struct cli *cli)
{
    struct cli_instance open;
    const struct rollup *rollup;
    struct counted counted;
    const char *name = cli_value(cli, "as");
    struct err err = {ERR_NONE, ""};
    bool done;

    if (name == NULL)
        return cli_usage(cli, "--as APP.ROLLUP is needed");
    if (!cli_open(cli, &open, true))
        return CLI_PROBLEM;
    rollup = catalog_find_rollup(open.instance.catalog, name);
    done = rollup != NULL ? settle_count(&open.instance, rollup, &counted, &err)
                          : err_set(&err, ERR_ABSENT, "there is no rollup %s", name);
    if (done)
        printf("%s: %zu counters mended at %zu organisations\n", name, counted.changed,
               counted.orgs);
    else
        cli_problem(&err);
    cli_close(&open);
    return done ? CLI_DONE : CLI_PROBLEM;
}

static const struct cli_option options[] = {
    {"as", "APP.ROLLUP", "which one, for instance leave.asked_by_class"},
    {NULL, NULL, NULL},
};

const struct cli_command command_data_rebuild = {
    .name = "data rebuild",
    .arguments = "-c FILE --as APP.ROLLUP",
    .summary = "Count a rollup anew from the records, beside a running server too.",
    .example = "shuyuan data rebuild -c config/demo.yaml --as leave.asked_by_class",
    .options = options,
    .run = run,
};
