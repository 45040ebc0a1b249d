// SPDX-License-Identifier: Apache-2.0
// Keeps the family alive: opens one SO_REUSEPORT socket per worker slot and listener,
// starts committer and workers, starts again whatever dies, kills a worker whose loop
// no longer turns. It does no work that can fail.
#include "serve/serve.h"
#include "serve/settle.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/log.h"
#include "serve/instance.h"
#include "serve/socket.h"
#include "serve/watch.h"

enum {
    COMMITTER = WORKERS_MAX, // children: the workers, the committer, the job processes, outbound
    FIRST_JOB = COMMITTER + 1,
    OUTBOUND = FIRST_JOB + JOBS_MAX,
    CHILDREN,
    TICK_MS = 50,
    QUICK_DEATH_US = 1000000,
    FREE_DEATHS = 3,
    PAUSE_MAX_MS = 1000,
    GRACE_MS = 2000,
    QUIET_MS = 10,
};

struct child {
    pid_t pid; // 0: not running
    int64_t started_us, restart_us;
    int quick_deaths;
    bool ready;
};

struct supervisor {
    const char *config_path;
    const char *const *settings;
    size_t setting_count;
    struct config *config;
    struct scoreboard *board;
    struct clock *clock;
    struct http_listener listeners[WORKERS_MAX][CONFIG_LISTENERS_MAX + 1];
    size_t listener_count[WORKERS_MAX];
    unsigned ports[CONFIG_LISTENERS_MAX + 1]; // as bound, when the file says port 0
    struct child children[CHILDREN];
    unsigned workers, jobs;
    int signals, ready[2], outbound; // outbound: where job processes come; -1: not yet open
    int wakes[WORKERS_MAX]; // how the committer tells the workers that there is news
    bool announced, stopping, failed;
    int watch; // of the files, in development; -1: none
    uint64_t awaited;   // renewals by which all have followed the last signal
    int64_t changed_us; // when the last of them changed that nobody has taken up; 0: none
    int64_t deadline_us; // of the stop
};

// Sockets ------------------------------------------------------------------------------

static bool open_slot(struct supervisor *sup, unsigned slot, struct err *err)
{
    const struct config *config = sup->config;
    bool admin = slot == 0 && config->admin_listen[0] != 0;
    size_t count = (size_t)config->listen_count + (admin ? 1 : 0);

    for (size_t i = 0; i < count; i++) {
        bool is_admin = i == (size_t)config->listen_count;
        const char *text = is_admin ? config->admin_listen : config->listen[i].address;

        if (slot == 0 && !socket_is_free(text, err))
            return false;
        sup->listeners[slot][i] = (struct http_listener){
            .fd = socket_listen(text, &sup->ports[i], err),
            .tls = !is_admin && config->listen[i].tls,
            .admin = is_admin,
        };
        if (sup->listeners[slot][i].fd < 0)
            return false;
        sup->listener_count[slot] = i + 1;
    }
    return true;
}

// Nobody holds the sockets of another's slot: they would stay open after their time.
static void close_others(const struct supervisor *sup, unsigned slot)
{
    for (unsigned i = 0; i < sup->workers; i++)
        for (size_t j = 0; i != slot && j < sup->listener_count[i]; j++)
            close(sup->listeners[i][j].fd);
}

// Who comes now is refused at once, and need not wait for the end to learn it.
static void shut_listeners(const struct supervisor *sup)
{
    for (unsigned i = 0; i < sup->workers; i++)
        for (size_t j = 0; j < sup->listener_count[i]; j++)
            shutdown(sup->listeners[i][j].fd, SHUT_RDWR);
}

// Children -----------------------------------------------------------------------------

// For ps and top; the kernel keeps 15 characters.
static void name_process(unsigned index)
{
    char name[16];

    if (index == COMMITTER || index == OUTBOUND)
        snprintf(name, sizeof name, "sy %s", index == COMMITTER ? "committer" : "outbound");
    else
        snprintf(name, sizeof name, "sy %s %u", index < WORKERS_MAX ? "worker" : "job",
                 (index < WORKERS_MAX ? index : index - FIRST_JOB) % 1000);
    prctl(PR_SET_NAME, name);
}

