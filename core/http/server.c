// SPDX-License-Identifier: Apache-2.0
// Making, running, draining and ending a server.
#include <errno.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/log.h"
#include "crypto/crypto.h"
#include "http/server.h"

enum { TURN_MS = 200 };
static const uint64_t practically_never_ms = 10ull * 365 * 24 * 3600 * 1000;

// Small draws (ids, nonces) come from one larger draw: a system call less for each answer.
static void draw(struct random *random, void *bytes, size_t len)
{
    struct http_server *server = H2O_STRUCT_FROM_MEMBER(struct http_server, random, random);
    uint8_t *from;

    if (len > sizeof server->drawn) {
        random_fill(server->options.random, bytes, len);
        return;
    }
    if (server->drawn_left < len) {
        random_fill(server->options.random, server->drawn, sizeof server->drawn);
        server->drawn_left = sizeof server->drawn;
    }
    server->drawn_left -= len;
    from = server->drawn + server->drawn_left;
    memcpy(bytes, from, len);
    secret_wipe(from, len);
}

static void apply_limits(struct http_server *server)
{
    const struct config *config = server->config;

    server->global.max_request_entity_size = (size_t)config->http.body_bytes;
    server->global.http2.idle_timeout = (uint64_t)config->http.idle_ms;
    server->global.http2.max_concurrent_requests_per_connection =
        (size_t)config->http.http2_requests;
    server->context.http2.idle_timeout.timeout = (uint64_t)config->http.idle_ms;
    server->connections_max = accept_room(server);
}

static void init_global(struct http_server *server)
{
    h2o_hostconf_t *host;

    h2o_config_init(&server->global);
    server->global.server_name = h2o_iovec_init(H2O_STRLIT("shuyuan"));
    server->global.http1.req_timeout = practically_never_ms; // sweep.c keeps the deadlines
    server->global.http1.upgrade_to_http2 = 0;
    host = h2o_config_register_host(&server->global, h2o_iovec_init(H2O_STRLIT("default")), 65535);
    host->http2.push_preload = 0;
    request_register(server, host);
    respond_register(server, host);
}

static void init_libh2o(struct http_server *server)
{
    // personal data never goes to a file of libh2o's in /tmp
    h2o_socket_buffer_mmap_settings.threshold = SIZE_MAX;
    init_global(server);
    h2o_context_init(&server->context, h2o_evloop_create(), &server->global);
    server->accept.ctx = &server->context;
    server->accept.hosts = server->global.hosts;
    apply_limits(server);
}

static bool wants_tls(const struct http_options *options)
{
    for (size_t i = 0; i < options->listener_count; i++)
        if (options->listeners[i].tls)
            return true;
    return false;
}

static struct listener *make_listeners(struct http_server *server)
{
    size_t count = server->options.listener_count;
    struct listener *listeners = mem_zero(count * sizeof *listeners);

    for (size_t i = 0; i < count; i++) {
        listeners[i].server = server;
        listeners[i].tls = server->options.listeners[i].tls;
        listeners[i].admin = server->options.listeners[i].admin;
    }
    return listeners;
}

static void copy_options(struct http_server *server, const struct http_options *options)
{
    size_t size = options->listener_count * sizeof *options->listeners;
    struct http_listener *copy = mem_zero(size);

    if (size > 0)
        memcpy(copy, options->listeners, size);
    server->options = *options;
    server->options.listeners = copy;
    server->config = options->config;
}

struct http_server *http_create(const struct http_options *options, struct err *err)
{
    struct http_server *server = mem_zero(sizeof *server);

    server->reserved_fds = accept_reserve();
    signal(SIGPIPE, SIG_IGN); // a client that has gone is an error of one write
    copy_options(server, options);
    server->random.fill = draw;
    random_fill(options->random, &server->address_seed, sizeof server->address_seed);
    server->spare_fd = eventfd(0, EFD_CLOEXEC); // needs no right to open files
    h2o_linklist_init_anchor(&server->connections);
    h2o_linklist_init_anchor(&server->waiting);
    h2o_linklist_init_anchor(&server->touched);
    h2o_linklist_init_anchor(&server->streams);
    loop_init(server);
    server->listeners = make_listeners(server);
    server->compressor = compressor_create();
    server->files = static_read(options->config->assets, err);
    if (wants_tls(options) && server->files != NULL)
        server->tls =
            tls_server_create(options->config->tls_certificate, options->config->tls_key, err);
    if (server->files == NULL || (wants_tls(options) && server->tls == NULL)) {
        http_destroy(server);
        return NULL;
    }
    init_libh2o(server);
    accept_start(server);
    return server;
}

struct loop *http_loop(struct http_server *server)
{
    return &server->loop;
}

static bool has_pending(const struct http_server *server)
{
    return server->context.loop->_pending_as_client != NULL ||
           server->context.loop->_pending_as_server != NULL;
}

