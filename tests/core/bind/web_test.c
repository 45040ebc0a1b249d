// SPDX-License-Identifier: Apache-2.0
// Runs tests/lua/web: templates, messages, core.html and core.json.
#include "lua_runner.h"

#include "bind/pure.h"

static struct script *make(void *context, struct err *err)
{
    static const struct script_limits limits = {.cpu_ms = 2000, .memory = 32 << 20};
    struct script *script = script_create("web", &limits, clock_system(), context, err);

    if (script == NULL || !script_module(script, "core.html", bind_html_open, err) ||
        !script_module(script, "core.json", bind_json_open, err)) {
        script_destroy(script);
        return NULL;
    }
    script_library(script, "lua");
    script_folder(script, "tests/lua/web/app");
    return script;
}

int main(void)
{
    lua_run_folder("tests/lua/web", make, NULL);
    return check_report("web");
}
