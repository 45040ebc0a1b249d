// SPDX-License-Identifier: Apache-2.0
// What the files of this folder share. libh2o is called from this folder and nowhere else.
//
// libh2o 2.2.5 parses, frames and schedules. What it lacks stands around it: gate.c looks at
// all bytes before libh2o does (a socket's read callback is a public field, which ours
// replaces), sweep.c keeps every deadline on the monotonic clock (libh2o's own timers follow
// the wall clock; those of HTTP/1.1 are set to practically never), respond.c writes every
// answer.
#pragma once

#include <h2o.h>
#include <h2o/http1.h>
#include <h2o/http2.h>

#include "base/buffer.h"
#include "base/loop.h"
#include "http/frames.h"
#include "http/head.h"
#include "http/http.h"
#include "http/timers.h"

enum phase {
    PHASE_HANDSHAKE, // TLS
    PHASE_IDLE,      // nothing of a next request has come
    PHASE_HEAD,      // a part of a head has come
    PHASE_BODY,      // the head was fine, the body is not complete
    PHASE_BUSY,      // a request is with the handler, or its answer is being sent
    PHASE_HTTP2,     // all of HTTP/2
    PHASE_REFUSING,  // our own short answer is being written
    PHASE_LINGER,    // answered and half closed; what still comes is thrown away
    PHASE_CLOSING,
};

struct listener {
    struct http_server *server;
    h2o_socket_t *sock;
    bool tls, admin;
};

struct address { // a client address (IPv6: its /64) that has connections
    struct address *next;
    uint64_t key[2];
    int64_t count;
    h2o_linklist_t waiting;
};

enum { ADDRESS_BUCKETS = 4096, ADDRESS_TEXT = 46 };

// Hangs on its socket's on_close and lives as long as the socket.
struct connection {
    struct http_server *server;
    h2o_socket_t *sock;
    h2o_socket_cb inner; // libh2o's read callback, behind ours; NULL before there is one
    struct address *address;
    h2o_linklist_t all, waiting, waiting_of_address, touched;
    char peer[ADDRESS_TEXT];
    bool tls, admin, loopback;
    bool held, closed; // held: somebody up the stack still needs the struct
    bool last;         // no request after this one
    enum phase phase;
    int64_t since_us; // of the phase; HTTP/2: of the last new stream
    size_t scanned;   // bytes of an incomplete head in which no end was found
    size_t head_len;  // of the current request
    uint64_t body_len, requests;
    int refusal;             // status with which a pipelined request will be refused
    unsigned open, sending;  // requests begun; of these answered, but not sent
    int64_t sent_us, got_us; // when the progress of sending and receiving was last measured
    uint64_t sent_bytes, got_bytes;
    uint64_t lingered;
    struct frames *frames; // HTTP/2 only
    struct buffer answer;  // of a refusal, while it is being written
    struct http_stream *stream; // that takes the socket once its head has left
};

struct http_request {
    h2o_generator_t generator; // first: by it the filter knows our answers from libh2o's
    h2o_req_t *req;
    struct connection *connection;
    enum http_method method;
    struct slice path, query, host, address;
    char id[ID_TEXT_LEN + 1];
    const char *nonce; // NULL until asked for
    bool tls, answered, has_cache, has_policy;
    int64_t began_us;
    uint32_t stream; // HTTP/2 with a body
    struct arena arena;
    loop_call *gone;
    void *gone_context;
    struct http_source source; // of an answer in pieces
    uint64_t left;             // bytes of it that have not been handed to libh2o
    struct http_stream *live;  // HTTP/2: an answer without an end
};

struct static_files;
struct compressor;

