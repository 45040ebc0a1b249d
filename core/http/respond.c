// SPDX-License-Identifier: Apache-2.0
// Every answer leaves through here, libh2o's own errors included: a filter adds the fields
// that protect the user.
#include <assert.h>
#include <time.h>

#include "base/log.h"
#include "http/method.h"
#include "http/server.h"

enum { COMPRESS_MIN = 1024 };

#define POLICY(script, style)                                                                     \
    "default-src 'self'; script-src 'self'" script "; style-src 'self'" style                     \
    "; img-src 'self' data: blob:; frame-ancestors 'self'; base-uri 'none'; form-action 'self'; " \
    "object-src 'none'"

struct fixed_field {
    h2o_iovec_t name, value;
};

static const struct fixed_field protections[] = {
    {{H2O_STRLIT("x-content-type-options")}, {H2O_STRLIT("nosniff")}},
    {{H2O_STRLIT("referrer-policy")}, {H2O_STRLIT("same-origin")}},
    {{H2O_STRLIT("cross-origin-opener-policy")}, {H2O_STRLIT("same-origin")}},
    {{H2O_STRLIT("cross-origin-resource-policy")}, {H2O_STRLIT("same-origin")}},
    {{H2O_STRLIT("permissions-policy")},
     {H2O_STRLIT("camera=(), microphone=(), geolocation=(), payment=(), usb=()")}},
};
enum { PROTECTION_COUNT = sizeof protections / sizeof *protections };

static const struct fixed_field transport = {{H2O_STRLIT("strict-transport-security")},
                                             {H2O_STRLIT("max-age=31536000")}},
                                no_store = {{H2O_STRLIT("cache-control")},
                                            {H2O_STRLIT("no-store")}},
                                policy = {{H2O_STRLIT("content-security-policy")},
                                          {H2O_STRLIT(POLICY("", ""))}},
                                request_id = {{H2O_STRLIT("x-request-id")}, {NULL, 0}};

// clang-format off
static const struct {
    int status;
    const char *reason;
} reasons[] = {
    {200, "OK"}, {201, "Created"}, {202, "Accepted"}, {204, "No Content"},
    {206, "Partial Content"}, {301, "Moved Permanently"}, {302, "Found"}, {303, "See Other"},
    {304, "Not Modified"}, {307, "Temporary Redirect"}, {308, "Permanent Redirect"},
    {400, "Bad Request"}, {401, "Unauthorized"}, {403, "Forbidden"}, {404, "Not Found"},
    {405, "Method Not Allowed"}, {406, "Not Acceptable"}, {408, "Request Timeout"},
    {409, "Conflict"}, {410, "Gone"}, {411, "Length Required"}, {412, "Precondition Failed"},
    {413, "Content Too Large"}, {414, "URI Too Long"}, {415, "Unsupported Media Type"},
    {416, "Range Not Satisfiable"}, {417, "Expectation Failed"}, {421, "Misdirected Request"},
    {422, "Unprocessable Content"}, {423, "Locked"}, {460, "Checksum Mismatch"},
    {428, "Precondition Required"}, {429, "Too Many Requests"},
    {431, "Request Header Fields Too Large"}, {500, "Internal Server Error"},
    {501, "Not Implemented"}, {502, "Bad Gateway"}, {503, "Service Unavailable"},
    {504, "Gateway Timeout"}, {505, "HTTP Version Not Supported"},
    {507, "Insufficient Storage"},
};
// clang-format on

const char *status_reason(int status)
{
    for (size_t i = 0; i < sizeof reasons / sizeof *reasons; i++)
        if (reasons[i].status == status)
            return reasons[i].reason;
    return "Answer";
}

// ---- the filter ----

// The names above live as long as the program; libh2o only takes them without const.
static void add(h2o_req_t *req, const struct fixed_field *field, h2o_iovec_t value)
{
    h2o_headers_t *headers = &req->res.headers;

    h2o_vector_reserve(&req->pool, headers, headers->size + 1);
    headers->entries[headers->size++] =
        (h2o_header_t){(h2o_iovec_t *)(uintptr_t)&field->name, NULL, value};
}

static h2o_iovec_t policy_of(h2o_req_t *req, const struct http_request *request)
{
    static const char shape[] = POLICY(" 'nonce-%s'", " 'nonce-%s'");
    h2o_iovec_t text;
    size_t room;

    if (request == NULL || request->nonce == NULL)
        return policy.value;
    room = sizeof shape + 2 * strlen(request->nonce);
    text.base = h2o_mem_alloc_pool(&req->pool, room);
    text.len = (size_t)snprintf(text.base, room, shape, request->nonce, request->nonce);
    return text;
}

struct filter {
    h2o_filter_t super;
    struct http_server *server;
};

static void never_proceeds(h2o_generator_t *generator, h2o_req_t *req)
{
    (void)generator;
    (void)req;
}

// Our own answers are known by their generator; libh2o's errors have another one.
static struct http_request *own_request(h2o_req_t *req)
{
    return req->_generator != NULL && (req->_generator->proceed == never_proceeds ||
                                       req->_generator->proceed == source_proceeds ||
                                       req->_generator->proceed == stream_proceeds)
               ? (struct http_request *)req->_generator
               : NULL;
}

