// SPDX-License-Identifier: Apache-2.0
#include "net/fetch.h"

#include <stdio.h>

const char *fetch_word(enum fetch_outcome outcome)
{
    static const char *const words[FETCH_OUTCOMES] = {
        "done",     "timeout",   "unreachable", "certificate", "address",
        "redirect", "too_large", "unavailable", "busy",        "refused"};

    return words[outcome];
}

static bool is_among(struct slice text, const char *const *list)
{
    while (*list != NULL && !slice_is(text, *list))
        list++;
    return *list != NULL;
}

static bool check_method(const struct fetch_request *request, struct err *err)
{
    static const char *const known[] = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", NULL};

    if (!is_among(request->method, known))
        return err_set(err, ERR_INPUT, "the method is one of GET, HEAD, POST, PUT, PATCH, DELETE");
    if (request->body.data != NULL &&
        (slice_is(request->method, "GET") || slice_is(request->method, "HEAD")))
        return err_set(err, ERR_INPUT, "a %.*s has no body", (int)request->method.len,
                       (const char *)request->method.data);
    return true;
}

// What describes the request, not the connection: framing, host, cookies and proxies are ours.
static bool is_allowed_name(struct slice name)
{
    static const char *const known[] = {
        "accept",          "accept-language", "apikey",        "authorization",
        "content-digest",  "content-type",    "date",          "digest",
        "idempotency-key", "if-match",        "if-none-match", "if-modified-since",
        "prefer",          "range",           "signature",     "signature-input",
        "user-agent",      NULL};

    if (!slice_starts(name, slice_text("x-")) || name.len == 2)
        return is_among(name, known);
    for (size_t i = 0; i < name.len; i++)
        if ((name.data[i] < 'a' || name.data[i] > 'z') && name.data[i] != '-' &&
            (name.data[i] < '0' || name.data[i] > '9'))
            return false;
    return !slice_starts(name, slice_text("x-forwarded")) && !slice_is(name, "x-real-ip");
}

static bool is_allowed_value(struct slice value)
{
    for (size_t i = 0; i < value.len; i++)
        if (value.data[i] < 0x20 || value.data[i] >= 0x7f)
            return false;
    return true;
}

static bool check_fields(const struct fetch_request *request, struct err *err)
{
    size_t bytes = 0;

    if (request->field_count > FETCH_FIELDS_MAX)
        return err_set(err, ERR_INPUT, "at most %d headers", FETCH_FIELDS_MAX);
    for (size_t i = 0; i < request->field_count; i++) {
        const struct fetch_field *field = &request->fields[i];

        if (!is_allowed_name(field->name))
            return err_set(err, ERR_INPUT,
                           "the header '%.*s' cannot be set: those of the connection, the host and "
                           "cookies are not an application's; own ones begin with x-",
                           (int)(field->name.len < 40 ? field->name.len : 40),
                           (const char *)field->name.data);
        if (!is_allowed_value(field->value))
            return err_set(err, ERR_INPUT, "the header '%.*s' is not one line of visible ASCII",
                           (int)field->name.len, (const char *)field->name.data);
        bytes += field->name.len + field->value.len;
    }
    return bytes <= FETCH_HEAD_MAX ||
           err_set(err, ERR_INPUT, "headers have at most %d bytes together", FETCH_HEAD_MAX);
}

bool fetch_check_url(const struct url *url, const struct fetch_rules *rules, struct err *err)
{
    if (!url->tls && !rules->plain_http)
        return err_set(err, ERR_INPUT, "only https is spoken; the key outbound.plain_http allows http");
    if (!url_fits(url, rules->hosts))
        return err_set(err, ERR_DENIED,
                       "app.yaml does not ask for %s, port %u: add it to asks.http", url->host,
                       url->port);
    return true;
}

bool fetch_check(struct arena *arena, const struct fetch_request *request,
                 const struct fetch_rules *rules, struct url *url, struct err *err)
{
    if (!check_method(request, err) || !check_fields(request, err))
        return false;
    if (request->body.len > rules->body_max)
        return err_set(err, ERR_INPUT, "a body has at most %zu bytes (outbound.body_bytes)",
                       rules->body_max);
    return url_parse(arena, request->url, url, err) && fetch_check_url(url, rules, err);
}

// Frames -----------------------------------------------------------------------------------

static void put_fields(struct buffer *buffer, const struct fetch_field *fields, size_t count)
{
    buffer_u16(buffer, (uint16_t)count);
    for (size_t i = 0; i < count; i++) {
        buffer_sized(buffer, fields[i].name);
        buffer_sized(buffer, fields[i].value);
    }
}

static bool read_fields(struct arena *arena, struct reader *reader, size_t most,
                        struct fetch_field **fields, size_t *count)
{
    *count = read_u16(reader);
    if (reader->failed || *count > most)
        return false;
    *fields = arena_alloc(arena, (*count + 1) * sizeof **fields);
    for (size_t i = 0; i < *count; i++) {
        (*fields)[i].name = read_sized(reader);
        (*fields)[i].value = read_sized(reader);
    }
    return !reader->failed;
}

void fetch_put_request(struct buffer *buffer, const struct fetch_request *request)
{
    buffer_sized(buffer, request->app);
    buffer_bytes(buffer, request->org.bytes, ID_LEN);
    buffer_sized(buffer, request->method);
    buffer_sized(buffer, request->url);
    buffer_u32(buffer, request->timeout_ms);
    buffer_u8(buffer, request->body.data != NULL);
    buffer_sized(buffer, request->body);
    put_fields(buffer, request->fields, request->field_count);
}

bool fetch_read_request(struct arena *arena, struct slice payload, struct fetch_request *request)
{
    struct reader reader = reader_of(payload);
    struct fetch_field *fields = NULL;
    struct slice org;
    bool has_body;

    *request = (struct fetch_request){.app = read_sized(&reader)};
    org = read_bytes(&reader, ID_LEN);
    request->method = read_sized(&reader);
    request->url = read_sized(&reader);
    request->timeout_ms = read_u32(&reader);
    has_body = read_u8(&reader) != 0;
    request->body = read_sized(&reader);
    if (!read_fields(arena, &reader, FETCH_FIELDS_MAX, &fields, &request->field_count) ||
        reader_left(&reader) != 0)
        return false;
    memcpy(request->org.bytes, org.data, ID_LEN);
    request->fields = fields;
    if (!has_body)
        request->body = (struct slice){NULL, 0};
    return true;
}

void fetch_put_answer(struct buffer *buffer, const struct fetch_answer *answer)
{
    buffer_u8(buffer, (uint8_t)answer->outcome);
    buffer_sized(buffer, answer->problem);
    buffer_u16(buffer, (uint16_t)answer->status);
    buffer_sized(buffer, answer->body);
    put_fields(buffer, answer->fields, answer->field_count);
}

bool fetch_read_answer(struct arena *arena, struct slice payload, struct fetch_answer *answer)
{
    struct reader reader = reader_of(payload);
    unsigned outcome = read_u8(&reader);

    *answer = (struct fetch_answer){.outcome = outcome, .problem = read_sized(&reader)};
    answer->status = read_u16(&reader);
    answer->body = read_sized(&reader);
    return outcome < FETCH_OUTCOMES &&
           read_fields(arena, &reader, FETCH_ANSWER_FIELDS_MAX, &answer->fields,
                       &answer->field_count) &&
           reader_left(&reader) == 0;
}
