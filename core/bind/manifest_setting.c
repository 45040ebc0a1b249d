// SPDX-License-Identifier: Apache-2.0
// The part `settings` of a manifest: what each is, and within which bounds.
#include <math.h>
#include <stdlib.h>

#include "bind/manifest_part.h"
#include "bind/nearest.h"

static bool read_number(const char *text, bool whole, double *number)
{
    char *end;

    *number = strtod(text, &end);
    return end != text && *end == '\0' && isfinite(*number) &&
           (!whole || *number == floor(*number));
}

static bool read_setting_type(struct reading *r, const struct yaml_node *node,
                              struct setting *setting)
{
    static const char *const types[] = {"string", "integer", "number", "boolean"};
    const char *meant;

    for (size_t i = 0; i < 4; i++) {
        if (strcmp(node->text, types[i]) == 0) {
            setting->type = (enum setting_type)i;
            return true;
        }
    }
    meant = nearest(node->text, types, 4);
    return reading_refuse(r, node,
                  arena_format(r->arena, "unknown type '%s' of a setting; did you mean '%s'?",
                                       node->text, meant != NULL ? meant : "string"));
}

static bool read_between(struct reading *r, const struct yaml_node *node, struct setting *setting)
{
    const struct yaml_node *low = node->child, *high = low != NULL ? low->next : NULL;

    if (node->kind != YAML_LIST || high == NULL || high->next != NULL || low->kind != YAML_TEXT ||
        high->kind != YAML_TEXT || !read_number(low->text, false, &setting->at_least) ||
        !read_number(high->text, false, &setting->at_most) || setting->at_least > setting->at_most)
        return reading_refuse(r, node, "'between' must be two numbers, the smaller first");
    return true;
}

// The default is read last: its type and bounds may stand behind it in the file.
static bool read_default(struct reading *r, const struct yaml_node *node, struct setting *setting)
{
    setting->given = true;
    if (setting->type == SETTING_TEXT) {
        setting->text = node->text;
        return true;
    }
    if (setting->type == SETTING_BOOLEAN) {
        setting->boolean = strcmp(node->text, "true") == 0;
        return setting->boolean || strcmp(node->text, "false") == 0 ||
               reading_refuse(r, node, "the default of a boolean is true or false");
    }
    if (!read_number(node->text, setting->type == SETTING_INTEGER, &setting->number))
        return reading_refuse(r, node, "the default is not of the setting's type");
    if (setting->number < setting->at_least || setting->number > setting->at_most)
        return reading_refuse(r, node, "the default lies outside 'between'");
    return true;
}

static bool read_setting_key(struct reading *r, const struct yaml_node *one,
                             struct setting *setting, const struct yaml_node **initial)
{
    static const char *const known[] = {"type", "between", "default", "layer", "help", "secret"};

    if (strcmp(one->key, "between") == 0)
        return read_between(r, one, setting);
    for (size_t i = 0; i < 6; i++) {
        if (strcmp(one->key, known[i]) != 0)
            continue;
        if (!reading_is_text(r, one))
            return false;
        if (i == 2)
            *initial = one;
        return i != 0 || read_setting_type(r, one, setting);
    }
    return reading_refuse_key(r, one, "a setting", known, 6);
}

static bool read_setting(struct reading *r, const struct yaml_node *node)
{
    struct setting *setting = arena_alloc(r->arena, sizeof *setting);
    const struct yaml_node *initial = NULL;
    bool typed = false;

    if (!reading_is_map(r, node))
        return false;
    *setting = (struct setting){.name = node->key, .at_least = -INFINITY, .at_most = INFINITY};
    for (const struct yaml_node *one = node->child; one != NULL; one = one->next) {
        typed = typed || strcmp(one->key, "type") == 0;
        if (!read_setting_key(r, one, setting, &initial))
            return false;
    }
    if (!typed)
        return reading_refuse(r, node, "a setting needs a type");
    setting->next = r->manifest->settings;
    r->manifest->settings = setting;
    return initial == NULL || read_default(r, initial, setting);
}

bool manifest_read_settings(struct reading *r, const struct yaml_node *node)
{
    if (!reading_is_map(r, node))
        return false;
    for (const struct yaml_node *one = node->child; one != NULL; one = one->next)
        if (!read_setting(r, one))
            return false;
    return true;
}
