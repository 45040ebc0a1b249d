// SPDX-License-Identifier: Apache-2.0
#include "cli/place.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static bool is_product(const char *folder)
{
    char path[PATH_MAX + 16];

    snprintf(path, sizeof path, "%s/lua/app.lua", folder);
    if (access(path, R_OK) != 0)
        return false;
    snprintf(path, sizeof path, "%s/apps", folder);
    return access(path, R_OK) == 0;
}

// Takes the last name off a path; false at the root.
static bool go_up(char *path)
{
    char *slash = strrchr(path, '/');

    if (slash == NULL || slash == path)
        return false;
    *slash = 0;
    return true;
}

static bool find_product(char path[PATH_MAX])
{
    ssize_t len;

    if (getcwd(path, PATH_MAX) != NULL)
        do {
            if (is_product(path))
                return true;
        } while (go_up(path));
    len = readlink("/proc/self/exe", path, PATH_MAX - 1);
    path[len > 0 ? len : 0] = 0;
    while (go_up(path))
        if (is_product(path))
            return true;
    return false;
}

static void add_first(struct cli *cli, const char *setting)
{
    if (cli->setting_count == CLI_VALUES_MAX)
        return;
    memmove(cli->settings + 1, cli->settings, cli->setting_count * sizeof *cli->settings);
    cli->settings[0] = setting;
    cli->setting_count++;
}

void cli_place(struct cli *cli, struct arena *arena)
{
    char path[PATH_MAX];

    if (cli->config_path != NULL || !find_product(path))
        return;
    add_first(cli, arena_format(arena, "assets=%s/build/static", path));
    add_first(cli, arena_format(arena, "platform=%s", path));
}

void cli_place_demo(struct cli *cli, struct arena *arena)
{
    char path[PATH_MAX];
    const char *demo;

    if (cli->config_path != NULL || !find_product(path))
        return;
    demo = arena_format(arena, "%s/config/demo.yaml", path);
    if (access(demo, R_OK) == 0)
        cli->config_path = demo;
    else
        cli_place(cli, arena);
}

const char *cli_app_folder(const struct config *config, const char *app, struct arena *arena)
{
    return arena_format(arena, "%s/apps/%s", config->platform, app);
}

const char *cli_app_here(const struct config *config, struct arena *arena)
{
    char here[PATH_MAX], apps[PATH_MAX];
    size_t len;

    if (getcwd(here, sizeof here) == NULL ||
        realpath(arena_format(arena, "%s/apps", config->platform), apps) == NULL)
        return NULL;
    len = strlen(apps);
    if (strncmp(here, apps, len) != 0 || here[len] != '/')
        return NULL;
    return arena_text(arena, slice_of(here + len + 1, strcspn(here + len + 1, "/")));
}
