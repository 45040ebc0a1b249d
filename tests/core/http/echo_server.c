// SPDX-License-Identifier: Apache-2.0
// A real server with a small handler, for the dialogues in tests/wire. Arguments: key=value
// with the keys of config.http, and listen=ADDRESS:PORT (port 0: a free one), tls, cert, key,
// assets, proxy, nofile. Prints "PORT n", then "TLS n", then "ADMIN n", and "drained" when a
// SIGTERM was obeyed.
//
// /echo: the request as text · /wait: answered on /release, or noted when the client goes ·
// /gone: how many went · /stream?room: an answer without an end · /tell?n: n bytes to all of them,
// answers how many had no room · /streams: how many are open · /shut: ends them · /big?n: n bytes · /html?n: n bytes of HTML · /status?n · /stats
#include <arpa/inet.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "http/http.h"

struct world {
    struct http_server *server;
    struct http_request *waiting[1000];
    size_t waiting_count;
    int64_t gone;
    struct open *open;
    int signals;
    struct loop_watch *watch;
};

struct wait {
    struct world *world;
    struct http_request *request;
};

static void answer(struct http_request *request, int status, const char *type, struct slice body)
{
    struct http_field field = {"content-type", slice_text(type)};

    http_respond(request, status, &field, 1, body);
}

static void forget(struct world *world, struct http_request *request)
{
    for (size_t i = 0; i < world->waiting_count; i++)
        if (world->waiting[i] == request)
            world->waiting[i--] = world->waiting[--world->waiting_count];
}

static void on_gone(void *context)
{
    struct wait *wait = context;

    wait->world->gone++;
    forget(wait->world, wait->request);
}

static void hold(struct world *world, struct http_request *request)
{
    struct wait *wait = arena_alloc(http_arena(request), sizeof *wait);

    if (world->waiting_count == 1000) {
        answer(request, 503, "text/plain", slice_text("full"));
        return;
    }
    *wait = (struct wait){world, request};
    world->waiting[world->waiting_count++] = request;
    http_on_gone(request, on_gone, wait);
}

static void release(struct world *world)
{
    while (world->waiting_count > 0)
        answer(world->waiting[--world->waiting_count], 200, "text/plain", slice_text("released"));
}

static struct slice text_of(struct http_request *request, const char *format, long long number)
{
    return slice_text(arena_format(http_arena(request), format, number));
}

static void echo(struct http_request *request)
{
    struct arena *arena = http_arena(request);
    struct slice path = http_path(request), query = http_query(request), body = http_body(request),
                 host = http_host(request), address = http_address(request),
                 cookie = http_cookie(request, "a");
    const char *text =
        arena_format(arena,
                     "method=%d\npath=%.*s\nquery=%.*s\nhost=%.*s\naddress=%.*s\ntls=%d\ncookie=%.*"
                     "s\nbody=%.*s\n",
                     http_method(request), (int)path.len, (const char *)path.data, (int)query.len,
                     (const char *)query.data, (int)host.len, (const char *)host.data,
                     (int)address.len, (const char *)address.data, http_is_tls(request),
                     (int)cookie.len, cookie.data != NULL ? (const char *)cookie.data : "",
                     (int)body.len, (const char *)body.data);

    answer(request, 200, "text/plain; charset=utf-8", slice_text(text));
}

static void repeat(struct http_request *request, const char *type, const char *piece)
{
    size_t len = (size_t)atoll((const char *)arena_text(http_arena(request), http_query(request)));
    char *bytes = malloc(len + 1);

    for (size_t i = 0; i < len; i++)
        bytes[i] = piece[i % strlen(piece)];
    answer(request, 200, type, slice_of(bytes, len));
    free(bytes);
}

static void stats(struct world *world, struct http_request *request)
{
    struct http_stats now;

    http_stats(world->server, &now);
    answer(
        request, 200, "application/json",
        slice_text(arena_format(
            http_arena(request),
            "{\"open\":%llu,\"requests\":%llu,\"refusedHeads\":%llu,\"refusedConnections\":%llu}",
            (unsigned long long)now.connections_open, (unsigned long long)now.requests,
            (unsigned long long)now.refused_heads, (unsigned long long)now.refused_connections)));
}

// Streams ----------------------------------------------------------------------------------

struct open {
    struct open *next;
    struct world *world;
    struct http_stream *stream;
};

