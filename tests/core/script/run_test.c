// SPDX-License-Identifier: Apache-2.0
// Runs: calls that go on turn by turn. Between the turns of one, others have theirs, and none
// notices.
#include "check.h"

#include <lauxlib.h>

#include "script/script.h"

// A turn is one instruction, so that everything is interleaved with everything.
static const struct script_limits small = {
    .cpu_ms = 2000, .wall_ms = 20000, .memory = 4 << 20, .slice_ms = 0};
static const struct script_limits usual = {
    .cpu_ms = 20, .wall_ms = 20000, .memory = 4 << 20, .slice_ms = 1};

// One piece of a script, run as a handler is.
struct piece {
    const char *text;
    struct script_run *run;
    enum script_step step;
    struct err err;
    char said[256]; // what it answered, as text
    int turns;
};

// What a script waits for in these tests.
struct door {
    struct script_run *waiting;
    int cancelled, woken;
};

static int body_done(lua_State *L, int status, lua_KContext context)
{
    struct piece *piece = (struct piece *)context;

    (void)status;
    snprintf(piece->said, sizeof piece->said, "%s", luaL_tolstring(L, -1, NULL));
    return 0;
}

static int body(lua_State *L)
{
    struct piece *piece = lua_touserdata(L, 1);

    lua_getglobal(L, "load");
    lua_pushstring(L, piece->text);
    lua_pushliteral(L, "@notes/main.lua");
    lua_call(L, 2, 2);
    if (lua_isnil(L, -2))
        return lua_error(L);
    lua_pop(L, 1);
    lua_callk(L, 0, 1, (lua_KContext)piece, body_done);
    return body_done(L, LUA_OK, (lua_KContext)piece);
}

static struct script *make(const struct script_limits *limits, struct door *door)
{
    struct err err;
    struct script *script = script_create("notes", limits, clock_system(), door, &err);

    CHECK_OK(script != NULL, &err);
    return script;
}

static void begin(struct script *script, struct piece *piece, const char *text)
{
    *piece = (struct piece){.text = text, .step = SCRIPT_TURN};
    piece->run = script_run_begin(script, body, piece, false, &piece->err);
    CHECK_OK(piece->run != NULL, &piece->err);
    if (piece->run == NULL)
        piece->step = SCRIPT_FAILED;
}

static void go(struct piece *piece)
{
    piece->step = script_run_go(piece->run, &piece->err);
    piece->turns++;
}

// To its end, or until it waits.
static void finish(struct piece *piece)
{
    while (piece->step == SCRIPT_TURN)
        go(piece);
    if (piece->step != SCRIPT_WAITS)
        script_run_end(piece->run);
}

static void alone(struct script *script, struct piece *piece, const char *text)
{
    begin(script, piece, text);
    finish(piece);
}

// Both from beginning to end, an instruction each in turn.
static void together(struct script *script, struct piece *a, const char *one, struct piece *b,
                     const char *other)
{
    begin(script, a, one);
    begin(script, b, other);
    while (a->step == SCRIPT_TURN || b->step == SCRIPT_TURN) {
        if (a->step == SCRIPT_TURN)
            go(a);
        if (b->step == SCRIPT_TURN)
            go(b);
    }
    script_run_end(a->run);
    script_run_end(b->run);
}

static void says(const struct piece *piece, const char *wanted)
{
    CHECK_OK(piece->step == SCRIPT_DONE, &piece->err);
    if (strcmp(piece->said, wanted) != 0) {
        CHECK(strcmp(piece->said, wanted) == 0);
        printf("  %s\n  said: %s, not %s\n", piece->text, piece->said, wanted);
    }
}

static void fails(const struct piece *piece, enum err_code code, const char *part)
{
    CHECK(piece->step == SCRIPT_FAILED && piece->err.code == code);
    if (strstr(piece->err.text, part) == NULL) {
        CHECK(strstr(piece->err.text, part) != NULL);
        printf("  %s\n  said: %s\n", piece->text, piece->err.text);
    }
}

static int answered(lua_State *L, int status, lua_KContext context)
{
    struct door *door = (struct door *)context;

    (void)status;
    door->waiting = NULL;
    lua_pushinteger(L, luaL_checkinteger(L, 1) + 1);
    return 1;
}

static void cancelled(void *context)
{
    struct door *door = context;

    door->waiting = NULL;
    door->cancelled++;
}

static int ask(lua_State *L)
{
    struct door *door = script_owner(L);

    luaL_checkinteger(L, 1);
    door->waiting = script_running(L);
    if (door->waiting == NULL)
        return luaL_error(L, "nobody would resume it");
    return script_suspend(L, &(struct script_wait){answered, cancelled, door});
}

