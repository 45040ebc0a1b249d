// SPDX-License-Identifier: Apache-2.0
// Guests in this process, the owner in another, the socket between them. The owner here is
// the smallest committer: everything that waits becomes one group.
#include "scratch.h"

#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>

enum { CLIENTS = 8, GROUP = 512 };

// The owner -----------------------------------------------------------------------------

struct guest {
    int fd;
    struct buffer in;
    size_t taken;
};

struct waiting {
    struct guest *guest;
    uint64_t tag;
};

static int listen_in(const char *folder)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int folder_fd = open(folder, O_PATH | O_DIRECTORY), fd = socket(AF_UNIX, SOCK_STREAM, 0);

    snprintf(address.sun_path, sizeof address.sun_path, "/proc/self/fd/%d/control", folder_fd);
    unlinkat(folder_fd, "control", 0);
    if (bind(fd, (struct sockaddr *)&address, sizeof address) != 0 || listen(fd, 64) != 0)
        _exit(3);
    close(folder_fd);
    return fd;
}

static void answer(struct waiting to, const struct err *outcome)
{
    struct buffer payload = BUFFER_EMPTY, frame = BUFFER_EMPTY;

    buffer_u8(&payload, (uint8_t)outcome->code);
    buffer_text(&payload, outcome->text);
    frame_put(&frame, to.tag, STORE_FRAME_OUTCOME, buffer_view(&payload));
    if (send(to.guest->fd, frame.data, frame.len, MSG_NOSIGNAL) < 0)
        to.guest->in.len = 0;
    buffer_finish(&payload);
    buffer_finish(&frame);
}

static void apply_waiting(struct store *store, struct guest *guests, bool die_instead)
{
    static struct store_proposal proposals[GROUP];
    struct waiting waiting[GROUP];
    size_t count = 0;
    struct frame frame;
    struct err err;

    for (struct guest *guest = guests; guest < guests + CLIENTS; guest++)
        while (count < GROUP && frame_next(buffer_view(&guest->in), &guest->taken, &frame) ==
                                    FRAME_READY) {
            proposals[count] = (struct store_proposal){.commit = frame.payload};
            waiting[count++] = (struct waiting){guest, frame.tag};
        }
    if (count == 0)
        return;
    if (!store_apply(store, proposals, count, &err) || die_instead)
        _exit(4); // applied, and nobody is told
    for (size_t i = 0; i < count; i++)
        answer(waiting[i], &proposals[i].outcome);
    for (struct guest *guest = guests; guest < guests + CLIENTS; guest++) {
        guest->in.len -= guest->taken;
        if (guest->taken > 0)
            memmove(guest->in.data, guest->in.data + guest->taken, guest->in.len);
        guest->taken = 0;
    }
}

static void take_bytes(struct guest *guest)
{
    ssize_t got = recv(guest->fd, buffer_room(&guest->in, 65536), 65536, MSG_DONTWAIT);

    if (got == 0) {
        close(guest->fd);
        buffer_finish(&guest->in);
        *guest = (struct guest){.fd = -1};
    } else if (got > 0) {
        guest->in.len += (size_t)got;
    }
}

static void serve(struct scratch *scratch, int ready, bool die_instead)
{
    struct guest guests[CLIENTS] = {0};
    struct pollfd fds[CLIENTS + 1];
    int listener;

    if (!scratch_open(scratch))
        _exit(2);
    listener = listen_in(scratch->folder);
    if (write(ready, "r", 1) != 1)
        _exit(5);
    for (int i = 0; i < CLIENTS; i++)
        guests[i].fd = -1;
    for (;;) {
        for (int i = 0; i < CLIENTS; i++)
            fds[i] = (struct pollfd){guests[i].fd, POLLIN, 0};
        fds[CLIENTS] = (struct pollfd){listener, POLLIN, 0};
        poll(fds, CLIENTS + 1, -1);
        for (int i = 0; i < CLIENTS; i++)
            if (fds[i].revents != 0)
                take_bytes(&guests[i]);
        apply_waiting(scratch->store, guests, die_instead);
        for (int i = 0; fds[CLIENTS].revents != 0 && i < CLIENTS; i++)
            if (guests[i].fd < 0) {
                guests[i].fd = accept(listener, NULL, NULL);
                break;
            }
    }
}

static pid_t start_owner(struct scratch *scratch, bool die_instead)
{
    int ready[2];
    char byte;
    pid_t child;

    fflush(stdout);
    CHECK(pipe(ready) == 0);
    child = fork();
    if (child == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        scratch->store = NULL; // the guest's: not for us
        serve(scratch, ready[1], die_instead);
    }
    close(ready[1]);
    CHECK(read(ready[0], &byte, 1) == 1);
    close(ready[0]);
    return child;
}

