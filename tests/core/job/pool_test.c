// SPDX-License-Identifier: Apache-2.0
// A pool on a loop of poll(2) that watches one descriptor. Nothing here waits for time:
// work is held back and let go through semaphores.
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdlib.h>

#include "check.h"

#include "job/pool.h"

struct loop_watch {
    int fd;
    loop_call *ready;
    void *context;
};

struct poll_loop {
    struct loop loop; // first: the pool knows only this
    struct loop_watch *watch;
};

static struct loop_watch *poll_watch(struct loop *loop, int fd, loop_call *ready, void *context)
{
    struct loop_watch *watch = malloc(sizeof *watch);

    *watch = (struct loop_watch){fd, ready, context};
    ((struct poll_loop *)loop)->watch = watch;
    return watch;
}

static void poll_unwatch(struct loop *loop, struct loop_watch *watch)
{
    CHECK(((struct poll_loop *)loop)->watch == watch);
    ((struct poll_loop *)loop)->watch = NULL;
    free(watch);
}

static struct poll_loop loop_make(void)
{
    return (struct poll_loop){.loop = {.watch = poll_watch, .unwatch = poll_unwatch}};
}

// Waits for the descriptor, then calls what is ready.
static void turn(struct poll_loop *loop)
{
    struct pollfd fd = {loop->watch->fd, POLLIN, 0};

    CHECK(poll(&fd, 1, 10000) == 1);
    loop->watch->ready(loop->watch->context);
}

struct job {
    sem_t started, go;
    pthread_t worker;
    int worked, done, *order, number;
    struct pool *destroy;
};

static void job_init(struct job *job, int number, int *order)
{
    memset(job, 0, sizeof *job);
    sem_init(&job->started, 0, 0);
    sem_init(&job->go, 0, 0);
    job->number = number;
    job->order = order;
}

static void work_at_once(void *context)
{
    struct job *job = context;

    job->worker = pthread_self();
    job->worked++;
}

static void work_when_told(void *context)
{
    struct job *job = context;

    sem_post(&job->started);
    sem_wait(&job->go);
    work_at_once(context);
}

static void count_done(void *context)
{
    struct job *job = context;

    job->done++;
    if (job->order != NULL)
        *job->order = *job->order * 10 + job->number;
    if (job->destroy != NULL)
        pool_destroy(job->destroy);
}

static void work_runs_elsewhere_and_comes_back_here(void)
{
    struct poll_loop loop = loop_make();
    struct err err = {0};
    struct pool *pool = pool_create(&loop.loop, 1, 4, &err);
    struct job job;

    job_init(&job, 1, NULL);
    CHECK_OK(pool != NULL, &err);
    CHECK_OK(pool_run(pool, work_at_once, count_done, &job, &err), &err);
    CHECK(job.done == 0); // never from inside the call
    while (job.done == 0)
        turn(&loop);

    CHECK(job.worked == 1 && job.done == 1);
    CHECK(!pthread_equal(job.worker, pthread_self()));
    pool_destroy(pool);
    CHECK(loop.watch == NULL);
}

static void a_full_queue_refuses_and_recovers(void)
{
    struct poll_loop loop = loop_make();
    struct err err = {0};
    struct pool *pool = pool_create(&loop.loop, 1, 2, &err);
    struct job jobs[4];
    int order = 0;

    for (int i = 0; i < 4; i++)
        job_init(&jobs[i], i + 1, &order);
    CHECK(pool_run(pool, work_when_told, count_done, &jobs[0], &err));
    sem_wait(&jobs[0].started); // it runs: no longer in the queue
    CHECK(pool_run(pool, work_at_once, count_done, &jobs[1], &err));
    CHECK(pool_run(pool, work_at_once, count_done, &jobs[2], &err));
    CHECK(pool_queued(pool) == 2);
    CHECK(!pool_run(pool, work_at_once, count_done, &jobs[3], &err));
    CHECK(err.code == ERR_BUSY);
    sem_post(&jobs[0].go);
    while (jobs[2].done == 0)
        turn(&loop);

    CHECK(order == 123); // one thread: in the order given
    CHECK(jobs[3].worked == 0 && jobs[3].done == 0 && pool_queued(pool) == 0);
    CHECK(pool_run(pool, work_at_once, count_done, &jobs[3], &err));
    while (jobs[3].done == 0)
        turn(&loop);
    pool_destroy(pool);
}

