// SPDX-License-Identifier: Apache-2.0
// core.test: what lua/app/test.lua does in a world: organisations, grants, calls as somebody, jobs,
// records as they are. Values are texts, as forms and files send them.
#include "auth/auth.h"
#include "base/json.h"
#include "bind/pure.h"
#include "bind/trial_inside.h"
#include "blob/file.h"
#include "blob/kind.h"
#include "crypto/crypto.h"
#include "script/sources.h"

enum { FIELDS_SENT_MAX = 64, ROWS_MAX = 1000 };

static struct trial *trial_of(lua_State *L)
{
    struct trial *trial = script_owner(L);

    if (trial->world == NULL)
        luaL_error(L, "there is a world only while a test runs");
    return trial;
}

static const struct trial_world *world_of(lua_State *L)
{
    return trial_of(L)->world;
}

// Everything that opens a transaction: it is over when the next one begins or the test ends.
static struct view *begin(lua_State *L, bool write)
{
    const struct trial_world *world = world_of(L);
    struct view *view;
    struct err err;

    if (!world->begin(world->context, write, &view, &err))
        script_raise(L, &err);
    return view;
}

static void commit(lua_State *L)
{
    const struct trial_world *world = world_of(L);
    struct err err;

    if (!world->commit(world->context, &err))
        script_raise(L, &err);
}

static const char *text_of(lua_State *L, int at, const char *key, const char *otherwise)
{
    const char *text;

    lua_getfield(L, at, key);
    text = luaL_optstring(L, -1, otherwise); // the table keeps it
    lua_pop(L, 1);
    return text;
}

static struct id id_of(lua_State *L, const char *text)
{
    struct id id = {{0}};

    if (text != NULL && !id_from_text(slice_text(text), &id))
        luaL_error(L, "'%s' is no id", text);
    return id;
}

// The table of texts at the given index as parameters in the view's memory.
static size_t read_params(lua_State *L, int at, struct arena *arena,
                          struct host_param params[FIELDS_SENT_MAX])
{
    size_t count = 0;

    if (lua_isnoneornil(L, at))
        return 0;
    luaL_checktype(L, at, LUA_TTABLE);
    at = lua_absindex(L, at);
    for (lua_pushnil(L); lua_next(L, at) != 0; lua_pop(L, 1)) {
        if (count == FIELDS_SENT_MAX || lua_type(L, -2) != LUA_TSTRING ||
            lua_type(L, -1) != LUA_TSTRING)
            luaL_error(L, "at most %d texts by name are sent", FIELDS_SENT_MAX);
        params[count++] = (struct host_param){arena_slice(arena, bind_check_slice(L, -2)),
                                              arena_slice(arena, bind_check_slice(L, -1))};
    }
    return count;
}

// Organisations and people ---------------------------------------------------------------------

/// test.org{kind: string, code: string, name: string, parent?: string}: string
static int add_org(lua_State *L)
{
    const struct trial_world *world = world_of(L);
    struct tree_org org = {.kind = text_of(L, 1, "kind", NULL), .name = text_of(L, 1, "name", NULL),
                           .name_en = text_of(L, 1, "name_en", ""),
                           .code = text_of(L, 1, "code", NULL)};
    struct problem problem = {"", ""};
    struct err err = {ERR_NONE, ""};

    org.parent = id_of(L, text_of(L, 1, "parent", NULL));
    if (!tree_add(begin(L, true), &org, &problem, &err) ||
        (id_is_zero(&org.parent) && !world->set_root(world->context, org.id, &err)))
        return err.code != ERR_NONE ? script_raise(L, &err)
                                    : luaL_error(L, "the organisation: %s %s", problem.field,
                                                 problem.word);
    commit(L);
    bind_push_id(L, &org.id);
    return 1;
}

/// test.grant(person: string, role: string, org: string)
static int grant(lua_State *L)
{
    struct id person = id_of(L, luaL_checkstring(L, 1)), at = id_of(L, luaL_checkstring(L, 3));
    const char *role = luaL_checkstring(L, 2);
    struct err err;

    if (!auth_grant_add(begin(L, true), person, role, at, &err))
        script_raise(L, &err);
    commit(L);
    return 0;
}

// Records as they are --------------------------------------------------------------------------

static const struct collection *check_collection(lua_State *L, int at)
{
    const char *name = luaL_checkstring(L, at);
    const struct collection *collection = catalog_find(trial_of(L)->host->catalog, name);

    if (collection == NULL)
        luaL_error(L, "there is no collection '%s'", name);
    return collection;
}

