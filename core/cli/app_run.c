// SPDX-License-Identifier: Apache-2.0
// One file of Lua in the sandbox of applications, with their limits. It may require the files
// beside it; no instance, no records, no `app`.
#include "cli/cli.h"

#include <stdio.h>
#include <string.h>

#include "script/script.h"

enum { SOURCE_MAX = 256 * 1024 };

static void print_line(void *context, struct slice line)
{
    fwrite(line.data, 1, line.len, context);
    fputc('\n', context);
}

static struct script_limits limits_of(const struct config *config)
{
    return (struct script_limits){
        .cpu_ms = config->script.cpu_ms,
        .wall_ms = config->script.wall_ms,
        .memory = (size_t)config->script.memory,
        .pattern_steps = config->script.pattern_steps,
    };
}

// "tools/try.lua" → folder "tools", name "try.lua".
static const char *split(struct arena *arena, const char *path, const char **folder)
{
    const char *slash = strrchr(path, '/');

    *folder = slash == NULL ? "." : arena_text(arena, slice_of(path, (size_t)(slash - path + 1)));
    return slash == NULL ? path : slash + 1;
}

static bool run_text(struct script *script, struct slice text, const char *path, struct err *err)
{
    struct arena arena = ARENA_EMPTY;
    const char *folder, *name = split(&arena, path, &folder);
    struct script_instance *instance;
    bool done;

    script_print(script, print_line, stdout);
    script_folder(script, folder);
    instance = script_instance_create(script, err);
    done = instance != NULL &&
           script_instance_run(instance, text, arena_format(&arena, "@%s", name), err);
    script_instance_destroy(instance);
    arena_finish(&arena);
    return done;
}

static int run_file(const struct config *config, const char *path)
{
    struct script_limits limits = limits_of(config);
    struct arena arena = ARENA_EMPTY;
    struct err err = {ERR_NONE, ""};
    struct script *script = NULL;
    struct slice text;
    bool done = false;
    int status = CLI_PROBLEM;

    if (!cli_read_file(&arena, path, SOURCE_MAX, &text, &err))
        goto out;
    script = script_create("script", &limits, clock_system(), NULL, &err);
    done = script != NULL && run_text(script, text, path, &err);
    if (done)
        status = CLI_DONE;
    else if (err.code == ERR_LIMIT)
        status = CLI_STOPPED;
out:
    fflush(stdout);
    if (!done)
        fprintf(stderr, "%s%s\n", status == CLI_STOPPED ? "stopped: " : "", err.text);
    script_destroy(script);
    arena_finish(&arena);
    return status;
}

static int run(struct cli *cli)
{
    struct err err = {ERR_NONE, ""};
    struct config *config;
    int status;

    if (cli->argument_count != 1)
        return cli_usage(cli, "which file? One is run");
    config = config_read(cli->config_path, cli->settings, cli->setting_count, stderr, &err);
    if (config == NULL)
        return cli_problem(&err);
    status = run_file(config, cli->arguments[0]);
    config_destroy(config);
    return status;
}

const struct cli_command command_app_run = {
    .name = "app run",
    .arguments = "FILE.lua",
    .summary = "Run one file in the sandbox: 0 done, 1 an error, 3 stopped by a budget.",
    .example = "shuyuan app run try.lua --set script.cpu=200ms",
    .run = run,
};
