// SPDX-License-Identifier: Apache-2.0
// How an exchange ends: a page, a redirect, JSON, a problem; cookies; one line in the log.
#include "serve/exchange.h"

#include <stdio.h>

#include "base/json.h"
#include "base/log.h"

enum { FIELDS_MAX_OUT = 16 };

const char *exchange_cookie_name(const struct exchange *x)
{
    return x->tls ? "__Host-sy_session" : "sy_session";
}

struct http_field exchange_cookie(struct exchange *x, const char *name, const char *value,
                                  int64_t max_age_s, bool readable)
{
    const char *age = max_age_s == 0 ? ""
                      : max_age_s < 0
                          ? "; Max-Age=0"
                          : arena_format(&x->memory, "; Max-Age=%lld", (long long)max_age_s);

    return (struct http_field){
        "set-cookie",
        slice_text(arena_format(&x->memory, "%s=%s; Path=/; SameSite=Lax%s%s%s", name, value,
                                readable ? "" : "; HttpOnly", x->tls ? "; Secure" : "", age))};
}

// RFC 8187: whatever the name holds, the field is ASCII.
struct http_field exchange_disposition(struct exchange *x, const char *how, const char *suffix,
                                       struct slice name)
{
    static const char plain[] = "!#$&+-.^_`|~";
    struct buffer text = BUFFER_EMPTY;
    struct http_field field = {"content-disposition", {NULL, 0}};

    buffer_format(&text, "%s; filename=\"file.%s\"", how, suffix);
    if (name.len > 0)
        buffer_text(&text, "; filename*=UTF-8''");
    for (size_t i = 0; i < name.len; i++) {
        uint8_t byte = name.data[i];
        bool letter = (byte >= '0' && byte <= '9') || ((byte | 0x20) >= 'a' && (byte | 0x20) <= 'z');

        if (letter || (byte != 0 && strchr(plain, byte) != NULL))
            buffer_u8(&text, byte);
        else
            buffer_format(&text, "%%%02X", byte);
    }
    field.value = arena_slice(&x->memory, buffer_view(&text));
    buffer_finish(&text);
    return field;
}

void exchange_note(struct exchange *x, int status)
{
    int64_t micros = clock_mono_us(x->worker->instance.clock) - x->started_us;

    log_info("request", LOG_TEXT("id", x->request_id),
             LOG_TEXT("method", x->call.method != NULL ? x->call.method : "GET"),
             LOG_SLICE("path", x->path), LOG_INT("status", status), LOG_INT("us", micros));
}

static void respond(struct exchange *x, int status, const char *type, struct slice body,
                    const struct http_field *fields, size_t count)
{
    struct http_field all[FIELDS_MAX_OUT];
    size_t used = 0;

    for (; used < count && used < FIELDS_MAX_OUT - 5; used++)
        all[used] = fields[used];
    if (x->allow != NULL)
        all[used++] = (struct http_field){"allow", slice_text(x->allow)};
    if (type != NULL)
        all[used++] = (struct http_field){"content-type", slice_text(type)};
    if (x->new_anonymous != NULL)
        all[used++] = exchange_cookie(x, "sy_anon", x->new_anonymous, 0, false);
    if (x->forgets)
        all[used++] = exchange_cookie(x, exchange_cookie_name(x), "", -1, false);
    if (x->wait_ms > 0)
        all[used++] = (struct http_field){
            "retry-after",
            slice_text(arena_format(&x->memory, "%lld", (long long)(x->wait_ms + 999) / 1000))};
    exchange_note(x, status);
    if (x->http != NULL)
        http_respond(x->http, status, all, used, body);
    x->http = NULL;
    exchange_destroy(x);
}

void exchange_finish(struct exchange *x, const struct host_answer *answer,
                     const struct http_field *fields, size_t count)
{
    struct http_field all[FIELDS_MAX_OUT];
    size_t used = 0;

    for (; used < count && used < FIELDS_MAX_OUT - 7; used++)
        all[used] = fields[used];
    if (answer->location != NULL)
        all[used++] = (struct http_field){"location", slice_text(answer->location)};
    if (answer->filename != NULL)
        all[used++] = exchange_disposition(x, "attachment", "csv", slice_text(answer->filename));
    if (answer->version > 0)
        all[used++] = (struct http_field){
            "etag", slice_text(arena_format(&x->memory, "\"%llu\"",
                                            (unsigned long long)answer->version))};
    respond(x, answer->status, answer->type, answer->body, all, used);
}

void exchange_redirect(struct exchange *x, const char *location, const struct http_field *fields,
                       size_t count)
{
    struct host_answer answer = {.status = 303, .location = location, .body = slice_text("")};

    exchange_finish(x, &answer, fields, count);
}

