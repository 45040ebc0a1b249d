// SPDX-License-Identifier: Apache-2.0
// A small application that works, to be changed into one's own: the template of the guide, under
// the name that was asked for. It appears whole or not at all.
#include "cli/place.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bind/manifest.h"

#define TEMPLATE "found"
enum { FILE_BYTES_MAX = 256 * 1024, DEPTH_MAX = 3 };

struct making {
    struct arena arena;
    const char *name;
};

static bool is_part(int c)
{
    return isalnum(c) || c == '_';
}

// The template's name as a word of its own becomes the app's.
static void put_renamed(struct buffer *out, struct slice text, const char *name)
{
    const size_t len = strlen(TEMPLATE);

    for (size_t i = 0; i < text.len; i++) {
        bool whole = (i == 0 || !is_part(text.data[i - 1])) && i + len <= text.len &&
                     memcmp(text.data + i, TEMPLATE, len) == 0 &&
                     (i + len == text.len || !is_part(text.data[i + len]));

        if (whole) {
            buffer_text(out, name);
            i += len - 1;
        } else {
            buffer_u8(out, text.data[i]);
        }
    }
}

// Prose speaks of things that were found: only what names the app is changed.
static bool names_app(const char *path)
{
    return strstr(path, "/app.yaml") != NULL || strstr(path, "/test/") != NULL;
}

static bool write_file(const char *path, struct slice text, struct err *err)
{
    FILE *file = fopen(path, "wxe");
    bool done = file != NULL && fwrite(text.data, 1, text.len, file) == text.len;

    if (file != NULL)
        done = fclose(file) == 0 && done;
    return done || err_set(err, ERR_IO, "%s: %s", path, strerror(errno));
}

static bool copy_file(struct making *making, const char *from, const char *to, struct err *err)
{
    struct buffer out = BUFFER_EMPTY;
    struct slice text;
    bool done;

    if (!cli_read_file(&making->arena, from, FILE_BYTES_MAX, &text, err))
        return false;
    if (names_app(from))
        put_renamed(&out, text, making->name);
    else
        buffer_bytes(&out, text.data, text.len);
    done = write_file(to, buffer_view(&out), err);
    buffer_finish(&out);
    return done;
}

static bool copy_folder(struct making *making, const char *from, const char *to, int depth,
                        struct err *err)
{
    DIR *folder = opendir(from);
    struct dirent *entry;
    bool done = true;

    if (folder == NULL || mkdir(to, 0777) != 0) {
        err_set(err, ERR_IO, "%s: %s", folder == NULL ? from : to, strerror(errno));
        if (folder != NULL)
            closedir(folder);
        return false;
    }
    while (done && (entry = readdir(folder)) != NULL) {
        const char *source = arena_format(&making->arena, "%s/%s", from, entry->d_name);
        const char *target = arena_format(&making->arena, "%s/%s", to, entry->d_name);
        struct stat about;

        if (entry->d_name[0] == '.' || stat(source, &about) != 0)
            continue;
        if (!S_ISDIR(about.st_mode))
            done = copy_file(making, source, target, err);
        else if (depth < DEPTH_MAX)
            done = copy_folder(making, source, target, depth + 1, err);
    }
    closedir(folder);
    return done;
}

static bool check_name(const char *name, const char *folder, struct err *err)
{
    if (!manifest_is_name(name))
        return err_set(err, ERR_INPUT,
                       "'%s' cannot be an app's name: 1 to 32 small letters, digits and '_', a letter "
                       "first, and none of the platform's own: %s",
                       name, manifest_reserved());
    return access(folder, F_OK) != 0 ||
           err_set(err, ERR_INPUT, "%s is there already: choose another name, or move it away",
                   folder);
}

// What was begun and not finished is left under a name that no app can have, and is told.
static bool make(struct making *making, const struct config *config, struct err *err)
{
    const char *from = arena_format(&making->arena, "%s/sdk/template/" TEMPLATE, config->platform);
    const char *folder = cli_app_folder(config, making->name, &making->arena);
    const char *partial = arena_format(&making->arena, "%s/apps/.%s.%d", config->platform,
                                       making->name, (int)getpid());

    if (!check_name(making->name, folder, err) ||
        !copy_folder(making, from, partial, 0, err))
        return false;
    if (rename(partial, folder) != 0)
        return err_set(err, ERR_IO, "%s: %s; its files are in %s", folder, strerror(errno), partial);
    printf("%s is made. Next:\n  shuyuan app test %s\n  shuyuan app check %s\n  shuyuan app dev\n",
           folder, making->name, making->name);
    return true;
}

static int run(struct cli *cli)
{
    struct making making = {.arena = ARENA_EMPTY};
    struct err err = {ERR_NONE, ""};
    struct config *config;
    int status = CLI_DONE;

    if (cli->argument_count != 1)
        return cli_usage(cli, "how is the app called? One name");
    making.name = cli->arguments[0];
    cli_place(cli, &making.arena);
    config = config_read(cli->config_path, cli->settings, cli->setting_count, stderr, &err);
    if (config == NULL || !make(&making, config, &err))
        status = cli_problem(&err);
    config_destroy(config);
    arena_finish(&making.arena);
    return status;
}

const struct cli_command command_app_new = {
    .name = "app new",
    .arguments = "NAME",
    .summary = "Make a small application that works, with a passing test, in the apps folder.",
    .example = "shuyuan app new clubs",
    .run = run,
};
