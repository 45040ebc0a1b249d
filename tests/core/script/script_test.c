// SPDX-License-Identifier: Apache-2.0
// What a script may not do, how it is stopped, and what two instances share.
#include "check.h"

#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include <lauxlib.h>

#include "script/script.h"

static const struct script_limits limits = {.cpu_ms = 20, .wall_ms = 1000, .memory = 4 << 20};

static struct script *make(void)
{
    struct err err;
    struct script *script = script_create("notes", &limits, clock_system(), NULL, &err);

    CHECK_OK(script != NULL, &err);
    return script;
}

// Runs text and leaves its one result on the stack.
static bool run(struct script *script, const char *text, struct err *err)
{
    return script_compile(script, slice_text(text), "@notes/main.lua", err) &&
           script_call(script, 0, 1, err);
}

static int64_t thread_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

// A script that says true.
static void holds(const char *text)
{
    struct script *script = make();
    struct err err;

    CHECK_OK(run(script, text, &err), &err);
    if (!lua_toboolean(script_state(script), -1)) {
        CHECK(lua_toboolean(script_state(script), -1));
        printf("  %s\n", text);
    }
    script_destroy(script);
}

// A script that fails with a text, and leaves the state usable.
static void fails(const char *text, const char *part)
{
    struct script *script = make();
    struct err err = {0};
    bool done = run(script, text, &err);

    CHECK(!done && err.code == ERR_SCRIPT);
    if (strstr(err.text, part) == NULL) {
        CHECK(strstr(err.text, part) != NULL);
        printf("  %s\n  said: %s\n", text, err.text);
    }
    CHECK(lua_gettop(script_state(script)) == 0);
    CHECK_OK(run(script, "return 1", &err), &err);
    script_destroy(script);
}

// A script that is stopped by the deadline and leaves the state spent.
static void is_stopped(const char *text)
{
    struct script *script = make();
    struct err err = {0};
    int64_t began = thread_ms(), took;
    bool done = run(script, text, &err);

    took = thread_ms() - began;
    if (done || err.code != ERR_LIMIT || took > 250 || strstr(err.text, "processor") == NULL) {
        CHECK(!done && err.code == ERR_LIMIT && took <= 250);
        printf("  %s\n  took %d ms, said: %s\n", text, (int)took, err.text);
    }
    CHECK(script_is_spent(script));
    CHECK(lua_gettop(script_state(script)) == 0);
    CHECK(!run(script, "return 1", &err) && err.code == ERR_LIMIT);
    script_destroy(script);
}

static void a_script_computes_and_answers(void)
{
    struct script *script = make();
    struct err err;

    CHECK_OK(run(script, "local sum = 0 for i = 1, 10 do sum = sum + i end return sum", &err),
             &err);
    CHECK(lua_tointeger(script_state(script), -1) == 55);
    CHECK(script_memory(script) > 0 && !script_is_spent(script));
    script_destroy(script);
}

static void what_reaches_outside_is_absent(void)
{
    static const char *const names[] = {
        "io", "os", "debug", "package", "dofile", "loadfile", "collectgarbage", "warn", NULL};
    char text[100];

    for (const char *const *name = names; *name != NULL; name++) {
        snprintf(text, sizeof text, "return %s", *name);
        fails(text, "undeclared variable");
    }
    holds("return string.dump == nil and rawget(_G, 'string') == nil");
}

static void bytecode_is_never_loaded(void)
{
    holds("local f, problem = load('\\27Lua') return f == nil and problem:find('binary') ~= nil");
    holds("return load('\\27Lua', 'x', 'b') == nil");
    fails("return load(function() return nil end)", "string expected");
    fails("return load((' '):rep(262145))", "256 KiB");
}

static void loaded_text_has_the_rooms_globals(void)
{
    holds("return load('return _G')() == _G");
    fails("return load('return os')()", "undeclared variable 'os'");
    holds("return load('return x', 'x', 't', {x = 7})() == 7");
}

