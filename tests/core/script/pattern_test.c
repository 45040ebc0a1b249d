// SPDX-License-Identifier: Apache-2.0
// Our patterns beside the stock ones: the same answers, the same mistakes, on random patterns
// and subjects. SHUYUAN_PATTERNS says how many (20,000), SHUYUAN_SEED repeats a run.
#include "check.h"

#include <stdlib.h>
#include <time.h>

#include <lauxlib.h>
#include <lualib.h>

#include "script/script.h"

static const struct script_limits limits = {
    .cpu_ms = 20000, .memory = 64 << 20, .pattern_steps = 100000000};

// Runs in both worlds: one case, its outcome as a text.
static const char *const answer_text =
    "local function show(...)\n"
    "  local out = {}\n"
    "  for i = 1, select('#', ...) do\n"
    "    local item = select(i, ...)\n"
    "    out[i] = (math.type(item) or type(item)) .. ':' .. tostring(item)\n"
    "  end\n"
    "  return table.concat(out, '|')\n"
    "end\n"
    "local function walk(s, p, init)\n"
    "  local out = {}\n"
    "  for a, b, c in s:gmatch(p, init) do out[#out + 1] = show(a, b, c) end\n"
    "  return table.concat(out, ';')\n"
    "end\n"
    "local words = {a = 'A', b = false, ab = 7, ['('] = '<', [1] = 'one'}\n"
    "local function swap(...) return select('#', ...) > 1 and show(...) or words[...] end\n"
    "local kinds = {\n"
    "  function(s, p, with, init) return show(s:find(p, init)) end,\n"
    "  function(s, p, with, init) return show(s:find(p, init, true)) end,\n"
    "  function(s, p, with, init) return show(s:match(p, init)) end,\n"
    "  function(s, p, with, init) return walk(s, p, init) end,\n"
    "  function(s, p, with, init) return show(s:gsub(p, with)) end,\n"
    "  function(s, p, with, init) return show(s:gsub(p, with, init)) end,\n"
    "  function(s, p, with, init) return show(s:gsub(p, words)) end,\n"
    "  function(s, p, with, init) return show(s:gsub(p, swap)) end,\n"
    "}\n"
    "return function(kind, s, p, with, init)\n"
    "  local done, said = pcall(kinds[kind], s, p, with, init)\n"
    "  if done then return said end\n"
    "  return 'error ' .. said:match('^[^:]*:%d+: (.*)$')\n"
    "end\n";

enum { KINDS = 8, TEXT_LEN = 200 };

struct text {
    char data[TEXT_LEN];
    size_t len;
};

struct order {
    int kind, start;
    struct text subject, pattern, with;
};

static uint64_t chance;

static unsigned below(unsigned most)
{
    uint64_t x = chance += UINT64_C(0x9e3779b97f4a7c15);

    x = (x ^ x >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ x >> 27) * UINT64_C(0x94d049bb133111eb);
    return (unsigned)((x ^ x >> 31) >> 32) % most;
}

static void add(struct text *text, const char *bytes, size_t len)
{
    if (text->len + len > TEXT_LEN)
        return;
    memcpy(text->data + text->len, bytes, len);
    text->len += len;
}

static void add_byte(struct text *text, char byte)
{
    add(text, &byte, 1);
}

static void add_text(struct text *text, const char *more)
{
    add(text, more, strlen(more));
}

static char letter(void)
{
    static const char letters[] = "aaabbbc(]1 A.-%\0\x80\xe4^$*";

    return letters[below(sizeof letters - 1)];
}

static void add_set(struct text *pattern)
{
    static const char *const members[] = {"a-c", "%a",  "%S",  "b-",   "-z", "%]",
                                          "]",   "0-9", "a-%", "%w-z", "c-a"};

    add(pattern, "[^", below(3) == 0 ? 2 : 1);
    for (unsigned i = below(4); i < 4; i++) {
        if (below(3) == 0)
            add_text(pattern, members[below(sizeof members / sizeof *members)]);
        else
            add_byte(pattern, letter());
    }
    if (below(20) != 0)
        add_byte(pattern, ']');
}

static void add_single(struct text *pattern)
{
    static const char classes[] = "acdglpsuwxzACDGLPSUWXZ%.(b";

    switch (below(6)) {
    case 0:
        add_byte(pattern, '.');
        break;
    case 1:
        add_byte(pattern, '%');
        add_byte(pattern, classes[below(sizeof classes - 1)]);
        break;
    case 2:
        add_set(pattern);
        break;
    default:
        add_byte(pattern, below(8) == 0 ? letter() : "ab"[below(2)]);
    }
    if (below(2) == 0)
        add_byte(pattern, "*+-?"[below(4)]);
}

static void add_special(struct text *pattern)
{
    static const char *const specials[] = {"()", "%1", "%2", "%b()", "%bab", "%b", "$",
                                           "%f", "%",  "^",  "%0",   "(",    ")",  "%baa"};

    if (below(4) == 0) {
        add(pattern, "%f", 2);
        add_set(pattern);
        return;
    }
    add_text(pattern, specials[below(sizeof specials / sizeof *specials)]);
}

