// SPDX-License-Identifier: Apache-2.0
// GET /files/{id}: content, whole or one range of it, in chunks that are read and checked on a
// thread of the pool. A chunk that is not what was stored is never sent: the answer breaks off.
#include "serve/exchange.h"

#include <stdlib.h>

#include "base/log.h"
#include "blob/kind.h"
#include "record/file.h"

enum { RANGE_DIGITS = 18 };

struct download {
    const struct blob_file *file;
    const char *etag;
    uint64_t from, to, at;  // bytes [from, to) are asked for; the next one to be sent
    uint64_t first;         // chunk of which digests are known from here on
    const uint8_t *digests;
    uint8_t *bytes;         // BLOB_CHUNK of them
    size_t len;
    bool is_part, begun, reading, ended, counted;
    struct err err;
};

static struct download *download_of(const struct exchange *x)
{
    return x->work;
}

static void finish_work(struct exchange *x)
{
    struct download *download = download_of(x);

    free(download->bytes);
    if (download->counted)
        x->worker->streams--;
}

// What is asked for ---------------------------------------------------------------------

static bool read_number(struct slice *text, uint64_t *number)
{
    size_t len = 0;

    for (*number = 0; len < text->len && text->data[len] >= '0' && text->data[len] <= '9'; len++)
        *number = *number * 10 + (uint64_t)(text->data[len] - '0');
    *text = slice_of(text->data + len, text->len - len);
    return len > 0 && len <= RANGE_DIGITS;
}

// One range of bytes (RFC 9110 section 14). False: it cannot be satisfied; more than one range
// is none that we serve.
static bool read_range(struct slice text, uint64_t size, uint64_t *from, uint64_t *to)
{
    uint64_t first, last;
    bool has_first = read_number(&text, &first), has_last;

    if (text.len == 0 || text.data[0] != '-')
        return false;
    text = slice_of(text.data + 1, text.len - 1);
    has_last = read_number(&text, &last);
    if (text.len > 0 || (!has_first && !has_last) || (has_first && has_last && last < first))
        return false;
    if (!has_first) { // the last so many
        *from = last < size ? size - last : 0;
        *to = size;
        return last > 0 && size > 0;
    }
    *from = first;
    *to = has_last && last < size ? last + 1 : size;
    return first < size;
}

static bool names(struct slice list, const char *etag)
{
    return list.data != NULL &&
           (slice_is(list, "*") || memmem(list.data, list.len, etag, strlen(etag)) != NULL);
}

// False: what is asked for is not there.
static bool choose_range(struct exchange *x, struct download *download)
{
    struct slice range = http_header(x->http, "range"), unit = slice_text("bytes="),
                 only = http_header(x->http, "if-range");

    download->to = download->file->size;
    if (http_method(x->http) == HTTP_HEAD || !slice_starts(range, unit) ||
        (only.data != NULL && !slice_is(only, download->etag)))
        return true;
    download->is_part = true;
    return read_range(slice_of(range.data + unit.len, range.len - unit.len), download->file->size,
                      &download->from, &download->to);
}

// The head of the answer ----------------------------------------------------------------

// Nothing that was uploaded runs here. A browser shows no PDF in a sandbox, but in none of its
// readers does one reach beyond itself.
static const char *policy(const struct kind *kind)
{
    return strcmp(kind->name, "pdf") == 0
               ? "default-src 'none'; object-src 'self'; style-src 'unsafe-inline'; "
                 "frame-ancestors 'self'"
               : "default-src 'none'; img-src 'self'; media-src 'self'; "
                 "style-src 'unsafe-inline'; frame-ancestors 'self'; sandbox";
}

enum { FIELDS = 8 };
static size_t fill_fields(struct exchange *x, int status, struct http_field fields[FIELDS])
{
    const struct download *download = download_of(x);
    const struct blob_file *file = download->file;
    const struct kind *kind = kind_named(file->kind);
    size_t count = 0;

    fields[count++] = (struct http_field){"etag", slice_text(download->etag)};
    fields[count++] = (struct http_field){"cache-control", slice_text("private, no-cache")};
    fields[count++] = (struct http_field){"accept-ranges", slice_text("bytes")};
    if (status == 304)
        return count;
    fields[count++] = (struct http_field){"content-security-policy", slice_text(policy(kind))};
    if (status == 416) {
        fields[count++] = (struct http_field){
            "content-range", slice_text(arena_format(&x->memory, "bytes */%llu",
                                                     (unsigned long long)file->size))};
        return count;
    }
    fields[count++] = (struct http_field){"content-type", slice_text(kind->type)};
    fields[count++] = exchange_disposition(x, kind->shown ? "inline" : "attachment", kind->suffix,
                                           file->name);
    if (status == 206)
        fields[count++] = (struct http_field){
            "content-range",
            slice_text(arena_format(&x->memory, "bytes %llu-%llu/%llu",
                                    (unsigned long long)download->from,
                                    (unsigned long long)download->to - 1,
                                    (unsigned long long)file->size))};
    return count;
}

static void answer_empty(struct exchange *x, int status)
{
    struct http_field fields[FIELDS];
    struct host_answer answer = {.status = status, .body = slice_text("")};

    exchange_finish(x, &answer, fields, fill_fields(x, status, fields));
}

// The body ------------------------------------------------------------------------------

static void read_next(void *context);

static void ended(void *context)
{
    struct exchange *x = context;
    struct download *download = download_of(x);

    x->http = NULL;
    download->ended = true;
    if (!download->reading)
        exchange_destroy(x);
}

