// SPDX-License-Identifier: Apache-2.0
#include "serve/runner.h"

#include "base/log.h"
#include "job/queue.h"
#include "job/schedule.h"
#include "record/tree.h"

enum {
    OWN_READS = 2000,
    ORGS_MAX = 100000,
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
    if (runner->on_failure != NULL)
        runner->on_failure(runner->context, job, why->text);
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
    return code != ERR_FULL && code != ERR_IO && code != ERR_BUSY && code != ERR_LATE && !is_transient(code);
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

// Schedules --------------------------------------------------------------------------------

static bool is_of_kind(const struct host_job *about, const struct tree_org *org)
{
    for (const char *const *kind = about->kinds; kind != NULL && *kind != NULL; kind++)
        if (strcmp(*kind, org->kind) == 0)
            return true;
    return about->kinds == NULL;
}

// Is it work for the organisation, and is the app switched on there?
static bool is_wanted(struct host *host, struct view *view, const struct host_job *about,
                      const struct tree_org *org, bool *wanted, struct err *err)
{
    *wanted = org != NULL && is_of_kind(about, org);
    return !*wanted || host_enabled(host, view, slice_text(about->app), org->id, wanted, err);
}

// One job for each organisation; where the former one still waits, it stands for both.
static bool fan_out(struct host *host, struct view *view, const struct host_job *about,
                    int64_t moment_ms, struct err *err)
{
    const struct id *orgs;
    struct tree_org *org;
    char date[11];
    size_t count;
    bool added, wanted;

    date_to_text(date_in_china(moment_ms), date);
    if (id_is_zero(&view->root))
        return true; // no organisation yet
    if (!tree_below(view, view->root, ORGS_MAX, &orgs, &count, err))
        return false;
    for (size_t i = 0; i < count; i++) {
        struct job job = {.org = orgs[i], .app = about->app, .name = about->name,
                          .key = slice_text("scheduled"), .due_ms = moment_ms};

        job.arg = slice_text(arena_format(view->arena, "{\"at\":%lld,\"date\":\"%s\"}",
                                          (long long)moment_ms, date));
        if (!tree_get(view, orgs[i], &org, err))
            return false;
        if (!is_wanted(host, view, about, org, &wanted, err) ||
            (wanted && !queue_add(view, &job, &added, err)))
            return false;
    }
    return true;
}

static bool start_scheduled(struct runner *runner, const struct host_job *about, struct err *err)
{
    int64_t moment = schedule_last(about->schedule, clock_wall_ms(runner->instance->clock));
    struct attempt attempt;
    bool claimed, done;

    if (!begin(runner, STORE_WRITE, &attempt, err))
        return false;
    attempt.budget.reads_max = UINT32_MAX; // the whole tree
    done = schedule_claim(&attempt.view, about->app, about->name, moment, about->at_once,
                          &claimed, err) &&
           (!claimed || fan_out(runner->instance->host, &attempt.view, about, moment, err)) &&
           (!store_has_writes(attempt.view.txn) || store_commit_wait(attempt.view.txn, err));
    store_end(attempt.view.txn);
    return done;
}

static void start_app(struct runner *runner, const char *app)
{
    const struct host_job *jobs;
    size_t count = host_jobs(runner->instance->host, app, &jobs);
    struct err err;

    for (size_t i = 0; i < count; i++)
        if (jobs[i].schedule != NULL && !start_scheduled(runner, &jobs[i], &err) &&
            !is_transient(err.code)) // another process was faster, or the next look does it
            log_error("a schedule could not be followed", LOG_TEXT("app", app),
                      LOG_TEXT("job", jobs[i].name), LOG_TEXT("error", err.text));
}

// What schedules want now is put into the queue; looked at as often as an idle queue is.
static void start_due(struct runner *runner)
{
    int64_t now_us = clock_mono_us(runner->instance->clock);
    const struct host_app *apps;
    size_t count = host_apps(runner->instance->host, &apps);

    if (runner->looked_us != 0 &&
        now_us - runner->looked_us < runner->instance->config->jobs.poll_ms * 1000)
        return;
    runner->looked_us = now_us;
    for (size_t i = 0; i < count; i++)
        if (apps[i].problem == NULL)
            start_app(runner, apps[i].id);
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

// Is its app switched off at its organisation? What is wrong with the store shows when the job runs.
static bool is_off(struct runner *runner, const struct job *job)
{
    struct attempt attempt;
    bool enabled = true, known;
    struct err err;

    if (!begin(runner, STORE_READ, &attempt, &err))
        return false;
    known = host_enabled(runner->instance->host, &attempt.view, slice_text(job->app), job->org,
                         &enabled, &err);
    store_end(attempt.view.txn);
    return known && !enabled;
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
    } else if (is_off(runner, job)) {
        log_info("a job waits: its application is switched off", LOG_TEXT("app", job->app),
                 LOG_TEXT("job", job->name));
        move_or_leave(runner, queue_return, job, clock_wall_ms(instance->clock) + instance->config->jobs.off_ms);
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
    start_due(runner);
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
