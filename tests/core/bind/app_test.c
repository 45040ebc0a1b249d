// SPDX-License-Identifier: Apache-2.0
// Runs tests/lua/app: what the door is made with, as far as it needs no call.
#include "lua_runner.h"

#include "bind/pure.h"

static struct script *make(void *context, struct err *err)
{
    static const struct script_limits limits = {.cpu_ms = 2000, .memory = 8 << 20};
    struct script *script = script_create("app", &limits, clock_system(), context, err);

    if (script == NULL || !script_module(script, "core.json", bind_json_open, err)) {
        script_destroy(script);
        return NULL;
    }
    script_library(script, "lua");
    return script;
}

int main(void)
{
    lua_run_folder("tests/lua/app", make, NULL);
    return check_report("app");
}
