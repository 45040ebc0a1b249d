// SPDX-License-Identifier: Apache-2.0
// Inside bind/: what isolate.c (calls) and isolate_ask.c (what a process asks) share.
#pragma once

#include "bind/isolate.h"
#include "bind/wire.h"

enum {
    SHAPES_MAX = 256,
    SLACK = 64 * 1024,    // of a message beside an answer's body
    PRINTS_MAX = 64 * 1024, // bytes of a call
    PATIENCE_US = 50000,    // then the worker turns to others
    ASKED_MAX = 8,
    EAGER_DEPTH = 3,      // rows in rows that are sent before they are asked for
};

// What the app was seen to look at in rows of a collection: the next ones bring it along.
struct habit {
    const struct collection *collection;
    uint64_t references; // fields
    uint8_t verbs;       // whether the caller may do it
    bool loads;          // rows that were only referred to
};

struct isolate {
    struct state *state;
    struct wire wire;
    int process;          // a pidfd
    int functions;        // registry: "core.record.rows" → function
    int rows, kept;       // registry: what its handles mean; rows die with the call
    lua_Integer row_count, kept_count;
    struct habit habits[SHAPES_MAX]; // by the number of the collection's shape
    size_t shape_count;   // that it was told
    int depth;            // of rows in rows, while one is put
    char asked[ASKED_MAX][16]; // of core.call
    size_t asked_count;
    size_t printed;
    struct script_run *run; // that waits on the loop
    struct loop_watch *watch;
    struct loop_timer *timer;
    enum err_code raised; // what was last told it
    char place[SCRIPT_PLACE_MAX];
    bool under_way; // a call has begun and not ended as calls do
    bool broken;
};

void isolate_kill(struct isolate *isolate);

// isolate_ask.c: rows and collections on the wire; the functions that may be asked for, put into
// their table; one question answered.
void isolate_put_object(lua_State *L, int at, struct wire *wire);
void isolate_push_object(lua_State *L, struct reader *reader, struct wire *wire);
void isolate_add_functions(lua_State *L); // [-0, +0]
void isolate_answer(lua_State *L, struct isolate *isolate, struct slice payload);