// Kept here, so that it outlives the process: who comes meanwhile waits. Not before the committer
// holds the folder's lock, for the socket of another server must stay.
static bool open_outbound(struct supervisor *sup)
{
    struct err err;

    if (sup->outbound < 0)
        sup->outbound = socket_listen_local(sup->config->data, "outbound", &err);
    if (sup->outbound < 0)
        log_error("no calls to the outside", LOG_TEXT("error", err.text));
    return sup->outbound >= 0;
}

static void start_child(struct supervisor *sup, unsigned index)
{
    struct child *child = &sup->children[index];
    pid_t parent = getpid();

    child->started_us = clock_mono_us(sup->clock);
    child->ready = false;
    if (index == OUTBOUND && !open_outbound(sup)) {
        child->restart_us = child->started_us + PAUSE_MAX_MS * 1000;
        return;
    }
    if (index < WORKERS_MAX)
        sup->board->worker[index].beat_us = 0;
    else if (index == COMMITTER)
        sup->board->committer_ready = 0;
    else if (index == OUTBOUND)
        sup->board->outbound.beat_us = 0;
    else
        sup->board->job[index - FIRST_JOB].beat_us = 0;
    child->pid = fork();
    if (child->pid == 0) {
        struct child_setup setup = {
            .config = sup->config,
            .config_path = sup->config_path,
            .settings = sup->settings,
            .setting_count = sup->setting_count,
            .board = sup->board,
            .slot = index < FIRST_JOB ? index : index - FIRST_JOB,
            .ready_byte = (uint8_t)index,
            .outbound_fd = sup->outbound,
            .ready_fd = sup->ready[1],
            .wakes = sup->wakes,
        };

        prctl(PR_SET_PDEATHSIG, SIGKILL); // nobody outlives the supervisor
        if (getppid() != parent)
            _exit(1);
        name_process(index);
        // What is blocked stays so: each child reads what it wants, and a terminal's Ctrl-C,
        // which reaches all, is the supervisor's to decide.
        close(sup->signals);
        if (sup->watch >= 0)
            close(sup->watch);
        close_others(sup, index);
        if (index == OUTBOUND)
            exit(outbound_run(&setup));
        if (sup->outbound >= 0)
            close(sup->outbound);
        if (index == COMMITTER)
            exit(committer_run(&setup));
        if (index >= FIRST_JOB)
            exit(jobs_run(&setup));
        setup.listeners = sup->listeners[index];
        setup.listener_count = sup->listener_count[index];
        exit(worker_run(&setup));
    }
    if (child->pid < 0) {
        log_error("fork failed", LOG_TEXT("error", strerror(errno)));
        child->pid = 0;
        child->restart_us = child->started_us + 100000;
        return;
    }
    if (index < WORKERS_MAX)
        sup->board->worker[index].pid = child->pid;
    else if (index == COMMITTER)
        sup->board->committer_pid = child->pid;
}

// At once after the first deaths; a child that keeps dying early waits longer each time, but
// never so long that who waits for it gives up.
static int64_t pause_us(int quick_deaths)
{
    int64_t ms = 0;

    for (int i = FREE_DEATHS; i < quick_deaths && ms < PAUSE_MAX_MS; i++)
        ms = ms == 0 ? 100 : ms * 2;
    return (ms < PAUSE_MAX_MS ? ms : PAUSE_MAX_MS) * 1000;
}

