// SPDX-License-Identifier: Apache-2.0
// Who gets in: caps in all and per address, and never a spin when descriptors run out.
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/log.h"
#include "http/server.h"

enum { ACCEPTS_A_TURN = 32, PAUSE_MS = 100, RECEIVE_BUFFER = 256 * 1024 };

union peer {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
};

static void pause_listeners(struct http_server *server);

static void on_resume(void *context)
{
    struct http_server *server = context;

    server->resume = NULL;
    if (!server->draining)
        accept_start(server);
}

void accept_resume(struct http_server *server)
{
    if (server->resume == NULL)
        return;
    server->loop.cancel(&server->loop, server->resume);
    server->resume = server->loop.after(&server->loop, 0, on_resume, server);
}

static void pause_listeners(struct http_server *server)
{
    accept_stop(server);
    if (server->resume == NULL)
        server->resume = server->loop.after(&server->loop, PAUSE_MS, on_resume, server);
}

// IPv4 whole, also when mapped into IPv6; IPv6 by /64, since a client has all of that.
static void address_key(const union peer *peer, uint64_t key[2])
{
    const uint8_t *bytes = peer->v6.sin6_addr.s6_addr;
    uint32_t v4;

    key[0] = key[1] = 0;
    if (peer->any.sa_family == AF_INET6 && !IN6_IS_ADDR_V4MAPPED(&peer->v6.sin6_addr)) {
        memcpy(&key[0], bytes, 8);
        key[1] = 6;
        return;
    }
    if (peer->any.sa_family == AF_INET6)
        memcpy(&v4, bytes + 12, 4);
    else
        memcpy(&v4, &peer->v4.sin_addr, 4);
    key[0] = v4;
    key[1] = 4;
}

static struct address **find_address(struct http_server *server, const uint64_t key[2])
{
    uint64_t mixed = (key[0] ^ server->address_seed) * 0x9e3779b97f4a7c15u + key[1];
    struct address **link = &server->addresses[(mixed >> 40) % ADDRESS_BUCKETS];

    while (*link != NULL && memcmp((*link)->key, key, sizeof(*link)->key) != 0)
        link = &(*link)->next;
    return link;
}

static struct address *address_join(struct http_server *server, const union peer *peer)
{
    uint64_t key[2];
    struct address **link;

    address_key(peer, key);
    link = find_address(server, key);
    if (*link == NULL) {
        *link = mem_zero(sizeof **link);
        memcpy((*link)->key, key, sizeof key);
        h2o_linklist_init_anchor(&(*link)->waiting);
    }
    (*link)->count++;
    return *link;
}

void address_leave(struct http_server *server, struct address *address)
{
    struct address **link;

    if (--address->count > 0)
        return;
    link = find_address(server, address->key);
    *link = address->next;
    free(address);
}


static void write_peer(struct connection *connection, const union peer *peer)
{
    const uint8_t *bytes = peer->v6.sin6_addr.s6_addr;
    const void *v4 = &peer->v4.sin_addr;

    if (peer->any.sa_family == AF_INET6 && !IN6_IS_ADDR_V4MAPPED(&peer->v6.sin6_addr)) {
        inet_ntop(AF_INET6, bytes, connection->peer, sizeof connection->peer);
        connection->loopback = IN6_IS_ADDR_LOOPBACK(&peer->v6.sin6_addr);
        return;
    }
    if (peer->any.sa_family == AF_INET6)
        v4 = bytes + 12;
    inet_ntop(AF_INET, v4, connection->peer, sizeof connection->peer);
    connection->loopback = *(const uint8_t *)v4 == 127;
}

// Makes room by closing the connection that has waited longest without a request.
static bool evict(struct http_server *server, struct address *address)
{
    h2o_linklist_t *line = address != NULL ? &address->waiting : &server->waiting;
    struct connection *oldest;

    if (h2o_linklist_is_empty(line))
        return false;
    oldest = address != NULL
                 ? H2O_STRUCT_FROM_MEMBER(struct connection, waiting_of_address, line->next)
                 : H2O_STRUCT_FROM_MEMBER(struct connection, waiting, line->next);
    server->stats.refused_connections++;
    connection_close(oldest);
    return true;
}

