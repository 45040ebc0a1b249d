// SPDX-License-Identifier: Apache-2.0
// What a steady state promises: the same figures and the same order in every run.
#include "check.h"

#include <lauxlib.h>

#include "script/script.h"

static const struct script_limits limits = {.cpu_ms = 2000, .wall_ms = 0, .memory = 8 << 20};

struct figures {
    int64_t steps;
    size_t growth;
    char text[200];
};

// Runs text in a state of its own, whose tables have a seed of its own.
static struct figures run(const char *text)
{
    struct err err = {ERR_NONE, ""};
    struct script *script = script_create("notes", &limits, clock_system(), NULL, &err);
    struct figures figures = {0, 0, ""};

    CHECK_OK(script != NULL && script_steady(script, &err), &err);
    CHECK_OK(script_compile(script, slice_text(text), "@notes/main.lua", &err), &err);
    script_count(script, true);
    CHECK_OK(script_call(script, 0, 1, &err), &err);
    figures.steps = script_steps(script);
    figures.growth = script_growth(script);
    snprintf(figures.text, sizeof figures.text, "%s", luaL_tolstring(script_state(script), -1, NULL));
    script_destroy(script);
    return figures;
}

static void says(const char *code, const char *wanted)
{
    struct figures got = run(code);

    CHECK(strcmp(got.text, wanted) == 0);
    if (strcmp(got.text, wanted) != 0)
        printf("  %s\n  said %s\n", code, got.text);
}

#define LIST "local list = {} for key in pairs(t) do list[#list + 1] = tostring(key) end " \
             "return table.concat(list, ' ')"

static void keys_come_in_order(void)
{
    says("local t = {zeta = 1, [3] = 1, alpha = 1, [true] = 1, [1.5] = 1, [false] = 1, mu = 1} " LIST,
         "1.5 3 alpha mu zeta false true");
    says("local t = {} " LIST, "");
    says("local t = {10, 20, 30} " LIST, "1 2 3");
    says("return tostring(next({b = 1, a = 2})) .. next({b = 1, a = 2}, 'a')", "ab");
    says("return tostring(next({}))", "nil");
}

static void keys_without_an_order_come_last_and_once(void)
{
    says("local t, a, b = {}, {}, {} t[a], t[b], t.x = 1, 1, 1 local first, count = nil, 0 "
         "for key in pairs(t) do first = first or key count = count + 1 end "
         "return tostring(first) .. count",
         "x3");
}

static void what_is_taken_away_on_the_way_is_passed_over(void)
{
    says("local t, seen = {a = 1, b = 2, c = 3}, '' "
         "for key in pairs(t) do seen = seen .. key t[key] = nil t.b = nil end return seen",
         "ac");
}

static void a_table_may_still_say_how_it_is_walked(void)
{
    says("local t = setmetatable({}, {__pairs = function() return next, {z = 1}, nil end}) " LIST, "z");
}

static void figures_are_the_same_in_every_state(void)
{
    static const char code[] =
        "local words, out = {}, {} for i = 1, 300 do words['w' .. i * 7919 % 1000] = {i} end "
        "for word, one in pairs(words) do if one[1] % 3 == 0 then out[#out + 1] = word end "
        "if #out == 50 then break end end return table.concat(out, ' '):sub(1, 60) .. math.random(1000)";
    struct figures first = run(code);

    CHECK(first.steps > 1000 && first.growth > 10000);
    for (int i = 0; i < 5; i++) {
        struct figures next = run(code);

        CHECK(next.steps == first.steps);
        CHECK(next.growth == first.growth);
        CHECK(strcmp(next.text, first.text) == 0);
    }
}

int main(void)
{
    RUN(keys_come_in_order);
    RUN(keys_without_an_order_come_last_and_once);
    RUN(what_is_taken_away_on_the_way_is_passed_over);
    RUN(a_table_may_still_say_how_it_is_walked);
    RUN(figures_are_the_same_in_every_state);
    return check_report("script-steady");
}
