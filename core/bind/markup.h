// SPDX-License-Identifier: Apache-2.0
// Inside core.html: the type of markup, and the page that is written. Every function of the
// module has two upvalues: the type's metatable and the buffer that pages are written into.
//
// An html value is a userdata that holds its markup as a user value. Only library code gets
// core.html, so that applications meet html values but cannot make them out of texts.
#pragma once

#include <lauxlib.h>

#include "base/buffer.h"

enum { MARKUP_TYPE = 1, MARKUP_BUFFER, PAGE_MAX = 1024 * 1024 };

// Where a value stands, and what is put there; web/generate.lua writes these letters.
enum {
    PLACE_STATIC = 's',
    PLACE_TEXT = 't',
    PLACE_ATTRIBUTE = 'a',
    PLACE_URL = 'u',
    PLACE_PATH = 'p',
    PLACE_QUERY = 'q',
    PLACE_SCRIPT = 'j',
    PLACE_MARKUP = 'm',
    PLACE_OPTIONAL = 'o',  // the attribute's name; the value's own letter follows
    PLACE_CONDITION = 'c', // of the next letter, whose value is nothing where it does not hold
};

struct page {
    struct buffer text;
    struct page *next; // of another call
    lua_Integer call;  // that wrote last
};

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

// bind_html.c: adds the value to the page, escaped for a place that is neither static nor
// optional. No Lua code runs meanwhile.
void markup_write(lua_State *L, struct buffer *page, char place, int index);

// draw.c
struct buffer *markup_page(lua_State *L); // what this call writes into
int markup_put(lua_State *L);
int markup_draw(lua_State *L);
int markup_join(lua_State *L);
int markup_taker(lua_State *L);
int markup_key(lua_State *L);
