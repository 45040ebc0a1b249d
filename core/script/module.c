// SPDX-License-Identifier: Apache-2.0
// require, compiling and files. A file is compiled once a state (the platform's own: once for all
// states) into a function whose first argument is the globals it runs with: `local _ENV = ...`
// stands before its first line, so that running it again in another room shares its code and
// nothing else.
#include "script/sources.h"
#include "script/state.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

enum { PIECE = 1024 };

#define ROOM_HEAD "local _ENV = ...;"

static bool is_path(const char *path)
{
    for (const char *at = path; *at != 0; at++)
        if (!isalnum((unsigned char)*at) && strchr("_-./", *at) == NULL)
            return false;
    return *path != 0 && *path != '/' && strlen(path) <= 200 && strstr(path, "..") == NULL;
}

static bool is_module(const char *name)
{
    for (const char *at = name; *at != 0; at++)
        if (!isalnum((unsigned char)*at) && *at != '_' && *at != '.')
            return false;
    return *name != 0 && *name != '.' && strlen(name) <= 100 && strstr(name, "..") == NULL;
}

static void add_folder(struct script *script, const char *path, enum script_room room)
{
    struct folder *folder = mem_zero(sizeof *folder), **last = &script->folders;
    size_t len;

    folder->path = mem_text(path);
    folder->room = room;
    for (len = strlen(path); len > 1 && folder->path[len - 1] == '/'; len--)
        folder->path[len - 1] = 0;
    folder->label =
        strrchr(folder->path, '/') != NULL ? strrchr(folder->path, '/') + 1 : folder->path;
    while (*last != NULL)
        last = &(*last)->next;
    *last = folder;
}

void script_library(struct script *script, const char *folder)
{
    add_folder(script, folder, SCRIPT_LIBRARY);
}

void script_folder(struct script *script, const char *folder)
{
    add_folder(script, folder, SCRIPT_APP);
}

void script_read_from(struct script *script, struct script_sources *sources)
{
    script->sources = sources;
}

static bool keep_text(struct buffer *text, size_t len, const char *path, struct err *err)
{
    text->len += len;
    if (len <= FILE_MAX)
        return true;
    text->len -= len;
    return err_set(err, ERR_LIMIT, "%s is longer than 256 KiB", path);
}

static bool read_disk(const char *full, struct buffer *text, struct err *err)
{
    FILE *file = fopen(full, "re");
    size_t len;
    bool failed;

    if (file == NULL)
        return err_set(err, ERR_ABSENT, "there is no %s", full);
    len = fread(buffer_room(text, FILE_MAX + 1), 1, FILE_MAX + 1, file);
    failed = ferror(file);
    fclose(file);
    return failed ? err_set(err, ERR_IO, "%s: %s", full, strerror(errno))
                  : keep_text(text, len, full, err);
}

// ERR_ABSENT when the folder does not have it.
static bool read_file(const struct script *script, const struct folder *folder, const char *path,
                      struct buffer *text, struct err *err)
{
    struct slice known;
    char full[1024];

    if (snprintf(full, sizeof full, "%s/%s", folder->path, path) >= (int)sizeof full)
        return err_set(err, ERR_ABSENT, "%s is a long name", path);
    if (script->sources == NULL)
        return read_disk(full, text, err);
    known = script_sources_find(script->sources, full);
    if (known.data == NULL)
        return err_set(err, ERR_ABSENT, "there is no %s", path);
    if (known.len > FILE_MAX)
        return err_set(err, ERR_LIMIT, "%s is longer than 256 KiB", path);
    buffer_bytes(text, known.data, known.len);
    return true;
}