static int open_ask(lua_State *L)
{
    lua_pushcfunction(L, ask);
    return 1;
}

static int open_shelf(lua_State *L)
{
    lua_newtable(L);
    return 1;
}

static struct script *make_door(struct door *door, int64_t wall_ms)
{
    struct script_limits limits = small;
    struct script *script;
    struct err err;

    limits.wall_ms = wall_ms;
    limits.slice_ms = 1;
    script = make(&limits, door);
    CHECK_OK(script_module(script, "core.ask", open_ask, &err), &err);
    CHECK_OK(script_module(script, "core.shelf", open_shelf, &err), &err);
    return script;
}

static void two_scripts_take_turns(void)
{
    static const char text[] = "local sum = 0 for i = 1, 1000 do sum = sum + i end return sum";
    struct script *script = make(&small, NULL);
    struct piece a, b;

    together(script, &a, text, &b, text);
    says(&a, "500500");
    says(&b, "500500");
    CHECK(a.turns > 1000 && b.turns > 1000);
    script_destroy(script);
}

// Each expression as it is alone, and beside another that does the same.
static void whatever_a_script_calls_it_does_not_notice(void)
{
    static const struct {
        const char *text, *says;
    } cases[] = {
        {"local t = {} for i = 1, 20 do t[i] = i end return table.concat(t, ',', 1, 3)", "1,2,3"},
        {"local t = {3, 1, 2} table.sort(t, function(a, b) return a < b end) return t[1]", "1"},
        {"return (('abc'):gsub('.', function(c) return c:upper() end))", "ABC"},
        {"local n = 0 for w in ('a b c'):gmatch('%a') do n = n + 1 end return n", "3"},
        {"local ok, e = pcall(function() error('x', 0) end) return tostring(ok) .. e", "falsex"},
        {"return select(2, xpcall(error, function(m) return m .. '!' end, 'x'))", "x!"},
        {"local t = setmetatable({}, {__index = function(_, k) return k * 2 end}) return t[21]",
         "42"},
        {"local t = setmetatable({}, {__add = function() return 7 end}) return t + 1", "7"},
        {"local t = setmetatable({}, {__lt = function() return true end}) return t < t", "true"},
        {"local t = setmetatable({}, {__concat = function(_, x) return x end}) return t .. 'x'",
         "x"},
        {"local t = setmetatable({}, {__tostring = function() return 'me' end}) return tostring(t)",
         "me"},
        {"local said = '' do local c <close> = setmetatable({}, {__close = function() said = 'shut'"
         " end}) end return said", "shut"},
        {"local function f(n) if n == 0 then return 0 end return 1 + f(n - 1) end return f(50)",
         "50"},
        {"local s = 0 for _, v in ipairs({1, 2, 3}) do s = s + v end return s", "6"},
        {"return (function(...) return select('#', ...) end)(1, nil, nil)", "3"},
        {"local function g(...) return ... end return (select(3, g(1, 2, g(3, 4))))", "3"},
        {"goto over do return 1 end ::over:: return 2", "2"},
    };
    struct script *script = make(&small, NULL);
    struct piece a, b;

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        alone(script, &a, cases[i].text);
        says(&a, cases[i].says);
        together(script, &a, cases[i].text, &b, cases[i].text);
        says(&a, cases[i].says);
        says(&b, cases[i].says);
    }
    script_destroy(script);
}

// The whole call stands aside; its coroutines go on as if nothing had been.
static void coroutines_do_not_notice_either(void)
{
    static const struct {
        const char *text, *says;
    } cases[] = {
        {"local f = coroutine.wrap(function(a) for i = 1, 3 do a = a + coroutine.yield(a) end"
         " return a end) f(1) f(1) f(1) return f(1)", "4"},
        {"local co = coroutine.create(function(...) local x = coroutine.yield(select('#', ...))"
         " return x, coroutine.isyieldable() end)"
         " local _, n = coroutine.resume(co, 1, nil, 3) local ok, x, y = coroutine.resume(co, 'z')"
         " return n .. tostring(ok) .. x .. tostring(y) .. coroutine.status(co)", "3trueztruedead"},
        {"local co = coroutine.wrap(function() local inner = coroutine.wrap(function()"
         " coroutine.yield(1) coroutine.yield(2) end) coroutine.yield(inner())"
         " coroutine.yield(inner()) end) return co() + co()", "3"},
        {"local co = coroutine.create(function() error({code = 5}) end)"
         " local ok, e = coroutine.resume(co) return tostring(ok) .. e.code", "false5"},
        {"local ok, e = pcall(coroutine.wrap(function() local x = nil; return x.y end))"
         " return tostring(ok) .. tostring(e:find('index') ~= nil)", "falsetrue"},
        {"local shut = 0 local co = coroutine.create(function()"
         " local c <close> = setmetatable({}, {__close = function() shut = 1 end})"
         " coroutine.yield() end) coroutine.resume(co) coroutine.close(co) return shut", "1"},
        {"return tostring(coroutine.isyieldable()) .. tostring(select(2, coroutine.running())) .."
         " coroutine.status((coroutine.running()))", "falsetruerunning"},
        {"return coroutine.wrap(function() return tostring(select(2, coroutine.running())) end)()",
         "false"},
        {"local main = coroutine.running() return coroutine.wrap(function() return"
         " coroutine.status(main) .. tostring(coroutine.resume(main, print)) end)()", "normalfalse"},
    };
    struct script *script = make(&small, NULL);
    struct piece a, b;

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        alone(script, &a, cases[i].text);
        says(&a, cases[i].says);
        together(script, &a, cases[i].text, &b, cases[i].text);
        says(&a, cases[i].says);
        says(&b, cases[i].says);
    }
    script_destroy(script);
}

