// SPDX-License-Identifier: Apache-2.0
// Reads all content again, a little each second, and says what is not what was stored. One
// worker does it: what it finds is reported, by log and figures, and never sent.
#include "serve/exchange.h"

#include <stdlib.h>

#include "base/log.h"

enum { TICK_MS = 1000, PIECE_MAX = 64 }; // chunks of one look

struct rot {
    struct worker *worker;
    uint8_t digest[DIGEST_LEN]; // of the content that is being read
    uint64_t size, chunk;       // of it; size 0: the next content is to be found
    uint64_t pieces;            // chunks to read in this look
    const uint8_t *wanted;      // their digests, in memory
    struct arena memory;
    uint8_t *bytes;
    struct err err;
};

static void look(void *context);

static void look_later(struct rot *rot)
{
    arena_reset(&rot->memory);
    rot->worker->loop->after(rot->worker->loop, TICK_MS, look, rot);
}

static void read_work(void *context)
{
    struct rot *rot = context;
    size_t len;

    rot->err.code = ERR_NONE;
    for (uint64_t i = 0; i < rot->pieces && rot->err.code == ERR_NONE; i++)
        blob_read(&rot->worker->disk, rot->digest, rot->size, rot->chunk + i,
                  rot->wanted + i * DIGEST_LEN, rot->bytes, &len, &rot->err);
}

static bool is_still_there(struct rot *rot)
{
    struct err err;
    struct store_txn *txn = store_begin(rot->worker->instance.store, STORE_READ, &err);
    const uint8_t *digests;
    bool there = txn != NULL &&
                 blob_chunks(txn, rot->digest, 0, 1, &rot->memory, &digests, &err);

    store_end(txn);
    return there;
}

static void was_read(void *context)
{
    struct rot *rot = context;

    rot->chunk += rot->pieces;
    if (rot->err.code == ERR_CORRUPT && is_still_there(rot)) { // and was not removed meanwhile
        rot->worker->slot->rotten++;
        log_error("a file is rotten: bring it back from a copy", LOG_TEXT("error", rot->err.text));
    }
    if (rot->err.code != ERR_NONE || rot->chunk * BLOB_CHUNK >= rot->size)
        rot->size = 0;
    look_later(rot);
}

// After the last comes the first again.
static bool choose(struct rot *rot, struct store_txn *txn, bool *found, struct err *err)
{
    *found = rot->size > 0;
    if (*found)
        return true;
    rot->chunk = 0;
    if (!blob_next_content(txn, rot->digest, &rot->size, found, err))
        return false;
    if (!*found) {
        rot->size = 0;
        memset(rot->digest, 0, DIGEST_LEN);
    }
    return true;
}

static bool prepare(struct rot *rot, struct store_txn *txn, bool *found, struct err *err)
{
    uint64_t rate = (uint64_t)rot->worker->config->files.check_rate, chunks;

    if (!choose(rot, txn, found, err) || !*found)
        return err->code == ERR_NONE;
    chunks = (rot->size + BLOB_CHUNK - 1) / BLOB_CHUNK - rot->chunk;
    rot->pieces = (rate + BLOB_CHUNK - 1) / BLOB_CHUNK;
    rot->pieces = rot->pieces < PIECE_MAX ? rot->pieces : PIECE_MAX;
    rot->pieces = rot->pieces < chunks ? rot->pieces : chunks;
    *found = rot->pieces > 0;
    return blob_chunks(txn, rot->digest, rot->chunk, rot->pieces, &rot->memory, &rot->wanted, err);
}

static void look(void *context)
{
    struct rot *rot = context;
    struct err err = {ERR_NONE, ""};
    struct store_txn *txn = NULL;
    bool found = false;

    if (rot->worker->config->files.check_rate > 0)
        txn = store_begin(rot->worker->instance.store, STORE_READ, &err);
    if (txn != NULL && !prepare(rot, txn, &found, &err)) {
        rot->size = 0; // it was removed between two looks
        found = false;
    }
    store_end(txn);
    if (!found || !pool_run(rot->worker->file_pool, read_work, was_read, rot, &err))
        look_later(rot);
}

struct rot *rot_start(struct worker *worker)
{
    struct rot *rot = mem_zero(sizeof *rot);

    rot->worker = worker;
    rot->bytes = mem_zero(BLOB_CHUNK);
    look_later(rot);
    return rot;
}

// After the pool: nobody reads any more.
void rot_stop(struct rot *rot)
{
    if (rot == NULL)
        return;
    arena_finish(&rot->memory);
    free(rot->bytes);
    free(rot);
}
