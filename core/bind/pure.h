// SPDX-License-Identifier: Apache-2.0
// Lua modules that need no host behind them, so that tests and tools can open them in any
// state: script_module(script, "core.html", bind_html_open, &err).
#pragma once

#include <lua.h>

#include "base/buffer.h"

int bind_html_open(lua_State *L);
int bind_json_open(lua_State *L);

enum { JSON_DEPTH_MAX = 64, JSON_MAX = 1024 * 1024 };

// json_read.c, for bind_json.c; the addresses name json.null and the metatable of json.array
// in the registry.
int bind_json_decode(lua_State *L);
extern const char bind_json_null, bind_json_array;

// Encodes the value at index as JSON: [-0, +1]. Raises what core.json's encode raises.
void bind_json_push(lua_State *L, int index);

// A buffer that Lua owns: freed when it is collected, whichever way the function leaves. [-0, +1]
struct buffer *bind_push_buffer(lua_State *L);
// The same for a struct that begins with a buffer; the rest of it is not filled.
void *bind_push_owned(lua_State *L, size_t size);
