// SPDX-License-Identifier: Apache-2.0
// Ways out of a budget, each tried. Whatever a script does, its call ends within a quarter of a
// second after its deadline, within its memory, and the process lives. Time is the clock's, less
// what the thread stood ready while others ran: a busy machine makes no difference, waiting would.
#include "check.h"

#include <stdlib.h>
#include <time.h>

#include <lauxlib.h>

#include "script/script.h"

enum { DEADLINE_MS = 50, GRACE_MS = 250, MEMORY = 8 << 20, PATTERN_STEPS = 1000000 };

static const struct script_limits limits = {
    .cpu_ms = DEADLINE_MS, .memory = MEMORY, .pattern_steps = PATTERN_STEPS};

enum outcome {
    TIME,     // stopped at its deadline; the state is spent
    PATTERNS, // stopped at its budget of pattern steps; the state is spent
    LIMIT,    // stopped at one of its budgets, whichever comes first
    FAULT,    // an error of its own, with `says` in it; the state goes on
    TRUE,     // answers true; the state goes on
};

struct row {
    const char *what;
    enum outcome outcome;
    const char *text, *says;
};

// How long the thread was ready and others ran, as the scheduler counts it.
static int64_t others_ns(void)
{
    FILE *file = fopen("/proc/thread-self/schedstat", "re");
    long long ran = 0, others = 0;

    CHECK(file != NULL && fscanf(file, "%lld %lld", &ran, &others) == 2);
    if (file != NULL)
        fclose(file);
    return others;
}

static int64_t own_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return ((int64_t)now.tv_sec * 1000000000 + now.tv_nsec - others_ns()) / 1000000;
}

static bool run(struct script *script, const char *text, struct err *err)
{
    return script_compile(script, slice_text(text), "@notes/main.lua", err) &&
           script_call(script, 0, 1, err);
}

static bool is_as_told(struct script *script, const struct row *row, bool done, struct err *err)
{
    switch (row->outcome) {
    case TIME:
        return !done && err->code == ERR_LIMIT && strstr(err->text, "processor time") != NULL &&
               script_is_spent(script);
    case PATTERNS:
        return !done && err->code == ERR_LIMIT && strstr(err->text, "pattern steps") != NULL &&
               script_is_spent(script);
    case LIMIT:
        return !done && err->code == ERR_LIMIT;
    case FAULT:
        return !done && err->code == ERR_SCRIPT && strstr(err->text, row->says) != NULL &&
               run(script, "return 1", err);
    default:
        return done && lua_toboolean(script_state(script), -1) && run(script, "return 1", err);
    }
}

static void try_row(const struct row *row)
{
    struct err err = {0};
    struct script *script = script_create("notes", &limits, clock_system(), NULL, &err);
    int64_t began = own_ms(), took;
    bool done = run(script, row->text, &err);
    char said[sizeof err.text];

    took = own_ms() - began;
    snprintf(said, sizeof said, "%s", err.text);
    if (!is_as_told(script, row, done, &err) || took > DEADLINE_MS + GRACE_MS ||
        script_growth(script) > MEMORY || script_memory(script) > MEMORY) {
        CHECK(false);
        printf("  %s\n  took %d ms, said: %s\n", row->what, (int)took, said);
    }
    script_destroy(script);
}

static void try_rows(const struct row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++)
        try_row(&rows[i]);
}

#define TRY(rows) try_rows(rows, sizeof(rows) / sizeof *(rows))