static void bury(struct supervisor *sup, unsigned index, int status)
{
    struct child *child = &sup->children[index];
    int64_t now = clock_mono_us(sup->clock);

    child->pid = 0;
    if (sup->stopping)
        return;
    if (!sup->announced && WIFEXITED(status)) { // its own log line has said why
        sup->failed = true;
        return;
    }
    log_warn(index == COMMITTER   ? "the committer ended"
             : index == OUTBOUND  ? "the outbound process ended"
             : index >= FIRST_JOB ? "a job process ended"
                                  : "a worker ended",
             LOG_INT("slot", index == COMMITTER || index == OUTBOUND ? -1
                             : index >= FIRST_JOB ? (int)index - FIRST_JOB
                                                  : (int)index),
             LOG_INT("signal", WIFSIGNALED(status) ? WTERMSIG(status) : 0),
             LOG_INT("status", WIFEXITED(status) ? WEXITSTATUS(status) : 0));
    child->quick_deaths = now - child->started_us < QUICK_DEATH_US ? child->quick_deaths + 1 : 0;
    child->restart_us = now + pause_us(child->quick_deaths);
    sup->board->restarts++;
    if (index == COMMITTER)
        sup->board->committer_ready = 0;
    else if (index < WORKERS_MAX)
        scoreboard_keep(sup->board, &sup->board->worker[index]);
}

static void reap(struct supervisor *sup)
{
    int status;
    pid_t pid;

    while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
        for (unsigned i = 0; i < CHILDREN; i++)
            if (sup->children[i].pid == pid)
                bury(sup, i, status);
}

static bool is_wanted(const struct supervisor *sup, unsigned index)
{
    return index < sup->workers || index == COMMITTER ||
           (index >= FIRST_JOB && index < FIRST_JOB + sup->jobs) ||
           (index == OUTBOUND && sup->jobs > 0);
}

static void restart_due(struct supervisor *sup)
{
    int64_t now = clock_mono_us(sup->clock);

    for (unsigned i = 0; i < CHILDREN; i++) {
        struct child *child = &sup->children[i];

        if (is_wanted(sup, i) && child->pid == 0 && child->started_us != 0 &&
            now >= child->restart_us)
            start_child(sup, i);
    }
}

// A worker that hangs in C, where no deadline of a script reaches, costs itself only.
static void watch_beats(struct supervisor *sup)
{
    int64_t now = clock_mono_us(sup->clock);

    for (unsigned i = 0; i < sup->workers; i++) {
        int64_t beat = sup->board->worker[i].beat_us;

        if (sup->children[i].pid > 0 && beat != 0 &&
            now - beat > sup->config->watchdog_ms * 1000) {
            log_error("a worker's loop no longer turns; killing it", LOG_INT("slot", i),
                      LOG_INT("pid", sup->children[i].pid));
            kill(sup->children[i].pid, SIGKILL);
            sup->board->worker[i].beat_us = 0;
        }
    }
}

// Nobody hears of a job for longer than its lease: another process does it.
static void watch_jobs(struct supervisor *sup)
{
    int64_t now = clock_mono_us(sup->clock);
    int64_t most = (sup->config->jobs.lease_ms + sup->config->watchdog_ms) * 1000;

    for (unsigned i = 0; i < sup->jobs; i++) {
        int64_t beat = sup->board->job[i].beat_us;
        pid_t pid = sup->children[FIRST_JOB + i].pid;

        if (pid > 0 && beat != 0 && now - beat > most) {
            log_error("a job process no longer turns; killing it", LOG_INT("slot", i),
                      LOG_INT("pid", pid));
            kill(pid, SIGKILL);
            sup->board->job[i].beat_us = 0;
        }
    }
}

static void watch_outbound(struct supervisor *sup)
{
    int64_t beat = sup->board->outbound.beat_us;
    pid_t pid = sup->children[OUTBOUND].pid;

    if (pid > 0 && beat != 0 &&
        clock_mono_us(sup->clock) - beat > sup->config->watchdog_ms * 1000) {
        log_error("the outbound process no longer turns; killing it", LOG_INT("pid", pid));
        kill(pid, SIGKILL);
        sup->board->outbound.beat_us = 0;
    }
}