static void undeclared_variables_are_errors_with_a_suggestion(void)
{
    fails("return iparis", "did you mean 'ipairs'?");
    fails("count = 1", "notes/main.lua:1: 'count' is not declared: write local count");
    fails("_G.count = 1", "not declared");
    fails("rawset(_G, 'count', 1)", "cannot be changed");
    fails("setmetatable(_G, nil)", "protected metatable");
    fails("local x\nlocal y\nreturn zzz", "notes/main.lua:3: undeclared variable 'zzz'");
}

static void shared_tables_cannot_be_poisoned(void)
{
    fails("string.rep = 1", "cannot be changed");
    fails("rawset(string, 'rep', 1)", "cannot be changed");
    fails("getmetatable('').__index.rep = 1", "index a boolean");
    fails("setmetatable(string, {})", "protected metatable");
    fails("table.insert(string, 1)", "cannot be changed");
    holds("return next(string) == nil and getmetatable(string) == false");
}

static void finalizers_are_refused(void)
{
    fails("setmetatable({}, {__gc = function() while true do end end})", "__gc");
    fails("setmetatable({}, {__gc = true})", "__gc");
}

static void addresses_are_not_shown(void)
{
    holds("return tostring({}) == 'table' and tostring(print) == 'function'");
    holds("return tostring(coroutine.create(print)) == 'thread'");
    holds("return ('%s'):format({}) == 'table'");
    holds("return tostring(setmetatable({}, {__name = 'Note'})) == 'Note'");
    holds("return tostring(setmetatable({}, {__tostring = function() return 'n' end})) == 'n'");
    fails("return ('%p'):format({})", "%p is not available");
    fails("return ('%%%-10p'):format({})", "%p is not available");
    fails("return math.randomseed()", "number expected");
    holds("return math.randomseed(1) == nil and math.random(1, 6) <= 6");
    fails("error({})", "a table was raised");
}

static void endless_loops_are_stopped(void)
{
    is_stopped("while true do end");
    is_stopped("while true do pcall(function() while true do end end) end");
    is_stopped("local function loop() while true do end end xpcall(loop, loop)");
    is_stopped("local function loop() xpcall(error, function() while true do end end) end loop()");
    is_stopped("return (('x'):rep(100):gsub('.', function() while true do end end))");
    is_stopped("table.sort({3, 2, 1}, function() while true do end end)");
    is_stopped("local f = load('while true do end') f()");
    is_stopped("return #setmetatable({}, {__len = function() while true do end end})");
    is_stopped(
        "return tostring(setmetatable({}, {__tostring = function() while true do end end}))");
}

static void coroutines_do_not_swallow_the_deadline(void)
{
    is_stopped("coroutine.wrap(function() while true do end end)()");
    is_stopped("while true do coroutine.resume(coroutine.create(function()"
               " while true do end end)) end");
    is_stopped("while true do pcall(coroutine.wrap(function() pcall(function()"
               " while true do end end) end)) end");
    is_stopped("local function deep() while true do"
               " pcall(coroutine.wrap(function() pcall(deep) end)) end end deep()");
    is_stopped("local co = coroutine.create(function() local x <close> = setmetatable({},"
               " {__close = function() while true do end end}) while true do end end)"
               " coroutine.resume(co) coroutine.close(co)");
    is_stopped("local co = coroutine.create(function() local x <close> = setmetatable({},"
               " {__close = function() while true do end end}) coroutine.yield() end)"
               " coroutine.resume(co) coroutine.close(co)");
    is_stopped("local f = coroutine.wrap(function() local x <close> = setmetatable({},"
               " {__close = function() while true do end end}) while true do end end)"
               " while true do pcall(f) end");
    is_stopped("local x <close> = setmetatable({}, {__close = function() while true do end end})"
               " while true do end");
}

