// SPDX-License-Identifier: Apache-2.0
// The durable queue on a real store, with a clock that stands still.
#include "../store/scratch.h"

#include "job/queue.h"

static struct scratch scratch;
static struct arena memory;
static int64_t now_ms;

static int64_t still_wall(struct clock *clock)
{
    (void)clock;
    return now_ms;
}

static int64_t still_mono(struct clock *clock)
{
    (void)clock;
    return now_ms * 1000;
}

static struct clock still = {still_wall, still_mono};

static struct view view_of(struct store_txn *txn)
{
    return (struct view){.txn = txn, .arena = &memory, .clock = &still, .random = random_system()};
}

static struct job new_job(const char *app, const char *name, const char *key, int64_t due_ms)
{
    return (struct job){.org = {{1}}, .app = app, .name = name, .key = S(key), .arg = S("{}"),
                        .due_ms = due_ms};
}

static bool add(const char *app, const char *name, const char *key, int64_t due_ms)
{
    struct store_txn *txn = begin_write(&scratch);
    struct view view = view_of(txn);
    struct job job = new_job(app, name, key, due_ms);
    bool added = false;

    CHECK_OK(queue_add(&view, &job, &added, &scratch.err), &scratch.err);
    CHECK(finish(&scratch, txn) == ERR_NONE);
    return added;
}

static struct job *next(const char *app, int64_t *due_ms)
{
    struct store_txn *txn = begin_read(&scratch);
    struct view view = view_of(txn);
    struct job *job;

    CHECK_OK(queue_next(&view, app, now_ms, &job, due_ms, &scratch.err), &scratch.err);
    store_end(txn);
    return job;
}

// One step with the job in a transaction of its own; the code of what became of it.
static enum err_code step(bool (*act)(struct view *, struct job *, int64_t, struct err *),
                          struct job *job, int64_t ms)
{
    struct store_txn *txn = begin_write(&scratch);
    struct view view = view_of(txn);

    scratch.err.code = ERR_NONE;
    if (act(&view, job, ms, &scratch.err))
        return finish(&scratch, txn);
    store_end(txn);
    return scratch.err.code;
}

static bool act_finish(struct view *view, struct job *job, int64_t ms, struct err *err)
{
    (void)ms;
    return queue_finish(view, job, err);
}

static bool act_bury(struct view *view, struct job *job, int64_t ms, struct err *err)
{
    (void)ms;
    return queue_bury(view, job, err);
}

static struct queue_counts counts(void)
{
    struct store_txn *txn = begin_read(&scratch);
    struct view view = view_of(txn);
    struct queue_counts found = {-1, -1};

    CHECK_OK(queue_count(&view, &found, &scratch.err), &scratch.err);
    store_end(txn);
    return found;
}

static size_t list(bool dead, struct job **jobs)
{
    struct store_txn *txn = begin_read(&scratch);
    struct view view = view_of(txn);
    size_t count = 0;

    CHECK_OK(queue_list(&view, dead, 16, jobs, &count, &scratch.err), &scratch.err);
    store_end(txn);
    return count;
}

static bool revive(const struct job *job)
{
    struct store_txn *txn = begin_write(&scratch);
    struct view view = view_of(txn);
    bool found = false;

    CHECK_OK(queue_revive(&view, job->id, &found, &scratch.err), &scratch.err);
    if (found)
        CHECK(finish(&scratch, txn) == ERR_NONE);
    else
        store_end(txn);
    return found;
}

static void done_with(const char *app)
{
    int64_t due;
    struct job *job = next(app, &due);

    CHECK(job != NULL && step(act_finish, job, 0) == ERR_NONE);
}

static void nothing_is_queued_without_the_commit(void)
{
    struct store_txn *txn = begin_write(&scratch);
    struct view view = view_of(txn);
    struct job job = new_job("leave", "tell", "", 0);
    bool added;
    int64_t due;

    CHECK(queue_add(&view, &job, &added, &scratch.err) && added);
    store_end(txn);

    CHECK(next("leave", &due) == NULL && due == INT64_MAX);
    CHECK(counts().waiting == 0);
}

static void jobs_come_when_they_are_due_in_their_order(void)
{
    int64_t due;

    now_ms = 1000;
    add("leave", "later", "", 2000);
    add("leave", "sooner", "", 1500);
    add("leaves", "of another app", "", 1);

    CHECK(next("leave", &due) == NULL && due == 1500);
    now_ms = 2000;
    CHECK(strcmp(next("leave", &due)->name, "sooner") == 0);
    done_with("leave");
    CHECK(strcmp(next("leave", &due)->name, "later") == 0);
    done_with("leave");
    done_with("leaves");
    CHECK(counts().waiting == 0);
}

static void one_of_a_key_waits_at_most(void)
{
    CHECK(add("leave", "tell", "7", now_ms - 3));
    CHECK(!add("leave", "tell", "7", now_ms));
    CHECK(add("leave", "tell", "8", now_ms - 2));
    CHECK(add("leave", "count", "7", now_ms - 1));
    CHECK(counts().waiting == 3);

    done_with("leave");
    CHECK(add("leave", "tell", "7", now_ms));
    for (int i = 0; i < 3; i++)
        done_with("leave");
}

static void of_two_that_lease_a_job_one_gets_it(void)
{
    struct store_txn *first, *second;
    struct view a, b;
    struct job *job, mine, theirs;
    int64_t due;

    add("leave", "tell", "", now_ms);
    job = next("leave", &due);
    mine = theirs = *job;
    first = begin_write(&scratch);
    second = begin_write(&scratch);
    a = view_of(first);
    b = view_of(second);
    CHECK(queue_lease(&a, &mine, now_ms + 100, &scratch.err));
    CHECK(queue_lease(&b, &theirs, now_ms + 200, &scratch.err));

    CHECK(finish(&scratch, first) == ERR_NONE);
    CHECK(finish(&scratch, second) == ERR_CONFLICT);
    CHECK(next("leave", &due) == NULL && due == now_ms + 100);
    CHECK(step(queue_lease, job, now_ms + 300) == ERR_ABSENT);
    CHECK(step(act_finish, &mine, 0) == ERR_NONE);
}