// Whom the others wait for: these go last.
static bool serves_others(unsigned index)
{
    return index == COMMITTER || index == OUTBOUND;
}

static void signal_those(struct supervisor *sup, int signal, bool serve_others)
{
    for (unsigned i = 0; i < CHILDREN; i++)
        if (serves_others(i) == serve_others && sup->children[i].pid > 0)
            kill(sup->children[i].pid, signal);
}

static void signal_all(struct supervisor *sup, int signal)
{
    signal_those(sup, signal, false);
    signal_those(sup, signal, true);
}

static uint64_t renewals(const struct supervisor *sup)
{
    uint64_t sum = 0;

    for (unsigned i = 0; i < sup->workers; i++)
        sum += sup->board->worker[i].renewals;
    for (unsigned i = 0; i < sup->jobs; i++)
        sum += sup->board->job[i].renewals;
    return sum;
}

// Everybody takes up what the configuration and the applications say now.
static void tell_to_renew(struct supervisor *sup)
{
    sup->awaited = renewals(sup) + sup->workers + sup->jobs;
    signal_all(sup, SIGHUP);
}

// Signals ------------------------------------------------------------------------------

static bool certificate_is_good(const struct supervisor *sup, const struct config *config,
                                struct err *err)
{
    struct ssl_ctx_st *tls;
    bool wanted = false;

    for (size_t i = 0; i < sup->listener_count[0]; i++)
        wanted = wanted || sup->listeners[0][i].tls;
    if (!wanted)
        return true;
    tls = tls_server_create(config->tls_certificate, config->tls_key, err);
    tls_server_destroy(tls);
    return tls != NULL;
}

static void warn_of_fixed(const struct supervisor *sup, const struct config *config)
{
    struct arena arena = ARENA_EMPTY;

    for (const char *const *key = config_fixed_changes(sup->config, config, &arena);
         *key != NULL; key++)
        log_warn("this key changes only with a restart", LOG_TEXT("key", *key));
    arena_finish(&arena);
}

// The new file is read here first: while it is wrong, nobody hears of it.
static void reload(struct supervisor *sup)
{
    struct err err;
    struct config *config =
        reload_read(sup->config_path, sup->settings, sup->setting_count, &err);

    if (config == NULL || !certificate_is_good(sup, config, &err)) {
        log_error("the new configuration is wrong; the old one stays",
                  LOG_TEXT("error", err.text));
        config_destroy(config);
        return;
    }
    if (config->workers == 0)
        config->workers = sup->config->workers;
    warn_of_fixed(sup, config);
    config_take(sup->config, config); // which stays: its texts are in use
    instance_log_level(sup->config);
    tell_to_renew(sup);
    log_info("configuration reloaded");
}

static void begin_stop(struct supervisor *sup)
{
    if (sup->stopping)
        return;
    log_info("stopping: open requests are finished first");
    sup->stopping = true;
    sup->deadline_us =
        clock_mono_us(sup->clock) + (sup->config->http.drain_ms + GRACE_MS) * 1000;
    signal_those(sup, SIGTERM, false);
    shut_listeners(sup);
}

static void take_signals(struct supervisor *sup)
{
    struct signalfd_siginfo info;

    while (read(sup->signals, &info, sizeof info) == sizeof info) {
        if (info.ssi_signo == SIGTERM || info.ssi_signo == SIGINT)
            begin_stop(sup);
        else if (info.ssi_signo == SIGHUP)
            reload(sup);
    }
    reap(sup);
}

static bool are_gone(const struct supervisor *sup, bool serve_others)
{
    for (unsigned i = 0; i < CHILDREN; i++)
        if (serves_others(i) == serve_others && sup->children[i].pid > 0)
            return false;
    return true;
}

// What the others still commit or call is still done.
static bool stop_step(struct supervisor *sup)
{
    if (clock_mono_us(sup->clock) > sup->deadline_us)
        signal_all(sup, SIGKILL);
    else if (are_gone(sup, false))
        signal_those(sup, SIGTERM, true);
    return are_gone(sup, false) && are_gone(sup, true);
}

