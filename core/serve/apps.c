// SPDX-License-Identifier: Apache-2.0
// The applications of a worker: booted at the start, taken up anew at a reload, and what is wrong
// with them, for the log and for pages in development.
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "serve/exchange.h"

static void note_use(void *context, const struct host_use *use)
{
    struct worker *worker = context;

    worker->use = *use;
    uses_note(&worker->slot->uses, use);
}

static void note_problem(void *context, const char *app, const char *problem)
{
    buffer_format(context, "%s: %s\n", app, problem);
}

static void log_line(const char *event, struct slice line)
{
    const uint8_t *colon = memchr(line.data, ':', line.len);
    size_t len = colon != NULL ? (size_t)(colon - line.data) : 0;

    if (colon == NULL || len + 2 > line.len)
        log_error(event, LOG_SLICE("problem", line));
    else
        log_error(event, LOG_SLICE("app", slice_of(line.data, len)),
                  LOG_SLICE("problem", slice_of(colon + 2, line.len - len - 2)));
}

// Lines, each "app: what is wrong".
static void log_trouble(const struct worker *worker, const char *event)
{
    for (const char *at = worker->trouble; *at != 0; at += *at == '\n') {
        size_t len = strcspn(at, "\n");

        log_line(event, slice_of(at, len));
        at += len;
    }
}

static void keep_trouble(struct worker *worker, struct buffer *problems)
{
    buffer_u8(problems, 0);
    free(worker->trouble);
    worker->trouble = mem_text((const char *)problems->data);
    buffer_finish(problems);
}

bool apps_start(struct worker *worker, struct err *err)
{
    struct buffer problems = BUFFER_EMPTY;
    bool done = instance_boot_core(&worker->instance, err) &&
                instance_boot_apps(&worker->instance, note_problem, &problems, err);

    keep_trouble(worker, &problems);
    log_trouble(worker, "an application is in quarantine");
    if (!done)
        return false;
    worker->generation = generation_of(&worker->instance);
    host_on_use(worker->instance.host, note_use, worker);
    return true;
}

void apps_renew(struct worker *worker)
{
    struct buffer problems = BUFFER_EMPTY;
    enum renew_result result = renew(&worker->instance, &worker->generation, &problems);

    if (result == RENEW_DONE)
        host_on_use(worker->instance.host, note_use, worker);
    if (result == RENEW_GROWS && worker->config->development)
        worker->setup->board->wants_growth = 1; // and another signal, when the store has grown
    else if (result == RENEW_DONE)
        log_info("applications taken up");
    if (result == RENEW_SAME) {
        buffer_finish(&problems);
    } else {
        keep_trouble(worker, &problems);
        log_trouble(worker, result == RENEW_DONE
                                ? "an application is in quarantine"
                                : "an application does not load: the version from before goes on");
    }
    worker->slot->renewals++;
}

void apps_stop(struct worker *worker)
{
    free(worker->generation);
    free(worker->trouble);
}