static void make_pattern(struct text *pattern)
{
    unsigned open = 0;

    if (below(6) == 0)
        add_byte(pattern, '^');
    for (unsigned i = below(6); i < 6; i++) {
        if (below(5) == 0) {
            add_byte(pattern, '(');
            open++;
        }
        if (below(8) == 0)
            add_special(pattern);
        else
            add_single(pattern);
        if (open > 0 && below(3) == 0) {
            add_byte(pattern, ')');
            open--;
        }
    }
    for (; open > 0 && below(10) != 0; open--)
        add_byte(pattern, ')');
    if (below(6) == 0)
        add_byte(pattern, '$');
}

static void make(struct order *order)
{
    static const char *const marks[] = {"%0", "%1", "%2", "%%", "%x"};

    order->kind = (int)below(KINDS) + 1;
    order->start = (int)below(16) - 5;
    for (unsigned i = below(24); i > 0; i--)
        add_byte(&order->subject, below(2) == 0 ? letter() : "ab"[below(2)]);
    make_pattern(&order->pattern);
    for (unsigned i = below(4); i > 0; i--) {
        if (below(2) == 0)
            add_byte(&order->with, below(12) == 0 ? '%' : 'x');
        else
            add_text(&order->with, marks[below(20) == 0 ? 4 : below(4)]);
    }
}

static void push_order(lua_State *L, const struct order *order)
{
    lua_pushinteger(L, order->kind);
    lua_pushlstring(L, order->subject.data, order->subject.len);
    lua_pushlstring(L, order->pattern.data, order->pattern.len);
    lua_pushlstring(L, order->with.data, order->with.len);
    lua_pushinteger(L, order->start);
}

static int run_order(lua_State *L)
{
    lua_pushvalue(L, 2);
    push_order(L, lua_touserdata(L, 1));
    lua_call(L, 5, 1);
    return 1;
}

static void print_text(const char *name, const struct text *text)
{
    printf("  %s \"", name);
    for (size_t i = 0; i < text->len; i++)
        printf(text->data[i] >= ' ' && text->data[i] < 127 ? "%c" : "\\%d",
               (unsigned char)text->data[i]);
    printf("\"\n");
}

struct worlds {
    struct script *script;
    lua_State *stock;
};

// Compares one case; the answers stay for nobody.
static bool agree(struct worlds *worlds, const struct order *order)
{
    lua_State *ours = script_state(worlds->script), *stock = worlds->stock;
    struct err err;
    size_t len, stock_len;
    const char *said, *stock_said;
    bool same;

    lua_pushcfunction(ours, run_order);
    lua_pushlightuserdata(ours, (void *)order);
    lua_pushvalue(ours, 1);
    CHECK_OK(script_call(worlds->script, 2, 1, &err), &err);
    lua_pushvalue(stock, 1);
    push_order(stock, order);
    CHECK(lua_pcall(stock, 5, 1, 0) == LUA_OK);
    said = lua_tolstring(ours, -1, &len);
    stock_said = lua_tolstring(stock, -1, &stock_len);
    same = len == stock_len && memcmp(said, stock_said, len) == 0;
    if (!same) {
        printf("  kind %d, start %d\n", order->kind, order->start);
        print_text("subject", &order->subject);
        print_text("pattern", &order->pattern);
        print_text("with", &order->with);
        printf("  ours:  %s\n  stock: %s\n", said, stock_said);
    }
    lua_pop(ours, 1);
    lua_pop(stock, 1);
    return same;
}

static long number_of(const char *variable, long otherwise)
{
    const char *text = getenv(variable);

    return text != NULL ? strtol(text, NULL, 10) : otherwise;
}

static void random_patterns_answer_as_the_stock_ones_do(void)
{
    struct err err = {0};
    struct worlds worlds = {script_create("notes", &limits, clock_system(), NULL, &err),
                            luaL_newstate()};
    long count = number_of("SHUYUAN_PATTERNS", 20000);
    long seed = number_of("SHUYUAN_SEED", (long)time(NULL)), problems = 0;

    luaL_openlibs(worlds.stock);
    CHECK(luaL_loadstring(worlds.stock, answer_text) == LUA_OK);
    lua_call(worlds.stock, 0, 1);
    CHECK_OK(script_compile(worlds.script, slice_text(answer_text), "@answer", &err) &&
                 script_call(worlds.script, 0, 1, &err),
             &err);
    chance = (uint64_t)seed;
    for (long i = 0; i < count && problems < 3; i++) {
        struct order order = {0};

        make(&order);
        if (!agree(&worlds, &order))
            problems++;
    }
    if (problems > 0) {
        CHECK(problems == 0);
        printf("  SHUYUAN_SEED=%ld repeats it\n", seed);
    }
    lua_close(worlds.stock);
    script_destroy(worlds.script);
}

int main(void)
{
    RUN(random_patterns_answer_as_the_stock_ones_do);
    return check_report("pattern");
}
