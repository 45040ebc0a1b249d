// SPDX-License-Identifier: Apache-2.0
// core.people, for the platform's pages only: what the signed-in person holds, which apps
// have something for a role, and the cards of those apps.
#include "base/log.h"
#include "bind/bind.h"

static void push_org(lua_State *L, struct view *view, const struct id *id)
{
    struct tree_org *org;
    struct err err;

    if (!tree_get(view, *id, &org, &err))
        script_raise(L, &err);
    lua_createtable(L, 0, 4);
    bind_push_id(L, id);
    lua_setfield(L, -2, "id");
    if (org == NULL)
        return;
    lua_pushstring(L, org->name);
    lua_setfield(L, -2, "name");
    lua_pushstring(L, org->name_en);
    lua_setfield(L, -2, "name_en");
    lua_pushstring(L, org->kind);
    lua_setfield(L, -2, "kind");
}

// What a row is called: its field «name», when it has one that may be read.
static void push_name(lua_State *L, struct view *view, const struct collection *collection,
                      struct ref ref)
{
    struct record *record = NULL;
    int field = collection != NULL ? collection_field(collection, slice_text("name")) : -1;
    struct err err;

    if (field >= 0 && !record_get(view, collection, ref, &record, &err))
        script_raise(L, &err);
    if (record != NULL && (record->readable >> field & 1) != 0)
        bind_push_stored(L, record, field);
    else
        lua_pushliteral(L, "");
}

// The members a role acts for, of those that belong to where the role is held.
static void push_members(lua_State *L, struct view *view, const struct role_grant *grant)
{
    const struct set_def *def = catalog_role_set(view->catalog, grant->role);
    const struct collection *of;
    const struct ref *members;
    size_t count;
    lua_Integer added = 0;
    struct err err;

    lua_newtable(L);
    if (def == NULL)
        return;
    of = bind_members_of(view->catalog, def);
    if (!record_set(view, def, grant->org, NULL, &members, &count, &err))
        script_raise(L, &err);
    for (size_t i = 0; i < count; i++) {
        char text[REF_TEXT_LEN + 1];

        bool there = of == NULL;

        if (of != NULL && !record_is_there(view, of, &members[i], &there, &err))
            script_raise(L, &err);
        if (!there || !id_equal(&members[i].org, &grant->org))
            continue;
        ref_to_text(&members[i], text);
        lua_createtable(L, 0, 2);
        lua_pushlstring(L, text, REF_TEXT_LEN);
        lua_setfield(L, -2, "ref");
        push_name(L, view, of, members[i]);
        lua_setfield(L, -2, "name");
        lua_rawseti(L, -2, ++added);
    }
}

