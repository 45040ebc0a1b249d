// SPDX-License-Identifier: Apache-2.0
#include "serve/runner.h"

#include "base/log.h"
#include "job/queue.h"
#include "record/tree.h"

enum {
    OWN_READS = 2000,
    LOST_MAX = 8, // processes that a job may take with it before it is put aside
};

// A transaction with its view.
struct attempt {
    struct view view;
    struct budget budget;
};

static bool begin(struct runner *runner, enum store_mode mode, struct attempt *attempt,
                  struct err *err)
{
    struct store_txn *txn = store_begin(runner->instance->store, mode, err);

    arena_reset(&runner->attempt);
    attempt->budget = (struct budget){.reads_max = OWN_READS, .writes_max = OWN_READS};
    if (txn == NULL)
        return false;
    if (instance_view(runner->instance, txn, &runner->attempt, &attempt->budget, &attempt->view,
                      err))
        return true;
    store_end(txn);
    return false;
}

static bool commit(struct attempt *attempt, struct err *err)
{
    bool done = store_commit_wait(attempt->view.txn, err);

    store_end(attempt->view.txn);
    return done;
}

static bool is_transient(enum err_code code)
{
    return code == ERR_CONFLICT || code == ERR_UNKNOWN;
}

static void note(const char *event, const struct job *job, const char *why)
{
    char id[ID_TEXT_LEN + 1];

    id_to_text(&job->id, id);
    log_warn(event, LOG_TEXT("app", job->app), LOG_TEXT("job", job->name), LOG_TEXT("id", id),
             LOG_INT("failures", job->failures), LOG_TEXT("error", why));
}

// One of the queue's moves in a commit of its own. ERR_ABSENT and a conflict say the same:
// somebody else has the job.
typedef bool move(struct view *view, struct job *job, int64_t ms, struct err *err);

static bool moved(struct runner *runner, move *act, struct job *job, int64_t ms, struct err *err)
{
    struct attempt attempt;
    struct job fresh = *job; // as it was read: an attempt changes it

    if (!begin(runner, STORE_WRITE, &attempt, err))
        return false;
    if (!act(&attempt.view, &fresh, ms, err)) {
        store_end(attempt.view.txn);
        return false;
    }
    if (!commit(&attempt, err))
        return false;
    *job = fresh;
    return true;
}

static bool bury(struct view *view, struct job *job, int64_t ms, struct err *err)
{
    (void)ms;
    return queue_bury(view, job, err);
}

// Where that fails too, the lease runs out and the job comes back by itself.
static void move_or_leave(struct runner *runner, move *act, struct job *job, int64_t ms)
{
    struct err err = {ERR_NONE, ""};

    if (!moved(runner, act, job, ms, &err) && err.code != ERR_ABSENT)
        note("a job waits for its lease to run out", job, err.text);
}

static void put_aside(struct runner *runner, struct job *job)
{
    note("a job is given up: see shuyuan job list --dead", job, job->problem);
    runner->slot->buried++;
    move_or_leave(runner, bury, job, 0);
}

static int64_t pause_end(const struct runner *runner, uint32_t failures)
{
    const struct instance *instance = runner->instance;

    return clock_wall_ms(instance->clock) +
           queue_pause_ms(instance->random, instance->config->jobs.backoff_ms, failures);
}

static void failed(struct runner *runner, const struct host_job *about, struct job *job,
                   const struct err *why)
{
    job->failures++;
    job->problem = why->text;
    runner->slot->failed++;
    if (about == NULL || job->failures > about->retry) {
        put_aside(runner, job);
        return;
    }
    note("a job failed and will run again", job, why->text);
    move_or_leave(runner, queue_return, job, pause_end(runner, job->failures));
}

// The job's own effects and its end, in one commit.
static bool run_once(struct runner *runner, const struct host_job *about, struct job *job,
                     struct err *err)
{
    struct attempt attempt;
    struct tree_org *org = NULL;

