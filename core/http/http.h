// SPDX-License-Identifier: Apache-2.0
// The server side of HTTP over libh2o: HTTP/1.1 with a strict head (RFC 9112), HTTP/2, TLS;
// limits on connections, heads, bodies, rates; static files; security headers on every
// answer. Runs in a worker, on sockets that the supervisor opened.
#pragma once

#include "base/clock.h"
#include "base/err.h"
#include "base/id.h"
#include "base/loop.h"
#include "base/mem.h"
#include "config/config.h"

struct http_server;
struct http_request; // lives until http_respond, or until the client is gone

struct http_listener {
    int fd; // listening, non-blocking; stays the caller's
    bool tls, admin;
};

// Called on the loop for each well-formed request that is not a static file.
typedef void http_handler(void *context, struct http_request *request);

struct http_options {
    const struct config *config; // must outlive the server; see http_reconfigure
    const struct http_listener *listeners;
    size_t listener_count;
    http_handler *handle;       // pages and API
    http_handler *handle_admin; // the admin listener: /metrics
    void *context;
    struct clock *clock;
    struct random *random;
};

struct http_server *http_create(const struct http_options *options, struct err *err);
void http_destroy(struct http_server *server);
struct loop *http_loop(struct http_server *server);
// Turns the loop until http_stop; turned() is called at least every 200 ms (the watchdog's beat).
void http_run(struct http_server *server, loop_call *turned, void *context);
void http_stop(struct http_server *server);
// Stops accepting, finishes what runs (HTTP/2: GOAWAY; HTTP/1.1: Connection: close), then
// calls drained; connections left after config.http.drain_ms are closed.
void http_drain(struct http_server *server, loop_call *drained, void *context);
// Takes up reloadable limits and the certificate. On an error the old ones stay.
bool http_reconfigure(struct http_server *server, const struct config *config, struct err *err);

// The request. Slices live as long as the request.
enum http_method { HTTP_GET, HTTP_HEAD, HTTP_POST, HTTP_PUT, HTTP_PATCH, HTTP_DELETE, HTTP_OPTIONS };
enum http_method http_method(const struct http_request *request);
struct slice http_path(const struct http_request *request);  // decoded once, normalised, UTF-8, starts with '/'
struct slice http_query(const struct http_request *request); // raw, without '?'
struct slice http_body(const struct http_request *request);
struct slice http_header(const struct http_request *request, const char *lower_case_name); // absent: data NULL
struct slice http_cookie(const struct http_request *request, const char *name);
struct slice http_address(const struct http_request *request); // the client's, textual
struct slice http_host(const struct http_request *request);    // authority, with port if given
bool http_is_tls(const struct http_request *request);
const char *http_request_id(const struct http_request *request); // 26 characters; also in X-Request-Id
const char *http_nonce(struct http_request *request); // for this answer's Content-Security-Policy
struct arena *http_arena(struct http_request *request); // freed with the request

// gone(context) is called when the client leaves before the answer; then the request must not
// be touched again. Set once, by whoever answers later.
void http_on_gone(struct http_request *request, loop_call *gone, void *context);

struct http_field {
    const char *name; // lower case
    struct slice value;
};
// Answers and ends the request; everything is copied. Security headers, request id, date and
// `cache-control: no-store` (unless given) are added; text bodies over 1 KiB are compressed
// when the client accepts it. HEAD sends no body.
void http_respond(struct http_request *request, int status, const struct http_field *fields,
                  size_t field_count, struct slice body);

// An answer whose body comes in pieces. next asks for one: http_send answers it, once, then or
// later. ended is called exactly once, when all was sent or the client is gone: then the
// request must not be touched again. HEAD asks for no piece.
struct http_source {
    void (*next)(void *context);
    void (*ended)(void *context);
    void *context;
};
void http_respond_source(struct http_request *request, int status, const struct http_field *fields,
                         size_t field_count, uint64_t length, const struct http_source *source);
// The piece stays the caller's, unchanged until next or ended; the last one is known by `length`.
void http_send(struct http_request *request, struct slice piece);
// Closes without the rest: the client sees that something is missing.
void http_break_off(struct http_request *request);

// An answer without an end. Its bytes are shared: one chunk may be on its way in many streams.
struct http_chunk;
struct http_chunk *http_chunk_make(struct slice bytes); // a copy, with one reference
void http_chunk_release(struct http_chunk *chunk);      // accepts NULL
struct slice http_chunk_bytes(const struct http_chunk *chunk);
struct http_stream;
struct http_stream_options {
    struct slice first; // what follows the head at once; not empty; copied
    size_t room;        // bytes that may wait for the client to take them
    loop_call *ended;   // the client is gone, and the stream with it; called from the loop
    void *context;
};
// Not for HEAD. The request ends with it: on HTTP/1.1 its connection is used for nothing else.
struct http_stream *http_respond_stream(struct http_request *request,
                                        const struct http_field *fields, size_t field_count,
                                        const struct http_stream_options *options);
// False when there is no room: nothing is taken, the stream stays as it was.
bool http_stream_send(struct http_stream *stream, struct http_chunk *chunk);
size_t http_stream_waiting(const struct http_stream *stream); // bytes that have not left
void http_stream_close(struct http_stream *stream); // ended is not called any more

// Forms and queries: application/x-www-form-urlencoded, strict UTF-8, at most 1,000 fields.
struct http_param {
    struct slice name, value;
};
bool http_params(struct arena *arena, struct slice encoded, struct http_param **params,
                 size_t *count, struct err *err);

// multipart/form-data. filename data NULL: a text, strict UTF-8; else a file, whose bytes stay
// where they are in body. At most 200 parts. type: the request's content-type.
struct http_part {
    struct slice name, filename, body;
};
bool http_multipart(struct arena *arena, struct slice type, struct slice body,
                    struct http_part **parts, size_t *count, struct err *err);

// What happened since the start, for /metrics.
struct http_stats {
    uint64_t connections_open, connections, requests, refused_heads, refused_connections;
    uint64_t answers[6]; // by first digit of the status
    uint64_t bytes_out, micros; // summed time from head to answer
    uint64_t buckets[12];       // latency histogram: ≤ 1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000 ms, more
};
void http_stats(const struct http_server *server, struct http_stats *stats);