static void patterns_end(void)
{
    static const struct row rows[] = {
        {"optional items", PATTERNS,
         "return (('a'):rep(30) .. 'b'):find(('a?'):rep(30) .. ('a'):rep(30) .. 'c')", ""},
        {"lazy items", PATTERNS, "return ('a'):rep(3000):find('.-.-.-.-b')", ""},
        {"greedy items", PATTERNS, "return ('a'):rep(3000):match('.*.*.*.*b')", ""},
        {"classes", PATTERNS, "return ('a'):rep(3000):match('%a*%a*%a*%a*%d')", ""},
        {"sets", PATTERNS, "return ('a'):rep(3000):match('[a-z]-[a-z]-[a-z]-[a-z]-1')", ""},
        {"gmatch", PATTERNS,
         "local n = 0 for x in ('a'):rep(30000):gmatch('a-b') do n = n + 1 end return n", ""},
        {"gsub", PATTERNS, "return ('a'):rep(30000):gsub('a-b', 'x')", ""},
        {"balance from every start", PATTERNS, "return ('('):rep(100000):find('%b()')", ""},
        {"a capture again", PATTERNS, "return ('a'):rep(2000):find('(.-)%1b')", ""},
        {"a long capture again", PATTERNS, "return ('a'):rep(1000000):find('(.*)%1%1b')", ""},
        {"frontier", LIMIT, "while true do (' '):rep(1000000):find('%f[a]x') end", ""},
        {"anchored at the end", PATTERNS, "return ('a'):rep(100000):find('a*$b')", ""},
        {"in a protected call", PATTERNS,
         "while true do pcall(string.find, ('a'):rep(3000), '.-.-.-.-b') end", ""},
        {"in a handler", PATTERNS,
         "xpcall(error, function() return ('a'):rep(3000):find('.-.-.-.-b') end)"
         " while true do end",
         ""},
        {"in a coroutine", PATTERNS,
         "while true do coroutine.resume(coroutine.create(function()"
         " return ('a'):rep(3000):find('.-.-.-.-b') end)) end",
         ""},
        {"many small ones together", PATTERNS,
         "for i = 1, 1e9 do pcall(string.find, ('a'):rep(100), '.-.-b') end", ""},
        {"plain, a long needle", LIMIT,
         "local s, n = ('a'):rep(1000000), ('a'):rep(1000) .. 'b'"
         " while true do s:find(n, 1, true) end",
         ""},
        {"plain, a needle that begins everywhere", LIMIT,
         "local s, n = ('a'):rep(1000000), 'b' .. ('a'):rep(250)"
         " while true do s:find(n, 1, true) end",
         ""},
        {"a loop of gsub", LIMIT, "local s = ('a'):rep(1000000) while true do s:gsub('.', 'b') end",
         ""},
        {"gsub that calls C", LIMIT,
         "local s = ('a'):rep(1000000) while true do s:gsub('.', string.upper) end", ""},
        {"gsub that calls itself", FAULT,
         "local function deep(s) return (s:gsub('.', deep)) end return deep('a')", "overflow"},
        {"gsub that grows", FAULT, "return ('a'):rep(1000):gsub('a', ('b'):rep(10000))",
         "string.gsub makes at most"},
        {"gsub by captures that grow", FAULT,
         "return ('a'):rep(100000):gsub('^(.*)$', ('%1'):rep(100))", "string.gsub makes at most"},
        {"gsub by a function that grows", FAULT,
         "local s = ('b'):rep(10000) return ('a'):rep(1000):gsub('a', function() return s end)",
         "string.gsub makes at most"},
        {"a long pattern", FAULT, "return ('a'):find(('a'):rep(1025))", "longer than 1024 bytes"},
        {"a long subject", FAULT, "local s = ('a'):rep(1048576) return (s .. s):find('a')",
         "longer than 1048576 bytes"},
        {"the longest pattern", TRUE,
         "return ('x'):rep(341):match(('[x]'):rep(341)) == ('x'):rep(341)", ""},
        {"as many captures as there may be", TRUE,
         "return select('#', ('a'):rep(32):match(('(a)'):rep(32))) == 32", ""},
    };

    TRY(rows);
}

static void pattern_steps_are_those_of_one_call(void)
{
    struct err err = {0};
    struct script *script = script_create("notes", &limits, clock_system(), NULL, &err);

    for (int i = 0; i < 30; i++)
        CHECK_OK(run(script, "return (('a'):rep(40000):gsub('a', 'b'))", &err), &err);
    CHECK(!run(script, "for i = 1, 30 do ('a'):rep(40000):gsub('a', 'b') end", &err));
    CHECK(strcmp(err.text, "notes: 1000000 pattern steps used up") == 0);
    CHECK(!run(script, "return 1", &err) && err.code == ERR_LIMIT);
    script_destroy(script);
}

