// SPDX-License-Identifier: Apache-2.0
#include "script/sources.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <lauxlib.h>

#include "base/buffer.h"
#include "base/mem.h"

enum { DEPTH_MAX = 8, PIECE = 64 * 1024 };
static const size_t bytes_most = 64 << 20;

struct source {
    const char *path;
    struct slice text, code; // code: data NULL until somebody wants it
};

struct script_sources {
    struct arena arena;
    struct source *list; // in the order of their paths
    size_t count, room, bytes;
};

struct script_sources *script_sources_create(void)
{
    return mem_zero(sizeof(struct script_sources));
}

void script_sources_destroy(struct script_sources *sources)
{
    if (sources == NULL)
        return;
    arena_finish(&sources->arena);
    free(sources->list);
    free(sources);
}

static bool is_source(const char *name)
{
    static const char *const kinds[] = {".lua", ".html", ".yaml"};
    const char *dot = strrchr(name, '.');

    for (size_t i = 0; dot != NULL && i < sizeof kinds / sizeof *kinds; i++)
        if (strcmp(dot, kinds[i]) == 0)
            return true;
    return false;
}

static void keep(struct script_sources *sources, const char *path, struct slice text)
{
    if (sources->count == sources->room) {
        sources->room = sources->room * 2 + 64;
        sources->list = mem_resize(sources->list, sources->room * sizeof *sources->list);
    }
    if (text.len == 0)
        text = slice_text(""); // an empty file is there all the same
    sources->list[sources->count++] =
        (struct source){.path = path, .text = arena_slice(&sources->arena, text)};
    sources->bytes += text.len;
}

// A file that is gone by now was never there.
static bool add_file(struct script_sources *sources, const char *path, struct err *err)
{
    struct buffer text = BUFFER_EMPTY;
    FILE *file = fopen(path, "re");
    size_t got = 1;

    if (file == NULL)
        return errno == ENOENT || err_set(err, ERR_IO, "open %s: %s", path, strerror(errno));
    while (got > 0 && sources->bytes + text.len <= bytes_most) {
        got = fread(buffer_room(&text, PIECE), 1, PIECE, file);
        text.len += got;
    }
    keep(sources, path, buffer_view(&text));
    buffer_finish(&text);
    fclose(file);
    return sources->bytes <= bytes_most ||
           err_set(err, ERR_LIMIT, "more than %zu MiB of Lua, pages and words", bytes_most >> 20);
}

static bool add_folder(struct script_sources *sources, const char *folder, int depth,
                       struct err *err)
{
    DIR *open = opendir(folder);
    struct dirent *entry;
    bool done = true;

    if (open == NULL)
        return errno == ENOENT || err_set(err, ERR_IO, "open %s: %s", folder, strerror(errno));
    while (done && (entry = readdir(open)) != NULL) {
        const char *path;
        struct stat about;

        if (entry->d_name[0] == '.')
            continue;
        path = arena_format(&sources->arena, "%s/%s", folder, entry->d_name);
        if (stat(path, &about) != 0)
            continue;
        if (S_ISDIR(about.st_mode))
            done = depth >= DEPTH_MAX || add_folder(sources, path, depth + 1, err);
        else if (is_source(entry->d_name))
            done = add_file(sources, path, err);
    }
    closedir(open);
    return done;
}

static int by_path(const void *a, const void *b)
{
    return strcmp(((const struct source *)a)->path, ((const struct source *)b)->path);
}

bool script_sources_add(struct script_sources *sources, const char *folder, struct err *err)
{
    bool done = add_folder(sources, folder, 0, err);

    if (sources->count > 0)
        qsort(sources->list, sources->count, sizeof *sources->list, by_path);
    return done;
}

static struct source *find(const struct script_sources *sources, const char *path)
{
    struct source wanted = {.path = path};

    return sources->count == 0 ? NULL : bsearch(&wanted, sources->list, sources->count,
                                                sizeof *sources->list, by_path);
}

struct slice script_sources_find(const struct script_sources *sources, const char *path)
{
    const struct source *found = find(sources, path);

    return found != NULL ? found->text : (struct slice){NULL, 0};
}

static int keep_piece(lua_State *L, const void *bytes, size_t len, void *context)
{
    (void)L;
    buffer_bytes(context, bytes, len);
    return 0;
}

// In a state of its own, so that it costs those that want it the same, whoever is the first.
static void compile(struct script_sources *sources, struct source *source, const char *name,
                    const char *head)
{
    struct buffer text = BUFFER_EMPTY, code = BUFFER_EMPTY;
    lua_State *L = luaL_newstate();

    buffer_text(&text, head);
    buffer_bytes(&text, source->text.data, source->text.len);
    if (L != NULL &&
        luaL_loadbufferx(L, (const char *)text.data, text.len, name, "t") == LUA_OK &&
        lua_dump(L, keep_piece, &code, false) == 0)
        source->code = arena_slice(&sources->arena, buffer_view(&code));
    if (L != NULL)
        lua_close(L);
    buffer_finish(&text);
    buffer_finish(&code);
}

struct slice script_sources_code(struct script_sources *sources, const char *path,
                                 const char *name, const char *head)
{
    struct source *found = find(sources, path);

    if (found == NULL)
        return (struct slice){NULL, 0};
    if (found->code.data == NULL)
        compile(sources, found, name, head);
    return found->code;
}

const char *script_sources_at(const struct script_sources *sources, size_t at, struct slice *text)
{
    if (at >= sources->count)
        return NULL;
    *text = sources->list[at].text;
    return sources->list[at].path;
}

bool script_sources_equal(const struct script_sources *a, const struct script_sources *b)
{
    if (a->count != b->count)
        return false;
    for (size_t i = 0; i < a->count; i++)
        if (strcmp(a->list[i].path, b->list[i].path) != 0 ||
            !slice_equal(a->list[i].text, b->list[i].text))
            return false;
    return true;
}
