// SPDX-License-Identifier: Apache-2.0
// The data file is looked at before it is mapped: a map that reaches beyond the end of
// its file kills the process at the first touch.
//
// The file may rightly be shorter than the meta page says: LMDB does not write pages that
// were taken at the end and freed again in the same transaction. Such pages are listed as
// free, so a missing page is forgiven when the list of free pages names it. Layout: MDB_meta,
// MDB_page and MDB_node of LMDB 0.9.
#include "store/engine.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"

enum {
    PAGE_HEAD = 16, NODE_HEAD = 8, META_SIZE = 136,
    PAGE_LEAF = 0x02, PAGE_OVERFLOW = 0x04, PAGE_META = 0x08, NODE_BIG = 0x01,
    PAGE_SIZE_MIN = 512, PAGE_SIZE_MAX = 65536, DEPTH_MAX = 32,
};
static const uint32_t MAGIC = 0xBEEFC0DE;

struct file {
    int fd;
    uint64_t size, psize, pages; // pages: whole ones that the file has
    uint64_t last, number, free_root;
    uint64_t free_beyond; // free pages that the file does not have
};

static uint16_t u16_at(const uint8_t *at)
{
    uint16_t number;

    memcpy(&number, at, sizeof number);
    return number;
}

static uint32_t u32_at(const uint8_t *at)
{
    uint32_t number;

    memcpy(&number, at, sizeof number);
    return number;
}

static uint64_t u64_at(const uint8_t *at)
{
    uint64_t number;

    memcpy(&number, at, sizeof number);
    return number;
}

static bool broken(struct err *err, const char *what)
{
    return err_set(err, ERR_CORRUPT, "the store's data file %s: restore it from a backup", what);
}

static bool read_at(const struct file *file, void *bytes, size_t len, uint64_t at, struct err *err)
{
    ssize_t got = pread(file->fd, bytes, len, (off_t)at);

    if (got < 0)
        return err_set(err, ERR_IO, "read the store's data file: %s", strerror(errno));
    return (size_t)got == len || broken(err, "is cut short");
}

// Takes the newer of the two meta pages, as LMDB does.
static bool read_meta(struct file *file, uint64_t at, struct err *err)
{
    uint8_t bytes[PAGE_HEAD + META_SIZE];
    const uint8_t *meta = bytes + PAGE_HEAD;

    if (!read_at(file, bytes, sizeof bytes, at, err))
        return false;
    if ((u16_at(bytes + 10) & PAGE_META) == 0 || u32_at(meta) != MAGIC || u32_at(meta + 4) != 1)
        return broken(err, "is no store, or its first pages are damaged");
    if (at == 0 || u64_at(meta + 128) > file->number) {
        file->number = u64_at(meta + 128);
        file->last = u64_at(meta + 120);
        file->free_root = u64_at(meta + 64);
        file->psize = u32_at(meta + 24);
    }
    if (file->psize < PAGE_SIZE_MIN || file->psize > PAGE_SIZE_MAX ||
        (file->psize & (file->psize - 1)) != 0)
        return broken(err, "has a damaged first page");
    return true;
}

static bool read_page(const struct file *file, uint64_t number, uint8_t *page, struct err *err)
{
    if (number >= file->pages)
        return broken(err, "is cut short");
    return read_at(file, page, file->psize, number * file->psize, err) &&
           (u64_at(page) == number || broken(err, "has a damaged page"));
}

// A list of page numbers, preceded by their count.
static bool count_list(struct file *file, const uint8_t *list, uint64_t room, struct err *err)
{
    uint64_t count = room >= 8 ? u64_at(list) : 0;

    if (count > room / 8 - (room >= 8))
        return broken(err, "has a damaged list of free pages");
    for (uint64_t i = 1; i <= count; i++) {
        uint64_t number = u64_at(list + 8 * i);

        file->free_beyond += number >= file->pages && number <= file->last;
    }
    return true;
}

static bool count_big(struct file *file, uint64_t number, uint64_t len, struct err *err)
{
    uint8_t *bytes;
    bool done;

    if (number >= file->pages || len > (file->pages - number) * file->psize - PAGE_HEAD)
        return broken(err, "is cut short");
    bytes = mem_zero(PAGE_HEAD + len);
    done = read_at(file, bytes, PAGE_HEAD + len, number * file->psize, err) &&
           ((u16_at(bytes + 10) & PAGE_OVERFLOW) != 0 || broken(err, "has a damaged page")) &&
           count_list(file, bytes + PAGE_HEAD, len, err);
    free(bytes);
    return done;
}

static bool count_leaf(struct file *file, const uint8_t *node, uint64_t room, struct err *err)
{
    uint64_t len = u32_at(node), keylen = u16_at(node + 6);
    const uint8_t *data = node + NODE_HEAD + keylen;
    bool big = (u16_at(node + 4) & NODE_BIG) != 0;

    if (NODE_HEAD + keylen + (big ? 8 : len) > room)
        return broken(err, "has a damaged list of free pages");
    return big ? count_big(file, u64_at(data), len, err) : count_list(file, data, len, err);
}

static bool count_free(struct file *file, uint64_t number, unsigned depth, struct err *err)
{
    uint8_t *page = mem_zero(file->psize);
    bool done = depth < DEPTH_MAX ? read_page(file, number, page, err)
                                  : broken(err, "has a damaged list of free pages");
    bool leaf = done && (u16_at(page + 10) & PAGE_LEAF) != 0;
    uint64_t lower = done ? u16_at(page + 12) : 0;

    if (done && (lower < PAGE_HEAD || lower > file->psize))
        done = broken(err, "has a damaged page");
    for (uint64_t at = PAGE_HEAD; done && at < lower; at += 2) {
        uint64_t offset = u16_at(page + at);
        const uint8_t *node = page + offset;

        if (offset < PAGE_HEAD || offset + NODE_HEAD > file->psize)
            done = broken(err, "has a damaged page");
        else if (leaf)
            done = count_leaf(file, node, file->psize - offset, err);
        else
            done = count_free(file, u32_at(node) | (uint64_t)u16_at(node + 4) << 32, depth + 1,
                              err);
    }
    free(page);
    return done;
}

static bool check_size(struct file *file, struct err *err)
{
    file->pages = file->size / file->psize;
    if (file->last < file->pages)
        return true;
    if (file->free_root != UINT64_MAX && !count_free(file, file->free_root, 0, err))
        return false;
    return file->free_beyond == file->last + 1 - file->pages || broken(err, "is cut short");
}

bool lmdb_check_file(const char *folder, bool *present, struct err *err)
{
    char path[4096];
    struct stat status;
    struct file file = {0};
    bool done;

    snprintf(path, sizeof path, "%s/data.mdb", folder);
    file.fd = open(path, O_RDONLY | O_CLOEXEC);
    *present = file.fd >= 0;
    if (file.fd < 0)
        return errno == ENOENT || err_set(err, ERR_IO, "open %s: %s", path, strerror(errno));
    done = read_meta(&file, 0, err) && read_meta(&file, file.psize, err);
    if (done && fstat(file.fd, &status) != 0) // after the meta pages: the file only grows
        done = err_set(err, ERR_IO, "%s: %s", path, strerror(errno));
    if (done) {
        file.size = (uint64_t)status.st_size;
        done = check_size(&file, err);
    }
    close(file.fd);
    return done;
}