static void loops_end(void)
{
    static const struct row rows[] = {
        {"L1 protected loops", TIME,
         "local function loop() while true do end end"
         " while true do pcall(loop) end",
         ""},
        {"L2 handlers that loop", TIME,
         "local function loop() while true do end end"
         " xpcall(loop, loop)",
         ""},
        {"L2 handlers that fail", LIMIT, "while true do xpcall(error, error) end", ""},
        {"L4 coroutines of coroutines", TIME,
         "local function deep() while true do"
         " pcall(coroutine.wrap(function() pcall(deep) pcall(deep) end)) end end deep()",
         ""},
        {"L4 coroutines kept and resumed", TIME,
         "local all = {} for i = 1, 60 do all[i] = coroutine.create(function()"
         " while true do pcall(coroutine.yield) end end) end"
         " while true do for i = 1, 60 do coroutine.resume(all[i]) end end",
         ""},
        {"L6 closing a coroutine that loops", TIME,
         "while true do local co = coroutine.create(function() local x <close> = setmetatable({},"
         " {__close = function() while true do end end}) coroutine.yield() end)"
         " coroutine.resume(co) pcall(coroutine.close, co) end",
         ""},
        {"a loop in __close after the deadline", TIME,
         "local function loop() while true do end end"
         " local x <close> = setmetatable({}, {__close = loop}) loop()",
         ""},
        {"a loop in __index, __eq, __concat, __lt", TIME,
         "local function loop() while true do end end local t = setmetatable({}, {__index = loop,"
         " __eq = loop, __concat = loop, __lt = loop})"
         " pcall(function() return t.x end) return t .. t",
         ""},
        {"an iterator without end", TIME, "for x in function() return 1 end do end", ""},
        {"pairs without end", TIME,
         "for k in pairs(setmetatable({}, {__pairs = function()"
         " return function() return 1 end end})) do end",
         ""},
        {"goto", TIME, "::again:: goto again", ""},
    };

    TRY(rows);
}

static void finalizers_and_weak_tables_are_refused(void)
{
    static const struct row rows[] = {
        {"L3 __gc on collection", FAULT,
         "setmetatable({}, {__gc = function() while true do end end})", "__gc is not available"},
        {"L3 __gc in an error object", FAULT,
         "error(setmetatable({}, {__gc = function() while true do end end}))",
         "__gc is not available"},
        {"L3 __gc filled in later", TRUE,
         "local m = {} setmetatable({}, m) m.__gc = function() while true do end end"
         " for i = 1, 10000 do local x = {} end return true",
         ""},
        {"weak tables", FAULT, "setmetatable({}, {__mode = 'k'})", "__mode is not available"},
        {"weak tables in disguise", TRUE,
         "local m, t = {}, {} setmetatable(t, m) m.__mode = 'k' t[{}] = 1"
         " for i = 1, 100000 do local x = {} end return next(t) ~= nil",
         ""},
        {"weak tables that refer to each other", LIMIT,
         "local keys, order, all, m = {}, {}, {}, {} for i = 1, 20001 do keys[i] = {} end"
         " for i = 1, 20000 do order[i] = i end"
         " for i = 20000, 2, -1 do local j = math.random(i) order[i], order[j] = order[j], order[i]"
         " end for i = 1, 20000 do local p = order[i]"
         " all[i] = setmetatable({[keys[p]] = keys[p + 1]}, m) end m.__mode = 'k'"
         " keys, order = keys[1], nil while true do local x = {} end",
         ""},
    };

    TRY(rows);
}

