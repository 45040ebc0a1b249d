// SPDX-License-Identifier: Apache-2.0
// Files that come inside a form (multipart/form-data), as a browser without script sends them:
// as large as a request's body may be, and no larger. They are kept like finished uploads, and
// the form goes on with their ids in place of their bytes.
#include "serve/exchange.h"

#include "base/log.h"

enum { GIVEN_MAX = 8, PATIENCE = 60 };

struct given_file {
    struct slice field, bytes;
    struct blob_file file;
    struct blob_content content;
};

struct given {
    struct given_file files[GIVEN_MAX];
    size_t count;
    struct err err; // of the work on the pool
};

static void clean_up(struct exchange *x)
{
    struct given *given = x->given;

    for (size_t i = 0; given != NULL && i < given->count; i++) {
        blob_unlink_upload(&x->worker->disk, &given->files[i].file.id);
        blob_content_finish(&given->files[i].content);
    }
    x->given = NULL;
}

// Reading --------------------------------------------------------------------------------

static bool add_file(struct exchange *x, const struct http_part *part, struct err *err)
{
    struct given_file *one;

    if (x->given == NULL) {
        x->given = arena_alloc(&x->memory, sizeof *x->given);
        x->clean_up = clean_up;
    }
    if (x->given->count == GIVEN_MAX)
        return err_set(err, ERR_LIMIT, "more than %d files in a form", GIVEN_MAX);
    one = &x->given->files[x->given->count++];
    *one = (struct given_file){.field = part->name, .bytes = part->body,
                               .content = {.chunks = BUFFER_EMPTY}};
    one->file.name = blob_name(&x->memory, part->filename);
    return true;
}

// What was asked, whatever the marks between the parts: the same form sent twice is one form.
static struct slice plain_body(struct exchange *x, const struct http_part *parts, size_t count)
{
    struct buffer body = BUFFER_EMPTY;
    struct slice copy;

    for (size_t i = 0; i < count; i++) {
        buffer_sized(&body, parts[i].name);
        buffer_sized(&body, parts[i].body);
    }
    copy = arena_slice(&x->memory, buffer_view(&body));
    buffer_finish(&body);
    return copy;
}

bool given_read(struct exchange *x, struct err *err)
{
    struct http_part *parts;
    size_t count;

    if (!http_multipart(&x->memory, http_header(x->http, "content-type"), x->body, &parts, &count,
                        err))
        return false;
    x->form = arena_alloc(&x->memory, (count + GIVEN_MAX + 1) * sizeof *x->form);
    for (size_t i = 0; i < count; i++) {
        if (parts[i].filename.data == NULL)
            x->form[x->form_count++] = (struct host_param){parts[i].name, parts[i].body};
        else if (parts[i].body.len > 0 && !add_file(x, &parts[i], err))
            return false;
    }
    x->body = plain_body(x, parts, count);
    return true;
}

// Keeping --------------------------------------------------------------------------------

// The last value of a name counts: the file just chosen wins over one that was kept before.
static void kept(struct exchange *x)
{
    struct given *given = x->given;

    for (size_t i = 0; i < given->count; i++) {
        char *id = arena_alloc(&x->memory, ID_TEXT_LEN + 1);

        id_to_text(&given->files[i].file.id, id);
        x->form[x->form_count++] = (struct host_param){given->files[i].field, slice_text(id)};
    }
    clean_up(x);
    x->patience = 0;
    x->conflicts = 0;
    x->again = page_serve;
    page_serve(x);
}

static bool keep_one(struct exchange *x, struct given_file *one, struct err *err)
{
    const struct config *config = x->worker->config;
    const struct blob_limits limits = {(uint64_t)config->files.file_bytes,
                                       (uint64_t)config->files.org_bytes,
                                       config->files.upload_ms};
    struct blob_file *known;

    if (!blob_file_find(x->txn, &one->file.id, &x->memory, &known, err))
        return false;
    return known != NULL || // an attempt whose outcome was not known had succeeded
           (blob_file_announce(x->txn, &limits, &one->file, err) &&
            blob_file_complete(x->txn, &one->file, &one->content, err));
}

static void place_all(struct exchange *x);

static bool all_placed(const struct exchange *x)
{
    for (size_t i = 0; i < x->given->count; i++)
        if (!blob_is_placed(&x->worker->disk, x->given->files[i].content.digest))
            return false;
    return true;
}

static void commit_all(struct exchange *x)
{
    struct err err = {ERR_NONE, ""};

    if (!exchange_begin(x, STORE_WRITE))
        return;
    if (x->session == NULL) {
        exchange_fail(x, 401, "signed_out");
        return;
    }
    if (!all_placed(x)) { // the committer removed the same content meanwhile
        place_all(x);
        return;
    }
    for (size_t i = 0; i < x->given->count; i++) {
        x->given->files[i].file.person = x->session->person;
        if (!keep_one(x, &x->given->files[i], &err)) {
            exchange_fail_err(x, &err);
            return;
        }
    }
    if (store_has_writes(x->txn))
        exchange_commit(x, kept);
    else
        kept(x);
}

// On a thread of the pool.
static void place_work(void *context)
{
    struct exchange *x = context;
    struct given *given = x->given;

    for (size_t i = 0; i < given->count && given->err.code == ERR_NONE; i++) {
        struct given_file *one = &given->files[i];

        blob_content_finish(&one->content);
        if (blob_write(&x->worker->disk, &one->file.id, 0, one->bytes, &given->err))
            blob_place(&x->worker->disk, &one->file.id, one->bytes.len, &one->content,
                       &given->err);
    }
}

static void placed(void *context)
{
    struct exchange *x = context;

    if (x->given->err.code == ERR_INPUT) {
        log_info("a picture was refused", LOG_TEXT("id", x->request_id),
                 LOG_TEXT("why", x->given->err.text));
        exchange_fail(x, 422, "picture");
    } else if (x->given->err.code != ERR_NONE) {
        exchange_fail_err(x, &x->given->err);
    } else {
        x->patience = PATIENCE;
        x->again = commit_all;
        commit_all(x);
    }
}

static void place_all(struct exchange *x)
{
    struct err err;

    exchange_end(x);
    if (!pool_run(x->worker->file_pool, place_work, placed, x, &err))
        exchange_fail_err(x, &err);
}

void given_take(struct exchange *x)
{
    struct instance *instance = &x->worker->instance;

    for (size_t i = 0; i < x->given->count; i++) {
        struct given_file *one = &x->given->files[i];

        one->file.id = id_make(instance->clock, instance->random);
        one->file.org = x->call.org;
        one->file.length = one->bytes.len;
        one->file.made_ms = clock_wall_ms(instance->clock);
        one->file.metadata = one->file.field = slice_of("", 0);
    }
    place_all(x);
}
