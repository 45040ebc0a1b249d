// SPDX-License-Identifier: Apache-2.0
// core.log: one line in the log, with the app's name.
#include "base/log.h"

#include "bind/bind.h"

enum { TEXT_MAX = 1024, LINE_COST = 128, CALL_MAX = 64 * 1024 }; // bytes

// A call says so much and no more; a handler does not fail for it. While an app loads it is bounded
// by the time it has.
static bool has_room(struct state *state, size_t len)
{
    struct call *call = state->call;

    if (call == NULL || call->logged + len + LINE_COST <= CALL_MAX) {
        if (call != NULL)
            call->logged += len + LINE_COST;
        return true;
    }
    if (call->logged < CALL_MAX)
        log_warn("an application says too much in one call; the rest is left out",
                 LOG_TEXT("app", state->app->manifest.id));
    call->logged = CALL_MAX;
    return false;
}

/// log.write(text: string)
static int write_line(lua_State *L)
{
    struct state *state = bind_state(L);
    struct slice text = bind_check_slice(L, 1);

    script_check_deadline(L);
    if (text.len > TEXT_MAX)
        text.len = TEXT_MAX;
    if (!has_room(state, text.len))
        return 0;
    log_info("app", LOG_TEXT("app", state->app->manifest.id), LOG_SLICE("text", text),
             LOG_TEXT("request", state->call != NULL && state->call->request->request_id != NULL
                                     ? state->call->request->request_id
                                     : ""));
    return 0;
}

int open_core_log(lua_State *L)
{
    static const luaL_Reg functions[] = {{"write", write_line}, {NULL, NULL}};

    luaL_newlib(L, functions);
    return 1;
}