static struct value *read_values(lua_State *L, int at, const struct collection *collection,
                                 struct arena *arena, uint64_t *given)
{
    struct value *values = arena_alloc(arena, FIELDS_MAX * sizeof *values);

    *given = 0;
    luaL_checktype(L, at, LUA_TTABLE);
    for (lua_pushnil(L); lua_next(L, at) != 0; lua_pop(L, 1)) {
        struct slice name = bind_check_slice(L, -2);
        int field = collection_field(collection, name);

        if (field < 0)
            luaL_error(L, "'%s' has no field '%s'", collection->full, (const char *)name.data);
        if (!bind_value_from_text(arena, bind_check_slice(L, -1), &collection->fields[field],
                                  &values[field]))
            luaL_error(L, "'%s' does not take this value", (const char *)name.data);
        *given |= UINT64_C(1) << field;
    }
    return values;
}

/// test.plant(collection: string, org: string, values: table): string
// A record as the system writes one: rules and the app's own check are not asked.
static int plant(lua_State *L)
{
    const struct collection *collection = check_collection(L, 1);
    struct id org = id_of(L, luaL_checkstring(L, 2));
    struct view *view = begin(L, true);
    struct problem problem = {"", ""};
    struct err err = {ERR_NONE, ""};
    struct record *record;
    uint64_t given;
    char text[REF_TEXT_LEN + 1];

    if (!record_create(view, collection, collection->instance ? view->root : org,
                       read_values(L, 3, collection, view->arena, &given), &record, &problem, &err))
        return err.code != ERR_NONE ? script_raise(L, &err)
                                    : luaL_error(L, "%s: %s: %s", collection->full, problem.field,
                                                 problem.word);
    ref_to_text(&record->ref, text);
    commit(L);
    lua_pushlstring(L, text, REF_TEXT_LEN);
    return 1;
}

/// test.file(person: string, org: string, kind: string, size: integer): string
// What the store knows of a file that a person has uploaded; tests of apps read no bytes.
static int add_file(lua_State *L)
{
    struct id person = id_of(L, luaL_checkstring(L, 1)), org = id_of(L, luaL_checkstring(L, 2));
    const struct blob_limits limits = {INT64_MAX, INT64_MAX, 86400000};
    const char *kind = luaL_checkstring(L, 3);
    uint64_t size = (uint64_t)luaL_checkinteger(L, 4);
    struct view *view = begin(L, true);
    struct blob_content content = {.size = size, .kind = kind, .chunks = BUFFER_EMPTY};
    struct blob_file file = {.id = id_make(view->clock, view->random), .person = person,
                             .org = org, .length = size, .name = slice_text(kind),
                             .made_ms = clock_wall_ms(view->clock)};
    struct err err;

    luaL_argcheck(L, strcmp(kind_named(kind)->name, kind) == 0, 3, "no kind of file");
    digest_sha256(slice_of(file.id.bytes, ID_LEN), content.digest);
    if (!blob_file_announce(view->txn, &limits, &file, &err) ||
        !blob_file_complete(view->txn, &file, &content, &err))
        script_raise(L, &err);
    commit(L);
    bind_push_id(L, &file.id);
    return 1;
}

// The filters that the values of a query are.
static struct query query_of(lua_State *L, const struct collection *collection, struct view *view,
                             struct id org)
{
    struct filter *filters = arena_alloc(view->arena, FIELDS_MAX * sizeof *filters);
    uint64_t given;
    struct value *values = read_values(L, 3, collection, view->arena, &given);
    struct query query = {.collection = collection, .org = collection->instance ? view->root : org,
                          .filters = filters, .order = -1, .ascending = true, .limit = ROWS_MAX};

    for (size_t i = 0; i < collection->field_count; i++)
        if ((given >> i & 1) != 0)
            filters[query.filter_count++] = (struct filter){(int)i, FILTER_IS, values[i]};
    return query;
}

/// test.find(collection: string, org: string, values: table): string
// The records of an organisation as JSON, oldest first, as the system sees them.
static int find(lua_State *L)
{
    const struct collection *collection = check_collection(L, 1);
    struct id org = id_of(L, luaL_checkstring(L, 2));
    struct view *view = begin(L, false);
    struct query query = query_of(L, collection, view, org);
    struct buffer *json = bind_push_buffer(L);
    struct record **records;
    struct err err;
    size_t count;

    if (!record_query(view, &query, &records, &count, &err))
        script_raise(L, &err);
    buffer_text(json, "[");
    for (size_t i = 0; i < count; i++) {
        buffer_text(json, i > 0 ? "," : "");
        if (!record_to_json(json, view, records[i], &err))
            script_raise(L, &err);
    }
    buffer_text(json, "]");
    bind_push_slice(L, buffer_view(json));
    return 1;
}

