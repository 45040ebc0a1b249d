// SPDX-License-Identifier: Apache-2.0
// Everything that would keep an instance from running well, all at once, nothing started.
#include "cli/cli.h"

#include <stdio.h>

#include "base/buffer.h"
#include "base/log.h"
#include "net/guard.h"

struct report {
    size_t problems;
    bool json;
};

static void print_all(const struct instance *instance)
{
    struct buffer out = BUFFER_EMPTY;

    host_describe(instance->host, &out);
    fwrite(out.data, 1, out.len, stdout);
    buffer_finish(&out);
}

static void count_problem(void *context, const char *app, const char *problem)
{
    struct report *report = context;

    fprintf(stderr, "%s: %s\n", app, problem);
    report->problems++;
}

static bool check_apps(struct config *config, struct report *report, struct err *err)
{
    struct instance instance = {.config = config, .clock = clock_system(),
                                .random = random_system(), .lint = true};
    bool done = instance_boot_core(&instance, err) &&
                instance_boot_apps(&instance, count_problem, report, err);

    if (done && report->json)
        print_all(&instance);
    instance_close(&instance);
    return done;
}

static bool check_outbound(const struct config *config, struct err *err)
{
    struct guard *guard = guard_create(config->outbound.allow, err);

    guard_destroy(guard);
    return guard != NULL;
}

static int run(struct cli *cli)
{
    struct err err = {ERR_NONE, ""};
    struct config *config;
    struct report report = {.json = cli_switch(cli, "json")};

    if (cli_switch(cli, "keys")) {
        config_list_keys(stdout);
        return CLI_DONE;
    }
    log_threshold(LOG_ERROR);
    config = config_read(cli->config_path, cli->settings, cli->setting_count, stderr, &err);
    if (config == NULL)
        return cli_problem(&err);
    if (!check_outbound(config, &err) || !check_apps(config, &report, &err)) {
        config_destroy(config);
        return cli_problem(&err);
    }
    config_destroy(config);
    if (report.problems > 0) {
        fprintf(stderr, "%zu problem%s found.\n", report.problems,
                report.problems == 1 ? "" : "s");
        return CLI_PROBLEM;
    }
    if (report.json)
        return CLI_DONE;
    printf("The configuration and the applications are in order.\n");
    return CLI_DONE;
}

static const struct cli_option options[] = {
    {"keys", NULL, "print every key with its type, default, bounds and meaning"},
    {"json", NULL, "print every route, collection, set and rollup with its rules, a line each"},
    {NULL, NULL, NULL},
};

const struct cli_command command_check = {
    .name = "check",
    .arguments = "-c FILE",
    .summary = "Find every problem of a configuration and of the applications.",
    .example = "shuyuan check -c config/school.yaml",
    .options = options,
    .run = run,
};
