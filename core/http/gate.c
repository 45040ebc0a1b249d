// SPDX-License-Identifier: Apache-2.0
// Stands between the socket and libh2o: every byte is looked at here first.
#include "base/log.h"
#include "http/server.h"

static struct head_limits head_limits_of(const struct config *config)
{
    // libh2o takes 100 fields at most
    int64_t fields =
        config->http.head_fields < H2O_MAX_HEADERS ? config->http.head_fields : H2O_MAX_HEADERS;

    return (struct head_limits){(size_t)config->http.head_bytes, (size_t)fields,
                                (uint64_t)config->http.body_bytes};
}

static struct frame_limits frame_limits_of(const struct config *config)
{
    return (struct frame_limits){.resets = config->http.http2_resets,
                                 .rate = config->http.http2_frame_rate,
                                 .head_bytes = (size_t)config->http.head_bytes,
                                 .body_bytes = (uint64_t)config->http.body_bytes,
                                 .bodies_bytes = 4 * (uint64_t)config->http.body_bytes};
}

static int judge(struct connection *connection, struct slice bytes, struct head *head)
{
    struct head_limits limits = head_limits_of(connection->server->config);
    int status = head_check(bytes, &limits, head);

    if (status == HEAD_MORE) {
        connection_phase(connection, PHASE_HEAD);
        connection->scanned = bytes.len;
    } else if (status == HEAD_FINE) {
        connection_phase(connection, PHASE_BODY);
        connection->head_len = head->len;
        connection->body_len = head->body_len;
    }
    return status;
}

// A head that comes in many small pieces is not parsed again for each of them.
static bool may_have_ended(const struct connection *connection, struct slice bytes)
{
    size_t from = connection->scanned > 2 ? connection->scanned - 2 : 0;

    for (size_t i = from; i + 1 < bytes.len; i++)
        if (bytes.data[i] == '\n' && (bytes.data[i + 1] == '\r' || bytes.data[i + 1] == '\n'))
            return true;
    return bytes.len >= (size_t)connection->server->config->http.head_bytes;
}

// True when libh2o may go on with what is in the input.
static bool pass_head(struct connection *connection)
{
    struct slice bytes = slice_of(connection->sock->input->bytes, connection->sock->input->size);
    struct head head;
    int status;

    if (connection->phase != PHASE_IDLE && connection->phase != PHASE_HEAD)
        return true; // the body of a request whose head was fine
    if (bytes.len == 0)
        return true;
    if (connection->phase == PHASE_HEAD && !may_have_ended(connection, bytes)) {
        connection->scanned = bytes.len;
        return true;
    }
    status = judge(connection, bytes, &head);
    if (status != HEAD_MORE && status != HEAD_FINE) {
        connection_refuse(connection, status, head.reason);
        return false;
    }
    return true;
}

static void cut(struct connection *connection, const char *reason)
{
    log_debug("connection cut", LOG_TEXT("address", connection->peer), LOG_TEXT("reason", reason));
    connection->server->stats.refused_heads++;
    connection_close(connection);
}

static bool pass_frames(struct connection *connection)
{
    struct frame_limits limits = frame_limits_of(connection->server->config);
    h2o_buffer_t *input = connection->sock->input;
    uint64_t streams = connection->frames->streams;
    size_t bodies = connection->frames->open_count;
    const char *reason =
        frames_check(connection->frames, &limits, (uint8_t *)input->bytes, &input->size,
                     connection->sock->bytes_written, server_now(connection->server));

    if (reason != NULL) {
        cut(connection, reason);
        return false;
    }
    if (connection->frames->streams != streams)
        connection_phase(connection, PHASE_HTTP2);
    if (bodies == 0 && connection->frames->open_count > 0) {
        connection->got_us = server_now(connection->server);
        connection->got_bytes = connection->frames->data_bytes;
    }
    return true;
}

static uint64_t errors_sent(const struct http_server *server)
{
    uint64_t sum = 0;

    for (size_t i = 0; i < H2O_HTTP2_ERROR_MAX; i++)
        sum += server->context.http2.events.protocol_level_errors[i];
    return sum;
}