static void drop(struct open *open)
{
    struct open **link = &open->world->open;

    while (*link != open)
        link = &(*link)->next;
    *link = open->next;
    free(open);
}

static void on_ended(void *context)
{
    drop(context);
}

static long long number_of(struct http_request *request)
{
    return atoll(arena_text(http_arena(request), http_query(request)));
}

static void stream(struct world *world, struct http_request *request)
{
    struct http_field field = {"content-type", slice_text("text/event-stream")};
    struct open *open = mem_zero(sizeof *open);

    open->world = world;
    open->next = world->open;
    world->open = open;
    open->stream = http_respond_stream(
        request, &field, 1,
        &(struct http_stream_options){slice_text("begin\n"), (size_t)number_of(request), on_ended,
                                      open});
}

static void tell(struct world *world, struct http_request *request)
{
    size_t len = (size_t)number_of(request);
    uint8_t *bytes = mem_zero(len + 1);
    struct http_chunk *chunk;
    long long refused = 0;

    memset(bytes, 'x', len);
    chunk = http_chunk_make(slice_of(bytes, len));
    for (struct open *open = world->open; open != NULL; open = open->next)
        refused += !http_stream_send(open->stream, chunk);
    http_chunk_release(chunk);
    free(bytes);
    answer(request, 200, "text/plain", text_of(request, "%lld", refused));
}

static void shut(struct world *world, struct http_request *request)
{
    while (world->open != NULL) {
        http_stream_close(world->open->stream);
        drop(world->open);
    }
    answer(request, 200, "text/plain", slice_text("shut"));
}

static long long count_open(const struct world *world)
{
    long long count = 0;

    for (struct open *open = world->open; open != NULL; open = open->next)
        count++;
    return count;
}

static void handle(void *context, struct http_request *request)
{
    struct world *world = context;
    struct slice path = http_path(request);

    if (slice_is(path, "/wait")) {
        hold(world, request);
    } else if (slice_is(path, "/release")) {
        release(world);
        answer(request, 200, "text/plain", slice_text("done"));
    } else if (slice_is(path, "/gone")) {
        answer(request, 200, "text/plain", text_of(request, "%lld", world->gone));
    } else if (slice_is(path, "/waiting")) {
        answer(request, 200, "text/plain",
               text_of(request, "%lld", (long long)world->waiting_count));
    } else if (slice_is(path, "/big")) {
        repeat(request, "application/octet-stream", "0123456789");
    } else if (slice_is(path, "/html")) {
        http_nonce(request);
        repeat(request, "text/html; charset=utf-8", "<p>shuyuan</p>");
    } else if (slice_is(path, "/status")) {
        answer(request, atoi(arena_text(http_arena(request), http_query(request))), "text/plain",
               slice_text("as asked"));
    } else if (slice_is(path, "/stats")) {
        stats(world, request);
    } else if (slice_is(path, "/stream")) {
        stream(world, request);
    } else if (slice_is(path, "/streams")) {
        answer(request, 200, "text/plain", text_of(request, "%lld", count_open(world)));
    } else if (slice_is(path, "/tell")) {
        tell(world, request);
    } else if (slice_is(path, "/shut")) {
        shut(world, request);
    } else if (slice_starts(path, slice_text("/echo")) || slice_is(path, "/")) {
        echo(request);
    } else {
        answer(request, 404, "text/plain", slice_text("no such page"));
    }
}

static void handle_admin(void *context, struct http_request *request)
{
    struct world *world = context;

    if (slice_is(http_path(request), "/waiting"))
        answer(request, 200, "text/plain",
               text_of(request, "%lld", (long long)world->waiting_count));
    else
        answer(request, 200, "text/plain", slice_text("admin"));
}

static void on_drained(void *context)
{
    struct world *world = context;

    puts("drained");
    fflush(stdout);
    http_stop(world->server);
}

static void on_signal(void *context)
{
    struct world *world = context;
    struct signalfd_siginfo info;

    if (read(world->signals, &info, sizeof info) == sizeof info)
        http_drain(world->server, on_drained, world);
}

static void on_turn(void *context)
{
    (void)context;
}