static void stop_owner(pid_t owner)
{
    kill(owner, SIGKILL);
    waitpid(owner, NULL, 0);
}

// The guest's loop ----------------------------------------------------------------------

struct loop_watch {
    int fd;
    loop_call *ready, *writable;
    void *context;
};

struct loop_timer {
    struct loop_timer *next;
    int64_t due_us;
    loop_call *fire;
    void *context;
};

struct test_loop {
    struct loop base;
    struct loop_watch watch; // one is enough here
    struct loop_timer *timers;
};

static struct loop_watch *loop_watch(struct loop *base, int fd, loop_call *ready, void *context)
{
    struct test_loop *loop = (struct test_loop *)base;

    loop->watch = (struct loop_watch){fd, ready, NULL, context};
    return &loop->watch;
}

static void loop_want_write(struct loop *base, struct loop_watch *watch, loop_call *writable)
{
    (void)base;
    watch->writable = writable;
}

static void loop_unwatch(struct loop *base, struct loop_watch *watch)
{
    (void)base;
    *watch = (struct loop_watch){.fd = -1};
}

static struct loop_timer *loop_after(struct loop *base, int64_t ms, loop_call *fire, void *context)
{
    struct test_loop *loop = (struct test_loop *)base;
    struct loop_timer *timer = mem_zero(sizeof *timer);

    *timer = (struct loop_timer){loop->timers, clock_mono_us(clock_system()) + ms * 1000, fire,
                                 context};
    loop->timers = timer;
    return timer;
}

static void loop_cancel(struct loop *base, struct loop_timer *timer)
{
    struct loop_timer **link = &((struct test_loop *)base)->timers;

    while (*link != timer)
        link = &(*link)->next;
    *link = timer->next;
    free(timer);
}

static void fire_due(struct test_loop *loop)
{
    int64_t now = clock_mono_us(clock_system());

    for (struct loop_timer *timer = loop->timers, *next; timer != NULL; timer = next) {
        next = timer->next;
        if (timer->due_us <= now) {
            loop_call *fire = timer->fire;
            void *context = timer->context;

            loop_cancel(&loop->base, timer);
            fire(context);
            next = loop->timers; // whatever was called may have changed them
        }
    }
}

static int next_due_ms(const struct test_loop *loop)
{
    int64_t least = 1000000;

    for (struct loop_timer *timer = loop->timers; timer != NULL; timer = timer->next)
        if (timer->due_us - clock_mono_us(clock_system()) < least)
            least = timer->due_us - clock_mono_us(clock_system());
    return least < 0 ? 0 : (int)(least / 1000 + 1);
}

static void turn(struct test_loop *loop)
{
    struct loop_watch *watch = &loop->watch;
    struct pollfd fd = {watch->fd, (short)(POLLIN | (watch->writable != NULL ? POLLOUT : 0)), 0};

    poll(&fd, 1, next_due_ms(loop));
    if ((fd.revents & POLLOUT) != 0) {
        loop_call *writable = watch->writable;

        watch->writable = NULL;
        writable(watch->context);
    }
    if ((fd.revents & ~POLLOUT) != 0 && watch->fd == fd.fd)
        watch->ready(watch->context);
    fire_due(loop);
}

static void init_loop(struct test_loop *loop)
{
    *loop = (struct test_loop){{loop_watch, loop_want_write, loop_unwatch, loop_after,
                                loop_cancel}, {.fd = -1}, NULL};
}

// Guests --------------------------------------------------------------------------------

struct outcomes {
    int done, good, unknown, busy, conflicts, other;
};

static void note_outcome(void *context, const struct err *outcome)
{
    struct outcomes *outcomes = context;

    outcomes->done++;
    outcomes->good += outcome->code == ERR_NONE;
    outcomes->unknown += outcome->code == ERR_UNKNOWN;
    outcomes->busy += outcome->code == ERR_BUSY;
    outcomes->conflicts += outcome->code == ERR_CONFLICT;
    outcomes->other += outcome->code == ERR_FULL || outcome->code == ERR_LIMIT ||
                       outcome->code == ERR_INPUT;
}

static bool open_guest(struct scratch *scratch, struct loop *loop)
{
    scratch->options.loop = loop;
    scratch->store = store_open(STORE_GUEST, &scratch->options, &scratch->err);
    CHECK_OK(scratch->store != NULL, &scratch->err);
    return scratch->store != NULL;
}

