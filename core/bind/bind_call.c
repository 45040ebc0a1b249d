// SPDX-License-Identifier: Apache-2.0
// core.call: the running call, read by name (call.lang, call.now …). What was read once stands
// in a table of the call's own, which lies under the module while that call has its turn.
#include <stdio.h>

#include "base/json.h"
#include "bind/bind.h"
#include "bind/cell_state.h"

struct property {
    const char *name;
    void (*push)(lua_State *L, struct call *call); // [-0, +1]
};

static void push_tree_org(lua_State *L, struct call *call, const struct id *id)
{
    const struct tree_org *org = bind_push_org(L, call->view, id);

    bind_push_row(L, catalog_find(call->view->catalog, "core.org"),
                  (struct ref){call->view->root, *id}, NULL);
    lua_setfield(L, -2, "ref"); // for fields that refer to organisations
    if (org == NULL)
        return;
    lua_pushstring(L, org->code);
    lua_setfield(L, -2, "code");
}

static void push_org(lua_State *L, struct call *call)
{
    push_tree_org(L, call, &call->request->org);
}

// From the organisation of the call up to the root, as references.
static void push_above(lua_State *L, struct call *call)
{
    const struct id *path;
    size_t count;
    struct err err;

    if (!tree_path(call->view, call->request->org, &path, &count, &err))
        script_raise(L, &err);
    lua_createtable(L, (int)count, 0);
    for (size_t i = 0; i < count; i++) {
        bind_push_row(L, catalog_find(call->view->catalog, "core.org"),
                      (struct ref){call->view->root, path[i]}, NULL);
        lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
}

// The organisations right below that of the call.
static void push_below(lua_State *L, struct call *call)
{
    struct tree_org *orgs;
    size_t count;
    struct err err;

    if (!tree_children(call->view, call->request->org, &orgs, &count, &err))
        script_raise(L, &err);
    lua_createtable(L, (int)count, 0);
    for (size_t i = 0; i < count; i++) {
        push_tree_org(L, call, &orgs[i].id);
        lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
}

// How many notices wait to be read; 0 where there is no inbox.
static void push_unread(lua_State *L, struct call *call)
{
    const struct principal *who = call->view->who;
    const struct rollup *rollup = catalog_find_rollup(call->view->catalog, "platform.unread");
    struct value values[FIELDS_MAX] = {{VALUE_NULL, {0}}};
    struct rollup_question question = {.rollup = rollup, .org = call->view->root, .values = values};
    struct rollup_answer answer = {0};
    struct err err;
    int person;

    if (rollup != NULL && who != NULL && !id_is_zero(&who->person)) {
        person = collection_field(rollup_collection(rollup), slice_text("person"));
        values[person] = (struct value){VALUE_REF, {.ref = {call->view->root, who->person}}};
        question.given = UINT64_C(1) << person;
        if (!record_rollup(call->view, &question, &answer, &err))
            script_raise(L, &err);
    }
    lua_pushinteger(L, answer.readable ? answer.count : 0);
}

static void push_org_id(lua_State *L, struct call *call)
{
    bind_push_id(L, &call->request->org);
}

static void push_root(lua_State *L, struct call *call)
{
    bind_push_id(L, &call->view->root);
}

// Where no such collection is, only the id is known.
void bind_push_person(lua_State *L, const struct call *call, const struct id *person)
{
    if (id_is_zero(person))
        lua_pushnil(L);
    else
        bind_push_row(L, catalog_find(call->view->catalog, "base.person"),
                      (struct ref){call->view->root, *person}, NULL);
}

static void push_me(lua_State *L, struct call *call)
{
    const struct principal *who = call->view->who;

    if (who == NULL)
        lua_pushnil(L);
    else
        bind_push_person(L, call, &who->person);
}

// The member of the role's set that is acted for.
static void push_subject(lua_State *L, struct call *call)
{
    const struct set_def *def = catalog_role_set(call->view->catalog, call->request->role);

    if (def == NULL || id_is_zero(&call->request->subject.id))
        lua_pushnil(L);
    else
        bind_push_row(L, bind_members_of(call->view->catalog, def), call->request->subject, NULL);
}

static void push_now(lua_State *L, struct call *call)
{
    lua_pushinteger(L, clock_wall_ms(call->view->clock));
}

static void push_today(lua_State *L, struct call *call)
{
    char text[11];

    date_to_text(date_in_china(clock_wall_ms(call->view->clock)), text);
    lua_pushlstring(L, text, 10);
}

static void push_app(lua_State *L, struct call *call)
{
    bind_push_slice(L, call->request->app);
}

// The whole path on this host, as links write it.
static void push_path(lua_State *L, struct call *call)
{
    struct state *state = bind_state(L);
    const struct host_request *request = call->request;

    if (!state->app->platform) {
        lua_pushliteral(L, "/o/");
        bind_push_id(L, &request->org);
        lua_pushfstring(L, "/%s", state->app->manifest.id);
        bind_push_slice(L, request->path);
        lua_concat(L, 4);
    } else {
        bind_push_slice(L, request->path);
    }
}

static void push_org_name(lua_State *L, struct call *call)
{
    push_tree_org(L, call, &call->request->role_org);
    lua_getfield(L, -1, "name");
    lua_remove(L, -2);
}

static void push_role_org(lua_State *L, struct call *call)
{
    push_tree_org(L, call, &call->request->role_org);
}

// nil: nobody is signed in.
static void push_name(lua_State *L, struct call *call)
{
    const struct host_request *request = call->request;

    if (!request->signed_in)
        lua_pushnil(L);
    else
        lua_pushstring(L, request->name != NULL ? request->name : "");
}

// Where the role that is acted in can go.
static void push_links(lua_State *L, struct call *call)
{
    char org[ID_TEXT_LEN + 1];

    id_to_text(&call->request->role_org, org);
    bind_push_apps(L, call, call->request->role != NULL ? call->request->role : "", org);
}

static void push_method(lua_State *L, struct call *call)
{
    lua_pushstring(L, call->request->method);
}

static void push_role(lua_State *L, struct call *call)
{
    lua_pushstring(L, call->request->role != NULL ? call->request->role : "");
}

static void push_lang(lua_State *L, struct call *call)
{
    lua_pushstring(L, call->request->lang != NULL ? call->request->lang : "zh");
}

static void push_theme(lua_State *L, struct call *call)
{
    lua_pushstring(L, call->request->theme != NULL ? call->request->theme : "");
}

static void push_csrf(lua_State *L, struct call *call)
{
    lua_pushstring(L, call->request->csrf);
}

static void push_write_key(lua_State *L, struct call *call)
{
    lua_pushstring(L, call->request->write_key);
}

static void push_nonce(lua_State *L, struct call *call)
{
    lua_pushstring(L, call->request->nonce);
}

static void push_request_id(lua_State *L, struct call *call)
{
    lua_pushstring(L, call->request->request_id);
}

static void push_signed_in(lua_State *L, struct call *call)
{
    lua_pushboolean(L, call->request->signed_in);
}

static void push_must_change(lua_State *L, struct call *call)
{
    lua_pushboolean(L, call->request->must_change);
}

static void push_program(lua_State *L, struct call *call)
{
    lua_pushboolean(L, call->request->program);
}

static void push_write(lua_State *L, struct call *call)
{
    lua_pushboolean(L, call->write);
}

static void push_instance(lua_State *L, struct call *call)
{
    (void)call;
    lua_pushstring(L, bind_state(L)->host->options.config->name);
}

// A table for what library code works out once a call.
static void push_memo(lua_State *L, struct call *call)
{
    (void)call;
    lua_newtable(L);
}

static const struct property properties[] = {
    {"unread", push_unread},       {"above", push_above},
    {"below", push_below},             {"org", push_org},           {"org_id", push_org_id},
    {"root", push_root},           {"me", push_me},
    {"subject", push_subject},   {"now", push_now},             {"today", push_today},
    {"role_org", push_role_org}, {"org_name", push_org_name},
    {"name", push_name},         {"links", push_links},
    {"app", push_app},           {"path", push_path},           {"method", push_method},
    {"role", push_role},         {"lang", push_lang},           {"theme", push_theme},
    {"csrf", push_csrf},         {"write_key", push_write_key}, {"nonce", push_nonce},
    {"request_id", push_request_id}, {"signed_in", push_signed_in}, {"must_change", push_must_change},
    {"program", push_program},   {"write", push_write},         {"instance", push_instance},
    {"memo", push_memo},
};
enum { PROPERTY_COUNT = sizeof properties / sizeof *properties };

// In the registry: the module's metatable, the name __index, and what lies under it between calls.
static const char module_key, index_key, none_key;
#define MODULE_KEY (&module_key)
#define INDEX_KEY (&index_key)
#define NONE_KEY (&none_key)

// Tables could be changed by who got them, rows carry assignments: each asker has its own.
static void keep_seen(lua_State *L, struct slice name)
{
    int type = lua_type(L, -1);

    if (type == LUA_TSTRING || type == LUA_TNUMBER || type == LUA_TBOOLEAN ||
        slice_is(name, "memo")) {
        lua_pushvalue(L, 2);
        lua_pushvalue(L, -2);
        lua_rawset(L, 1);
    }
}

/// call[name]: any
// Asked by the table of what was seen, with itself as first argument.
static int call_index(lua_State *L)
{
    struct slice name = bind_check_slice(L, 2);
    const char *known[PROPERTY_COUNT];

    if (bind_state(L)->cell != NULL && !slice_is(name, "memo")) {
        cell_ask_call(L);
        keep_seen(L, name);
        return 1;
    }
    for (size_t i = 0; i < PROPERTY_COUNT; i++) {
        if (slice_is(name, properties[i].name)) {
            properties[i].push(L, bind_call(L));
            keep_seen(L, name);
            return 1;
        }
        known[i] = properties[i].name;
    }
    bind_raise_unknown(L, "key", (const char *)name.data, "core.call", known, PROPERTY_COUNT);
}

// A table of what was seen in a call, which asks call_index for the rest. [-0, +1]
static void push_seen(lua_State *L)
{
    lua_newtable(L);
    lua_createtable(L, 0, 1);
    lua_pushcfunction(L, call_index);
    lua_setfield(L, -2, "__index");
    lua_setmetatable(L, -2);
}

int bind_call_seen(lua_State *L)
{
    struct state *state = bind_state(L);

    if (state->spare_count > 0)
        return state->spare[--state->spare_count];
    push_seen(L);
    return luaL_ref(L, LUA_REGISTRYINDEX);
}

// These two only replace and take away, so that they never allocate and need no protection.
void bind_call_show(lua_State *L, int seen)
{
    if (lua_rawgetp(L, LUA_REGISTRYINDEX, MODULE_KEY) == LUA_TTABLE) {
        lua_rawgetp(L, LUA_REGISTRYINDEX, INDEX_KEY);
        if (seen == LUA_NOREF)
            lua_rawgetp(L, LUA_REGISTRYINDEX, NONE_KEY);
        else
            lua_rawgeti(L, LUA_REGISTRYINDEX, seen);
        lua_rawset(L, -3);
    }
    lua_pop(L, 1);
}

void bind_call_forget(lua_State *L, int seen)
{
    struct state *state = bind_state(L);

    if (seen == LUA_NOREF)
        return;
    lua_rawgeti(L, LUA_REGISTRYINDEX, seen);
    for (lua_pushnil(L); lua_next(L, -2) != 0;) {
        lua_pop(L, 1);
        lua_pushvalue(L, -1);
        lua_pushnil(L);
        lua_rawset(L, -4);
    }
    lua_pop(L, 1);
    if (state->spare_count == state->spare_size) {
        state->spare_size = 2 * state->spare_size + 4;
        state->spare = mem_resize(state->spare, state->spare_size * sizeof *state->spare);
    }
    state->spare[state->spare_count++] = seen;
}

void bind_call_remember(lua_State *L)
{
    lua_rawgeti(L, LUA_REGISTRYINDEX, bind_call(L)->seen);
    for (lua_pushnil(L); lua_next(L, -3) != 0;) {
        lua_pushvalue(L, -2);
        lua_insert(L, -2);
        lua_rawset(L, -4);
    }
    lua_pop(L, 2);
}

/// call.later(date: date, days: integer): date
static int later(lua_State *L)
{
    struct slice text = bind_check_slice(L, 1);
    lua_Integer days = luaL_checkinteger(L, 2);
    char later[11];
    int32_t day;

    luaL_argcheck(L, date_from_text(text, &day), 1, "a date is written 2026-03-02");
    luaL_argcheck(L, days > -100000 && days < 100000, 2, "too far away");
    date_to_text(day + (int32_t)days, later);
    lua_pushstring(L, later);
    return 1;
}

/// call.days(from: date, to: date): integer
// Calendar days, both ends counted; 0 or less when to lies before from.
static int days(lua_State *L)
{
    struct slice from = bind_check_slice(L, 1), to = bind_check_slice(L, 2);
    int32_t first, last;

    luaL_argcheck(L, date_from_text(from, &first), 1, "not a date");
    luaL_argcheck(L, date_from_text(to, &last), 2, "not a date");
    lua_pushinteger(L, (lua_Integer)last - first + 1);
    return 1;
}

/// call.holds(roles: string[]): boolean
static int holds(lua_State *L)
{
    struct call *call = bind_call(L);
    bool held = false;
    struct err err;

    luaL_checktype(L, 1, LUA_TTABLE);
    for (lua_Integer i = 1; !held && lua_rawgeti(L, 1, i) == LUA_TSTRING; i++) {
        const char *role = lua_tostring(L, -1);

        if (strcmp(role, "anyone") == 0)
            held = call->request->signed_in;
        else if (!role_is_held(call->view, call->request->org, role, &held, &err))
            script_raise(L, &err);
        lua_pop(L, 1);
    }
    lua_pushboolean(L, held);
    return 1;
}

/// call.absent()
// Ends the handler: there is no such thing, or the caller may not know of it.
static int absent(lua_State *L)
{
    struct err err;

    bind_call(L);
    err_set(&err, ERR_ABSENT, "the app says: no such thing");
    script_raise(L, &err);
}

/// call.asset(name: string): string
// The address of a built file, whose name carries its content's hash.
static int asset(lua_State *L)
{
    struct slice name = bind_check_slice(L, 1), file;
    struct arena arena = ARENA_EMPTY;

    lua_settop(L, 1);
    lua_pushvalue(L, 1);
    if (lua_rawget(L, lua_upvalueindex(1)) != LUA_TNIL)
        return 1;
    file = json_member(&arena, bind_state(L)->host->assets, (const char *)name.data);
    lua_pushliteral(L, "/static/");
    bind_push_slice(L, file.data != NULL ? file : name);
    arena_finish(&arena);
    lua_concat(L, 2);
    lua_pushvalue(L, 1);
    lua_pushvalue(L, -2);
    lua_rawset(L, lua_upvalueindex(1));
    return 1;
}

// "/o/{organisation}/{app}" where apps live, nothing for the platform.
static struct slice prefix_of(const struct state *state, struct call *call)
{
    char org[ID_TEXT_LEN + 1];

    if (call->prefix_len == 0 && !state->app->platform) {
        id_to_text(&call->request->org, org);
        call->prefix_len = (size_t)snprintf(call->prefix, sizeof call->prefix, "/o/%s/%s", org,
                                            state->app->manifest.id);
    }
    return slice_of(call->prefix, call->prefix_len);
}

// Never another host: browsers take "//x" and "/\x" for one.
static bool is_path(struct slice path)
{
    if (path.len == 0 || path.data[0] != '/' || (path.len > 1 && path.data[1] == '/'))
        return false;
    for (size_t i = 0; i < path.len; i++)
        if (path.data[i] < 0x20 || path.data[i] == 0x7f || path.data[i] == '\\')
            return false;
    return true;
}

// [-0, +1]
static void push_both(lua_State *L, struct slice first, struct slice second)
{
    luaL_Buffer both;
    char *at = luaL_buffinitsize(L, &both, first.len + second.len);

    memcpy(at, first.data, first.len);
    memcpy(at + first.len, second.data, second.len);
    luaL_pushresultsize(&both, first.len + second.len);
}

/// call.url(path: string): string
// The path for links and forms; one that is whole already stays as it is.
static int url(lua_State *L)
{
    struct slice prefix = prefix_of(bind_state(L), bind_call(L)), path = {NULL, 0};

    if (lua_type(L, 1) == LUA_TSTRING)
        path = bind_check_slice(L, 1);
    if (!is_path(path))
        return luaL_error(L, "'%s' is no path on this host", luaL_tolstring(L, 1, NULL));
    if (prefix.len == 0 || (slice_starts(path, prefix) && path.data[prefix.len] == '/'))
        lua_settop(L, 1);
    else
        push_both(L, prefix, path);
    return 1;
}

/// call.is_running(): boolean
static int is_running(lua_State *L)
{
    lua_pushboolean(L, bind_state(L)->call != NULL);
    return 1;
}

int open_core_call(lua_State *L)
{
    static const luaL_Reg functions[] = {
        {"days", days},
        {"later", later},
        {"holds", holds},
        {"absent", absent},
        {"is_running", is_running},
        {"url", url},
        {NULL, NULL},
    };

    luaL_newlib(L, functions);
    lua_newtable(L); // names already looked up
    lua_pushcclosure(L, asset, 1);
    lua_setfield(L, -2, "asset");
    lua_createtable(L, 0, 1);
    push_seen(L);
    lua_pushvalue(L, -1);
    lua_rawsetp(L, LUA_REGISTRYINDEX, NONE_KEY);
    lua_setfield(L, -2, "__index");
    lua_pushliteral(L, "__index");
    lua_rawsetp(L, LUA_REGISTRYINDEX, INDEX_KEY);
    lua_pushvalue(L, -1);
    lua_rawsetp(L, LUA_REGISTRYINDEX, MODULE_KEY);
    lua_setmetatable(L, -2);
    return 1;
}