static int listen_on(const char *address, int *port)
{
    struct sockaddr_in6 six = {.sin6_family = AF_INET6};
    struct sockaddr_in four = {.sin_family = AF_INET};
    int on = 1, is_six = strchr(address, ':') != NULL;
    struct sockaddr *any = is_six ? (struct sockaddr *)&six : (struct sockaddr *)&four;
    socklen_t len = is_six ? sizeof six : sizeof four;
    int fd = socket(any->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    inet_pton(any->sa_family, address, is_six ? (void *)&six.sin6_addr : (void *)&four.sin_addr);
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (bind(fd, any, len) != 0 || listen(fd, 1024) != 0 || getsockname(fd, any, &len) != 0) {
        perror("listen");
        exit(1);
    }
    *port = ntohs(is_six ? six.sin6_port : four.sin_port);
    return fd;
}

static void set_defaults(struct config *config)
{
    config->assets = "";
    config->http.connections = 1000;
    config->http.connections_per_address = 1000;
    config->http.requests_per_connection = 100000;
    config->http.head_bytes = 16 * 1024;
    config->http.head_fields = 64;
    config->http.body_bytes = 1024 * 1024;
    config->http.request_ms = 5000;
    config->http.idle_ms = 5000;
    config->http.write_ms = 5000;
    config->http.body_rate = 500;
    config->http.http2_requests = 16;
    config->http.http2_resets = 100;
    config->http.http2_frame_rate = 500;
    config->http.drain_ms = 3000;
}

static void set_one(struct config *config, const char *key, const char *value)
{
    const struct {
        const char *key;
        int64_t *number;
    } keys[] = {
        {"connections", &config->http.connections},
        {"connections_per_address", &config->http.connections_per_address},
        {"requests_per_connection", &config->http.requests_per_connection},
        {"head_bytes", &config->http.head_bytes},
        {"head_fields", &config->http.head_fields},
        {"body_bytes", &config->http.body_bytes},
        {"request_ms", &config->http.request_ms},
        {"idle_ms", &config->http.idle_ms},
        {"write_ms", &config->http.write_ms},
        {"body_rate", &config->http.body_rate},
        {"http2_requests", &config->http.http2_requests},
        {"http2_resets", &config->http.http2_resets},
        {"http2_frame_rate", &config->http.http2_frame_rate},
        {"drain_ms", &config->http.drain_ms},
    };

    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        if (strcmp(keys[i].key, key) == 0)
            *keys[i].number = atoll(value);
    if (strcmp(key, "cert") == 0)
        config->tls_certificate = value;
    if (strcmp(key, "key") == 0)
        config->tls_key = value;
    if (strcmp(key, "assets") == 0)
        config->assets = value;
    if (strcmp(key, "proxy") == 0)
        config->proxy_trusted = true;
    if (strcmp(key, "nofile") == 0)
        setrlimit(RLIMIT_NOFILE, &(struct rlimit){(rlim_t)atoll(value), (rlim_t)atoll(value)});
}

static int watch_signals(void)
{
    sigset_t set;

    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigprocmask(SIG_BLOCK, &set, NULL);
    return signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
}

int main(int argc, char **argv)
{
    struct config config = {0};
    struct world world = {0};
    struct err err = {0};
    struct http_listener listeners[3] = {{0}};
    const char *address = "127.0.0.1";
    int ports[3];

    set_defaults(&config);
    for (int i = 1; i < argc; i++) {
        char *equals = strchr(argv[i], '=');

        if (equals == NULL)
            return 2;
        *equals = 0;
        if (strcmp(argv[i], "listen") == 0)
            address = equals + 1;
        else
            set_one(&config, argv[i], equals + 1);
    }
    for (int i = 0; i < 3; i++)
        listeners[i] = (struct http_listener){listen_on(address, &ports[i]), i == 1, i == 2};
    if (config.tls_certificate == NULL)
        listeners[1] = listeners[2];
    world.signals = watch_signals();
    world.server = http_create(
        &(struct http_options){&config, listeners, config.tls_certificate != NULL ? 3 : 2, handle,
                               handle_admin, &world, clock_system(), random_system()},
        &err);
    if (world.server == NULL) {
        fprintf(stderr, "%s\n", err.text);
        return 1;
    }
    world.watch =
        http_loop(world.server)->watch(http_loop(world.server), world.signals, on_signal, &world);
    printf("PORT %d\nTLS %d\nADMIN %d\n", ports[0], ports[1], ports[2]);
    fflush(stdout);
    http_run(world.server, on_turn, NULL);
    http_loop(world.server)->unwatch(http_loop(world.server), world.watch);
    http_destroy(world.server);
    return 0;
}