static void threads_work_side_by_side(void)
{
    struct poll_loop loop = loop_make();
    struct err err = {0};
    struct pool *pool = pool_create(&loop.loop, 2, 8, &err);
    struct job jobs[2];

    for (int i = 0; i < 2; i++) {
        job_init(&jobs[i], i + 1, NULL);
        CHECK(pool_run(pool, work_when_told, count_done, &jobs[i], &err));
    }
    sem_wait(&jobs[0].started);
    sem_wait(&jobs[1].started); // both at once, or this would wait for ever
    sem_post(&jobs[1].go);
    while (jobs[1].done == 0)
        turn(&loop);
    CHECK(jobs[0].done == 0);
    sem_post(&jobs[0].go);
    while (jobs[0].done == 0)
        turn(&loop);
    pool_destroy(pool);
}

static void destroying_finishes_what_runs_and_drops_what_waits(void)
{
    struct poll_loop loop = loop_make();
    struct err err = {0};
    struct pool *pool = pool_create(&loop.loop, 1, 8, &err);
    struct job running, waiting;

    job_init(&running, 1, NULL);
    job_init(&waiting, 2, NULL);
    CHECK(pool_run(pool, work_when_told, count_done, &running, &err));
    CHECK(pool_run(pool, work_at_once, count_done, &waiting, &err));
    sem_wait(&running.started);
    sem_post(&running.go);
    pool_destroy(pool);

    CHECK(running.worked == 1 && running.done == 0);
    CHECK(waiting.done == 0);
    CHECK(loop.watch == NULL);
}

static void a_result_may_destroy_the_pool(void)
{
    struct poll_loop loop = loop_make();
    struct err err = {0};
    struct pool *pool = pool_create(&loop.loop, 1, 8, &err);
    struct job jobs[2];

    job_init(&jobs[0], 1, NULL);
    job_init(&jobs[1], 2, NULL);
    jobs[0].destroy = pool;
    CHECK(pool_run(pool, work_at_once, count_done, &jobs[0], &err));
    CHECK(pool_run(pool, work_at_once, count_done, &jobs[1], &err));
    while (jobs[0].done == 0)
        turn(&loop);
    CHECK(jobs[1].done == 0 && loop.watch == NULL);
}

static void many_small_tasks_all_come_back(void)
{
    enum { COUNT = 2000 };
    struct poll_loop loop = loop_make();
    struct err err = {0};
    struct pool *pool = pool_create(&loop.loop, 4, COUNT, &err);
    struct job *jobs = calloc(COUNT, sizeof *jobs);
    int done = 0;

    for (int i = 0; i < COUNT; i++) {
        job_init(&jobs[i], i, NULL);
        CHECK(pool_run(pool, work_at_once, count_done, &jobs[i], &err));
    }
    while (done < COUNT) {
        turn(&loop);
        done = 0;
        for (int i = 0; i < COUNT; i++)
            done += jobs[i].done;
    }
    for (int i = 0; i < COUNT; i++)
        CHECK(jobs[i].worked == 1 && jobs[i].done == 1);
    pool_destroy(pool);
    free(jobs);
}

int main(void)
{
    RUN(work_runs_elsewhere_and_comes_back_here);
    RUN(a_full_queue_refuses_and_recovers);
    RUN(threads_work_side_by_side);
    RUN(destroying_finishes_what_runs_and_drops_what_waits);
    RUN(a_result_may_destroy_the_pool);
    RUN(many_small_tasks_all_come_back);
    return check_report("pool");
}
