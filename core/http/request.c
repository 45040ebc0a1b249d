// SPDX-License-Identifier: Apache-2.0
// A request as its handler sees it.
#include <arpa/inet.h>

#include "crypto/crypto.h"
#include "http/method.h"
#include "http/path.h"
#include "http/server.h"

struct entry { // libh2o's handler, with our server behind it
    h2o_handler_t super;
    struct http_server *server;
};

static struct slice slice_from(h2o_iovec_t bytes)
{
    return slice_of(bytes.base, bytes.len);
}

// ---- what must hold before a handler sees it ----

static bool is_forwarded_tls(const struct http_request *request)
{
    return request->connection->loopback && request->connection->server->config->proxy_trusted &&
           slice_is(http_header(request, "x-forwarded-proto"), "https");
}

static bool is_address(struct slice text)
{
    char copy[ADDRESS_TEXT];
    uint8_t bytes[16];

    if (text.len == 0 || text.len >= sizeof copy)
        return false;
    memcpy(copy, text.data, text.len);
    copy[text.len] = 0;
    return inet_pton(AF_INET, copy, bytes) == 1 || inet_pton(AF_INET6, copy, bytes) == 1;
}

// The last address is the one that the trusted proxy itself has seen.
static struct slice forwarded_address(const struct http_request *request)
{
    struct slice all = {NULL, 0};
    size_t from;
    const h2o_headers_t *headers = &request->req->headers;

    for (size_t i = 0; i < headers->size; i++)
        if (slice_is(slice_from(*headers->entries[i].name), "x-forwarded-for"))
            all = slice_from(headers->entries[i].value);
    for (from = all.len; from > 0 && all.data[from - 1] != ',' && all.data[from - 1] != ' ';)
        from--;
    return slice_of(all.data + from, all.len - from);
}

static struct slice client_address(const struct http_request *request)
{
    struct connection *connection = request->connection;

    if (connection->loopback && connection->server->config->proxy_trusted) {
        struct slice forwarded = forwarded_address(request);

        if (is_address(forwarded))
            return forwarded;
    }
    return slice_text(connection->peer);
}

// libh2o has no limit of its own on the fields of HTTP/2, and checks no value of a pseudo-field.
static int check_http2(const struct http_request *request, struct slice target)
{
    const struct config *config = request->connection->server->config;
    const h2o_req_t *req = request->req;
    size_t bytes = target.len;

    if (req->headers.size > (size_t)config->http.head_fields)
        return 431;
    for (size_t i = 0; i < req->headers.size; i++) {
        const h2o_header_t *header = &req->headers.entries[i];

        bytes += header->name->len + header->value.len;
        if (!head_token(slice_from(*header->name)) || !head_value(slice_from(header->value)))
            return 400;
    }
    for (size_t i = 0; i < target.len; i++)
        if (target.data[i] <= 0x20 || target.data[i] >= 0x7f || target.data[i] == '#')
            return 400;
    if (bytes > (size_t)config->http.head_bytes)
        return 431;
    return req->input.scheme == &H2O_URL_SCHEME_HTTPS && head_authority(request->host) ? 200 : 400;
}

// Of these a second one would be read by one reader and not by the other.
static bool has_doubled_field(const struct http_request *request)
{
    static const char *const single[] = {"authorization", "content-type", "origin",
                                         "idempotency-key", "if-match"};
    const h2o_headers_t *headers = &request->req->headers;

    for (size_t s = 0; s < sizeof single / sizeof *single; s++) {
        int seen = 0;

        for (size_t i = 0; i < headers->size; i++)
            seen += slice_is(slice_from(*headers->entries[i].name), single[s]);
        if (seen > 1)
            return true;
    }
    return false;
}

static int check_target(struct http_request *request)
{
    struct slice target = slice_from(request->req->input.path), authority, path;

    if (request->method == HTTP_OPTIONS && slice_is(target, "*"))
        return 204;
    if (request->connection->frames == NULL && head_absolute(target, &authority, &path))
        target = path.len == 0 ? slice_text("/") : path;
    return path_decode(&request->arena, target, &request->path, &request->query) ? 200 : 400;
}

static int check(struct http_request *request)
{
    h2o_req_t *req = request->req;
    struct connection *connection = request->connection;
    int status = method_known(slice_from(req->input.method), &request->method);

    if (connection->frames == NULL && connection->phase != PHASE_BODY)
        return 400; // a head that the gate has not passed
    if (status == 200 && connection->frames != NULL)
        status = check_http2(request, slice_from(req->input.path));
    if (status == 200 && has_doubled_field(request))
        status = 400;
    if (status == 200 && http_header(request, "content-encoding").data != NULL)
        status = 415; // a body that unpacks to any size
    return status == 200 ? check_target(request) : status;
}

// ---- begin and end ----

static uint32_t stream_of(h2o_req_t *req)
{
    h2o_iovec_t text = req->conn->callbacks->log_.http2.stream_id(req);
    uint32_t stream = 0;

    for (size_t i = 0; i < text.len; i++)
        stream = stream * 10 + (uint32_t)(text.base[i] - '0');
    return stream;
}

static void keep_arena(struct http_server *server, struct arena *arena)
{
    if (arena->block == NULL)
        return;
    arena_reset(arena);
    if (server->spare_arena.block == NULL)
        server->spare_arena = *arena;
    else
        arena_finish(arena);
}