static void what_c_walks_is_bounded(void)
{
    static const struct row rows[] = {
        {"L13 rep of nothing", FAULT, "return (''):rep(1e15)", "string.rep makes at most"},
        {"L13 rep of a separator", FAULT, "return ('').rep('', 1e9, '')",
         "string.rep makes at most"},
        {"L14 move", FAULT, "table.move({}, 1, 1e9, 2)", "more than 1000000 items"},
        {"move through C", FAULT,
         "table.move(setmetatable({}, {__index = rawequal}), 1, 1e6, 1, {})",
         "more than 10000 items"},
        {"move into C", FAULT,
         "table.move({}, 1, 1e6, 1, setmetatable({}, {__newindex = rawequal}))",
         "more than 10000 items"},
        {"concat through C", FAULT,
         "table.concat(setmetatable({}, {__index = rawequal}), '', 1, 1e6)",
         "more than 10000 items"},
        {"unpack through C", FAULT, "table.unpack(setmetatable({}, {__index = rawequal}), 1, 1e6)",
         "more than 10000 items"},
        {"insert by a length that lies", FAULT,
         "table.insert(setmetatable({}, {__len = function() return 1e15 end}), 1, 1)", "__len"},
        {"remove by a length that lies", FAULT,
         "table.remove(setmetatable({}, {__len = function() return 1e15 end}), 1)", "__len"},
        {"insert at the front", TIME,
         "local t = {} for i = 1, 200000 do t[i] = i end while true do table.insert(t, 1, 0)"
         " table.remove(t, 1) end",
         ""},
        {"concat of numbers", LIMIT,
         "local t = {} for i = 1, 250000 do t[i] = i + 0.5 end while true do table.concat(t) end",
         ""},
        {"L16 sort", TIME,
         "local t = {} while true do for i = 1, 100000 do t[i] = (i * 7919) % 100003 end"
         " table.sort(t) end",
         ""},
        {"sort of too much", FAULT, "local t = {} for i = 1, 100001 do t[i] = 0 end table.sort(t)",
         "more than 100000 items"},
        {"sort of long texts", TIME,
         "local a, t = ('x'):rep(1000000), {} local b, c = a .. 1, a .. 2"
         " for i = 1, 100000 do t[i] = i % 2 == 0 and b or c end table.sort(t)",
         ""},
        {"sort by C", TIME,
         "local s, t = ('a'):rep(1000000) .. 'b', {} for i = 1, 100000 do t[i] = s end"
         " while true do table.sort(t, function(...) return false end)"
         " table.sort(t, string.lower) end",
         ""},
        {"sort by what is slow in C", TIME,
         "local l = {} for i = 1, 50000 do l[i] = i + 0.5 end"
         " local m, t = setmetatable({}, {__tostring = table.concat}), {}"
         " for i = 1, 50000 do t[i] = m end getmetatable(m).__lt = function() return false end"
         " m[1] = 'x' for i = 1, 9999 do m[i] = i + 0.5 end table.sort(t, tostring)",
         ""},
        {"L21 an order that is none", FAULT,
         "local t = {} for i = 1, 1000 do t[i] = i end"
         " table.sort(t, function() return true end)",
         "invalid order function"},
        {"L17 rep", TIME, "while true do local s = ('x'):rep(1000000) end", ""},
        {"L17 utf8.len", TIME, "local s = ('x'):rep(1000000) while true do utf8.len(s) end", ""},
        {"L17 reverse", TIME, "local s = ('x'):rep(1000000) while true do s:reverse() end", ""},
        {"upper", TIME, "local s = ('x'):rep(1000000) while true do s:upper() end", ""},
        {"texts too long", FAULT, "local s = ('x'):rep(1048576) s = s .. s return s:upper()",
         "longer than 1048576 bytes"},
        {"utf8 of texts too long", FAULT, "local s = ('x'):rep(1048576) utf8.len(s .. s)",
         "longer than 1048576 bytes"},
        {"utf8.char", FAULT,
         "local t = {} for i = 1, 10001 do t[i] = 65 end return utf8.char(table.unpack(t))",
         "at most 10000 codes"},
        {"utf8.codes of what goes on", TIME,
         "local f = utf8.codes('x') local s = ('\x80'):rep(1000000)"
         " while true do pcall(f, s, 1) end",
         ""},
        {"byte of everything", LIMIT,
         "local s = ('x'):rep(200000) while true do local n = select('#', s:byte(1, -1)) end", ""},
        {"format of many", FAULT,
         "local t = {} for i = 1, 251 do t[i] = 1e308 end"
         " return ('%99.99f'):rep(251):format(table.unpack(t))",
         "at most 250 values"},
        {"format in a loop", TIME,
         "while true do local s = ('%99.99f%99.99f'):format(1e308, 1e308) end", ""},
        {"format of long texts", FAULT, "local s = ('x'):rep(1048576) return ('%s%s'):format(s, s)",
         "string.format makes"},
        {"format with quotes", TIME,
         "local s = ('\\0'):rep(500000) while true do local q = ('%q'):format(s) end", ""},
        {"pack with paddings", FAULT, "return string.pack('c1000000c1000000', '', '')",
         "at most 1048576 bytes"},
        {"pack with sizes beyond numbers", FAULT, "return string.pack('c99999999999999999999', '')",
         "at most 1048576 bytes"},
        {"pack in a loop", TIME, "while true do local s = string.pack('c1000000', '') end", ""},
        {"unpack of a long text", FAULT, "local s = ('x'):rep(1048576) string.unpack('z', s .. s)",
         "longer than"},
        {"tostring through C", FAULT, "return tostring(setmetatable({}, {__tostring = tostring}))",
         "overflow"},
        {"tonumber of a long text", TIME,
         "local s = ('1'):rep(1000000) while true do local n = tonumber(s) end", ""},
        {"print", FAULT, "print(('x'):rep(65537))", "65536 bytes printed"},
        {"next over what was full", TIME,
         "local t = {} for i = 1, 200000 do t[i] = i end for i = 1, 200000 do t[i] = nil end"
         " while true do next(t) end",
         ""},
        {"comparing long texts", TIME,
         "local s = ('x'):rep(1000000) local a, b = s .. 1, s .. 2"
         " while true do local x = a < b, a == b end",
         ""},
        {"comparing zeros", TIME,
         "local s = ('\\0'):rep(1000000) local a, b = s .. 1, s .. 2"
         " while true do local x = a < b end",
         ""},
        {"joining long texts", TIME,
         "local s = ('x'):rep(1000000) while true do local a = s .. s end", ""},
        {"long texts as keys", TIME,
         "local s, t = ('x'):rep(1000000), {} for i = 1, 1e9 do t[s .. 1] = true t[s .. 1] = nil"
         " end",
         ""},
    };

    TRY(rows);
}

