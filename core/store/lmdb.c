// SPDX-License-Identifier: Apache-2.0
// The engine over LMDB: default sync, no WRITEMAP, so that an acknowledged commit is on
// the disk and a full disk is an error and not a signal.
#include "store/engine.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <lmdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/mem.h"

enum { IDLE_MAX = 8 };
static const size_t MAP_SIZE = (size_t)1 << 40; // address space, not disk

struct lmdb_cursor {
    struct engine_cursor base;
    MDB_cursor *cursor;
    struct lmdb_cursor *next_idle;
};

struct lmdb_view {
    struct engine_view base;
    MDB_txn *txn;
    MDB_cursor *writer; // writing views only; LMDB frees it with the transaction
    struct lmdb_view *next_idle;
};

struct lmdb {
    struct engine base;
    MDB_env *env;
    MDB_dbi dbi;
    int sync_fd;  // sees an error of write-back that LMDB's own descriptor has already consumed
    bool stopped; // a sync has failed: what the disk holds is not known any more
    struct lmdb_view *idle; // snapshots that were reset: to renew one costs no lock
    unsigned idle_count;
    struct lmdb_cursor *idle_cursors;
    unsigned idle_cursor_count;
};

static enum err_code code_of(int rc)
{
    switch (rc) {
    case ENOSPC:
    case EFBIG:
    case EDQUOT:
    case MDB_MAP_FULL:
        return ERR_FULL;
    case MDB_TXN_FULL:
        return ERR_LIMIT;
    case MDB_CORRUPTED:
    case MDB_PAGE_NOTFOUND:
    case MDB_INVALID:
    case MDB_VERSION_MISMATCH:
        return ERR_CORRUPT;
    case MDB_READERS_FULL:
        return ERR_BUSY;
    default:
        return ERR_IO;
    }
}

static bool fail(struct err *err, const char *what, int rc)
{
    return err_set(err, code_of(rc), "store: %s: %s", what, mdb_strerror(rc));
}

static MDB_val val_of(struct slice slice)
{
    return (MDB_val){slice.len, (void *)slice.data};
}

static struct slice slice_of_val(MDB_val val)
{
    return slice_of(val.mv_data, val.mv_size);
}

static void lmdb_close(struct engine *engine)
{
    struct lmdb *lmdb = (struct lmdb *)engine;

    while (lmdb->idle_cursors != NULL) {
        struct lmdb_cursor *cursor = lmdb->idle_cursors;

        lmdb->idle_cursors = cursor->next_idle;
        mdb_cursor_close(cursor->cursor);
        free(cursor);
    }
    while (lmdb->idle != NULL) {
        struct lmdb_view *view = lmdb->idle;

        lmdb->idle = view->next_idle;
        mdb_txn_abort(view->txn);
        free(view);
    }
    if (lmdb->env != NULL)
        mdb_env_close(lmdb->env);
    if (lmdb->sync_fd >= 0)
        close(lmdb->sync_fd);
    free(lmdb);
}

// Views ------------------------------------------------------------------------------

static int renew_idle(struct lmdb *lmdb, struct lmdb_view **view)
{
    int rc;

    *view = lmdb->idle;
    lmdb->idle = (*view)->next_idle;
    lmdb->idle_count--;
    rc = mdb_txn_renew((*view)->txn);
    if (rc != 0) {
        mdb_txn_abort((*view)->txn);
        free(*view);
        *view = NULL;
    }
    return rc;
}

static int begin_new(struct lmdb *lmdb, bool writing, struct lmdb_view **result)
{
    struct lmdb_view *view = mem_zero(sizeof *view);
    unsigned flags = writing ? 0 : MDB_RDONLY;
    int rc, dead;

    view->base.engine = &lmdb->base;
    rc = mdb_txn_begin(lmdb->env, NULL, flags, &view->txn);
    if (rc == MDB_READERS_FULL && mdb_reader_check(lmdb->env, &dead) == 0)
        rc = mdb_txn_begin(lmdb->env, NULL, flags, &view->txn);
    if (rc == 0 && writing) {
        rc = mdb_cursor_open(view->txn, lmdb->dbi, &view->writer);
        if (rc != 0)
            mdb_txn_abort(view->txn);
    }
    if (rc != 0) {
        free(view);
        view = NULL;
    }
    *result = view;
    return rc;
}

