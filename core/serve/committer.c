// SPDX-License-Identifier: Apache-2.0
// The only process that writes the store. It gathers every commit that is waiting when
// the disk becomes free into one group: one transaction, one sync, many answers.
#include "serve/serve.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/frame.h"
#include "base/log.h"
#include "blob/file.h"
#include "record/live.h"
#include "serve/instance.h"
#include "serve/socket.h"
#include "store/space.h"

enum { CLIENTS_MAX = 256, READ_CHUNK = 64 * 1024, SWEEP_MS = 2000, SWEEP_KEYS = 500 };

struct client {
    int fd;
    struct buffer in, out;
    size_t taken;  // bytes of in that are proposals of the current group
    bool writable; // false: out waits for EPOLLOUT
};

struct pending {
    struct client *client;
    uint64_t tag;
    bool sent; // answered already (refused before the group)
};

struct committer {
    const struct child_setup *setup;
    struct config *config;
    struct scoreboard *board;
    struct instance instance;
    int epoll, listener, signals;
    struct client *clients[CLIENTS_MAX];
    struct store_proposal *proposals; // group_max of them
    struct pending *pending;
    size_t count;
    int64_t swept_ms;
    int64_t oldest, oldest_us; // the oldest snapshot in use, since when it has been that
    bool reported;             // that it is held for long
    uint8_t session_cursor[16]; // where the sweep of sessions stands
    struct blob_sweep files;
    bool stopping, failed;
};

static bool watch(struct committer *committer, int fd, void *data, uint32_t events, int how)
{
    struct epoll_event event = {.events = events, .data.ptr = data};

    return epoll_ctl(committer->epoll, how, fd, &event) == 0;
}

static void drop_client(struct committer *committer, struct client *client)
{
    for (size_t i = 0; i < committer->count; i++)
        if (committer->pending[i].client == client)
            committer->pending[i].client = NULL; // committed all the same, unheard
    for (size_t i = 0; i < CLIENTS_MAX; i++)
        if (committer->clients[i] == client)
            committer->clients[i] = NULL;
    close(client->fd);
    buffer_finish(&client->in);
    buffer_finish(&client->out);
    free(client);
}

static void accept_client(struct committer *committer)
{
    int fd = accept4(committer->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    size_t slot = 0;

    if (fd < 0)
        return;
    while (slot < CLIENTS_MAX && committer->clients[slot] != NULL)
        slot++;
    if (slot == CLIENTS_MAX) {
        log_warn("too many connections to the committer");
        close(fd);
        return;
    }
    committer->clients[slot] = mem_zero(sizeof(struct client));
    committer->clients[slot]->fd = fd;
    committer->clients[slot]->writable = true;
    watch(committer, fd, committer->clients[slot], EPOLLIN, EPOLL_CTL_ADD);
}

static void flush(struct committer *committer, struct client *client)
{
    ssize_t sent = 0;

    if (client->out.len > 0)
        sent = send(client->fd, client->out.data, client->out.len, MSG_NOSIGNAL);
    if (sent < 0 && errno != EAGAIN && errno != EINTR) {
        client->out.len = 0; // it is gone; reading will notice
        return;
    }
    if (sent > 0) {
        memmove(client->out.data, client->out.data + sent, client->out.len - (size_t)sent);
        client->out.len -= (size_t)sent;
    }
    if (client->writable != (client->out.len == 0)) {
        client->writable = client->out.len == 0;
        watch(committer, client->fd, client, client->writable ? EPOLLIN : EPOLLIN | EPOLLOUT,
              EPOLL_CTL_MOD);
    }
}

static void answer(struct client *client, uint64_t tag, const struct err *outcome)
{
    struct buffer payload = BUFFER_EMPTY;

    buffer_u8(&payload, (uint8_t)outcome->code);
    if (outcome->code != ERR_NONE)
        buffer_text(&payload, outcome->text);
    frame_put(&client->out, tag, STORE_FRAME_OUTCOME, buffer_view(&payload));
    buffer_finish(&payload);
}

// Takes whole frames out of what was read, as far as the group has room. The payloads stay
// in the client's buffer, which is not moved before the group has been answered.
static bool take_frames(struct committer *committer, struct client *client)
{
    struct frame frame;
    enum frame_result result = FRAME_NONE;

    while (committer->count < (size_t)committer->config->store.group_max &&
           (result = frame_next(buffer_view(&client->in), &client->taken, &frame)) ==
               FRAME_READY) {
        if (frame.kind != STORE_FRAME_COMMIT) {
            result = FRAME_BROKEN;
            break;
        }
        committer->proposals[committer->count] = (struct store_proposal){.commit = frame.payload};
        committer->pending[committer->count++] = (struct pending){client, frame.tag, false};
    }
    return result != FRAME_BROKEN;
}

// False when the client is gone or sent nonsense. What it sent whole before it went is
// committed: it may have been told to rely on nothing, but it may also ask again by key.
static bool read_client(struct committer *committer, struct client *client)
{
    size_t room = (size_t)committer->config->store.commit_bytes_max + READ_CHUNK;

    if (client->in.len >= room) { // whole frames have been taken out: this one is too long
        log_warn("a commit over store.commit_bytes_max was sent");
        return false;
    }
    while (client->in.len < room) {
        ssize_t got = recv(client->fd, buffer_room(&client->in, READ_CHUNK), READ_CHUNK, 0);

        if (got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR))
            return false;
        if (got < 0)
            break;
        client->in.len += (size_t)got;
        if (got < READ_CHUNK)
            break;
    }
    return true;
}