static void chance_belongs_to_the_run(void)
{
    static const char text[] = "math.randomseed(7) local t = {}"
                               " for i = 1, 20 do t[i] = math.random(100) end"
                               " return table.concat(t, ' ')";
    struct script *script = make(&small, NULL);
    struct piece first, a, b;

    alone(script, &first, text);
    together(script, &a, text, &b, "math.randomseed(9) for i = 1, 50 do math.random() end");
    says(&a, first.said);
    script_destroy(script);
}

static void errors_are_told_to_who_raised_them(void)
{
    struct script *script = make(&small, NULL);
    struct piece a, b;

    together(script, &a,
             "local c <close> = setmetatable({}, {__close = function() for i = 1, 20 do end end})"
             " error('one')",
             &b, "for i = 1, 5 do end error('other')");
    fails(&a, ERR_SCRIPT, "notes/main.lua:1: one");
    fails(&b, ERR_SCRIPT, "notes/main.lua:1: other");
    alone(script, &a, "return coroutine.yield()");
    fails(&a, ERR_SCRIPT, "coroutine.yield: nobody resumes a handler");
    alone(script, &a, "return 1");
    says(&a, "1");
    script_destroy(script);
}

// Left where both find it: a coroutine that stands aside with a call is that call's alone.
static void what_stands_aside_is_nobody_elses(void)
{
    struct door door = {0};
    struct script *script = make_door(&door, 20000);
    struct piece a, b;

    alone(script, &a, "local shelf = require('core.shelf')"
                      " shelf.co = coroutine.create(function() return require('core.ask')(41) end)"
                      " return select(2, coroutine.resume(shelf.co))");
    CHECK(a.step == SCRIPT_WAITS);
    alone(script, &b, "local co = require('core.shelf').co"
                      " local ok, why = coroutine.resume(co)"
                      " return tostring(ok) .. tostring(pcall(coroutine.close, co)) .. why .."
                      " coroutine.status(co)");
    says(&b, "falsefalsecannot resume non-suspended coroutinenormal");
    go(&a);
    CHECK(a.step == SCRIPT_WAITS); // nobody has woken it
    script_wake(a.run);
    a.step = SCRIPT_TURN;
    finish(&a);
    says(&a, "42");
    script_destroy(script);
}

// The loop is stopped where it stands: no handler of it runs, and others go on.
static void a_deadline_counts_all_turns(void)
{
    static const char *const endless[] = {
        "while true do end",
        "while true do pcall(function() while true do end end) end",
        "while true do coroutine.wrap(function() while true do end end)() end",
        "local co = coroutine.create(function() while true do coroutine.yield() end end)"
        " while true do coroutine.resume(co) end",
        "local c <close> = setmetatable({}, {__close = function() while true do end end})"
        " while true do end",
        "while true do local s = ('x'):rep(1000):find('y') end",
        "while true do table.concat({1, 2, 3}) end",
    };
    struct script *script = make(&usual, NULL);
    struct piece a, b;

    for (size_t i = 0; i < sizeof endless / sizeof *endless; i++) {
        begin(script, &b, "local n = 0 for i = 1, 10 do n = n + i end return n");
        begin(script, &a, endless[i]);
        finish(&a);
        fails(&a, ERR_LIMIT, "processor time of 20 ms");
        CHECK(i > 0 || a.turns > 5);
        finish(&b);
        says(&b, "55");
        CHECK(!script_is_spent(script));
        if (script_is_spent(script))
            printf("  by %s\n", endless[i]);
    }
    script_destroy(script);
}