static void compiling_ends(void)
{
    static const struct row rows[] = {
        {"goto to one label", FAULT, "assert(load(('goto x '):rep(32000) .. ' ::x::'))",
         "more than 1000 goto"},
        {"break from one loop", FAULT,
         "assert(load('while a do ' .. ('if a then break end '):rep(12000) .. ' end'))",
         "more than 1000 goto"},
        {"as many as there may be", TRUE, "return load(('goto x '):rep(1000) .. ' ::x::') ~= nil",
         ""},
        {"or after or", TIME, "while true do load('x = a' .. (' or a'):rep(50000)) end", ""},
        {"and after and", TIME, "while true do load('x = a' .. (' and a'):rep(40000)) end", ""},
        {"elseif after elseif", TIME,
         "while true do load('if a then ' .. ('elseif a then '):rep(18000) .. ' end') end", ""},
        {"swallowed", TIME, "while true do pcall(load, 'x = a' .. (' or a'):rep(50000)) end", ""},
        {"through C", TIME,
         "local s, t = 'x = a' .. (' or a'):rep(50000), {} for i = 1, 1000 do t[i] = s end"
         " table.sort(t, load)",
         ""},
        {"labels", LIMIT,
         "local t = {} for i = 1, 12000 do t[i] = '::a' .. i .. ':: x()' end"
         " local s = table.concat(t, ' ') while true do load(s) end",
         ""},
        {"functions", TIME,
         "local s = ('local function f() end '):rep(150) while true do load(s) end", ""},
        {"a long number", TIME,
         "local s = 'return ' .. ('1'):rep(200000) while true do load(s) end", ""},
        {"L22 bytecode", TRUE, "return load('\\27Lua\\x54\\0\\x19\\x93', 'x', 'b') == nil", ""},
        {"L22 dump", TRUE, "return string.dump == nil and ('').dump == nil", ""},
    };

    TRY(rows);
}

