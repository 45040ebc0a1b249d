// SPDX-License-Identifier: Apache-2.0
// Runs in the process that owns the store, between its groups: nothing is committed between
// the look at a count, the removal and the commit below. Removal comes first, the commit that
// forgets the content second: whoever found the content in its place meanwhile, in order to
// refer to it, has read its key, conflicts, and puts the content back.
#include "blob/inside.h"

enum { SOME = 64, WALK_MS = 30000 };

struct work {
    struct blob_sweep *sweep;
    struct store *store;
    struct store_txn *txn;
    int64_t now_ms;
    bool changed;
};

static bool forget_content(struct work *work, const uint8_t digest[DIGEST_LEN], struct err *err)
{
    struct file_key key;

    if (!blob_remove(&work->sweep->disk, digest, err) ||
        !store_delete(work->txn, file_key(&key, 'c', digest, DIGEST_LEN), err) ||
        !store_delete(work->txn, file_key(&key, 'r', digest, DIGEST_LEN), err))
        return false;
    work->sweep->removed++;
    work->changed = true;
    return true;
}

static bool drop_orphan(struct work *work, struct slice key, struct err *err)
{
    const uint8_t *digest = key.data + 2 + 8;
    struct file_key counter;
    int64_t files;

    if (key.len != 2 + 8 + DIGEST_LEN)
        return err_set(err, ERR_CORRUPT, "a key of files cannot be read");
    if (!store_counter(work->txn, file_key(&counter, 'r', digest, DIGEST_LEN), &files, err))
        return false;
    work->changed = true;
    return (files > 0 || forget_content(work, digest, err)) &&
           store_delete(work->txn, key, err);
}

static bool end_upload(struct work *work, struct slice key, struct err *err)
{
    struct blob_file *file;
    struct id id;

    if (key.len != 2 + 8 + ID_LEN)
        return err_set(err, ERR_CORRUPT, "a key of files cannot be read");
    memcpy(id.bytes, key.data + 2 + 8, ID_LEN);
    if (!blob_file_find(work->txn, &id, store_arena(work->txn), &file, err))
        return false;
    work->changed = true;
    if (file == NULL || file->state == BLOB_HELD)
        return store_delete(work->txn, key, err);
    blob_unlink_upload(&work->sweep->disk, &id);
    work->sweep->ended++;
    return blob_file_drop(work->txn, file, work->now_ms, err);
}

typedef bool due(struct work *work, struct slice key, struct err *err);

// The first few keys of a kind whose time has come.
static bool each_due(struct work *work, char kind, int64_t until_ms, due *call, struct err *err)
{
    struct file_key from, to;
    struct slice key, value;
    struct store_range *range =
        store_range_open(work->txn, file_key(&from, kind, "", 0),
                         file_time_key(&to, kind, until_ms, "", 0), false, err);
    bool done = range != NULL;

    for (size_t i = 0; done && i < SOME; i++) {
        err->code = ERR_NONE;
        if (!store_range_next(range, &key, &value, err)) {
            done = err->code == ERR_NONE;
            break;
        }
        done = call(work, arena_slice(store_arena(work->txn), key), err);
    }
    if (range != NULL)
        store_range_close(range);
    return done;
}

// Files without a record -----------------------------------------------------------------

static int digit(uint8_t character)
{
    return character >= '0' && character <= '9'   ? character - '0'
           : character >= 'a' && character <= 'f' ? character - 'a' + 10
                                                  : -1;
}

static bool to_digest(struct slice name, uint8_t digest[DIGEST_LEN])
{
    if (name.len != 2 * DIGEST_LEN)
        return false;
    for (size_t i = 0; i < DIGEST_LEN; i++) {
        int high = digit(name.data[2 * i]), low = digit(name.data[2 * i + 1]);

        if (high < 0 || low < 0)
            return false;
        digest[i] = (uint8_t)(high << 4 | low);
    }
    return true;
}

static bool stale_content(void *context, struct slice name, struct err *err)
{
    struct work *work = context;
    uint8_t digest[DIGEST_LEN];
    struct file_key key;
    struct slice known;

    if (!to_digest(name, digest))
        return true;
    return store_get(work->txn, file_key(&key, 'c', digest, DIGEST_LEN), &known, err) &&
           (known.data != NULL || forget_content(work, digest, err));
}

static bool stale_upload(void *context, struct slice name, struct err *err)
{
    struct work *work = context;
    struct blob_file *file;
    struct id id;

    if (name.len < ID_TEXT_LEN || !id_from_text(slice_of(name.data, ID_TEXT_LEN), &id))
        return true;
    if (!blob_file_find(work->txn, &id, store_arena(work->txn), &file, err))
        return false;
    if (file == NULL || file->state != BLOB_ARRIVING)
        blob_unlink_upload(&work->sweep->disk, &id);
    return true;
}

static bool walk_one(struct work *work, int64_t grace_ms, struct err *err)
{
    struct blob_sweep *sweep = work->sweep;
    unsigned folder = sweep->folder;

    if (work->now_ms - sweep->walked_ms < WALK_MS && work->now_ms >= sweep->walked_ms)
        return true;
    sweep->walked_ms = work->now_ms;
    sweep->folder = (folder + 1) % BLOB_FOLDERS;
    return blob_walk(&sweep->disk, folder, work->now_ms, grace_ms,
                     folder < 256 ? stale_content : stale_upload, work, err);
}

bool blob_sweep(struct blob_sweep *sweep, struct store *store, int64_t now_ms, int64_t grace_ms,
                struct err *err)
{
    struct work work = {.sweep = sweep, .store = store, .now_ms = now_ms};
    bool done;

    work.txn = store_begin(store, STORE_WRITE, err);
    if (work.txn == NULL)
        return false;
    done = each_due(&work, 'x', now_ms, end_upload, err) &&
           each_due(&work, 'o', now_ms - grace_ms, drop_orphan, err) &&
           walk_one(&work, grace_ms, err) && (!work.changed || store_commit_wait(work.txn, err));
    store_end(work.txn);
    return done;
}
