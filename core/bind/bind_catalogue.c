// SPDX-License-Identifier: Apache-2.0
// core.catalogue, for the platform's pages: the applications of the instance, what each asks for,
// and the words that switch them on and off at an organisation (enabled.c says what those mean).
#include "auth/auth.h"
#include "bind/bind.h"

static const struct collection *switches(lua_State *L)
{
    const struct collection *found = catalog_find(bind_state(L)->host->catalog, SWITCH_COLLECTION);

    if (found == NULL)
        luaL_error(L, "the platform keeps no switches");
    return found;
}

static bool may_at(lua_State *L, struct id org)
{
    bool may = false;
    struct err err;

    if (!record_may_create(bind_call(L)->view, switches(L), org, &may, &err))
        script_raise(L, &err);
    return may;
}

// The organisation named at `at`, where the caller may switch; raises «absent» elsewhere.
static struct id check_org(lua_State *L, int at)
{
    struct id org;
    struct err err;

    if (!id_from_text(bind_check_slice(L, at), &org) || !may_at(L, org)) {
        err_set(&err, ERR_ABSENT, "nothing to switch here for the caller");
        script_raise(L, &err);
    }
    return org;
}

static void set_text(lua_State *L, const char *key, const char *text)
{
    lua_pushstring(L, text);
    lua_setfield(L, -2, key);
}

static void push_names(lua_State *L, const char *key, const char *const *names)
{
    lua_newtable(L);
    for (lua_Integer i = 0; names != NULL && names[i] != NULL; i++) {
        lua_pushstring(L, names[i]);
        lua_rawseti(L, -2, i + 1);
    }
    lua_setfield(L, -2, key);
}

// The words that stand on the way from the organisation up to the root: {word, org = {…}}.
static void push_words(lua_State *L, struct view *view, const struct app *app, struct id org)
{
    const struct id *path;
    size_t count;
    lua_Integer added = 0;
    struct err err;

    if (!tree_path(view, org, &path, &count, &err))
        script_raise(L, &err);
    lua_newtable(L);
    for (size_t i = 0; i < count; i++) {
        struct value word;

        if (!app_word_at(view, app, path[i], &word, &err))
            script_raise(L, &err);
        if (word.kind == VALUE_NULL)
            continue;
        lua_createtable(L, 0, 2);
        bind_push_slice(L, word.text);
        lua_setfield(L, -2, "word");
        bind_push_org(L, view, &path[i]);
        lua_setfield(L, -2, "org");
        lua_rawseti(L, -2, ++added);
    }
    lua_setfield(L, -2, "words");
}

static void push_app(lua_State *L, struct view *view, const struct app *app, struct id org)
{
    const struct manifest *manifest = &app->manifest;
    bool enabled;
    struct err err;

    if (!app_enabled(view, app, org, &enabled, &err))
        script_raise(L, &err);
    lua_createtable(L, 0, 10);
    set_text(L, "id", manifest->id);
    set_text(L, "zh", manifest->title_zh);
    set_text(L, "en", manifest->title_en);
    set_text(L, "version", manifest->version);
    push_names(L, "reads", manifest->asks_read);
    push_names(L, "notifies", manifest->asks_notify);
    lua_pushboolean(L, enabled);
    lua_setfield(L, -2, "enabled");
    lua_pushboolean(L, manifest->settings != NULL);
    lua_setfield(L, -2, "has_settings");
    lua_pushboolean(L, app->problem != NULL);
    lua_setfield(L, -2, "quarantined");
    push_words(L, view, app, org);
}

/// catalogue.apps(org: string): {id, zh, en, version, reads: string[], notifies: string[],
///     enabled, has_settings, quarantined: boolean, words: {word: string, org: table}[]}[]
static int apps(lua_State *L)
{
    const struct host *host = bind_state(L)->host;
    struct id org = check_org(L, 1);
    struct view system = *bind_call(L)->view;
    lua_Integer count = 0;

    system.who = NULL;
    lua_newtable(L);
    for (size_t i = 0; i < host->app_count; i++) {
        if (app_is_fixed(&host->apps[i]))
            continue;
        push_app(L, &system, &host->apps[i], org);
        lua_rawseti(L, -2, ++count);
    }
    return 1;
}

/// catalogue.place(org: string): {id, name, name_en, kind}
static int place(lua_State *L)
{
    struct id org = check_org(L, 1);
    struct view system = *bind_call(L)->view;

    system.who = NULL;
    bind_push_org(L, &system, &org);
    return 1;
}

/// catalogue.may(org: string): boolean – may the caller switch something there?
static int may(lua_State *L)
{
    struct id org;

    lua_pushboolean(L, id_from_text(bind_check_slice(L, 1), &org) && may_at(L, org));
    return 1;
}

static bool write_word(struct view *view, const struct collection *collection, struct id org,
                       const struct app *app, struct slice word, struct problem *problem,
                       struct err *err)
{
    struct value values[FIELDS_MAX] = {{.kind = VALUE_NULL}};
    struct value key = {VALUE_TEXT, {.text = slice_text(app->manifest.id)}};
    int app_field = collection_field(collection, slice_text("app"));
    int word_field = collection_field(collection, slice_text("word"));
    struct record *record;

    values[app_field] = key;
    values[word_field] = (struct value){VALUE_TEXT, {.text = word}};
    if (!record_find(view, collection, "app", org, &key, &record, err))
        return false;
    if (record != NULL)
        return record_update(view, record, values, UINT64_C(1) << word_field, problem, err);
    return record_create(view, collection, org, values, &record, problem, err);
}

static bool audit(struct view *view, const struct app *app, struct id org, struct slice word,
                  struct err *err)
{
    struct tree_org *at;

    return tree_get(view, org, &at, err) &&
           audit_append(view, view->who->person, "switch", app->manifest.id,
                        arena_format(view->arena, "%s: %.*s", at != NULL ? at->code : "",
                                     (int)word.len, (const char *)word.data),
                        err);
}

/// catalogue.put(app: string, org: string, word: string): true | nil, word
// "above": an upper organisation has decided it.
static int put(lua_State *L)
{
    struct call *call = bind_write_call(L, "an application is switched");
    const struct app *app = host_find(bind_state(L)->host, bind_check_slice(L, 1));
    struct id org = check_org(L, 2);
    struct slice word = bind_keep(L, bind_check_slice(L, 3));
    struct problem problem = {NULL, NULL};
    bool decided;
    struct err err = {ERR_NONE, ""};

    luaL_argcheck(L, app != NULL && !app_is_fixed(app), 1, "no application to be switched");
    if (!app_is_decided_above(call->view, app, org, &decided, &err))
        script_raise(L, &err);
    if (decided)
        problem.word = "above";
    else if (!write_word(call->view, switches(L), org, app, word, &problem, &err) &&
             err.code != ERR_NONE)
        script_raise(L, &err);
    if (problem.word == NULL && !audit(call->view, app, org, word, &err))
        script_raise(L, &err);
    if (problem.word == NULL) {
        lua_pushboolean(L, true);
        return 1;
    }
    lua_pushnil(L);
    lua_pushstring(L, problem.word);
    return 2;
}

int open_core_catalogue(lua_State *L)
{
    static const luaL_Reg functions[] = {
        {"apps", apps}, {"place", place}, {"may", may}, {"put", put}, {NULL, NULL}};

    luaL_newlib(L, functions);
    return 1;
}
