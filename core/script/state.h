// SPDX-License-Identifier: Apache-2.0
// Inside script/: what a state is made of. Nobody else includes this.
#pragma once

#include <signal.h>
#include <stdio.h>
#include <time.h>

#include <lauxlib.h>
#include <lualib.h>

#include "script/script.h"

enum {
    FILE_MAX = 256 * 1024,
    TEXT_MAX = 1024 * 1024, // bytes of a string that library functions walk or make
    PATTERN_MAX = 1024,
    ITEMS_MAX = 1000000, // of a table that library functions walk
    SORT_MAX = 100000,
    THREADS_MAX = 64,
    PRINT_MAX = 64 * 1024, // bytes of a call
    PROXY_MAX = 10000,     // items that library functions ask of metamethods
    FORMAT_MAX = 250,      // values of one string.format
    CODES_MAX = 10000,     // of one utf8.char
    JUMPS_MAX = 1000,      // goto and break of a source: the compiler's time grows with the square
};

// Written by the signal handler, which runs on the state's own thread between any two
// instructions: hence volatile, and nothing but plain stores. Times are of the turn that runs.
struct deadline {
    timer_t timer;
    bool has_timer;
    volatile sig_atomic_t armed;     // the one-shot timer is pending
    volatile sig_atomic_t calls;     // depth of calls
    volatile sig_atomic_t expired;   // sticky for the call
    volatile sig_atomic_t overdue;   // expired a while ago, and still it runs
    volatile sig_atomic_t turn_over; // others may go on
    volatile sig_atomic_t ticked;    // since the clock was asked
    lua_State *volatile running;     // the coroutine to hook
    volatile int64_t began_us;       // thread time at which the turn began, moved on by pauses
    volatile int64_t turn_us;        // the same on the clock
    volatile int64_t paused_us;      // thread time at which the call began to wait, -1: it runs
    volatile int64_t spent_us;       // thread time of the call's former turns
    volatile int64_t limit_us;       // of all of them
    volatile int64_t slice_us;       // of a turn, -1: to the end
};

// What belongs to one call, and is kept aside while others have their turn.
struct running {
    struct script_run *run;      // NULL: a call that goes to its end
    struct script_limits limits; // cpu_ms, wall_ms and pattern_steps are the call's
    lua_Integer serial;
    size_t base, peak;  // bytes: at its start, highest
    int64_t began_us;   // on the clock
    int64_t paused_us;  // when it began to wait for another call
    const char *passed; // the budget that was used up
    size_t printed;
    int64_t pattern_steps;
    int64_t steps; // while counting
    uint64_t chance[4]; // the state of math.random
    bool is_seeded;
    size_t thread_count; // coroutines made in it and alive
    size_t asides;       // coroutines that stand still with it
    bool chain;          // every coroutine below the running one can be suspended
    enum script_step step; // why its coroutines yield; SCRIPT_DONE: by themselves
    void (*cancel)(void *context); // of what it waits for, or NULL
    void *cancel_context;
    struct err failure; // filled where an error is raised, before the stack unwinds
};

struct folder {
    struct folder *next;
    char *path;
    const char *label; // its last component, for chunk names
    enum script_room room;
};

// Memory for what is small. Lua makes and drops some thousand small objects for a page: those
// come from one region, by size, and go back to it. What finds no room there is malloc's.
enum { HEAP_STEP = 16, HEAP_SIZES = 32 };

struct heap {
    uint8_t *region;
    size_t size, taken; // size 0: all is malloc's
    struct heap_block *free[HEAP_SIZES];
};

struct script {
    struct heap heap;
    lua_State *main;
    char *name;
    void *owner;
    struct clock *clock;
    struct script_limits limits;
    struct deadline deadline;
    struct running now;      // the running call, or the last one
    const char *spent;       // by what: it takes no new calls; NULL: it does
    size_t used, growth;     // bytes: now; of the last call
    int64_t cpu_us;          // of the last call
    lua_Integer serials;
    script_printer *printer; // NULL: the log
    void *printer_context;
    bool is_counting, is_steady;
    size_t asides; // coroutines that stand still with their calls
    struct script_run *idle, *open;
    lua_CFunction whole; // no coroutine of the app yields out of it
    struct folder *folders;
    struct script_sources *sources; // NULL: the disk
    int vars, room, loaded;       // registry: shared functions; the library room
    int modules, chunks, threads; // registry: C modules, compiled files, live coroutines
    int mode;                     // registry: the name under which Lua looks for weak tables
};

struct script_instance {
    struct script *script;
    int room, loaded; // registry
};

#define PASSED_PATTERN "pattern steps"

// memory.c: a lua_Alloc; context is the script
void *memory_resize(void *context, void *old, size_t old_len, size_t len);

// heap.c: sizes are not zero; resize keeps the old block when it fails
void heap_start(struct heap *heap);
void heap_finish(struct heap *heap); // whatever is in the region is gone
void *heap_resize(struct heap *heap, void *old, size_t old_len, size_t len); // old NULL: new
void heap_free(struct heap *heap, void *old, size_t old_len); // accepts NULL

// deadline.c
bool deadline_create(struct script *script, struct err *err);
void deadline_destroy(struct script *script);
// Around a call that goes to its end, and around each turn of one that does not.
void deadline_begin(struct script *script);
void deadline_end(struct script *script);
void deadline_check(lua_State *L); // ends the call when expired: does not return then
void deadline_enter(struct script *script, lua_State *co); // before a coroutine runs
int64_t deadline_spent_us(const struct script *script); // processor time of the running call
bool deadline_can_turn(lua_State *L);                   // may everything that runs be suspended?

// call.c
void call_begin(struct script *script, struct script_run *run);
void call_end(struct script *script);
bool call_fail(struct script *script, int status, struct err *err); // false
bool call_refuse(const struct script *script, struct err *err);     // of a spent state: false
int call_on_error(lua_State *L);                                    // the message handler
bool call_is_late(const struct script *script);                     // its wall time has passed

// run.c
void run_destroy_idle(struct script *script);
bool run_is_bottom(const struct script_run *run, const lua_State *L);

// steady.c
void steady_begin(struct script *script);
void steady_end(struct script *script);

// library.c: [-0, +0], run protected
int library_open(lua_State *L);
// Replaces functions of the table on top; each finds the original as its first upvalue.
void library_wrap(lua_State *L, const luaL_Reg *wrappers);
void library_freeze(lua_State *L);  // table on top → a view of it that cannot be written
int library_original(lua_State *L); // calls the original with the same arguments

// control.c, text.c, list.c, thread.c: what they put into the table on top
void control_open(lua_State *L);
void text_open(lua_State *L);
void text_base_open(lua_State *L);
void search_open(lua_State *L);
void list_open(lua_State *L);
void thread_open(lua_State *L);
void chance_open(lua_State *L);
void count_enter(lua_State *L);                            // before a coroutine runs
const char *text_of(lua_State *L, int index, size_t *len); // tostring without addresses: [-0, +1]

// library.c: gives the table on top weak keys
void library_weaken(lua_State *L);

// module.c: lua_load of text; in_room: the globals are its first argument. [-0, +1]
int module_load(lua_State *L, struct slice text, const char *name, bool in_room);

// room.c: [-0, +2]: a room's globals and its table of loaded modules
void room_push(lua_State *L, bool library);
int room_undeclared(lua_State *L); // __index of the shared functions
int module_require(lua_State *L);  // upvalues: loaded, globals, is it the library room
