// SPDX-License-Identifier: Apache-2.0
// What an organisation costs an application's state, once it was served there: bytes that stay
// after a full collection. One JSON line.
#include "../core/apps/world.h"

#include "bind/bind.h"

enum { WARM = 4, SCHOOLS = 32, TARGET = 4096 };

static size_t memory_of(const struct app *app)
{
    lua_gc(script_state(app->state->script), LUA_GCCOLLECT);
    return script_memory(app->state->script);
}

static void visit(struct world *world, int from, int count)
{
    struct actor county = {world->root, {"county", world->county}};
    char code[16];

    for (int i = from; i < from + count; i++) {
        snprintf(code, sizeof code, "21329911%02d", i);
        CHECK(world_call(world, &county, world_add_org(world, world->county, "school", code), "GET",
                         "/desk", "", NULL) == 200);
    }
}

int main(void)
{
    struct world world;
    struct app *app;
    size_t before, each;

    world_open(&world);
    app = host_find(world.host, slice_text("leave"));
    visit(&world, 0, WARM);
    before = memory_of(app);
    visit(&world, WARM, SCHOOLS);
    each = (memory_of(app) - before) / SCHOOLS;
    printf("{\"name\":\"leave, one organisation more\",\"peer\":\"shuyuan\",\"value\":%zu,"
           "\"unit\":\"bytes of a state\",\"target\":%d,\"ok\":%s}\n",
           each, TARGET, each <= TARGET ? "true" : "false");
    world_close(&world);
    return check_state.checks_failed != 0;
}
