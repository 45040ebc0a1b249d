// SPDX-License-Identifier: Apache-2.0
// One queue under one lock; what is finished goes through a second queue, and an eventfd
// wakes the loop.
#include "job/pool.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/mem.h"

struct task {
    struct task *next;
    pool_work *work;
    loop_call *done;
    void *context;
};

struct queue {
    struct task *first, **end;
    unsigned count;
};

struct pool {
    struct loop *loop;
    struct loop_watch *watch;
    int wake; // eventfd, -1 while there is none
    unsigned queue_max, thread_count;
    pthread_t *threads;
    pthread_mutex_t lock;
    pthread_cond_t work_waits;
    struct queue waiting, finished; // under lock, as is stopping
    bool stopping;
    bool handing_out, gone; // a result may destroy the pool: it is freed after that
};

static void queue_init(struct queue *queue)
{
    *queue = (struct queue){NULL, NULL, 0};
    queue->end = &queue->first;
}

static void queue_put(struct queue *queue, struct task *task)
{
    task->next = NULL;
    *queue->end = task;
    queue->end = &task->next;
    queue->count++;
}

static struct task *queue_take(struct queue *queue)
{
    struct task *task = queue->first;

    if (task == NULL)
        return NULL;
    queue->first = task->next;
    if (queue->first == NULL)
        queue->end = &queue->first;
    queue->count--;
    return task;
}

static void queue_drop(struct queue *queue)
{
    for (struct task *task; (task = queue_take(queue)) != NULL;)
        free(task);
}

static struct task *take_finished(struct pool *pool)
{
    struct task *task;

    pthread_mutex_lock(&pool->lock);
    task = queue_take(&pool->finished);
    pthread_mutex_unlock(&pool->lock);
    return task;
}

static void pool_free(struct pool *pool)
{
    queue_drop(&pool->waiting);
    queue_drop(&pool->finished);
    if (pool->wake >= 0)
        close(pool->wake);
    pthread_cond_destroy(&pool->work_waits);
    pthread_mutex_destroy(&pool->lock);
    free(pool->threads);
    free(pool);
}

static void wake_loop(struct pool *pool)
{
    uint64_t one = 1;

    // Full (EAGAIN) means that the loop has been woken already.
    while (write(pool->wake, &one, sizeof one) < 0 && errno == EINTR)
        continue;
}

static void *thread_main(void *context)
{
    struct pool *pool = context;
    struct task *task;

    pthread_mutex_lock(&pool->lock);
    for (;;) {
        while (!pool->stopping && pool->waiting.count == 0)
            pthread_cond_wait(&pool->work_waits, &pool->lock);
        if (pool->stopping)
            break;
        task = queue_take(&pool->waiting);
        pthread_mutex_unlock(&pool->lock);
        task->work(task->context);
        pthread_mutex_lock(&pool->lock);
        queue_put(&pool->finished, task);
        wake_loop(pool);
    }
    pthread_mutex_unlock(&pool->lock);
    return NULL;
}

// done may run further work, or destroy the pool.
static void hand_out(void *context)
{
    struct pool *pool = context;
    struct task *task, copy;
    uint64_t count;

    while (read(pool->wake, &count, sizeof count) < 0 && errno == EINTR)
        continue;
    pool->handing_out = true;
    while (!pool->gone && (task = take_finished(pool)) != NULL) {
        copy = *task;
        free(task);
        copy.done(copy.context);
    }
    pool->handing_out = false;
    if (pool->gone)
        pool_free(pool);
}

// Signals belong to the loop's thread.
static bool start_threads(struct pool *pool, unsigned threads, struct err *err)
{
    sigset_t all, before;
    int rc = 0;

    pool->threads = mem_zero(threads * sizeof *pool->threads);
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    while (rc == 0 && pool->thread_count < threads)
        if ((rc = pthread_create(&pool->threads[pool->thread_count], NULL, thread_main, pool)) == 0)
            pool->thread_count++;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return rc == 0 || err_set(err, ERR_IO, "start a thread: %s", strerror(rc));
}

struct pool *pool_create(struct loop *loop, unsigned threads, unsigned queue_max, struct err *err)
{
    struct pool *pool = mem_zero(sizeof *pool);

    pool->loop = loop;
    pool->queue_max = queue_max;
    pthread_mutex_init(&pool->lock, NULL);
    pthread_cond_init(&pool->work_waits, NULL);
    queue_init(&pool->waiting);
    queue_init(&pool->finished);
    pool->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (pool->wake < 0)
        err_set(err, ERR_IO, "make an eventfd: %s", strerror(errno));
    if (pool->wake < 0 || !start_threads(pool, threads, err)) {
        pool_destroy(pool);
        return NULL;
    }
    pool->watch = loop->watch(loop, pool->wake, hand_out, pool);
    return pool;
}

void pool_destroy(struct pool *pool)
{
    if (pool == NULL)
        return;
    pthread_mutex_lock(&pool->lock);
    pool->stopping = true;
    pthread_cond_broadcast(&pool->work_waits);
    pthread_mutex_unlock(&pool->lock);
    for (unsigned i = 0; i < pool->thread_count; i++)
        pthread_join(pool->threads[i], NULL);
    if (pool->watch != NULL)
        pool->loop->unwatch(pool->loop, pool->watch);
    pool->gone = true;
    if (!pool->handing_out)
        pool_free(pool);
}

bool pool_run(struct pool *pool, pool_work *work, loop_call *done, void *context, struct err *err)
{
    bool room;

    pthread_mutex_lock(&pool->lock);
    room = pool->waiting.count < pool->queue_max;
    if (room) {
        struct task *task = mem_zero(sizeof *task);

        *task = (struct task){NULL, work, done, context};
        queue_put(&pool->waiting, task);
        pthread_cond_signal(&pool->work_waits);
    }
    pthread_mutex_unlock(&pool->lock);
    return room || err_set(err, ERR_BUSY, "%u tasks wait already", pool->queue_max);
}

unsigned pool_queued(const struct pool *pool)
{
    struct pool *shared = (struct pool *)pool; // the lock is no part of what is promised const
    unsigned count;

    pthread_mutex_lock(&shared->lock);
    count = shared->waiting.count;
    pthread_mutex_unlock(&shared->lock);
    return count;
}
