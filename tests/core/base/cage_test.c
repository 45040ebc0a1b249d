// SPDX-License-Identifier: Apache-2.0
// Each try enters the cage in a process of its own and does one thing there.
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "check.h"

#include "base/cage.h"

enum { MIB = 1024 * 1024, DONE = 7, CANNOT_ENTER = 8 };

// How a process ends that does this inside: its wait status.
static int inside(void (*act)(void))
{
    struct err err;
    int status = 0;
    pid_t pid = fork();

    if (pid == 0) {
        if (!cage_enter(64 * MIB, 1, &err))
            _exit(CANNOT_ENTER);
        act();
        _exit(DONE);
    }
    CHECK(waitpid(pid, &status, 0) == pid);
    return status;
}

static bool is_killed(void (*act)(void))
{
    int status = inside(act);

    return WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS;
}

static bool is_done(void (*act)(void))
{
    int status = inside(act);

    return WIFEXITED(status) && WEXITSTATUS(status) == DONE;
}

static void open_file(void) { syscall(SYS_openat, AT_FDCWD, "/etc/passwd", O_RDONLY); }
static void make_file(void) { syscall(SYS_openat, AT_FDCWD, "/tmp/x", O_CREAT | O_WRONLY, 0600); }
static void remove_file(void) { syscall(SYS_unlinkat, AT_FDCWD, "/tmp/none", 0); }
static void look_at_file(void) { struct stat about; syscall(SYS_newfstatat, AT_FDCWD, "/", &about, 0); }
static void make_socket(void) { syscall(SYS_socket, AF_INET, SOCK_STREAM, 0); }
static void make_pair(void) { int pair[2]; syscall(SYS_socketpair, AF_UNIX, SOCK_STREAM, 0, pair); }
static void take_socket(void) { struct msghdr message = {0}; syscall(SYS_recvmsg, 0, &message, 0); }
static void start_process(void) { syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0); }
static void start_program(void) { char *none[] = {NULL}; syscall(SYS_execve, "/bin/true", none, none); }
static void trace_parent(void) { syscall(SYS_ptrace, PTRACE_ATTACH, getppid(), 0, 0); }
static void trace_self(void) { syscall(SYS_ptrace, PTRACE_TRACEME, 0, 0, 0); }
static void signal_parent(void) { syscall(SYS_kill, 1, 0); }
static void signal_thread(void) { syscall(SYS_tgkill, 1, 1, 0); }
static void read_other(void) { syscall(SYS_process_vm_readv, 1, NULL, 0, NULL, 0, 0); }
static void more_rights(void) { syscall(SYS_setresuid, 0, 0, 0); }
static void more_limits(void) { struct rlimit all = {RLIM_INFINITY, RLIM_INFINITY}; syscall(SYS_prlimit64, 0, RLIMIT_AS, &all, NULL); }
static void other_filter(void) { syscall(SYS_prctl, PR_SET_SECCOMP, 0, 0); }
static void new_namespace(void) { syscall(SYS_unshare, 0x10000000); }
static void mount_something(void) { syscall(SYS_mount, "none", "/", "tmpfs", 0, NULL); }
static void change_clock(void) { struct timespec now = {0}; syscall(SYS_clock_settime, CLOCK_REALTIME, &now); }
static void map_code(void) { mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0); }

static void make_code(void)
{
    void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    mprotect(page, 4096, PROT_READ | PROT_EXEC);
}

#if defined(__x86_64__)
static void call_by_old_numbers(void) // fork, by the table of 32 bits
{
    long result;

    __asm__ volatile("int $0x80" : "=a"(result) : "a"(2) : "memory");
    (void)result;
}

static void call_by_x32_numbers(void) { syscall(0x40000000 | SYS_openat, AT_FDCWD, "/", O_RDONLY); }
#endif

static void what_is_not_computing_ends_the_process(void)
{
    static const struct {
        const char *name;
        void (*act)(void);
    } tries[] = {
        {"open a file", open_file}, {"make a file", make_file}, {"remove a file", remove_file},
        {"look at a file", look_at_file}, {"make a socket", make_socket},
        {"make a pair of sockets", make_pair}, {"take a descriptor", take_socket},
        {"start a process", start_process}, {"start a program", start_program},
        {"trace another", trace_parent}, {"be traced", trace_self},
        {"signal another", signal_parent}, {"signal a thread", signal_thread},
        {"read another's memory", read_other}, {"become root", more_rights},
        {"raise a limit", more_limits}, {"take another filter", other_filter},
        {"make a namespace", new_namespace}, {"mount", mount_something},
        {"set the clock", change_clock}, {"map code", map_code}, {"make code", make_code},
#if defined(__x86_64__)
        {"call by old numbers", call_by_old_numbers}, {"call by x32 numbers", call_by_x32_numbers},
#endif
    };

    for (size_t i = 0; i < sizeof tries / sizeof *tries; i++) {
        bool killed = is_killed(tries[i].act);

        if (!killed)
            printf("  not refused: %s\n", tries[i].name);
        CHECK(killed);
    }
}

static void compute(void)
{
    char *memory = malloc(8 * MIB), byte;
    struct timespec now;

    if (memory == NULL)
        _exit(1);
    memset(memory, 1, 8 * MIB);
    memory = realloc(memory, 16 * MIB);
    if (memory == NULL || memory[8 * MIB - 1] != 1)
        _exit(2);
    free(memory);
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    if (syscall(SYS_getrandom, &byte, 1, 0) != 1)
        _exit(3);
}

static void computing_goes_on(void)
{
    CHECK(is_done(compute));
}

static void take_too_much(void)
{
    if (mmap(NULL, 128 * MIB, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) !=
        MAP_FAILED)
        _exit(1);
}

static void memory_has_an_end(void)
{
    CHECK(is_done(take_too_much));
}

static void loop(void)
{
    for (volatile unsigned i = 0;; i++)
        ;
}

static void processor_time_has_an_end(void)
{
    int status = inside(loop);

    CHECK(WIFSIGNALED(status) && (WTERMSIG(status) == SIGKILL || WTERMSIG(status) == SIGXCPU));
}

static int pipe_ends[2];

static void talk(void)
{
    char byte = 0;

    if (read(pipe_ends[0], &byte, 1) != 1 || byte != 'a' || write(pipe_ends[1], "b", 1) != 1)
        _exit(1);
}

static void what_was_open_can_be_read_and_written(void)
{
    char byte = 0;

    CHECK(pipe(pipe_ends) == 0);
    CHECK(write(pipe_ends[1], "a", 1) == 1);
    CHECK(is_done(talk));
    CHECK(read(pipe_ends[0], &byte, 1) == 1 && byte == 'b');
    close(pipe_ends[0]);
    close(pipe_ends[1]);
}

int main(void)
{
    RUN(what_is_not_computing_ends_the_process);
    RUN(computing_goes_on);
    RUN(memory_has_an_end);
    RUN(processor_time_has_an_end);
    RUN(what_was_open_can_be_read_and_written);
    return check_report("cage");
}
