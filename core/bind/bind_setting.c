// SPDX-License-Identifier: Apache-2.0
// core.setting: what a manifest lets administrators set, and what they have set, layer by layer.
// The values stand in the platform's collection `setting`, at the organisation that gave them;
// which one is in force is worked out by lua/app/layers.lua.
//
// An app reads its own, whoever asks: what is in force is no secret of a person. The platform
// reads and writes any app's, within the rights of the caller.
#include <math.h>

#include "bind/setting.h"

#define COLLECTION "platform.setting"
enum { LOWEST = 100 }; // below every tier

const struct app *setting_app(lua_State *L, int at)
{
    const struct state *state = bind_state(L);
    const struct app *app;

    if (lua_isnoneornil(L, at))
        return state->app;
    app = host_find(state->host, bind_check_slice(L, at));
    if (!state->app->platform && app != state->app)
        luaL_error(L, "other apps' settings are for the platform");
    return app != NULL && app->problem == NULL ? app : NULL;
}

static void set_text(lua_State *L, const char *key, const char *text)
{
    if (text == NULL)
        return;
    lua_pushstring(L, text);
    lua_setfield(L, -2, key);
}

static void set_flag(lua_State *L, const char *key, bool flag)
{
    lua_pushboolean(L, flag);
    lua_setfield(L, -2, key);
}

static void push_default(lua_State *L, const struct setting *setting)
{
    if (!setting->given)
        lua_pushnil(L);
    else if (setting->type == SETTING_BOOLEAN)
        lua_pushboolean(L, setting->boolean);
    else if (setting->type == SETTING_INTEGER)
        lua_pushinteger(L, (lua_Integer)setting->number);
    else if (setting->type == SETTING_NUMBER)
        lua_pushnumber(L, setting->number);
    else
        lua_pushstring(L, setting->text);
    lua_setfield(L, -2, "default");
}

int setting_tier(const char *kind)
{
    int tier = kind != NULL ? tree_tier(kind) : -1;

    return tier >= 0 ? tier : LOWEST;
}

static void push_bounds(lua_State *L, const struct setting *setting)
{
    if (setting->at_least > -HUGE_VAL) {
        lua_pushnumber(L, setting->at_least);
        lua_setfield(L, -2, "low");
        lua_pushnumber(L, setting->at_most);
        lua_setfield(L, -2, "high");
    }
    if (setting->one_of == NULL)
        return;
    lua_newtable(L);
    for (lua_Integer i = 0; setting->one_of[i] != NULL; i++) {
        lua_pushstring(L, setting->one_of[i]);
        lua_rawseti(L, -2, i + 1);
    }
    lua_setfield(L, -2, "one_of");
}

/// setting.schema(app?: string): table[] – in the order of the manifest
static int schema(lua_State *L)
{
    static const char *const types[] = {"string", "integer", "number", "boolean"};
    const struct app *app = setting_app(L, 1);
    lua_Integer count = 0;

    lua_newtable(L);
    for (const struct setting *one = app != NULL ? app->manifest.settings : NULL; one != NULL;
         one = one->next) {
        lua_createtable(L, 0, 10);
        set_text(L, "name", one->name);
        set_text(L, "type", types[one->type]);
        set_text(L, "help", one->help);
        set_flag(L, "secret", one->secret);
        set_flag(L, "loosen", one->loosen);
        lua_pushinteger(L, setting_tier(one->layer));
        lua_setfield(L, -2, "tier");
        push_default(L, one);
        push_bounds(L, one);
        lua_rawseti(L, -2, ++count);
    }
    return 1;
}

static struct view as_system(const struct view *view)
{
    struct view system = *view;

    system.who = NULL;
    return system;
}

const struct collection *setting_stored(lua_State *L)
{
    const struct collection *found = catalog_find(bind_state(L)->host->catalog, COLLECTION);

    if (found == NULL)
        luaL_error(L, "the platform keeps no settings");
    return found;
}

static const struct value *value_of(const struct record *record, const char *field)
{
    return &record->values[collection_field(record->collection, slice_text(field))];
}

static void push_entry(lua_State *L, const struct record *record)
{
    static const char *const texts[] = {"value", "within"};

    lua_createtable(L, 0, 4);
    for (size_t i = 0; i < 2; i++) {
        const struct value *value = value_of(record, texts[i]);

        if (value->kind == VALUE_TEXT) {
            bind_push_slice(L, value->text);
            lua_setfield(L, -2, texts[i]);
        }
    }
    set_flag(L, "secret", value_of(record, "secret")->kind != VALUE_NULL);
    lua_pushinteger(L, record->modified_ms);
    lua_setfield(L, -2, "modified");
}

