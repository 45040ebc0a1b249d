// SPDX-License-Identifier: Apache-2.0
// Inside script/: patterns of Lua 5.4, compiled to steps and matched under a budget.
//
// A pattern has no alternatives, so it is a straight line of steps. What is wrong with it is a
// step too (STEP_ERROR), raised when a match arrives there and not before: the stock library
// finds mistakes that late, and a script may rely on it. The line also settles at compile
// time which captures are open at each step.
//
// A pattern's tables lie in memory of the caller's: on the C stack for usual patterns, Lua's own
// for long ones. Nothing is to be released, whichever way a function leaves.
#pragma once

#include "script/state.h"

enum { CAPTURES_MAX = 32, SMALL_PATTERN = 40, SMALL_BYTES = 2112 };

enum step_op {
    STEP_ITEM,     // one byte that fits, as often as `repeat` says
    STEP_OPEN,     // a capture begins
    STEP_CLOSE,    // and ends
    STEP_POSITION, // ()
    STEP_SAME,     // %1: the text of a capture again
    STEP_BALANCE,  // %b()
    STEP_FRONTIER, // %f[set]
    STEP_TAIL,     // $
    STEP_NEVER,    // what cannot match: %1 of a position
    STEP_ERROR,
    STEP_DONE,
};

enum item { ITEM_BYTE, ITEM_ANY, ITEM_SET };
enum repeat {
    REPEAT_ONCE = 0,
    REPEAT_MANY = '*',
    REPEAT_SOME = '+',
    REPEAT_FEW = '-',
    REPEAT_MAYBE = '?'
};

struct set {
    uint32_t bits[8];
};

struct step {
    uint8_t op, item, repeat;
    uint8_t byte;          // ITEM_BYTE; STEP_BALANCE: the opening one
    uint16_t index;        // of the capture; STEP_BALANCE: the closing byte
    uint16_t error;        // STEP_ERROR
    const struct set *set; // ITEM_SET, STEP_FRONTIER
};

enum capture_kind { CAPTURE_OPEN, CAPTURE_CLOSED, CAPTURE_POSITION };

struct span {
    const uint8_t *from, *to;
};

// Where a repeated item may still give way.
struct choice {
    const struct step *step;
    const uint8_t *least, *at;
};

struct pattern {
    struct step *steps;
    struct set *sets;
    struct choice *choices; // as many as there are repetitions
    struct span *captures;
    size_t capture_count;
    uint8_t kinds[CAPTURES_MAX]; // of the captures at the end of a match
};

struct matcher {
    lua_State *L;
    const struct pattern *pattern;
    const uint8_t *start, *end; // the subject
    int64_t fuel;               // steps taken from the call's budget and not yet spent
    size_t depth;               // of choices
};

// Bytes that the tables of a pattern so long need; at most SMALL_BYTES for SMALL_PATTERN.
size_t pattern_size(size_t len);
// `memory` must outlive the pattern, whose text is at most PATTERN_MAX long.
void pattern_compile(struct pattern *pattern, void *memory, struct slice text);
void pattern_fail(lua_State *L, const struct step *step); // raises what a STEP_ERROR says

// The first match that begins at `from` or (unless anchored) after it and does not end at
// `not_at`. Raises when the call's budget of steps is used up.
bool pattern_search(struct matcher *matcher, const uint8_t *from, bool anchored,
                    const uint8_t *not_at, struct span *match);
// Charges the call; raises when its deadline or its budget of steps has passed.
void pattern_spend(lua_State *L, int64_t steps);
