// SPDX-License-Identifier: Apache-2.0
// Where the processes of isolated apps come from, when it is slow or gone.
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bind/nursery.h"
#include "check.h"

// Says its number, and then nothing more until it is killed or nobody listens.
static void tell_pid(int socket)
{
    pid_t pid = getpid();
    char byte;

    if (send(socket, &pid, sizeof pid, MSG_NOSIGNAL) == sizeof pid)
        (void)!read(socket, &byte, 1);
    _exit(0);
}

static pid_t told(int socket)
{
    pid_t pid = 0;

    CHECK(read(socket, &pid, sizeof pid) == sizeof pid);
    return pid;
}

// The only child of this process.
static pid_t child(void)
{
    FILE *file = fopen("/proc/thread-self/children", "re");
    int pid = 0;

    CHECK(file != NULL && fscanf(file, "%d", &pid) == 1);
    if (file != NULL)
        fclose(file);
    return pid;
}

static bool ends(int socket)
{
    struct pollfd polled = {socket, POLLIN, 0};
    char byte;

    return poll(&polled, 1, 5000) == 1 && read(socket, &byte, 1) == 0;
}

static void who_gets_none_holds_nothing(void)
{
    struct err err;
    struct nursery *nursery = nursery_fork(tell_pid, &err);
    int socket = 0, process = 0;

    kill(child(), SIGKILL);
    CHECK(!nursery_make(nursery, &socket, &process, &err));
    CHECK(socket == -1 && process == -1); // what is closed already is not closed again
    nursery_stop(nursery);
}

static void what_kills_a_process_is_its_own_after_one_came_too_late(void)
{
    struct err err;
    struct nursery *nursery = nursery_fork(tell_pid, &err);
    int socket = -1, process = -1;
    pid_t source = child(), pid;

    kill(source, SIGSTOP);
    CHECK(!nursery_make(nursery, &socket, &process, &err) && err.code == ERR_BUSY);
    kill(source, SIGCONT);
    CHECK_OK(nursery_make(nursery, &socket, &process, &err), &err);
    pid = told(socket);
    CHECK(kill(pid, 0) == 0);
    syscall(SYS_pidfd_send_signal, process, SIGKILL, NULL, 0);
    CHECK(ends(socket));
    close(process);
    close(socket);
    nursery_stop(nursery);
}

int main(void)
{
    RUN(who_gets_none_holds_nothing);
    RUN(what_kills_a_process_is_its_own_after_one_came_too_late);
    return check_report("nursery");
}
