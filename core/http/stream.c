// SPDX-License-Identifier: Apache-2.0
// Answers without an end. Of HTTP/1.1 libh2o keeps some 9 KB for an answer under way, and does
// not notice that its client leaves: so the socket is taken from it once the head has left, as
// if for another protocol, and read only to see its end. HTTP/2 streams cannot be taken; there
// libh2o asks for each piece, as in source.c.
//
// Lifetime: a stream lives until its socket (HTTP/2: its request) is gone, which is later than
// http_stream_close.
#include <assert.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "http/server.h"

enum { PIECES_MAX = 16 }; // handed over at once

struct http_chunk {
    uint32_t refs;
    size_t len;
    uint8_t bytes[];
};

struct piece {
    struct piece *next;
    struct http_chunk *chunk;
};

struct http_stream {
    h2o_linklist_t all; // of HTTP/1.1, once its socket is ours
    struct http_server *server;
    struct address *address;       // which the connection counts for
    h2o_socket_t *sock;            // HTTP/1.1; NULL until its head has left
    struct http_request *request;  // HTTP/2
    struct piece *first, **last;
    uint32_t waiting, room; // bytes that have not left; at most
    uint16_t flying;        // pieces from the first on that are being written
    bool busy, closing;
    loop_call *ended;
    void *context;
};

struct http_chunk *http_chunk_make(struct slice bytes)
{
    struct http_chunk *chunk = mem_zero(sizeof *chunk + bytes.len);

    chunk->refs = 1;
    chunk->len = bytes.len;
    memcpy(chunk->bytes, bytes.data, bytes.len);
    return chunk;
}

void http_chunk_release(struct http_chunk *chunk)
{
    if (chunk != NULL && --chunk->refs == 0)
        free(chunk);
}

struct slice http_chunk_bytes(const struct http_chunk *chunk)
{
    return slice_of(chunk->bytes, chunk->len);
}

static void drop_first(struct http_stream *stream)
{
    struct piece *piece = stream->first;

    stream->first = piece->next;
    if (stream->first == NULL)
        stream->last = &stream->first;
    stream->waiting -= (uint32_t)piece->chunk->len;
    http_chunk_release(piece->chunk);
    free(piece);
}

static void landed(struct http_stream *stream)
{
    for (; stream->flying > 0; stream->flying--)
        drop_first(stream);
    stream->busy = false;
}

static void destroy(struct http_stream *stream)
{
    while (stream->first != NULL)
        drop_first(stream);
    if (stream->ended != NULL)
        stream->ended(stream->context);
    free(stream);
}

void stream_lost(struct http_stream *stream)
{
    destroy(stream);
}

// Writing -----------------------------------------------------------------------------------

static void on_written(h2o_socket_t *sock, const char *reason);

static void flush(struct http_stream *stream)
{
    h2o_iovec_t pieces[PIECES_MAX];
    size_t count = 0;

    if (stream->busy || stream->closing || stream->first == NULL ||
        (stream->sock == NULL && stream->request == NULL))
        return;
    for (struct piece *piece = stream->first; piece != NULL && count < PIECES_MAX;
         piece = piece->next)
        pieces[count++] = h2o_iovec_init(piece->chunk->bytes, piece->chunk->len);
    stream->flying = (uint16_t)count;
    stream->busy = true;
    if (stream->sock != NULL)
        h2o_socket_write(stream->sock, pieces, count, on_written);
    else
        h2o_send(stream->request->req, pieces, count, H2O_SEND_STATE_IN_PROGRESS);
}

static void on_written(h2o_socket_t *sock, const char *reason)
{
    struct http_stream *stream = sock->data;

    landed(stream);
    if (reason != NULL) {
        stream->closing = true;
        h2o_socket_close(sock);
        return;
    }
    flush(stream);
}

static void end_http2(struct http_stream *stream)
{
    stream->busy = true;
    h2o_send(stream->request->req, NULL, 0, H2O_SEND_STATE_FINAL);
}

void stream_proceeds(h2o_generator_t *generator, h2o_req_t *req)
{
    struct http_stream *stream = ((struct http_request *)generator)->live;

    (void)req;
    landed(stream);
    if (stream->closing)
        end_http2(stream);
    else
        flush(stream);
}

bool http_stream_send(struct http_stream *stream, struct http_chunk *chunk)
{
    struct piece *piece;

    if (stream->closing || stream->waiting + chunk->len > stream->room)
        return false;
    piece = mem_zero(sizeof *piece);
    piece->chunk = chunk;
    chunk->refs++;
    *stream->last = piece;
    stream->last = &piece->next;
    stream->waiting += (uint32_t)chunk->len;
    flush(stream);
    return true;
}

