// SPDX-License-Identifier: Apache-2.0
// Commits on their way to the committer. A frame of which no byte has left is sent again
// to the next committer; one that was on its way when the connection broke may or may not
// have been applied: ERR_UNKNOWN. The outcomes of commits that need no committer pass
// here too, so that `done` is always called from the loop.
#include "store/inside.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { RETRY_MS_MIN = 2, RETRY_MS_MAX = 200, RECEIVE_SIZE = 64 * 1024 };

struct sending {
    struct sending *next;
    uint64_t tag;
    store_done *done;
    void *context;
    struct buffer frame;
    size_t sent;
    int64_t give_up_us; // when no committer has come by then
    int64_t late_us;    // when no outcome has come by then
    struct err outcome;
};

struct queue {
    struct sending *first, **end;
};

struct client {
    struct store *store;
    struct loop *loop;
    int fd;          // for the loop; -1: not connected
    int blocking_fd; // for those who wait
    struct loop_watch *watch;
    struct loop_timer *retry, *deliver, *late;
    int64_t retry_ms;
    bool wants_write;
    uint64_t last_tag;
    struct buffer received;
    struct queue sendings; // in the order of their tags
    struct queue decided;  // outcome known, done not yet called
};

static void queue_init(struct queue *queue)
{
    queue->first = NULL;
    queue->end = &queue->first;
}

static void queue_add(struct queue *queue, struct sending *sending)
{
    sending->next = NULL;
    *queue->end = sending;
    queue->end = &sending->next;
}

static struct sending *queue_take(struct queue *queue, struct sending **link)
{
    struct sending *sending = *link;

    *link = sending->next;
    if (queue->end == &sending->next)
        queue->end = link;
    return sending;
}

struct client *client_create(struct store *store)
{
    struct client *client = mem_zero(sizeof *client);

    client->store = store;
    client->loop = store->options.loop;
    client->fd = client->blocking_fd = -1;
    queue_init(&client->sendings);
    queue_init(&client->decided);
    return client;
}

static void finish_sending(struct sending *sending)
{
    sending->done(sending->context, &sending->outcome);
    buffer_finish(&sending->frame);
    free(sending);
}

static void call_decided(struct client *client)
{
    while (client->decided.first != NULL)
        finish_sending(queue_take(&client->decided, &client->decided.first));
}

static void deliver(void *context)
{
    struct client *client = context;

    client->deliver = NULL;
    call_decided(client);
}

static void decide(struct client *client, struct sending *sending, const struct err *outcome)
{
    sending->outcome = *outcome;
    queue_add(&client->decided, sending);
    if (client->deliver == NULL)
        client->deliver = client->loop->after(client->loop, 0, deliver, client);
}

// Connecting ----------------------------------------------------------------------------

// Through the folder's descriptor, since a socket's path may only have 107 bytes.
static int connect_to(const struct store *store, int flags)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | flags, 0);

    snprintf(address.sun_path, sizeof address.sun_path, "/proc/self/fd/%d/control",
             store->folder_fd);
    if (fd >= 0 && connect(fd, (struct sockaddr *)&address, sizeof address) != 0) {
        close(fd);
        fd = -1;
    }
    return fd;
}

static int64_t now_us(const struct client *client)
{
    return clock_mono_us(client->store->options.clock);
}

static int64_t give_up_at(const struct client *client)
{
    return now_us(client) + client->store->options.reconnect_ms * 1000;
}

static bool nobody_there(struct err *err)
{
    return err_set(err, ERR_BUSY, "the committer cannot be reached");
}

static bool no_answer(struct err *err)
{
    return err_set(err, ERR_LATE, "the committer has not answered in time");
}

static bool went_away(struct err *err)
{
    return err_set(err, ERR_UNKNOWN, "the committer went away before it answered");
}

