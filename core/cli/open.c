// SPDX-License-Identifier: Apache-2.0
// What commands share: their values, an instance to work on, organisations by code.
#include "cli/cli.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"

// A command is the operator's own: its budget only keeps a mistake from running for ever.
enum { COMMAND_READS = 50 * 1000 * 1000 };

const char *cli_value(const struct cli *cli, const char *name)
{
    for (size_t i = cli->value_count; i > 0; i--)
        if (strcmp(cli->values[i - 1].name, name) == 0)
            return cli->values[i - 1].text;
    return NULL;
}

bool cli_switch(const struct cli *cli, const char *name)
{
    return cli_value(cli, name) != NULL;
}

int cli_problem(const struct err *err)
{
    fprintf(stderr, "shuyuan: %s\n", err->text);
    return CLI_PROBLEM;
}

static void print_quarantine(void *context, const char *app, const char *problem)
{
    (void)context;
    fprintf(stderr, "%s: in quarantine: %s\n", app, problem);
}

// The apps' boot ends with the check of the catalogue; without them it is checked as it is.
static bool boot(struct cli_instance *open, bool with_apps, struct err *err)
{
    if (!instance_boot_core(&open->instance, err))
        return false;
    if (with_apps)
        return instance_boot_apps(&open->instance, print_quarantine, NULL, err);
    return catalog_check(open->instance.catalog, print_quarantine, NULL) ||
           err_set(err, ERR_INPUT, "the core's own collections do not fit together");
}

bool cli_open(struct cli *cli, struct cli_instance *open, bool with_apps)
{
    struct err err = {ERR_NONE, ""};

    *open = (struct cli_instance){0};
    log_threshold(LOG_WARN);
    open->config =
        config_read(cli->config_path, cli->settings, cli->setting_count, stderr, &err);
    if (open->config != NULL) {
        bool done = instance_open(&open->instance, open->config, STORE_OWNER, NULL, &err);

        if (!done && err.code == ERR_BUSY) { // a server runs: commit through it
            instance_close(&open->instance);
            done = instance_open(&open->instance, open->config, STORE_GUEST, NULL, &err);
        }
        if (done && boot(open, with_apps, &err))
            return true;
    }
    cli_problem(&err);
    cli_close(open);
    return false;
}

void cli_close(struct cli_instance *open)
{
    store_end(open->txn);
    instance_close(&open->instance);
    config_destroy(open->config);
    arena_finish(&open->memory);
}

bool cli_begin(struct cli_instance *open, enum store_mode mode, struct err *err)
{
    store_end(open->txn);
    arena_reset(&open->memory);
    open->budget = (struct budget){.reads_max = COMMAND_READS, .writes_max = COMMAND_READS};
    open->txn = store_begin(open->instance.store, mode, err);
    return open->txn != NULL && instance_view(&open->instance, open->txn, &open->memory,
                                              &open->budget, &open->view, err);
}

bool cli_commit(struct cli_instance *open, struct err *err)
{
    bool done = store_commit_wait(open->txn, err);

    store_end(open->txn);
    open->txn = NULL;
    return done;
}

bool cli_org(struct cli_instance *open, const char *code, struct id *org, struct err *err)
{
    struct tree_org *found = NULL;

    if (code == NULL) {
        *org = open->view.root;
        return !id_is_zero(org) || err_set(err, ERR_ABSENT, "there is no organisation yet");
    }
    if (!tree_find(&open->view, code, &found, err))
        return false;
    if (found == NULL)
        return err_set(err, ERR_ABSENT, "no organisation has the code %s", code);
    *org = found->id;
    return true;
}

bool cli_read_file(struct arena *arena, const char *path, size_t bytes_max, struct slice *bytes,
                   struct err *err)
{
    FILE *file = fopen(path, "rb");
    struct buffer buffer = BUFFER_EMPTY;
    bool done = false;
    size_t got = 1;

    if (file == NULL)
        return err_set(err, ERR_IO, "open %s: %s", path, strerror(errno));
    while (got > 0 && buffer.len <= bytes_max) {
        got = fread(buffer_room(&buffer, 65536), 1, 65536, file);
        buffer.len += got;
    }
    if (ferror(file)) {
        err_set(err, ERR_IO, "read %s: %s", path, strerror(errno));
    } else if (buffer.len > bytes_max) {
        err_set(err, ERR_LIMIT, "%s is longer than %zu bytes", path, bytes_max);
    } else {
        *bytes = arena_slice(arena, buffer_view(&buffer));
        done = true;
    }
    buffer_finish(&buffer);
    fclose(file);
    return done;
}
