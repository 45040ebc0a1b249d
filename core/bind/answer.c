// SPDX-License-Identifier: Apache-2.0
// Reads the answer table {status, type, body, location, filename, version, field, word} into the
// view's arena.
#include "base/text.h"
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

static int status_field(lua_State *L, int at)
{
    lua_Integer status;

    lua_getfield(L, at, "status");
    status = luaL_checkinteger(L, -1);
    if (status < 200 || status > 599)
        luaL_error(L, "an answer's status is 200 to 599");
    lua_pop(L, 1);
    return (int)status;
}

// The library has looked at it already; an app holds the table that says so.
static const char *location_field(lua_State *L, int at, struct arena *arena)
{
    const char *location = text_field(L, at, "location", arena);

    if (location != NULL && !text_is_local_path(slice_text(location)))
        luaL_error(L, "'%s' is no path on this host", location);
    return location;
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
    answer->status = status_field(L, at);
    lua_getfield(L, at, "body");
    body.data = (const uint8_t *)luaL_optlstring(L, -1, "", &body.len);
    if ((int64_t)body.len > most) {
        err_set(&err, ERR_LIMIT, "output: the answer has %zu bytes, %lld are allowed", body.len,
                (long long)most);
        script_raise(L, &err);
    }
    answer->body = arena_slice(arena, body);
    lua_pop(L, 1);
    answer->type = text_field(L, at, "type", arena);
    answer->location = location_field(L, at, arena);
    answer->filename = text_field(L, at, "filename", arena);
    lua_getfield(L, at, "version");
    answer->version = (uint64_t)luaL_optinteger(L, -1, 0);
    lua_pop(L, 1);
    answer->field = text_field(L, at, "field", arena);
    answer->word = text_field(L, at, "word", arena);
}
