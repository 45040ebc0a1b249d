// SPDX-License-Identifier: Apache-2.0
// The files of a state's folders, taken into memory: for a process that is about to lose its
// right to open any.
#include "script/state.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

enum { DEPTH_MAX = 8, SHELF_MAX = 16 * 1024 * 1024 };

struct shelved {
    struct shelved *next;
    char *path; // within the folder
    struct slice text;
};

struct walk {
    struct folder *folder;
    size_t bytes; // of all folders
    struct err *err;
};

static bool is_source(const char *name)
{
    const char *dot = strrchr(name, '.');

    return name[0] != '.' && dot != NULL && (strcmp(dot, ".lua") == 0 || strcmp(dot, ".html") == 0);
}

static bool take_file(struct walk *walk, const char *path, const char *full)
{
    FILE *file = fopen(full, "re");
    struct buffer text = BUFFER_EMPTY;
    struct shelved *one;
    bool done = file != NULL;

    if (!done)
        return err_set(walk->err, ERR_IO, "open %s: %s", full, strerror(errno));
    done = module_read(file, path, &text, walk->err);
    fclose(file);
    walk->bytes += text.len;
    if (done && walk->bytes > SHELF_MAX)
        done = err_set(walk->err, ERR_LIMIT, "the sources of an app take more than 16 MiB");
    if (!done) {
        buffer_finish(&text);
        return false;
    }
    one = mem_zero(sizeof *one);
    one->path = mem_text(path);
    one->text = buffer_view(&text); // which it owns from here on
    one->next = walk->folder->shelf;
    walk->folder->shelf = one;
    return true;
}

static bool take_folder(struct walk *walk, const char *below, int depth);

static bool take_entry(struct walk *walk, const char *below, const char *name, int depth)
{
    char path[512], full[1024];
    struct stat about;

    if (name[0] == '.' ||
        snprintf(path, sizeof path, "%s%s%s", below, below[0] != 0 ? "/" : "", name) >=
            (int)sizeof path ||
        snprintf(full, sizeof full, "%s/%s", walk->folder->path, path) >= (int)sizeof full ||
        stat(full, &about) != 0)
        return true;
    if (S_ISDIR(about.st_mode))
        return depth == DEPTH_MAX || take_folder(walk, path, depth + 1);
    return !S_ISREG(about.st_mode) || !is_source(name) || take_file(walk, path, full);
}

static bool take_folder(struct walk *walk, const char *below, int depth)
{
    char full[1024];
    struct dirent *entry;
    bool done = true;
    DIR *folder;

    if (snprintf(full, sizeof full, "%s/%s", walk->folder->path, below) >= (int)sizeof full)
        return true;
    folder = opendir(full);
    if (folder == NULL)
        return err_set(walk->err, ERR_IO, "open %s: %s", full, strerror(errno));
    while (done && (entry = readdir(folder)) != NULL)
        done = take_entry(walk, below, entry->d_name, depth);
    closedir(folder);
    return done;
}

bool script_shelve(struct script *script, struct err *err)
{
    struct walk walk = {.err = err};

    for (struct folder *folder = script->folders; folder != NULL; folder = folder->next) {
        walk.folder = folder;
        if (!take_folder(&walk, "", 0))
            return false;
        folder->is_shelved = true;
    }
    return true;
}

const struct slice *shelf_find(const struct folder *folder, const char *path)
{
    for (const struct shelved *one = folder->shelf; one != NULL; one = one->next)
        if (strcmp(one->path, path) == 0)
            return &one->text;
    return NULL;
}

void shelf_finish(struct folder *folder)
{
    struct shelved *one;

    while ((one = folder->shelf) != NULL) {
        folder->shelf = one->next;
        free(one->path);
        free((uint8_t *)one->text.data);
        free(one);
    }
}
