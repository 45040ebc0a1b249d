// SPDX-License-Identifier: Apache-2.0
// The process that calls the outside for applications' jobs. It has neither the store nor its keys,
// and may write no file; what it is asked it checks again, with the manifest read anew.
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/frame.h"
#include "base/log.h"
#include "bind/manifest.h"
#include "net/share.h"
#include "net/transfer.h"
#include "serve/instance.h"
#include "serve/serve.h"

enum {
    CALLERS_MAX = JOBS_MAX + 8,
    READ_CHUNK = 64 * 1024,
    FIRST = 2,
    BEAT_MS = 100, // well below the least watchdog, which may become shorter at any moment
};

// A job process. It has one call at a time: what it sends meanwhile waits.
struct caller {
    struct outbound *outbound;
    int fd; // -1: nobody
    struct buffer in, out;
    struct transfer *transfer;
    uint64_t tag;
    struct id org;
    struct arena memory; // of the call
    const char *app, *method;
    size_t sent; // bytes of the request's body
    int64_t began_us;
};

struct outbound {
    const struct child_setup *setup;
    struct config *config;
    struct outbound_slot *slot;
    struct clock *clock;
    struct guard *guard;
    struct transfers *transfers;
    struct shares *shares;
    struct caller callers[CALLERS_MAX];
    int signals;
    bool stopping;
};

// Answers --------------------------------------------------------------------------------

static void answer(struct caller *caller, const struct fetch_answer *answer)
{
    struct buffer payload = BUFFER_EMPTY;

    fetch_put_answer(&payload, answer);
    frame_put(&caller->out, caller->tag, FETCH_ANSWER, buffer_view(&payload));
    buffer_finish(&payload);
    arena_reset(&caller->memory);
}

// One line a call: where to, not what about. Paths and queries may carry secrets.
static void note(const struct caller *caller, const struct url *url,
                 const struct fetch_answer *answer, const char *refused)
{
    const struct outbound *outbound = caller->outbound;
    char org[ID_TEXT_LEN + 1];

    id_to_text(&caller->org, org);
    log_info("outbound call", LOG_TEXT("app", caller->app), LOG_TEXT("org", org),
             LOG_TEXT("method", caller->method), LOG_TEXT("host", url != NULL ? url->host : ""),
             LOG_INT("port", url != NULL ? url->port : 0),
             LOG_TEXT("outcome", fetch_word(answer->outcome)), LOG_INT("status", answer->status),
             LOG_INT("ms", (clock_mono_us(outbound->clock) - caller->began_us) / 1000),
             LOG_INT("sent", (int64_t)caller->sent), LOG_INT("received", (int64_t)answer->body.len),
             LOG_TEXT("refused", refused));
}

static void count(struct outbound *outbound, const struct fetch_answer *answer)
{
    outbound->slot->calls++;
    outbound->slot->outcomes[answer->outcome]++;
    outbound->slot->bytes_in += answer->body.len;
}

static void done(void *context, const struct fetch_answer *given,
                 const struct transfer_report *report)
{
    struct caller *caller = context;

    caller->transfer = NULL;
    caller->outbound->slot->open--;
    shares_give(caller->outbound->shares, &caller->org);
    count(caller->outbound, given);
    note(caller, report->url, given, report->refused);
    answer(caller, given);
}

static void refuse(struct caller *caller, enum fetch_outcome outcome, const char *why)
{
    struct fetch_answer given = {.outcome = outcome, .problem = slice_text(why)};

    count(caller->outbound, &given);
    note(caller, NULL, &given, why);
    answer(caller, &given);
}

// Calls ----------------------------------------------------------------------------------

static bool is_app_name(struct slice name)
{
    for (size_t i = 0; i < name.len; i++)
        if ((name.data[i] < 'a' || name.data[i] > 'z') && name.data[i] != '_' &&
            (name.data[i] < '0' || name.data[i] > '9'))
            return false;
    return name.len > 0 && name.len <= 32;
}

// As the file stands now, whatever the caller has loaded: what either lacks is not called.
static bool read_hosts(struct caller *caller, const struct fetch_request *request,
                       const char *const **hosts, struct err *err)
{
    struct arena *arena = &caller->memory;
    const char *name = arena_text(arena, request->app);
    struct manifest manifest;

    if (!is_app_name(request->app))
        return err_set(err, ERR_INPUT, "no such app");
    if (!manifest_read(arena_format(arena, "%s/apps/%s/app.yaml",
                                    caller->outbound->config->platform, name),
                       name, arena, &manifest, err))
        return false;
    *hosts = manifest.asks_http;
    return true;
}

