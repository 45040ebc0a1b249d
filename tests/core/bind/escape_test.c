// SPDX-License-Identifier: Apache-2.0
// What platform Lua calls with values of applications, JSON and escaping, ends as the rest does:
// soon after the deadline, within the memory.
#include "check.h"

#include <time.h>

#include "bind/pure.h"
#include "script/script.h"

enum { DEADLINE_MS = 50, GRACE_MS = 250 };

static const struct script_limits limits = {.cpu_ms = DEADLINE_MS, .memory = 8 << 20};

static int64_t thread_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

// Fails with a code and a text, in time.
static void fails(const char *text, enum err_code code, const char *says)
{
    struct err err = {0};
    struct script *script = script_create("notes", &limits, clock_system(), NULL, &err);
    int64_t began = thread_ms();
    bool done = script_module(script, "core.html", bind_html_open, &err) &&
                script_module(script, "core.json", bind_json_open, &err) &&
                script_compile(script, slice_text(text), "@notes/main.lua", &err) &&
                script_call(script, 0, 0, &err);
    int64_t took = thread_ms() - began;

    if (done || err.code != code || strstr(err.text, says) == NULL ||
        took > DEADLINE_MS + GRACE_MS || script_memory(script) > limits.memory) {
        CHECK(false);
        printf("  %s\n  took %d ms, said: %s\n", text, (int)took, err.text);
    }
    script_destroy(script);
}

static void encoding_ends(void)
{
    fails("local t = {} for i = 1, 150000 do t[i] = i end for i = 1, 150000 do t[i] = nil end"
          " local l = {} for i = 1, 50000 do l[i] = t end require('core.json').encode(l)",
          ERR_LIMIT, "processor time");
    fails("local t = {} for i = 1, 40 do t = {t, t} end require('core.json').encode(t)", ERR_SCRIPT,
          "bytes of JSON");
    fails("local t = {} t[1] = t require('core.json').encode(t)", ERR_SCRIPT, "64 levels");
    fails("local t = {} for i = 1, 40000 do t[i] = 1 / i end"
          " while true do require('core.json').encode(t) end",
          ERR_LIMIT, "processor time");
    fails("local s = ('x'):rep(1000000) require('core.json').encode(s .. s)", ERR_SCRIPT,
          "bytes of JSON");
    fails("local s = ('\\1'):rep(200000) require('core.json').encode({s, s})", ERR_SCRIPT,
          "bytes of JSON");
}

static void decoding_ends(void)
{
    fails("local s = '[' .. ('[],'):rep(100000) .. '[]]' while true do"
          " require('core.json').decode(s) end",
          ERR_LIMIT, "used up");
    fails("local s = '[' .. ('1.5e300,'):rep(100000) .. '0]' while true do"
          " require('core.json').decode(s) end",
          ERR_LIMIT, "used up");
    fails("local kept, s = {}, '[' .. ('\"abcd\",'):rep(100000) .. '0]'"
          " pcall(function() while true do kept[#kept + 1] = {} end end)"
          " while true do pcall(require('core.json').decode, s) end",
          ERR_LIMIT, "used up");
    fails(
        "local s = ('['):rep(1000000) local _, _, why = require('core.json').decode(s) error(why)",
        ERR_SCRIPT, "64 levels");
}

static void escaping_ends(void)
{
    fails("local s = ('<'):rep(500000) while true do require('core.html').escape_text(s) end",
          ERR_LIMIT, "processor time");
    fails("local s = ('<'):rep(1000000) require('core.html').escape_attribute(s .. s)", ERR_SCRIPT,
          "more than 1048576 bytes");
    fails("local s = ('/'):rep(500000) while true do require('core.html').escape_query(s) end",
          ERR_LIMIT, "processor time");
    fails("local t = {} for i = 1, 200000 do t[i] = 'x' end"
          " while true do require('core.html').join(t) end",
          ERR_LIMIT, "processor time");
    fails("local t = {} for i = 1, 1000 do t[i] = '' end for i = 1, 3 do local l = {}"
          " for k = 1, 200 do l[k] = t end t = l end require('core.html').join(t)",
          ERR_SCRIPT, "too many pieces");
    fails("require('core.html').draw(function() return 1e15 end, {})", ERR_SCRIPT,
          "no function of a template");
    fails("require('core.html').put(1e15, 's', '')", ERR_SCRIPT, "no end of a page");
    fails("local put, n, s = require('core.html').put, 0, ('<'):rep(500000)"
          " while true do n = put(n, 't', s) end",
          ERR_SCRIPT, "a page of more than");
    fails("local t = {} for i = 1, 150000 do t[i] = i end for i = 1, 150000 do t[i] = nil end"
          " while true do require('core.html').key(t) end",
          ERR_LIMIT, "processor time");
}

static bool runs(struct script *script, const char *text)
{
    struct err err = {0};

    return script_compile(script, slice_text(text), "@notes/main.lua", &err) &&
           script_call(script, 0, 0, &err);
}

static void a_page_that_raised_leaves_its_room_to_others(void)
{
    struct err err = {0};
    struct script *script = script_create("notes", &limits, clock_system(), NULL, &err);

    CHECK(script_module(script, "core.html", bind_html_open, &err));
    for (int i = 0; i < 8; i++)
        CHECK(!runs(script, "local html, half = require('core.html'), ('x'):rep(500000)"
                            " html.draw(function(_, n) html.put(n, 's', half) error('!') end, {})"));
    CHECK(runs(script, "local html, half = require('core.html'), ('x'):rep(500000)"
                       " html.draw(function(_, n) return html.put(n, 's', half) end, {})"));
    script_destroy(script);
}

// Between two pieces of a page nothing else may write: pages share a buffer.
static void a_page_does_not_wait(void)
{
    fails("local html = require('core.html') local page = coroutine.wrap(function()"
          " html.draw(function(_, n) coroutine.yield() return n end, {}) end) page()",
          ERR_SCRIPT, "attempt to yield across a C-call boundary");
}

int main(void)
{
    RUN(a_page_that_raised_leaves_its_room_to_others);
    RUN(a_page_does_not_wait);
    RUN(encoding_ends);
    RUN(decoding_ends);
    RUN(escaping_ends);
    return check_report("bind/escape");
}
