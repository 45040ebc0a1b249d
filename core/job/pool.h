// SPDX-License-Identifier: Apache-2.0
// A few threads for work that is slow on purpose (password hashing), behind a bounded
// queue. Results come back on the loop's thread.
#pragma once

#include "base/err.h"
#include "base/loop.h"

struct pool;

typedef void pool_work(void *context); // on a pool thread: touches nothing but context

struct pool *pool_create(struct loop *loop, unsigned threads, unsigned queue_max, struct err *err);
// Finishes what runs; work still queued is dropped without a call.
void pool_destroy(struct pool *pool);
// False (ERR_BUSY) when the queue is full. done is called on the loop after work.
bool pool_run(struct pool *pool, pool_work *work, loop_call *done, void *context,
              struct err *err);
unsigned pool_queued(const struct pool *pool);