void exchange_offer(struct exchange *x)
{
    if (x->method == HTTP_OPTIONS)
        respond(x, 204, NULL, slice_text(""), NULL, 0);
    else
        exchange_fail(x, 405, "method");
}

void exchange_json(struct exchange *x, int status, struct slice body)
{
    respond(x, status, "application/json", body, NULL, 0);
}

static void put_member(struct buffer *json, const char *name, const char *text)
{
    buffer_text(json, json->len > 1 ? "," : "");
    json_text(json, slice_text(name));
    buffer_text(json, ":");
    json_text(json, slice_text(text));
}

// RFC 9457.
static void fail_program(struct exchange *x, int status, const char *word, const char *detail)
{
    struct buffer json = BUFFER_EMPTY;
    struct slice body;

    buffer_text(&json, "{");
    put_member(&json, "type", arena_format(&x->memory, "urn:shuyuan:problem:%s", word));
    put_member(&json, "title", word);
    if (detail != NULL)
        put_member(&json, "detail", detail);
    put_member(&json, "instance", x->request_id);
    buffer_format(&json, ",\"status\":%d}", status);
    body = arena_slice(&x->memory, buffer_view(&json));
    buffer_finish(&json);
    respond(x, status, "application/problem+json", body, NULL, 0);
}

void exchange_page(struct exchange *x, const char *page, int status, const struct host_datum *data,
                   size_t count)
{
    struct host_answer answer = {0};
    struct err err = {ERR_NONE, ""};

    x->call.app = slice_text("platform");
    x->view.budget = &x->own_budget;
    if (host_page(x->generation->host, &x->view, &x->call, page, status, data, count,
                  &answer, &err)) {
        develop_add(x, &answer);
        exchange_finish(x, &answer, NULL, 0);
        return;
    }
    log_error("a platform page failed", LOG_TEXT("page", page), LOG_TEXT("error", err.text),
              LOG_TEXT("id", x->request_id));
    respond(x, 500, "text/plain; charset=utf-8",
            slice_text(arena_format(&x->memory, "500 %s\n", x->request_id)), NULL, 0);
}

// The page is rendered on a fresh snapshot: what failed may have been this one.
static void fail(struct exchange *x, int status, const char *word, const char *detail)
{
    char number[8];
    struct host_datum data[] = {{"status", number}, {"word", word}, {"id", x->request_id}};
    struct err err;

    if (x->program || x->machine) {
        fail_program(x, status, word, detail);
        return;
    }
    snprintf(number, sizeof number, "%d", status);
    exchange_end(x);
    exchange_take_apps(x);
    x->own_budget = (struct budget){.reads_max = OWN_READS, .writes_max = 0};
    x->txn = store_begin(x->worker->instance.store, STORE_READ, &err);
    if (x->txn == NULL || !instance_view(&x->worker->instance, x->txn, &x->attempt,
                                         &x->own_budget, &x->view, &err)) {
        respond(x, status, "text/plain; charset=utf-8",
                slice_text(arena_format(&x->memory, "%d %s %s\n", status, word, x->request_id)),
                NULL, 0);
        return;
    }
    x->view.who = &x->principal;
    exchange_fill_call(x);
    exchange_page(x, "error", status, data, 3);
}

void exchange_fail(struct exchange *x, int status, const char *word)
{
    fail(x, status, word, NULL);
}

int exchange_status(const struct err *err)
{
    static const int statuses[] = {
        [ERR_NONE] = 500,   [ERR_INPUT] = 400, [ERR_ABSENT] = 404, [ERR_DENIED] = 403,
        [ERR_CONFLICT] = 409, [ERR_LIMIT] = 503, [ERR_FULL] = 507,   [ERR_BUSY] = 503,
        [ERR_IO] = 500,     [ERR_CORRUPT] = 500, [ERR_SCRIPT] = 500, [ERR_UNKNOWN] = 503,
        [ERR_LATE] = 503,
    };

    return statuses[err->code];
}

void exchange_fail_err(struct exchange *x, const struct err *err)
{
    int status = exchange_status(err);

    if (err->code == ERR_SCRIPT)
        x->worker->slot->script_faults++;
    if (err->code == ERR_LIMIT)
        x->worker->slot->script_limits++;
    if (status >= 500)
        log_error("a request failed", LOG_TEXT("id", x->request_id), LOG_SLICE("path", x->path),
                  LOG_TEXT("word", err_word(err->code)), LOG_TEXT("error", err->text));
    if (status >= 500 && x->worker->config->development)
        x->fault = arena_text(&x->memory, slice_text(err->text));
    // What is wrong with the request is for who sent it; everything else is for the log.
    fail(x, status, err_word(err->code), err->code == ERR_INPUT ? err->text : NULL);
}