static void coroutines_work(void)
{
    holds("local co = coroutine.wrap(function(a) local b = coroutine.yield(a + 1) return b * 2 end)"
          " return co(1) == 2 and co(21) == 42");
    holds("local co = coroutine.create(function() error('x') end)"
          " local done, problem = coroutine.resume(co)"
          " return not done and problem:find('x') and coroutine.status(co) == 'dead'");
    holds("local closed = false local co = coroutine.create(function() local x <close> ="
          " setmetatable({}, {__close = function() closed = true end}) coroutine.yield() end)"
          " coroutine.resume(co) return coroutine.close(co) and closed");
    holds("local co = coroutine.wrap(function() return pcall(function() coroutine.yield(1)"
          " error('after') end) end) local one = co() local done, problem = co()"
          " return one == 1 and done == false and problem:find('after') ~= nil");
    holds("for i = 1, 1000 do coroutine.wrap(function() coroutine.yield() end)() end return true");
    fails("local all = {} for i = 1, 65 do all[i] = coroutine.create(print) end", "more than 64");
    fails("local all = {} for i = 1, 99 do all[i] = coroutine.wrap(function()"
          " coroutine.resume(coroutine.running()) coroutine.yield() end) all[i]() end", "more than 64");
    fails("coroutine.yield(1)", "outside a coroutine");
    fails("coroutine.close(coroutine.running())", "cannot close a running coroutine");
    fails("local function nest() return coroutine.wrap(nest)() end nest()", "");
}

static void protected_calls_work(void)
{
    holds("local done, problem = pcall(error, 'x') return not done and problem == 'x'");
    holds("local done, a, b = pcall(function(...) return ... end, 1, 2) return done and b == 2");
    holds("return select(2, xpcall(error, function(m) return m .. '!' end, 'x')) == 'x!'");
    holds("return select('#', xpcall(function(...) return ... end, print, 1, nil, 3)) == 4");
}

static void functions_of_c_have_limits(void)
{
    fails("return (''):rep(1e15)", "string.rep");
    fails("return (''):rep(1e9, '')", "string.rep");
    fails("return ('x'):rep(1e10)", "string.rep");
    fails("table.move({}, 1, 1e9, 2)", "more than 1000000");
    fails("table.move({}, math.mininteger, math.maxinteger, 2)", "more than");
    fails("return table.unpack({}, 1, 1e6)", "too many results");
    fails("return table.unpack({}, 1, 1e8)", "more than 1000000");
    fails("return table.concat(setmetatable({}, {__index = function() return '' end}),"
          " '', 1, 1e15)",
          "more than 10000 items");
    fails("table.insert(setmetatable({}, {__len = function() return 1e15 end}), 1, 1)", "__len");
    fails("local t = {} for i = 1, 100001 do t[i] = 0 end table.sort(t)", "more than 100000");
    fails("return ('x'):find(('x'):rep(1025))", "longer than 1024");
    fails("local s = ('x'):rep(1048576) return (s .. s):reverse()", "longer than");
    fails("local s = ('x'):rep(1048576) return ('%s%s'):format(s, s)", "string.format");
    fails("table.sort({3, 1, 2, 5, 4, 9, 8, 7}, function() return true end)", "invalid order");
}

static void memory_bombs_stop_at_the_cap(void)
{
    static const char *const bombs[] = {
        "local t = {} for i = 1, math.huge do t[i] = {i} end",
        "local s = 'x' while true do s = s .. s end",
        "local t = {} while true do t[#t + 1] = ('x'):rep(1000) .. #t end",
        "local function deep() return 1 + deep() end deep()",
        "local function grow(...) return grow(1, 2, 3, ...) end grow()",
        "local t = {} for i = 1, 1e9 do t[i] = function() return i end end",
        NULL,
    };

    for (const char *const *bomb = bombs; *bomb != NULL; bomb++) {
        struct script *script = make();
        struct err err = {0};

        script_limit(script, &(struct script_limits){.cpu_ms = 2000, .memory = 4 << 20});
        if (run(script, *bomb, &err) || script_memory(script) > 4 << 20 ||
            script_growth(script) > 4 << 20) {
            CHECK(false);
            printf("  %s: %s\n", *bomb, err.text);
        }
        CHECK(err.code == ERR_LIMIT || strstr(err.text, "stack overflow") != NULL);
        CHECK_OK(run(script, "return 1", &err), &err);
        script_destroy(script);
    }
}

