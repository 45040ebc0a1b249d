// SPDX-License-Identifier: Apache-2.0
// core.live: what is told to open pages, in the commit of the running call. A topic says once who
// may hear; the worker that holds a stream asks for each event and each listener.
#include "bind/bind.h"
#include "record/live.h"

enum { TOPIC_NAME_MAX = 40, EVENTS_MAX = 100 }; // events: of a call

static const struct host_topic *find(const struct app *app, const char *name)
{
    for (size_t i = 0; i < app->topics.count; i++)
        if (strcmp(app->topics.list[i].name, name) == 0)
            return &app->topics.list[i];
    return NULL;
}

static const char *const *keep_roles(lua_State *L, int at, struct arena *arena)
{
    size_t count = (size_t)lua_rawlen(L, at);
    const char **roles = arena_alloc(arena, (count + 1) * sizeof *roles);

    luaL_argcheck(L, count > 0, at, "a topic that nobody may hear");
    for (size_t i = 0; i < count; i++) {
        lua_rawgeti(L, at, (lua_Integer)i + 1);
        roles[i] = arena_text(arena, slice_text(luaL_checkstring(L, -1)));
        if (strcmp(roles[i], "anyone") == 0 || strcmp(roles[i], "everyone") == 0)
            luaL_error(L, "a topic names roles: '%s' would be every school's", roles[i]);
        lua_pop(L, 1);
    }
    return roles;
}

static bool is_good_name(const char *name)
{
    size_t len = strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_");

    return len > 0 && len <= TOPIC_NAME_MAX && name[len] == 0;
}

/// live.declare(name: string, of?: string, roles?: string[])
// of: who may read the record of this collection that it is about. Neither: it is told to people.
static int declare(lua_State *L)
{
    struct state *state = bind_state(L);
    struct app *app = state->app;
    struct arena *arena = &app->host->arena;
    const char *name = luaL_checkstring(L, 1), *of = luaL_optstring(L, 2, NULL);
    struct host_topic *topic = &app->topics.list[app->topics.count];

    if (!state->declaring)
        return 0;
    if (!is_good_name(name))
        return luaL_error(L, "a topic is called by up to %d of a to z, 0 to 9 and _",
                          TOPIC_NAME_MAX);
    if (find(app, name) != NULL)
        return luaL_error(L, "topic '%s' is declared twice", name);
    if (app->topics.count == NAMES_MAX)
        return luaL_error(L, "at most %d topics an app", NAMES_MAX);
    *topic = (struct host_topic){.app = app->manifest.id,
                                 .name = arena_text(arena, slice_text(name))};
    if (of != NULL)
        topic->of = arena_format(arena, "%s.%s", app->manifest.id, of);
    else if (!lua_isnoneornil(L, 3))
        topic->roles = keep_roles(L, 3, arena);
    app->topics.count++;
    return 0;
}

static void append(lua_State *L, struct call *call, const struct live_entry *entry)
{
    struct err err;

    // What is kept for who comes back is shared by all: one call does not wash it away.
    if (call->events++ >= EVENTS_MAX)
        luaL_error(L, "more than %d events in one call", EVENTS_MAX);
    if (!live_append(call->view, entry, &err))
        script_raise(L, &err);
}

static void tell_readers(lua_State *L, struct call *call, const struct host_topic *topic,
                         struct live_entry *entry)
{
    struct row *row = bind_test_row(L, 2);

    if (row == NULL || row->collection == NULL || strcmp(row->collection->full, topic->of) != 0)
        luaL_error(L, "'%s' is told about a row of %s", topic->name, topic->of);
    entry->about = row->ref;
    entry->org = row->ref.org;
    append(L, call, entry);
}

static void check_data(lua_State *L, struct slice data)
{
    luaL_argcheck(L, data.len <= LIVE_DATA_MAX, 2, "an event carries 4 KiB at most");
    for (size_t i = 0; i < data.len; i++)
        luaL_argcheck(L, data.data[i] >= 0x20, 2, "not one line");
}

// Whom the caller may not see is not told either.
static struct id check_person(lua_State *L, struct call *call, int at)
{
    const struct collection *persons = catalog_find(call->view->catalog, "base.person");
    struct record *record = NULL;
    struct ref ref;
    struct err err;

    if (persons == NULL || !bind_to_ref(L, at, persons, &ref))
        luaL_error(L, "people are rows of base.person");
    if (bind_state(L)->app->platform)
        return ref.id;
    if (!record_get(call->view, persons, ref, &record, &err))
        script_raise(L, &err);
    if (record == NULL)
        luaL_error(L, "somebody is to be told whom the caller may not see");
    return ref.id;
}

static void tell_people(lua_State *L, struct call *call, struct live_entry *entry)
{
    struct id people[LIVE_PEOPLE_MAX];
    size_t count = 0;

    luaL_checktype(L, 2, LUA_TTABLE);
    for (lua_Integer i = 1; lua_rawgeti(L, 2, i) != LUA_TNIL; i++) {
        people[count++] = check_person(L, call, lua_gettop(L));
        lua_pop(L, 1);
        if (count == LIVE_PEOPLE_MAX) {
            entry->people = slice_of(people, count * sizeof *people);
            append(L, call, entry);
            count = 0;
        }
    }
    entry->people = slice_of(people, count * sizeof *people);
    if (count > 0)
        append(L, call, entry);
}

/// live.publish(topic: string, about: row | row[] | string)
// A row for a topic of a collection, rows of persons for one of people, else JSON.
static int publish(lua_State *L)
{
    const struct app *app = bind_state(L)->app;
    const char *name = luaL_checkstring(L, 1), *known[NAMES_MAX];
    const struct host_topic *topic = find(app, name);
    struct call *call = bind_write_call(L, "an event is published");
    struct live_entry entry = {.kind = LIVE_EVENT, .app = slice_text(app->manifest.id),
                               .topic = slice_text(name), .org = call->request->org};

    if (topic == NULL) {
        for (size_t i = 0; i < app->topics.count; i++)
            known[i] = app->topics.list[i].name;
        bind_raise_unknown(L, "topic", name, app->manifest.id, known, app->topics.count);
    }
    if (topic->of != NULL) {
        tell_readers(L, call, topic, &entry);
    } else if (topic->roles != NULL) {
        entry.data = bind_check_slice(L, 2);
        check_data(L, entry.data);
        append(L, call, &entry);
    } else {
        tell_people(L, call, &entry);
    }
    return 0;
}

/// live.position(): integer?
// The number of the last event that the page has seen; nil in a write, which knows no such moment.
static int position(lua_State *L)
{
    struct call *call = bind_call(L);
    uint64_t number;
    struct err err;

    if (call->write)
        return 0;
    if (!store_log_last(call->view->txn, LIVE_LOG, &number, &err))
        script_raise(L, &err);
    lua_pushinteger(L, (lua_Integer)number);
    return 1;
}

int open_core_live(lua_State *L)
{
    static const luaL_Reg functions[] = {
        {"declare", declare}, {"publish", publish}, {"position", position}, {NULL, NULL}};

    luaL_newlib(L, functions);
    return 1;
}

const struct host_topic *host_find_topic(const struct host *host, struct slice app_id,
                                         struct slice name)
{
    const struct app *app = host_find(host, app_id);

    for (size_t i = 0; app != NULL && app->problem == NULL && i < app->topics.count; i++)
        if (slice_is(name, app->topics.list[i].name))
            return &app->topics.list[i];
    return NULL;
}