static void shared_things_stay(void)
{
    static const struct row rows[] = {
        {"L20 no collectgarbage", FAULT, "return collectgarbage()", "undeclared variable"},
        {"L20 much garbage", TIME,
         "local keep = {} for i = 1, 30000 do keep[i] = {} end while true do local x = {} end", ""},
        {"L23 the metatable of texts", FAULT, "getmetatable('').__index = {}", "boolean"},
        {"L23 a function of string", FAULT, "string.rep = error", "cannot be changed"},
        {"L23 by table.insert", FAULT, "table.insert(string, 1, error)", "cannot be changed"},
        {"L23 by table.move", FAULT, "table.move({error}, 1, 1, 1, string)", "cannot be changed"},
        {"L23 by load", TRUE,
         "local f = load('string = {} return string', 'x', 't', {}) f()"
         " return string.rep ~= nil and ('x').rep ~= nil",
         ""},
        {"L24 addresses in %p", FAULT, "return ('%p'):format({})", "%p is not available"},
        {"L24 addresses in %s", TRUE, "return ('%s %s'):format({}, print) == 'table function'", ""},
        {"L24 addresses in tostring", TRUE,
         "return not (tostring({}) .. tostring(print) .. tostring(coroutine.create(print)))"
         ":find('%d')",
         ""},
        {"L24 addresses in error texts", TRUE,
         "local _, e = pcall(function() return {} .. {} end)"
         " local _, f = pcall(string.rep) local _, g = pcall(error, {})"
         " return not (e .. f .. tostring(g)):find('0x')",
         ""},
        {"L24 addresses in the order of a table", TRUE, "return next({}) == nil", ""},
        {"L28 the metatable of the globals", FAULT, "setmetatable(_G, {})", "protected"},
        {"L28 the globals through load", FAULT, "load('x = 1')()", "not declared"},
        {"L28 rawset on a view", FAULT, "rawset(math, 'pi', 3)", "cannot be changed"},
        {"L28 rawset on the globals", FAULT, "rawset(_G, 'x', 3)", "cannot be changed"},
        {"L28 next over a view", TRUE, "return next(math) == nil and next(_G) == nil", ""},
        {"L28 __name", TRUE,
         "local t = setmetatable({}, {__name = 'FILE*'}) return tostring(t) == 'FILE*'", ""},
        {"L28 __index that leads to itself", FAULT,
         "local t = setmetatable({}, {}) getmetatable(t).__index = t return t.x", "loop"},
        {"L28 __index that calls itself", FAULT,
         "local t = setmetatable({}, {__index = function(t, k) return t[k] end}) return t.x",
         "overflow"},
    };

    TRY(rows);
}

