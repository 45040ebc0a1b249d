// SPDX-License-Identifier: Apache-2.0
// The master key: 32 random bytes in a file of one line, "shuyuan-key-1 BASE64URL", so that
// it can be copied to a safe place by hand.
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "crypto/primitive.h"

static const char head[] = "shuyuan-key-1 ";
enum { HEAD_LEN = sizeof head - 1, KEY_TEXT_LEN = 43, FILE_LEN = HEAD_LEN + KEY_TEXT_LEN + 1 };

struct keyring {
    uint8_t master[SECRET_LEN];
};

static bool write_all(int fd, const char *bytes, size_t len)
{
    while (len > 0) {
        ssize_t put = write(fd, bytes, len);

        if (put < 0 && errno != EINTR)
            return false;
        if (put > 0) {
            bytes += put;
            len -= (size_t)put;
        }
    }
    return true;
}

// A new name in a folder is durable only when the folder itself has been synced.
static bool sync_folder(const char *path)
{
    const char *slash = strrchr(path, '/');
    char *folder = mem_text(slash == NULL ? "." : slash == path ? "/" : path);
    int fd;
    bool good;

    if (slash != NULL && slash != path)
        folder[slash - path] = 0;
    fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    good = fd >= 0 && fsync(fd) == 0;
    if (fd >= 0)
        close(fd);
    free(folder);
    return good;
}

// The file appears whole or not at all; when two processes make it, the first one wins.
static bool make_file(const char *path, struct random *random, struct err *err)
{
    struct arena arena = ARENA_EMPTY;
    char *draft = arena_format(&arena, "%s.%ld", path, (long)getpid());
    uint8_t master[SECRET_LEN];
    char *text, line[FILE_LEN + 1];
    int fd;
    bool done;

    random_fill(random, master, sizeof master);
    text = base64url(&arena, slice_of(master, sizeof master));
    snprintf(line, sizeof line, "%s%s\n", head, text);
    fd = open(draft, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
    done = fd >= 0 && write_all(fd, line, FILE_LEN) && fsync(fd) == 0 &&
           (link(draft, path) == 0 || errno == EEXIST) && sync_folder(path);
    if (!done)
        err_set(err, ERR_IO, "make the key file %s: %s", path, strerror(errno));
    if (fd >= 0) {
        close(fd);
        unlink(draft);
    }
    secret_wipe(master, sizeof master);
    secret_wipe(line, sizeof line);
    secret_wipe(text, KEY_TEXT_LEN);
    arena_finish(&arena);
    return done;
}

static bool is_private(int fd, const char *path, struct err *err)
{
    struct stat info;

    if (fstat(fd, &info) != 0)
        return err_set(err, ERR_IO, "look at the key file %s: %s", path, strerror(errno));
    if (!S_ISREG(info.st_mode))
        return err_set(err, ERR_DENIED, "the key file %s is not a plain file", path);
    if ((info.st_mode & 077) != 0)
        return err_set(err, ERR_DENIED,
                       "the key file %s may be used by others (mode %03o): chmod 600 it", path,
                       (unsigned)(info.st_mode & 0777));
    if (info.st_uid != geteuid() && info.st_uid != 0)
        return err_set(err, ERR_DENIED, "the key file %s belongs to another user", path);
    return true;
}

static bool parse(const char *line, size_t len, struct keyring *keyring)
{
    struct arena arena = ARENA_EMPTY;
    struct slice master = {NULL, 0};
    bool good = len == FILE_LEN && memcmp(line, head, HEAD_LEN) == 0 && line[len - 1] == '\n' &&
                base64url_decode(&arena, slice_of(line + HEAD_LEN, KEY_TEXT_LEN), &master) &&
                master.len == SECRET_LEN;

    if (good) {
        memcpy(keyring->master, master.data, SECRET_LEN);
        secret_wipe((void *)master.data, master.len);
    }
    arena_finish(&arena);
    return good;
}

static bool load(int fd, const char *path, struct keyring *keyring, struct err *err)
{
    char line[FILE_LEN + 1];
    ssize_t len;
    bool good;

    if (!is_private(fd, path, err))
        return false;
    if ((len = read(fd, line, sizeof line)) < 0)
        return err_set(err, ERR_IO, "read the key file %s: %s", path, strerror(errno));
    good = parse(line, (size_t)len, keyring);
    secret_wipe(line, sizeof line);
    return good || err_set(err, ERR_CORRUPT, "the key file %s does not hold a key", path);
}

struct keyring *keyring_open(const char *path, struct random *random, struct err *err)
{
    struct keyring *keyring = mem_zero(sizeof *keyring);
    int fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    bool done = false;

    if (fd < 0 && errno == ENOENT) {
        if (!make_file(path, random, err))
            goto out;
        fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    }
    if (fd < 0) {
        err_set(err, ERR_IO, "open the key file %s: %s", path, strerror(errno));
        goto out;
    }
    done = load(fd, path, keyring, err);
out:
    if (fd >= 0)
        close(fd);
    if (!done) {
        keyring_close(keyring);
        keyring = NULL;
    }
    return keyring;
}

void keyring_close(struct keyring *keyring)
{
    if (keyring == NULL)
        return;
    secret_wipe(keyring, sizeof *keyring);
    free(keyring);
}

void keyring_derive(struct keyring *keyring, const char *purpose, uint8_t key[SECRET_LEN])
{
    hkdf_sha256(slice_of(keyring->master, SECRET_LEN), slice_text("shuyuan"), slice_text(purpose),
                key, SECRET_LEN);
}
