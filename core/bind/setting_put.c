// SPDX-License-Identifier: Apache-2.0
// core.setting, the platform's half: who may set what, and how it is written.
#include "auth/auth.h"
#include "bind/setting.h"

// The organisation named at `at`, where the caller may set something; raises «absent» elsewhere.
struct id setting_org(lua_State *L, int at)
{
    struct call *call = bind_call(L);
    struct id org;
    bool may = false;
    struct err err;

    if (id_from_text(bind_check_slice(L, at), &org) &&
        !record_may_create(call->view, setting_stored(L), org, &may, &err))
        script_raise(L, &err);
    if (!may) {
        err_set(&err, ERR_ABSENT, "no settings of this organisation for the caller");
        script_raise(L, &err);
    }
    return org;
}

/// setting.may(org: string): boolean – may the caller set something there?
int bind_setting_may(lua_State *L)
{
    struct call *call = bind_call(L);
    bool may = false;
    struct id org;
    struct err err;

    if (id_from_text(bind_check_slice(L, 1), &org) &&
        !record_may_create(call->view, setting_stored(L), org, &may, &err))
        script_raise(L, &err);
    lua_pushboolean(L, may);
    return 1;
}

static const struct setting *setting_named(const struct app *app, struct slice name)
{
    const struct setting *one = app->manifest.settings;

    while (one != NULL && !slice_is(name, one->name))
        one = one->next;
    return one;
}

// One text of the change at the top of the stack: false means none from now on, nil as it was.
static void read_change(lua_State *L, const struct collection *collection, const char *key,
                        struct value *values, uint64_t *mask)
{
    int field = collection_field(collection, slice_text(key));
    int type = lua_getfield(L, -1, key);

    if (type == LUA_TSTRING)
        values[field] = (struct value){VALUE_TEXT, {.text = bind_keep(L, bind_check_slice(L, -1))}};
    if (type == LUA_TSTRING || (type == LUA_TBOOLEAN && !lua_toboolean(L, -1)))
        *mask |= UINT64_C(1) << field;
    lua_pop(L, 1);
}

static void give(struct value *values, const struct collection *collection, const char *field,
                 const char *text)
{
    values[collection_field(collection, slice_text(field))] =
        (struct value){VALUE_TEXT, {.text = slice_text(text)}};
}

static bool keep_change(struct view *view, const struct collection *collection, struct id org,
                        const struct app *app, const struct setting *setting, struct value *values,
                        uint64_t mask, struct problem *problem, struct err *err)
{
    struct value key[2] = {{VALUE_TEXT, {.text = slice_text(app->manifest.id)}},
                           {VALUE_TEXT, {.text = slice_text(setting->name)}}};
    struct record *record;

    if (!record_find(view, collection, "app+name", org, key, &record, err))
        return false;
    if (record != NULL)
        return record_update(view, record, values, mask, problem, err);
    give(values, collection, "app", app->manifest.id);
    give(values, collection, "name", setting->name);
    return record_create(view, collection, org, values, &record, problem, err);
}

// Who set what to what; of a secret only that it was.
static bool tell(struct view *view, const struct app *app, const struct setting *setting,
                 const struct tree_org *org, const struct collection *collection,
                 const struct value *values, struct err *err)
{
    const struct value *value = &values[collection_field(collection, slice_text("value"))];
    const struct value *within = &values[collection_field(collection, slice_text("within"))];
    const char *what = setting->secret ? "a secret" : "inherited";
    struct id person = view->who != NULL ? view->who->person : (struct id){{0}};

    if (!setting->secret && value->kind == VALUE_TEXT)
        what = arena_text(view->arena, value->text);
    if (within->kind == VALUE_TEXT)
        what = arena_format(view->arena, "%s within %.*s", what, (int)within->text.len,
                            (const char *)within->text.data);
    return audit_append(view, person, "setting",
                        arena_format(view->arena, "%s.%s", app->manifest.id, setting->name),
                        arena_format(view->arena, "%s: %s", org->code, what), err);
}

/// setting.put(app: string, org: string, name: string,
///             change: {value?: string|false, within?: string|false, secret?: string|false})
///     : true | nil, word
int bind_setting_put(lua_State *L)
{
    struct call *call = bind_write_call(L, "a setting is changed");
    const struct app *app = setting_app(L, 1);
    struct id id = setting_org(L, 2);
    const struct setting *setting = app != NULL ? setting_named(app, bind_check_slice(L, 3)) : NULL;
    const struct collection *collection = setting_stored(L);
    struct value values[FIELDS_MAX] = {{.kind = VALUE_NULL}};
    struct problem problem = {NULL, NULL};
    struct tree_org *org;
    uint64_t mask = 0;
    struct err err;

    luaL_checktype(L, 4, LUA_TTABLE);
    lua_settop(L, 4);
    luaL_argcheck(L, setting != NULL, 3, "no such setting");
    read_change(L, collection, "value", values, &mask);
    read_change(L, collection, "within", values, &mask);
    read_change(L, collection, "secret", values, &mask);
    if (!tree_get(call->view, id, &org, &err))
        script_raise(L, &err);
    lua_pushnil(L);
    if (org == NULL || setting_tier(org->kind) > setting_tier(setting->layer)) {
        lua_pushliteral(L, "layer");
        return 2;
    }
    if (!keep_change(call->view, collection, id, app, setting, values, mask, &problem, &err)) {
        if (err.code != ERR_NONE)
            script_raise(L, &err);
        lua_pushstring(L, problem.word);
        return 2;
    }
    if (!tell(call->view, app, setting, org, collection, values, &err))
        script_raise(L, &err);
    lua_pushboolean(L, true);
    return 1;
}
