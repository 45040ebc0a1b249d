// SPDX-License-Identifier: Apache-2.0
// A store in a folder of its own, which vanishes with it.
#pragma once

#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/frame.h"
#include "check.h"
#include "store/space.h"
#include "store/store.h"

struct scratch {
    char folder[512];
    struct store_options options;
    struct store *store;
    struct err err;
};

#define S(text) slice_text(text)

static inline void scratch_folder(struct scratch *scratch)
{
    const char *temporary = getenv("TMPDIR");

    *scratch = (struct scratch){.options = {.bytes_max = 1 << 30, .readers_max = 64,
                                            .memory_max = 10000, .clock = clock_system(),
                                            .random = random_system(), .reconnect_ms = 2000}};
    snprintf(scratch->folder, sizeof scratch->folder,
             "%s/store-test-with-a-path-that-is-longer-than-the-name-of-a-socket-may-be-on-this-"
             "system-namely-107-bytes-XXXXXX",
             temporary != NULL ? temporary : "/tmp");
    if (mkdtemp(scratch->folder) == NULL)
        abort();
    scratch->options.folder = scratch->folder;
}

static inline bool scratch_open(struct scratch *scratch)
{
    scratch->options.folder = scratch->folder;
    scratch->store = store_open(STORE_OWNER, &scratch->options, &scratch->err);
    return scratch->store != NULL;
}

static inline void scratch_start(struct scratch *scratch)
{
    scratch_folder(scratch);
    if (!scratch_open(scratch)) {
        printf("%s\n", scratch->err.text);
        abort();
    }
}

static inline void scratch_close(struct scratch *scratch)
{
    store_close(scratch->store);
    scratch->store = NULL;
}

static inline char *scratch_path(struct scratch *scratch, const char *name)
{
    static char path[800];

    snprintf(path, sizeof path, "%s/%s", scratch->folder, name);
    return path;
}

static inline void scratch_finish(struct scratch *scratch)
{
    DIR *folder = opendir(scratch->folder);
    struct dirent *entry;

    scratch_close(scratch);
    while (folder != NULL && (entry = readdir(folder)) != NULL) {
        if (entry->d_name[0] != '.')
            unlink(scratch_path(scratch, entry->d_name));
    }
    if (folder != NULL)
        closedir(folder);
    rmdir(scratch->folder);
}

static inline struct store_txn *begin_write(struct scratch *scratch)
{
    return store_begin(scratch->store, STORE_WRITE, &scratch->err);
}

static inline struct store_txn *begin_read(struct scratch *scratch)
{
    return store_begin(scratch->store, STORE_READ, &scratch->err);
}

// Commits and ends; the code of the outcome.
static inline enum err_code finish(struct scratch *scratch, struct store_txn *txn)
{
    scratch->err.code = ERR_NONE;
    store_commit_wait(txn, &scratch->err);
    store_end(txn);
    return scratch->err.code;
}

static inline enum err_code put_one(struct scratch *scratch, const char *key, const char *value)
{
    struct store_txn *txn = begin_write(scratch);

    CHECK_OK(store_put(txn, S(key), S(value), &scratch->err), &scratch->err);
    return finish(scratch, txn);
}

static inline enum err_code delete_one(struct scratch *scratch, const char *key)
{
    struct store_txn *txn = begin_write(scratch);

    CHECK_OK(store_delete(txn, S(key), &scratch->err), &scratch->err);
    return finish(scratch, txn);
}

// What a fresh snapshot holds: a copy, NULL when absent.
static inline bool holds(struct scratch *scratch, const char *key, const char *expected)
{
    struct store_txn *txn = begin_read(scratch);
    struct slice value;
    bool same = store_get(txn, S(key), &value, &scratch->err) &&
                (expected == NULL ? value.data == NULL
                                  : value.data != NULL && slice_is(value, expected));

    store_end(txn);
    return same;
}

static inline int64_t counter(struct scratch *scratch, const char *key)
{
    struct store_txn *txn = begin_read(scratch);
    int64_t number;

    CHECK_OK(store_counter(txn, S(key), &number, &scratch->err), &scratch->err);
    store_end(txn);
    return number;
}

// The keys (and values) of a range as "a=1 b=2 ".
static inline const char *walk_up_to(struct store_txn *txn, const char *from, const char *to,
                                     bool backwards, int max)
{
    static char text[8192];
    struct err err = {.code = ERR_NONE};
    struct slice key, value;
    struct store_range *range =
        store_range_open(txn, S(from), to != NULL ? S(to) : slice_of(NULL, 0), backwards, &err);
    size_t len = 0;

    text[0] = 0;
    while (range != NULL && max-- > 0 && store_range_next(range, &key, &value, &err))
        len += (size_t)snprintf(text + len, sizeof text - len, "%.*s=%.*s ", (int)key.len,
                                (const char *)key.data, (int)value.len, (const char *)value.data);
    CHECK_OK(range != NULL && err.code == ERR_NONE, &err);
    store_range_close(range);
    return text;
}

static inline const char *walk(struct store_txn *txn, const char *from, const char *to,
                               bool backwards)
{
    return walk_up_to(txn, from, to, backwards, 1000);
}

static inline bool same(const char *a, const char *b)
{
    if (strcmp(a, b) != 0)
        printf("  got: %s\n", a);
    return strcmp(a, b) == 0;
}