static void begin_answer(struct exchange *x)
{
    struct download *download = download_of(x);
    const struct http_source source = {read_next, ended, x};
    int status = download->is_part ? 206 : 200;
    struct http_field fields[FIELDS];
    size_t count = fill_fields(x, status, fields);

    exchange_end(x);
    download->begun = true;
    exchange_note(x, status);
    http_respond_source(x->http, status, fields, count, download->to - download->from, &source);
}

static void read_work(void *context)
{
    struct exchange *x = context;
    struct download *download = download_of(x);
    uint64_t chunk = download->at / BLOB_CHUNK;

    blob_read(&x->worker->disk, download->file->digest, download->file->size, chunk,
              download->digests + (chunk - download->first) * DIGEST_LEN, download->bytes,
              &download->len, &download->err);
}

static void send_piece(struct exchange *x)
{
    struct download *download = download_of(x);
    uint64_t start = download->at % BLOB_CHUNK;
    uint64_t left = download->to - download->at, len = download->len - start;

    len = len < left ? len : left;
    download->at += len;
    http_send(x->http, slice_of(download->bytes + start, (size_t)len));
}

static void was_read(void *context)
{
    struct exchange *x = context;
    struct download *download = download_of(x);

    download->reading = false;
    if (download->err.code != ERR_NONE) {
        x->worker->slot->rotten += download->err.code == ERR_CORRUPT;
        log_error("a file cannot be read", LOG_TEXT("id", x->request_id),
                  LOG_TEXT("error", download->err.text));
    }
    if (download->ended || (!download->begun && x->http == NULL))
        exchange_destroy(x);
    else if (download->err.code != ERR_NONE && download->begun)
        http_break_off(x->http); // ended() follows
    else if (download->err.code != ERR_NONE)
        exchange_fail(x, 500, err_word(download->err.code));
    else if (download->begun)
        send_piece(x);
    else
        begin_answer(x); // asks for the piece that is there already
}

// Asked for the next piece; the first was read before the answer began.
static void read_next(void *context)
{
    struct exchange *x = context;
    struct download *download = download_of(x);
    struct err err;

    if (download->at == download->from && download->len > 0) {
        send_piece(x);
        return;
    }
    download->reading = true;
    if (pool_run(x->worker->file_pool, read_work, was_read, x, &err))
        return;
    download->reading = false;
    http_break_off(x->http);
}

static bool find_digests(struct exchange *x, struct err *err)
{
    struct download *download = download_of(x);
    uint64_t last = (download->to - 1) / BLOB_CHUNK;

    download->first = download->from / BLOB_CHUNK;
    download->at = download->from;
    return blob_chunks(x->txn, download->file->digest, download->first,
                       last - download->first + 1, &x->memory, &download->digests, err);
}

static void start(struct exchange *x)
{
    struct download *download = download_of(x);
    struct err err = {ERR_NONE, ""};

    if (x->worker->streams >= (unsigned)x->worker->config->files.streams) {
        exchange_fail(x, 503, "busy");
        return;
    }
    if (!find_digests(x, &err)) {
        exchange_fail_err(x, &err);
        return;
    }
    x->worker->streams++;
    download->counted = true;
    download->bytes = mem_zero(BLOB_CHUNK);
    exchange_end(x);
    page_touch_session(x);
    download->reading = true;
    if (!pool_run(x->worker->file_pool, read_work, was_read, x, &err)) {
        download->reading = false;
        exchange_fail_err(x, &err);
    }
}

// Who may have it -----------------------------------------------------------------------

bool file_is_on(struct exchange *x, const struct blob_file *file, bool *on, struct err *err)
{
    const uint8_t *dot =
        file->field.len > 0 ? memchr(file->field.data, '.', file->field.len) : NULL;

    *on = dot == NULL;
    return *on || host_enabled(x->worker->instance.host, &x->view,
                               slice_of(file->field.data, (size_t)(dot - file->field.data)),
                               file->org, on, err);
}

static bool find_file(struct exchange *x, struct blob_file **file, struct err *err)
{
    size_t prefix = sizeof "/files/" - 1;
    struct id id;
    bool may = false;

    *file = NULL;
    if (!id_from_text(slice_of(x->path.data + prefix, x->path.len - prefix), &id))
        return true;
    if (!blob_file_find(x->txn, &id, &x->memory, file, err))
        return false;
    x->view.budget = &x->own_budget;
    if (*file != NULL && (!record_file_may_read(&x->view, *file, &may, err) ||
                          (may && !file_is_on(x, *file, &may, err))))
        return false;
    if (!may)
        *file = NULL; // what one may not see is not there
    return true;
}

void download_serve(struct exchange *x)
{
    struct download *download = arena_alloc(&x->memory, sizeof *download);
    struct err err = {ERR_NONE, ""};
    struct blob_file *file;

    x->work = download;
    x->clean_up = finish_work;
    if (!exchange_begin(x, STORE_READ))
        return;
    if (x->method != HTTP_GET) {
        exchange_fail(x, 405, "method");
    } else if (x->session == NULL) {
        page_ask_to_sign_in(x);
    } else if (!find_file(x, &file, &err)) {
        exchange_fail_err(x, &err);
    } else if (file == NULL) {
        exchange_fail(x, 404, "absent");
    } else {
        download->file = file;
        download->etag = arena_format(&x->memory, "\"%s\"",
                                      base64url(&x->memory, slice_of(file->digest, 18)));
        if (names(http_header(x->http, "if-none-match"), download->etag))
            answer_empty(x, 304);
        else if (!choose_range(x, download))
            answer_empty(x, 416);
        else if (download->to == download->from)
            begin_answer(x); // empty
        else
            start(x);
    }
}