// The first folder of the room that has the file; its label goes to *label.
static bool read_in(struct script *script, enum script_room room, const char *path,
                    struct buffer *text, const char **label, struct err *err)
{
    for (struct folder *folder = script->folders; folder != NULL; folder = folder->next) {
        bool done = folder->room == room && read_file(script, folder, path, text, err);

        if (folder->room != room || (!done && err->code == ERR_ABSENT))
            continue;
        *label = folder->label;
        return done;
    }
    return err_set(err, ERR_ABSENT, "there is no %s", path);
}

bool script_read(struct script *script, enum script_room room, const char *path,
                 struct buffer *text, struct err *err)
{
    const char *label;

    if (!is_path(path))
        return err_set(err, ERR_INPUT, "not a file name: %.100s", path);
    return read_in(script, room, path, text, &label, err);
}

struct source {
    struct slice head, text;
};

// A source is given in pieces, for there are texts that cost the compiler the square of their
// length, and no hook stops it; between two pieces the deadline does.
static const char *next_piece(lua_State *L, void *context, size_t *len)
{
    struct source *source = context;
    struct slice piece = source->head;

    deadline_check(L);
    if (piece.len == 0) {
        piece = source->text;
        if (piece.len > PIECE)
            piece.len = PIECE;
        source->text = slice_of(source->text.data + piece.len, source->text.len - piece.len);
    }
    source->head.len = 0;
    *len = piece.len;
    return (const char *)piece.data;
}

static size_t count_word(struct slice text, const char *word)
{
    size_t len = strlen(word), count = 0;
    const uint8_t *at = text.data, *end = text.data + text.len;

    for (; (at = memmem(at, (size_t)(end - at), word, len)) != NULL; at += len)
        count++;
    return count;
}

int module_load(lua_State *L, struct slice text, const char *name, bool in_room)
{
    struct source source = {slice_text(in_room ? ROOM_HEAD : ""), text};

    if (count_word(text, "goto") + count_word(text, "break") > JUMPS_MAX) {
        lua_pushfstring(L, "more than %d goto and break in a source", JUMPS_MAX);
        return LUA_ERRSYNTAX;
    }
    return lua_load(L, next_piece, &source, name, "t");
}

struct found {
    struct slice code; // of a file of the platform; data NULL: there is only the text
    struct buffer text;
    char name[256]; // "@leave/main.lua"
};

static bool find_code(struct script *script, const char *path, struct found *found)
{
    char full[1024];

    for (struct folder *folder = script->folders; folder != NULL; folder = folder->next) {
        snprintf(full, sizeof full, "%s/%s", folder->path, path);
        if (folder->room != SCRIPT_LIBRARY || script->sources == NULL ||
            script_sources_find(script->sources, full).data == NULL)
            continue;
        snprintf(found->name, sizeof found->name, "@%s/%s", folder->label, path);
        found->code = script_sources_code(script->sources, full, found->name, ROOM_HEAD);
        return found->code.data != NULL;
    }
    return false;
}

// Tries the rooms that the asking room may read.
static bool find(struct script *script, const char *module, bool library, struct found *found,
                 struct err *err)
{
    char path[128];
    const char *label;
    bool is_found;

    snprintf(path, sizeof path, "%s", module);
    for (char *at = path; *at != 0; at++)
        if (*at == '.')
            *at = '/';
    snprintf(path + strlen(path), sizeof path - strlen(path), ".lua");
    if (library && find_code(script, path, found))
        return true;
    is_found = library && read_in(script, SCRIPT_LIBRARY, path, &found->text, &label, err);
    if (!is_found && !(library && err->code != ERR_ABSENT))
        is_found = read_in(script, SCRIPT_APP, path, &found->text, &label, err);
    if (is_found)
        snprintf(found->name, sizeof found->name, "@%s/%s", label, path);
    return is_found;
}

static int load_found(lua_State *L, const struct found *found)
{
    if (found->code.data == NULL)
        return module_load(L, buffer_view(&found->text), found->name, true);
    return luaL_loadbufferx(L, (const char *)found->code.data, found->code.len, found->name, "b");
}

