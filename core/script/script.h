// SPDX-License-Identifier: Apache-2.0
// Lua states for applications: sandbox, memory cap, deadline, calls.
//
// A state belongs to one app and one thread. It has no io, os, debug, package, no bytecode;
// its memory is capped by its allocator; a call that passes its deadline is ended by an
// error that no pcall, no message handler and no coroutine swallows. After that the state
// is spent: it takes no new calls and is dropped by its owner.
//
// bind/ adds the modules that apps may require; it alone (with script/) sees lua_State.
#pragma once

#include <lua.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/mem.h"

struct script;

struct script_limits {
    int64_t cpu_ms;  // processor time of a call
    int64_t wall_ms; // checked where the host is called
    size_t memory;   // bytes of the state
};

// `owner` is what bindings get back with script_owner(L). trusted: platform code (no deadline
// differs, but `core.*` modules may be registered by bind/).
struct script *script_create(const char *name, const struct script_limits *limits,
                             struct clock *clock, void *owner, struct err *err);
void script_destroy(struct script *script); // accepts NULL
lua_State *script_state(struct script *script);
void *script_owner(lua_State *L);
struct script *script_of(lua_State *L);

// Makes `require(name)` inside the state give what open leaves on the stack: [-0, +1].
void script_module(struct script *script, const char *name, lua_CFunction open);
// Gives the state read access to Lua modules and templates of one folder: require("x.y")
// reads folder/x/y.lua; several folders may be added, the first that has it wins. Names are
// letters, digits, `_` and dots. Files over 256 KiB are refused.
void script_folder(struct script *script, const char *folder);

// Compiles text (never bytecode) into a function on the stack: [-0, +1]. name is "@apps/…".
bool script_compile(struct script *script, struct slice text, const char *name, struct err *err);
// Calls the function below its arguments: [-(args+1), +results]. The one place with
// lua_pcall. ERR_LIMIT: deadline or memory, err->text says which budget; ERR_SCRIPT: the
// script's error with traceback, file and line.
bool script_call(struct script *script, int args, int results, struct err *err);
bool script_is_spent(const struct script *script);
size_t script_memory(const struct script *script); // bytes now
int64_t script_cpu_us(const struct script *script); // of the last call
uint64_t script_growth(const struct script *script); // heap growth of the last call, bytes

// Raises err as a Lua error that carries its code through pcall-free C: bindings use it.
int script_raise(lua_State *L, const struct err *err) __attribute__((noreturn));
// To be called at the start of each host function: raises when the deadline has passed.
void script_check_deadline(lua_State *L);

// Once per process and thread: installs the timer signal. Children of fork call it anew.
bool script_watch_start(struct err *err);