// Start --------------------------------------------------------------------------------

// Before anybody else: what apps declare and what the store holds are brought together, by a
// process of its own. It may be killed at any moment and goes on at the next start.
static bool settle_first(struct supervisor *sup)
{
    struct child_setup setup = {.config = sup->config};
    const struct timespec tick = {.tv_nsec = TICK_MS * 1000000L};
    sigset_t awaited;
    int status = 0, signal = 0;
    pid_t pid = fork(), ended = 0;

    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        prctl(PR_SET_NAME, "sy settle");
        close(sup->signals);
        exit(settle_run(&setup));
    }
    sigemptyset(&awaited);
    sigaddset(&awaited, SIGTERM);
    sigaddset(&awaited, SIGINT);
    sigaddset(&awaited, SIGCHLD);
    while (pid > 0 && (ended = waitpid(pid, &status, WNOHANG)) == 0) {
        signal = sigtimedwait(&awaited, NULL, &tick);
        if (signal == SIGTERM || signal == SIGINT) {
            sup->stopping = true;
            kill(pid, SIGKILL);
        }
    }
    return ended == pid && pid > 0 && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

// Growing --------------------------------------------------------------------------------

// Until the family has taken up what it was told to, or is found not to.
static void await_renewals(const struct supervisor *sup)
{
    int64_t deadline = clock_mono_us(sup->clock) + GRACE_MS * 1000;

    while (renewals(sup) < sup->awaited &&
           clock_mono_us(sup->clock) < deadline)
        poll(NULL, 0, 1);
}

// In development only: records are brought up to date for apps that declare more than they did.
// Meanwhile nothing is written, reading goes on; who proposes a write waits for the committer.
static void grow(struct supervisor *sup)
{
    struct child *committer = &sup->children[COMMITTER];

    sup->board->wants_growth = 0;
    sup->board->committer_ready = 0;
    if (committer->pid > 0) {
        kill(committer->pid, SIGTERM);
        waitpid(committer->pid, NULL, 0);
        committer->pid = 0;
    }
    if (settle_first(sup)) {
        tell_to_renew(sup);
        await_renewals(sup);
    }
    start_child(sup, COMMITTER);
}

// Watching ---------------------------------------------------------------------------------

// An editor makes several changes of one: it is taken up when they have ended.
static void follow_changes(struct supervisor *sup)
{
    int64_t now = clock_mono_us(sup->clock);

    if (sup->watch >= 0 && watch_take(sup->watch, sup->config->platform))
        sup->changed_us = now;
    if (sup->changed_us != 0 && now - sup->changed_us >= QUIET_MS * 1000) {
        sup->changed_us = 0;
        tell_to_renew(sup);
    }
    if (sup->board->wants_growth != 0 && sup->announced && renewals(sup) >= sup->awaited)
        grow(sup);
}

// The line that people and scripts wait for.
static void announce(struct supervisor *sup)
{
    const struct config_listener *first = &sup->config->listen[0];
    const char *colon = strrchr(first->address, ':');

    printf("Shuyuan is serving on http%s://%.*s:%u\n", first->tls ? "s" : "",
           (int)(colon - first->address), first->address, sup->ports[0]);
    fflush(stdout);
    for (int64_t i = 0; i < sup->config->listen_count; i++)
        log_info("listening", LOG_TEXT("address", sup->config->listen[i].address),
                 LOG_INT("port", sup->ports[i]), LOG_INT("tls", sup->config->listen[i].tls));
    if (sup->config->admin_listen[0] != 0)
        log_info("metrics", LOG_TEXT("address", sup->config->admin_listen),
                 LOG_INT("port", sup->ports[sup->config->listen_count]));
    sup->announced = true;
}

