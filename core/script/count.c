// SPDX-License-Identifier: Apache-2.0
// Instructions counted one by one, for tests of applications: the same number for the same call
// on every machine. It makes Lua several times slower and is off otherwise.
#include "script/state.h"

static void step(lua_State *L, lua_Debug *event)
{
    struct script *script = script_of(L);

    (void)event;
    if (!script->is_counting) {
        lua_sethook(L, NULL, 0, 0);
        return;
    }
    script->now.steps++;
    deadline_check(L);
}

void count_enter(lua_State *L)
{
    if (script_of(L)->is_counting)
        lua_sethook(L, step, LUA_MASKCOUNT, 1);
}

void script_count(struct script *script, bool on)
{
    script->is_counting = on;
    count_enter(script->main);
}

int64_t script_steps(const struct script *script)
{
    return script->now.steps;
}

int64_t script_pattern_steps(const struct script *script)
{
    return script->now.pattern_steps;
}