/// test.import(org: string, app: string, importer: string, cells: table): string, string, string
static int import(lua_State *L)
{
    struct id org = id_of(L, luaL_checkstring(L, 1));
    const char *app = luaL_checkstring(L, 2), *importer = luaL_checkstring(L, 3);
    struct view *view = begin(L, true);
    struct host_param cells[FIELDS_SENT_MAX];
    struct host_row row = {.line = 2, .cells = cells};
    struct script *script = script_of(L);
    struct err err;
    bool done;

    row.cell_count = read_params(L, 4, view->arena, cells);
    script_pause(script);
    done = host_import(trial_of(L)->host, view, org, app, importer, &row, 1, &err);
    script_resume(script);
    if (!done)
        script_raise(L, &err);
    lua_pushstring(L, row.result);
    lua_pushstring(L, row.field != NULL ? row.field : "");
    lua_pushstring(L, row.text != NULL ? row.text : "");
    if (strcmp(row.result, "refused") != 0)
        commit(L);
    return 3;
}

// Calls ----------------------------------------------------------------------------------------

struct ask {
    struct host_request request;
    struct host_answer answer;
    struct principal who;
    struct host_param query[FIELDS_SENT_MAX], form[FIELDS_SENT_MAX];
    struct err err;
    bool write, done;
};

static bool flag_of(lua_State *L, const char *key)
{
    bool flag;

    lua_getfield(L, 1, key);
    flag = lua_toboolean(L, -1);
    lua_pop(L, 1);
    return flag;
}

// The request that stands in the table at 1, for a view.
static void read_ask(lua_State *L, struct ask *ask, struct view *view)
{
    struct id person = id_of(L, text_of(L, 1, "person", NULL));

    ask->request = (struct host_request){
        .method = text_of(L, 1, "method", NULL), .org = id_of(L, text_of(L, 1, "org", NULL)),
        .app = slice_text(text_of(L, 1, "app", NULL)),
        .path = slice_text(text_of(L, 1, "path", NULL)), .query = ask->query, .form = ask->form,
        .lang = text_of(L, 1, "lang", "zh"), .theme = "", .name = text_of(L, 1, "name", ""),
        .role = text_of(L, 1, "role", ""), .csrf = "csrf", .write_key = "key", .nonce = "nonce",
        .request_id = "test", .signed_in = !id_is_zero(&person), .program = flag_of(L, "program")};
    ask->request.role_org = id_of(L, text_of(L, 1, "role_org", NULL));
    if (text_of(L, 1, "subject", NULL) != NULL &&
        !ref_from_text(slice_text(text_of(L, 1, "subject", NULL)), &ask->request.subject))
        luaL_error(L, "whom somebody acts for is given by an id");
    lua_getfield(L, 1, "query");
    ask->request.query_count = read_params(L, -1, view->arena, ask->query);
    lua_getfield(L, 1, "form");
    ask->request.form_count = read_params(L, -1, view->arena, ask->form);
    lua_pop(L, 2);
    if (!id_is_zero(&person) && !auth_principal(view, person, &ask->who, &ask->err))
        script_raise(L, &ask->err);
}

static void run_once(lua_State *L, struct ask *ask)
{
    struct host *host = trial_of(L)->host;
    struct view *view = begin(L, strcmp(text_of(L, 1, "method", ""), "GET") != 0);

    ask->who = (struct principal){0};
    ask->err = (struct err){ERR_NONE, ""};
    read_ask(L, ask, view);
    view->who = &ask->who;
    script_pause(script_of(L));
    ask->done = host_route(host, view, &ask->request, &ask->write, &ask->err) &&
                host_call(host, view, &ask->request, &ask->answer, &ask->err);
    script_resume(script_of(L));
}

static void set_text(lua_State *L, const char *key, const char *text)
{
    lua_pushstring(L, text); // nil for NULL
    lua_setfield(L, -2, key);
}

static void push_answer(lua_State *L, const struct ask *ask)
{
    lua_newtable(L);
    if (!ask->done) {
        set_text(L, "fault", ask->err.text);
        set_text(L, "code", err_word(ask->err.code));
        return;
    }
    lua_pushinteger(L, ask->answer.status);
    lua_setfield(L, -2, "status");
    set_text(L, "type", ask->answer.type);
    set_text(L, "location", ask->answer.location);
    set_text(L, "field", ask->answer.field);
    set_text(L, "word", ask->answer.word);
    bind_push_slice(L, ask->answer.body);
    lua_setfield(L, -2, "body");
}