static void turn(struct http_server *server, int32_t most_ms)
{
    // libh2o would sleep in spite of callbacks that are due
    int32_t wait_ms =
        has_pending(server) ? 0 : timers_wait(&server->timers, server_now(server), most_ms);

    if (h2o_evloop_run(server->context.loop, wait_ms) != 0 && errno != EINTR)
        log_error("event loop", LOG_TEXT("reason", strerror(errno)));
    timers_fire(&server->timers, server_now(server));
    gate_after_turn(server);
}

void http_run(struct http_server *server, loop_call *turned, void *context)
{
    while (!server->stopped) {
        turn(server, TURN_MS);
        turned(context);
    }
}

void http_stop(struct http_server *server)
{
    server->stopped = true;
}

static void close_where(struct http_server *server, bool all)
{
    h2o_linklist_t todo;

    h2o_linklist_init_anchor(&todo);
    h2o_linklist_insert_list(&todo, &server->connections);
    while (!h2o_linklist_is_empty(&todo)) {
        struct connection *connection = H2O_STRUCT_FROM_MEMBER(struct connection, all, todo.next);

        h2o_linklist_unlink(&connection->all);
        h2o_linklist_insert(&server->connections, &connection->all);
        if (all || connection->phase == PHASE_IDLE)
            connection_close(connection);
    }
}

static void on_drain_limit(void *context)
{
    struct http_server *server = context;

    server->drain_limit = NULL;
    streams_close(server);
    close_where(server, true);
}

static void on_drained(void *context)
{
    struct http_server *server = context;

    if (server->drain_limit != NULL)
        server->loop.cancel(&server->loop, server->drain_limit);
    server->drain_limit = NULL;
    server->drained(server->drained_context);
}

void server_connection_ended(struct http_server *server)
{
    server->stats.connections_open--;
    accept_resume(server);
    if (server->draining && server->stats.connections_open == 0)
        server->loop.after(&server->loop, 0, on_drained, server);
}

void http_drain(struct http_server *server, loop_call *drained, void *context)
{
    if (server->draining)
        return;
    server->draining = true;
    server->drained = drained;
    server->drained_context = context;
    accept_stop(server);
    if (server->stats.connections_open == 0) {
        server->loop.after(&server->loop, 0, on_drained, server);
        return;
    }
    server->drain_limit =
        server->loop.after(&server->loop, server->config->http.drain_ms, on_drain_limit, server);
    h2o_context_request_shutdown(&server->context);
    close_where(server, false);
}

bool http_reconfigure(struct http_server *server, const struct config *config, struct err *err)
{
    struct ssl_ctx_st *tls = NULL;

    if (wants_tls(&server->options)) {
        if ((tls = tls_server_create(config->tls_certificate, config->tls_key, err)) == NULL)
            return false;
        tls_server_destroy(server->tls); // running connections hold it themselves
        server->tls = tls;
    }
    server->config = config;
    apply_limits(server);
    return true;
}

void http_stats(const struct http_server *server, struct http_stats *stats)
{
    *stats = server->stats;
}

// ---- the end ----

static void close_all(struct http_server *server)
{
    enum { TURNS = 200 };

    for (int i = 0; i < TURNS && server->stats.connections_open > 0; i++) {
        streams_close(server);
        close_where(server, true);
        turn(server, 1);
    }
}

static void stop_listening(struct http_server *server)
{
    h2o_socket_export_t out;

    for (size_t i = 0; i < server->options.listener_count; i++)
        if (server->listeners[i].sock != NULL) {
            h2o_socket_export(server->listeners[i].sock, &out); // the descriptor is the caller's
            h2o_buffer_dispose(&out.input);
        }
}

static void finish_libh2o(struct http_server *server)
{
    h2o_loop_t *loop = server->context.loop;
    h2o_multithread_queue_t *queue = server->context.queue;

    stop_listening(server);
    server->draining = false; // nobody is told any more
    close_all(server);
    h2o_timeout_unlink(&server->context.http2._graceful_shutdown_timeout);
    h2o_context_dispose(&server->context);
    h2o_config_dispose(&server->global);
    h2o_evloop_run(loop, 0); // frees what was closed
    h2o_evloop_destroy(loop);
    free(queue); // libh2o takes it apart, and forgets it
}

void http_destroy(struct http_server *server)
{
    if (server == NULL)
        return;
    if (server->context.loop != NULL)
        finish_libh2o(server);
    timers_finish(&server->timers);
    static_destroy(server->files);
    compressor_destroy(server->compressor);
    arena_finish(&server->spare_arena);
    if (server->tls != NULL)
        tls_server_destroy(server->tls);
    if (server->spare_fd >= 0)
        close(server->spare_fd);
    free((void *)(uintptr_t)server->options.listeners);
    free(server->listeners);
    free(server);
}
