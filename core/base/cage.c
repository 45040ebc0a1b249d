// SPDX-License-Identifier: Apache-2.0
// seccomp and Landlock by their system calls: a list of some twenty numbers needs no library.
#include "base/cage.h"

#include <errno.h>
#include <grp.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/landlock.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#if defined(__x86_64__)
#define ARCHITECTURE AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define ARCHITECTURE AUDIT_ARCH_AARCH64
#else
#define ARCHITECTURE 0
#endif

enum { NOBODY = 65534 };

// What computing needs. Memory is asked for separately: never with the right to run it.
static const unsigned allowed[] = {
    SYS_read,          SYS_write,         SYS_munmap,       SYS_mremap,  SYS_madvise,
    SYS_brk,           SYS_futex,         SYS_getrandom,    SYS_gettid,  SYS_sched_yield,
    SYS_clock_gettime, SYS_timer_settime, SYS_timer_delete, SYS_exit,    SYS_exit_group,
    SYS_rt_sigreturn,  SYS_restart_syscall,
#ifdef __SANITIZE_ADDRESS__
    SYS_sigaltstack, // it looks where the stack is whenever something does not return
#endif
};
enum { ALLOWED = sizeof allowed / sizeof *allowed };

struct filter {
    struct sock_filter code[2 * ALLOWED + 32];
    unsigned short len;
};

static void add(struct filter *filter, struct sock_filter instruction)
{
    filter->code[filter->len++] = instruction;
}

static void load(struct filter *filter, size_t offset)
{
    add(filter, (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (uint32_t)offset));
}

static void answer(struct filter *filter, uint32_t action)
{
    add(filter, (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, action));
}

static void allow(struct filter *filter, unsigned number)
{
    add(filter, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, number, 0, 1));
    answer(filter, SECCOMP_RET_ALLOW);
}

// Both take their protection as third argument; the number is what is loaded.
static void allow_data(struct filter *filter, unsigned number)
{
    add(filter, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, number, 0, 4));
    load(filter, offsetof(struct seccomp_data, args[2]));
    add(filter, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, PROT_EXEC, 1, 0));
    answer(filter, SECCOMP_RET_ALLOW);
    answer(filter, SECCOMP_RET_KILL_PROCESS);
}

static bool filter_calls(struct err *err)
{
    struct filter filter = {.len = 0};
    struct sock_fprog program = {.filter = filter.code};

    load(&filter, offsetof(struct seccomp_data, arch));
    add(&filter, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ARCHITECTURE, 1, 0));
    answer(&filter, SECCOMP_RET_KILL_PROCESS);
    load(&filter, offsetof(struct seccomp_data, nr));
    for (size_t i = 0; i < ALLOWED; i++)
        allow(&filter, allowed[i]);
    allow_data(&filter, SYS_mmap);
    allow_data(&filter, SYS_mprotect);
    answer(&filter, SECCOMP_RET_KILL_PROCESS);
    program.len = filter.len;
    if (ARCHITECTURE == 0 || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0)
        return err_set(err, ERR_IO, "this system has no seccomp: %s", strerror(errno));
    return true;
}

// No path at all. A kernel without it leaves seccomp alone to hold.
static void close_paths(void)
{
    struct landlock_ruleset_attr handled = {.handled_access_fs =
                                                (LANDLOCK_ACCESS_FS_MAKE_SYM << 1) - 1};
    int rules = (int)syscall(SYS_landlock_create_ruleset, &handled, sizeof handled, 0);

    if (rules < 0)
        return;
    syscall(SYS_landlock_restrict_self, rules, 0);
    close(rules);
}

static size_t address_space(void)
{
    FILE *file = fopen("/proc/self/statm", "re");
    unsigned long pages = 0;

    if (file == NULL)
        return 0;
    if (fscanf(file, "%lu", &pages) != 1)
        pages = 0;
    fclose(file);
    return pages * (size_t)sysconf(_SC_PAGESIZE);
}

static bool limit(int what, size_t most, struct err *err)
{
    struct rlimit limits = {most, most};

    return setrlimit((__rlimit_resource_t)what, &limits) == 0 ||
           err_set(err, ERR_IO, "a limit of the process: %s", strerror(errno));
}

static bool set_limits(size_t memory, unsigned cpu_s, struct err *err)
{
    size_t now = address_space();

    if (now == 0)
        return err_set(err, ERR_IO, "how much memory the process has: %s", strerror(errno));
    return limit(RLIMIT_AS, now + memory, err) && limit(RLIMIT_FSIZE, 0, err) &&
           limit(RLIMIT_CORE, 0, err) && limit(RLIMIT_NPROC, 0, err) &&
           limit(RLIMIT_MEMLOCK, 0, err) && limit(RLIMIT_CPU, cpu_s, err);
}

// A service has a user of its own; a process of root would keep root's rights.
static bool give_up_root(struct err *err)
{
    if (geteuid() != 0)
        return true;
    return (setgroups(0, NULL) == 0 && setresgid(NOBODY, NOBODY, NOBODY) == 0 &&
            setresuid(NOBODY, NOBODY, NOBODY) == 0) ||
           err_set(err, ERR_IO, "giving up root: %s", strerror(errno));
}

void cage_unplug(void)
{
    if (unshare(CLONE_NEWNET | CLONE_NEWIPC) != 0 && geteuid() != 0)
        (void)!unshare(CLONE_NEWUSER | CLONE_NEWNET | CLONE_NEWIPC);
}

bool cage_enter(size_t memory, unsigned cpu_s, struct err *err)
{
    prctl(PR_SET_DUMPABLE, 0);
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
        return err_set(err, ERR_IO, "no new privileges: %s", strerror(errno));
    if (!set_limits(memory, cpu_s, err) || !give_up_root(err))
        return false;
    close_paths();
    return limit(RLIMIT_NOFILE, 0, err) && filter_calls(err);
}
