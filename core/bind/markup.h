// SPDX-License-Identifier: Apache-2.0
// Inside core.html: the type of markup. Every function of the module has three upvalues: the
// type's metatable, a buffer to write a page into, and a table of lists that are free.
//
// An html value is a userdata that holds its markup as a user value. Only library code gets
// core.html, so that applications meet html values but cannot make them out of texts.
#pragma once

#include <lauxlib.h>

#include "base/buffer.h"

enum { MARKUP_TYPE = 1, MARKUP_BUFFER, MARKUP_LISTS, PAGE_MAX = 1024 * 1024 };

static inline bool markup_is(lua_State *L, int index)
{
    bool is;

    if (lua_type(L, index) != LUA_TUSERDATA || !lua_getmetatable(L, index))
        return false;
    is = lua_rawequal(L, -1, lua_upvalueindex(MARKUP_TYPE));
    lua_pop(L, 1);
    return is;
}

// Replaces the string on the top by an html value. [-1, +1]
static inline void markup_make(lua_State *L)
{
    lua_newuserdatauv(L, 0, 1);
    lua_insert(L, -2);
    lua_setiuservalue(L, -2, 1);
    lua_pushvalue(L, lua_upvalueindex(MARKUP_TYPE));
    lua_setmetatable(L, -2);
}

// bind_html.c: the value as text between tags: markup as it is, texts escaped. [-0, +1]
void markup_push_text(lua_State *L, int index);

// draw.c
int markup_draw(lua_State *L);
int markup_join(lua_State *L);
int markup_taker(lua_State *L);
int markup_key(lua_State *L);
