// SPDX-License-Identifier: Apache-2.0
// Rows of a file into an app's importer, one by one, with a word for each.
#include "bind/bind.h"

struct import {
    struct state *state;
    int instance;
    lua_Integer batch; // its number: the rows of one share what the importer keeps
    const char *importer;
    struct host_row *row;
};

static const char *keep(struct state *state, const char *text)
{
    return arena_text(state->call->view->arena, slice_text(text));
}

static void push_cells(lua_State *L, const struct host_row *row)
{
    lua_createtable(L, 0, (int)row->cell_count);
    for (size_t i = 0; i < row->cell_count; i++) {
        bind_push_slice(L, row->cells[i].name);
        bind_push_slice(L, row->cells[i].value);
        lua_rawset(L, -3);
    }
}

// door.import(instance, importer, cells, batch) → word, field?, text?
static int import_row(lua_State *L)
{
    const struct import *import = lua_touserdata(L, 1);
    struct host_row *row = import->row;

    bind_dirty_reset(L);
    lua_rawgeti(L, LUA_REGISTRYINDEX, import->state->door);
    lua_getfield(L, -1, "import");
    lua_rawgeti(L, LUA_REGISTRYINDEX, import->instance);
    lua_pushstring(L, import->importer);
    push_cells(L, row);
    lua_pushinteger(L, import->batch);
    lua_call(L, 4, 3);
    row->result = keep(import->state, luaL_checkstring(L, -3));
    row->field = keep(import->state, luaL_optstring(L, -2, ""));
    row->text = keep(import->state, luaL_optstring(L, -1, ""));
    return 0;
}

static bool has_importer(const struct app *app, const char *importer)
{
    for (size_t i = 0; i < app->importers.count; i++)
        if (strcmp(app->importers.list[i], importer) == 0)
            return true;
    return false;
}

// Each row has a budget of its own: a file is as long as it is.
static void refill(struct view *view)
{
    if (view->budget != NULL)
        *view->budget = (struct budget){.reads_max = view->budget->reads_max,
                                        .writes_max = view->budget->writes_max};
}

static bool run_rows(struct import *import, struct call *call, struct host_row *rows,
                     size_t row_count, struct err *err)
{
    struct state *state = import->state;
    bool done = true;

    import->batch = (lua_Integer)++state->uses;
    for (size_t i = 0; i < row_count && done; i++) {
        import->row = &rows[i];
        refill(call->view);
        state_allow_call(state, false);
        done = call_run(state, call, import_row, import, err);
    }
    call_finish(state, call);
    return done;
}

bool host_import(struct host *host, struct view *view, struct id org, const char *app_id,
                 const char *importer, struct host_row *rows, size_t row_count, struct err *err)
{
    struct host_request request = {.method = "IMPORT", .org = org, .app = slice_text(app_id),
                                   .path = slice_text(importer), .lang = "zh", .theme = "",
                                   .role = "", .role_org = org};
    struct call call = {.view = view, .request = &request, .write = true};
    struct app *app = host_find(host, request.app);
    struct import import = {.importer = importer};

    if (app == NULL || app->problem != NULL)
        return err_set(err, ERR_ABSENT, "there is no app '%s', or it is in quarantine", app_id);
    if (strncmp(importer, "import.", 7) == 0)
        import.importer = importer + 7;
    if (!has_importer(app, import.importer))
        return err_set(err, ERR_ABSENT, "the app '%s' has no importer '%s'", app_id,
                       import.importer);
    import.state = state_ready(app, err);
    return import.state != NULL && instance_ready(import.state, org, &import.instance, err) &&
           run_rows(&import, &call, rows, row_count, err);
}

size_t host_importers(const struct host *host, const char *app_id, const char *const **names)
{
    const struct app *app = host_find(host, slice_text(app_id));

    *names = app != NULL ? app->importers.list : NULL;
    return app != NULL ? app->importers.count : 0;
}
