// SPDX-License-Identifier: Apache-2.0
// The life of one connection, from accept to the socket's end.
#include <netinet/tcp.h>
#include <sys/socket.h>

#include "base/log.h"
#include "http/server.h"

// In the order in which they would be thrown out when there is no room: longest waiting first.
static void wait_in_line(struct connection *connection, bool waits)
{
    if (h2o_linklist_is_linked(&connection->waiting)) {
        h2o_linklist_unlink(&connection->waiting);
        if (connection->address != NULL)
            h2o_linklist_unlink(&connection->waiting_of_address);
    }
    if (waits) {
        h2o_linklist_insert(&connection->server->waiting, &connection->waiting);
        if (connection->address != NULL)
            h2o_linklist_insert(&connection->address->waiting, &connection->waiting_of_address);
    }
}

void connection_phase(struct connection *connection, enum phase phase)
{
    bool waits = phase <= PHASE_HEAD || (phase == PHASE_HTTP2 && connection->open == 0);

    connection->since_us = server_now(connection->server);
    // a head that drips in keeps the place in line that its connection had
    if (!(waits && phase == PHASE_HEAD && h2o_linklist_is_linked(&connection->waiting)))
        wait_in_line(connection, waits);
    connection->phase = phase;
    if (phase == PHASE_BODY) {
        connection->got_us = connection->since_us;
        connection->got_bytes = 0;
    }
}

static void release(struct connection *connection)
{
    buffer_finish(&connection->answer);
    free(connection->frames);
    free(connection);
}

static void unlink_all(struct connection *connection)
{
    wait_in_line(connection, false);
    h2o_linklist_unlink(&connection->all);
    if (h2o_linklist_is_linked(&connection->touched))
        h2o_linklist_unlink(&connection->touched);
}

struct address *connection_give_up(struct connection *connection)
{
    struct address *address = connection->address;

    unlink_all(connection);
    release(connection);
    return address;
}

static void on_close(void *data)
{
    struct connection *connection = data;
    struct http_server *server = connection->server;

    unlink_all(connection);
    if (connection->address != NULL)
        address_leave(server, connection->address);
    connection->address = NULL;
    if (connection->stream != NULL)
        stream_lost(connection->stream);
    connection->closed = true;
    server_connection_ended(server);
    if (!connection->held)
        release(connection);
}

static void set_options(int fd, const struct config *config)
{
    int on = 1;
    unsigned stalled_ms = (unsigned)config->http.write_ms;

    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &stalled_ms, sizeof stalled_ms);
}

static void on_handshake(h2o_socket_t *sock, const char *reason)
{
    struct connection *connection = connection_of(sock);

    if (reason != NULL)
        connection_close(connection);
    else
        gate_open(connection);
}

void connection_begin(struct connection *connection, int fd)
{
    struct http_server *server = connection->server;

    set_options(fd, server->config);
    connection->sock =
        h2o_evloop_socket_create(server->context.loop, fd, H2O_SOCKET_FLAG_IS_ACCEPTED_CONNECTION);
    connection->sock->on_close.cb = on_close;
    connection->sock->on_close.data = connection;
    h2o_linklist_insert(&server->connections, &connection->all);
    server->stats.connections++;
    server->stats.connections_open++;
    sweep_start(server);
    connection_phase(connection, PHASE_HANDSHAKE);
    if (connection->tls)
        h2o_socket_ssl_handshake(connection->sock, server->tls, NULL, on_handshake);
    else
        gate_open(connection);
}

// Whether libh2o's struct behind the socket is certainly there. After it has let go, a TLS
// socket lives on until its last alert is written.
static bool is_inner_alive(const struct connection *connection)
{
    h2o_socket_cb reads = connection->sock->_cb.read;

    return connection->phase == PHASE_REFUSING || connection->phase == PHASE_LINGER ||
           connection->open > 0 || reads == gate_read ||
           (reads != NULL && reads == connection->inner);
}

void connection_close(struct connection *connection)
{
    h2o_socket_t *sock = connection->sock;
    int fd = h2o_socket_get_fd(sock);
    bool held = connection->held;

    if (connection->inner == NULL) {
        connection_phase(connection, PHASE_CLOSING);
        h2o_socket_close(sock);
        return;
    }
    connection->held = true;
    if (is_inner_alive(connection)) {
        connection_phase(connection, PHASE_CLOSING);
        connection->inner(sock, "closed");
    }
    connection->held = held;
    if (connection->closed) {
        if (!held)
            release(connection);
        return;
    }
    connection_phase(connection, PHASE_CLOSING);
    shutdown(fd, SHUT_RDWR); // what libh2o still waits for ends in an error now
}

void connection_let_go(struct connection *connection)
{
    connection->held = false;
    if (connection->closed)
        release(connection);
}

static void on_late_bytes(h2o_socket_t *sock, const char *reason)
{
    struct connection *connection = connection_of(sock);

    connection->lingered += sock->input->size;
    h2o_buffer_consume(&sock->input, sock->input->size);
    if (reason != NULL ||
        connection->lingered > (uint64_t)connection->server->config->http.body_bytes)
        connection_close(connection);
}

// Closing at once while the client still sends would make the kernel answer with a reset,
// which may overtake our answer (RFC 9112 section 9.6).
static void on_refused(h2o_socket_t *sock, const char *reason)
{
    struct connection *connection = connection_of(sock);

    if (reason != NULL) {
        connection_close(connection);
        return;
    }
    shutdown(h2o_socket_get_fd(sock), SHUT_WR);
    connection_phase(connection, PHASE_LINGER);
    h2o_buffer_consume(&sock->input, sock->input->size);
    h2o_socket_read_start(sock, on_late_bytes);
}

void connection_refuse(struct connection *connection, int status, const char *reason)
{
    h2o_socket_t *sock = connection->sock;
    struct id id = id_make(connection->server->options.clock, &connection->server->random);
    char text[ID_TEXT_LEN + 1];
    h2o_iovec_t answer;

    id_to_text(&id, text);
    log_info("refused", LOG_TEXT("id", text), LOG_INT("status", status),
             LOG_TEXT("reason", reason));
    connection->server->stats.refused_heads++;
    if (h2o_socket_is_writing(sock)) {
        connection_close(connection);
        return;
    }
    respond_raw(connection, status, text, &connection->answer);
    connection_phase(connection, PHASE_REFUSING);
    h2o_socket_read_stop(sock);
    answer = h2o_iovec_init(connection->answer.data, connection->answer.len);
    h2o_socket_write(sock, &answer, 1, on_refused);
}