static struct connection *make_connection(struct listener *listener, const union peer *peer)
{
    struct connection *connection = mem_zero(sizeof *connection);

    connection->server = listener->server;
    connection->tls = listener->tls;
    connection->admin = listener->admin;
    write_peer(connection, peer);
    return connection;
}

// The cap per address does not hold for a trusted proxy, which is one address for everybody.
static bool join_or_refuse(struct connection *connection, const union peer *peer)
{
    struct http_server *server = connection->server;

    if (connection->admin || (connection->loopback && server->config->proxy_trusted))
        return true;
    connection->address = address_join(server, peer);
    if (connection->address->count <= server->config->http.connections_per_address ||
        evict(server, connection->address))
        return true;
    address_leave(server, connection->address);
    server->stats.refused_connections++;
    return false;
}

static void admit(struct listener *listener, int fd, const union peer *peer)
{
    struct connection *connection = make_connection(listener, peer);

    if (join_or_refuse(connection, peer)) {
        connection_begin(connection, fd);
    } else {
        close(fd);
        free(connection);
    }
}

// No descriptor is left: the spare one takes the client off the queue and is put back.
static void shed(struct http_server *server, int listening)
{
    int fd;

    close(server->spare_fd);
    if ((fd = accept4(listening, NULL, NULL, SOCK_CLOEXEC)) >= 0) {
        close(fd);
        server->stats.refused_connections++;
    }
    server->spare_fd = eventfd(0, EFD_CLOEXEC);
    if (!evict(server, NULL))
        log_warn("no descriptor left");
    pause_listeners(server);
}

static bool accept_one(struct listener *listener)
{
    int listening = h2o_socket_get_fd(listener->sock), fd;
    union peer peer;
    socklen_t len = sizeof peer;

    fd = accept4(listening, &peer.any, &len, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd >= 0) {
        admit(listener, fd, &peer);
        return true;
    }
    if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM)
        shed(listener->server, listening);
    return errno == EINTR || errno == ECONNABORTED;
}

static void on_connectable(h2o_socket_t *sock, const char *reason)
{
    struct listener *listener = sock->data;
    struct http_server *server = listener->server;

    (void)reason;
    for (int i = 0; i < ACCEPTS_A_TURN; i++) {
        if ((int64_t)server->stats.connections_open >= server->connections_max &&
            !evict(server, NULL)) {
            pause_listeners(server);
            return;
        }
        if (!accept_one(listener))
            return;
    }
}

void accept_start(struct http_server *server)
{
    int size = RECEIVE_BUFFER;

    for (size_t i = 0; i < server->options.listener_count; i++) {
        struct listener *listener = &server->listeners[i];

        if (listener->sock == NULL) {
            // inherited: libh2o reads all that the kernel holds before it does anything else
            setsockopt(server->options.listeners[i].fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
            listener->sock = h2o_evloop_socket_create(
                server->context.loop, server->options.listeners[i].fd, H2O_SOCKET_FLAG_DONT_READ);
            listener->sock->data = listener;
        }
        h2o_socket_read_start(listener->sock, on_connectable);
    }
}

void accept_stop(struct http_server *server)
{
    for (size_t i = 0; i < server->options.listener_count; i++)
        if (server->listeners[i].sock != NULL)
            h2o_socket_read_stop(server->listeners[i].sock);
}

static int64_t most_descriptors(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY)
        return 1 << 30;
    return (int64_t)limit.rlim_cur;
}

// What is open when the server is made, and an eighth of all, up to 64, for what comes later.
int64_t accept_reserve(void)
{
    int64_t most = most_descriptors(), reserve = most / 8 < 64 ? most / 8 : 64;

    for (int fd = 0; fd < 1024 && fd < most; fd++)
        reserve += fcntl(fd, F_GETFD) >= 0;
    return reserve;
}

int64_t accept_room(const struct http_server *server)
{
    int64_t room = most_descriptors() - server->reserved_fds;
    int64_t wanted = server->config->http.connections;

    return room < 1 ? 1 : room < wanted ? room : wanted;
}