static void a_state_that_stays_full_is_spent(void)
{
    struct script *script = make();
    struct err err = {0};

    script_limit(script, &(struct script_limits){.cpu_ms = 2000, .memory = 4 << 20});
    CHECK_OK(run(script,
                 "local kept = {} return function() for i = 1, math.huge do"
                 " kept[#kept + 1] = ('x'):rep(1000) .. #kept end end",
                 &err),
             &err);
    CHECK(!script_call(script, 0, 0, &err) && err.code == ERR_LIMIT);
    CHECK(!script_is_spent(script)); // nothing referred to kept any more

    CHECK_OK(run(script,
                 "local kept = {} return function() for i = 1, math.huge do"
                 " kept[#kept + 1] = ('x'):rep(1000) .. #kept end end",
                 &err),
             &err);
    lua_pushvalue(script_state(script), -1);
    CHECK(!script_call(script, 0, 0, &err) && err.code == ERR_LIMIT);
    CHECK(script_is_spent(script));
    CHECK(!run(script, "return 1", &err) && err.code == ERR_LIMIT);
    CHECK(strstr(err.text, "memory of 4096 KiB") != NULL);
    script_destroy(script);
}

static void deep_and_odd_sources_end_in_an_error(void)
{
    fails("local s = ('('):rep(100000) assert(load(s))", "");
    fails("local s = 'local a' .. (', a'):rep(300) assert(load(s))", "too many local variables");
    fails("local t = setmetatable({}, {}) getmetatable(t).__index = t return t.x", "__index");
}

static void an_error_names_file_line_and_callers(void)
{
    struct script *script = make();
    struct err err = {0};

    CHECK(!run(script,
               "local function inner()\n local x = nil\n return x.y\nend\n"
               "local function outer()\n return (inner())\nend\nreturn (outer())",
               &err));
    CHECK(err.code == ERR_SCRIPT);
    CHECK(strstr(err.text, "notes/main.lua:3: attempt to index a nil value") != NULL);
    CHECK(strstr(err.text, "notes/main.lua:6 (") != NULL);
    CHECK(strstr(err.text, "notes/main.lua:8") != NULL);
    CHECK(!run(script, "return +", &err) && err.code == ERR_SCRIPT);
    CHECK(strstr(err.text, "notes/main.lua:1:") != NULL);
    script_destroy(script);
}

static int denied(lua_State *L)
{
    struct err err;

    err_set(&err, ERR_DENIED, "not yours");
    return script_raise(L, &err);
}

static int open_host(lua_State *L)
{
    lua_newtable(L);
    lua_pushcfunction(L, denied);
    lua_setfield(L, -2, "denied");
    return 1;
}

static void an_error_of_the_host_keeps_its_code(void)
{
    struct script *script = make();
    struct err err = {0};

    CHECK_OK(script_module(script, "core.host", open_host, &err), &err);
    CHECK(!run(script, "local host = require('core.host')\nhost.denied()", &err));
    CHECK(err.code == ERR_DENIED);
    CHECK(strstr(err.text, "not yours\n  at notes/main.lua:2") != NULL);
    CHECK(!run(script, "local _, e = pcall(require('core.host').denied) error(e)", &err));
    CHECK(err.code == ERR_DENIED);
    CHECK_OK(run(script,
                 "local _, e = pcall(require('core.host').denied)"
                 " return tostring(e) == 'not yours'",
                 &err),
             &err);
    CHECK(lua_toboolean(script_state(script), -1));
    script_destroy(script);
}

struct still {
    struct clock clock;
    int64_t us;
};

static int64_t still_mono(struct clock *clock)
{
    return ((struct still *)clock)->us;
}

static int pass_time(lua_State *L)
{
    struct still *still = script_owner(L);

    script_check_deadline(L);
    still->us += 400000;
    return 0;
}

static int open_pass(lua_State *L)
{
    lua_pushcfunction(L, pass_time);
    return 1;
}

