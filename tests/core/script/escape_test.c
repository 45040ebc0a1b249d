// SPDX-License-Identifier: Apache-2.0
// Ways out of a budget, each tried. Whatever a script does, its call ends within a quarter of a
// second after its deadline, within its memory, and the process lives. Time is the thread's, so
// that a busy machine makes no difference.
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

static int64_t thread_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
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
    int64_t began = thread_ms(), took;
    bool done = run(script, row->text, &err);
    char said[sizeof err.text];

    took = thread_ms() - began;
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

int main(void)
{
    RUN(patterns_end);
    RUN(pattern_steps_are_those_of_one_call);
    return check_report("escape");
}