// Leaves the compiled file on the stack, from the state's memory or from disk: [-0, +1].
// The text is released before anything here may raise.
static void push_chunk(lua_State *L, const char *module, bool library)
{
    struct script *script = script_of(L);
    struct found found = {.text = BUFFER_EMPTY};
    struct err err = {0};
    int status = LUA_OK;

    lua_rawgeti(L, LUA_REGISTRYINDEX, script->chunks);
    lua_pushfstring(L, "%s:%s", library ? "library" : "app", module);
    lua_pushvalue(L, -1);
    if (lua_rawget(L, -3) == LUA_TNIL) {
        bool done = find(script, module, library, &found, &err);

        lua_pop(L, 1);
        if (done)
            status = load_found(L, &found);
        buffer_finish(&found.text);
        if (!done && err.code == ERR_ABSENT)
            luaL_error(L, "there is no module '%s'", module);
        if (!done)
            script_raise(L, &err);
        if (status != LUA_OK)
            lua_error(L);
        lua_pushvalue(L, -2);
        lua_pushvalue(L, -2);
        lua_rawset(L, -5);
    }
    lua_replace(L, -3);
    lua_pop(L, 1);
}

// Runs what makes the module: a C function of the library room or a file. [-0, +1]
static void make_module(lua_State *L, const char *name)
{
    bool library = lua_toboolean(L, lua_upvalueindex(3));

    if (library) {
        lua_rawgeti(L, LUA_REGISTRYINDEX, script_of(L)->modules);
        if (lua_getfield(L, -1, name) == LUA_TFUNCTION) {
            lua_call(L, 0, 1);
            return;
        }
    }
    push_chunk(L, name, library);
    lua_pushvalue(L, lua_upvalueindex(2));
    lua_call(L, 1, 1);
}

/// require(name: string): any
int module_require(lua_State *L)
{
    const char *name = luaL_checkstring(L, 1);
    int loaded = lua_upvalueindex(1);

    if (lua_getfield(L, loaded, name) != LUA_TNIL) {
        if (lua_isboolean(L, -1) && !lua_toboolean(L, -1))
            return luaL_error(L, "module '%s' requires itself, or failed before", name);
        return 1;
    }
    if (!is_module(name))
        return luaL_error(L, "not a module name: '%s'", name);
    lua_pushboolean(L, 0);
    lua_setfield(L, loaded, name);
    make_module(L, name);
    if (!lua_toboolean(L, -1))
        lua_pushboolean(L, 1);
    lua_pushvalue(L, -1);
    lua_setfield(L, loaded, name);
    return 1;
}

static int add_module(lua_State *L)
{
    lua_rawgeti(L, LUA_REGISTRYINDEX, script_of(L)->modules);
    lua_pushcfunction(L, *(lua_CFunction *)lua_touserdata(L, 2));
    lua_setfield(L, -2, lua_touserdata(L, 1));
    return 0;
}

bool script_module(struct script *script, const char *name, lua_CFunction open, struct err *err)
{
    lua_State *L = script_state(script);

    lua_pushcfunction(L, add_module);
    lua_pushlightuserdata(L, (void *)name);
    lua_pushlightuserdata(L, &open);
    return script_call(script, 2, 0, err);
}

struct compile {
    struct slice text;
    const char *name;
};

static int compile(lua_State *L)
{
    struct compile *order = lua_touserdata(L, 1);

    if (module_load(L, order->text, order->name, false) != LUA_OK)
        return lua_error(L);
    return 1;
}

bool script_compile(struct script *script, struct slice text, const char *name, struct err *err)
{
    struct compile order = {text, name};
    lua_State *L = script_state(script);

    if (text.len > FILE_MAX)
        return err_set(err, ERR_LIMIT, "%s is longer than 256 KiB", name);
    lua_pushcfunction(L, compile);
    lua_pushlightuserdata(L, &order);
    return script_call(script, 1, 1, err);
}
