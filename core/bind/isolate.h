// SPDX-License-Identifier: Apache-2.0
// Inside bind/: the worker's side of an isolated app.
//
// Its state has no library and no code of the app, only the modules of C and a door whose every
// function is a call into the process. So the rest of bind/ knows no difference: what it pushes
// goes over, what the process asks of core.* runs here, on the view of the call and with its
// rights, and what comes back is on the stack.
#pragma once

#include "bind/bind.h"

struct isolate;

// Starts the process of the state's app and lets it load: the state's door is set then.
bool isolate_open(struct state *state, struct err *err);
void isolate_close(struct isolate *isolate); // accepts NULL; ends the process
// It died, was killed or said what cannot be: the state is to be made anew.
bool isolate_is_broken(const struct isolate *isolate);
// Where the app's code stands that asks, "leave/main.lua:12"; "" where it was not told.
const char *isolate_place(const struct isolate *isolate);
