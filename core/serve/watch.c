// SPDX-License-Identifier: Apache-2.0
#include "serve/watch.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

enum { DEPTH_MAX = 8 };

#define CHANGES (IN_CLOSE_WRITE | IN_MOVED_FROM | IN_MOVED_TO | IN_CREATE | IN_DELETE | IN_ONLYDIR)

// A folder that is watched already keeps its watch.
static void add_folder(int fd, const char *path, int depth)
{
    char below[PATH_MAX];
    DIR *folder = opendir(path);
    struct dirent *entry;

    if (folder == NULL)
        return;
    inotify_add_watch(fd, path, CHANGES);
    while (depth < DEPTH_MAX && (entry = readdir(folder)) != NULL)
        if (entry->d_name[0] != '.' && entry->d_type != DT_REG &&
            snprintf(below, sizeof below, "%s/%s", path, entry->d_name) < (int)sizeof below)
            add_folder(fd, below, depth + 1);
    closedir(folder);
}

static void add_all(int fd, const char *platform)
{
    static const char *const parts[] = {"lua", "apps"};
    char path[PATH_MAX];

    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        if (snprintf(path, sizeof path, "%s/%s", platform, parts[i]) < (int)sizeof path)
            add_folder(fd, path, 0);
}

int watch_open(const char *platform, struct err *err)
{
    int fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);

    if (fd < 0)
        err_set(err, ERR_IO, "watching %s: %s", platform, strerror(errno));
    else
        add_all(fd, platform);
    return fd;
}

static bool is_loaded(const char *name)
{
    static const char *const kinds[] = {".lua", ".html", ".yaml"};
    const char *dot = strrchr(name, '.');

    for (size_t i = 0; name[0] != '.' && dot != NULL && i < sizeof kinds / sizeof *kinds; i++)
        if (strcmp(dot, kinds[i]) == 0)
            return true;
    return false;
}

bool watch_take(int fd, const char *platform)
{
    char bytes[16384] __attribute__((aligned(__alignof__(struct inotify_event))));
    bool changed = false, folders = false;
    ssize_t got;

    while ((got = read(fd, bytes, sizeof bytes)) > 0) {
        for (char *at = bytes; at < bytes + got;) {
            const struct inotify_event *event = (const struct inotify_event *)at;

            folders = folders || (event->mask & (IN_ISDIR | IN_Q_OVERFLOW)) != 0;
            changed = changed || (event->len > 0 && is_loaded(event->name));
            at += sizeof *event + event->len;
        }
    }
    if (folders)
        add_all(fd, platform);
    return changed || folders;
}