/// test.call(request: table): table
// Runs twice, as after a conflict: what the first run did is dropped, and the second, which finds
// what was compiled and looked up by the first, is the one that counts.
static int call(lua_State *L)
{
    struct ask *ask = lua_newuserdatauv(L, sizeof *ask, 0);
    struct host_use before = *world_of(L)->use;

    luaL_checktype(L, 1, LUA_TTABLE);
    run_once(L, ask);
    *world_of(L)->use = before;
    run_once(L, ask);
    push_answer(L, ask);
    if (ask->done && ask->answer.writes)
        commit(L);
    return 1;
}

/// test.run_jobs(): integer
static int run_jobs(lua_State *L)
{
    const struct trial_world *world = world_of(L);
    struct err err;
    size_t done;
    bool ran;

    script_pause(script_of(L));
    ran = world->run_jobs(world->context, &done, &err);
    script_resume(script_of(L));
    if (!ran)
        script_raise(L, &err);
    lua_pushinteger(L, (lua_Integer)done);
    return 1;
}

/// test.now(ms: integer?): integer
static int now(lua_State *L)
{
    const struct trial_world *world = world_of(L);

    if (!lua_isnoneornil(L, 1))
        world->set_now(world->context, (int64_t)luaL_checkinteger(L, 1));
    lua_pushinteger(L, (lua_Integer)world->now_ms(world->context));
    return 1;
}

/// test.use(): table – of all calls since the last time it was asked
static int use(lua_State *L)
{
    struct host_use *use = world_of(L)->use;

    lua_newtable(L);
    lua_pushinteger(L, (lua_Integer)use->steps);
    lua_setfield(L, -2, "steps");
    lua_pushinteger(L, (lua_Integer)(use->memory + 1023) / 1024);
    lua_setfield(L, -2, "kib");
    lua_pushinteger(L, use->reads);
    lua_setfield(L, -2, "reads");
    lua_pushinteger(L, use->writes);
    lua_setfield(L, -2, "writes");
    *use = (struct host_use){0};
    return 1;
}

// Apps -----------------------------------------------------------------------------------------

static void push_world(lua_State *L, const struct app *app, lua_Integer at)
{
    struct arena arena = ARENA_EMPTY;
    struct slice text = script_sources_find(
        app->host->sources, arena_format(&arena, "%s/test/world.lua", app->folder));

    arena_finish(&arena);
    if (text.data != NULL) {
        lua_createtable(L, 0, 2);
        lua_pushstring(L, app->manifest.id);
        lua_setfield(L, -2, "app");
        bind_push_slice(L, text);
        lua_setfield(L, -2, "text");
        lua_rawseti(L, -2, at);
    }
}

/// test.worlds(): {app: string, text: string}[]
// test/world.lua of the apps that the one under test stands on, and its own last.
static int worlds(lua_State *L)
{
    const struct trial *trial = script_owner(L);
    const struct host *host = trial->host;

    lua_newtable(L);
    for (size_t i = 0; i < host->app_count; i++) {
        const struct need *need = trial->app->manifest.needs;

        while (need != NULL && strcmp(need->app, host->apps[i].manifest.id) != 0)
            need = need->next;
        if (need != NULL)
            push_world(L, &host->apps[i], (lua_Integer)lua_rawlen(L, -1) + 1);
    }
    push_world(L, trial->app, (lua_Integer)lua_rawlen(L, -1) + 1);
    return 1;
}

/// test.place(): string – the line of the app's tests that is running
static int place(lua_State *L)
{
    char text[SCRIPT_PLACE_MAX];

    lua_pushstring(L, script_place(L, text) ? text : "");
    return 1;
}

int open_core_test(lua_State *L)
{
    static const luaL_Reg functions[] = {
        {"org", add_org}, {"grant", grant},       {"plant", plant}, {"find", find},   {"file", add_file},
        {"import", import}, {"call", call},       {"run_jobs", run_jobs}, {"now", now},
        {"use", use},     {"worlds", worlds},     {"place", place}, {NULL, NULL}};
    const struct trial *trial = script_owner(L);

    luaL_newlib(L, functions);
    lua_pushstring(L, trial->app->manifest.id);
    lua_setfield(L, -2, "app");
    return 1;
}
