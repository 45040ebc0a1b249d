// SPDX-License-Identifier: Apache-2.0
#include "serve/socket.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

// "127.0.0.1:80" and "[::1]:80": numbers only, so that a start never waits for a name server.
static bool parse_address(const char *text, struct sockaddr_storage *address, socklen_t *len,
                          struct err *err)
{
    struct addrinfo hints = {.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE,
                             .ai_socktype = SOCK_STREAM};
    struct addrinfo *found = NULL;
    const char *colon = strrchr(text, ':');
    char host[64];
    size_t host_len;

    if (colon == NULL || colon == text || (size_t)(colon - text) >= sizeof host)
        return err_set(err, ERR_INPUT, "address %s: say HOST:PORT or [IPV6]:PORT", text);
    host_len = (size_t)(colon - text);
    memcpy(host, text, host_len);
    host[host_len] = 0;
    if (host[0] == '[' && host[host_len - 1] == ']') {
        host[host_len - 1] = 0;
        memmove(host, host + 1, host_len - 1);
    }
    if (getaddrinfo(host, colon + 1, &hints, &found) != 0)
        return err_set(err, ERR_INPUT, "address %s: not an address and port", text);
    memcpy(address, found->ai_addr, found->ai_addrlen);
    *len = found->ai_addrlen;
    freeaddrinfo(found);
    return true;
}

static void set_port(struct sockaddr_storage *address, unsigned port)
{
    if (address->ss_family == AF_INET6)
        ((struct sockaddr_in6 *)address)->sin6_port = htons((uint16_t)port);
    else
        ((struct sockaddr_in *)address)->sin_port = htons((uint16_t)port);
}

static unsigned bound_port(int fd)
{
    struct sockaddr_storage address;
    socklen_t len = sizeof address;

    getsockname(fd, (struct sockaddr *)&address, &len);
    return ntohs(address.ss_family == AF_INET6 ? ((struct sockaddr_in6 *)&address)->sin6_port
                                               : ((struct sockaddr_in *)&address)->sin_port);
}

int socket_listen(const char *text, unsigned *port, struct err *err)
{
    struct sockaddr_storage address = {0};
    socklen_t len = 0;
    int on = 1, fd;

    if (!parse_address(text, &address, &len, err))
        return -1;
    if (*port != 0)
        set_port(&address, *port);
    fd = socket(address.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd >= 0) {
        setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
        setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on);
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        if (address.ss_family == AF_INET6)
            setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
    }
    if (fd < 0 || bind(fd, (struct sockaddr *)&address, len) != 0 || listen(fd, 4096) != 0) {
        err_set(err, ERR_IO, "listen on %s: %s", text, strerror(errno));
        if (fd >= 0)
            close(fd);
        return -1;
    }
    *port = bound_port(fd);
    return fd;
}

bool socket_is_free(const char *text, struct err *err)
{
    struct sockaddr_storage address = {0};
    socklen_t len = 0;
    int on = 1, fd;
    bool free_port;

    if (!parse_address(text, &address, &len, err))
        return false;
    fd = socket(address.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (address.ss_family == AF_INET6)
        setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
    free_port = bind(fd, (struct sockaddr *)&address, len) == 0;
    if (!free_port)
        err_set(err, ERR_IO, "listen on %s: %s", text, strerror(errno));
    close(fd);
    return free_port;
}

// Reached through the folder's descriptor, so that a long path does not matter.
int socket_listen_local(const char *folder, const char *name, struct err *err)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int folder_fd = open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    mode_t mask = umask(0177);

    snprintf(address.sun_path, sizeof address.sun_path, "/proc/self/fd/%d/%s", folder_fd, name);
    unlinkat(folder_fd, name, 0);
    if (folder_fd < 0 || fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof address) != 0 ||
        listen(fd, 128) != 0) {
        err_set(err, ERR_IO, "socket %s in %s: %s", name, folder, strerror(errno));
        if (fd >= 0)
            close(fd);
        fd = -1;
    }
    umask(mask);
    if (folder_fd >= 0)
        close(folder_fd);
    return fd;
}