static void send_put(struct scratch *scratch, const char *key, size_t len,
                     struct outcomes *outcomes)
{
    struct store_txn *txn = begin_write(scratch);
    uint8_t *value = mem_zero(len);

    CHECK(store_put(txn, S(key), slice_of(value, len), &scratch->err));
    store_commit(txn, note_outcome, outcomes);
    store_end(txn);
    free(value);
}

static void a_guest_waits_for_its_commit(void)
{
    struct scratch scratch;
    pid_t owner;

    scratch_folder(&scratch);
    owner = start_owner(&scratch, false);
    if (open_guest(&scratch, NULL)) {
        CHECK(put_one(&scratch, "k", "v") == ERR_NONE);
        CHECK(holds(&scratch, "k", "v")); // acknowledged means visible
        CHECK(put_one(&scratch, "k", "w") == ERR_NONE && holds(&scratch, "k", "w"));
    }
    stop_owner(owner);
    scratch_finish(&scratch);
}

static void a_conflict_comes_back_with_its_text(void)
{
    struct scratch scratch;
    struct store_txn *txn;
    pid_t owner;

    scratch_folder(&scratch);
    owner = start_owner(&scratch, false);
    if (open_guest(&scratch, NULL)) {
        txn = begin_write(&scratch);
        CHECK(same(walk(txn, "k", NULL, false), ""));
        CHECK(store_put(txn, S("other"), S("v"), &scratch.err));
        CHECK(put_one(&scratch, "k", "v") == ERR_NONE);
        CHECK(finish(&scratch, txn) == ERR_CONFLICT && scratch.err.text[0] != 0);
    }
    stop_owner(owner);
    scratch_finish(&scratch);
}

static void many_commits_are_under_way_at_once(void)
{
    struct scratch scratch;
    struct outcomes outcomes = {0};
    struct test_loop loop;
    pid_t owner;

    scratch_folder(&scratch);
    owner = start_owner(&scratch, false);
    init_loop(&loop);
    if (open_guest(&scratch, &loop.base)) {
        for (int i = 0; i < 300; i++) {
            char key[32];

            snprintf(key, sizeof key, "many %d", i);
            send_put(&scratch, key, i % 50 == 0 ? 300000 : 100, &outcomes); // fills the socket
        }
        CHECK(outcomes.done == 0); // never from inside the call
        while (outcomes.done < 300)
            turn(&loop);
        CHECK(outcomes.good == 300);
    }
    stop_owner(owner);
    scratch_finish(&scratch);
}

static void nothing_to_commit_is_told_later_too(void)
{
    struct scratch scratch;
    struct outcomes outcomes = {0};
    struct test_loop loop;
    struct store_txn *txn;

    scratch_start(&scratch);
    scratch_close(&scratch);
    init_loop(&loop);
    if (open_guest(&scratch, &loop.base)) { // no committer is needed
        txn = begin_write(&scratch);
        store_commit(txn, note_outcome, &outcomes);
        store_end(txn);
        CHECK(outcomes.done == 0);
        turn(&loop);
        CHECK(outcomes.done == 1 && outcomes.good == 1);
    }
    scratch_finish(&scratch);
}

static void an_owner_tells_its_outcome_later_too(void)
{
    struct scratch scratch;
    struct outcomes outcomes = {0};
    struct test_loop loop;

    init_loop(&loop);
    scratch_folder(&scratch);
    scratch.options.loop = &loop.base;
    CHECK(scratch_open(&scratch));
    send_put(&scratch, "k", 10, &outcomes);
    CHECK(outcomes.done == 0);
    turn(&loop);
    CHECK(outcomes.good == 1);
    scratch_finish(&scratch);
}

static void a_committer_that_dies_leaves_the_outcome_unknown(void)
{
    struct scratch scratch;
    struct outcomes outcomes = {0};
    struct test_loop loop;
    pid_t owner;

    scratch_folder(&scratch);
    owner = start_owner(&scratch, true);
    init_loop(&loop);
    if (open_guest(&scratch, &loop.base)) {
        send_put(&scratch, "sent", 10, &outcomes);
        while (outcomes.done < 1)
            turn(&loop);
        CHECK(outcomes.unknown == 1);
        waitpid(owner, NULL, 0);
        owner = start_owner(&scratch, false);
        send_put(&scratch, "after", 10, &outcomes); // finds the next one by itself
        while (outcomes.done < 2)
            turn(&loop);
        CHECK(outcomes.good == 1);
        scratch_close(&scratch);
    }
    stop_owner(owner);
    CHECK(scratch_open(&scratch));
    CHECK(!holds(&scratch, "sent", NULL)); // unknown it was, but applied
    scratch_finish(&scratch);
}

