// SPDX-License-Identifier: Apache-2.0
// Lua states for applications: sandbox, memory cap, deadline, calls, instances.
//
// A state belongs to one app and to the thread that made it. It has no io, os, debug,
// package, no bytecode; its memory is capped by its allocator; a call that passes its deadline
// stands still there and is never resumed. Where C stands between it is ended by an error that
// no pcall, no message handler and no coroutine swallows, and the state is spent: it takes no
// new calls, those that are open go on to their end, and it is dropped by its owner.
//
// Inside a state there are two kinds of rooms with globals of their own:
// - the library room: platform Lua and the modules C registers. Its modules run once a state.
// - instances, one per organisation: the app's own modules, compiled once a state and run once
//   an instance, so that no variable of a module carries one organisation's data to another.
//   An instance's require finds what was offered to it, then the app's folders; never the
//   library's modules.
//
// Whatever may allocate in a state belongs inside a call, where running out of its memory is
// an error and not the end of the process: push a C function and a light userdata (neither
// allocates), then script_call; build arguments and read results in that C function.
//
// bind/ adds the modules that apps may require; it alone (with script/) sees lua_State.
#pragma once

#include <lua.h>

#include "base/buffer.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/mem.h"

struct script;
struct script_instance;

struct script_limits {
    int64_t cpu_ms;        // processor time of a call; stopped within a few milliseconds after it
    int64_t wall_ms;       // checked where the host is called; 0: none
    size_t memory;         // bytes of the state
    int64_t pattern_steps; // of string.find, match, gmatch and gsub in a call; 0: none
    int64_t slice_ms;      // of a run's turn; 0: after each instruction, for tests
};

// `owner` is what bindings get back with script_owner(L).
struct script *script_create(const char *name, const struct script_limits *limits,
                             struct clock *clock, void *owner, struct err *err);
void script_destroy(struct script *script); // accepts NULL; destroy its instances first
void script_limit(struct script *script, const struct script_limits *limits); // from the next call
// Where to push: the stack of the running coroutine, or the main one between calls.
lua_State *script_state(struct script *script);
void *script_owner(lua_State *L);
struct script *script_of(lua_State *L);

// Makes `require(name)` inside the library room give what open leaves on the stack: [-0, +1].
bool script_module(struct script *script, const char *name, lua_CFunction open, struct err *err);
// Folders of Lua modules and templates: require("x.y") reads folder/x/y.lua; several may be
// added, the first that has it wins. Names are letters, digits, `_` and dots. Files over
// 256 KiB are refused. script_library: platform Lua, for the library room. script_folder: the
// app's own, for its instances (and for the library room where the library has no such name).
void script_library(struct script *script, const char *folder);
void script_folder(struct script *script, const char *folder);

// Files are then looked for in these, which outlive the state, and no more on the disk. Those of
// the platform are compiled there, once for all states of a thread.
struct script_sources;
void script_read_from(struct script *script, struct script_sources *sources);

enum script_room { SCRIPT_LIBRARY, SCRIPT_APP };
// Reads a file of these folders: letters, digits, `_`, `-`, dots, slashes; ERR_ABSENT when
// none has it. Appends to text.
bool script_read(struct script *script, enum script_room room, const char *path,
                 struct buffer *text, struct err *err);

// An instance may be destroyed between calls; what it made is collected when nothing refers
// to it any more. Offering: require(name) in the instance gives the value on the stack's
// top, [-1, +0]; inside a call only.
struct script_instance *script_instance_create(struct script *script, struct err *err);
void script_instance_destroy(struct script_instance *instance); // accepts NULL
void script_instance_offer(struct script_instance *instance, const char *name);
// Requires a module of the instance (first of all its "main"): [-0, +1].
bool script_instance_require(struct script_instance *instance, const char *name, struct err *err);
// Compiles and runs text with the instance's globals, in one call: [-0, +0]. name is "@main.lua".
bool script_instance_run(struct script_instance *instance, struct slice text, const char *name,
                         struct err *err);

// Compiles text (never bytecode) into a function of the library room: [-0, +1]. name is
// "@leave/main.lua".
bool script_compile(struct script *script, struct slice text, const char *name, struct err *err);
// Calls the function below its arguments: [-(args+1), +results], nothing stays after a
// failure. The one place with lua_pcall. ERR_LIMIT: deadline or memory, err->text says which
// budget; a code that script_raise gave; else ERR_SCRIPT: the script's error with file, line
// and callers. A call within a call shares the outer one's budget.
bool script_call(struct script *script, int args, int results, struct err *err);
bool script_is_spent(const struct script *script);
lua_Integer script_serial(const struct script *script); // of the running call, or the last one
bool script_is_open(const struct script *script, lua_Integer serial); // a run between its turns
// A function of C with a continuation, out of which only the end of a turn may suspend: to a
// coroutine of the app it is as if it had none.
void script_keep_whole(struct script *script, lua_CFunction function);