static h2o_iovec_t id_of(h2o_req_t *req, struct http_server *server,
                         const struct http_request *request)
{
    struct id id;
    char *text;

    if (request != NULL)
        return h2o_iovec_init(request->id, ID_TEXT_LEN);
    id = id_make(server->options.clock, &server->random);
    text = h2o_mem_alloc_pool(&req->pool, ID_TEXT_LEN + 1);
    id_to_text(&id, text);
    return h2o_iovec_init(text, ID_TEXT_LEN);
}

static void count_answer(struct http_server *server, int status)
{
    server->stats.answers[status / 100 < 6 ? status / 100 : 5]++;
}

void respond_protect(struct http_server *server, h2o_req_t *req,
                     const struct http_request *request)
{
    struct connection *connection = connection_of(req->conn->callbacks->get_socket(req->conn));

    h2o_vector_reserve(&req->pool, &req->res.headers, req->res.headers.size + PROTECTION_COUNT + 4);
    add(req, &request_id, id_of(req, server, request));
    if (request == NULL || !request->has_cache)
        add(req, &no_store, no_store.value);
    if (request == NULL || !request->has_policy)
        add(req, &policy, policy_of(req, request));
    for (size_t i = 0; i < PROTECTION_COUNT; i++)
        add(req, &protections[i], protections[i].value);
    if (request != NULL ? request->tls : connection->tls)
        add(req, &transport, transport.value);
    count_answer(server, req->res.status);
}

static void protect(h2o_filter_t *filter, h2o_req_t *req, h2o_ostream_t **slot)
{
    respond_protect(((struct filter *)filter)->server, req, own_request(req));
    h2o_setup_next_ostream(req, slot);
}

void respond_register(struct http_server *server, h2o_hostconf_t *host)
{
    struct filter *filter =
        (struct filter *)h2o_create_filter(&host->fallback_path, sizeof *filter);

    filter->super.on_setup_ostream = protect;
    filter->server = server;
}

// ---- answers of handlers ----

void respond_begins(struct http_request *request)
{
    request->generator.proceed = never_proceeds;
}

static void measure(struct http_request *request)
{
    static const int64_t most_ms[] = {1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000};
    struct http_server *server = request->connection->server;
    int64_t micros = server_now(server) - request->began_us;
    size_t bucket = 0;

    while (bucket < sizeof most_ms / sizeof *most_ms && micros > most_ms[bucket] * 1000)
        bucket++;
    server->stats.buckets[bucket]++;
    server->stats.micros += (uint64_t)micros;
}

void respond_prepare(struct http_request *request, int status, size_t fields)
{
    h2o_req_t *req = request->req;

    assert(!request->answered && status >= 200 && status <= 599);
    request->answered = true;
    request->connection->sending++;
    req->res.status = status;
    req->res.reason = status_reason(status);
    h2o_vector_reserve(&req->pool, &req->res.headers, fields + PROTECTION_COUNT + 8);
    measure(request);
}

static bool is_ours(const h2o_token_t *token)
{
    return token == H2O_TOKEN_CONTENT_LENGTH || token == H2O_TOKEN_CONNECTION ||
           token == H2O_TOKEN_TRANSFER_ENCODING || token == H2O_TOKEN_DATE ||
           token == H2O_TOKEN_SERVER || token == H2O_TOKEN_UPGRADE;
}

void respond_field(struct http_request *request, const char *name, struct slice value)
{
    h2o_req_t *req = request->req;
    size_t len = strlen(name);
    const h2o_token_t *token = h2o_lookup_token(name, len);
    h2o_iovec_t copy;

    if (!head_token(slice_of(name, len)) || !head_value(value)) {
        log_error("a field that would split the answer was dropped", LOG_TEXT("name", name),
                  LOG_TEXT("request", request->id));
        return;
    }
    if (token != NULL && is_ours(token))
        return;
    copy = h2o_strdup(&req->pool, (const char *)value.data, value.len);
    request->has_cache |= token == H2O_TOKEN_CACHE_CONTROL;
    if (token != NULL) {
        h2o_add_header(&req->pool, &req->res.headers, token, NULL, copy.base, copy.len);
        return;
    }
    request->has_policy |= strcmp(name, "content-security-policy") == 0;
    h2o_add_header_by_str(&req->pool, &req->res.headers, h2o_strdup(&req->pool, name, len).base,
                          len, 0, NULL, copy.base, copy.len);
}

static bool has_no_body(int status)
{
    return status == 204 || status == 304;
}

void respond_start(struct http_request *request, uint64_t length)
{
    h2o_req_t *req = request->req;

    req->res.content_length = has_no_body(req->res.status) ? SIZE_MAX : length;
    if (request->connection->last || request->connection->server->draining)
        req->http1_is_persistent = 0;
    h2o_start_response(req, &request->generator);
}

