// SPDX-License-Identifier: Apache-2.0
// What a manifest offers to those who change an app without forking it: points and slots.
#include <stdlib.h>
#include <string.h>

#include "bind/manifest_part.h"

enum { VERSION_MAX = 9999 };

static bool is_name(const char *name)
{
    size_t len = strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_");

    return len > 0 && len <= 32 && name[len] == '\0' && name[0] >= 'a';
}

static bool read_point(struct reading *r, const struct yaml_node *node)
{
    struct point *point = arena_alloc(r->arena, sizeof *point);
    char *end;
    long version;

    if (!reading_is_text(r, node))
        return false;
    version = strtol(node->text, &end, 10);
    if (!is_name(node->key) || *end != '\0' || version < 1 || version > VERSION_MAX)
        return reading_refuse(r, node, "a point is a name and its version: may_grant: 1");
    *point = (struct point){r->manifest->points, node->key, (int)version};
    r->manifest->points = point;
    return true;
}

bool manifest_read_points(struct reading *r, const struct yaml_node *node)
{
    if (!reading_is_map(r, node))
        return false;
    for (const struct yaml_node *one = node->child; one != NULL; one = one->next)
        if (!read_point(r, one))
            return false;
    return true;
}

bool manifest_read_slots(struct reading *r, const struct yaml_node *node)
{
    if (!reading_is_map(r, node))
        return false;
    for (const struct yaml_node *one = node->child; one != NULL; one = one->next) {
        struct slots *slots = arena_alloc(r->arena, sizeof *slots);

        *slots = (struct slots){r->manifest->slots, one->key, reading_list(r, one)};
        if (slots->names == NULL)
            return false;
        r->manifest->slots = slots;
    }
    return true;
}
