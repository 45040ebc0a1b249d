// SPDX-License-Identifier: Apache-2.0
// Where the processes of isolated apps come from. A worker may start no program and holds keys
// and other people's data, so it must not fork them itself: before it is confined it starts a
// nursery, the same program with nothing in its memory, which forks one whenever it is asked to.
// A nursery ends with the process that started it, and so do those that it made.
#pragma once

#include "base/err.h"

struct nursery;

// program: what is executed, as `program isolates` with a socket as descriptor 3. To be called
// before there are threads.
struct nursery *nursery_start(const char *program, struct err *err);
// The same by fork alone, for tests: its processes run `cell` with their socket.
struct nursery *nursery_fork(void (*cell)(int socket), struct err *err);
void nursery_stop(struct nursery *nursery); // accepts NULL

// A new process: a stream socket to it, and a descriptor to kill it by. Both are the caller's;
// where none was made both are -1.
bool nursery_make(struct nursery *nursery, int *socket, int *process, struct err *err);

// What the nursery's own process does, with its socket: does not return. cell is cell_run.
void nursery_run(int socket, void (*cell)(int socket)) __attribute__((noreturn));