// The next pause, with jitter, so that guests do not come back all at once.
static int64_t next_pause(const struct client *client, int64_t *pause)
{
    struct random *random = client->store->options.random;
    uint16_t chance = 0;

    *pause = *pause == 0 ? RETRY_MS_MIN : *pause * 2 < RETRY_MS_MAX ? *pause * 2 : RETRY_MS_MAX;
    random_fill(random, &chance, sizeof chance);
    return *pause / 2 + 1 + chance % *pause;
}

// The loop's side -----------------------------------------------------------------------

static void pump(struct client *client);

static void retry(void *context)
{
    struct client *client = context;

    client->retry = NULL;
    pump(client);
}

static void pump_after(struct client *client, int64_t ms)
{
    if (client->retry == NULL)
        client->retry = client->loop->after(client->loop, ms, retry, client);
}

static void disconnect(struct client *client)
{
    if (client->fd < 0)
        return;
    if (client->watch != NULL)
        client->loop->unwatch(client->loop, client->watch);
    close(client->fd);
    client->fd = -1;
    client->watch = NULL;
    client->wants_write = false;
    client->received.len = 0;
}

// Takes out those that were on their way (or have waited too long).
static void give_up(struct client *client, bool lost)
{
    int64_t now = now_us(client);
    struct err outcome;

    for (struct sending **link = &client->sendings.first; *link != NULL;) {
        struct sending *sending = *link;

        if (lost && sending->sent > 0)
            went_away(&outcome);
        else if (!lost && sending->give_up_us <= now)
            nobody_there(&outcome);
        else {
            link = &sending->next;
            continue;
        }
        decide(client, queue_take(&client->sendings, link), &outcome);
    }
}

static void lost(struct client *client)
{
    disconnect(client);
    give_up(client, true);
    if (client->sendings.first != NULL)
        pump_after(client, 0);
}

static void take_outcome(struct client *client, const struct frame *frame)
{
    struct sending **link = &client->sendings.first;
    struct reader reader = reader_of(frame->payload);
    struct err outcome;
    struct slice text;
    uint8_t code;

    while (*link != NULL && (*link)->tag != frame->tag)
        link = &(*link)->next;
    if (*link == NULL)
        return;
    code = read_u8(&reader);
    text = read_bytes(&reader, reader_left(&reader));
    err_set(&outcome, reader.failed || code > ERR_UNKNOWN ? ERR_UNKNOWN : code, "%.*s",
            (int)text.len, (const char *)text.data);
    decide(client, queue_take(&client->sendings, link), &outcome);
}

// False when the connection has ended or speaks nonsense.
static bool take_frames(struct client *client)
{
    struct frame frame;
    size_t at = 0;
    enum frame_result result;

    while ((result = frame_next(buffer_view(&client->received), &at, &frame)) == FRAME_READY) {
        if (frame.kind == STORE_FRAME_OUTCOME)
            take_outcome(client, &frame);
    }
    if (at > 0)
        memmove(client->received.data, client->received.data + at, client->received.len - at);
    client->received.len -= at;
    return result != FRAME_BROKEN;
}

static bool receive(struct client *client)
{
    for (;;) {
        uint8_t *room = buffer_room(&client->received, RECEIVE_SIZE);
        ssize_t got = recv(client->fd, room, RECEIVE_SIZE, MSG_DONTWAIT);

        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0 && errno == EAGAIN)
            return true;
        if (got <= 0)
            return false;
        client->received.len += (size_t)got;
        if (!take_frames(client))
            return false;
    }
}

static void ready(void *context)
{
    struct client *client = context;

    if (!receive(client))
        lost(client);
    call_decided(client);
}

static void writable(void *context)
{
    struct client *client = context;

    client->wants_write = false;
    pump(client);
}

// False when the connection is broken; a full socket is asked about later.
static bool send_all(struct client *client)
{
    struct sending *sending = client->sendings.first;

    while (sending != NULL && !client->wants_write) {
        size_t left = sending->frame.len - sending->sent;
        ssize_t sent = left == 0 ? 0 : send(client->fd, sending->frame.data + sending->sent, left,
                                            MSG_NOSIGNAL | MSG_DONTWAIT);

        if (sent < 0 && errno == EAGAIN) {
            client->wants_write = true;
            client->loop->want_write(client->loop, client->watch, writable);
        } else if (sent < 0 && errno != EINTR) {
            return false;
        }
        sending->sent += sent > 0 ? (size_t)sent : 0;
        if (sending->sent == sending->frame.len)
            sending = sending->next;
    }
    return true;
}