static void a_call_past_its_wall_time_is_stopped_at_the_host(void)
{
    struct still still = {.clock = {.mono_us = still_mono}};
    struct err err = {0};
    struct script *script = script_create("notes", &limits, &still.clock, &still, &err);

    CHECK_OK(script_module(script, "core.pass", open_pass, &err), &err);
    CHECK_OK(run(script, "local pass = require('core.pass') pass() pass() return 1", &err), &err);
    CHECK(!run(script, "local pass = require('core.pass') while true do pcall(pass) end", &err));
    CHECK(err.code == ERR_LIMIT && strstr(err.text, "wall time of 1000 ms") != NULL);
    CHECK(script_is_spent(script));
    script_destroy(script);
}

static void many_short_calls_are_not_counted_together(void)
{
    struct script *script = make();
    struct err err = {0};
    int64_t began = thread_ms();
    int calls = 0;

    CHECK_OK(script_compile(script, slice_text("for i = 1, 1000 do end"), "@x", &err), &err);
    for (; thread_ms() - began < 100; calls++) {
        lua_pushvalue(script_state(script), -1);
        if (!script_call(script, 0, 0, &err))
            break;
    }
    CHECK(!script_is_spent(script) && calls > 100);
    script_destroy(script);
}

static int call_back(lua_State *L)
{
    struct script *script = script_of(L);
    struct err err;

    lua_settop(L, 1);
    CHECK(script_state(script) == L);
    if (!script_call(script, 0, 1, &err))
        return script_raise(L, &err);
    return 1;
}

static int open_back(lua_State *L)
{
    lua_pushcfunction(L, call_back);
    return 1;
}

static void a_call_within_a_call_shares_its_budget(void)
{
    struct script *script = make();
    struct err err = {0};

    CHECK_OK(script_module(script, "core.back", open_back, &err), &err);
    CHECK_OK(run(script, "return require('core.back')(function() return 7 end)", &err), &err);
    CHECK(lua_tointeger(script_state(script), -1) == 7);
    CHECK_OK(run(script,
                 "return coroutine.wrap(function() return require('core.back')"
                 "(function() return 8 end) end)()",
                 &err),
             &err);
    CHECK(lua_tointeger(script_state(script), -1) == 8);
    CHECK(!run(script, "require('core.back')(function() error('deep') end)", &err));
    CHECK(strstr(err.text, "deep") != NULL && !script_is_spent(script));
    CHECK(!run(script,
               "local back = require('core.back') while true do pcall(back, function()"
               " while true do end end) end",
               &err));
    CHECK(err.code == ERR_LIMIT && script_is_spent(script));
    script_destroy(script);
}

static void yielding_across_the_host_is_an_error(void)
{
    struct script *script = make();
    struct err err = {0};

    CHECK_OK(script_module(script, "core.back", open_back, &err), &err);
    CHECK(!run(script,
               "coroutine.wrap(function() require('core.back')(function()"
               " coroutine.yield() end) end)()",
               &err));
    CHECK(strstr(err.text, "yield across a C-call boundary") != NULL);
    script_destroy(script);
}

static void put_file(const char *folder, const char *name, const char *text)
{
    char path[300];
    FILE *file;

    snprintf(path, sizeof path, "%s/%s", folder, name);
    file = fopen(path, "w");
    CHECK(file != NULL && fputs(text, file) >= 0);
    fclose(file);
}

struct folders {
    char library[64], app[64];
};

static void make_folders(struct folders *folders)
{
    strcpy(folders->library, "/tmp/script_test_XXXXXX");
    strcpy(folders->app, "/tmp/script_test_XXXXXX");
    CHECK(mkdtemp(folders->library) != NULL && mkdtemp(folders->app) != NULL);
    put_file(folders->library, "door.lua", "return {open = true}");
    put_file(folders->app, "main.lua",
             "local notes = require('notes')\nnotes.count = notes.count + 1"
             "\nreturn notes.count");
    put_file(folders->app, "notes.lua", "return {count = 0}");
    put_file(folders->app, "wrong.lua", "local x = 1\nreturn x.y.z");
    put_file(folders->app, "broken.lua", "local x = = 1");
    put_file(folders->app, "secret.lua", "return require('core.host')");
    put_file(folders->app, "round.lua", "return require('round')");
    put_file(folders->app, "asks.lua", "return require('door').open");
    put_file(folders->app, "writes.lua", "leak = 1");
}

