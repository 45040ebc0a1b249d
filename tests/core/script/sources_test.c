// SPDX-License-Identifier: Apache-2.0
// States that are made from the same files share the code of the platform's, and nothing that runs.
#include "check.h"

#include <stdlib.h>
#include <unistd.h>

#include <lauxlib.h>

#include "script/script.h"
#include "script/sources.h"

static const struct script_limits limits = {.cpu_ms = 1000, .wall_ms = 0, .memory = 4 << 20};

struct folders {
    char library[64], app[64];
    struct script_sources *sources;
};

static void put_file(const char *folder, const char *name, struct slice text)
{
    char path[300];
    FILE *file;

    snprintf(path, sizeof path, "%s/%s", folder, name);
    file = fopen(path, "wb");
    CHECK(file != NULL && fwrite(text.data, 1, text.len, file) == text.len);
    fclose(file);
}

static int keep_piece(lua_State *L, const void *bytes, size_t len, void *context)
{
    (void)L;
    buffer_bytes(context, bytes, len);
    return 0;
}

// Code as a compiler that is not ours may have written it.
static struct buffer dumped(void)
{
    struct buffer code = BUFFER_EMPTY;
    lua_State *L = luaL_newstate();

    CHECK(luaL_loadstring(L, "return 'run'") == LUA_OK &&
          lua_dump(L, keep_piece, &code, false) == 0);
    lua_close(L);
    return code;
}

static void open_folders(struct folders *folders)
{
    struct buffer code = dumped();
    struct err err;

    strcpy(folders->library, "/tmp/sources_test_XXXXXX");
    strcpy(folders->app, "/tmp/sources_test_XXXXXX");
    CHECK(mkdtemp(folders->library) != NULL && mkdtemp(folders->app) != NULL);
    put_file(folders->library, "count.lua",
             slice_text("local n, all = 0, {}\nreturn function() n = n + 1 all[n] = true "
                        "return #all end"));
    put_file(folders->library, "wrong.lua", slice_text("local x = 1\nreturn x.y.z"));
    put_file(folders->library, "broken.lua", slice_text("\nlocal x = = 1"));
    put_file(folders->library, "leak.lua", slice_text("leak = 1"));
    put_file(folders->library, "strange.lua", buffer_view(&code));
    put_file(folders->app, "own.lua", buffer_view(&code));
    put_file(folders->app, "main.lua", slice_text("return require('count')"));
    folders->sources = script_sources_create();
    CHECK_OK(script_sources_add(folders->sources, folders->library, &err) &&
                 script_sources_add(folders->sources, folders->app, &err),
             &err);
    buffer_finish(&code);
}

static void close_folders(struct folders *folders)
{
    char command[200];

    script_sources_destroy(folders->sources);
    snprintf(command, sizeof command, "rm -rf '%s' '%s'", folders->library, folders->app);
    CHECK(system(command) == 0);
}

static struct script *make(const struct folders *folders)
{
    struct err err;
    struct script *script = script_create("notes", &limits, clock_system(), NULL, &err);

    CHECK_OK(script != NULL && script_steady(script, &err), &err);
    script_library(script, folders->library);
    script_folder(script, folders->app);
    script_read_from(script, folders->sources);
    return script;
}

static bool run(struct script *script, const char *text, struct err *err)
{
    return script_compile(script, slice_text(text), "@notes/main.lua", err) &&
           script_call(script, 0, 1, err);
}

static void fails(struct script *script, const char *text, const char *part)
{
    struct err err = {0};

    CHECK(!run(script, text, &err) && err.code == ERR_SCRIPT);
    if (strstr(err.text, part) == NULL) {
        CHECK(strstr(err.text, part) != NULL);
        printf("  %s: %s\n", text, err.text);
    }
}

static void states_share_code_and_nothing_that_runs(void)
{
    struct folders folders;
    struct script *scripts[2];
    struct err err;

    open_folders(&folders);
    for (int i = 0; i < 2; i++) {
        scripts[i] = make(&folders);
        CHECK_OK(run(scripts[i], "local count = require('count') count() return count()", &err),
                 &err);
        CHECK(lua_tointeger(script_state(scripts[i]), -1) == 2);
    }
    for (int i = 0; i < 2; i++)
        script_destroy(scripts[i]);
    close_folders(&folders);
}

// Figures of tests would else depend on what ran before.
static void the_first_state_pays_no_more_than_the_next(void)
{
    struct folders folders;
    size_t grown[2];
    struct err err;

    open_folders(&folders);
    for (int i = 0; i < 2; i++) {
        struct script *script = make(&folders);

        script_count(script, true);
        CHECK_OK(run(script, "return require('count')()", &err), &err);
        grown[i] = script_growth(script);
        script_destroy(script);
    }
    CHECK(grown[0] > 0 && grown[0] == grown[1]);
    close_folders(&folders);
}

static void a_platform_file_that_fails_says_where(void)
{
    struct folders folders;

    open_folders(&folders);
    for (int i = 0; i < 2; i++) { // what did not compile is told again
        struct script *again = make(&folders);

        fails(again, "return require('wrong')", "wrong.lua:2: attempt to index");
        fails(again, "return require('broken')", "broken.lua:2: unexpected symbol near '='");
        fails(again, "return require('leak')", "leak.lua:1: 'leak' is not declared");
        script_destroy(again);
    }
    close_folders(&folders);
}

static void bytecode_in_a_file_is_never_loaded(void)
{
    struct folders folders;
    struct script_instance *instance;
    struct script *script;
    struct err err = {0};

    open_folders(&folders);
    script = make(&folders);
    instance = script_instance_create(script, &err);
    CHECK(!script_instance_require(instance, "own", &err));
    CHECK(strstr(err.text, "attempt to load a binary chunk") != NULL ||
          strstr(err.text, "unexpected symbol") != NULL);
    fails(script, "return require('own')", "own.lua"); // the library has no such name
    fails(script, "return require('strange')", "strange.lua");
    script_instance_destroy(instance);
    script_destroy(script);
    close_folders(&folders);
}

static void an_app_does_not_reach_the_code_of_the_platform(void)
{
    struct folders folders;
    struct script_instance *instance;
    struct script *script;
    struct err err = {0};

    open_folders(&folders);
    script = make(&folders);
    CHECK_OK(run(script, "return require('count')", &err), &err);
    instance = script_instance_create(script, &err);
    CHECK(!script_instance_require(instance, "main", &err));
    CHECK(strstr(err.text, "there is no module 'count'") != NULL);
    script_instance_destroy(instance);
    script_destroy(script);
    close_folders(&folders);
}

int main(void)
{
    RUN(states_share_code_and_nothing_that_runs);
    RUN(the_first_state_pays_no_more_than_the_next);
    RUN(a_platform_file_that_fails_says_where);
    RUN(bytecode_in_a_file_is_never_loaded);
    RUN(an_app_does_not_reach_the_code_of_the_platform);
    return check_report("script/sources");
}