// Does what can be done now: connect, send, give up, try again later.
static void pump(struct client *client)
{
    if (client->sendings.first == NULL)
        return;
    if (client->fd < 0)
        client->fd = connect_to(client->store, SOCK_NONBLOCK);
    if (client->fd < 0) {
        give_up(client, false);
        if (client->sendings.first != NULL)
            pump_after(client, next_pause(client, &client->retry_ms));
        return;
    }
    if (client->watch == NULL)
        client->watch = client->loop->watch(client->loop, client->fd, ready, client);
    client->retry_ms = 0;
    if (!send_all(client))
        lost(client);
}

static void nobody_listens(void *context, const struct err *outcome)
{
    (void)context, (void)outcome;
}

// Half a frame cannot be taken back: the rest of it goes on its way, unheard.
static void leave_rest(struct client *client, struct sending *sending)
{
    struct sending *told = mem_zero(sizeof *told);
    struct err outcome;

    told->done = sending->done;
    told->context = sending->context;
    sending->done = nobody_listens;
    no_answer(&outcome);
    decide(client, told, &outcome);
}

static void give_up_late(struct client *client)
{
    int64_t now = now_us(client);
    struct err outcome;

    for (struct sending **link = &client->sendings.first; *link != NULL;) {
        struct sending *sending = *link;

        if (sending->late_us > now || sending->done == nobody_listens) {
            link = &sending->next;
        } else if (sending->sent > 0 && sending->sent < sending->frame.len) {
            leave_rest(client, sending);
            link = &sending->next;
        } else {
            if (sending->sent == 0)
                nobody_there(&outcome);
            else
                no_answer(&outcome);
            decide(client, queue_take(&client->sendings, link), &outcome);
        }
    }
}

static void watch_late(struct client *client);

static void late(void *context)
{
    struct client *client = context;

    client->late = NULL;
    give_up_late(client);
    watch_late(client);
}

// One timer, for the one that has waited longest.
static void watch_late(struct client *client)
{
    int64_t wait_ms = client->store->options.wait_ms, left_us;

    if (client->late != NULL || client->sendings.first == NULL || wait_ms == 0)
        return;
    left_us = client->sendings.first->late_us - now_us(client);
    if (left_us < 0) // one whose rest is still on its way
        left_us = wait_ms * 1000;
    client->late = client->loop->after(client->loop, left_us / 1000 + 1, late, client);
}

static struct sending *make_sending(struct client *client, store_done *done, void *context)
{
    struct sending *sending = mem_zero(sizeof *sending);

    assert(client->loop != NULL);
    sending->done = done;
    sending->context = context;
    return sending;
}

void client_send(struct client *client, struct buffer *commit, store_done *done, void *context)
{
    struct sending *sending = make_sending(client, done, context);

    sending->tag = ++client->last_tag;
    sending->give_up_us = give_up_at(client);
    sending->late_us = now_us(client) + client->store->options.wait_ms * 1000;
    frame_put(&sending->frame, sending->tag, STORE_FRAME_COMMIT, buffer_view(commit));
    buffer_finish(commit);
    queue_add(&client->sendings, sending);
    watch_late(client);
    pump(client);
}

void client_later(struct client *client, const struct err *outcome, store_done *done,
                  void *context)
{
    decide(client, make_sending(client, done, context), outcome);
}

// The side of those who wait ------------------------------------------------------------------

static void drop_blocking(struct client *client)
{
    if (client->blocking_fd >= 0)
        close(client->blocking_fd);
    client->blocking_fd = -1;
}