static void bombs_are_errors(void)
{
    static const struct row rows[] = {
        {"L25 unpack of much", FAULT, "return table.unpack({}, 1, 1e6)", "too many results"},
        {"L25 unpack of more", FAULT, "return table.unpack({}, 1, 1e8)", "more than"},
        {"L25 rep of much", FAULT, "return ('x'):rep(1e10)", "string.rep"},
        {"L25 tables", LIMIT, "local t = {} for i = 1, 1e9 do t[i] = {} end", ""},
        {"L25 a table of tables", LIMIT,
         "local t = {} while true do t = {t, t, t, t, t, t, t, t} end", ""},
        {"L25 texts", LIMIT, "local s = 'x' while true do s = s .. s end", ""},
        {"L25 texts in protected calls", LIMIT,
         "local s = 'x' while true do pcall(function() s = s .. s end) end", ""},
        {"L25 closures", LIMIT, "local t = {} for i = 1, 1e9 do t[i] = function() return i end end",
         ""},
        {"L25 deep calls", LIMIT, "local function deep() return 1 + deep() end deep()", ""},
        {"L25 deep calls in protected calls", LIMIT,
         "local function deep() pcall(deep) return deep() + 1 end deep()", ""},
        {"L25 parentheses", FAULT, "assert(load(('('):rep(100000)))", "overflow"},
        {"L25 braces", FAULT, "assert(load('x = ' .. ('{'):rep(100000)))", "overflow"},
        {"L25 local variables", FAULT, "assert(load('local a' .. (', a'):rep(300)))",
         "too many local variables"},
        {"L25 coroutines in coroutines", FAULT,
         "local function nest() return coroutine.wrap(nest)() end nest()", ""},
        {"L25 coroutines", FAULT,
         "local all = {} for i = 1, 65 do all[i] = coroutine.create(print) end", "more than 64"},
        {"arguments", LIMIT, "local function grow(...) return grow(1, 2, 3, ...) end grow()", ""},
        {"a state kept full while numbers become texts", LIMIT,
         "local t, n = {}, {} for i = 1, 100000 do n[i] = i + 0.5 end"
         " pcall(function() while true do t[#t + 1] = {} end end)"
         " while true do pcall(table.concat, n) end",
         ""},
        {"a state kept full while texts are matched", LIMIT,
         "local t, s = {}, ('ab '):rep(100000)"
         " pcall(function() while true do t[#t + 1] = {} end end)"
         " while true do pcall(string.gsub, s, '(%a)(%a)', '%2%1') end",
         ""},
        {"a state kept full while a source is compiled", LIMIT,
         "local t, s = {}, ('local function f() return {} end '):rep(150)"
         " pcall(function() while true do t[#t + 1] = {} end end) while true do pcall(load, s) end",
         ""},
    };

    TRY(rows);
}

static void yields_go_where_they_may(void)
{
    static const struct row rows[] = {
        {"L27 across sort", FAULT,
         "coroutine.wrap(function() table.sort({3, 2, 1}, coroutine.yield) end)()",
         "yield across a C-call boundary"},
        {"L27 across gsub", FAULT,
         "coroutine.wrap(function() return ('x'):gsub('x', coroutine.yield) end)()",
         "yield across a C-call boundary"},
        {"L27 from nowhere", FAULT, "coroutine.yield()", "outside a coroutine"},
        {"L27 from __close", TRUE,
         "local co = coroutine.wrap(function() do local x <close> = setmetatable({},"
         " {__close = function() coroutine.yield(1) end}) end return 2 end)"
         " return co() == 1 and co() == 2",
         ""},
        {"L27 across a protected call", TRUE,
         "local co = coroutine.wrap(function() return select(2, pcall(coroutine.yield, 1)) end)"
         " return co() == 1 and co(2) == 2",
         ""},
        {"the flaw of 5.4.3: __close after an error in a coroutine", TRUE,
         "local co = coroutine.create(function() local x <close> = setmetatable({},"
         " {__close = function() error('second') end}) error('first') end)"
         " local _, first = coroutine.resume(co) local done, second = coroutine.close(co)"
         " return not done and first:find('first') ~= nil and second:find('second') ~= nil",
         ""},
        {"the flaw of 5.4.2: deep closing", LIMIT,
         "local function deep() local x <close> = setmetatable({}, {__close = function() deep()"
         " end}) end while true do pcall(deep) end",
         ""},
        {"the flaw of 5.4.3: errors while errors are handled", LIMIT,
         "local function loop() xpcall(loop, loop) error(loop) end while true do pcall(loop) end",
         ""},
    };

    TRY(rows);
}

int main(void)
{
    RUN(loops_end);
    RUN(finalizers_and_weak_tables_are_refused);
    RUN(what_c_walks_is_bounded);
    RUN(compiling_ends);
    RUN(shared_things_stay);
    RUN(bombs_are_errors);
    RUN(yields_go_where_they_may);
    RUN(patterns_end);
    RUN(pattern_steps_are_those_of_one_call);
    return check_report("escape");
}