// A run is a call that goes on turn by turn, in a coroutine of its own: several are open in a
// state, and what belongs to one (deadline, counts, chance) is not seen by another. body gets what
// as its light userdata argument; it calls Lua with lua_callk, or there are no turns while it does.
// Memory of the state is shared by all that are open.
struct script_run;
enum script_step {
    SCRIPT_DONE,
    SCRIPT_FAILED, // err as script_call says it; a deadline leaves the state spent only where C
                   // stood between the script and its bottom
    SCRIPT_TURN,   // others may go on; resume it when it is its turn
    SCRIPT_WAITS,  // resume it after its wake function was called
};
// whole: it goes to its end in one turn.
struct script_run *script_run_begin(struct script *script, lua_CFunction body, void *what,
                                    bool whole, struct err *err);
enum script_step script_run_go(struct script_run *run, struct err *err);
// Accepts NULL. What has not ended is left where it stands and never goes on.
void script_run_end(struct script_run *run);
void script_run_on_wake(struct script_run *run, void (*woken)(void *context), void *context);

// Suspension. A host function that would have to wait for something (an answer from another
// process) asks for the running run: NULL means that nobody can resume the caller, and the function
// waits by itself, blocking. Else it arranges that script_wake(run) is called from the event loop,
// and returns what script_suspend answers: go_on(L, LUA_YIELD, context) is called in its place
// later, with the same stack, and answers for it (or suspends again). cancel(context) is called
// when the call is ended instead (its client left, its wall time is over, the process stops):
// after it nobody may wake the run. What the function holds it gives to a userdata on its stack.
//
//     static int go_on(lua_State *L, int status, lua_KContext context)
//     {
//         struct question *asked = (struct question *)context;
//         ... push the answer; return 1;
//     }
//     ...
//     asked->run = script_running(L); // its callback in the loop: script_wake(asked->run)
//     return script_suspend(L, &(struct script_wait){go_on, forget, asked});
//
// Processor time stops meanwhile, wall time runs.
struct script_wait {
    lua_KFunction go_on;
    void (*cancel)(void *context); // may be NULL
    void *context;
};
struct script_run *script_running(lua_State *L);
int script_suspend(lua_State *L, const struct script_wait *wait);
// The same for who waits for nothing but gives others their turn.
int script_give_turn(lua_State *L, const struct script_wait *wait);
void script_wake(struct script_run *run);

size_t script_memory(const struct script *script);  // bytes now
int64_t script_cpu_us(const struct script *script); // processor time of the running or last call
size_t script_growth(const struct script *script);  // the last call's highest point above its start

// "leave/main.lua:12", the nearest caller in the app's own files; false when there is none.
enum { SCRIPT_PLACE_MAX = 160 };
bool script_place(lua_State *L, char place[SCRIPT_PLACE_MAX]);
// Where print goes, instead of the log.
typedef void script_printer(void *context, struct slice line);
void script_print(struct script *script, script_printer *printer, void *context);

// Counts the instructions of calls, coroutines included, one by one; for tests, between calls.
void script_count(struct script *script, bool on);
int64_t script_steps(const struct script *script);         // of the last counted call
int64_t script_pattern_steps(const struct script *script); // of the last call, counted always

// For tests: from now on calls meet the keys of tables in order and draw the same numbers, and
// those that are counted grow by all they allocate, for nothing is collected while they run. So
// their figures are the same in every run on every machine. To be called before anything is loaded.
bool script_steady(struct script *script, struct err *err);

// Raises err as a Lua error that carries its code through pcall-free C: bindings use it.
int script_raise(lua_State *L, const struct err *err) __attribute__((noreturn));
// To be called at the start of each host function: raises when the deadline has passed.
void script_check_deadline(lua_State *L);

// Milliseconds of wall time that the running call has left; less than 0: none.
int64_t script_wall_left_ms(lua_State *L);

// Between these two the running call of the state waits for one in another state, whose time
// is not its own. The other state's memory, processor and wall time are limited there.
void script_pause(struct script *script);
void script_resume(struct script *script);

// Installs the signal of the deadline timer; script_create does it too. A state does not
// survive fork: children make their own.
bool script_watch_start(struct err *err);