static void remove_folders(struct folders *folders)
{
    char command[200];

    snprintf(command, sizeof command, "rm -rf '%s' '%s'", folders->library, folders->app);
    CHECK(system(command) == 0);
}

static int offer_door(lua_State *L)
{
    struct script_instance *instance = lua_touserdata(L, 1);

    lua_newtable(L);
    lua_pushboolean(L, 1);
    lua_setfield(L, -2, "open");
    script_instance_offer(instance, "door");
    return 0;
}

static void instances_share_code_and_no_data(void)
{
    struct folders folders;
    struct script *script = make();
    struct script_instance *one, *two;
    struct err err = {0};
    lua_State *L = script_state(script);

    make_folders(&folders);
    script_folder(script, folders.app);
    one = script_instance_create(script, &err);
    two = script_instance_create(script, &err);
    for (int i = 0; i < 2; i++) {
        CHECK_OK(script_instance_require(i == 0 ? one : two, "main", &err), &err);
        CHECK(lua_tointeger(L, -1) == 1);
        lua_pop(L, 1);
    }
    CHECK(!script_instance_require(one, "writes", &err));
    CHECK(strstr(err.text, "writes.lua:1: 'leak' is not declared") != NULL);
    script_instance_destroy(one);
    script_instance_destroy(two);
    script_destroy(script);
    remove_folders(&folders);
}

static void an_instance_finds_its_own_modules_and_what_is_offered(void)
{
    struct folders folders;
    struct script *script = make();
    struct script_instance *instance;
    struct err err = {0};
    lua_State *L = script_state(script);

    make_folders(&folders);
    script_library(script, folders.library);
    script_folder(script, folders.app);
    CHECK_OK(script_module(script, "core.host", open_host, &err), &err);
    instance = script_instance_create(script, &err);
    CHECK(!script_instance_require(instance, "asks", &err));
    CHECK(strstr(err.text, "there is no module 'door'") != NULL);
    CHECK(!script_instance_require(instance, "secret", &err));
    CHECK(strstr(err.text, "there is no module 'core.host'") != NULL);
    script_instance_destroy(instance);

    instance = script_instance_create(script, &err);
    lua_pushcfunction(L, offer_door);
    lua_pushlightuserdata(L, instance);
    CHECK_OK(script_call(script, 1, 0, &err), &err);
    CHECK_OK(script_instance_require(instance, "asks", &err), &err);
    CHECK(lua_toboolean(L, -1));
    CHECK_OK(run(script, "return require('door').open and require('core.host') ~= nil", &err),
             &err);
    CHECK(lua_toboolean(L, -1));
    script_instance_destroy(instance);
    script_destroy(script);
    remove_folders(&folders);
}

static void a_module_that_does_not_load_says_where(void)
{
    struct folders folders;
    struct script *script = make();
    struct script_instance *instance;
    struct err err = {0};

    make_folders(&folders);
    script_folder(script, folders.app);
    instance = script_instance_create(script, &err);
    CHECK(!script_instance_require(instance, "wrong", &err));
    CHECK(strstr(err.text, "wrong.lua:2: attempt to index") != NULL);
    CHECK(!script_instance_require(instance, "broken", &err));
    CHECK(strstr(err.text, "broken.lua:1: unexpected symbol near '='") != NULL);
    CHECK(!script_instance_require(instance, "round", &err));
    CHECK(strstr(err.text, "requires itself") != NULL);
    CHECK(!script_instance_require(instance, "../main", &err));
    CHECK(strstr(err.text, "not a module name") != NULL);
    CHECK(!script_instance_require(instance, "absent", &err));
    CHECK(strstr(err.text, "there is no module 'absent'") != NULL);
    script_instance_destroy(instance);
    script_destroy(script);
    remove_folders(&folders);
}