static void begin(struct caller *caller, struct fetch_request *request)
{
    struct outbound *outbound = caller->outbound;
    const struct config *config = outbound->config;
    struct fetch_rules rules = {.plain_http = config->outbound.plain_http,
                                .body_max = (size_t)config->outbound.body_bytes};
    struct transfer_limits limits = {
        .authorities = arena_text(&caller->memory, slice_text(config->outbound.authorities)),
        .connect_ms = config->outbound.connect_ms,
        .answer_max = config->outbound.answer_bytes,
        .redirects = config->outbound.redirects};
    struct share_limits shares = {config->outbound.calls_per_org, config->outbound.rate_per_org};
    struct url url;
    struct err err;

    if (!read_hosts(caller, request, &rules.hosts, &err) ||
        !fetch_check(&caller->memory, request, &rules, &url, &err)) {
        refuse(caller, FETCH_REFUSED, err.text);
        return;
    }
    if (!shares_take(outbound->shares, &caller->org, &shares, caller->began_us)) {
        refuse(caller, FETCH_BUSY, "");
        return;
    }
    if (request->timeout_ms > config->outbound.timeout_ms)
        request->timeout_ms = (uint32_t)config->outbound.timeout_ms;
    caller->sent = request->body.len;
    outbound->slot->open++;
    outbound->slot->bytes_out += request->body.len;
    caller->transfer = transfer_start(outbound->transfers, request, &rules, &limits,
                                      done, caller);
}

static void hang_up(struct caller *caller)
{
    if (caller->transfer != NULL) {
        transfer_stop(caller->transfer);
        caller->outbound->slot->open--;
        shares_give(caller->outbound->shares, &caller->org);
    }
    if (caller->fd >= 0)
        close(caller->fd);
    buffer_finish(&caller->in);
    buffer_finish(&caller->out);
    arena_finish(&caller->memory);
    *caller = (struct caller){.outbound = caller->outbound, .fd = -1};
}

// Begins the call of the next whole frame. False: nonsense.
static bool take_frame(struct caller *caller)
{
    struct fetch_request request;
    struct frame frame;
    size_t at = 0;
    enum frame_result result = frame_next(buffer_view(&caller->in), &at, &frame);

    if (result != FRAME_READY)
        return result == FRAME_NONE;
    arena_reset(&caller->memory);
    caller->tag = frame.tag;
    if (frame.kind != FETCH_ASK || !fetch_read_request(&caller->memory, frame.payload, &request))
        return false;
    caller->app = arena_text(&caller->memory, request.app);
    caller->method = arena_text(&caller->memory, request.method);
    caller->org = request.org;
    caller->sent = 0;
    caller->began_us = clock_mono_us(caller->outbound->clock);
    begin(caller, &request);
    caller->in.len -= at;
    memmove(caller->in.data, caller->in.data + at, caller->in.len);
    return true;
}

// False: it has gone.
static bool receive(struct caller *caller)
{
    size_t most = (size_t)caller->outbound->config->outbound.body_bytes + URL_MAX +
                  FETCH_HEAD_MAX + READ_CHUNK;
    ssize_t got = recv(caller->fd, buffer_room(&caller->in, READ_CHUNK), READ_CHUNK, 0);

    if (got < 0)
        return errno == EAGAIN || errno == EINTR;
    caller->in.len += (size_t)got;
    return got > 0 && caller->in.len <= most;
}

static bool flush(struct caller *caller)
{
    ssize_t sent = send(caller->fd, caller->out.data, caller->out.len, MSG_NOSIGNAL);

    if (sent < 0)
        return errno == EAGAIN || errno == EINTR;
    caller->out.len -= (size_t)sent;
    memmove(caller->out.data, caller->out.data + sent, caller->out.len);
    return true;
}

static void serve_caller(struct caller *caller, short events)
{
    bool fine = true;

    if ((events & POLLIN) != 0)
        fine = receive(caller);
    if (fine && caller->transfer == NULL && caller->in.len > 0)
        fine = take_frame(caller);
    if (fine && caller->out.len > 0)
        fine = flush(caller);
    if (!fine)
        hang_up(caller);
}

