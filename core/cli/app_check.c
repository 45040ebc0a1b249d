// SPDX-License-Identifier: Apache-2.0
// Everything that is wrong with an application, or with all, at once; nothing is started.
#include "cli/place.h"

#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "base/log.h"

struct checking {
    const char *only; // NULL: all
    bool json;
    size_t found;
};

// "leave/main.lua:12: what" begins with its place; some are of no line.
static size_t place_len(const char *problem)
{
    const char *colon = strchr(problem, ':');
    size_t digits = colon != NULL ? strspn(colon + 1, "0123456789") : 0;

    return digits > 0 && strchr(problem, '/') != NULL && strchr(problem, '/') < colon
               ? (size_t)(colon + 1 + digits - problem)
               : 0;
}

static void print_json(const char *app, const char *problem)
{
    size_t place = place_len(problem);
    struct buffer line = BUFFER_EMPTY;

    buffer_text(&line, "{\"app\":");
    json_text(&line, slice_text(app));
    buffer_text(&line, ",\"place\":");
    json_text(&line, slice_of(problem, place));
    buffer_text(&line, ",\"problem\":");
    json_text(&line, slice_text(problem + place + (place > 0 ? strspn(problem + place, ": ") : 0)));
    buffer_text(&line, "}\n");
    fwrite(line.data, 1, line.len, stdout);
    buffer_finish(&line);
}

// The callers of an error in Lua stand on lines of their own, which say nothing to its author.
static void note(void *context, const char *app, const char *problem)
{
    struct checking *checking = context;
    struct arena arena = ARENA_EMPTY;
    const char *first = arena_text(&arena, slice_of(problem, strcspn(problem, "\n")));

    if (checking->only == NULL || strcmp(checking->only, app) == 0) {
        checking->found++;
        if (checking->json)
            print_json(app, first);
        else
            printf("%s: %s\n", app, first);
    }
    arena_finish(&arena);
}

static bool is_known(const struct host *host, const char *name)
{
    const struct host_app *apps;
    size_t count = host_apps(host, &apps);

    for (size_t i = 1; i < count; i++)
        if (strcmp(apps[i].id, name) == 0)
            return true;
    return false;
}

static int check(struct config *config, struct checking *checking)
{
    struct instance instance = {.config = config, .clock = clock_system(),
                                .random = random_system(), .lint = true};
    struct err err = {ERR_NONE, ""};
    int status;

    if (!instance_boot_core(&instance, &err) ||
        !instance_boot_apps(&instance, note, checking, &err)) {
        status = cli_problem(&err);
    } else if (checking->only != NULL && !is_known(instance.host, checking->only)) {
        fprintf(stderr, "shuyuan: there is no app '%s' in %s/apps; make it with: shuyuan app new %s\n",
                checking->only, config->platform, checking->only);
        status = CLI_PROBLEM;
    } else {
        status = checking->found > 0 ? CLI_PROBLEM : CLI_DONE;
        if (!checking->json && checking->found == 0)
            printf("%s: nothing is wrong.\n", checking->only != NULL ? checking->only : "All applications");
        else if (!checking->json)
            printf("%zu problem%s found.\n", checking->found, checking->found == 1 ? "" : "s");
    }
    instance_close(&instance);
    return status;
}

static int run(struct cli *cli)
{
    struct checking checking = {.json = cli_switch(cli, "json")};
    struct arena arena = ARENA_EMPTY;
    struct err err = {ERR_NONE, ""};
    struct config *config;
    int status;

    if (cli->argument_count > 1)
        return cli_usage(cli, "which app? One, or none for all");
    log_threshold(LOG_ERROR);
    cli_place(cli, &arena);
    config = config_read(cli->config_path, cli->settings, cli->setting_count, stderr, &err);
    if (config == NULL) {
        status = cli_problem(&err);
    } else {
        checking.only = cli->argument_count > 0 ? cli->arguments[0] : cli_app_here(config, &arena);
        status = check(config, &checking);
    }
    config_destroy(config);
    arena_finish(&arena);
    return status;
}

static const struct cli_option options[] = {
    {"json", NULL, "one line of JSON for each problem"},
    {NULL, NULL, NULL},
};

const struct cli_command command_app_check = {
    .name = "app check",
    .arguments = "[NAME]",
    .summary = "Find everything that is wrong with an application, or with all: 0 nothing is.",
    .example = "shuyuan app check leave",
    .options = options,
    .run = run,
};
