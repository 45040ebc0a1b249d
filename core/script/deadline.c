// SPDX-License-Identifier: Apache-2.0
// The deadline of a call. A count hook on every call would double the cost of Lua code, so
// none is set: a timer on the thread's processor time ticks while calls run, and the tick
// that finds the limit passed hooks the running coroutine at its next instruction. From then
// on the hook stays, every wrapper of library.c raises again, and the state is spent.
//
// The timer is one-shot and armed again by its own handler while calls run, so that a busy
// state pays no system call per call and an idle one no signal.
#include "script/state.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#define TICK_SIGNAL (SIGRTMIN + 4)

static int64_t thread_us(void)
{
    struct timespec now;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static void arm(struct deadline *deadline)
{
    struct itimerspec once = {.it_value = {.tv_sec = deadline->tick_us / 1000000,
                                           .tv_nsec = deadline->tick_us % 1000000 * 1000}};

    deadline->armed = 1;
    timer_settime(deadline->timer, 0, &once, NULL);
}

static void stop(lua_State *L, lua_Debug *event)
{
    (void)event;
    deadline_check(L);
}

static void hook(lua_State *L)
{
    lua_sethook(L, stop, LUA_MASKCOUNT, 1);
}

// Everything here is async-signal-safe: lua_sethook is made for signal handlers, the rest
// are plain stores, clock_gettime and timer_settime.
static void tick(int signal, siginfo_t *info, void *context)
{
    struct deadline *deadline = info->si_value.sival_ptr;
    int saved = errno;

    (void)signal, (void)context;
    if (info->si_code != SI_TIMER || deadline == NULL)
        return;
    deadline->armed = 0;
    if (deadline->calls > 0 && deadline->paused_us >= 0) {
        arm(deadline);
    } else if (deadline->calls > 0) {
        int64_t now = thread_us();

        if (deadline->seen_us < 0)
            deadline->seen_us = now; // the call began at most a tick ago
        else if (now - deadline->seen_us >= deadline->limit_us)
            deadline->expired = 1;
        if (deadline->expired)
            hook(deadline->running);
        arm(deadline);
    }
    errno = saved;
}

bool script_watch_start(struct err *err)
{
    struct sigaction action = {.sa_sigaction = tick, .sa_flags = SA_SIGINFO | SA_RESTART};
    sigset_t set;

    sigemptyset(&action.sa_mask);
    sigemptyset(&set);
    sigaddset(&set, TICK_SIGNAL);
    if (sigaction(TICK_SIGNAL, &action, NULL) != 0 || pthread_sigmask(SIG_UNBLOCK, &set, NULL) != 0)
        return err_set(err, ERR_IO, "deadline signal: %s", strerror(errno));
    return true;
}

bool deadline_create(struct script *script, struct err *err)
{
    struct deadline *deadline = &script->deadline;
    struct sigevent event = {.sigev_notify = SIGEV_THREAD_ID, .sigev_signo = TICK_SIGNAL};

    event.sigev_value.sival_ptr = deadline;
    event._sigev_un._tid = gettid(); // this glibc has no other name for it
    if (!script_watch_start(err))
        return false;
    if (timer_create(CLOCK_THREAD_CPUTIME_ID, &event, &deadline->timer) != 0)
        return err_set(err, ERR_IO, "deadline timer: %s", strerror(errno));
    deadline->has_timer = true;
    deadline->running = script->main;
    return true;
}

// A tick that is already on its way is delivered when the system call returns, hence before
// the memory goes.
void deadline_destroy(struct script *script)
{
    if (script->deadline.has_timer)
        timer_delete(script->deadline.timer);
    script->deadline.has_timer = false;
}

void deadline_begin(struct script *script)
{
    struct deadline *deadline = &script->deadline;
    int64_t limit_us = script->limits.cpu_ms * 1000;

    if (deadline->calls > 0) {
        deadline->calls++;
        return;
    }
    deadline->limit_us = limit_us;
    deadline->tick_us = limit_us > 20000 ? 5000 : limit_us > 4000 ? limit_us / 4 : 1000;
    deadline->seen_us = deadline->paused_us = -1;
    deadline->calls = 1;
    if (!deadline->armed)
        arm(deadline);
}

void deadline_end(struct script *script)
{
    script->deadline.calls--;
}

void script_pause(struct script *script)
{
    script->paused_us = clock_mono_us(script->clock);
    script->deadline.paused_us = thread_us();
}

// The tick may come at any of these lines: the time is given back before it counts again.
void script_resume(struct script *script)
{
    struct deadline *deadline = &script->deadline;

    script->began_us += clock_mono_us(script->clock) - script->paused_us;
    if (deadline->seen_us >= 0)
        deadline->seen_us += thread_us() - deadline->paused_us;
    deadline->paused_us = -1;
}

void deadline_check(lua_State *L)
{
    struct script *script = script_of(L);

    if (!script->deadline.expired)
        return;
    if (script->passed == NULL)
        script->passed = "processor time";
    hook(L);        // `__close` handlers on the way out end at their first instruction
    lua_pushnil(L); // a text would have to be allocated, and memory is refused from now on
    lua_error(L);
}

void script_check_deadline(lua_State *L)
{
    struct script *script = script_of(L);
    int64_t wall_ms = script->limits.wall_ms;

    if (!script->deadline.expired && wall_ms > 0 &&
        clock_mono_us(script->clock) - script->began_us > wall_ms * 1000) {
        script->passed = "wall time";
        script->deadline.expired = 1;
    }
    deadline_check(L);
}