// libh2o is about to free the request: it was answered, or its client has gone.
static void on_dispose(void *data)
{
    struct http_request *request = data;
    struct connection *connection = request->connection;
    struct http_server *server = connection->server;

    connection->open--;
    if (request->answered) {
        connection->sending -= request->live == NULL;
        connection->sent_us = 0;
        server->stats.bytes_out += request->req->bytes_sent;
    } else if (request->gone != NULL) {
        request->gone(request->gone_context);
    }
    if (request->source.ended != NULL)
        request->source.ended(request->source.context);
    if (request->live != NULL)
        stream_lost(request->live);
    keep_arena(server, &request->arena);
    if (connection->frames == NULL) {
        gate_next(connection, request->req->http1_is_persistent);
        return;
    }
    if (request->stream != 0)
        frames_release(connection->frames, request->stream);
    if (connection->phase == PHASE_HTTP2)
        connection_phase(connection, PHASE_HTTP2);
    gate_touch(connection);
}

static struct http_request *begin(struct http_server *server, h2o_req_t *req)
{
    struct http_request *request = h2o_mem_alloc_shared(&req->pool, sizeof *request, on_dispose);
    struct connection *connection = connection_of(req->conn->callbacks->get_socket(req->conn));
    struct id id = id_make(server->options.clock, &server->random);

    *request = (struct http_request){.req = req, .connection = connection};
    id_to_text(&id, request->id);
    request->began_us = server_now(server);
    request->arena = server->spare_arena;
    server->spare_arena = ARENA_EMPTY;
    if (req->input.authority.base != req->hostconf->authority.hostport.base)
        request->host = slice_from(req->input.authority);
    else
        request->host = slice_of("", 0); // HTTP/1.0 without one: libh2o put a name of its own
    request->tls = connection->tls || is_forwarded_tls(request);
    request->address = client_address(request);
    if (connection->frames != NULL && req->entity.base != NULL)
        request->stream = stream_of(req);
    connection->open++;
    server->stats.requests++;
    if (++connection->requests >= (uint64_t)server->config->http.requests_per_connection)
        connection->last = true;
    return request;
}

static int request_take(h2o_handler_t *handler, h2o_req_t *req)
{
    struct http_server *server = ((struct entry *)handler)->server;
    struct http_request *request = begin(server, req);
    struct connection *connection = request->connection;
    int status = check(request);

    connection_phase(connection, connection->frames != NULL ? PHASE_HTTP2 : PHASE_BUSY);
    respond_begins(request);
    if (status != 200) {
        server->stats.refused_heads++;
        if (status == 400)
            connection->last = true;
        respond_problem(request, status);
    } else if (connection->admin) {
        server->options.handle_admin(server->options.context, request);
    } else if (!static_serve(server->files, request)) {
        server->options.handle(server->options.context, request);
    }
    return 0;
}

void request_register(struct http_server *server, h2o_hostconf_t *host)
{
    struct entry *entry = (struct entry *)h2o_create_handler(&host->fallback_path, sizeof *entry);

    entry->super.on_req = request_take;
    entry->server = server;
}

// ---- what a handler may ask ----

enum http_method http_method(const struct http_request *request)
{
    return request->method;
}

struct slice http_path(const struct http_request *request)
{
    return request->path;
}

struct slice http_query(const struct http_request *request)
{
    return request->query;
}

struct slice http_body(const struct http_request *request)
{
    h2o_iovec_t body = request->req->entity;

    return body.base != NULL ? slice_from(body) : slice_of("", 0);
}

struct slice http_header(const struct http_request *request, const char *lower_case_name)
{
    const h2o_headers_t *headers = &request->req->headers;
    size_t len = strlen(lower_case_name);

    for (size_t i = 0; i < headers->size; i++) {
        const h2o_header_t *header = &headers->entries[i];

        if (header->name->len == len && memcmp(header->name->base, lower_case_name, len) == 0)
            return header->value.base != NULL ? slice_from(header->value) : slice_of("", 0);
    }
    if (strcmp(lower_case_name, "host") == 0 && request->host.len > 0)
        return request->host;
    return slice_of(NULL, 0);
}

// name in "a=1; b=2"; data NULL when it is not there.
static struct slice cookie_in(struct slice field, struct slice name)
{
    size_t at = 0, end;

    for (; at < field.len; at = end + 1) {
        const uint8_t *semicolon = memchr(field.data + at, ';', field.len - at);

        end = semicolon != NULL ? (size_t)(semicolon - field.data) : field.len;
        while (at < end && field.data[at] == ' ')
            at++;
        if (end - at > name.len && field.data[at + name.len] == '=' &&
            memcmp(field.data + at, name.data, name.len) == 0)
            return slice_of(field.data + at + name.len + 1, end - at - name.len - 1);
    }
    return slice_of(NULL, 0);
}

struct slice http_cookie(const struct http_request *request, const char *name)
{
    const h2o_headers_t *headers = &request->req->headers;
    struct slice value = {NULL, 0};

    // HTTP/2 may bring several fields (RFC 9113 section 8.2.3)
    for (size_t i = 0; i < headers->size && value.data == NULL; i++)
        if (headers->entries[i].name == &H2O_TOKEN_COOKIE->buf)
            value = cookie_in(slice_from(headers->entries[i].value), slice_text(name));
    return value;
}

struct slice http_address(const struct http_request *request)
{
    return request->address;
}

struct slice http_host(const struct http_request *request)
{
    return request->host;
}

bool http_is_tls(const struct http_request *request)
{
    return request->tls;
}

const char *http_request_id(const struct http_request *request)
{
    return request->id;
}

const char *http_nonce(struct http_request *request)
{
    uint8_t bytes[18];

    if (request->nonce == NULL) {
        random_fill(&request->connection->server->random, bytes, sizeof bytes);
        request->nonce = base64url(&request->arena, slice_of(bytes, sizeof bytes));
    }
    return request->nonce;
}

struct arena *http_arena(struct http_request *request)
{
    return &request->arena;
}

void http_on_gone(struct http_request *request, loop_call *gone, void *context)
{
    request->gone = gone;
    request->gone_context = context;
}