static struct engine_view *lmdb_begin(struct engine *engine, bool writing, struct err *err)
{
    struct lmdb *lmdb = (struct lmdb *)engine;
    struct lmdb_view *view;
    int rc;

    if (writing && lmdb->stopped) {
        err_set(err, ERR_IO, "store: after a failed sync nothing is written any more");
        return NULL;
    }
    if (!writing && lmdb->idle != NULL)
        rc = renew_idle(lmdb, &view);
    else
        rc = begin_new(lmdb, writing, &view);
    if (rc != 0)
        fail(err, writing ? "begin to write" : "begin to read", rc);
    return view != NULL ? &view->base : NULL;
}

static void lmdb_end(struct engine_view *base)
{
    struct lmdb_view *view = (struct lmdb_view *)base;
    struct lmdb *lmdb = (struct lmdb *)base->engine;

    if (view->writer == NULL && lmdb->idle_count < IDLE_MAX) {
        mdb_txn_reset(view->txn);
        view->next_idle = lmdb->idle;
        lmdb->idle = view;
        lmdb->idle_count++;
    } else {
        mdb_txn_abort(view->txn);
        free(view);
    }
}

static bool disk_is_full(int fd)
{
    struct statvfs disk;
    struct rlimit limit;
    struct stat file;
    const uint64_t margin = 8u << 20; // more than LMDB writes at once

    if (fstatvfs(fd, &disk) == 0 && (uint64_t)disk.f_bavail * disk.f_frsize < margin)
        return true;
    return getrlimit(RLIMIT_FSIZE, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY &&
           fstat(fd, &file) == 0 && (uint64_t)file.st_size + margin > limit.rlim_cur;
}

// A failed write of pages harms nothing: no meta page names them. A failed sync may have
// lost pages that a later sync would call written, so it means: stop. Both can come as the
// same number; a descriptor that has not yet been told of the write-back's failure tells
// them apart. LMDB calls a short write EIO: that is a full disk, if the disk is full.
static bool commit_failed(struct lmdb *lmdb, int rc, struct err *err)
{
    if (rc > 0 && fdatasync(lmdb->sync_fd) != 0) {
        lmdb->stopped = true;
        return err_set(err, ERR_IO, "store: sync: %s", strerror(errno));
    }
    if (rc == EIO && disk_is_full(lmdb->sync_fd))
        rc = ENOSPC;
    lmdb->stopped = code_of(rc) == ERR_IO;
    return fail(err, "commit", rc);
}

static bool lmdb_commit(struct engine_view *base, struct err *err)
{
    struct lmdb_view *view = (struct lmdb_view *)base;
    struct lmdb *lmdb = (struct lmdb *)base->engine;
    int rc = mdb_txn_commit(view->txn);

    free(view);
    return rc == 0 || commit_failed(lmdb, rc, err);
}

static uint64_t lmdb_number(const struct engine_view *base)
{
    return mdb_txn_id(((const struct lmdb_view *)base)->txn);
}

static uint64_t stat_bytes(const MDB_stat *stat)
{
    return (stat->ms_branch_pages + stat->ms_leaf_pages + stat->ms_overflow_pages) *
           (uint64_t)stat->ms_psize;
}

static uint64_t lmdb_bytes(const struct engine_view *base)
{
    const struct lmdb_view *view = (const struct lmdb_view *)base;
    const struct lmdb *lmdb = (const struct lmdb *)base->engine;
    MDB_stat stat = {0};

    mdb_stat(view->txn, lmdb->dbi, &stat);
    return stat_bytes(&stat);
}

// Keys and values --------------------------------------------------------------------

static bool lmdb_get(struct engine_view *base, struct slice key, struct slice *value,
                     struct err *err)
{
    struct lmdb_view *view = (struct lmdb_view *)base;
    MDB_val name = val_of(key), found = {0, NULL};
    int rc = mdb_get(view->txn, ((struct lmdb *)base->engine)->dbi, &name, &found);

    *value = slice_of_val(found);
    if (rc == MDB_NOTFOUND)
        *value = slice_of(NULL, 0);
    return rc == 0 || rc == MDB_NOTFOUND || fail(err, "get", rc);
}

static bool lmdb_put(struct engine_view *base, struct slice key, struct slice head,
                     struct slice body, struct err *err)
{
    struct lmdb_view *view = (struct lmdb_view *)base;
    MDB_val name = val_of(key), room = {head.len + body.len, NULL};
    int rc = mdb_cursor_put(view->writer, &name, &room, MDB_RESERVE);

    if (rc != 0)
        return fail(err, "put", rc);
    memcpy(room.mv_data, head.data, head.len);
    if (body.len > 0)
        memcpy((uint8_t *)room.mv_data + head.len, body.data, body.len);
    return true;
}

static bool lmdb_remove(struct engine_view *base, struct slice key, bool *existed,
                        struct err *err)
{
    struct lmdb_view *view = (struct lmdb_view *)base;
    MDB_val name = val_of(key), found;
    int rc = mdb_cursor_get(view->writer, &name, &found, MDB_SET);

    *existed = rc == 0;
    if (rc == 0)
        rc = mdb_cursor_del(view->writer, 0);
    return rc == 0 || rc == MDB_NOTFOUND || fail(err, "delete", rc);
}

// Cursors ----------------------------------------------------------------------------

static int cursor_renewed(struct lmdb_view *view, struct lmdb_cursor **result)
{
    struct lmdb *lmdb = (struct lmdb *)view->base.engine;
    struct lmdb_cursor *cursor = lmdb->idle_cursors;

    if (view->writer != NULL || cursor == NULL) {
        *result = mem_zero(sizeof **result);
        return mdb_cursor_open(view->txn, lmdb->dbi, &(*result)->cursor);
    }
    lmdb->idle_cursors = cursor->next_idle;
    lmdb->idle_cursor_count--;
    *result = cursor;
    return mdb_cursor_renew(view->txn, cursor->cursor);
}

static struct engine_cursor *lmdb_cursor_open(struct engine_view *base, struct err *err)
{
    struct lmdb_cursor *cursor;
    int rc = cursor_renewed((struct lmdb_view *)base, &cursor);

    if (rc != 0) {
        if (cursor->cursor != NULL)
            mdb_cursor_close(cursor->cursor);
        free(cursor);
        fail(err, "open a cursor", rc);
        return NULL;
    }
    cursor->base.view = base;
    return &cursor->base;
}

static void lmdb_cursor_close(struct engine_cursor *base)
{
    struct lmdb_cursor *cursor = (struct lmdb_cursor *)base;
    struct lmdb_view *view = (struct lmdb_view *)base->view;
    struct lmdb *lmdb = (struct lmdb *)view->base.engine;

    if (view->writer == NULL && lmdb->idle_cursor_count < IDLE_MAX) {
        cursor->next_idle = lmdb->idle_cursors;
        lmdb->idle_cursors = cursor;
        lmdb->idle_cursor_count++;
    } else {
        mdb_cursor_close(cursor->cursor);
        free(cursor);
    }
}

static bool move(struct engine_cursor *base, MDB_val at, MDB_cursor_op op, struct slice *key,
                 struct slice *value, struct err *err)
{
    MDB_val found = {0, NULL};
    int rc = mdb_cursor_get(((struct lmdb_cursor *)base)->cursor, &at, &found, op);

    *key = rc == 0 ? slice_of_val(at) : slice_of(NULL, 0);
    *value = rc == 0 ? slice_of_val(found) : slice_of(NULL, 0);
    return rc == 0 || rc == MDB_NOTFOUND || fail(err, "walk", rc);
}

static bool lmdb_seek(struct engine_cursor *base, struct slice bound, bool backwards,
                      struct slice *key, struct slice *value, struct err *err)
{
    MDB_val none = {0, NULL};

    if (bound.len == 0 && bound.data != NULL && backwards) {
        *key = *value = slice_of(NULL, 0); // nothing is before the empty key
        return true;
    }
    if (bound.len == 0)
        return move(base, none, backwards ? MDB_LAST : MDB_FIRST, key, value, err);
    if (!move(base, val_of(bound), MDB_SET_RANGE, key, value, err))
        return false;
    return !backwards ||
           move(base, none, key->data != NULL ? MDB_PREV : MDB_LAST, key, value, err);
}

static bool lmdb_step(struct engine_cursor *base, bool backwards, struct slice *key,
                      struct slice *value, struct err *err)
{
    return move(base, (MDB_val){0, NULL}, backwards ? MDB_PREV : MDB_NEXT, key, value, err);
}

// The whole --------------------------------------------------------------------------

// LMDB tells of its readers as lines of text: process, thread, snapshot ("-" when idle).
static int note_reader(const char *line, void *context)
{
    uint64_t *oldest = context, number;

    if (sscanf(line, "%*d %*x %" SCNu64, &number) == 1 && number < *oldest)
        *oldest = number;
    return 0;
}

static void lmdb_measure(struct engine *engine, struct engine_measure *measure)
{
    struct lmdb *lmdb = (struct lmdb *)engine;
    MDB_stat stat = {0};
    MDB_envinfo info = {0};

    mdb_env_stat(lmdb->env, &stat);
    mdb_env_info(lmdb->env, &info);
    *measure = (struct engine_measure){info.me_last_txnid, info.me_last_txnid, stat_bytes(&stat),
                                       stat.ms_entries};
    mdb_reader_list(lmdb->env, note_reader, &measure->oldest);
}

static void lmdb_clear_readers(struct engine *engine)
{
    int dead;

    mdb_reader_check(((struct lmdb *)engine)->env, &dead);
}

static int open_table(struct lmdb *lmdb)
{
    MDB_txn *txn;
    int rc = mdb_txn_begin(lmdb->env, NULL, MDB_RDONLY, &txn);

    if (rc != 0)
        return rc;
    rc = mdb_dbi_open(txn, NULL, 0, &lmdb->dbi);
    mdb_txn_abort(txn); // the unnamed table's handle outlives it
    return rc;
}

// The folder's entry for a new file must be on the disk as well.
static bool sync_folder(const char *folder, struct err *err)
{
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool done = fd >= 0 && fsync(fd) == 0;

    if (!done)
        err_set(err, ERR_IO, "sync %s: %s", folder, strerror(errno));
    if (fd >= 0)
        close(fd);
    return done;
}

static int open_sync_fd(struct lmdb *lmdb, const char *folder)
{
    char path[4096];

    snprintf(path, sizeof path, "%s/data.mdb", folder);
    lmdb->sync_fd = open(path, O_RDWR | O_CLOEXEC);
    return lmdb->sync_fd >= 0 ? 0 : errno;
}

struct engine *lmdb_open(const char *folder, bool owner, unsigned readers_max, struct err *err)
{
    static const struct engine_calls calls = {
        .close = lmdb_close, .begin = lmdb_begin, .end = lmdb_end, .commit = lmdb_commit,
        .number = lmdb_number, .bytes = lmdb_bytes, .get = lmdb_get, .put = lmdb_put,
        .remove = lmdb_remove, .cursor_open = lmdb_cursor_open,
        .cursor_close = lmdb_cursor_close, .seek = lmdb_seek, .step = lmdb_step,
        .measure = lmdb_measure, .clear_readers = lmdb_clear_readers,
    };
    struct lmdb *lmdb = mem_zero(sizeof *lmdb);
    unsigned flags = MDB_NOTLS | (owner ? 0 : MDB_RDONLY);
    int rc;

    lmdb->base.calls = &calls;
    lmdb->sync_fd = -1;
    if ((rc = mdb_env_create(&lmdb->env)) != 0 ||
        (rc = mdb_env_set_mapsize(lmdb->env, MAP_SIZE)) != 0 ||
        (rc = mdb_env_set_maxreaders(lmdb->env, readers_max)) != 0 ||
        (rc = mdb_env_open(lmdb->env, folder, flags, 0600)) != 0 ||
        (rc = open_table(lmdb)) != 0 ||
        (owner && (rc = open_sync_fd(lmdb, folder)) != 0)) {
        err_set(err, code_of(rc), "open the store in %s: %s", folder, mdb_strerror(rc));
        lmdb_close(&lmdb->base);
        return NULL;
    }
    if (owner && !sync_folder(folder, err)) {
        lmdb_close(&lmdb->base);
        return NULL;
    }
    return &lmdb->base;
}
