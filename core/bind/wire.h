// SPDX-License-Identifier: Apache-2.0
// Inside bind/: what passes between a worker and the process of an isolated app.
//
// One call at a time, and within it one question at a time, so the line needs no queue:
//
//     worker                        process
//     BOOT, CALL            ->
//                           <-      ASK      a function of core.*, or a row's field
//     ANSWER, FAILURE       ->
//                           <-      DONE, FAILED
//
// Every message carries the number of its call. The worker believes nothing of what it reads: a
// length, a depth, a handle, a number of a call that does not fit ends the process.
#pragma once

#include <lua.h>

#include "base/err.h"
#include "base/frame.h"

enum wire_kind {
    WIRE_BOOT,
    WIRE_CALL,
    WIRE_ANSWER,
    WIRE_FAILURE,
    WIRE_ASK = 16,
    WIRE_DONE,
    WIRE_FAILED,
    WIRE_PRINT, // a line for the log; nothing answers it
};

// What stands for a value. OBJECT: a row or a collection, as each side writes it.
enum wire_value {
    WIRE_NIL,
    WIRE_FALSE,
    WIRE_TRUE,
    WIRE_INTEGER,
    WIRE_NUMBER,
    WIRE_TEXT,
    WIRE_TABLE,
    WIRE_END, // of a table
    WIRE_OBJECT,
};

enum { WIRE_DEPTH_MAX = 24, WIRE_VALUES_MAX = 64 };
// What is known of a row has a number: of its fields, and from here on of verbs.
enum { WIRE_VERBS = 64 };

struct wire {
    int fd;
    bool waits;     // reads and writes may wait for ever: the process's side
    size_t most_in, most_out; // bytes of a message
    struct buffer in, out;
    size_t taken;   // of `in`: the message that was handed out
    uint64_t call;  // its number
    int64_t until_us; // of the worker's side: when the call must have ended
    int64_t patient_us; // and from when on wire_receive says ERR_BUSY instead of waiting; 0: never
    // [-0, +0] and [-0, +1]; raise on what is no object of theirs.
    void (*put_object)(lua_State *L, int at, struct wire *wire);
    void (*push_object)(lua_State *L, struct reader *reader, struct wire *wire);
};

void wire_finish(struct wire *wire);
// A message is begun, its values are put into wire->out, and it is sent.
void wire_begin(struct wire *wire, enum wire_kind kind);
bool wire_send(struct wire *wire, struct err *err);
// The payload stays until the next call. ERR_LIMIT: the time is over. ERR_BUSY: nothing is there
// yet, ask again.
bool wire_receive(struct wire *wire, struct frame *frame, struct err *err);

// One value, or a number of values before themselves. Raise, also on what is malformed.
void wire_put(lua_State *L, int at, struct wire *wire);                    // [-0, +0]
void wire_put_all(lua_State *L, int first, int count, struct wire *wire);  // [-0, +0]
void wire_push(lua_State *L, struct reader *reader, struct wire *wire);    // [-0, +1]
int wire_push_all(lua_State *L, struct reader *reader, struct wire *wire); // [-0, +n]

// The code and text of an error, both ways.
void wire_put_err(struct wire *wire, const struct err *err);
bool wire_read_err(struct reader *reader, struct err *err); // false: malformed
