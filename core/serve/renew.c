// SPDX-License-Identifier: Apache-2.0
#include "serve/renew.h"

#include <stdlib.h>
#include <string.h>

struct generation *generation_of(const struct instance *instance)
{
    struct generation *generation = mem_zero(sizeof *generation);

    *generation = (struct generation){instance->catalog, instance->host, 0, false};
    return generation;
}

void generation_hold(struct generation *generation)
{
    generation->users++;
}

static void bury(struct generation *generation)
{
    host_destroy(generation->host);
    catalog_destroy(generation->catalog);
    free(generation);
}

void generation_release(struct generation *generation)
{
    if (generation != NULL && --generation->users == 0 && generation->retired)
        bury(generation);
}

static void retire(struct generation *generation)
{
    generation->retired = true;
    if (generation->users == 0)
        bury(generation);
}

static void note(void *context, const char *app, const char *problem)
{
    buffer_format(context, "%s: %s\n", app, problem);
}

static bool is_well(const struct host *host, const char *id)
{
    const struct host_app *apps;
    size_t count = host_apps(host, &apps);

    for (size_t i = 0; i < count; i++)
        if (strcmp(apps[i].id, id) == 0)
            return apps[i].problem == NULL;
    return false;
}

// Is an app that serves now in quarantine there? One that is gone was taken away on purpose.
static bool is_worse(const struct host *old, const struct host *new)
{
    const struct host_app *apps;
    size_t count = host_apps(new, &apps);

    for (size_t i = 0; i < count; i++)
        if (apps[i].problem != NULL && is_well(old, apps[i].id))
            return true;
    return false;
}

enum renew_result renew(struct instance *instance, struct generation **generation,
                        struct buffer *problems)
{
    struct instance fresh = *instance;
    struct err err = {ERR_NONE, ""};

    if (host_is_current(instance->host))
        return RENEW_SAME;
    fresh.catalog = NULL;
    fresh.host = NULL;
    fresh.grows = false;
    if (!instance_boot_core(&fresh, &err) || !instance_boot_apps(&fresh, note, problems, &err) ||
        is_worse(instance->host, fresh.host)) {
        if (err.code != ERR_NONE)
            buffer_format(problems, "%s\n", err.text);
        host_destroy(fresh.host);
        catalog_destroy(fresh.catalog);
        return fresh.grows ? RENEW_GROWS : RENEW_REFUSED;
    }
    retire(*generation);
    instance->catalog = fresh.catalog;
    instance->host = fresh.host;
    *generation = generation_of(instance);
    return RENEW_DONE;
}
