// SPDX-License-Identifier: Apache-2.0
// Every deadline of a connection, looked at in one walk several times within the shortest.
#include <netinet/in.h>
#include <linux/tcp.h>
#include <poll.h>

#include "http/server.h"

enum { LINGER_MS = 2000, HEAD_MS = 10000 }; // a head takes no honest client longer
enum { HELD_MAX = 256 * 1024 * 1024 };      // bytes of incomplete requests, of all together

static int64_t least(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static int64_t period_ms(const struct config *config)
{
    int64_t shortest =
        least(config->http.request_ms, least(config->http.idle_ms, config->http.write_ms));

    return shortest / 4 > 1000 ? 1000 : shortest / 4 < 5 ? 5 : shortest / 4;
}

// Whether at least the configured rate was held since the last look; looks are window_ms apart.
static bool keeps_pace(int64_t *since_us, uint64_t *bytes_then, uint64_t bytes, int64_t now_us,
                       int64_t window_ms, int64_t rate)
{
    int64_t window_us = window_ms * 1000, passed = now_us - *since_us;
    double due = (double)rate * (double)passed / 1e6;

    if (passed < window_us)
        return true;
    if (bytes == *bytes_then || (double)(bytes - *bytes_then) < due)
        return false;
    *since_us = now_us;
    *bytes_then = bytes;
    return true;
}

static uint64_t acknowledged_bytes(struct connection *connection)
{
    struct tcp_info info = {0};
    socklen_t len = sizeof info;

    getsockopt(h2o_socket_get_fd(connection->sock), IPPROTO_TCP, TCP_INFO, &info, &len);
    return info.tcpi_bytes_acked;
}

// A reader that takes nothing, or a byte now and then, does not hold our buffers for ever.
static bool reads_too_slowly(struct connection *connection, int64_t now_us)
{
    const struct config *config = connection->server->config;
    uint64_t acked;

    if (connection->sending == 0)
        return false;
    acked = acknowledged_bytes(connection);
    if (connection->sent_us == 0) {
        connection->sent_us = now_us;
        connection->sent_bytes = acked;
    }
    return !keeps_pace(&connection->sent_us, &connection->sent_bytes, acked, now_us,
                       config->http.write_ms, config->http.body_rate);
}

static bool sends_too_slowly(struct connection *connection, uint64_t received, int64_t now_us)
{
    const struct config *config = connection->server->config;

    return !keeps_pace(&connection->got_us, &connection->got_bytes, received, now_us,
                       config->http.request_ms, config->http.body_rate);
}

static bool has_left(const struct connection *connection)
{
    struct pollfd poller = {h2o_socket_get_fd(connection->sock), POLLRDHUP, 0};

    return poll(&poller, 1, 0) > 0 && (poller.revents & (POLLRDHUP | POLLHUP | POLLERR)) != 0;
}

static uint64_t bytes_held(const struct connection *connection)
{
    return connection->sock->input->size +
           (connection->frames != NULL ? connection->frames->held_bytes : 0);
}

// Each body is bounded; many connections could still fill the memory with them.
static bool is_one_too_many(struct connection *connection)
{
    struct http_server *server = connection->server;

    if (server->held_bytes <= HELD_MAX || bytes_held(connection) == 0)
        return false;
    server->held_bytes -= bytes_held(connection);
    return true;
}

static void sweep_body(struct connection *connection, int64_t now_us)
{
    size_t size = connection->sock->input->size;
    uint64_t received = size > connection->head_len ? size - connection->head_len : 0;

    if (sends_too_slowly(connection, received, now_us))
        connection_refuse(connection, 408, "body too slow");
    else if (is_one_too_many(connection))
        connection_refuse(connection, 503, "too many bodies");
}

static void sweep_http2(struct connection *connection, int64_t now_us, int64_t age_ms)
{
    const struct config *config = connection->server->config;
    struct frames *frames = connection->frames;

    gate_touch(connection); // under back-pressure libh2o puts its own callback back
    if (frames->open_count > 0 &&
        (sends_too_slowly(connection, frames->data_bytes, now_us) || is_one_too_many(connection)))
        connection_close(connection);
    else if (frames->in_block && age_ms > config->http.request_ms)
        connection_close(connection);
    // libh2o says good-bye after idle_ms without a byte; this is for those who send bytes only
    else if (connection->open == 0 && frames->open_count == 0 &&
             age_ms > config->http.idle_ms * 5 / 4)
        connection_close(connection);
}

static void sweep_one(struct connection *connection, int64_t now_us)
{
    const struct config *config = connection->server->config;
    int64_t age_ms = (now_us - connection->since_us) / 1000;

    if (reads_too_slowly(connection, now_us)) {
        connection_close(connection);
        return;
    }
    switch (connection->phase) {
    case PHASE_HANDSHAKE:
    case PHASE_REFUSING:
        if (age_ms > least(config->http.request_ms, HEAD_MS))
            connection_close(connection);
        break;
    case PHASE_IDLE:
        if (age_ms > config->http.idle_ms)
            connection_close(connection);
        break;
    case PHASE_HEAD:
        if (age_ms > least(config->http.request_ms, HEAD_MS))
            connection_refuse(connection, 408, "head too slow");
        break;
    case PHASE_BODY:
        sweep_body(connection, now_us);
        break;
    case PHASE_BUSY: // libh2o does not look at the socket now
        // who only half-closes still gets an answer that comes soon
        if (connection->sending == 0 && age_ms > period_ms(config) && has_left(connection))
            connection_close(connection);
        break;
    case PHASE_HTTP2:
        sweep_http2(connection, now_us, age_ms);
        break;
    case PHASE_LINGER:
    case PHASE_CLOSING:
        if (age_ms > LINGER_MS)
            connection_close(connection);
        break;
    }
}

// Closing one connection may end others on the way, the next in the list among them.
static void sweep_all(struct http_server *server)
{
    int64_t now_us = server_now(server);
    h2o_linklist_t todo;

    server->held_bytes = 0;
    for (h2o_linklist_t *node = server->connections.next; node != &server->connections;
         node = node->next)
        server->held_bytes += bytes_held(H2O_STRUCT_FROM_MEMBER(struct connection, all, node));
    h2o_linklist_init_anchor(&todo);
    h2o_linklist_insert_list(&todo, &server->connections);
    while (!h2o_linklist_is_empty(&todo)) {
        struct connection *connection = H2O_STRUCT_FROM_MEMBER(struct connection, all, todo.next);

        h2o_linklist_unlink(&connection->all);
        h2o_linklist_insert(&server->connections, &connection->all);
        sweep_one(connection, now_us);
    }
}

static void on_sweep(void *context)
{
    struct http_server *server = context;

    server->sweep = NULL;
    sweep_all(server);
    if (server->stats.connections_open > 0)
        sweep_start(server);
}

// Without connections nothing ticks.
void sweep_start(struct http_server *server)
{
    if (server->sweep == NULL)
        server->sweep =
            server->loop.after(&server->loop, period_ms(server->config), on_sweep, server);
}
