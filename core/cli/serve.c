// SPDX-License-Identifier: Apache-2.0
#include "cli/cli.h"
#include "serve/serve.h"

static int run(struct cli *cli)
{
    if (cli->argument_count > 0)
        return cli_usage(cli, "takes no argument");
    return supervisor_run(cli->config_path, cli->settings, cli->setting_count, false);
}

const struct cli_command command_serve = {
    .name = "serve",
    .arguments = "-c FILE",
    .summary = "Run an instance until it is told to stop.",
    .example = "shuyuan serve -c config/school.yaml --set workers=4",
    .run = run,
};
