// SPDX-License-Identifier: Apache-2.0
// The routes of all apps as lines of JSON.
#include "base/json.h"
#include "bind/bind.h"

static void put_route(struct buffer *out, const char *app, const struct route *route)
{
    buffer_text(out, "{\"kind\":\"route\",\"app\":");
    json_text(out, slice_text(app));
    buffer_text(out, ",\"method\":");
    json_text(out, slice_text(route->method));
    buffer_text(out, ",\"path\":");
    json_text(out, slice_text(route->pattern));
    buffer_text(out, ",\"allow\":[");
    for (size_t i = 0; route->allow[i] != NULL; i++) {
        buffer_text(out, i > 0 ? "," : "");
        json_text(out, slice_text(route->allow[i]));
    }
    buffer_text(out, "]}\n");
}

void host_describe(const struct host *host, struct buffer *out)
{
    for (size_t i = 0; i < host->app_count; i++)
        for (size_t j = 0; host->apps[i].problem == NULL && j < host->apps[i].route_count; j++)
            put_route(out, host->apps[i].manifest.id, &host->apps[i].routes[j]);
    catalog_describe(host->catalog, out);
}
