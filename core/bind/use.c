// SPDX-License-Identifier: Apache-2.0
// What calls take, told to whoever listens: a test, a page in development, the metrics.
#include "bind/bind.h"

void host_on_use(struct host *host, host_used *used, void *context)
{
    host->used = used;
    host->used_context = context;
}

void host_count(struct host *host, const char *app)
{
    host->counted = app != NULL ? host_find(host, slice_text(app)) : NULL;
}

struct meter meter_start(struct app *app, struct state *state, struct view *view, struct id org)
{
    const struct host *host = app->host;

    if (state != NULL && host->counted == app)
        script_count(state->script, true);
    return (struct meter){
        .state = state,
        .app = app,
        .view = view,
        .org = org,
        .wall_us = host->used != NULL ? clock_mono_us(host->options.clock) : 0,
        .reads = view->budget != NULL ? view->budget->reads : 0,
        .writes = view->budget != NULL ? view->budget->writes : 0,
    };
}

static void add_budget(const struct meter *meter, struct host_use *use)
{
    const struct budget *budget = meter->view->budget;

    if (budget == NULL)
        return;
    use->reads = budget->reads - meter->reads;
    use->writes = budget->writes - meter->writes;
    use->reads_max = budget->reads_max;
    use->writes_max = budget->writes_max;
}

static void add_limits(const struct meter *meter, struct host_use *use)
{
    const struct config *config = meter->app->host->options.config;
    const struct manifest *manifest = &meter->app->manifest;
    int64_t cpu_ms = meter->is_job ? config->jobs.cpu_ms : config->script.cpu_ms;

    use->cpu_max_us = 1000 * limit_of(cpu_ms, manifest->cpu_ms);
    use->wall_max_us = 1000 * (meter->is_job ? config->jobs.wall_ms : config->script.wall_ms);
    use->memory_max = (size_t)limit_of(config->script.memory, manifest->memory);
    use->bytes_max = (size_t)config->script.output;
}

void meter_stop(const struct meter *meter, size_t bytes)
{
    const struct host *host = meter->app->host;
    struct host_use use = {.app = meter->app->manifest.id, .org = meter->org, .bytes = bytes,
                           .is_job = meter->is_job};

    if (meter->state != NULL && host->counted == meter->app)
        script_count(meter->state->script, false);
    if (host->used == NULL)
        return;
    use.wall_us = clock_mono_us(host->options.clock) - meter->wall_us;
    if (meter->state != NULL) {
        use.cpu_us = script_cpu_us(meter->state->script);
        use.memory = script_growth(meter->state->script);
        use.steps = host->options.steady ? script_steps(meter->state->script) : 0;
    }
    add_budget(meter, &use);
    add_limits(meter, &use);
    host->used(host->used_context, &use);
}
