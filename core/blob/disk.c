// SPDX-License-Identifier: Apache-2.0
#include "blob/disk.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buffer.h"
#include "blob/kind.h"
#include "blob/picture.h"

enum { NAME_ROOM = 2 * DIGEST_LEN + 2, CLEAN_ROOM = ID_TEXT_LEN + 3 };

static bool io_failed(struct err *err, const char *what)
{
    return err_set(err, errno == ENOSPC || errno == EDQUOT ? ERR_FULL : ERR_IO, "%s: %s", what,
                   strerror(errno));
}

// Folders -------------------------------------------------------------------------------

static bool make_folder(int at, const char *name, struct err *err)
{
    return mkdirat(at, name, 0700) == 0 || errno == EEXIST || io_failed(err, name);
}

static bool make_all(int data, struct err *err)
{
    char name[16];

    if (!make_folder(data, "uploads", err) || !make_folder(data, "blobs", err))
        return false;
    for (unsigned i = 0; i < 256; i++) {
        snprintf(name, sizeof name, "blobs/%02x", i);
        if (!make_folder(data, name, err))
            return false;
    }
    return true;
}

bool blob_prepare(const char *data, struct err *err)
{
    int folder = open(data, O_PATH | O_DIRECTORY | O_CLOEXEC);
    bool done = folder >= 0 ? make_all(folder, err) : io_failed(err, data);

    if (folder >= 0)
        close(folder);
    return done;
}

