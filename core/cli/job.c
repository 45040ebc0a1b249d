// SPDX-License-Identifier: Apache-2.0
// The queue of jobs: what waits, what was given up, and another chance for it.
#include "cli/cli.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/json.h"
#include "job/queue.h"
#include "record/tree.h"

enum { LIST_MAX = 10000, PIECE = 500 };

static const char *org_code(struct cli_instance *open, struct id id)
{
    struct tree_org *org = NULL;
    struct err err;

    return tree_get(&open->view, id, &org, &err) && org != NULL ? org->code : "-";
}

static void member(struct buffer *line, const char *name, struct slice text)
{
    buffer_text(line, line->len > 1 ? "," : "");
    json_text(line, slice_text(name));
    buffer_text(line, ":");
    json_text(line, text);
}

static void print_json(const struct job *job, const char *id, const char *org)
{
    struct buffer line = BUFFER_EMPTY;

    buffer_text(&line, "{");
    member(&line, "id", slice_text(id));
    member(&line, "app", slice_text(job->app));
    member(&line, "job", slice_text(job->name));
    member(&line, "org", slice_text(org));
    member(&line, "problem", slice_text(job->problem));
    buffer_format(&line, ",\"failures\":%u,\"queued\":%lld,\"due\":%lld}", job->failures,
                  (long long)job->queued_ms, (long long)job->due_ms);
    printf("%.*s\n", (int)line.len, (const char *)line.data);
    buffer_finish(&line);
}

static void print_job(struct cli_instance *open, const struct job *job, bool json)
{
    char id[ID_TEXT_LEN + 1], when[32];
    time_t due = (time_t)(job->due_ms / 1000);
    const char *org = org_code(open, job->org);
    struct tm parts;

    id_to_text(&job->id, id);
    if (json) {
        print_json(job, id, org);
        return;
    }
    strftime(when, sizeof when, "%Y-%m-%d %H:%M:%S", localtime_r(&due, &parts));
    printf("%s  %s  %s %s  %s  failed %u%s%s\n", id, when, job->app, job->name, org, job->failures,
           job->problem[0] != 0 ? ": " : "", job->problem);
}

static int run_list(struct cli *cli)
{
    struct job **jobs = mem_zero(LIST_MAX * sizeof *jobs);
    bool dead = cli_switch(cli, "dead"), json = cli_switch(cli, "json");
    struct cli_instance open;
    struct err err = {ERR_NONE, ""};
    size_t count = 0;
    int status = CLI_PROBLEM;

    if (cli_open(cli, &open, false)) {
        status = cli_begin(&open, STORE_READ, &err) &&
                         queue_list(&open.view, dead, LIST_MAX, jobs, &count, &err)
                     ? CLI_DONE
                     : cli_problem(&err);
        for (size_t i = 0; i < count; i++)
            print_job(&open, jobs[i], json);
        if (status == CLI_DONE && !json)
            printf("%zu %s\n", count, dead ? "given up" : "waiting");
        cli_close(&open);
    }
    free(jobs);
    return status;
}

// In pieces that a commit has room for. What is given up again meanwhile stays so.
static bool revive_some(struct cli_instance *open, struct id *ids, size_t count, struct err *err)
{
    bool found, done = cli_begin(open, STORE_WRITE, err);

    for (size_t i = 0; i < count && done; i++)
        done = queue_revive(&open->view, ids[i], &found, err);
    return done && cli_commit(open, err);
}

static bool revive_all(struct cli_instance *open, size_t *revived, struct err *err)
{
    struct job **jobs = mem_zero(LIST_MAX * sizeof *jobs);
    struct id *ids = mem_zero(LIST_MAX * sizeof *ids);
    size_t count = 0;
    bool done = cli_begin(open, STORE_READ, err) &&
                queue_list(&open->view, true, LIST_MAX, jobs, &count, err);

    for (size_t i = 0; i < count; i++)
        ids[i] = jobs[i]->id;
    for (*revived = 0; *revived < count && done;) {
        size_t piece = count - *revived < PIECE ? count - *revived : PIECE;

        done = revive_some(open, ids + *revived, piece, err);
        *revived += piece;
    }
    free(jobs);
    free(ids);
    return done;
}

static bool revive_one(struct cli_instance *open, const char *text, size_t *revived,
                       struct err *err)
{
    struct id id;
    bool found = false;

    if (!id_from_text(slice_text(text), &id))
        return err_set(err, ERR_INPUT, "%s is not the id of a job", text);
    *revived = 1;
    return cli_begin(open, STORE_WRITE, err) && queue_revive(&open->view, id, &found, err) &&
           (found || err_set(err, ERR_ABSENT, "no job %s was given up", text)) &&
           cli_commit(open, err);
}

static int run_retry(struct cli *cli)
{
    bool all = cli_switch(cli, "all");
    struct cli_instance open;
    struct err err = {ERR_NONE, ""};
    size_t revived = 0;
    int status;

    if (cli->argument_count != (all ? 0 : 1))
        return cli_usage(cli, "one id, or --all");
    if (!cli_open(cli, &open, false))
        return CLI_PROBLEM;
    status = (all ? revive_all(&open, &revived, &err)
                  : revive_one(&open, cli->arguments[0], &revived, &err))
                 ? CLI_DONE
                 : cli_problem(&err);
    if (status == CLI_DONE)
        printf("%zu jobs wait again\n", revived);
    cli_close(&open);
    return status;
}

static const struct cli_option list_options[] = {
    {"dead", NULL, "those that were given up"},
    {"json", NULL, "one object a line"},
    {NULL, NULL, NULL},
};
static const struct cli_option retry_options[] = {
    {"all", NULL, "every one that was given up"},
    {NULL, NULL, NULL},
};

const struct cli_command command_job_list = {
    .name = "job list",
    .arguments = "-c FILE",
    .summary = "Show the jobs that wait, or were given up.",
    .example = "shuyuan job list -c config/demo.yaml --dead",
    .options = list_options,
    .run = run_list,
};
const struct cli_command command_job_retry = {
    .name = "job retry",
    .arguments = "-c FILE ID",
    .summary = "Let a job that was given up run again.",
    .example = "shuyuan job retry -c config/demo.yaml --all",
    .options = retry_options,
    .run = run_retry,
};
