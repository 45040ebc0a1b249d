// SPDX-License-Identifier: Apache-2.0
// base/loop.h over libh2o's event loop.
#include <fcntl.h>

#include "http/server.h"

struct loop_watch {
    h2o_socket_t *sock;
    loop_call *ready, *writable;
    void *context;
};

static void on_ready(h2o_socket_t *sock, const char *reason)
{
    struct loop_watch *watch = sock->data;

    (void)reason;
    watch->ready(watch->context);
}

static void on_writable(h2o_socket_t *sock, const char *reason)
{
    struct loop_watch *watch = sock->data;

    (void)reason;
    watch->writable(watch->context);
}

static struct loop_watch *watch_fd(struct loop *loop, int fd, loop_call *ready, void *context)
{
    struct http_server *server = (struct http_server *)loop;
    struct loop_watch *watch = mem_zero(sizeof *watch);

    watch->ready = ready;
    watch->context = context;
    watch->sock = h2o_evloop_socket_create(server->context.loop, fd, H2O_SOCKET_FLAG_DONT_READ);
    watch->sock->data = watch;
    h2o_socket_read_start(watch->sock, on_ready);
    return watch;
}

static void want_write(struct loop *loop, struct loop_watch *watch, loop_call *writable)
{
    (void)loop;
    watch->writable = writable;
    if (!h2o_socket_is_writing(watch->sock))
        h2o_socket_notify_write(watch->sock, on_writable);
}

// Exporting is libh2o's only way to let go of a socket without closing its descriptor.
static void unwatch(struct loop *loop, struct loop_watch *watch)
{
    h2o_socket_export_t out;

    (void)loop;
    watch->sock->_cb.write = NULL;
    h2o_socket_export(watch->sock, &out);
    h2o_buffer_dispose(&out.input);
    free(watch);
}

static struct loop_timer *after(struct loop *loop, int64_t ms, loop_call *fire, void *context)
{
    struct http_server *server = (struct http_server *)loop;

    return timers_add(&server->timers, server_now(server) + ms * 1000, fire, context);
}

static void cancel(struct loop *loop, struct loop_timer *timer)
{
    timers_remove(&((struct http_server *)loop)->timers, timer);
}

void loop_init(struct http_server *server)
{
    server->loop = (struct loop){watch_fd, want_write, unwatch, after, cancel};
}
