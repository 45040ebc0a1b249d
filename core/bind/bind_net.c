// SPDX-License-Identifier: Apache-2.0
// core.net: a call to the outside, in jobs only. It goes to the outbound process, which asks
// everything again; the job waits within its own time.
#include "bind/bind.h"
#include "bind/pure.h"
#include "net/client.h"

static struct call *job_call(lua_State *L)
{
    struct call *call = bind_call(L);

    if (!call->job)
        luaL_error(L, "the outside is called by jobs: queue one with app.after");
    return call;
}

static struct slice small_letters(lua_State *L, struct slice name)
{
    uint8_t *copy = bind_alloc(L, name.len + 1);

    for (size_t i = 0; i < name.len; i++)
        copy[i] = (uint8_t)(name.data[i] >= 'A' && name.data[i] <= 'Z' ? name.data[i] - 'A' + 'a'
                                                                      : name.data[i]);
    return slice_of(copy, name.len);
}

// The texts stay in the table, which stays on the stack.
static size_t read_fields(lua_State *L, int at, struct fetch_field fields[FETCH_FIELDS_MAX])
{
    size_t count = 0;

    luaL_checktype(L, at, LUA_TTABLE);
    for (lua_pushnil(L); lua_next(L, at) != 0; lua_pop(L, 1)) {
        if (lua_type(L, -2) != LUA_TSTRING || lua_type(L, -1) != LUA_TSTRING)
            luaL_error(L, "headers are texts by their names");
        if (count == FETCH_FIELDS_MAX)
            luaL_error(L, "at most %d headers", FETCH_FIELDS_MAX);
        fields[count].name = small_letters(L, bind_check_slice(L, -2));
        fields[count++].value = bind_check_slice(L, -1);
    }
    return count;
}

// What it may take: what was asked, at most the configuration's, at most what the job has left, less
// a tenth to act on the outcome.
static uint32_t timeout_of(lua_State *L, int at)
{
    int64_t most = bind_state(L)->host->options.config->outbound.timeout_ms;
    int64_t left = script_wall_left_ms(L);
    lua_Number asked = luaL_optnumber(L, at, (lua_Number)most / 1000) * 1000;

    luaL_argcheck(L, asked >= 1 && asked <= 86400000, at, "the timeout is in seconds");
    left -= left / 10;
    if (left < most)
        most = left;
    if (asked < (lua_Number)most)
        most = (int64_t)asked;
    return most > 0 ? (uint32_t)most : 1;
}

static void push_fields(lua_State *L, const struct fetch_answer *answer)
{
    lua_createtable(L, 0, (int)answer->field_count);
    for (size_t i = 0; i < answer->field_count; i++) {
        bind_push_slice(L, answer->fields[i].name);
        lua_pushvalue(L, -1);
        if (lua_rawget(L, -3) == LUA_TSTRING) { // sent more than once
            lua_pushliteral(L, ", ");
            bind_push_slice(L, answer->fields[i].value);
            lua_concat(L, 3);
        } else {
            lua_pop(L, 1);
            bind_push_slice(L, answer->fields[i].value);
        }
        lua_rawset(L, -3);
    }
}

static int push_answer(lua_State *L, const struct fetch_answer *answer)
{
    struct err err;

    if (answer->outcome == FETCH_REFUSED)
        return luaL_error(L, "%s", lua_pushlstring(L, (const char *)answer->problem.data,
                                                   answer->problem.len));
    if (answer->outcome == FETCH_BUSY) { // the job waits, and no failure is counted
        err_set(&err, ERR_BUSY, "this organisation makes too many calls to the outside now");
        script_raise(L, &err);
    }
    if (answer->outcome != FETCH_DONE) {
        lua_pushnil(L);
        lua_pushstring(L, fetch_word(answer->outcome));
        return 2;
    }
    lua_pushinteger(L, answer->status);
    push_fields(L, answer);
    bind_push_slice(L, answer->body);
    return 3;
}

/// net.fetch(headers: table, url: string, method: string, body?: string, seconds?: number): any
// The status, the headers and the body; or nil and a word.
static int fetch(lua_State *L)
{
    struct call *call = job_call(L);
    struct state *state = bind_state(L);
    const struct config *config = state->host->options.config;
    struct fetch_rules rules = {state->app->manifest.asks_http, config->outbound.plain_http,
                                (size_t)config->outbound.body_bytes};
    struct fetch_field fields[FETCH_FIELDS_MAX];
    struct fetch_request request = {.app = slice_text(state->app->manifest.id),
                                    .org = call->request->org,
                                    .url = bind_check_slice(L, 2),
                                    .method = bind_check_slice(L, 3),
                                    .fields = fields,
                                    .timeout_ms = timeout_of(L, 5)};
    struct fetch_answer answer = {.outcome = FETCH_UNAVAILABLE};
    struct buffer *received = bind_push_buffer(L);
    struct url url;
    struct err err;

    if (!lua_isnil(L, 4))
        request.body = bind_check_slice(L, 4);
    request.field_count = read_fields(L, 1, fields);
    if (!fetch_check(call->view->arena, &request, &rules, &url, &err))
        return luaL_error(L, "%s", err.text);
    if (state->host->options.outbound != NULL)
        net_client_fetch(state->host->options.outbound, &request, received, call->view->arena,
                         &answer);
    return push_answer(L, &answer);
}

int open_core_net(lua_State *L)
{
    static const luaL_Reg functions[] = {{"fetch", fetch}, {NULL, NULL}};

    luaL_newlib(L, functions);
    return 1;
}