size_t http_stream_waiting(const struct http_stream *stream)
{
    return stream->waiting;
}

void http_stream_close(struct http_stream *stream)
{
    stream->ended = NULL;
    if (stream->closing)
        return;
    stream->closing = true;
    if (stream->sock != NULL)
        h2o_socket_close(stream->sock);
    else if (stream->request != NULL && !stream->busy)
        end_http2(stream);
}

// HTTP/1.1: taking the socket -----------------------------------------------------------------

static void on_close(void *data)
{
    struct http_stream *stream = data;
    struct http_server *server = stream->server;

    h2o_linklist_unlink(&stream->all);
    if (stream->address != NULL)
        address_leave(server, stream->address);
    destroy(stream);
    server_connection_ended(server);
}

// A client has nothing to say here; what it says all the same is thrown away.
static void on_read(h2o_socket_t *sock, const char *reason)
{
    struct http_stream *stream = sock->data;

    h2o_buffer_consume(&sock->input, sock->input->size);
    if (reason == NULL)
        return;
    stream->closing = true;
    h2o_socket_close(sock);
}

static void take_socket(struct http_stream *stream, h2o_socket_t *sock)
{
    int size = (int)stream->room;

    // what the kernel holds for a slow reader is bounded too
    setsockopt(h2o_socket_get_fd(sock), SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
    stream->address = connection_give_up(connection_of(sock));
    stream->sock = sock;
    sock->data = stream;
    sock->on_close.cb = on_close;
    sock->on_close.data = stream;
    h2o_linklist_insert(&stream->server->streams, &stream->all);
    h2o_buffer_dispose(&sock->input);
    h2o_buffer_init(&sock->input, &h2o_socket_buffer_prototype);
    h2o_socket_read_start(sock, on_read);
}

// libh2o has freed its connection and the request. Without a socket ours is gone too, and with it
// the stream.
static void on_detached(void *data, h2o_socket_t *sock, size_t request_len)
{
    struct http_stream *stream = data;

    (void)request_len;
    if (sock == NULL)
        return;
    take_socket(stream, sock);
    landed(stream);
    if (stream->closing)
        h2o_socket_close(sock);
    else
        flush(stream);
}

static void detach(struct http_request *request, struct http_stream *stream)
{
    h2o_req_t *req = request->req;
    h2o_iovec_t first = h2o_iovec_init(stream->first->chunk->bytes, stream->first->chunk->len);

    stream->flying = 1;
    stream->busy = true;
    req->http1_is_persistent = 0;
    respond_protect(request->connection->server, req, request);
    request->connection->stream = stream;
    h2o_http1_upgrade(req, &first, 1, on_detached, stream);
}

static void start_http2(struct http_request *request, struct http_stream *stream)
{
    stream->request = request;
    request->live = stream;
    request->connection->sending--; // it is never all sent; whoever sends bounds what waits
    request->generator.proceed = stream_proceeds;
    h2o_start_response(request->req, &request->generator);
    flush(stream);
}

struct http_stream *http_respond_stream(struct http_request *request,
                                        const struct http_field *fields, size_t field_count,
                                        const struct http_stream_options *options)
{
    struct http_stream *stream = mem_zero(sizeof *stream);
    struct piece *piece = mem_zero(sizeof *piece);

    assert(options->first.len > 0 && request->method != HTTP_HEAD);
    stream->server = request->connection->server;
    stream->room = (uint32_t)options->room;
    stream->ended = options->ended;
    stream->context = options->context;
    piece->chunk = http_chunk_make(options->first);
    stream->first = piece;
    stream->last = &piece->next;
    stream->waiting = (uint32_t)options->first.len;
    respond_prepare(request, 200, field_count);
    for (size_t i = 0; i < field_count; i++)
        respond_field(request, fields[i].name, fields[i].value);
    if (request->connection->frames == NULL)
        detach(request, stream);
    else
        start_http2(request, stream);
    return stream;
}

// The end -------------------------------------------------------------------------------------

void streams_close(struct http_server *server)
{
    for (h2o_linklist_t *node = server->streams.next, *next; node != &server->streams;
         node = next) {
        struct http_stream *stream = H2O_STRUCT_FROM_MEMBER(struct http_stream, all, node);

        next = node->next;
        if (stream->closing) { // its last alert waits for a client that takes nothing
            shutdown(h2o_socket_get_fd(stream->sock), SHUT_RDWR);
            continue;
        }
        stream->closing = true;
        h2o_socket_close(stream->sock);
    }
}
