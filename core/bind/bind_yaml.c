// SPDX-License-Identifier: Apache-2.0
// core.yaml: language files, as nested tables of texts.
#include <unistd.h>

#include "bind/bind.h"
#include "config/config.h"

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

static int read_from(lua_State *L, const char *folder)
{
    struct state *state = bind_state(L);
    struct slice name = bind_check_slice(L, 1);
    struct arena arena = ARENA_EMPTY;
    struct yaml_node *root = NULL;
    const char *path;
    struct err err;

    luaL_argcheck(L, is_file_name(name), 1, "a name like lang/zh");
    path = arena_format(&state->scratch, "%s/%s.yaml", folder, (const char *)name.data);
    if (access(path, F_OK) != 0)
        return 0;
    if (!yaml_read(path, &arena, &root, &err)) {
        arena_finish(&arena);
        script_raise(L, &err);
    }
    // Language files are ours or a reviewed app's, some kilobytes: a state too full to hold one
    // is dropped anyway, and its arena would be the only thing lost with it.
    if (root == NULL)
        lua_newtable(L);
    else
        push_node(L, root);
    arena_finish(&arena);
    return 1;
}

/// yaml.read(name: string): table?
// A file of the app's own folder: yaml.read("lang/zh").
static int read_own(lua_State *L)
{
    return read_from(L, bind_state(L)->app->folder);
}

/// yaml.platform(name: string): table?
// A file of the platform's lua/ folder.
static int platform(lua_State *L)
{
    struct state *state = bind_state(L);

    return read_from(L, arena_format(&state->scratch, "%s/lua",
                                     state->host->options.config->platform));
}

int open_core_yaml(lua_State *L)
{
    static const luaL_Reg functions[] = {{"read", read_own}, {"platform", platform}, {NULL, NULL}};

    luaL_newlib(L, functions);
    return 1;
}