struct http_server {
    struct loop loop;     // first: http_loop gives it out
    struct random random; // hands out what was drawn in one go
    struct http_options options;
    const struct config *config;
    struct ssl_ctx_st *tls;
    h2o_globalconf_t global;
    h2o_context_t context;
    h2o_accept_ctx_t accept;
    struct timers timers;
    struct listener *listeners;
    struct address *addresses[ADDRESS_BUCKETS];
    uint64_t address_seed;
    h2o_linklist_t connections, waiting, touched;
    h2o_linklist_t streams; // whose sockets are no connections any more
    struct loop_timer *sweep, *resume, *drain_limit;
    int spare_fd;
    int64_t reserved_fds, connections_max; // the latter by configuration and by descriptors
    uint64_t held_bytes;                   // of requests that are not complete, at the last sweep
    bool stopped, draining;
    loop_call *drained;
    void *drained_context;
    struct static_files *files;
    struct compressor *compressor;
    struct http_stats stats;
    struct arena spare_arena;
    uint8_t drawn[512];
    size_t drawn_left;
};

static inline int64_t server_now(struct http_server *server)
{
    return clock_mono_us(server->options.clock);
}

// server.c
void server_connection_ended(struct http_server *server);

// loop.c
void loop_init(struct http_server *server);

// accept.c
void accept_start(struct http_server *server);
void accept_stop(struct http_server *server);
void accept_resume(struct http_server *server);                     // there is room again
int64_t accept_reserve(void); // descriptors for everything but connections
int64_t accept_room(const struct http_server *server); // connections we can hold
void address_leave(struct http_server *server, struct address *address);

// connection.c
void connection_begin(struct connection *connection, int fd);
// Frees it, while its socket goes on; the address goes with the socket.
struct address *connection_give_up(struct connection *connection);
void connection_close(struct connection *connection);  // may free it, unless it is held
void connection_let_go(struct connection *connection); // ends held
void connection_phase(struct connection *connection, enum phase phase);
// Answers with a short text of ours and closes, before libh2o has seen the request.
void connection_refuse(struct connection *connection, int status, const char *reason);
static inline struct connection *connection_of(h2o_socket_t *sock)
{
    return sock->on_close.data;
}

// gate.c
void gate_open(struct connection *connection); // the handshake, if any, is done
void gate_read(h2o_socket_t *sock, const char *reason);
void gate_next(struct connection *connection, bool persistent); // HTTP/1.1: a request is over
void gate_touch(struct connection *connection);
void gate_after_turn(struct http_server *server);

// sweep.c
void sweep_start(struct http_server *server);

// request.c
void request_register(struct http_server *server, h2o_hostconf_t *host);

// respond.c
void respond_register(struct http_server *server, h2o_hostconf_t *host);
void respond_begins(struct http_request *request);
const char *status_reason(int status);
// An answer in steps: prepare, fields, send. Fields are copied, the body is not.
void respond_prepare(struct http_request *request, int status, size_t fields);
void respond_field(struct http_request *request, const char *name, struct slice value);
void respond_send(struct http_request *request, struct slice body);
void respond_problem(struct http_request *request, int status);
// A whole answer as bytes, for a connection whose request libh2o never saw.
void respond_raw(struct connection *connection, int status, const char *id, struct buffer *out);

void respond_start(struct http_request *request, uint64_t length);
// Adds the fields that protect the user. request NULL: an answer of libh2o's own.
void respond_protect(struct http_server *server, h2o_req_t *req,
                     const struct http_request *request);

// stream.c
void stream_proceeds(h2o_generator_t *generator, h2o_req_t *req);
void stream_lost(struct http_stream *stream); // its connection went before its head had left
void streams_close(struct http_server *server); // those that have a socket

// source.c
void source_proceeds(h2o_generator_t *generator, h2o_req_t *req);

// static.c
struct static_files *static_read(const char *folder, struct err *err);
void static_destroy(struct static_files *files);
bool static_serve(const struct static_files *files, struct http_request *request);

// compress.c
struct compressor *compressor_create(void);
void compressor_destroy(struct compressor *compressor);
int accepted_quality(struct slice accept, const char *coding); // thousandths
bool compress_type(struct slice type);
// gzip into the request's memory; false when not accepted, or when it does not get smaller.
bool compress_body(struct http_request *request, struct slice body, struct slice *packed);
