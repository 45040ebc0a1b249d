// SPDX-License-Identifier: Apache-2.0
// shuyuan audit verify: the chained logs, from their first entries to their heads. Only reads, so
// that it works beside a running server, on one snapshot.
#include "cli/cli.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "store/chain.h"

enum { HEX_LEN = 2 * STORE_DIGEST };

static void to_hex(const uint8_t digest[STORE_DIGEST], char text[HEX_LEN + 1])
{
    for (size_t i = 0; i < STORE_DIGEST; i++)
        snprintf(text + 2 * i, 3, "%02x", digest[i]);
}

static bool from_hex(const char *text, uint8_t digest[STORE_DIGEST])
{
    for (size_t i = 0; i < STORE_DIGEST; i++) {
        unsigned byte;

        if (strspn(text + 2 * i, "0123456789abcdef") < 2 || sscanf(text + 2 * i, "%2x", &byte) != 1)
            return false;
        digest[i] = (uint8_t)byte;
    }
    return text[HEX_LEN] == 0;
}

struct head {
    char log[256];
    struct store_mark mark;
};

// "#audit:12:9f86…", as a former run has printed it.
static bool read_head(const char *text, struct head *head)
{
    const char *digest = strrchr(text, ':'), *number = digest;
    char *end;

    while (number != NULL && number > text && number[-1] != ':')
        number--;
    if (digest == NULL || number <= text + 1 || strlen(digest + 1) != HEX_LEN ||
        (size_t)(number - text) > sizeof head->log)
        return false;
    snprintf(head->log, sizeof head->log, "%.*s", (int)(number - text - 1), text);
    head->mark.number = strtoull(number, &end, 10);
    return end == digest && head->mark.number > 0 && from_hex(digest + 1, head->mark.digest);
}

static void print_json(const char *log, const struct store_chain *chain, const char *head)
{
    struct buffer line = BUFFER_EMPTY;

    buffer_text(&line, "{\"log\":");
    json_text(&line, slice_text(log));
    buffer_format(&line, ",\"ok\":%s,\"entries\":%" PRIu64 ",\"head\":", chain->broken == 0 ? "true" : "false",
                  chain->entries);
    json_text(&line, slice_text(head));
    if (chain->broken != 0) {
        buffer_format(&line, ",\"broken\":%" PRIu64 ",\"why\":", chain->broken);
        json_text(&line, slice_text(chain->why));
    }
    printf("%.*s}\n", (int)line.len, (const char *)line.data);
    buffer_finish(&line);
}

static void print_chain(const char *log, const struct store_chain *chain, bool json)
{
    char hex[HEX_LEN + 1], head[sizeof hex + 300] = "";

    to_hex(chain->digest, hex);
    if (chain->entries > 0)
        snprintf(head, sizeof head, "%s:%" PRIu64 ":%s", log, chain->entries, hex);
    if (json)
        print_json(log, chain, head);
    else if (chain->broken != 0)
        printf("%s: broken at entry %" PRIu64 ": %s; %" PRIu64 " before it in order\n", log,
               chain->broken, chain->why, chain->entries);
    else
        printf("%s: %" PRIu64 " entries in order%s%s\n", log, chain->entries,
               chain->entries > 0 ? "; head " : "", head);
}

struct run {
    struct cli *cli;
    struct cli_instance open;
    struct head *heads;
    bool *met;
    size_t head_count, broken;
};

static bool check_log(struct run *run, const char *log, struct err *err)
{
    struct store_chain chain = {0};
    bool done = true, marked = false;

    // A head of each former run; one is enough to see a log that was written anew.
    for (size_t i = 0; i < run->head_count && done && chain.broken == 0; i++) {
        if (strcmp(run->heads[i].log, log) != 0)
            continue;
        marked = run->met[i] = true;
        done = store_chain_check(run->open.txn, log, &run->heads[i].mark, &chain, err);
    }
    if (!marked)
        done = store_chain_check(run->open.txn, log, NULL, &chain, err);
    if (!done)
        return false;
    print_chain(log, &chain, cli_switch(run->cli, "json"));
    run->broken += chain.broken != 0;
    return true;
}

// Whatever has been chained, and the audit log even when it is not there.
static bool check_all(struct run *run, struct err *err)
{
    const char *log = "";
    bool done = true, met_audit = false;

    while (done && (done = store_chain_next(run->open.txn, log, &log, err)) && log != NULL) {
        met_audit = met_audit || strcmp(log, "#audit") == 0;
        done = check_log(run, log, err);
    }
    if (done && !met_audit)
        done = check_log(run, "#audit", err);
    for (size_t i = 0; i < run->head_count && done; i++)
        if (!run->met[i]) // noted down, and gone as a whole
            done = check_log(run, run->heads[i].log, err);
    return done;
}

static bool read_heads(struct run *run)
{
    for (size_t i = 0; i < run->cli->value_count; i++)
        if (strcmp(run->cli->values[i].name, "head") == 0 &&
            !read_head(run->cli->values[i].text, &run->heads[run->head_count++]))
            return false;
    return true;
}

static int run_verify(struct cli *cli)
{
    struct head heads[CLI_VALUES_MAX];
    bool met[CLI_VALUES_MAX] = {false};
    struct run run = {.cli = cli, .heads = heads, .met = met};
    struct err err = {ERR_NONE, ""};
    int status;

    if (!read_heads(&run))
        return cli_usage(cli, "a head as a former run has printed it: '#audit:12:9f86…'");
    if (!cli_open(cli, &run.open, false))
        return CLI_PROBLEM;
    status = cli_begin(&run.open, STORE_READ, &err) && check_all(&run, &err) ? CLI_DONE
                                                                             : cli_problem(&err);
    if (status == CLI_DONE && run.broken > 0)
        status = CLI_PROBLEM;
    cli_close(&run.open);
    return status;
}

static const struct cli_option options[] = {
    {"head", "LOG:NUMBER:DIGEST", "must still be there, as a former run has printed it; may be repeated"},
    {"json", NULL, "one object a line"},
    {NULL, NULL, NULL},
};

const struct cli_command command_audit_verify = {
    .name = "audit verify",
    .arguments = "-c FILE",
    .summary = "Check the chained logs, entry by entry; keep the heads it prints elsewhere.",
    .example = "shuyuan audit verify -c config/demo.yaml --json",
    .options = options,
    .run = run_verify,
};
