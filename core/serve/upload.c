// SPDX-License-Identifier: Apache-2.0
#include "serve/upload.h"

#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "base/json.h"
#include "record/file.h"

#define TUS "1.0.0"
enum { METADATA_MAX = 16 * 1024, PATIENCE = 60, FIELDS = 8 };

// Answers -------------------------------------------------------------------------------

static const struct http_field protocol = {"tus-resumable", {(const uint8_t *)TUS, sizeof TUS - 1}};

void upload_refuse(struct exchange *x, int status, const char *word)
{
    struct http_field fields[] = {protocol, {"tus-version", slice_text(TUS)}};
    struct buffer json = BUFFER_EMPTY;
    struct host_answer answer = {.status = status, .type = "application/problem+json"};

    buffer_text(&json, "{\"type\":\"about:blank\",\"title\":");
    json_text(&json, slice_text(word));
    buffer_format(&json, ",\"id\":\"%s\",\"status\":%d}", x->request_id, status);
    answer.body = arena_slice(&x->memory, buffer_view(&json));
    buffer_finish(&json);
    exchange_finish(x, &answer, fields, 2);
}

void upload_refuse_err(struct exchange *x, const struct err *err)
{
    if (err->code == ERR_FULL)
        upload_refuse(x, 507, "quota");
    else if (err->code == ERR_LIMIT)
        upload_refuse(x, 413, "size");
    else
        exchange_fail_err(x, err);
}

static struct slice in_digits(struct exchange *x, uint64_t number)
{
    return slice_text(arena_format(&x->memory, "%llu", (unsigned long long)number));
}

static struct slice http_date(struct exchange *x, int64_t ms)
{
    time_t seconds = (time_t)(ms / 1000);
    char *text = arena_alloc(&x->memory, 40);
    struct tm parts;

    gmtime_r(&seconds, &parts);
    strftime(text, 40, "%a, %d %b %Y %H:%M:%S GMT", &parts);
    return slice_text(text);
}

void upload_answer(struct exchange *x, int status, const struct blob_file *file)
{
    struct http_field fields[FIELDS] = {protocol};
    struct host_answer answer = {.status = status, .body = slice_text("")};
    char id[ID_TEXT_LEN + 1];
    size_t count = 1;

    id_to_text(&file->id, id);
    fields[count++] = (struct http_field){"upload-offset", in_digits(x, file->offset)};
    fields[count++] = (struct http_field){"upload-expires", http_date(x, file->ends_ms)};
    if (status == 201)
        fields[count++] = (struct http_field){
            "location", slice_text(arena_format(&x->memory, "/uploads/%s", id))};
    if (status == 200) {
        fields[count++] = (struct http_field){"upload-length", in_digits(x, file->length)};
        if (file->metadata.len > 0)
            fields[count++] = (struct http_field){"upload-metadata", file->metadata};
    }
    exchange_end(x);
    page_touch_session(x);
    exchange_finish(x, &answer, fields, count);
}

static void offer(struct exchange *x)
{
    struct http_field fields[] = {
        protocol,
        {"tus-version", slice_text(TUS)},
        {"tus-max-size", in_digits(x, (uint64_t)x->worker->config->files.file_bytes)},
        {"tus-extension",
         slice_text("creation,creation-with-upload,termination,expiration,checksum")},
        {"tus-checksum-algorithm", slice_text("sha1,sha256")},
    };
    struct host_answer answer = {.status = 204, .body = slice_text("")};

    exchange_finish(x, &answer, fields, sizeof fields / sizeof *fields);
}

// Finding -------------------------------------------------------------------------------

// Whoever is signed in, and means it. False: answered.
static bool begin(struct exchange *x, enum store_mode mode)
{
    if (!exchange_begin(x, mode))
        return false;
    if (x->session == NULL) {
        upload_refuse(x, 401, "signed_out");
        return false;
    }
    return x->method == HTTP_GET || exchange_trusted(x);
}

// Somebody else's upload looks like none.
bool upload_find(struct exchange *x, struct upload *upload, enum store_mode mode)
{
    struct err err = {ERR_NONE, ""};

    if (!begin(x, mode))
        return false;
    if (!blob_file_find(x->txn, &upload->id, &x->memory, &upload->file, &err)) {
        upload_refuse_err(x, &err);
        return false;
    }
    if (upload->file == NULL || upload->file->state == BLOB_HELD ||
        !id_equal(&upload->file->person, &x->session->person)) {
        upload_refuse(x, 404, "absent");
        return false;
    }
    return true;
}

// Announcing ----------------------------------------------------------------------------

// Where the file will belong, and whether this person may put files there at all.
static bool choose_org(struct exchange *x, struct blob_file *file, bool *may, struct err *err)
{
    struct slice org = upload_metadata(x, file->metadata, "org");
    const struct principal *who = &x->principal;

    *may = false;
    file->field = arena_slice(&x->memory, upload_metadata(x, file->metadata, "field"));
    if (org.data != NULL && !id_from_text(org, &file->org))
        return true;
    if (org.data == NULL && who->grant_count == 0)
        return true;
    if (org.data == NULL)
        file->org = who->grants[0].org;
    if (file->field.len > 0)
        return record_file_may_give(&x->view, file->field, &file->org, file->length, may, err) &&
               (!*may || file_is_on(x, file, may, err));
    file->field = slice_of("", 0);
    for (size_t i = 0; i < who->grant_count && !*may; i++)
        if (!tree_is_under(&x->view, file->org, who->grants[i].org, may, err))
            return false;
    return true;
}