static bool connect_blocking(struct client *client, struct err *err)
{
    int64_t give_up_us = give_up_at(client), pause = 0, wait_ms = client->store->options.wait_ms;
    struct timeval wait = {.tv_sec = wait_ms / 1000, .tv_usec = wait_ms % 1000 * 1000};

    while ((client->blocking_fd = connect_to(client->store, 0)) < 0) {
        if (now_us(client) >= give_up_us)
            return nobody_there(err);
        poll(NULL, 0, (int)next_pause(client, &pause));
    }
    setsockopt(client->blocking_fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait);
    setsockopt(client->blocking_fd, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof wait);
    return true;
}

static ssize_t send_blocking(int fd, struct slice bytes)
{
    size_t sent = 0;

    while (sent < bytes.len) {
        ssize_t got = send(fd, bytes.data + sent, bytes.len - sent, MSG_NOSIGNAL);

        if (got < 0 && errno != EINTR)
            break;
        sent += got > 0 ? (size_t)got : 0;
    }
    return (ssize_t)sent;
}

static bool receive_blocking(int fd, void *bytes, size_t len)
{
    size_t at = 0;

    while (at < len) {
        ssize_t got = recv(fd, (uint8_t *)bytes + at, len - at, 0);

        if (got == 0 || (got < 0 && errno != EINTR))
            return false;
        at += got > 0 ? (size_t)got : 0;
    }
    return true;
}

static bool outcome_blocking(struct client *client, struct err *err)
{
    uint8_t head[FRAME_HEAD + 1];
    char text[sizeof ((struct err *)NULL)->text];
    struct reader reader = reader_of(slice_of(head, sizeof head));
    size_t len;
    uint8_t code;

    errno = 0;
    if (!receive_blocking(client->blocking_fd, head, sizeof head))
        return errno == EAGAIN ? no_answer(err) : went_away(err);
    len = read_u32(&reader);
    if (read_u64(&reader) != client->last_tag || read_u8(&reader) != STORE_FRAME_OUTCOME ||
        len < sizeof head - 4 || len - (sizeof head - 4) > sizeof text ||
        !receive_blocking(client->blocking_fd, text, len - (sizeof head - 4)))
        return went_away(err);
    code = read_u8(&reader);
    return code == ERR_NONE || err_set(err, code > ERR_UNKNOWN ? ERR_UNKNOWN : code, "%.*s",
                                       (int)(len - (sizeof head - 4)), text);
}

bool client_wait(struct client *client, struct slice commit, struct err *err)
{
    struct buffer frame = BUFFER_EMPTY;
    bool fresh = client->blocking_fd < 0, done;
    ssize_t sent;
    struct err problem = {.code = ERR_NONE};

    if (fresh && !connect_blocking(client, err))
        return false;
    frame_put(&frame, ++client->last_tag, STORE_FRAME_COMMIT, commit);
    sent = send_blocking(client->blocking_fd, buffer_view(&frame));
    done = (size_t)sent == frame.len ? outcome_blocking(client, &problem) : went_away(&problem);
    buffer_finish(&frame);
    if (problem.code == ERR_UNKNOWN || problem.code == ERR_LATE)
        drop_blocking(client);
    if (sent == 0 && !fresh) // an old connection was already dead: a new one may live
        return client_wait(client, commit, err);
    return done || err_set(err, problem.code, "%s", problem.text);
}

void client_destroy(struct client *client)
{
    struct err outcome;

    if (client == NULL)
        return;
    if (client->retry != NULL)
        client->loop->cancel(client->loop, client->retry);
    if (client->deliver != NULL)
        client->loop->cancel(client->loop, client->deliver);
    if (client->late != NULL)
        client->loop->cancel(client->loop, client->late);
    disconnect(client);
    went_away(&outcome);
    while (client->sendings.first != NULL) {
        struct sending *sending = queue_take(&client->sendings, &client->sendings.first);

        sending->outcome = outcome;
        queue_add(&client->decided, sending);
    }
    call_decided(client);
    drop_blocking(client);
    buffer_finish(&client->received);
    free(client);
}