static void a_lease_that_runs_out_gives_the_job_to_another_and_only_one_effect_commits(void)
{
    struct job *job, *again;
    int64_t due;

    add("leave", "tell", "", now_ms);
    job = next("leave", &due);
    CHECK(step(queue_lease, job, now_ms + 100) == ERR_NONE);
    now_ms += 100;
    again = next("leave", &due);
    CHECK(again != NULL && again->lost == 1);
    CHECK(step(queue_lease, again, now_ms + 100) == ERR_NONE);

    CHECK(step(act_finish, job, 0) == ERR_ABSENT); // the first one wakes up late
    CHECK(step(act_finish, again, 0) == ERR_NONE);
    CHECK(counts().waiting == 0);
}

static void what_failed_comes_back_with_its_problem(void)
{
    struct job *job;
    int64_t due;

    add("leave", "tell", "", now_ms);
    job = next("leave", &due);
    CHECK(step(queue_lease, job, now_ms + 100) == ERR_NONE);
    job->failures = 1;
    job->problem = "no such word";
    CHECK(step(queue_return, job, now_ms + 50) == ERR_NONE);

    CHECK(next("leave", &due) == NULL && due == now_ms + 50);
    now_ms += 50;
    job = next("leave", &due);
    CHECK(job->failures == 1 && job->lost == 0 && strcmp(job->problem, "no such word") == 0);
    done_with("leave");
}

static void a_dead_letter_is_shown_and_revived(void)
{
    struct job *job, *jobs[16];
    int64_t due;

    add("leave", "tell", "7", now_ms);
    job = next("leave", &due);
    job->problem = "gave up";
    job->failures = 6;
    CHECK(step(act_bury, job, 0) == ERR_NONE);

    CHECK(counts().waiting == 0 && counts().dead == 1);
    CHECK(list(false, jobs) == 0);
    CHECK(list(true, jobs) == 1 && strcmp(jobs[0]->problem, "gave up") == 0);
    CHECK(strcmp(jobs[0]->app, "leave") == 0 && slice_is(jobs[0]->key, "7"));
    CHECK(revive(jobs[0]));
    CHECK(!revive(jobs[0]));
    CHECK(counts().waiting == 1 && counts().dead == 0);
    CHECK(next("leave", &due)->failures == 0);
    done_with("leave");
}

static void a_revived_letter_does_not_double_what_waits(void)
{
    struct job *job, *jobs[16];
    int64_t due;

    add("leave", "tell", "7", now_ms);
    job = next("leave", &due);
    CHECK(step(act_bury, job, 0) == ERR_NONE);
    CHECK(add("leave", "tell", "7", now_ms));
    CHECK(list(true, jobs) == 1 && revive(jobs[0]));

    CHECK(counts().waiting == 1 && counts().dead == 0);
    done_with("leave");
}

static void sizes_are_refused(void)
{
    static char long_name[JOB_NAME_MAX + 2], long_arg[JOB_ARG_MAX + 1], long_key[JOB_KEY_MAX + 2];
    struct store_txn *txn = begin_write(&scratch);
    struct view view = view_of(txn);
    struct job job = new_job("leave", "", "", 0);
    bool added;

    memset(long_name, 'n', sizeof long_name - 1);
    memset(long_arg, 'a', sizeof long_arg);
    memset(long_key, 'k', sizeof long_key - 1);
    CHECK(!queue_add(&view, &job, &added, &scratch.err) && scratch.err.code == ERR_LIMIT);
    job = new_job("leave", long_name, "", 0);
    CHECK(!queue_add(&view, &job, &added, &scratch.err) && scratch.err.code == ERR_LIMIT);
    job = new_job("leave", "tell", long_key, 0);
    CHECK(!queue_add(&view, &job, &added, &scratch.err) && scratch.err.code == ERR_LIMIT);
    job = new_job("leave", "tell", "", 0);
    job.arg = slice_of(long_arg, sizeof long_arg);
    CHECK(!queue_add(&view, &job, &added, &scratch.err) && scratch.err.code == ERR_LIMIT);
    CHECK(!store_has_writes(txn));
    store_end(txn);
}

static void pauses_grow_to_an_hour_with_a_part_by_chance(void)
{
    for (uint32_t failures = 1; failures < 40; failures++) {
        int64_t most = failures < 13 ? 1000LL << (failures - 1) : 3600000, pause;

        most = most < 3600000 ? most : 3600000;
        pause = queue_pause_ms(random_system(), 1000, failures);
        CHECK(pause >= most / 2 && pause <= most);
    }
}

int main(void)
{
    scratch_start(&scratch);
    RUN(nothing_is_queued_without_the_commit);
    RUN(jobs_come_when_they_are_due_in_their_order);
    RUN(one_of_a_key_waits_at_most);
    RUN(of_two_that_lease_a_job_one_gets_it);
    RUN(a_lease_that_runs_out_gives_the_job_to_another_and_only_one_effect_commits);
    RUN(what_failed_comes_back_with_its_problem);
    RUN(a_dead_letter_is_shown_and_revived);
    RUN(a_revived_letter_does_not_double_what_waits);
    RUN(sizes_are_refused);
    RUN(pauses_grow_to_an_hour_with_a_part_by_chance);
    arena_finish(&memory);
    scratch_finish(&scratch);
    return check_report("job queue");
}
