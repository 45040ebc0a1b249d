// SPDX-License-Identifier: Apache-2.0
// Landlock by its system calls: Debian 12 has no library for it.
#include "serve/serve.h"

#include <fcntl.h>
#include <limits.h>
#include <linux/landlock.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

enum {
    READ = LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR,
    WRITE = LANDLOCK_ACCESS_FS_WRITE_FILE,
    HANDLED = READ | WRITE | LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_REMOVE_DIR |
              LANDLOCK_ACCESS_FS_REMOVE_FILE | LANDLOCK_ACCESS_FS_MAKE_REG |
              LANDLOCK_ACCESS_FS_MAKE_DIR | LANDLOCK_ACCESS_FS_MAKE_SYM |
              LANDLOCK_ACCESS_FS_MAKE_SOCK | LANDLOCK_ACCESS_FS_MAKE_FIFO |
              LANDLOCK_ACCESS_FS_MAKE_BLOCK | LANDLOCK_ACCESS_FS_MAKE_CHAR |
              LANDLOCK_ACCESS_FS_REFER, // Linux 5.19: an older one confines nothing
    // A worker writes uploads; among the content it may only put further files (blob/disk.h).
    UPLOADS = READ | WRITE | LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_REMOVE_FILE |
              LANDLOCK_ACCESS_FS_REFER,
    BLOBS = READ | LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_REFER,
};

// A path that is absent needs no permission.
static void allow(int rules, const char *path, uint64_t access)
{
    struct landlock_path_beneath_attr rule = {.allowed_access = access};

    rule.parent_fd = open(path, O_PATH | O_CLOEXEC);
    if (rule.parent_fd < 0)
        return;
    syscall(SYS_landlock_add_rule, rules, LANDLOCK_RULE_PATH_BENEATH, &rule, 0);
    close(rule.parent_fd);
}

static void allow_data(int rules, const char *data, const char *name, uint64_t access)
{
    char path[PATH_MAX];

    snprintf(path, sizeof path, "%s/%s", data, name);
    allow(rules, path, access);
}

// A renewed certificate is a new file: what may be read is its folder.
static void allow_folder_of(int rules, const char *file)
{
    char path[PATH_MAX], *slash;

    snprintf(path, sizeof path, "%s", file);
    slash = strrchr(path, '/');
    if (slash != NULL)
        slash[slash == path] = 0;
    allow(rules, slash != NULL ? path : ".", READ);
}

static void allow_reload(int rules, const struct config *config, const char *config_path)
{
    const char *const files[] = {config_path, config->tls_certificate, config->tls_key};

    for (size_t i = 0; i < sizeof files / sizeof *files; i++)
        if (files[i] != NULL && files[i][0] != 0)
            allow_folder_of(rules, files[i]);
}

// -1: the kernel has no Landlock.
static int begin(const struct config *config, const char *config_path)
{
    struct landlock_ruleset_attr handled = {.handled_access_fs = HANDLED};
    int rules = (int)syscall(SYS_landlock_create_ruleset, &handled, sizeof handled, 0);

    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    if (rules < 0)
        return -1;
    allow(rules, config->platform, READ);
    allow(rules, "/usr", READ);
    allow(rules, "/lib", READ);
    allow(rules, "/etc", READ);
    allow(rules, "/proc", READ);
    allow(rules, "/dev", READ);
    allow_reload(rules, config, config_path);
    return rules;
}

static bool end(int rules)
{
    bool done = syscall(SYS_landlock_restrict_self, rules, 0) == 0;

    close(rules);
    return done;
}

bool confine(const struct config *config, const char *config_path, bool files)
{
    int rules = begin(config, config_path);

    if (rules < 0)
        return false;
    allow(rules, config->assets, READ);
    allow_data(rules, config->data, "", LANDLOCK_ACCESS_FS_READ_DIR);
    allow_data(rules, config->data, "data.mdb", LANDLOCK_ACCESS_FS_READ_FILE);
    allow_data(rules, config->data, "lock.mdb", LANDLOCK_ACCESS_FS_READ_FILE | WRITE);
    if (files) {
        allow_data(rules, config->data, "uploads", UPLOADS);
        allow_data(rules, config->data, "blobs", BLOBS);
    }
    allow_data(rules, config->data, "control", LANDLOCK_ACCESS_FS_READ_FILE | WRITE);
    allow_data(rules, config->data, "outbound", LANDLOCK_ACCESS_FS_READ_FILE | WRITE);
    return end(rules);
}

bool confine_outbound(const struct config *config, const char *config_path)
{
    int rules = begin(config, config_path);

    if (rules < 0)
        return false;
    allow_folder_of(rules, config->outbound.authorities);
    allow(rules, "/run/systemd/resolve", READ); // where /etc/resolv.conf may lead
    allow(rules, "/run/resolvconf", READ);
    return end(rules);
}