static void announced(struct exchange *x)
{
    struct upload *upload = x->work;

    if (upload->part.len > 0 || upload->file->length == 0)
        upload_append(x);
    else
        upload_answer(x, 201, upload->file);
}

static bool announce(struct exchange *x, struct upload *upload, struct err *err)
{
    const struct config *config = x->worker->config;
    const struct blob_limits limits = {(uint64_t)config->files.file_bytes,
                                       (uint64_t)config->files.org_bytes,
                                       config->files.upload_ms};
    struct blob_file *known;

    if (!blob_file_find(x->txn, &upload->id, &x->memory, &known, err))
        return false;
    return known != NULL || // an attempt whose outcome was not known had succeeded
           blob_file_announce(x->txn, &limits, upload->file, err);
}

static void create(struct exchange *x)
{
    struct upload *upload = x->work;
    struct err err = {ERR_NONE, ""};
    bool may;

    if (!begin(x, STORE_WRITE))
        return;
    upload->file->person = x->session->person;
    x->view.budget = &x->own_budget;
    if (!choose_org(x, upload->file, &may, &err) || (may && !announce(x, upload, &err)))
        upload_refuse_err(x, &err);
    else if (!may)
        upload_refuse(x, 403, "denied");
    else if (store_has_writes(x->txn))
        exchange_commit(x, announced);
    else
        announced(x);
}

static void create_begin(struct exchange *x, struct upload *upload)
{
    struct blob_file *file = arena_alloc(&x->memory, sizeof *file);
    struct slice metadata = http_header(x->http, "upload-metadata");

    upload->file = file;
    upload->creating = true;
    if (!upload_read_length(x, &file->length) || !upload_read_part(x, upload))
        return;
    if (upload->part.len > file->length || metadata.len > METADATA_MAX) {
        upload_refuse(x, upload->part.len > file->length ? 413 : 400, "length");
        return;
    }
    file->id = upload->id = id_make(x->worker->instance.clock, x->worker->instance.random);
    file->made_ms = clock_wall_ms(x->worker->instance.clock);
    file->metadata = arena_slice(&x->memory, metadata.data != NULL ? metadata : slice_of("", 0));
    file->name = blob_name(&x->memory, upload_metadata(x, file->metadata, "filename"));
    // Of many at once each but one conflicts with another's charge.
    x->patience = PATIENCE;
    x->again = create;
    create(x);
}

// The rest ------------------------------------------------------------------------------

static void show(struct exchange *x)
{
    struct upload *upload = x->work;

    if (upload_find(x, upload, STORE_READ))
        upload_answer(x, 200, upload->file);
}

static void dropped(struct exchange *x)
{
    struct host_answer answer = {.status = 204, .body = slice_text("")};
    struct upload *upload = x->work;

    blob_unlink_upload(&x->worker->disk, &upload->id);
    exchange_finish(x, &answer, &protocol, 1);
}

static void drop(struct exchange *x)
{
    struct upload *upload = x->work;
    struct err err = {ERR_NONE, ""};

    if (!upload_find(x, upload, STORE_WRITE))
        return;
    if (blob_file_drop(x->txn, upload->file, clock_wall_ms(x->worker->instance.clock), &err))
        exchange_commit(x, dropped);
    else
        upload_refuse_err(x, &err);
}

static void patch_begin(struct exchange *x, struct upload *upload)
{
    if (upload_read_offset(x, upload) && upload_read_part(x, upload))
        upload_append(x);
}

static void finish_work(struct exchange *x)
{
    struct upload *upload = x->work;

    if (upload->lock >= 0)
        close(upload->lock);
    blob_content_finish(&upload->content);
}

// "/uploads" and "/uploads/" are the place itself.
static bool is_place(const struct exchange *x)
{
    return x->path.len <= sizeof "/uploads/" - 1;
}

static bool read_id(const struct exchange *x, struct id *id)
{
    size_t prefix = sizeof "/uploads/" - 1;

    return x->path.len > prefix &&
           id_from_text(slice_of(x->path.data + prefix, x->path.len - prefix), id);
}

void upload_serve(struct exchange *x)
{
    struct upload *upload = arena_alloc(&x->memory, sizeof *upload);

    *upload = (struct upload){.lock = -1, .content = {.chunks = BUFFER_EMPTY}};
    x->work = upload;
    x->clean_up = finish_work;
    if (x->method == HTTP_OPTIONS)
        offer(x);
    else if (!slice_is(http_header(x->http, "tus-resumable"), TUS))
        upload_refuse(x, 412, "version");
    else if (is_place(x) && x->method == HTTP_POST)
        create_begin(x, upload);
    else if (is_place(x) || x->method == HTTP_POST || x->method == HTTP_PUT)
        upload_refuse(x, 405, "method");
    else if (!read_id(x, &upload->id))
        upload_refuse(x, 404, "absent");
    else if (x->method == HTTP_PATCH)
        patch_begin(x, upload);
    else {
        x->again = x->method == HTTP_DELETE ? drop : show;
        x->again(x);
    }
}
