// SPDX-License-Identifier: Apache-2.0
// What a check tells beyond what keeps an app from running: what its manifest asks for and does not
// use, and what it uses and does not ask for. lua/check looks at the sources themselves.
#include <stdio.h>

#include "bind/bind.h"
#include "script/sources.h"

bool lint_gathers(const struct state *state)
{
    return state->host->options.lint && state->declaring;
}

static bool is_listed(const char *const *list, const char *name)
{
    while (list != NULL && *list != NULL && strcmp(*list, name) != 0)
        list++;
    return list != NULL && *list != NULL;
}

static bool is_own(const struct app *app, const struct collection *collection)
{
    return strcmp(collection->app, app->manifest.id) == 0;
}

// The line of the manifest on which a text stands; 1 where it does not.
static int line_of(const struct app *app, const char *text)
{
    struct arena arena = ARENA_EMPTY;
    struct slice file = script_sources_find(app->host->sources,
                                            arena_format(&arena, "%s/app.yaml", app->folder));
    const uint8_t *found =
        file.data != NULL ? memmem(file.data, file.len, text, strlen(text)) : NULL;
    int line = 1;

    for (const uint8_t *at = file.data; found != NULL && at < found; at++)
        line += *at == '\n';
    arena_finish(&arena);
    return line;
}

static void tell(struct app *app, const char *at, const char *what)
{
    bind_tell(app, arena_format(&app->host->arena, "%s/app.yaml:%d: %s", app->manifest.id,
                                line_of(app, at), what));
}

// Does a source of the app, its tests apart, say the text?
static bool says(const struct app *app, const char *text)
{
    size_t len = strlen(app->folder);
    struct slice source;
    const char *path;

    for (size_t i = 0; (path = script_sources_at(app->host->sources, i, &source)) != NULL; i++)
        if (strncmp(path, app->folder, len) == 0 && path[len] == '/' &&
            strncmp(path + len, "/test/", 6) != 0 && strstr(path + len, ".yaml") == NULL &&
            memmem(source.data, source.len, text, strlen(text)) != NULL)
            return true;
    return false;
}

static bool follows(const struct app *app, const char *field)
{
    char member[100];

    snprintf(member, sizeof member, ".%s", field);
    return says(app, member);
}

// By a reference of one of its fields, or by one of somebody else's that its code follows.
static bool refers_to(const struct app *app, const struct collection *to)
{
    const struct catalog *catalog = app->host->catalog;

    for (size_t i = 0; i < catalog_count(catalog); i++) {
        const struct collection *collection = catalog_at(catalog, i);

        for (size_t j = 0; j < collection->field_count; j++)
            if (collection_ref(collection, (int)j) == to &&
                (is_own(app, collection) || follows(app, collection->fields[j].name)))
                return true;
    }
    return false;
}

static bool names_set(const struct app *app, const struct set_def *set)
{
    static const char *const before[] = {"@me.", "@it.", "\""}, *const behind[] = {"", "", "\""};
    char named[100];

    for (size_t i = 0; i < sizeof before / sizeof *before; i++) {
        snprintf(named, sizeof named, "%s%s%s", before[i], set->name, behind[i]);
        if (says(app, named))
            return true;
    }
    return false;
}

static bool is_used(const struct app *app, const char *ask)
{
    const struct catalog *catalog = app->host->catalog;
    const struct collection *collection = catalog_find(catalog, ask);
    const struct set_def *set;

    if (collection == NULL || says(app, ask) || refers_to(app, collection))
        return true; // what is no collection was told already
    for (size_t i = 0; (set = catalog_set_at(catalog, i)) != NULL; i++)
        if (strcmp(set->from, ask) == 0 && names_set(app, set))
            return true;
    return false;
}

static void tell_unasked(struct app *app, const struct collection *collection)
{
    for (size_t i = 0; i < collection->field_count; i++) {
        const struct field *field = &collection->fields[i];
        const struct collection *to = collection_ref(collection, (int)i);

        if (to == NULL || is_own(app, to) || strcmp(to->app, "core") == 0 ||
            is_listed(app->manifest.asks_read, to->full))
            continue;
        tell(app, "asks", arena_format(&app->host->arena,
                                       "asks.read lacks %s, to which the field '%s' of %s refers",
                                       to->full, field->name, collection->full));
    }
}

static void check_app(struct app *app)
{
    const struct manifest *manifest = &app->manifest;
    const struct catalog *catalog = app->host->catalog;
    bool notifies = says(app, "app.notify"), fetches = says(app, "app.fetch");
    struct arena *arena = &app->host->arena;

    for (size_t i = 0; i < catalog_count(catalog); i++)
        if (is_own(app, catalog_at(catalog, i)))
            tell_unasked(app, catalog_at(catalog, i));
    for (const char *const *ask = manifest->asks_read; ask != NULL && *ask != NULL; ask++)
        if (!is_used(app, *ask))
            tell(app, *ask, arena_format(arena, "asks to read %s, and does not", *ask));
    if (manifest->asks_notify != NULL && *manifest->asks_notify != NULL && !notifies)
        tell(app, "notify", "asks to notify, and calls no app.notify");
    if (notifies && !is_listed(manifest->asks_notify, "inbox"))
        tell(app, "asks", "calls app.notify: add inbox to asks.notify");
    if (manifest->asks_http != NULL && *manifest->asks_http != NULL && !fetches)
        tell(app, "http", "asks for hosts, and calls no app.fetch");
    if (fetches && (manifest->asks_http == NULL || *manifest->asks_http == NULL))
        tell(app, "asks", "calls app.fetch: name the hosts in asks.http");
}

void lint_asks(struct host *host)
{
    for (size_t i = 1; i < host->app_count; i++)
        check_app(&host->apps[i]);
}
