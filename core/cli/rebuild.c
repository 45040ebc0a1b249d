// SPDX-License-Identifier: Apache-2.0
// Counts a rollup anew from the records: repair, for an instance that has lost its trust in the
// numbers, or whose app counts something new. Children come before their parents; each
// organisation is a commit of its own, beside a running server too.
#include "cli/cli.h"

#include <stdio.h>

enum { ORGS_MAX = 20000, TRIES = 20 };

struct rebuild {
    struct cli_instance *open;
    const struct rollup *rollup;
    size_t changed, orgs_changed;
};

// Somebody who writes at the same moment makes it count again.
static bool rebuild_org(struct rebuild *rebuild, struct id org, struct err *err)
{
    size_t changed = 0;
    bool done = false;

    for (int tries = 0; tries < TRIES && !done; tries++) {
        if (!cli_begin(rebuild->open, STORE_WRITE, err) ||
            !record_rebuild(&rebuild->open->view, rebuild->rollup, org, &changed, err))
            return false;
        done = changed == 0 || cli_commit(rebuild->open, err);
        if (!done && err->code != ERR_CONFLICT)
            return false;
    }
    rebuild->changed += changed;
    rebuild->orgs_changed += changed > 0;
    return done;
}

static bool rebuild_all(struct rebuild *rebuild, struct err *err)
{
    struct arena arena = ARENA_EMPTY;
    const struct id *orgs;
    size_t count;
    bool done;

    if (!cli_begin(rebuild->open, STORE_READ, err) ||
        !tree_below(&rebuild->open->view, rebuild->open->view.root, ORGS_MAX, &orgs, &count, err))
        return false;
    orgs = arena_copy(&arena, orgs, count * sizeof *orgs); // what begins anew drops the view
    done = true;
    for (size_t i = count; i > 0 && done; i--) // parents are named before their children
        done = rebuild_org(rebuild, orgs[i - 1], err);
    arena_finish(&arena);
    return done;
}

static int run(struct cli *cli)
{
    struct cli_instance open;
    struct rebuild rebuild = {.open = &open};
    const char *name = cli_value(cli, "as");
    struct err err = {ERR_NONE, ""};
    bool done;

    if (name == NULL)
        return cli_usage(cli, "--as APP.ROLLUP is needed");
    if (!cli_open(cli, &open, true))
        return CLI_PROBLEM;
    rebuild.rollup = catalog_find_rollup(open.instance.catalog, name);
    done = rebuild.rollup != NULL ? rebuild_all(&rebuild, &err)
                                  : err_set(&err, ERR_ABSENT, "there is no rollup %s", name);
    if (done)
        printf("%s: %zu counters mended at %zu organisations\n", name, rebuild.changed,
               rebuild.orgs_changed);
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
