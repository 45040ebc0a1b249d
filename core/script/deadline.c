// SPDX-License-Identifier: Apache-2.0
// The deadline of a call, and the end of its turn. A count hook on every call would double the
// cost of Lua code, so none is set: a timer ticks while calls run, and the tick that finds the
// limit passed, or the turn over, hooks the running coroutine at its next instruction.
//
// At the end of a turn the hook suspends everything that runs, coroutines of the app included. So
// it does at the deadline, and then nobody resumes it: not an instruction more, and the state
// lives. Where C stands between (a comparison in table.sort, a module being loaded), the turn goes
// on until it does not; the deadline raises errors instead. From then on the hook stays, every
// wrapper of library.c raises again, and the state is spent.
//
// The timer is one-shot and armed again by its own handler while calls run, so that a busy
// state pays no system call per call and an idle one no signal. It is one of the clock: timers on
// processor time are as coarse as the kernel's own tick, four milliseconds often.
#include "script/state.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#define TICK_SIGNAL (SIGRTMIN + 4)

enum { GRACE_US = 2000 }; // for what runs in C to come back, before it gets no memory any more

static int64_t thread_us(void)
{
    struct timespec now;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static int64_t mono_us(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static int64_t tick_us(const struct deadline *deadline)
{
    int64_t most = deadline->limit_us > 20000  ? 5000
                   : deadline->limit_us > 4000 ? deadline->limit_us / 4
                                               : 1000;

    return deadline->slice_us > 0 && deadline->slice_us < most ? deadline->slice_us : most;
}

static void arm(struct deadline *deadline, int64_t us)
{
    struct itimerspec once = {
        .it_value = {.tv_sec = us / 1000000, .tv_nsec = us % 1000000 * 1000}};

    deadline->armed = 1;
    timer_settime(deadline->timer, 0, &once, NULL);
}

bool deadline_can_turn(lua_State *L)
{
    struct script *script = script_of(L);

    return script->now.run != NULL && script->now.chain && lua_isyieldable(L);
}

static void interrupt(lua_State *L, lua_Debug *event)
{
    struct script *script = script_of(L);
    struct deadline *deadline = &script->deadline;

    (void)event;
    deadline_check(L);
    if (deadline->expired)
        return; // suspended, to be ended
    if (deadline->slice_us != 0)
        lua_sethook(L, NULL, 0, 0);
    if ((deadline->turn_over || deadline->slice_us == 0) && deadline_can_turn(L)) {
        script->now.step = SCRIPT_TURN;
        lua_yield(L, 0);
    }
}

static void hook(lua_State *L)
{
    lua_sethook(L, interrupt, LUA_MASKCOUNT, 1);
}

static int64_t thread_spent_us(const struct deadline *deadline)
{
    int64_t now = deadline->paused_us >= 0 ? deadline->paused_us : thread_us();

    return deadline->spent_us + now - deadline->began_us;
}

// How long until the next look.
static int64_t look(struct deadline *deadline)
{
    int64_t next = tick_us(deadline), left, over;

    deadline->ticked = 1;
    if (deadline->paused_us >= 0)
        return next;
    over = thread_spent_us(deadline) - deadline->limit_us;
    deadline->overdue = over >= GRACE_US;
    if (over >= 0)
        deadline->expired = 1;
    if (deadline->slice_us > 0 && !deadline->turn_over) {
        left = deadline->turn_us + deadline->slice_us - mono_us();
        deadline->turn_over = left <= 0;
        next = left > 0 && left < next ? left : next;
    }
    if (deadline->expired || deadline->turn_over)
        hook(deadline->running);
    return next;
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
    if (deadline->calls > 0)
        arm(deadline, look(deadline));
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
    if (timer_create(CLOCK_MONOTONIC, &event, &deadline->timer) != 0)
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

    if (deadline->calls++ > 0)
        return;
    deadline->limit_us = script->now.limits.cpu_ms * 1000;
    deadline->turn_over = deadline->overdue = 0;
    deadline->began_us = thread_us();
    deadline->turn_us = mono_us();
    deadline->paused_us = script->now.paused_us >= 0 ? deadline->began_us : -1;
    if (!deadline->armed)
        arm(deadline, tick_us(deadline));
}

void deadline_end(struct script *script)
{
    script->deadline.calls--;
}

int64_t deadline_spent_us(const struct script *script)
{
    return thread_spent_us(&script->deadline);
}

void deadline_enter(struct script *script, lua_State *co)
{
    script->deadline.running = co;
    if (script->deadline.slice_us == 0)
        hook(co);
}

void script_pause(struct script *script)
{
    script->now.paused_us = clock_mono_us(script->clock);
    script->deadline.paused_us = thread_us();
}

// The tick may come at any of these lines: the time is given back before it counts again.
void script_resume(struct script *script)
{
    struct deadline *deadline = &script->deadline;

    script->now.began_us += clock_mono_us(script->clock) - script->now.paused_us;
    script->now.paused_us = -1;
    deadline->began_us += thread_us() - deadline->paused_us;
    deadline->paused_us = -1;
}

void deadline_check(lua_State *L)
{
    struct script *script = script_of(L);

    if (!script->deadline.expired)
        return;
    if (script->now.passed == NULL)
        script->now.passed = "processor time";
    if (deadline_can_turn(L)) {
        script->now.step = SCRIPT_FAILED;
        lua_yield(L, 0); // comes back in a hook only, which then returns
        return;
    }
    hook(L);        // `__close` handlers on the way out end at their first instruction
    lua_pushnil(L); // a text would have to be allocated, and memory is refused from now on
    lua_error(L);
}

int64_t script_wall_left_ms(lua_State *L)
{
    const struct script *script = script_of(L);
    const struct running *now = &script->now;

    return now->limits.wall_ms - (clock_mono_us(script->clock) - now->began_us) / 1000;
}

bool call_is_late(const struct script *script)
{
    const struct running *now = &script->now;
    int64_t until = now->paused_us >= 0 ? now->paused_us : clock_mono_us(script->clock);

    return now->limits.wall_ms > 0 && until - now->began_us > now->limits.wall_ms * 1000;
}

// The clock is asked once a tick: a page asks its host some hundred times.
void script_check_deadline(lua_State *L)
{
    struct script *script = script_of(L);
    bool ticked = script->deadline.ticked;

    script->deadline.ticked = 0;
    if (ticked && !script->deadline.expired && call_is_late(script)) {
        script->now.passed = "wall time";
        script->deadline.expired = 1;
    }
    deadline_check(L);
}
