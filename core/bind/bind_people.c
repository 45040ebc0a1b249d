// SPDX-License-Identifier: Apache-2.0
// core.people, for the platform's pages only: what the signed-in person holds, which apps
// have something for a role, and the cards of those apps.
#include "base/log.h"
#include "bind/bind.h"

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
        bind_push_org(L, call->view, &grant->org);
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

// Cards that an app is asked for. Lua owns it: however the page ends, so does this call.
struct cards {
    struct host_call *call; // NULL: it has ended
    struct app *app;
    struct host_request request;
    struct budget budget;
    struct view view;
    struct plain *plain;
};

#define CARDS_TYPE "core.cards"

static void cards_end(void *context)
{
    struct cards *cards = context;

    host_end(cards->call);
    cards->call = NULL;
}

static int cards_gc(lua_State *L)
{
    cards_end(lua_touserdata(L, 1));
    return 0;
}

static struct cards *push_cards(lua_State *L)
{
    struct cards *cards = lua_newuserdatauv(L, sizeof *cards, 0);

    cards->call = NULL;
    cards->plain = NULL;
    if (luaL_newmetatable(L, CARDS_TYPE)) {
        lua_pushcfunction(L, cards_gc);
        lua_setfield(L, -2, "__gc");
    }
    lua_setmetatable(L, -2);
    return cards;
}

static int cards_again(lua_State *L, int status, lua_KContext context);

static void cards_woken(void *context)
{
    script_wake(context);
}

static int cards_done(lua_State *L, const struct cards *cards, bool done, const struct err *err)
{
    const char *id = cards->request.request_id;

    if (done) {
        bind_push_plain(L, cards->plain);
        return 1;
    }
    log_error("cards failed", LOG_TEXT("app", cards->app->manifest.id),
              LOG_TEXT("error", err->text), LOG_TEXT("id", id != NULL ? id : ""));
    lua_newtable(L);
    return 1;
}

// The page waits for the cards: its own time stands still, and its turns are theirs.
static int cards_go(lua_State *L, struct cards *cards)
{
    struct script_wait wait = {cards_again, cards_end, cards};
    enum host_step step;
    struct err err;

    step = host_go(cards->call, &err);
    if (step == HOST_TURN)
        return script_give_turn(L, &wait);
    if (step == HOST_WAITS)
        return script_suspend(L, &wait);
    cards->call = NULL;
    script_resume(bind_state(L)->script);
    return cards_done(L, cards, step == HOST_DONE, &err);
}

static int cards_again(lua_State *L, int status, lua_KContext context)
{
    (void)status;
    return cards_go(L, (struct cards *)context);
}

// On the page's snapshot, with limits of its own.
static int cards_begin(lua_State *L, struct cards *cards, const struct view *page)
{
    struct script_run *run = script_running(L);

    cards->budget = (struct budget){0};
    cards->view = *page;
    cards->view.budget = &cards->budget;
    cards->call = host_cards(cards->app, &cards->view, &cards->request, run == NULL,
                             &cards->plain);
    if (run != NULL)
        host_on_wake(cards->call, cards_woken, run);
    script_pause(bind_state(L)->script);
    return cards_go(L, cards);
}

/// people.cards(app: string, role: string, org: string, subject?: string): table[]
// The handler runs in the app's own state; only plain values come back. A role that is not
// held gets nothing; an app that fails costs its cards, not the page.
static int cards(lua_State *L)
{
    struct call *call = bind_call(L);
    struct app *app = host_find(bind_state(L)->host, bind_check_slice(L, 1));
    struct cards *asked;
    const char *role = luaL_checkstring(L, 2);
    bool held = false;
    struct err err;

    lua_settop(L, 4);
    asked = push_cards(L);
    asked->app = app;
    asked->request = *call->request;
    luaL_argcheck(L, id_from_text(bind_check_slice(L, 3), &asked->request.org), 3,
                  "no organisation");
    asked->request.role = role; // the stack keeps it
    asked->request.role_org = asked->request.org;
    asked->request.subject = (struct ref){{{0}}, {{0}}};
    if (!lua_isnil(L, 4) && !ref_from_text(bind_check_slice(L, 4), &asked->request.subject))
        return luaL_argerror(L, 4, "no reference");
    if (!role_is_held(call->view, asked->request.org, role, &held, &err))
        script_raise(L, &err);
    if (held && app != NULL && !app_enabled(call->view, app, asked->request.org, &held, &err))
        script_raise(L, &err);
    if (app == NULL || app->problem != NULL || !held || !names_have(&app->homes, role)) {
        lua_newtable(L);
        return 1;
    }
    asked->request.app = slice_text(app->manifest.id);
    asked->request.path = slice_text("/");
    return cards_begin(L, asked, call->view);
}

/// people.are_known(): boolean
// Is there a register of persons, to whom something can be told?
static int are_known(lua_State *L)
{
    lua_pushboolean(L, catalog_find(bind_state(L)->host->catalog, "base.person") != NULL);
    return 1;
}

/// people.sessions(): table[]
// Of the account of who asks, where the page shows them: {id, device, made, seen, program, current}.
static int sessions(lua_State *L)
{
    const struct host_request *request = bind_call(L)->request;

    lua_createtable(L, (int)request->session_count, 0);
    for (size_t i = 0; i < request->session_count; i++) {
        const struct host_session *session = &request->sessions[i];

        lua_createtable(L, 0, 6);
        lua_pushstring(L, session->id);
        lua_setfield(L, -2, "id");
        lua_pushstring(L, session->device);
        lua_setfield(L, -2, "device");
        lua_pushinteger(L, session->made_ms);
        lua_setfield(L, -2, "made");
        lua_pushinteger(L, session->seen_ms);
        lua_setfield(L, -2, "seen");
        lua_pushboolean(L, session->program);
        lua_setfield(L, -2, "program");
        lua_pushboolean(L, session->current);
        lua_setfield(L, -2, "current");
        lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
    return 1;
}

int open_core_people(lua_State *L)
{
    static const luaL_Reg functions[] = {
        {"roles", roles},         {"apps", apps},         {"cards", cards},
        {"are_known", are_known}, {"sessions", sessions}, {NULL, NULL}};

    luaL_newlib(L, functions);
    return 1;
}
