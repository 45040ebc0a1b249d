// SPDX-License-Identifier: Apache-2.0
// Inside bind/: a Lua state in the process of an isolated app (cell.h).
#pragma once

#include "bind/bind.h"

struct cell;
struct reader;
struct wire;

// Before the app's first line: its files are taken into memory, the process is caged, what needs
// the host becomes a question to it.
bool cell_prepare(struct state *state, struct err *err);

// What core.call says by the name at 2. [-0, +1]
void cell_ask_call(lua_State *L);

// cell_row.c: rows and collections as the process knows them: a handle and what came with it.
void cell_rows_open(lua_State *L); // [-0, +0]; core.record's table is on top
void cell_put_object(lua_State *L, int at, struct wire *wire);
void cell_push_object(lua_State *L, struct reader *reader, struct wire *wire);

// cell.c: asks for a function by name with what stands from `first` on. [-0, +n]
int cell_ask(lua_State *L, const char *function, int first);
// Does nothing change while the call runs, so that what was read once may be kept?
bool cell_keeps(const struct cell *cell);
