// SPDX-License-Identifier: Apache-2.0
// Runs tests/lua/apps: what the apps know without a store (numbers, dates, names of classes).
#include "lua_runner.h"

static struct script *make(void *context, struct err *err)
{
    static const struct script_limits limits = {.cpu_ms = 2000, .memory = 32 << 20};
    struct script *script = script_create("apps", &limits, clock_system(), context, err);

    if (script != NULL)
        script_library(script, "apps/base");
    return script;
}

int main(void)
{
    lua_run_folder("tests/lua/apps", make, NULL);
    return check_report("apps-vectors");
}