static struct query query_of(const struct collection *collection, struct id org,
                             struct filter *filter, const struct app *app)
{
    *filter = (struct filter){
        .field = collection_field(collection, slice_text("app")), .op = FILTER_IS,
        .value = {VALUE_TEXT, {.text = slice_text(app->manifest.id)}}};
    return (struct query){.collection = collection, .org = org, .filters = filter,
                          .filter_count = 1, .order = -1, .limit = NAMES_MAX};
}

// What one organisation has set: {id, name, name_en, tier, set = {name → entry}}.
static void push_layer(lua_State *L, struct view *view, const struct app *app, struct id id)
{
    const struct collection *collection = setting_stored(L);
    struct filter filter;
    struct query query = query_of(collection, id, &filter, app);
    struct record **records;
    struct tree_org *org;
    size_t count;
    struct err err;

    if (!tree_get(view, id, &org, &err) || !record_query(view, &query, &records, &count, &err))
        script_raise(L, &err);
    lua_createtable(L, 0, 6);
    bind_push_id(L, &id);
    lua_setfield(L, -2, "id");
    set_text(L, "name", org != NULL ? org->name : "");
    set_text(L, "name_en", org != NULL ? org->name_en : "");
    lua_pushinteger(L, setting_tier(org != NULL ? org->kind : NULL));
    lua_setfield(L, -2, "tier");
    lua_createtable(L, 0, (int)count);
    for (size_t i = 0; i < count; i++) {
        push_entry(L, records[i]);
        lua_setfield(L, -2, arena_text(view->arena, value_of(records[i], "name")->text));
    }
    lua_setfield(L, -2, "set");
}

/// setting.layers(app?: string, org?: string): table[] – from the root down to the organisation
static int layers(lua_State *L)
{
    struct call *call = bind_call(L);
    const struct app *app = setting_app(L, 1);
    struct id org = lua_isnoneornil(L, 2) ? call->request->org : setting_org(L, 2);
    struct view system = as_system(call->view);
    const struct id *path;
    size_t count;
    struct err err;

    if (app == NULL)
        return luaL_error(L, "there is no such app");
    if (!tree_path(&system, org, &path, &count, &err))
        script_raise(L, &err);
    lua_createtable(L, (int)count, 0);
    for (size_t i = count; i > 0; i--) {
        push_layer(L, &system, app, path[i - 1]);
        lua_rawseti(L, -2, (lua_Integer)(count - i + 1));
    }
    return 1;
}

/// setting.reveal(org: string, name: string): string? – a secret of the app's own, given by the
///     organisation of the call or one above it
static int reveal(lua_State *L)
{
    struct call *call = bind_call(L);
    const struct collection *collection = setting_stored(L);
    struct view system = as_system(call->view);
    struct value values[2] = {{VALUE_TEXT, {.text = slice_text(bind_state(L)->app->manifest.id)}},
                              {VALUE_TEXT, {.text = bind_check_slice(L, 2)}}};
    struct record *record;
    struct slice plain;
    struct id org;
    bool above;
    struct err err;

    luaL_argcheck(L, id_from_text(bind_check_slice(L, 1), &org), 1, "not an id");
    if (!tree_is_under(&system, call->request->org, org, &above, &err))
        script_raise(L, &err);
    luaL_argcheck(L, above, 1, "its secrets are not in force here");
    if (!record_find(&system, collection, "app+name", org, values, &record, &err))
        script_raise(L, &err);
    if (record == NULL || value_of(record, "secret")->kind == VALUE_NULL)
        return 0;
    if (!record_reveal(&system, record, collection_field(collection, slice_text("secret")), &plain,
                       &err))
        script_raise(L, &err);
    bind_push_slice(L, plain);
    return 1;
}

/// setting.apps(): {id: string, zh: string, en: string}[] – those that have settings
static int apps(lua_State *L)
{
    const struct host *host = bind_state(L)->host;
    lua_Integer count = 0;

    lua_newtable(L);
    for (size_t i = 0; i < host->app_count; i++) {
        const struct manifest *manifest = &host->apps[i].manifest;

        if (host->apps[i].problem != NULL || manifest->settings == NULL)
            continue;
        lua_createtable(L, 0, 3);
        set_text(L, "id", manifest->id);
        set_text(L, "zh", manifest->title_zh);
        set_text(L, "en", manifest->title_en);
        lua_rawseti(L, -2, ++count);
    }
    return 1;
}

int open_core_setting(lua_State *L)
{
    static const luaL_Reg everybody[] = {
        {"schema", schema}, {"layers", layers}, {"reveal", reveal}, {NULL, NULL}};
    static const luaL_Reg platform[] = {
        {"apps", apps}, {"may", bind_setting_may}, {"put", bind_setting_put}, {NULL, NULL}};

    luaL_newlib(L, everybody);
    if (bind_state(L)->app->platform)
        luaL_setfuncs(L, platform, 0);
    return 1;
}
