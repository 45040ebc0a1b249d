// SPDX-License-Identifier: Apache-2.0
#include "net/client.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/frame.h"

enum { READ_CHUNK = 64 * 1024, LATE_MS = 500 }; // for the answer that it took too long

struct net_client {
    int folder, fd; // fd: -1 while not connected
    struct clock *clock;
    uint64_t last_tag;
};

struct net_client *net_client_open(const char *folder, struct clock *clock, struct err *err)
{
    struct net_client *client = mem_zero(sizeof *client);

    client->clock = clock;
    client->fd = -1;
    client->folder = open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (client->folder >= 0)
        return client;
    err_set(err, ERR_IO, "open %s: %s", folder, strerror(errno));
    free(client);
    return NULL;
}

void net_client_close(struct net_client *client)
{
    if (client == NULL)
        return;
    if (client->fd >= 0)
        close(client->fd);
    close(client->folder);
    free(client);
}

static void drop(struct net_client *client)
{
    close(client->fd);
    client->fd = -1;
}

// Through the folder's descriptor: a socket's path may only have 107 bytes.
static bool connect_to(struct net_client *client)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};

    snprintf(address.sun_path, sizeof address.sun_path, "/proc/self/fd/%d/outbound",
             client->folder);
    client->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (client->fd >= 0 && connect(client->fd, (struct sockaddr *)&address, sizeof address) == 0)
        return true;
    if (client->fd >= 0)
        drop(client);
    return false;
}

// False at the deadline.
static bool wait_for(struct net_client *client, short events, int64_t deadline_us)
{
    for (;;) {
        struct pollfd polled = {client->fd, events, 0};
        int64_t left_us = deadline_us - clock_mono_us(client->clock);
        int count;

        if (left_us <= 0)
            return false;
        count = poll(&polled, 1, (int)(left_us / 1000) + 1);
        if (count > 0)
            return true;
        if (count < 0 && errno != EINTR)
            return false;
    }
}

static bool send_all(struct net_client *client, struct slice bytes, int64_t deadline_us)
{
    while (bytes.len > 0) {
        ssize_t sent = send(client->fd, bytes.data, bytes.len, MSG_NOSIGNAL);

        if (sent < 0 && errno != EAGAIN && errno != EINTR)
            return false;
        if (sent < 0 && !wait_for(client, POLLOUT, deadline_us))
            return false;
        if (sent > 0)
            bytes = slice_of(bytes.data + sent, bytes.len - (size_t)sent);
    }
    return true;
}

// False when the connection has ended or nothing came in time.
static bool receive(struct net_client *client, struct buffer *received, int64_t deadline_us)
{
    ssize_t got;

    while ((got = recv(client->fd, buffer_room(received, READ_CHUNK), READ_CHUNK, 0)) < 0)
        if ((errno != EAGAIN && errno != EINTR) || !wait_for(client, POLLIN, deadline_us))
            return false;
    received->len += (size_t)got;
    return got > 0;
}

static bool receive_frame(struct net_client *client, struct buffer *received, struct frame *frame,
                          int64_t deadline_us)
{
    enum frame_result result;
    size_t at = 0;

    received->len = 0;
    while ((result = frame_next(buffer_view(received), &at, frame)) == FRAME_NONE)
        if (!receive(client, received, deadline_us))
            return false;
    return result == FRAME_READY && frame->kind == FETCH_ANSWER;
}

// A process that ended since the last call is no reason to give this one up: nothing was sent yet.
static void drop_when_dead(struct net_client *client)
{
    char byte;

    if (client->fd >= 0 && (recv(client->fd, &byte, 1, MSG_PEEK) >= 0 || errno != EAGAIN))
        drop(client);
}

static bool exchange(struct net_client *client, struct slice sent, struct buffer *received,
                     struct frame *frame, int64_t deadline_us)
{
    drop_when_dead(client);
    if (client->fd < 0 && !connect_to(client))
        return false;
    return send_all(client, sent, deadline_us) &&
           receive_frame(client, received, frame, deadline_us);
}

void net_client_fetch(struct net_client *client, const struct fetch_request *request,
                      struct buffer *received, struct arena *arena, struct fetch_answer *answer)
{
    int64_t deadline_us =
        clock_mono_us(client->clock) + ((int64_t)request->timeout_ms + LATE_MS) * 1000;
    struct buffer payload = BUFFER_EMPTY, sent = BUFFER_EMPTY;
    struct frame frame;

    fetch_put_request(&payload, request);
    frame_put(&sent, ++client->last_tag, FETCH_ASK, buffer_view(&payload));
    buffer_finish(&payload);
    if (!exchange(client, buffer_view(&sent), received, &frame, deadline_us) ||
        frame.tag != client->last_tag || !fetch_read_answer(arena, frame.payload, answer)) {
        *answer = (struct fetch_answer){.outcome = FETCH_UNAVAILABLE};
        if (client->fd >= 0)
            drop(client); // what may still come belongs to nobody
    }
    buffer_finish(&sent);
}
