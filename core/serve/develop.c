// SPDX-License-Identifier: Apache-2.0
// What a page says to who develops it: what its call took beside what it might have, and what is
// wrong with the applications as they stand on the disk. Only where the configuration says
// `development`.
#include "serve/exchange.h"

#include <string.h>

static const char *of_time(struct arena *arena, int64_t us)
{
    return arena_format(arena, "%.1f", (double)us / 1000);
}

static const char *of_size(struct arena *arena, size_t bytes)
{
    return arena_format(arena, "%.1f", (double)bytes / 1024);
}

static const char *of_count(struct arena *arena, uint32_t count)
{
    return arena_format(arena, "%u", count);
}

enum { DATA_MAX = 16 };

static size_t list_data(const struct worker *worker, const struct host_use *use, const char *fault,
                        struct arena *arena, struct host_datum data[DATA_MAX])
{
    const struct host_datum all[] = {
        {"trouble", worker->trouble},
        {"fault", fault != NULL ? fault : ""},
        {"of", use->app != NULL ? use->app : ""},
        {"cpu", of_time(arena, use->cpu_us)},
        {"cpu_max", of_time(arena, use->cpu_max_us)},
        {"wall", of_time(arena, use->wall_us)},
        {"wall_max", of_time(arena, use->wall_max_us)},
        {"memory", of_size(arena, use->memory)},
        {"memory_max", of_size(arena, use->memory_max)},
        {"reads", of_count(arena, use->reads)},
        {"reads_max", of_count(arena, use->reads_max)},
        {"writes", of_count(arena, use->writes)},
        {"writes_max", of_count(arena, use->writes_max)},
        {"bytes", of_size(arena, use->bytes)},
        {"bytes_max", of_size(arena, use->bytes_max)},
    };

    memcpy(data, all, sizeof all);
    return sizeof all / sizeof *all;
}

static bool is_page(const struct host_answer *answer)
{
    return answer->type != NULL && strncmp(answer->type, "text/html", 9) == 0;
}

// Before the end of the body, or at the end of what has none.
static struct slice insert(struct arena *arena, struct slice page, struct slice part)
{
    const char *end = memmem(page.data, page.len, "</body>", 7);
    size_t before = end != NULL ? (size_t)((const uint8_t *)end - page.data) : page.len;
    uint8_t *whole = arena_alloc(arena, page.len + part.len + 1);

    memcpy(whole, page.data, before);
    memcpy(whole + before, part.data, part.len);
    memcpy(whole + before + part.len, page.data + before, page.len - before);
    return slice_of(whole, page.len + part.len);
}

void develop_add(struct exchange *x, struct host_answer *answer)
{
    struct host_use use = x->worker->use; // the call that is drawn here is none of the page's
    struct host_datum data[DATA_MAX];
    struct host_answer part = {0};
    struct host_request request = x->call;
    struct budget budget = {.reads_max = OWN_READS}, *former = x->view.budget;
    size_t count;
    struct err err;

    if (!x->worker->config->development || !is_page(answer))
        return;
    count = list_data(x->worker, &use, x->fault, &x->memory, data);
    request.app = slice_text("platform");
    x->view.budget = &budget;
    if (host_page(x->generation->host, &x->view, &request, "develop", 200, data, count, &part, &err))
        answer->body = insert(&x->memory, answer->body, part.body);
    x->view.budget = former;
    x->worker->use = use;
}
