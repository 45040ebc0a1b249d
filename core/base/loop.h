// SPDX-License-Identifier: Apache-2.0
// What a part needs of an event loop: watch a descriptor, set a timer. `http/`
// implements it over libh2o's loop, tests over poll(2), so that whoever uses it
// knows neither. One thread; callbacks never run inside the calls below.
#pragma once

#include <stdint.h>

struct loop_watch;
struct loop_timer;

typedef void loop_call(void *context);

struct loop {
    // Calls ready(context) whenever fd can be read, until unwatched. The fd stays the caller's.
    struct loop_watch *(*watch)(struct loop *loop, int fd, loop_call *ready, void *context);
    // Calls writable(context) once, when fd can be written.
    void (*want_write)(struct loop *loop, struct loop_watch *watch, loop_call *writable);
    void (*unwatch)(struct loop *loop, struct loop_watch *watch);
    // Calls fire(context) once after so many milliseconds, unless cancelled before.
    struct loop_timer *(*after)(struct loop *loop, int64_t ms, loop_call *fire, void *context);
    void (*cancel)(struct loop *loop, struct loop_timer *timer); // never after it fired
};