static void accept_caller(struct outbound *outbound)
{
    int fd = accept4(outbound->setup->outbound_fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

    for (size_t i = 0; fd >= 0 && i < CALLERS_MAX; i++) {
        if (outbound->callers[i].fd < 0) {
            outbound->callers[i].fd = fd;
            return;
        }
    }
    if (fd >= 0)
        close(fd);
}

// The process ----------------------------------------------------------------------------

static bool is_busy(const struct outbound *outbound)
{
    for (size_t i = 0; i < CALLERS_MAX; i++)
        if (outbound->callers[i].transfer != NULL || outbound->callers[i].out.len > 0)
            return true;
    return false;
}

static bool take_config(struct outbound *outbound, struct err *err)
{
    struct guard *guard = guard_create(outbound->config->outbound.allow, err);

    if (guard == NULL)
        return false;
    transfers_guard(outbound->transfers, guard);
    guard_destroy(outbound->guard);
    outbound->guard = guard;
    if (access(outbound->config->outbound.authorities, R_OK) != 0)
        log_warn("outbound.authorities cannot be read: no certificate will be trusted",
                 LOG_TEXT("file", outbound->config->outbound.authorities));
    return true;
}

static void reload(struct outbound *outbound)
{
    struct err err;

    if (!setup_reload(outbound->setup, outbound->config, &err) || !take_config(outbound, &err)) {
        log_error("reload failed; the old configuration stays", LOG_TEXT("error", err.text));
        return;
    }
    instance_log_level(outbound->config);
    log_info("configuration reloaded");
}

static void take_signals(struct outbound *outbound)
{
    struct signalfd_siginfo info;

    while (read(outbound->signals, &info, sizeof info) == sizeof info) {
        if (info.ssi_signo == SIGTERM)
            outbound->stopping = true;
        else
            reload(outbound);
    }
}

static void turn(struct outbound *outbound)
{
    struct pollfd polls[FIRST + CALLERS_MAX] = {{outbound->signals, POLLIN, 0},
                                                {outbound->setup->outbound_fd, POLLIN, 0}};
    struct caller *polled[CALLERS_MAX];
    size_t count = 0;

    for (size_t i = 0; i < CALLERS_MAX; i++) {
        struct caller *caller = &outbound->callers[i];

        if (caller->fd < 0)
            continue;
        polls[FIRST + count] = (struct pollfd){caller->fd, POLLIN, 0};
        if (caller->out.len > 0)
            polls[FIRST + count].events |= POLLOUT;
        polled[count++] = caller;
    }
    transfers_wait(outbound->transfers, polls, FIRST + count, BEAT_MS);
    for (size_t i = 0; i < count; i++)
        serve_caller(polled[i], polls[FIRST + i].revents);
    if (polls[1].revents != 0)
        accept_caller(outbound);
    take_signals(outbound);
    outbound->slot->beat_us = clock_mono_us(outbound->clock);
}

static bool start(struct outbound *outbound, struct err *err)
{
    sigset_t signals;

    for (size_t i = 0; i < CALLERS_MAX; i++)
        outbound->callers[i] = (struct caller){.outbound = outbound, .fd = -1};
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGHUP);
    sigprocmask(SIG_BLOCK, &signals, NULL);
    outbound->signals = signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
    outbound->clock = clock_system();
    outbound->shares = shares_create();
    outbound->transfers = transfers_create(outbound->clock, err);
    if (outbound->transfers == NULL || !take_config(outbound, err))
        return false;
    if (!confine_outbound(outbound->config, outbound->setup->config_path))
        log_warn("the kernel has no Landlock: this process is not confined to its files");
    outbound->slot->open = 0;
    return true;
}

int outbound_run(const struct child_setup *setup)
{
    struct outbound *outbound = mem_zero(sizeof *outbound);
    struct err err = {ERR_NONE, ""};

    *outbound = (struct outbound){.setup = setup, .config = (struct config *)setup->config,
                                  .slot = &setup->board->outbound};
    log_name("outbound");
    instance_log_level(outbound->config);
    if (!start(outbound, &err)) {
        log_error("the outbound process cannot start", LOG_TEXT("error", err.text));
        return 1;
    }
    if (write(setup->ready_fd, &setup->ready_byte, 1) != 1)
        return 1;
    while (!outbound->stopping || is_busy(outbound))
        turn(outbound);
    for (size_t i = 0; i < CALLERS_MAX; i++)
        hang_up(&outbound->callers[i]);
    transfers_destroy(outbound->transfers);
    shares_destroy(outbound->shares);
    guard_destroy(outbound->guard);
    close(outbound->signals);
    free(outbound);
    return 0;
}
