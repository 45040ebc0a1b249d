// SPDX-License-Identifier: Apache-2.0
// How the parts of a manifest are read: for manifest*.c only.
#pragma once

#include "bind/manifest.h"
#include "config/config.h"

struct reading {
    const char *path;
    struct arena *arena;
    struct manifest *manifest;
    struct err *err;
};

// Each is false with what is wrong and where.
bool reading_refuse(struct reading *r, const struct yaml_node *node, const char *what);
bool reading_refuse_key(struct reading *r, const struct yaml_node *node, const char *place,
                        const char *const *known, size_t count);
bool reading_is_text(struct reading *r, const struct yaml_node *node);
bool reading_is_map(struct reading *r, const struct yaml_node *node);
// A list of names, NULL-terminated; NULL after a problem.
const char *const *reading_list(struct reading *r, const struct yaml_node *node);

bool manifest_read_settings(struct reading *r, const struct yaml_node *node);
bool manifest_read_points(struct reading *r, const struct yaml_node *node);
bool manifest_read_slots(struct reading *r, const struct yaml_node *node);
