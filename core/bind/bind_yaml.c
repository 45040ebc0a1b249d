// SPDX-License-Identifier: Apache-2.0
// core.yaml: language files, as nested tables of texts.
#include "bind/bind.h"
#include "config/config.h"
#include "script/sources.h"

static void push_node(lua_State *L, const struct yaml_node *node)
{
    lua_Integer count = 0;

    if (node->kind == YAML_TEXT) {
        lua_pushstring(L, node->text);
        return;
    }
    luaL_checkstack(L, 4, "nested");
    lua_newtable(L);
    for (const struct yaml_node *one = node->child; one != NULL; one = one->next) {
        push_node(L, one);
        if (node->kind == YAML_MAP)
            lua_setfield(L, -2, one->key);
        else
            lua_rawseti(L, -2, ++count);
    }
}

static bool is_file_name(struct slice name)
{
    for (size_t i = 0; i < name.len; i++) {
        uint8_t c = name.data[i];

        if (!((c >= 'a' && c <= 'z') || c == '_' || (c == '/' && i > 0)))
            return false;
    }
    return name.len > 0;
}

// The line of every text, by its keys joined with dots: {["errors.order"] = 56}. The table of
// lines is on top. [-0, +0]
static void add_lines(lua_State *L, const struct yaml_node *node, const char *prefix)
{
    luaL_checkstack(L, 4, "nested");
    for (const struct yaml_node *one = node->child; one != NULL; one = one->next) {
        lua_pushfstring(L, "%s%s", prefix, one->key != NULL ? one->key : "");
        if (one->kind == YAML_TEXT) {
            lua_pushinteger(L, one->line);
            lua_rawset(L, -3);
            continue;
        }
        lua_pushliteral(L, ".");
        lua_concat(L, 2);
        lua_insert(L, -2); // the table of lines on top, the prefix below it
        add_lines(L, one, lua_tostring(L, -2));
        lua_remove(L, -2);
    }
}

static void push_lines(lua_State *L, const struct yaml_node *node)
{
    lua_newtable(L);
    add_lines(L, node, "");
}

static int read_from(lua_State *L, const char *folder,
                     void (*push)(lua_State *L, const struct yaml_node *node))
{
    struct state *state = bind_state(L);
    struct slice name = bind_check_slice(L, 1);
    struct arena arena = ARENA_EMPTY;
    struct yaml_node *root = NULL;
    struct slice bytes;
    const char *path;
    struct err err;

    luaL_argcheck(L, is_file_name(name), 1, "a name like lang/zh");
    path = arena_format(&state->scratch, "%s/%s.yaml", folder, (const char *)name.data);
    bytes = script_sources_find(state->host->sources, path);
    if (bytes.data == NULL)
        return 0;
    if (!yaml_read_text(path, bytes, &arena, &root, &err)) {
        arena_finish(&arena);
        script_raise(L, &err);
    }
    // Language files are ours or a reviewed app's, some kilobytes: a state too full to hold one
    // is dropped anyway, and its arena would be the only thing lost with it.
    if (root == NULL)
        lua_newtable(L);
    else
        push(L, root);
    arena_finish(&arena);
    return 1;
}

/// yaml.read(name: string): table?
// A file of the app's own folder: yaml.read("lang/zh").
static int read_own(lua_State *L)
{
    return read_from(L, bind_state(L)->app->folder, push_node);
}

/// yaml.lines(name: string): table?
// Where the texts of a file of the own folder stand: {["errors.order"] = 56}.
static int lines(lua_State *L)
{
    return read_from(L, bind_state(L)->app->folder, push_lines);
}

/// yaml.platform(name: string): table?
// A file of the platform's lua/ folder.
static int platform(lua_State *L)
{
    struct state *state = bind_state(L);

    return read_from(L, arena_format(&state->scratch, "%s/lua",
                                     state->host->options.config->platform),
                     push_node);
}

/// yaml.of(app: string, name: string): table?
// A file of another app's folder, for the platform only: what a notice says.
static int of_app(lua_State *L)
{
    struct state *state = bind_state(L);
    const struct app *app = host_find(state->host, bind_check_slice(L, 1));

    if (!state->app->platform)
        return luaL_error(L, "other apps' words are for the platform");
    lua_remove(L, 1);
    return app != NULL ? read_from(L, app->folder, push_node) : 0;
}

int open_core_yaml(lua_State *L)
{
    static const luaL_Reg functions[] = {
        {"read", read_own}, {"lines", lines}, {"platform", platform}, {"of", of_app}, {NULL, NULL}};

    luaL_newlib(L, functions);
    return 1;
}
