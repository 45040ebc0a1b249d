// SPDX-License-Identifier: Apache-2.0
// core.record, rollups: what an app lets count, and what it reads of it.
#include "bind/bind.h"

static const char *text_at(lua_State *L, int at, const char *what)
{
    if (lua_type(L, at) != LUA_TSTRING)
        luaL_error(L, "'%s' of a rollup must be a text", what);
    return (const char *)bind_keep(L, bind_check_slice(L, at)).data;
}

static const char *opt_text(lua_State *L, int at, const char *key)
{
    const char *text = NULL;

    if (lua_getfield(L, at, key) != LUA_TNIL)
        text = text_at(L, -1, key);
    lua_settop(L, at);
    return text;
}

static bool opt_flag(lua_State *L, int at, const char *key)
{
    bool flag;

    if (lua_getfield(L, at, key) != LUA_TNIL && !lua_isboolean(L, -1))
        luaL_error(L, "'%s' of a rollup must be true or false", key);
    flag = lua_toboolean(L, -1);
    lua_settop(L, at);
    return flag;
}

// Of the app's own: "leave" or "leave.leave".
static const char *own_name(lua_State *L, const char *name)
{
    const char *app = bind_state(L)->app->manifest.id;

    if (strchr(name, '.') == NULL)
        return (const char *)bind_keep(
            L, slice_text(lua_pushfstring(L, "%s.%s", app, name))).data;
    if (strncmp(name, app, strlen(app)) != 0 || name[strlen(app)] != '.')
        luaL_error(L, "a rollup is made from a collection of its own app, not from %s", name);
    return name;
}

static void read_by(lua_State *L, int at, struct rollup_def *def)
{
    if (lua_getfield(L, at, "by") != LUA_TNIL) {
        luaL_checktype(L, -1, LUA_TTABLE);
        def->by_count = (size_t)lua_rawlen(L, -1);
        if (def->by_count > INDEX_FIELDS_MAX)
            luaL_error(L, "a rollup is grouped by at most %d fields", INDEX_FIELDS_MAX);
        for (size_t i = 0; i < def->by_count; i++) {
            lua_rawgeti(L, at + 1, (lua_Integer)i + 1);
            def->by[i] = text_at(L, -1, "by");
            lua_settop(L, at + 1);
        }
    }
    lua_settop(L, at);
}

static void allow(lua_State *L, const char *rollup, const char *role, const char *expression)
{
    struct err err;

    if (!catalog_allow_rollup(bind_state(L)->host->catalog, rollup, role, expression, &err))
        script_raise(L, &err);
}

// allow = {principal = {}, teacher = {"class in @me.classes"}}
static void read_allow(lua_State *L, int at, const char *rollup)
{
    if (lua_getfield(L, at, "allow") != LUA_TTABLE)
        luaL_error(L, "rollup %s needs allow: who may read it", rollup);
    for (lua_pushnil(L); lua_next(L, at + 1) != 0; lua_settop(L, at + 2)) {
        const char *role = bind_option_name(L, at + 2);

        luaL_checktype(L, at + 3, LUA_TTABLE);
        if (lua_rawlen(L, at + 3) == 0)
            allow(L, rollup, role, NULL);
        for (lua_Integer i = 1; lua_rawgeti(L, at + 3, i) != LUA_TNIL; i++) {
            allow(L, rollup, role, text_at(L, -1, "allow"));
            lua_settop(L, at + 3);
        }
    }
    lua_settop(L, at);
}

/// record.rollup(name: string, spec: {from: string, where?: string, by?: string[], count?: boolean,
///               sum?: string, up?: boolean, allow: table})
int bind_record_rollup(lua_State *L)
{
    static const char *const known[] = {"from", "where", "by", "count", "sum", "up", "allow"};
    struct state *state = bind_state(L);
    const char *name = luaL_checkstring(L, 1);
    struct rollup_def def = {0};
    struct err err;

    luaL_checktype(L, 2, LUA_TTABLE);
    lua_settop(L, 2);
    if (!state->declaring)
        return 0;
    def.name = own_name(L, name);
    lua_settop(L, 2);
    bind_check_keys(L, 2, def.name, known, sizeof known / sizeof *known);
    lua_settop(L, 2);
    def.from = opt_text(L, 2, "from");
    if (def.from == NULL)
        return luaL_error(L, "rollup %s needs from: a collection", def.name);
    def.from = own_name(L, def.from);
    lua_settop(L, 2);
    def.where = opt_text(L, 2, "where");
    def.sum = opt_text(L, 2, "sum");
    def.count = opt_flag(L, 2, "count");
    def.up = opt_flag(L, 2, "up");
    read_by(L, 2, &def);
    if (!catalog_add_rollup(state->host->catalog, &def, &err))
        script_raise(L, &err);
    read_allow(L, 2, def.name);
    return 0;
}

static const struct rollup *check_rollup(lua_State *L, const char *name)
{
    const struct state *state = bind_state(L);
    const char *full = strchr(name, '.') != NULL
                           ? name
                           : lua_pushfstring(L, "%s.%s", state->app->manifest.id, name);
    const struct rollup *rollup = catalog_find_rollup(state->host->catalog, full);

    if (rollup == NULL)
        luaL_error(L, "there is no rollup %s", full);
    return rollup;
}

// Key at -2, value at -1.
static void read_option(lua_State *L, struct rollup_question *question, struct value *values)
{
    const struct collection *of = rollup_collection(question->rollup);
    const char *key = bind_option_name(L, -2);
    int field;

    if (strcmp(key, "subtree") == 0) {
        question->subtree = lua_toboolean(L, -1);
    } else if (strcmp(key, "org") == 0) {
        if (!id_from_text(bind_check_slice(L, -1), &question->org))
            luaL_error(L, "'org' is the id of an organisation");
    } else {
        field = bind_check_field(L, of, key);
        if (!bind_to_value(L, -1, &of->fields[field], &values[field]))
            luaL_error(L, "'%s' does not take this value", key);
        question->given |= UINT64_C(1) << field;
    }
}

/// record.tally(name: string, options?: table): integer?, integer?
// Count and sum; nothing when the caller may not read them.
int bind_record_tally(lua_State *L)
{
    struct call *call = bind_call(L);
    struct value values[FIELDS_MAX] = {{.kind = VALUE_NULL}};
    struct rollup_question question = {.values = values};
    struct rollup_answer answer;
    struct err err;

    lua_settop(L, 2);
    question.rollup = check_rollup(L, luaL_checkstring(L, 1));
    question.org = bind_owner_of(call, rollup_collection(question.rollup));
    if (!lua_isnoneornil(L, 2)) {
        luaL_checktype(L, 2, LUA_TTABLE);
        for (lua_pushnil(L); lua_next(L, 2) != 0; lua_pop(L, 1))
            read_option(L, &question, values);
    }
    if (!record_rollup(call->view, &question, &answer, &err))
        script_raise(L, &err);
    if (!answer.readable)
        return 0;
    lua_pushinteger(L, answer.count);
    lua_pushinteger(L, answer.sum);
    return 2;
}
