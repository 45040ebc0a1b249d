// SPDX-License-Identifier: Apache-2.0
// Unknown keys are errors with a suggestion, wherever an author writes a table.
#include "bind/bind.h"
#include "bind/nearest.h"

int bind_raise_unknown(lua_State *L, const char *kind, const char *name, const char *place,
                       const char *const *known, size_t count)
{
    const char *meant = nearest(name, known, count);

    if (meant != NULL)
        luaL_error(L, "unknown %s '%s' in %s; did you mean '%s'?", kind, name, place, meant);
    luaL_error(L, "unknown %s '%s' in %s", kind, name, place);
    __builtin_unreachable();
}

// Where everything is told at once: the walk goes on.
static void tell_unknown(lua_State *L, const char *key, const char *place,
                         const char *const *known, size_t count)
{
    struct state *state = bind_state(L);
    const char *meant = nearest(key, known, count);
    char line[SCRIPT_PLACE_MAX];

    bind_tell(state->app,
              arena_format(&state->scratch, "%s: unknown key '%s' in %s%s%s%s",
                           script_place(L, line) ? line : state->app->manifest.id, key, place,
                           meant != NULL ? "; did you mean '" : "", meant != NULL ? meant : "",
                           meant != NULL ? "'?" : ""));
}

void bind_check_keys(lua_State *L, int at, const char *place, const char *const *known,
                     size_t count)
{
    at = lua_absindex(L, at);
    for (lua_pushnil(L); lua_next(L, at) != 0; lua_pop(L, 1)) {
        size_t i = 0;

        if (lua_type(L, -2) != LUA_TSTRING)
            luaL_error(L, "%s has names for keys, not positions", place);
        while (i < count && strcmp(lua_tostring(L, -2), known[i]) != 0)
            i++;
        if (i == count && bind_state(L)->host->options.lint && bind_state(L)->declaring)
            tell_unknown(L, lua_tostring(L, -2), place, known, count);
        else if (i == count)
            bind_raise_unknown(L, "key", lua_tostring(L, -2), place, known, count);
    }
}