static void keep_line(void *context, struct slice line)
{
    buffer_slice(context, line);
    buffer_u8(context, '\n');
}

static void a_text_runs_with_the_globals_of_an_instance(void)
{
    struct script *script = make();
    struct buffer printed = BUFFER_EMPTY;
    struct script_instance *instance;
    struct err err = {0};

    script_print(script, keep_line, &printed);
    instance = script_instance_create(script, &err);
    CHECK_OK(
        script_instance_run(instance, slice_text("print('one', 2)\nprint(_G ~= nil)"), "@a", &err),
        &err);
    CHECK(slice_is(buffer_view(&printed), "one\t2\ntrue\n"));
    CHECK(!script_instance_run(instance, slice_text("\nreturn weak"), "@a.lua", &err));
    CHECK(strstr(err.text, "a.lua:2: undeclared variable 'weak'") != NULL);
    CHECK(!script_instance_run(instance, slice_text("leak = 1"), "@a.lua", &err));
    CHECK(!script_instance_run(instance, slice_text("return +"), "@a.lua", &err));
    CHECK(err.code == ERR_SCRIPT && lua_gettop(script_state(script)) == 0);
    buffer_finish(&printed);
    script_instance_destroy(instance);
    script_destroy(script);
}

static void files_outside_the_folders_are_not_read(void)
{
    struct folders folders;
    struct script *script = make();
    struct buffer text = BUFFER_EMPTY;
    struct err err = {0};

    make_folders(&folders);
    script_folder(script, folders.app);
    CHECK_OK(script_read(script, SCRIPT_APP, "notes.lua", &text, &err), &err);
    CHECK(slice_is(buffer_view(&text), "return {count = 0}"));
    CHECK(!script_read(script, SCRIPT_APP, "../etc/passwd", &text, &err));
    CHECK(err.code == ERR_INPUT);
    CHECK(!script_read(script, SCRIPT_APP, "/etc/passwd", &text, &err) && err.code == ERR_INPUT);
    CHECK(!script_read(script, SCRIPT_LIBRARY, "notes.lua", &text, &err));
    CHECK(err.code == ERR_ABSENT);
    buffer_finish(&text);
    script_destroy(script);
    remove_folders(&folders);
}

static void too_little_memory_is_an_error_from_the_start(void)
{
    struct err err = {0};

    for (size_t memory = 0; memory < 40000; memory += 1000) {
        struct script_limits few = {.cpu_ms = 20, .memory = memory};
        struct script *script = script_create("notes", &few, clock_system(), NULL, &err);

        CHECK(script != NULL || err.code == ERR_LIMIT);
        script_destroy(script);
    }
}

static int64_t steps_of(struct script *script, const char *text)
{
    struct err err;

    CHECK_OK(script_compile(script, slice_text(text), "@notes/main.lua", &err), &err);
    CHECK_OK(script_call(script, 0, 0, &err), &err);
    return script_steps(script);
}

static void steps_are_counted_one_by_one(void)
{
    static const char *const loop = "for i = 1, 1000 do local x = i end";
    static const char *const co = "coroutine.wrap(function() for i = 1, 1000 do local x = i end"
                                  " end)()";
    struct script *script = make();
    struct err err;
    int64_t once;

    CHECK(steps_of(script, loop) == 0);
    script_count(script, true);
    once = steps_of(script, loop);
    CHECK(once > 2000 && once < 2020 && steps_of(script, loop) == once);
    CHECK(steps_of(script, co) > once && steps_of(script, co) < once + 30);
    CHECK(steps_of(script, "return ('abc'):find('b')") < 20 && script_pattern_steps(script) > 0);
    CHECK(!run(script, "coroutine.wrap(function() while true do pcall(error) end end)()", &err));
    CHECK(err.code == ERR_LIMIT);
    script_destroy(script);

    script = make();
    script_count(script, true);
    CHECK_OK(run(script,
                 "return coroutine.wrap(function() while true do coroutine.yield() end end)", &err),
             &err);
    script_count(script, false);
    lua_pushvalue(script_state(script), -1);
    CHECK_OK(script_call(script, 0, 0, &err), &err);
    CHECK(script_steps(script) == 0);
    script_destroy(script);
}

