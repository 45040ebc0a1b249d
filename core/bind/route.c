// SPDX-License-Identifier: Apache-2.0
// Which route serves a path, and who may use it: decided before any Lua runs.
#include <stdlib.h>

#include "bind/bind.h"

struct app *host_find(const struct host *host, struct slice id)
{
    for (size_t i = 0; i < host->app_count; i++)
        if (slice_is(id, host->apps[i].manifest.id))
            return &host->apps[i];
    return NULL;
}

bool route_reads(const char *method)
{
    return strcmp(method, "GET") == 0 || strcmp(method, "HEAD") == 0;
}

size_t route_literal(const char *pattern)
{
    size_t literal = 0;
    bool inside = false;

    for (; *pattern != '\0'; pattern++) {
        inside = inside || *pattern == '{';
        literal += !inside;
        inside = inside && *pattern != '}';
    }
    return literal;
}

// One segment of the pattern against one of the path; both stand behind their '/'.
static bool segment_fits(const char *pattern, size_t pattern_len, struct slice segment,
                         struct param *params, size_t *count)
{
    if (pattern_len < 3 || pattern[0] != '{')
        return slice_equal(slice_of(pattern, pattern_len), segment);
    if (segment.len == 0 || *count == PARAMS_MAX)
        return false;
    params[(*count)++] = (struct param){slice_of(pattern + 1, pattern_len - 2), segment};
    return true;
}

static bool path_fits(const char *pattern, struct slice path, struct param *params, size_t *count)
{
    const char *at = (const char *)path.data, *end = at + path.len;

    *count = 0;
    while (at < end && *pattern == '/' && *at == '/') {
        size_t want = strcspn(pattern + 1, "/"), have;
        const char *stop;

        pattern++;
        at++;
        stop = memchr(at, '/', (size_t)(end - at));
        have = (size_t)((stop != NULL ? stop : end) - at);

        if (!segment_fits(pattern, want, slice_of(at, have), params, count))
            return false;
        pattern += want;
        at += have;
    }
    return at == end && *pattern == '\0';
}

const struct route *route_find(const struct app *app, const char *method, struct slice path,
                               struct param *params, size_t *param_count)
{
    const char *wanted = strcmp(method, "HEAD") == 0 ? "GET" : method;
    const struct route *best = NULL;

    for (size_t i = 0; i < app->route_count; i++) {
        const struct route *route = &app->routes[i];
        struct param found[PARAMS_MAX];
        size_t count;

        if (strcmp(route->method, wanted) != 0 || !path_fits(route->pattern, path, found, &count) ||
            (best != NULL && best->literal >= route->literal))
            continue;
        best = route;
        memcpy(params, found, count * sizeof *found);
        *param_count = count;
    }
    return best;
}

bool role_is_held(struct view *view, struct id org, const char *role, bool *held, struct err *err)
{
    *held = false;
    for (size_t i = 0; view->who != NULL && i < view->who->grant_count && !*held; i++) {
        const struct role_grant *grant = &view->who->grants[i];

        if (strcmp(grant->role, role) == 0 &&
            !tree_is_under(view, org, grant->org, held, err))
            return false;
    }
    return true;
}

bool route_allows(struct view *view, struct id org, const struct route *route, bool signed_in,
                  bool *allowed, struct err *err)
{
    *allowed = false;
    for (const char *const *role = route->allow; *role != NULL && !*allowed; role++) {
        if (strcmp(*role, "everyone") == 0)
            *allowed = true;
        else if (strcmp(*role, "anyone") == 0)
            *allowed = signed_in;
        else if (signed_in && !role_is_held(view, org, *role, allowed, err))
            return false;
    }
    return true;
}

// What programs do with records stands under words of its own, so that no page of that path is in
// the way and no browser gets there: POST /{collection}, PATCH and DELETE /{collection}/{id}.
static const struct {
    const char *method, *word;
} program_words[] = {{"POST", "CREATE"}, {"PATCH", "UPDATE"}, {"DELETE", "REMOVE"}};

const struct route *route_of(const struct app *app, const struct host_request *request,
                             struct param *params, size_t *param_count)
{
    const struct route *route = NULL;

    for (size_t i = 0; request->program && i < sizeof program_words / sizeof *program_words; i++)
        if (route == NULL && strcmp(request->method, program_words[i].method) == 0)
            route = route_find(app, program_words[i].word, request->path, params, param_count);
    return route != NULL ? route
                         : route_find(app, request->method, request->path, params, param_count);
}

static bool may_use(struct view *view, const struct host_request *request,
                    const struct route *route, struct err *err)
{
    bool allowed;

    if (!route_allows(view, request->org, route, request->signed_in, &allowed, err))
        return false;
    if (allowed)
        return true;
    if (!request->signed_in)
        return err_set(err, ERR_DENIED, "sign in first");
    // A collection is known to who is signed in, a page only to whom it is for.
    return err_set(err, request->program && program_reads(view, request) ? ERR_DENIED : ERR_ABSENT,
                   "not for the roles held");
}

bool host_route(struct host *host, struct view *view, const struct host_request *request,
                bool *write, struct err *err)
{
    struct app *app = host_find(host, request->app);
    struct param params[PARAMS_MAX];
    size_t count = 0;
    const struct route *route;
    bool enabled;

    *write = !route_reads(request->method);
    if (app == NULL || app->problem != NULL)
        return err_set(err, ERR_ABSENT, "no such app");
    if (!app_enabled(view, app, request->org, &enabled, err))
        return false;
    if (!enabled)
        return err_set(err, ERR_ABSENT, "switched off at this organisation");
    if (request->program && !request->signed_in)
        return err_set(err, ERR_DENIED, "sign in first");
    if (request->program && !program_knows(view, request))
        return err_set(err, ERR_ABSENT, "no such collection");
    if (request->program && !*write)
        return program_reads(view, request) || err_set(err, ERR_ABSENT, "nothing to be read here");
    route = route_of(app, request, params, &count);
    if (route == NULL)
        return err_set(err, ERR_ABSENT, "no such page");
    return may_use(view, request, route, err);
}

bool host_allow(struct host *host, struct view *view, const struct host_request *request,
                const char **allow, struct err *err)
{
    static const char *const methods[] = {"POST", "PATCH", "DELETE"};
    struct app *app = host_find(host, request->app);
    struct host_request asked = *request;
    struct param params[PARAMS_MAX];
    size_t count = 0;
    bool enabled = false, allowed;

    *allow = NULL;
    if (!host_enabled(host, view, request->app, request->org, &enabled, err))
        return false;
    if (!enabled || app->problem != NULL || !request->program || !request->signed_in ||
        !program_knows(view, request))
        return true;
    if (program_reads(view, request))
        *allow = "GET, HEAD, ";
    for (size_t i = 0; i < sizeof methods / sizeof *methods; i++) {
        const struct route *route;

        asked.method = methods[i];
        route = route_of(app, &asked, params, &count);
        if (route != NULL && !route_allows(view, request->org, route, true, &allowed, err))
            return false;
        if (route != NULL && allowed)
            *allow = arena_format(view->arena, "%s%s, ", *allow != NULL ? *allow : "", methods[i]);
    }
    if (*allow != NULL)
        *allow = arena_format(view->arena, "%sOPTIONS", *allow);
    return true;
}