static void drop_taken(struct client *client)
{
    if (client->taken > 0) {
        client->in.len -= client->taken;
        memmove(client->in.data, client->in.data + client->taken, client->in.len);
        client->taken = 0;
    }
}

// Each worker reads the log itself. One that is woken for nothing finds nothing.
static void wake_workers(const struct committer *committer)
{
    uint64_t one = 1;

    for (unsigned i = 0; i < committer->board->workers; i++)
        if (write(committer->setup->wakes[i], &one, sizeof one) < 0 && errno != EAGAIN)
            log_warn("a worker cannot be woken", LOG_TEXT("error", strerror(errno)));
}

static void commit_group(struct committer *committer)
{
    struct err err = {ERR_NONE, ""};

    if (committer->count == 0)
        return;
    if (!store_apply(committer->instance.store, committer->proposals, committer->count, &err) &&
        (err.code == ERR_IO || err.code == ERR_CORRUPT)) {
        log_error("the store cannot be written; stopping without another try",
                  LOG_TEXT("error", err.text));
        committer->failed = true;
    }
    for (size_t i = 0; i < committer->count; i++)
        if (committer->pending[i].client != NULL)
            answer(committer->pending[i].client, committer->pending[i].tag,
                   &committer->proposals[i].outcome);
    if (store_log_grew(committer->instance.store))
        wake_workers(committer);
    committer->count = 0;
}

// Groups until no client holds a whole commit any more.
static void commit_waiting(struct committer *committer)
{
    bool more = true;

    while (more && !committer->failed) {
        for (size_t i = 0; i < CLIENTS_MAX; i++) {
            struct client *client = committer->clients[i];

            if (client != NULL && !take_frames(committer, client)) {
                log_warn("a client of the committer sent a broken frame");
                shutdown(client->fd, SHUT_RDWR); // reading will notice and drop it
                client->in.len = client->taken;
            }
        }
        more = committer->count > 0;
        commit_group(committer);
        for (size_t i = 0; i < CLIENTS_MAX; i++)
            if (committer->clients[i] != NULL) {
                drop_taken(committer->clients[i]);
                flush(committer, committer->clients[i]);
            }
    }
}

static bool sweep_sessions(struct committer *committer, struct err *err)
{
    struct store_txn *txn = store_begin(committer->instance.store, STORE_WRITE, err);
    struct budget budget = {.reads_max = SWEEP_KEYS, .writes_max = SWEEP_KEYS};
    struct view view;
    size_t swept = 0;
    bool done;

    if (txn == NULL)
        return false;
    done = instance_view(&committer->instance, txn, store_arena(txn), &budget, &view, err) &&
           auth_session_sweep(&committer->instance.auth, &view, committer->session_cursor,
                              SWEEP_KEYS / 2, &swept, err) &&
           (swept == 0 || store_commit_wait(txn, err));
    store_end(txn);
    return done;
}

// Records that were deleted a month ago.
static bool sweep_deleted(struct committer *committer, struct err *err)
{
    struct store_txn *txn = store_begin(committer->instance.store, STORE_WRITE, err);
    struct budget budget = {.reads_max = SWEEP_KEYS, .writes_max = SWEEP_KEYS};
    struct view view;
    size_t swept = 0;
    bool done;

    if (txn == NULL)
        return false;
    done = instance_view(&committer->instance, txn, store_arena(txn), &budget, &view, err) &&
           record_sweep(&view, SWEEP_KEYS / 2, &swept, err) &&
           (swept == 0 || store_commit_wait(txn, err));
    store_end(txn);
    return done;
}

// What a snapshot sees cannot be used again: whoever holds one for long makes the store grow.
static void watch_snapshots(struct committer *committer)
{
    const struct store_stats *stats = &committer->board->store;
    int64_t now = clock_mono_us(committer->instance.clock);
    int64_t oldest = (int64_t)stats->groups - (int64_t)stats->oldest_reader_age;

    if (stats->oldest_reader_age == 0 || oldest != committer->oldest) {
        committer->oldest = oldest;
        committer->oldest_us = now;
        committer->reported = false;
    } else if (!committer->reported &&
               now - committer->oldest_us > committer->config->store.reader_ms * 1000) {
        committer->reported = true;
        log_warn("a snapshot is held for long; the store grows meanwhile",
                 LOG_INT("groups", (int64_t)stats->oldest_reader_age),
                 LOG_INT("ms", (now - committer->oldest_us) / 1000));
    }
}