static void chance_is_the_calls_own(void)
{
    struct script *script = make();
    struct err err;

    CHECK_OK(run(script, "math.randomseed(7) return math.random(0)", &err), &err);
    CHECK_OK(run(script, "math.randomseed(7) return math.random(0)", &err), &err);
    CHECK(lua_rawequal(script_state(script), -1, -2));
    CHECK_OK(run(script, "return math.random(0)", &err), &err);
    CHECK_OK(run(script, "math.randomseed(7) math.random(0) return math.random(0)", &err), &err);
    CHECK(!lua_rawequal(script_state(script), -1, -2) &&
          !lua_rawequal(script_state(script), -2, -3));
    script_destroy(script);
    holds("local seen = {} for i = 1, 1000 do local x = math.random(3, 6) seen[x] = true"
          " if x < 3 or x > 6 then return false end end"
          " return seen[3] and seen[4] and seen[5] and seen[6]");
    holds("for i = 1, 1000 do local x = math.random() if x < 0 or x >= 1 then return false end end"
          " return math.type(math.random(math.mininteger, math.maxinteger)) == 'integer'"
          " and math.random(5, 5) == 5 and math.random(1) == 1");
    fails("return math.random(2, 1)", "interval is empty");
    fails("return math.random(-1)", "interval is empty");
    fails("return math.random(1, 2, 3)", "wrong number of arguments");
}

static void coroutines_of_earlier_calls_leave_room(void)
{
    static const char *const keep =
        "local kept = {} return function() for i = 1, 64 do local co = coroutine.create(function()"
        " coroutine.yield() end) coroutine.resume(co) kept[#kept + 1] = co end return #kept end";
    struct script *script = make();
    struct err err;

    CHECK_OK(run(script, keep, &err), &err);
    for (int i = 1; i <= 3; i++) {
        lua_pushvalue(script_state(script), 1);
        CHECK_OK(script_call(script, 0, 1, &err), &err);
        CHECK(lua_tointeger(script_state(script), -1) == i * 64);
    }
    script_destroy(script);
}

int main(void)
{
    RUN(steps_are_counted_one_by_one);
    RUN(chance_is_the_calls_own);
    RUN(coroutines_of_earlier_calls_leave_room);
    RUN(a_script_computes_and_answers);
    RUN(what_reaches_outside_is_absent);
    RUN(bytecode_is_never_loaded);
    RUN(loaded_text_has_the_rooms_globals);
    RUN(undeclared_variables_are_errors_with_a_suggestion);
    RUN(shared_tables_cannot_be_poisoned);
    RUN(finalizers_are_refused);
    RUN(addresses_are_not_shown);
    RUN(endless_loops_are_stopped);
    RUN(coroutines_do_not_swallow_the_deadline);
    RUN(coroutines_work);
    RUN(protected_calls_work);
    RUN(functions_of_c_have_limits);
    RUN(memory_bombs_stop_at_the_cap);
    RUN(a_state_that_stays_full_is_spent);
    RUN(deep_and_odd_sources_end_in_an_error);
    RUN(an_error_names_file_line_and_callers);
    RUN(an_error_of_the_host_keeps_its_code);
    RUN(a_call_past_its_wall_time_is_stopped_at_the_host);
    RUN(many_short_calls_are_not_counted_together);
    RUN(a_call_within_a_call_shares_its_budget);
    RUN(yielding_across_the_host_is_an_error);
    RUN(instances_share_code_and_no_data);
    RUN(an_instance_finds_its_own_modules_and_what_is_offered);
    RUN(a_module_that_does_not_load_says_where);
    RUN(a_text_runs_with_the_globals_of_an_instance);
    RUN(files_outside_the_folders_are_not_read);
    RUN(too_little_memory_is_an_error_from_the_start);
    return check_report("script");
}