static void hook(struct connection *connection)
{
    h2o_socket_cb reads = connection->sock->_cb.read;

    if (connection->inner == NULL)
        connection->inner = reads;
    if (reads != NULL && reads == connection->inner)
        connection->sock->_cb.read = gate_read;
}

static void run_inner(struct connection *connection, const char *reason)
{
    struct http_server *server = connection->server;
    uint64_t errors = errors_sent(server);
    struct frame_limits limits = frame_limits_of(server->config);
    const char *excess = NULL;

    connection->held = true;
    connection->inner(connection->sock, reason);
    if (!connection->closed && connection->frames != NULL)
        excess = frames_spend(connection->frames, &limits, errors_sent(server) - errors,
                              server_now(server));
    if (connection->closed)
        connection->phase = PHASE_CLOSING;
    else if (excess != NULL)
        cut(connection, excess);
    else
        hook(connection);
    connection_let_go(connection);
}

void gate_read(h2o_socket_t *sock, const char *reason)
{
    struct connection *connection = connection_of(sock);

    if (reason == NULL &&
        !(connection->frames != NULL ? pass_frames(connection) : pass_head(connection)))
        return;
    run_inner(connection, reason);
}

static bool speaks_http2(const struct connection *connection)
{
    h2o_iovec_t name = connection->tls ? h2o_socket_ssl_get_selected_protocol(connection->sock)
                                       : (h2o_iovec_t){NULL, 0};

    return h2o_memis(name.base, name.len, H2O_STRLIT("h2"));
}

static void start_protocol(struct connection *connection)
{
    struct http_server *server = connection->server;
    struct timeval now = *h2o_get_timestamp(&server->context, NULL, NULL);

    if (speaks_http2(connection)) {
        connection->frames = mem_zero(sizeof *connection->frames);
        connection_phase(connection, PHASE_HTTP2);
        h2o_http2_accept(&server->accept, connection->sock, now);
    } else {
        connection_phase(connection, PHASE_IDLE);
        h2o_http1_accept(&server->accept, connection->sock, now);
    }
    hook(connection);
}

// What came with the end of the handshake is hidden while libh2o sets up, or it would be acted
// on before it was looked at.
void gate_open(struct connection *connection)
{
    h2o_buffer_t *input = connection->sock->input;
    size_t early = input->size;

    if (early > 0)
        input->size = 0;
    start_protocol(connection);
    if (early > 0) {
        input->size = early;
        gate_read(connection->sock, NULL);
    }
}

// Runs while libh2o disposes of a request: what is left in the input behind it was sent ahead
// (pipelined), and libh2o will parse it at once.
void gate_next(struct connection *connection, bool persistent)
{
    h2o_buffer_t *input = connection->sock->input;
    size_t used = connection->head_len + connection->body_len;
    struct head head;
    int status;

    if (!persistent || connection->phase == PHASE_CLOSING) {
        connection_phase(connection, PHASE_CLOSING);
        return;
    }
    gate_touch(connection);
    connection_phase(connection, PHASE_IDLE);
    if (input->size <= used)
        return;
    status = judge(connection, slice_of(input->bytes + used, input->size - used), &head);
    if (status == HEAD_MORE || status == HEAD_FINE)
        return;
    connection->refusal = status;
    input->size = used; // libh2o finds nothing more; the refusal follows after this turn
}

void gate_touch(struct connection *connection)
{
    if (!h2o_linklist_is_linked(&connection->touched))
        h2o_linklist_insert(&connection->server->touched, &connection->touched);
}

static void after_answer(struct connection *connection)
{
    hook(connection);
    if (connection->refusal != 0)
        connection_refuse(connection, connection->refusal, "pipelined request");
    else if (connection->server->draining && connection->phase == PHASE_IDLE)
        connection_close(connection);
    else if (connection->phase == PHASE_HTTP2 && connection->last && connection->open == 0)
        connection_close(connection);
}

// After each answer libh2o puts its own read callback back.
void gate_after_turn(struct http_server *server)
{
    while (!h2o_linklist_is_empty(&server->touched)) {
        struct connection *connection =
            H2O_STRUCT_FROM_MEMBER(struct connection, touched, server->touched.next);

        h2o_linklist_unlink(&connection->touched);
        after_answer(connection);
    }
}
