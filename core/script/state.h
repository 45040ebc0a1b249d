// SPDX-License-Identifier: Apache-2.0
// Inside script/: what a state is made of. Nobody else includes this.
#pragma once

#include <signal.h>
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
// instructions: hence volatile, and nothing but plain stores.
struct deadline {
    timer_t timer;
    bool has_timer;
    volatile sig_atomic_t armed;   // the one-shot timer is pending
    volatile sig_atomic_t calls;   // depth of script_call
    volatile sig_atomic_t expired; // sticky
    lua_State *volatile running;   // the coroutine to hook
    volatile int64_t seen_us;      // thread time of the first tick inside this call, -1 before it
    volatile int64_t paused_us;    // thread time at which the call began to wait, -1: it runs
    volatile int64_t limit_us, tick_us;
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
    size_t used, peak, base;  // bytes: now, highest in this call, at its start
    int64_t began_us, cpu_us; // of the last call
    int64_t paused_us;        // when it began to wait
    const char *passed;       // which budget made it spent
    size_t growth, printed;
    script_printer *printer; // NULL: the log
    void *printer_context;
    int64_t pattern_steps; // of this call
    int64_t steps;         // of this call, while counting
    bool is_counting, is_steady;
    uint64_t chance[4]; // of this call: the state of math.random
    bool is_seeded;
    lua_Integer serial; // of this call
    struct err failure; // filled where an error is raised, before the stack unwinds
    struct folder *folders;
    int vars, room, loaded;       // registry: shared functions; the library room
    int modules, chunks, threads; // registry: C modules, compiled files, live coroutines
    int mode;                     // registry: the name under which Lua looks for weak tables
    size_t thread_count;          // made in this call and alive
};

struct script_instance {
    struct script *script;
    int room, loaded; // registry
};

#define PASSED_PATTERN "pattern steps"

// heap.c: sizes are not zero; resize keeps the old block when it fails
void heap_start(struct heap *heap);
void heap_finish(struct heap *heap); // whatever is in the region is gone
void *heap_resize(struct heap *heap, void *old, size_t old_len, size_t len); // old NULL: new
void heap_free(struct heap *heap, void *old, size_t old_len); // accepts NULL

// deadline.c
bool deadline_create(struct script *script, struct err *err);
void deadline_destroy(struct script *script);
void deadline_begin(struct script *script);
void deadline_end(struct script *script);
void deadline_check(lua_State *L); // raises when expired

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
