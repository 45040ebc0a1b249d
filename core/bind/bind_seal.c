// SPDX-License-Identifier: Apache-2.0
// core.seal: entries of an app's own chained logs, which «shuyuan audit verify» checks with all others.
#include <ctype.h>

#include "bind/bind.h"

enum { NAME_LEN_MAX = 40, VALUES_MAX = 4096 }; // bytes

static void check_name(lua_State *L, struct slice name)
{
    bool good = name.len > 0 && name.len <= NAME_LEN_MAX;

    for (size_t i = 0; i < name.len && good; i++)
        good = islower(name.data[i]) || name.data[i] == '_';
    luaL_argcheck(L, good, 1, "the name of a log is small letters and _, at most 40");
}

static void count_write(lua_State *L, struct budget *budget)
{
    if (budget->writes >= budget->writes_max)
        luaL_error(L, "more than %d records written", (int)budget->writes_max);
    budget->writes++;
}

/// seal.append(log: string, values: string)
// Where and by whom is told by the platform; the time stands in the log's own entry.
static int append(lua_State *L)
{
    const struct app *app = bind_state(L)->app;
    struct slice name = bind_check_slice(L, 1), values = bind_check_slice(L, 2);
    struct call *call = bind_write_call(L, "something is sealed");
    struct view *view = call->view;
    char org[ID_TEXT_LEN + 1], actor[ID_TEXT_LEN + 1] = "";
    const char *log, *entry;
    struct err err;

    check_name(L, name);
    luaL_argcheck(L, values.len <= VALUES_MAX, 2, "at most 4 KiB are sealed at a time");
    count_write(L, view->budget);
    id_to_text(&call->request->org, org);
    if (view->who != NULL && !id_is_zero(&view->who->person))
        id_to_text(&view->who->person, actor);
    log = arena_format(view->arena, "#%s.%.*s", app->manifest.id, (int)name.len, (const char *)name.data);
    entry = arena_format(view->arena, "{\"org\":\"%s\",\"actor\":\"%s\",\"values\":%.*s}", org, actor,
                         (int)values.len, (const char *)values.data);
    if (!store_append(view->txn, log, slice_text(entry), &err))
        script_raise(L, &err);
    return 0;
}

int open_core_seal(lua_State *L)
{
    static const luaL_Reg functions[] = {{"append", append}, {NULL, NULL}};

    luaL_newlib(L, functions);
    return 1;
}