static void who_waits_learns_that_the_committer_died(void)
{
    struct scratch scratch;
    pid_t owner;

    scratch_folder(&scratch);
    owner = start_owner(&scratch, true);
    if (open_guest(&scratch, NULL)) {
        CHECK(put_one(&scratch, "k", "v") == ERR_UNKNOWN);
        waitpid(owner, NULL, 0);
        owner = start_owner(&scratch, false);
        CHECK(put_one(&scratch, "k", "w") == ERR_NONE);
        stop_owner(owner);
        owner = start_owner(&scratch, false); // the old connection is dead: none of it was sent
        CHECK(put_one(&scratch, "k", "x") == ERR_NONE);
    }
    stop_owner(owner);
    scratch_finish(&scratch);
}

static void a_commit_waits_for_a_committer_to_come(void)
{
    struct scratch scratch;
    struct outcomes outcomes = {0};
    struct test_loop loop;
    pid_t owner;

    scratch_start(&scratch);
    scratch_close(&scratch);
    init_loop(&loop);
    if (open_guest(&scratch, &loop.base)) {
        send_put(&scratch, "early", 10, &outcomes);
        turn(&loop);
        CHECK(outcomes.done == 0);
        owner = start_owner(&scratch, false);
        while (outcomes.done < 1)
            turn(&loop);
        CHECK(outcomes.good == 1);
        stop_owner(owner);
    }
    scratch_finish(&scratch);
}

static void nobody_there_is_busy_in_the_end(void)
{
    struct scratch scratch;
    struct outcomes outcomes = {0};
    struct test_loop loop;

    scratch_start(&scratch);
    scratch_close(&scratch);
    init_loop(&loop);
    scratch.options.reconnect_ms = 30;
    if (open_guest(&scratch, &loop.base)) {
        send_put(&scratch, "k", 10, &outcomes);
        while (outcomes.done < 1)
            turn(&loop);
        CHECK(outcomes.busy == 1);
        CHECK(put_one(&scratch, "k", "v") == ERR_BUSY);
        send_put(&scratch, "k", 10, &outcomes);
    }
    scratch_finish(&scratch); // closing tells those who still wait
    CHECK(outcomes.done == 2 && outcomes.unknown == 1);
}

static void guests_in_several_processes_lose_no_addition(void)
{
    enum { GUESTS = 4, EACH = 50 };
    struct scratch scratch;
    pid_t owner, guests[GUESTS];
    int status, good = 0;

    scratch_folder(&scratch);
    owner = start_owner(&scratch, false);
    for (int i = 0; i < GUESTS; i++) {
        fflush(stdout);
        guests[i] = fork();
        if (guests[i] != 0)
            continue;
        open_guest(&scratch, NULL);
        for (int done = 0; done < EACH;) { // read, add one, write: conflicts are run again
            struct store_txn *txn = begin_write(&scratch);
            struct slice value;
            uint8_t next = 0;

            if (!store_get(txn, S("register"), &value, &scratch.err))
                _exit(1);
            next = (uint8_t)(value.data != NULL ? value.data[0] + 1 : 1);
            store_put(txn, S("register"), slice_of(&next, 1), &scratch.err);
            done += finish(&scratch, txn) == ERR_NONE;
            if (scratch.err.code != ERR_NONE && scratch.err.code != ERR_CONFLICT)
                _exit(2);
        }
        _exit(0);
    }
    for (int i = 0; i < GUESTS; i++) {
        waitpid(guests[i], &status, 0);
        good += WIFEXITED(status) && WEXITSTATUS(status) == 0;
    }
    CHECK(good == GUESTS);
    stop_owner(owner);
    CHECK(scratch_open(&scratch) && holds(&scratch, "register", "\xc8"));
    scratch_finish(&scratch);
}

int main(void)
{
    RUN(a_guest_waits_for_its_commit);
    RUN(a_conflict_comes_back_with_its_text);
    RUN(many_commits_are_under_way_at_once);
    RUN(nothing_to_commit_is_told_later_too);
    RUN(an_owner_tells_its_outcome_later_too);
    RUN(a_committer_that_dies_leaves_the_outcome_unknown);
    RUN(who_waits_learns_that_the_committer_died);
    RUN(a_commit_waits_for_a_committer_to_come);
    RUN(nobody_there_is_busy_in_the_end);
    RUN(guests_in_several_processes_lose_no_addition);
    return check_report("store/guest");
}
