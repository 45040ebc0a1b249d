// SPDX-License-Identifier: Apache-2.0
#include "bind/nursery.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cage.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"

enum { SOCKET = 3, ANSWER_MS = 2000 };

struct nursery {
    int socket;
    pid_t pid;
    uint32_t asked; // how often
};

// A number with a descriptor; -1: without one.
static bool send_descriptor(int socket, int fd, uint32_t number)
{
    _Alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof fd)] = {0};
    struct iovec bytes = {&number, sizeof number};
    struct msghdr message = {.msg_iov = &bytes, .msg_iovlen = 1, .msg_control = control,
                             .msg_controllen = fd >= 0 ? sizeof control : 0};
    struct cmsghdr *head = (struct cmsghdr *)control;

    head->cmsg_level = SOL_SOCKET;
    head->cmsg_type = SCM_RIGHTS;
    head->cmsg_len = CMSG_LEN(sizeof fd);
    memcpy(CMSG_DATA(head), &fd, sizeof fd);
    return sendmsg(socket, &message, MSG_NOSIGNAL) == sizeof number;
}

// -1: none came; errno 0: the other side has ended.
static int take_descriptor(int socket, uint32_t *number)
{
    int fd = -1;
    _Alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof fd)];
    struct iovec bytes = {number, sizeof *number};
    struct msghdr message = {.msg_iov = &bytes, .msg_iovlen = 1, .msg_control = control,
                             .msg_controllen = sizeof control};
    ssize_t got = recvmsg(socket, &message, MSG_CMSG_CLOEXEC);
    struct cmsghdr *head = got == sizeof *number ? CMSG_FIRSTHDR(&message) : NULL;

    if (got == 0)
        errno = 0;
    if (head != NULL && head->cmsg_type == SCM_RIGHTS && head->cmsg_len == CMSG_LEN(sizeof fd))
        memcpy(&fd, CMSG_DATA(head), sizeof fd);
    return fd;
}

// The nursery's own process ----------------------------------------------------------------

// Only descriptor 3 stays, and nothing is written to the log: it belongs to who may be believed.
static void keep_only(int socket, bool log)
{
    int nothing = open("/dev/null", O_RDWR);

    dup2(nothing, STDIN_FILENO);
    dup2(nothing, STDOUT_FILENO);
    if (!log)
        dup2(nothing, STDERR_FILENO);
    dup2(socket, SOCKET);
    fcntl(SOCKET, F_SETFD, 0); // it may have been that very one
    close_range(SOCKET + 1, ~0U, 0);
}

static void bury(void)
{
    int status;

    while (waitpid(-1, &status, WNOHANG) > 0)
        if (WIFSIGNALED(status) && WTERMSIG(status) != SIGKILL)
            log_warn("the process of an isolated app died",
                     LOG_INT("signal", WTERMSIG(status)),
                     LOG_TEXT("why", WTERMSIG(status) == SIGSYS ? "it called what it may not"
                                                                : strsignal(WTERMSIG(status))));
}

static void wake(int signal)
{
    (void)signal;
}

static void make_cell(int control, uint32_t number, int socket, void (*cell)(int socket))
{
    pid_t pid = fork();
    int process;

    if (pid == 0) {
        keep_only(socket, false);
        signal(SIGCHLD, SIG_DFL);
        cell(SOCKET);
        _exit(0);
    }
    process = pid > 0 ? (int)syscall(SYS_pidfd_open, pid, 0) : -1;
    if (!send_descriptor(control, process, number))
        _exit(1);
    if (process >= 0)
        close(process);
}

void nursery_run(int control, void (*cell)(int socket))
{
    struct sigaction action = {.sa_handler = wake}; // no SA_RESTART: recvmsg is interrupted
    sigset_t ends;
    uint32_t number;
    int socket;

    prctl(PR_SET_PDEATHSIG, SIGKILL);
    prctl(PR_SET_NAME, "sy nursery");
    log_name("nursery");
    sigemptyset(&ends);
    sigaddset(&ends, SIGINT);
    sigaddset(&ends, SIGTERM);
    sigaddset(&ends, SIGHUP);
    sigprocmask(SIG_SETMASK, &ends, NULL);
    sigaction(SIGCHLD, &action, NULL);
    cage_unplug();
    for (;;) {
        socket = take_descriptor(control, &number);
        if (socket >= 0) {
            make_cell(control, number, socket, cell);
            close(socket);
        } else if (errno != EINTR) {
            break;
        }
        bury();
    }
    _exit(0);
}

// Who has one ------------------------------------------------------------------------------

static void become(const char *program, void (*cell)(int socket), int socket)
{
    keep_only(socket, true);
    if (program == NULL)
        nursery_run(SOCKET, cell);
    execle(program, "shuyuan", "isolates", NULL, (char *[]){NULL});
    _exit(127);
}

static struct nursery *start(const char *program, void (*cell)(int socket), struct err *err)
{
    struct nursery *nursery;
    int pair[2];
    pid_t pid;

    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0) {
        err_set(err, ERR_IO, "a socket for isolated apps: %s", strerror(errno));
        return NULL;
    }
    pid = fork();
    if (pid == 0)
        become(program, cell, pair[1]);
    close(pair[1]);
    if (pid < 0) {
        close(pair[0]);
        err_set(err, ERR_IO, "a process for isolated apps: %s", strerror(errno));
        return NULL;
    }
    nursery = mem_zero(sizeof *nursery);
    nursery->socket = pair[0];
    nursery->pid = pid;
    return nursery;
}

struct nursery *nursery_start(const char *program, struct err *err)
{
    return start(program, NULL, err);
}

struct nursery *nursery_fork(void (*cell)(int socket), struct err *err)
{
    return start(NULL, cell, err);
}

void nursery_stop(struct nursery *nursery)
{
    if (nursery == NULL)
        return;
    close(nursery->socket);
    waitpid(nursery->pid, NULL, 0);
    free(nursery);
}

// What comes late answers an earlier request, whose socket is closed: that process ends by itself.
static int await_process(struct nursery *nursery)
{
    int64_t until_us = clock_mono_us(clock_system()) + ANSWER_MS * 1000;
    struct pollfd polled = {nursery->socket, POLLIN, 0};
    uint32_t number = 0;
    int64_t left_us;
    int process;

    while ((left_us = until_us - clock_mono_us(clock_system())) > 0) {
        if (poll(&polled, 1, (int)(left_us / 1000) + 1) <= 0)
            continue;
        errno = 0;
        process = take_descriptor(nursery->socket, &number);
        if (number == nursery->asked || (process < 0 && errno != EINTR))
            return process;
        if (process >= 0)
            close(process);
    }
    return -1;
}

static bool ask(struct nursery *nursery, int theirs, int *process, struct err *err)
{
    if (!send_descriptor(nursery->socket, theirs, ++nursery->asked))
        return err_set(err, ERR_BUSY, "who makes isolated processes is gone: %s", strerror(errno));
    *process = await_process(nursery);
    return *process >= 0 || err_set(err, ERR_BUSY, "no isolated process was made");
}

bool nursery_make(struct nursery *nursery, int *socket, int *process, struct err *err)
{
    int pair[2];
    bool done;

    *socket = *process = -1;
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0)
        return err_set(err, ERR_IO, "a socket for an isolated app: %s", strerror(errno));
    done = ask(nursery, pair[1], process, err);
    close(pair[1]);
    if (done)
        *socket = pair[0];
    else
        close(pair[0]);
    return done;
}
