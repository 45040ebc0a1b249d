// SPDX-License-Identifier: Apache-2.0
// Is an application switched on at an organisation?
//
// The words are records of the platform's collection "switch", one an application and
// organisation, written under its rules by whoever administers there. What an organisation
// above requires or forbids holds for all below it, the uppermost word first; else the
// nearest "on" or "off" counts; else the instance's default (apps.default).
#include "bind/bind.h"

enum { OWN_READS = 200 }; // the words and the tree; not the app's, which did not ask

static bool word_is(const struct value *value, const char *word)
{
    return value->kind == VALUE_TEXT && slice_is(value->text, word);
}

static bool decides(const struct value *word)
{
    return word_is(word, "required") || word_is(word, "forbidden");
}

bool app_is_fixed(const struct app *app)
{
    return app->platform || strcmp(app->manifest.id, "base") == 0;
}

static struct view as_system(const struct view *view, struct budget *own)
{
    struct view system = *view;

    *own = (struct budget){.reads_max = OWN_READS};
    system.who = NULL;
    system.budget = own;
    return system;
}

bool app_word_at(struct view *view, const struct app *app, struct id org, struct value *word,
                 struct err *err)
{
    const struct collection *switches = catalog_find(view->catalog, SWITCH_COLLECTION);
    struct value key = {VALUE_TEXT, {.text = slice_text(app->manifest.id)}};
    struct budget own;
    struct view system = as_system(view, &own);
    struct record *record = NULL;

    *word = (struct value){VALUE_NULL, {0}};
    if (switches != NULL && !record_find(&system, switches, "app", org, &key, &record, err))
        return false;
    if (record != NULL)
        *word = record->values[collection_field(switches, slice_text("word"))];
    return true;
}

static bool path_of(struct view *view, struct id org, const struct id **path, size_t *count,
                    struct err *err)
{
    struct budget own;
    struct view system = as_system(view, &own);

    return tree_path(&system, org, path, count, err);
}

bool app_enabled(struct view *view, const struct app *app, struct id org, bool *enabled,
                 struct err *err)
{
    bool is_said = false;
    const struct id *path;
    size_t count;

    *enabled = app_is_fixed(app) || app->host->options.config->apps_default;
    if (app_is_fixed(app))
        return true;
    if (!path_of(view, org, &path, &count, err))
        return false;
    for (size_t i = 0; i < count; i++) {
        struct value word;

        if (!app_word_at(view, app, path[i], &word, err))
            return false;
        if (decides(&word))
            *enabled = word_is(&word, "required");
        else if (!is_said && word.kind != VALUE_NULL)
            *enabled = word_is(&word, "on");
        is_said = is_said || word.kind != VALUE_NULL;
    }
    return true;
}

bool app_is_decided_above(struct view *view, const struct app *app, struct id org, bool *decided,
                          struct err *err)
{
    const struct id *path;
    size_t count;

    *decided = false;
    if (!path_of(view, org, &path, &count, err))
        return false;
    for (size_t i = 1; i < count && !*decided; i++) {
        struct value word;

        if (!app_word_at(view, app, path[i], &word, err))
            return false;
        *decided = decides(&word);
    }
    return true;
}

bool host_enabled(struct host *host, struct view *view, struct slice id, struct id org,
                  bool *enabled, struct err *err)
{
    const struct app *app = host_find(host, id);

    *enabled = false;
    return app == NULL || app_enabled(view, app, org, enabled, err);
}
