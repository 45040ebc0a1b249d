// SPDX-License-Identifier: Apache-2.0
// core.log: one line in the log, with the app's name.
#include "base/log.h"

#include "bind/bind.h"

enum { TEXT_MAX = 1024 };

/// log.write(text: string)
static int write_line(lua_State *L)
{
    struct state *state = bind_state(L);
    struct slice text = bind_check_slice(L, 1);

    if (text.len > TEXT_MAX)
        text.len = TEXT_MAX;
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