    if (!begin(runner, STORE_WRITE, &attempt, err))
        return false;
    if (!queue_finish(&attempt.view, job, err) ||
        !tree_get(&attempt.view, job->org, &org, err)) {
        store_end(attempt.view.txn);
        return false;
    }
    if (org != NULL && !host_run_job(runner->instance->host, &attempt.view, about, job->org,
                                     job->arg, err)) {
        store_end(attempt.view.txn);
        if (err->code == ERR_ABSENT) // of a record; not of the job, which was there above
            err->code = ERR_SCRIPT;
        return false;
    }
    return commit(&attempt, err);
}

// Whose fault is it? The app's counts; a store that is full or away does not.
static bool is_own_fault(enum err_code code)
{
    return code != ERR_FULL && code != ERR_IO && code != ERR_BUSY && !is_transient(code);
}

static void run(struct runner *runner, const struct host_job *about, struct job *job)
{
    int64_t retries = runner->instance->config->store.retries;
    struct err err = {ERR_NONE, ""};

    for (int64_t i = 0; i <= retries; i++) {
        if (run_once(runner, about, job, &err)) {
            runner->slot->done++;
            return;
        }
        if (!is_transient(err.code))
            break;
    }
    if (err.code == ERR_ABSENT) // it is done: the commit's answer was lost, or ours came late
        return;
    if (is_own_fault(err.code))
        failed(runner, about, job, &err);
    else
        move_or_leave(runner, queue_return, job, pause_end(runner, 1));
}

// Finding ----------------------------------------------------------------------------------

// The first job that is due, beginning with the app whose turn it is. *due_ms: when the first
// will be, while none is.
static bool find(struct runner *runner, struct job **job, int64_t *due_ms, struct err *err)
{
    const struct host_app *apps;
    size_t count = host_apps(runner->instance->host, &apps);
    int64_t now = clock_wall_ms(runner->instance->clock), due;
    struct attempt attempt;
    bool done = true;

    *job = NULL;
    *due_ms = INT64_MAX;
    if (!begin(runner, STORE_READ, &attempt, err))
        return false;
    attempt.view.arena = &runner->memory; // the job outlives this transaction
    for (size_t i = 0; i < count && *job == NULL && done; i++) {
        const struct host_app *app = &apps[(runner->turn + i) % count];

        if (app->problem != NULL)
            continue;
        done = queue_next(&attempt.view, app->id, now, job, &due, err);
        *due_ms = due < *due_ms ? due : *due_ms;
    }
    runner->turn++;
    store_end(attempt.view.txn);
    return done;
}

static void take(struct runner *runner, struct job *job)
{
    const struct instance *instance = runner->instance;
    const struct host_job *about = host_find_job(instance->host, job->app, job->name);
    int64_t until = clock_wall_ms(instance->clock) + instance->config->jobs.lease_ms;
    struct err err = {ERR_NONE, ""};

    if (!moved(runner, queue_lease, job, until, &err)) {
        if (err.code != ERR_ABSENT && !is_transient(err.code))
            note("a job could not be leased", job, err.text);
        return;
    }
    if (about == NULL) {
        err_set(&err, ERR_ABSENT, "the app '%s' has no job '%s'", job->app, job->name);
        failed(runner, NULL, job, &err);
    } else if (job->lost > LOST_MAX) {
        err_set(&err, ERR_UNKNOWN, "its process ended %u times while it ran", job->lost - 1);
        failed(runner, NULL, job, &err);
    } else {
        run(runner, about, job);
    }
}

int64_t runner_step(struct runner *runner)
{
    const struct instance *instance = runner->instance;
    int64_t poll_ms = instance->config->jobs.poll_ms, due_ms, left_ms;
    struct job *job;
    struct err err;

    arena_reset(&runner->memory);
    if (!find(runner, &job, &due_ms, &err)) {
        log_error("the queue of jobs cannot be read", LOG_TEXT("error", err.text));
        return poll_ms;
    }
    if (job != NULL) {
        take(runner, job);
        return 0;
    }
    left_ms = due_ms - clock_wall_ms(instance->clock);
    return left_ms < poll_ms ? (left_ms > 0 ? left_ms : 1) : poll_ms;
}

void runner_finish(struct runner *runner)
{
    arena_finish(&runner->memory);
    arena_finish(&runner->attempt);
}