// Old write keys, throttle windows, sessions and deleted records go in small pieces, when
// nothing else is to do.
static void sweep(struct committer *committer)
{
    struct clock *clock = committer->instance.clock;
    int64_t now = clock_wall_ms(clock);
    uint16_t day = (uint16_t)(now / 86400000 - 1); // keys are kept at least 24 hours
    uint32_t window = (uint32_t)(now / committer->config->auth.throttle_window_ms - 1);
    uint8_t day_key[3] = {SPACE_WRITE, (uint8_t)(day >> 8), (uint8_t)day};
    uint8_t window_key[5] = {SPACE_THROTTLE, (uint8_t)(window >> 24), (uint8_t)(window >> 16),
                             (uint8_t)(window >> 8), (uint8_t)window};
    size_t swept;
    struct err err;

    committer->swept_ms = now;
    store_clear_readers(committer->instance.store);
    if (!store_sweep(committer->instance.store, slice_of(day_key, 1), slice_of(day_key, 3),
                     SWEEP_KEYS, &swept, &err) ||
        !store_sweep(committer->instance.store, slice_of(window_key, 1), slice_of(window_key, 5),
                     SWEEP_KEYS, &swept, &err) ||
        !sweep_sessions(committer, &err) || !sweep_deleted(committer, &err) ||
        !blob_sweep(&committer->files, committer->instance.store, now,
                    committer->config->files.grace_ms, &err) ||
        !store_log_trim(committer->instance.store, LIVE_LOG,
                        (uint64_t)committer->config->live.kept, SWEEP_KEYS, &swept, &err))
        log_warn("sweeping failed", LOG_TEXT("error", err.text));
    store_stats(committer->instance.store, &committer->board->store);
    watch_snapshots(committer);
}

static void reload(struct committer *committer)
{
    struct err err;

    if (!setup_reload(committer->setup, committer->config, &err)) {
        log_error("reload failed; the old configuration stays", LOG_TEXT("error", err.text));
        return;
    }
    instance_reload(&committer->instance);
}

static void take_signal(struct committer *committer)
{
    struct signalfd_siginfo info;

    while (read(committer->signals, &info, sizeof info) == sizeof info) {
        if (info.ssi_signo == SIGTERM)
            committer->stopping = true;
        else
            reload(committer);
    }
}

static void turn(struct committer *committer)
{
    struct epoll_event events[64];
    int count = epoll_wait(committer->epoll, events, 64, SWEEP_MS);

    for (int i = 0; i < count; i++) {
        struct client *client = events[i].data.ptr;

        if (client == NULL) {
            accept_client(committer);
        } else if ((void *)client == (void *)committer) {
            take_signal(committer);
        } else {
            if ((events[i].events & EPOLLOUT) != 0)
                flush(committer, client);
            if ((events[i].events & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0 &&
                !read_client(committer, client)) {
                take_frames(committer, client);
                commit_group(committer);
                drop_client(committer, client);
            }
        }
    }
    commit_waiting(committer);
    if (clock_wall_ms(committer->instance.clock) - committer->swept_ms >= SWEEP_MS ||
        clock_wall_ms(committer->instance.clock) < committer->swept_ms)
        sweep(committer);
}

static bool start(struct committer *committer, struct err *err)
{
    sigset_t signals;
    size_t group_max = (size_t)committer->config->store.group_max;

    if (!instance_open_owner(&committer->instance, committer->config, err) ||
        !blob_open(&committer->files.disk, committer->config->data, err))
        return false;
    committer->listener = socket_listen_local(committer->config->data, "control", err);
    if (committer->listener < 0)
        return false;
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGHUP);
    sigprocmask(SIG_BLOCK, &signals, NULL);
    committer->signals = signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
    committer->epoll = epoll_create1(EPOLL_CLOEXEC);
    store_watch_log(committer->instance.store, LIVE_LOG);
    wake_workers(committer); // of what the one before may not have told
    committer->proposals = mem_zero(group_max * sizeof *committer->proposals);
    committer->pending = mem_zero(group_max * sizeof *committer->pending);
    return (watch(committer, committer->listener, NULL, EPOLLIN, EPOLL_CTL_ADD) &&
            watch(committer, committer->signals, committer, EPOLLIN, EPOLL_CTL_ADD)) ||
           err_set(err, ERR_IO, "epoll: %s", strerror(errno));
}

int committer_run(const struct child_setup *setup)
{
    struct committer committer = {.setup = setup, .config = (struct config *)setup->config,
                                  .board = setup->board, .listener = -1};
    struct err err;

    log_name("committer");
    instance_log_level(committer.config);
    if (!start(&committer, &err)) {
        log_error("the committer cannot start", LOG_TEXT("error", err.text));
        return 1;
    }
    setup->board->committer_ready = 1;
    if (write(setup->ready_fd, &setup->ready_byte, 1) != 1)
        return 1;
    while (!committer.stopping && !committer.failed)
        turn(&committer);
    commit_waiting(&committer);
    for (size_t i = 0; i < CLIENTS_MAX; i++)
        if (committer.clients[i] != NULL)
            drop_client(&committer, committer.clients[i]);
    free(committer.proposals);
    free(committer.pending);
    close(committer.listener);
    instance_close(&committer.instance);
    blob_close(&committer.files.disk);
    return committer.failed ? 1 : 0;
}
