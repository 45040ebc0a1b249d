// SPDX-License-Identifier: Apache-2.0
// Serves for who develops: what is saved is served at once, what is wrong is told with file and line
// here and on the page, and each page shows what it took.
#include "cli/place.h"

#include <stdio.h>
#include <unistd.h>

#include "serve/serve.h"

// What is given by -c or --set wins: the last setting of a key counts, and these come first.
static const char *const ways[] = {"development=true", "workers=1"};

static void add_first(struct cli *cli, const char *setting)
{
    if (cli->setting_count == CLI_VALUES_MAX)
        return;
    for (size_t i = cli->setting_count++; i > 0; i--)
        cli->settings[i] = cli->settings[i - 1];
    cli->settings[0] = setting;
}

static void tell(const struct config *config)
{
    char path[4100];

    snprintf(path, sizeof path, "%s/data.mdb", config->data);
    if (access(path, F_OK) != 0)
        printf("%s is empty: run `make demo` once for a county to work in, or add an organisation and "
               "accounts with shuyuan org add and shuyuan user add.\n",
               config->data);
    printf("Watching %s/apps and %s/lua. Ctrl-C stops.\n", config->platform, config->platform);
    fflush(stdout);
}

static int run(struct cli *cli)
{
    struct arena arena = ARENA_EMPTY;
    struct err err = {ERR_NONE, ""};
    struct config *config;
    int status = CLI_PROBLEM;

    if (cli->argument_count > 0)
        return cli_usage(cli, "takes no argument: it serves all applications");
    cli_place_demo(cli, &arena);
    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++)
        add_first(cli, ways[i]);
    config = config_read(cli->config_path, cli->settings, cli->setting_count, stderr, &err);
    if (config == NULL) {
        cli_problem(&err);
    } else {
        tell(config);
        status = supervisor_run(cli->config_path, cli->settings, cli->setting_count, true);
    }
    config_destroy(config);
    arena_finish(&arena);
    return status;
}

const struct cli_command command_app_dev = {
    .name = "app dev",
    .arguments = "[-c FILE]",
    .summary = "Serve for development: what is saved is served at once, mistakes are shown.",
    .example = "shuyuan app dev --set listen=127.0.0.1:9000",
    .run = run,
};
