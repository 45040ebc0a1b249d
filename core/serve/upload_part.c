// SPDX-License-Identifier: Apache-2.0
// A part's way: lock, look, write on a thread of the pool, and then one commit that says so.
// The commit of the last part also says what the file is and where its content lies.
#include "serve/upload.h"

#include "base/log.h"

static void commit_part(struct exchange *x);

static struct upload *upload_of(const struct exchange *x)
{
    return x->work;
}

// On a thread of the pool --------------------------------------------------------------

static bool sum_fits(const struct upload *upload)
{
    uint8_t sum[DIGEST_LEN];

    if (upload->checksum == CHECKSUM_NONE)
        return true;
    if (upload->checksum == CHECKSUM_SHA1)
        digest_sha1(upload->part, sum);
    else
        digest_sha256(upload->part, sum);
    return slice_equal(slice_of(sum, upload->sum.len), upload->sum);
}

static bool place(struct exchange *x)
{
    struct upload *upload = upload_of(x);

    blob_content_finish(&upload->content);
    upload->placed = blob_place(&x->worker->disk, &upload->id, upload->offset + upload->part.len,
                                &upload->content, &upload->err);
    return upload->placed;
}

static void write_work(void *context)
{
    struct exchange *x = context;
    struct upload *upload = upload_of(x);

    upload->sum_differs = !sum_fits(upload);
    if (!upload->sum_differs &&
        blob_write(&x->worker->disk, &upload->id, upload->offset, upload->part, &upload->err) &&
        upload->is_last)
        place(x);
}

static void place_work(void *context)
{
    place(context);
}

// Back on the loop ----------------------------------------------------------------------

static void part_committed(struct exchange *x)
{
    struct upload *upload = upload_of(x);

    if (upload->is_last)
        blob_unlink_upload(&x->worker->disk, &upload->id);
    upload->file->offset = upload->offset + upload->part.len;
    upload_answer(x, upload->creating ? 201 : 204, upload->file);
}

static void broken_committed(struct exchange *x)
{
    blob_unlink_upload(&x->worker->disk, &upload_of(x)->id);
    upload_refuse(x, 422, "picture");
}

// What nobody can look into is not kept, or it would be sent again and again.
static void drop_broken(struct exchange *x)
{
    struct upload *upload = upload_of(x);
    struct err err = {ERR_NONE, ""};

    x->again = drop_broken;
    if (!upload_find(x, upload, STORE_WRITE))
        return;
    if (blob_file_drop(x->txn, upload->file, clock_wall_ms(x->worker->instance.clock), &err))
        exchange_commit(x, broken_committed);
    else
        upload_refuse_err(x, &err);
}

static void written(void *context)
{
    struct exchange *x = context;
    struct upload *upload = upload_of(x);

    if (upload->sum_differs) {
        upload_refuse(x, 460, "checksum");
    } else if (upload->err.code == ERR_INPUT) {
        log_info("a picture was refused", LOG_TEXT("id", x->request_id),
                 LOG_TEXT("why", upload->err.text));
        drop_broken(x);
    } else if (upload->err.code != ERR_NONE) {
        upload_refuse_err(x, &upload->err);
    } else {
        x->again = commit_part;
        commit_part(x);
    }
}

// The committer removed the same content meanwhile: it is put back.
static void place_again(struct exchange *x)
{
    struct err err;

    exchange_end(x);
    if (!pool_run(x->worker->file_pool, place_work, written, x, &err))
        upload_refuse_err(x, &err);
}

// An attempt whose outcome was not known had succeeded.
static bool is_committed(const struct upload *upload)
{
    const struct blob_file *file = upload->file;

    if (upload->is_last)
        return file->state == BLOB_READY &&
               memcmp(file->digest, upload->content.digest, DIGEST_LEN) == 0;
    return upload->part.len > 0 && file->offset == upload->offset + upload->part.len;
}

static void commit_part(struct exchange *x)
{
    struct upload *upload = upload_of(x);
    uint64_t end = upload->offset + upload->part.len;
    struct err err = {ERR_NONE, ""};
    bool done;

    if (!upload_find(x, upload, STORE_WRITE))
        return;
    if (is_committed(upload)) {
        part_committed(x);
        return;
    }
    if (upload->file->state != BLOB_ARRIVING || upload->file->offset != upload->offset) {
        upload_refuse(x, 409, "offset");
        return;
    }
    if (upload->is_last && !blob_is_placed(&x->worker->disk, upload->content.digest)) {
        place_again(x);
        return;
    }
    done = upload->is_last
               ? blob_file_complete(x->txn, upload->file, &upload->content, &err)
               : blob_file_advance(x->txn, upload->file, end, &err);
    if (done)
        exchange_commit(x, part_committed);
    else
        upload_refuse_err(x, &err);
}

// Before the work -----------------------------------------------------------------------

static bool fits(struct exchange *x, const struct upload *upload)
{
    const struct blob_file *file = upload->file;

    if (file->state != BLOB_ARRIVING || file->offset != upload->offset)
        upload_refuse(x, 409, "offset");
    else if (upload->part.len > file->length - file->offset)
        upload_refuse(x, 413, "length");
    else
        return true;
    return false;
}

void upload_append(struct exchange *x)
{
    struct upload *upload = upload_of(x);
    struct err err = {ERR_NONE, ""};

    if (!upload_find(x, upload, STORE_READ) || !fits(x, upload))
        return;
    upload->lock = blob_lock(&x->worker->disk, &upload->id, &err);
    if (upload->lock < 0) {
        if (err.code == ERR_BUSY)
            upload_refuse(x, 423, "locked");
        else
            upload_refuse_err(x, &err);
        return;
    }
    // Who held the lock until now may have moved on.
    if (!upload_find(x, upload, STORE_READ) || !fits(x, upload))
        return;
    upload->is_last = upload->offset + upload->part.len == upload->file->length;
    exchange_end(x);
    if (!pool_run(x->worker->file_pool, write_work, written, x, &err))
        upload_refuse_err(x, &err);
}
