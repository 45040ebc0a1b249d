// SPDX-License-Identifier: Apache-2.0
// Reads the answer table {status, type, body, location} into the view's arena.
#include "bind/bind.h"

static const char *text_field(lua_State *L, int at, const char *name, struct arena *arena)
{
    size_t len;
    const char *text;

    lua_getfield(L, at, name);
    text = luaL_optlstring(L, -1, NULL, &len);
    if (text != NULL)
        text = arena_text(arena, slice_of(text, len));
    lua_pop(L, 1);
    return text;
}

void answer_read(lua_State *L, int at, struct host_answer *answer)
{
    struct state *state = bind_state(L);
    struct arena *arena = state->call->view->arena;
    int64_t most = state->host->options.config->script.output;
    struct slice body;
    struct err err;

    at = lua_absindex(L, at);
    luaL_checktype(L, at, LUA_TTABLE);
    lua_getfield(L, at, "status");
    answer->status = (int)luaL_checkinteger(L, -1);
    lua_getfield(L, at, "body");
    body.data = (const uint8_t *)luaL_optlstring(L, -1, "", &body.len);
    if ((int64_t)body.len > most) {
        err_set(&err, ERR_LIMIT, "output: the answer has %zu bytes, %lld are allowed", body.len,
                (long long)most);
        script_raise(L, &err);
    }
    answer->body = arena_slice(arena, body);
    lua_pop(L, 2);
    answer->type = text_field(L, at, "type", arena);
    answer->location = text_field(L, at, "location", arena);
}