// Where C stands between, errors end it, and nobody knows what they left behind.
static void a_deadline_within_c_spends_the_state(void)
{
    struct script *script = make(&usual, NULL);
    struct piece a, b;

    begin(script, &b, "return 1");
    alone(script, &a, "table.sort({1, 2, 3}, function() while true do end end)");
    fails(&a, ERR_LIMIT, "processor time of 20 ms");
    CHECK(script_is_spent(script));
    b.run = (script_run_end(b.run), script_run_begin(script, body, &b, false, &b.err));
    CHECK(b.run == NULL && b.err.code == ERR_LIMIT);
    script_destroy(script);
}

static void what_runs_beside_a_spent_state_is_finished(void)
{
    struct script *script = make(&usual, NULL);
    struct piece a, b;

    script_limit(script, &small);
    begin(script, &b, "local n = 0 for i = 1, 1000 do n = n + 1 end return n");
    go(&b);
    CHECK(b.step == SCRIPT_TURN);
    script_limit(script, &usual);
    alone(script, &a, "table.sort({1, 2, 3}, function() while true do end end)");
    CHECK(script_is_spent(script));
    finish(&b);
    says(&b, "1000");
    script_destroy(script);
}

// Waiting ---------------------------------------------------------------------------------------

static void woken(void *context)
{
    ((struct door *)context)->woken++;
}

static void a_host_function_may_wait(void)
{
    static const char *const texts[] = {
        "return require('core.ask')(41)",
        "return select(2, pcall(require('core.ask'), 41))",
        "return coroutine.wrap(function() return require('core.ask')(41) end)()",
        "local co = coroutine.create(function() return require('core.ask')(41) end)"
        " return select(2, coroutine.resume(co))",
    };
    struct door door = {0};
    struct script *script = make_door(&door, 20000);
    struct piece a, b;

    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        alone(script, &a, texts[i]);
        CHECK(a.step == SCRIPT_WAITS && door.waiting == a.run);
        script_run_on_wake(a.run, woken, &door);
        alone(script, &b, "return 7");
        says(&b, "7");
        script_wake(door.waiting);
        CHECK(door.woken == (int)i + 1);
        a.step = SCRIPT_TURN;
        finish(&a);
        says(&a, "42");
    }
    alone(script, &a, "table.sort({2, 1}, function() return require('core.ask')(1) > 2 end)");
    fails(&a, ERR_SCRIPT, "nobody would resume it");
    script_destroy(script);
}

static void who_is_not_waited_for_is_told(void)
{
    struct door door = {0};
    struct script *script = make_door(&door, 20000);
    struct piece a;

    alone(script, &a, "local kept = ('x'):rep(100000) require('core.ask')(41) return #kept");
    CHECK(a.step == SCRIPT_WAITS);
    script_run_end(a.run);
    CHECK(door.cancelled == 1 && door.waiting == NULL);
    script_destroy(script);
}

static void wall_time_ends_what_waits(void)
{
    struct door door = {0};
    struct script *script = make_door(&door, 1);
    struct piece a;
    int64_t began = clock_mono_us(clock_system());

    alone(script, &a, "return require('core.ask')(41)");
    CHECK(a.step == SCRIPT_WAITS);
    while (clock_mono_us(clock_system()) - began < 5000)
        continue;
    a.step = SCRIPT_TURN;
    finish(&a);
    fails(&a, ERR_LIMIT, "wall time of 1 ms");
    CHECK(door.cancelled == 1 && !script_is_spent(script));
    script_destroy(script);
}

static void a_whole_run_has_one_turn(void)
{
    struct script *script = make(&small, NULL);
    struct piece a = {.text = "for i = 1, 1000 do end return 1"};

    a.run = script_run_begin(script, body, &a, true, &a.err);
    go(&a);
    says(&a, "1");
    CHECK(a.turns == 1);
    script_run_end(a.run);
    script_destroy(script);
}

int main(void)
{
    RUN(two_scripts_take_turns);
    RUN(whatever_a_script_calls_it_does_not_notice);
    RUN(coroutines_do_not_notice_either);
    RUN(chance_belongs_to_the_run);
    RUN(errors_are_told_to_who_raised_them);
    RUN(what_stands_aside_is_nobody_elses);
    RUN(a_deadline_counts_all_turns);
    RUN(a_deadline_within_c_spends_the_state);
    RUN(what_runs_beside_a_spent_state_is_finished);
    RUN(a_host_function_may_wait);
    RUN(who_is_not_waited_for_is_told);
    RUN(wall_time_ends_what_waits);
    RUN(a_whole_run_has_one_turn);
    return check_report("script/run");
}
