// SPDX-License-Identifier: Apache-2.0
// Runs the Lua test files of a folder, each in a script state of its own, and counts their
// tests beside the C ones. tests/lua/test.lua says how they are written. The caller makes the
// state, so that each area brings the modules and folders it needs:
//
//     static struct script *make(void *context, struct err *err);
//     lua_run_folder("tests/lua/web", make, NULL);
#pragma once

#include <dirent.h>
#include <stdlib.h>

#include <lauxlib.h>

#include "base/buffer.h"
#include "check.h"
#include "script/script.h"

typedef struct script *lua_make(void *context, struct err *err);

static inline bool lua_read(const char *path, struct buffer *text)
{
    FILE *file = fopen(path, "r");

    if (file == NULL)
        return false;
    text->len += fread(buffer_room(text, 262144), 1, 262144, file);
    fclose(file);
    return true;
}

// Runs in the state: require("test"), whose results are told. [-0, +0]
static inline int lua_tell(lua_State *L)
{
    const char *path = lua_touserdata(L, 1);

    lua_getglobal(L, "require");
    lua_pushliteral(L, "test");
    lua_call(L, 1, 1);
    lua_getfield(L, -1, "passed");
    check_state.passed += (int)lua_tointeger(L, -1);
    lua_getfield(L, -2, "problems");
    for (lua_Integer i = 1; lua_rawgeti(L, -1, i) != LUA_TNIL; i++) {
        check_state.failed++;
        printf("FAILED %s: %s\n", path, lua_tostring(L, -1));
        lua_pop(L, 1);
    }
    return 0;
}

static inline void lua_run_file(const char *path, lua_make *make, void *context)
{
    struct buffer text = BUFFER_EMPTY;
    struct err err = {0};
    struct script *script = make(context, &err);
    char name[320];

    snprintf(name, sizeof name, "@%s", path);
    if (script != NULL)
        script_library(script, "tests/lua");
    if (script == NULL || !lua_read(path, &text) ||
        !script_compile(script, buffer_view(&text), name, &err) ||
        !script_call(script, 0, 0, &err)) {
        check_state.failed++;
        printf("FAILED %s: %s\n", path, err.text);
    } else {
        lua_pushcfunction(script_state(script), lua_tell);
        lua_pushlightuserdata(script_state(script), (void *)path);
        CHECK_OK(script_call(script, 1, 0, &err), &err);
    }
    buffer_finish(&text);
    script_destroy(script);
}

static inline int lua_is_test(const struct dirent *entry)
{
    size_t len = strlen(entry->d_name);

    return len > 4 && strcmp(entry->d_name + len - 4, ".lua") == 0;
}

static inline void lua_run_folder(const char *folder, lua_make *make, void *context)
{
    struct dirent **entries = NULL;
    int count = scandir(folder, &entries, lua_is_test, alphasort);

    CHECK(count > 0);
    for (int i = 0; i < count; i++) {
        char path[300];

        snprintf(path, sizeof path, "%s/%s", folder, entries[i]->d_name);
        lua_run_file(path, make, context);
        free(entries[i]);
    }
    free(entries);
}