/// people.roles(): {role: string, org: table, current: boolean,
///                  members: {ref: string, name: string}[]}[]
static int roles(lua_State *L)
{
    struct call *call = bind_call(L);
    const struct principal *who = call->view->who;

    lua_newtable(L);
    for (size_t i = 0; who != NULL && i < who->grant_count; i++) {
        const struct role_grant *grant = &who->grants[i];

        lua_createtable(L, 0, 4);
        lua_pushstring(L, grant->role);
        lua_setfield(L, -2, "role");
        push_org(L, call->view, &grant->org);
        lua_setfield(L, -2, "org");
        lua_pushboolean(L, strcmp(grant->role, call->request->role) == 0 &&
                               id_equal(&grant->org, &call->request->role_org));
        lua_setfield(L, -2, "current");
        push_members(L, call->view, grant);
        lua_setfield(L, -2, "members");
        lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
    return 1;
}

// Raises when the store cannot be read.
static bool is_on(lua_State *L, struct call *call, const struct app *app, const char *org)
{
    bool enabled = false;
    struct err err;
    struct id id;

    if (id_from_text(slice_text(org), &id) && !app_enabled(call->view, app, id, &enabled, &err))
        script_raise(L, &err);
    return enabled;
}

bool names_have(const struct names *names, const char *name)
{
    for (size_t i = 0; i < names->count; i++)
        if (strcmp(names->list[i], name) == 0)
            return true;
    return false;
}

// Has the app's front page, or a card, something for the role?
static bool app_serves(const struct app *app, const char *role)
{
    if (names_have(&app->homes, role))
        return true;
    for (size_t i = 0; i < app->route_count; i++) {
        const struct route *route = &app->routes[i];

        if (strcmp(route->pattern, "/") != 0 || strcmp(route->method, "GET") != 0)
            continue;
        for (const char *const *allowed = route->allow; *allowed != NULL; allowed++)
            if (strcmp(*allowed, role) == 0 || strcmp(*allowed, "anyone") == 0)
                return true;
    }
    return false;
}

void bind_push_apps(lua_State *L, struct call *call, const char *role, const char *org)
{
    const struct host *host = bind_state(L)->host;
    bool english = call->request->lang != NULL && strcmp(call->request->lang, "en") == 0;
    lua_Integer count = 0;

    lua_newtable(L);
    for (size_t i = 1; i < host->app_count; i++) {
        const struct app *app = &host->apps[i];

        if (app->problem != NULL || !app_serves(app, role) || !is_on(L, call, app, org))
            continue;
        lua_createtable(L, 0, 4);
        lua_pushstring(L, app->manifest.id);
        lua_setfield(L, -2, "id");
        lua_pushstring(L, english ? app->manifest.title_en : app->manifest.title_zh);
        lua_setfield(L, -2, "title");
        lua_pushfstring(L, "/o/%s/%s/", org, app->manifest.id);
        lua_setfield(L, -2, "path");
        lua_pushboolean(L, names_have(&app->homes, role));
        lua_setfield(L, -2, "has_cards");
        lua_rawseti(L, -2, ++count);
    }
}

/// people.apps(role: string, org: string): {id: string, title: string, path: string,
///                                         has_cards: boolean}[]
static int apps(lua_State *L)
{
    const char *role = luaL_checkstring(L, 1), *org = luaL_checkstring(L, 2);

    bind_push_apps(L, bind_call(L), role, org);
    return 1;
}

struct cards {
    struct state *state;
    int instance;
    const char *role;
    struct plain *plain;
};

// door.cards(instance, role) → list of plain tables
static int run_cards(lua_State *L)
{
    struct cards *cards = lua_touserdata(L, 1);

    bind_dirty_reset(L);
    lua_rawgeti(L, LUA_REGISTRYINDEX, cards->state->door);
    lua_getfield(L, -1, "cards");
    lua_rawgeti(L, LUA_REGISTRYINDEX, cards->instance);
    lua_pushstring(L, cards->role);
    lua_call(L, 2, 1);
    cards->plain = bind_read_plain(L, -1);
    return 0;
}

// On the page's snapshot, with limits of its own.
static bool ask_cards(struct app *app, const struct view *page, const struct host_request *request,
                      struct cards *cards, struct err *err)
{
    struct budget budget = {0};
    struct view view = *page;
    struct call call = {.view = &view, .request = request}, *outer;
    bool done;

    view.budget = &budget;
    call_budget(&view, app);
    cards->state = state_ready(app, err);
    if (cards->state == NULL ||
        !instance_ready(cards->state, request->org, &cards->instance, err))
        return false;
    state_allow_call(cards->state);
    outer = call_enter(cards->state, &call);
    done = state_run(cards->state, run_cards, cards, err);
    call_leave(cards->state, outer);
    return done;
}

/// people.cards(app: string, role: string, org: string, subject?: string): table[]
// The handler runs in the app's own state; only plain values come back. A role that is not
// held gets nothing; an app that fails costs its cards, not the page.
static int cards(lua_State *L)
{
    struct state *state = bind_state(L);
    struct call *call = bind_call(L);
    struct app *app = host_find(state->host, bind_check_slice(L, 1));
    struct host_request request = *call->request;
    struct cards asked = {.role = luaL_checkstring(L, 2)};
    bool held = false, done;
    struct err err;

    luaL_argcheck(L, id_from_text(bind_check_slice(L, 3), &request.org), 3, "no organisation");
    request.role = asked.role;
    request.role_org = request.org;
    request.subject = (struct ref){{{0}}, {{0}}};
    if (!lua_isnoneornil(L, 4) && !ref_from_text(bind_check_slice(L, 4), &request.subject))
        return luaL_argerror(L, 4, "no reference");
    if (!role_is_held(call->view, request.org, asked.role, &held, &err))
        script_raise(L, &err);
    if (held && app != NULL && !app_enabled(call->view, app, request.org, &held, &err))
        script_raise(L, &err);
    lua_newtable(L);
    if (app == NULL || app->problem != NULL || !held || !names_have(&app->homes, asked.role))
        return 1;
    request.app = slice_text(app->manifest.id);
    request.path = slice_text("/");
    script_pause(state->script);
    done = ask_cards(app, call->view, &request, &asked, &err);
    script_resume(state->script);
    if (done)
        bind_push_plain(L, asked.plain);
    else
        log_error("cards failed", LOG_TEXT("app", app->manifest.id), LOG_TEXT("error", err.text),
                  LOG_TEXT("id", request.request_id != NULL ? request.request_id : ""));
    return 1;
}

/// people.are_known(): boolean
// Is there a register of persons, to whom something can be told?
static int are_known(lua_State *L)
{
    lua_pushboolean(L, catalog_find(bind_state(L)->host->catalog, "base.person") != NULL);
    return 1;
}

int open_core_people(lua_State *L)
{
    static const luaL_Reg functions[] = {
        {"roles", roles}, {"apps", apps}, {"cards", cards}, {"are_known", are_known}, {NULL, NULL}};

    luaL_newlib(L, functions);
    return 1;
}
