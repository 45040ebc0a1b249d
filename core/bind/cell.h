// SPDX-License-Identifier: Apache-2.0
// The process of an isolated app: its Lua state, and nothing else. What the library asks of the
// platform goes over one socket to the worker, which holds the call.
#pragma once

// Reads what it is to be from the socket, takes the app's files into memory, enters its cage and
// answers calls until the socket ends.
void cell_run(int socket) __attribute__((noreturn));