void respond_send(struct http_request *request, struct slice body)
{
    h2o_req_t *req = request->req;
    h2o_iovec_t bytes = {(char *)(uintptr_t)body.data, body.len};
    bool sends = request->method != HTTP_HEAD && !has_no_body(req->res.status) && body.len > 0;

    respond_start(request, body.len);
    h2o_send(req, &bytes, sends ? 1 : 0, H2O_SEND_STATE_FINAL);
}

static struct slice field_of(const struct http_field *fields, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(fields[i].name, name) == 0)
            return fields[i].value;
    return slice_of(NULL, 0);
}

static bool is_worth_compressing(int status, const struct http_field *fields, size_t count,
                                 struct slice body)
{
    return body.len > COMPRESS_MIN && !has_no_body(status) &&
           field_of(fields, count, "content-encoding").data == NULL &&
           compress_type(field_of(fields, count, "content-type"));
}

void http_respond(struct http_request *request, int status, const struct http_field *fields,
                  size_t field_count, struct slice body)
{
    struct slice packed;

    respond_prepare(request, status, field_count);
    for (size_t i = 0; i < field_count; i++)
        respond_field(request, fields[i].name, fields[i].value);
    if (is_worth_compressing(status, fields, field_count, body)) {
        respond_field(request, "vary", slice_text("accept-encoding"));
        if (compress_body(request, body, &packed)) {
            respond_field(request, "content-encoding", slice_text("gzip"));
            respond_send(request, packed);
            return;
        }
    }
    if (body.len > 0 && request->method != HTTP_HEAD)
        body.data =
            (const uint8_t *)h2o_strdup(&request->req->pool, (const char *)body.data, body.len)
                .base;
    respond_send(request, body);
}

// ---- answers without a handler: in plain words, with the id to ask about ----

enum { PROBLEM_MAX = 256 };

// What is refused before anybody has looked at it: RFC 9457 for programs, a line for people.
// Gives the media type.
static const char *put_problem(bool program, int status, const char *id, char text[PROBLEM_MAX])
{
    const char *reason = status_reason(status);

    if (program) {
        snprintf(text, PROBLEM_MAX,
                 "{\"type\":\"about:blank\",\"title\":\"%s\",\"status\":%d,\"instance\":\"%s\"}",
                 reason, status, id);
        return "application/problem+json";
    }
    snprintf(text, PROBLEM_MAX, "%d %s\nRequest %s\n", status, reason, id);
    return "text/plain; charset=utf-8";
}

static bool is_of_programs(struct slice target)
{
    return slice_starts(target, slice_text("/api/"));
}

void respond_problem(struct http_request *request, int status)
{
    char text[PROBLEM_MAX];
    h2o_iovec_t path = request->req->input.path;
    const char *type = put_problem(is_of_programs(slice_of(path.base, path.len)), status,
                                   request->id, text);
    size_t len = strlen(text);

    log_info("refused", LOG_TEXT("id", request->id), LOG_INT("status", status));
    respond_prepare(request, status, 2);
    if (status == 405 || status == 501 || status == 204)
        respond_field(request, "allow", slice_text(METHODS_ALLOWED));
    if (!has_no_body(status))
        respond_field(request, "content-type", slice_text(type));
    respond_send(request, slice_of(h2o_strdup(&request->req->pool, text, len).base, len));
}

static void put_field(struct buffer *out, const struct fixed_field *field)
{
    buffer_format(out, "%s: %s\r\n", field->name.base, field->value.base);
}

// The target as it stands in the raw head, as far as it has come.
static struct slice raw_target(const struct connection *connection)
{
    const h2o_buffer_t *input = connection->sock->input;
    const char *space = input->size > 0 ? memchr(input->bytes, ' ', input->size) : NULL;

    return space != NULL ? slice_of(space + 1, (size_t)(input->bytes + input->size - space - 1))
                         : slice_of("", 0);
}

void respond_raw(struct connection *connection, int status, const char *id, struct buffer *out)
{
    struct http_server *server = connection->server;
    char body[PROBLEM_MAX], date[40];
    const char *type = put_problem(is_of_programs(raw_target(connection)), status, id, body);
    time_t now = (time_t)(clock_wall_ms(server->options.clock) / 1000);
    struct tm parts;

    gmtime_r(&now, &parts);
    strftime(date, sizeof date, "%a, %d %b %Y %H:%M:%S GMT", &parts);
    buffer_format(out,
                  "HTTP/1.1 %d %s\r\nDate: %s\r\nConnection: close\r\nServer: shuyuan\r\n"
                  "content-type: %s\r\nContent-Length: %zu\r\nx-request-id: %s\r\n",
                  status, status_reason(status), date, type, strlen(body), id);
    if (status == 405 || status == 501)
        buffer_text(out, "allow: " METHODS_ALLOWED "\r\n");
    put_field(out, &no_store);
    put_field(out, &policy);
    for (size_t i = 0; i < PROTECTION_COUNT; i++)
        put_field(out, &protections[i]);
    if (connection->tls)
        put_field(out, &transport);
    buffer_text(out, "\r\n");
    buffer_text(out, body);
    count_answer(server, status);
}