static void take_ready(struct supervisor *sup)
{
    uint8_t bytes[CHILDREN];
    ssize_t count = read(sup->ready[0], bytes, sizeof bytes);
    bool all = true;

    for (ssize_t i = 0; i < count; i++)
        if (bytes[i] < CHILDREN)
            sup->children[bytes[i]].ready = true;
    if (sup->announced)
        return;
    for (unsigned i = 0; i < CHILDREN; i++) {
        if (i == COMMITTER || !is_wanted(sup, i))
            continue;
        all = all && sup->children[i].ready;
        if (sup->children[COMMITTER].ready && sup->children[i].started_us == 0)
            start_child(sup, i);
    }
    if (all)
        announce(sup);
}

static bool prepare(struct supervisor *sup, struct err *err)
{
    sigset_t signals;
    int64_t cores = sysconf(_SC_NPROCESSORS_ONLN);

    sup->config = config_read(sup->config_path, sup->settings, sup->setting_count, stderr, err);
    if (sup->config == NULL || !instance_folder(sup->config, err))
        return false;
    instance_log_level(sup->config);
    if (sup->config->workers == 0)
        sup->config->workers = cores < WORKERS_MAX ? cores : WORKERS_MAX;
    sup->workers = (unsigned)sup->config->workers;
    sup->jobs = (unsigned)sup->config->jobs.processes;
    for (unsigned slot = 0; slot < sup->workers; slot++)
        if (!open_slot(sup, slot, err))
            return false;
    sup->board = mmap(NULL, sizeof *sup->board, PROT_READ | PROT_WRITE,
                      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (sup->board == MAP_FAILED || pipe2(sup->ready, O_CLOEXEC | O_NONBLOCK) != 0)
        return err_set(err, ERR_IO, "start: %s", strerror(errno));
    for (unsigned slot = 0; slot < sup->workers; slot++)
        if ((sup->wakes[slot] = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) < 0)
            return err_set(err, ERR_IO, "start: %s", strerror(errno));
    sup->board->workers = sup->workers;
    sup->board->jobs = sup->jobs;
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGHUP);
    sigaddset(&signals, SIGCHLD);
    sigprocmask(SIG_BLOCK, &signals, NULL);
    sup->signals = signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
    signal(SIGPIPE, SIG_IGN);
    return true;
}

int supervisor_run(const char *config_path, const char *const *settings, size_t setting_count,
                   bool watched)
{
    struct supervisor *sup = mem_zero(sizeof *sup);
    struct err err;
    int status;

    *sup = (struct supervisor){.config_path = config_path, .settings = settings,
                               .setting_count = setting_count, .clock = clock_system(),
                               .outbound = -1, .watch = -1};
    log_name("supervisor");
    if (!prepare(sup, &err) ||
        (watched && (sup->watch = watch_open(sup->config->platform, &err)) < 0)) {
        fprintf(stderr, "shuyuan: %s\nNothing was started.\n", err.text);
        return 1;
    }
    if (settle_first(sup))
        start_child(sup, COMMITTER);
    else
        sup->failed = true;
    while (!sup->failed && !(sup->stopping && stop_step(sup))) {
        struct pollfd polls[] = {{sup->signals, POLLIN, 0}, {sup->ready[0], POLLIN, 0},
                                 {sup->watch, POLLIN, 0}}; // of -1 nothing is asked

        poll(polls, 3, sup->changed_us != 0 ? QUIET_MS : TICK_MS);
        take_signals(sup);
        if (polls[1].revents != 0)
            take_ready(sup);
        if (!sup->stopping && !sup->failed) {
            follow_changes(sup);
            restart_due(sup);
            watch_beats(sup);
            watch_jobs(sup);
            watch_outbound(sup);
        }
    }
    status = sup->failed && !sup->stopping ? 1 : 0;
    signal_all(sup, SIGKILL);
    while (waitpid(-1, NULL, 0) > 0)
        continue;
    log_info("stopped");
    config_destroy(sup->config);
    free(sup);
    return status;
}