static int open_folder(const char *data, const char *name)
{
    char path[PATH_MAX];

    snprintf(path, sizeof path, "%s/%s", data, name);
    return open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

bool blob_open(struct blob_disk *disk, const char *data, struct err *err)
{
    disk->uploads = open_folder(data, "uploads");
    disk->blobs = open_folder(data, "blobs");
    return (disk->uploads >= 0 && disk->blobs >= 0) || io_failed(err, "folders of files");
}

void blob_close(struct blob_disk *disk)
{
    if (disk->uploads > 0)
        close(disk->uploads);
    if (disk->blobs > 0)
        close(disk->blobs);
    *disk = (struct blob_disk){0, 0};
}

// Names ---------------------------------------------------------------------------------

// "ab/cdef…": two digits of the folder, 62 of the file.
static const char *place_of(const uint8_t digest[DIGEST_LEN], char name[NAME_ROOM])
{
    static const char digits[] = "0123456789abcdef";
    char *at = name;

    for (size_t i = 0; i < DIGEST_LEN; i++) {
        *at++ = digits[digest[i] >> 4];
        *at++ = digits[digest[i] & 15];
        if (i == 0)
            *at++ = '/';
    }
    *at = 0;
    return name;
}

// What was taken out of a picture leaves this beside the upload.
static const char *clean_name(const struct id *id, char name[CLEAN_ROOM])
{
    id_to_text(id, name);
    memcpy(name + ID_TEXT_LEN, ".c", 3);
    return name;
}

// Uploads -------------------------------------------------------------------------------

// A run that was ended after it had linked the upload into place left content that nobody may
// write any more: the upload goes on in a copy.
static bool unshare(const struct blob_disk *disk, const struct id *id, struct err *err)
{
    char name[ID_TEXT_LEN + 1], copy_name[CLEAN_ROOM];
    int from, to;
    ssize_t copied = 1;
    bool done;

    id_to_text(id, name);
    unlinkat(disk->uploads, clean_name(id, copy_name), 0);
    from = openat(disk->uploads, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    to = openat(disk->uploads, copy_name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    while (from >= 0 && to >= 0 && copied > 0)
        copied = copy_file_range(from, NULL, to, NULL, 1 << 30, 0);
    done = copied == 0 && fdatasync(to) == 0 &&
           renameat(disk->uploads, copy_name, disk->uploads, name) == 0;
    if (!done)
        io_failed(err, "go on with an upload");
    if (from >= 0)
        close(from);
    if (to >= 0)
        close(to);
    return done;
}

static bool is_shared(int fd)
{
    struct stat status;

    return fstat(fd, &status) == 0 && (status.st_nlink > 1 || (status.st_mode & 0200) == 0);
}

// One file for all locks, a byte of it for each upload: it stays when an upload is replaced.
int blob_lock(const struct blob_disk *disk, const struct id *id, struct err *err)
{
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_len = 1};
    uint64_t at = 0;
    int fd = openat(disk->uploads, "lock", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);

    for (size_t i = ID_LEN - 7; i < ID_LEN; i++)
        at = at << 8 | id->bytes[i];
    lock.l_start = (off_t)at;
    if (fd < 0) {
        io_failed(err, "lock an upload");
    } else if (fcntl(fd, F_OFD_SETLK, &lock) != 0) {
        err_set(err, ERR_BUSY, "the upload is being written");
        close(fd);
        fd = -1;
    }
    return fd;
}

static int open_upload(const struct blob_disk *disk, const struct id *id, struct err *err)
{
    const int flags = O_CREAT | O_CLOEXEC | O_NOFOLLOW;
    char name[ID_TEXT_LEN + 1];
    int fd;

    id_to_text(id, name);
    fd = openat(disk->uploads, name, O_RDONLY | flags, 0600);
    if (fd >= 0 && is_shared(fd) && !unshare(disk, id, err)) {
        close(fd);
        return -1;
    }
    if (fd >= 0)
        close(fd);
    fd = openat(disk->uploads, name, O_RDWR | flags, 0600);
    if (fd < 0)
        io_failed(err, "an upload");
    return fd;
}

static bool write_all(int fd, uint64_t offset, struct slice part, struct err *err)
{
    for (size_t done = 0; done < part.len;) {
        ssize_t wrote = pwrite(fd, part.data + done, part.len - done, (off_t)(offset + done));

        if (wrote < 0 && errno != EINTR)
            return io_failed(err, "write an upload");
        done += wrote > 0 ? (size_t)wrote : 0;
    }
    return fdatasync(fd) == 0 || io_failed(err, "sync an upload");
}

bool blob_write(const struct blob_disk *disk, const struct id *id, uint64_t offset,
                struct slice part, struct err *err)
{
    int fd = open_upload(disk, id, err);
    bool done = fd >= 0 && write_all(fd, offset, part, err);

    if (fd >= 0)
        close(fd);
    return done;
}

void blob_unlink_upload(const struct blob_disk *disk, const struct id *id)
{
    char name[CLEAN_ROOM];

    unlinkat(disk->uploads, clean_name(id, name), 0);
    name[ID_TEXT_LEN] = 0;
    unlinkat(disk->uploads, name, 0);
}

// Finishing -----------------------------------------------------------------------------

void blob_content_finish(struct blob_content *content)
{
    buffer_finish(&content->chunks);
}

// Reads until the room is full or the file ends.
static bool read_full(int fd, uint64_t offset, uint8_t *bytes, size_t room, size_t *len,
                      struct err *err)
{
    for (*len = 0; *len < room;) {
        ssize_t got = pread(fd, bytes + *len, room - *len, (off_t)(offset + *len));

        if (got < 0 && errno != EINTR)
            return io_failed(err, "read a file");
        if (got == 0)
            break;
        *len += got > 0 ? (size_t)got : 0;
    }
    return true;
}

static bool find_kind(int fd, uint64_t length, const char **kind, struct err *err)
{
    uint8_t head[KIND_HEAD];
    size_t len;

    if (!read_full(fd, 0, head, length < KIND_HEAD ? (size_t)length : KIND_HEAD, &len, err))
        return false;
    *kind = kind_of(slice_of(head, len))->name;
    return true;
}

// A file of its own, so that a killed run leaves the upload as it was.
static int clean_picture(const struct blob_disk *disk, const struct id *id, int fd,
                         const struct blob_content *content, struct err *err)
{
    char name[CLEAN_ROOM];
    FILE *from = fdopen(dup(fd), "r"), *to = NULL;
    bool done = false;
    int clean;

    unlinkat(disk->uploads, clean_name(id, name), 0); // of an earlier run
    clean = openat(disk->uploads, name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (clean >= 0)
        to = fdopen(dup(clean), "w");
    if (from == NULL || to == NULL || fseeko(from, 0, SEEK_SET) != 0) {
        io_failed(err, "clean a picture");
        goto out;
    }
    done = picture_clean(from, content->size, to, content->kind, err);
    if (done && (fflush(to) != 0 || fdatasync(clean) != 0))
        done = io_failed(err, "clean a picture");
out:
    if (from != NULL)
        fclose(from);
    if (to != NULL)
        fclose(to);
    if (!done && clean >= 0) {
        close(clean);
        clean = -1;
    }
    return clean;
}

static bool digest_all(int fd, struct blob_content *content, struct err *err)
{
    uint8_t *bytes = mem_zero(BLOB_CHUNK), one[DIGEST_LEN];
    struct digest *whole = digest_begin();
    uint64_t at = 0;
    bool done = true;

    while (done && at < content->size) {
        uint64_t left = content->size - at;
        size_t len, room = left < BLOB_CHUNK ? (size_t)left : BLOB_CHUNK;

        done = read_full(fd, at, bytes, room, &len, err) &&
               (len == room || err_set(err, ERR_CORRUPT, "an upload is shorter than it was"));
        if (!done)
            break;
        digest_add(whole, slice_of(bytes, len));
        digest_sha256(slice_of(bytes, len), one);
        buffer_bytes(&content->chunks, one, sizeof one);
        at += len;
    }
    digest_end(whole, content->digest);
    free(bytes);
    return done;
}

static bool sync_folder(const struct blob_disk *disk, const char *place, struct err *err)
{
    char folder[3] = {place[0], place[1], 0};
    int fd = openat(disk->blobs, folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool done = fd >= 0 && fsync(fd) == 0;

    if (!done)
        io_failed(err, "sync a folder of files");
    if (fd >= 0)
        close(fd);
    return done;
}

// A link and not a rename: should the commit have to run again, and the committer have
// removed the former content meanwhile, the upload is still there to be linked once more.
static bool link_content(const struct blob_disk *disk, const char *name,
                         const struct blob_content *content, struct err *err)
{
    char place[NAME_ROOM];

    place_of(content->digest, place);
    if (linkat(disk->uploads, name, disk->blobs, place, 0) != 0 && errno != EEXIST)
        return io_failed(err, "place a file");
    return sync_folder(disk, place, err);
}

bool blob_place(const struct blob_disk *disk, const struct id *id, uint64_t length,
                struct blob_content *content, struct err *err)
{
    char name[CLEAN_ROOM];
    struct stat status;
    int fd, clean = -1;
    bool done = false;

    *content = (struct blob_content){.size = length, .chunks = BUFFER_EMPTY};
    clean_name(id, name);
    name[ID_TEXT_LEN] = 0;
    fd = openat(disk->uploads, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0)
        return io_failed(err, "finish an upload");
    if (!find_kind(fd, length, &content->kind, err))
        goto out;
    if (picture_is_cleaned(content->kind)) {
        clean = clean_picture(disk, id, fd, content, err);
        if (clean < 0 || fstat(clean, &status) != 0)
            goto out;
        content->size = (uint64_t)status.st_size;
        clean_name(id, name);
    }
    fchmod(clean >= 0 ? clean : fd, 0400); // nobody writes it any more
    done = digest_all(clean >= 0 ? clean : fd, content, err) &&
           link_content(disk, name, content, err);
out:
    if (clean >= 0)
        close(clean);
    close(fd);
    if (!done)
        blob_content_finish(content);
    return done;
}

bool blob_is_placed(const struct blob_disk *disk, const uint8_t digest[DIGEST_LEN])
{
    char place[NAME_ROOM];

    return faccessat(disk->blobs, place_of(digest, place), F_OK, 0) == 0;
}

// Reading -------------------------------------------------------------------------------

bool blob_read(const struct blob_disk *disk, const uint8_t digest[DIGEST_LEN], uint64_t size,
               uint64_t chunk, const uint8_t wanted[DIGEST_LEN], uint8_t *bytes, size_t *len,
               struct err *err)
{
    uint64_t at = chunk * BLOB_CHUNK, left = size - at;
    size_t room = left < BLOB_CHUNK ? (size_t)left : BLOB_CHUNK;
    char place[NAME_ROOM];
    uint8_t found[DIGEST_LEN];
    int fd = openat(disk->blobs, place_of(digest, place), O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    bool done;

    if (fd < 0)
        return err_set(err, errno == ENOENT ? ERR_CORRUPT : ERR_IO, "content %s: %s", place,
                       strerror(errno));
    done = read_full(fd, at, bytes, room, len, err);
    close(fd);
    if (!done)
        return false;
    digest_sha256(slice_of(bytes, *len), found);
    return (*len == room && memcmp(found, wanted, DIGEST_LEN) == 0) ||
           err_set(err, ERR_CORRUPT, "content %s is not what was stored", place);
}

// The committer's -----------------------------------------------------------------------

bool blob_remove(const struct blob_disk *disk, const uint8_t digest[DIGEST_LEN], struct err *err)
{
    char place[NAME_ROOM];

    return unlinkat(disk->blobs, place_of(digest, place), 0) == 0 || errno == ENOENT ||
           io_failed(err, "remove a file");
}

static bool is_stale(int folder, const char *name, int64_t now_ms, int64_t grace_ms)
{
    struct stat status;

    // a link counts as a touch: ctime
    return fstatat(folder, name, &status, AT_SYMLINK_NOFOLLOW) == 0 &&
           S_ISREG(status.st_mode) &&
           now_ms - (int64_t)status.st_ctim.tv_sec * 1000 > grace_ms;
}

bool blob_walk(const struct blob_disk *disk, unsigned folder, int64_t now_ms, int64_t grace_ms,
               blob_stale *stale, void *context, struct err *err)
{
    char name[3], full[NAME_ROOM];
    DIR *dir;
    int fd;
    bool done = true;

    snprintf(name, sizeof name, "%02x", folder & 255);
    fd = folder < 256 ? openat(disk->blobs, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
                      : openat(disk->uploads, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    dir = fd >= 0 ? fdopendir(fd) : NULL;
    if (dir == NULL) {
        if (fd >= 0)
            close(fd);
        return io_failed(err, "walk through files");
    }
    for (struct dirent *entry; done && (entry = readdir(dir)) != NULL;) {
        if (!is_stale(fd, entry->d_name, now_ms, grace_ms))
            continue;
        snprintf(full, sizeof full, "%s%.63s", folder < 256 ? name : "", entry->d_name);
        done = stale(context, slice_text(full), err);
    }
    closedir(dir);
    return done;
}
