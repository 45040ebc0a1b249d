// SPDX-License-Identifier: Apache-2.0
// The part `settings` of a manifest: what each is, and within which bounds.
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "bind/manifest_part.h"
#include "bind/nearest.h"
#include "record/tree.h"

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

static bool read_flag(struct reading *r, const struct yaml_node *node, bool *flag)
{
    *flag = strcmp(node->text, "true") == 0;
    return *flag || strcmp(node->text, "false") == 0 ||
           reading_refuse(r, node, arena_format(r->arena, "'%s' is true or false", node->key));
}

static bool read_layer(struct reading *r, const struct yaml_node *node, struct setting *setting)
{
    setting->layer = node->text;
    return tree_tier(node->text) >= 0 ||
           reading_refuse(r, node, "'layer' is the lowest tier that may set it: province, city, "
                                   "county or school");
}

static bool read_setting_text(struct reading *r, const struct yaml_node *one,
                              struct setting *setting)
{
    if (strcmp(one->key, "type") == 0)
        return read_setting_type(r, one, setting);
    if (strcmp(one->key, "layer") == 0)
        return read_layer(r, one, setting);
    if (strcmp(one->key, "secret") == 0)
        return read_flag(r, one, &setting->secret);
    if (strcmp(one->key, "loosen") == 0)
        return read_flag(r, one, &setting->loosen);
    setting->help = one->text;
    return true;
}

static bool read_setting_key(struct reading *r, const struct yaml_node *one,
                             struct setting *setting, const struct yaml_node **initial)
{
    static const char *const known[] = {"type", "between", "one_of", "default",
                                        "layer", "help",   "secret", "loosen"};
    enum { KNOWN = sizeof known / sizeof *known };

    if (strcmp(one->key, "between") == 0)
        return read_between(r, one, setting);
    if (strcmp(one->key, "one_of") == 0)
        return (setting->one_of = reading_list(r, one)) != NULL;
    for (size_t i = 0; i < KNOWN; i++) {
        if (strcmp(one->key, known[i]) != 0)
            continue;
        if (!reading_is_text(r, one))
            return false;
        if (strcmp(one->key, "default") != 0)
            return read_setting_text(r, one, setting);
        *initial = one;
        return true;
    }
    return reading_refuse_key(r, one, "a setting", known, KNOWN);
}

static bool is_one_of(const struct setting *setting, const char *text)
{
    for (const char *const *one = setting->one_of; one != NULL && *one != NULL; one++)
        if (strcmp(*one, text) == 0)
            return true;
    return setting->one_of == NULL;
}

// What one key says must fit what the others say.
static bool check_setting(struct reading *r, const struct yaml_node *node,
                          const struct setting *setting)
{
    bool counts = setting->type == SETTING_INTEGER || setting->type == SETTING_NUMBER;

    if (setting->secret && (setting->type != SETTING_TEXT || setting->given ||
                            setting->one_of != NULL))
        return reading_refuse(r, node, "a secret is a string without a default or one_of");
    if (setting->one_of != NULL && setting->type != SETTING_TEXT)
        return reading_refuse(r, node, "one_of is for a string");
    if (!counts && (setting->at_least > -INFINITY || setting->at_most < INFINITY))
        return reading_refuse(r, node, "'between' is for an integer or a number");
    return !setting->given || setting->type != SETTING_TEXT || is_one_of(setting, setting->text) ||
           reading_refuse(r, node, "the default is not in one_of");
}

static bool read_setting(struct reading *r, const struct yaml_node *node)
{
    struct setting *setting = arena_alloc(r->arena, sizeof *setting), **end;
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
    for (end = &r->manifest->settings; *end != NULL;)
        end = &(*end)->next;
    *end = setting;
    return (initial == NULL || read_default(r, initial, setting)) &&
           check_setting(r, node, setting);
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
