// SPDX-License-Identifier: Apache-2.0
// Inside config/ only: the strict YAML reader under yaml_read, which names every problem.
#pragma once

#include "config/config.h"

enum { YAML_BYTES_MAX = 1024 * 1024, YAML_DEPTH_MAX = 8, YAML_NODES_MAX = 20000,
       YAML_ENTRIES_MAX = 5000 };

// line 0: the problem is with the whole file.
typedef void yaml_problem(void *context, int line, int column, const char *text);

// False after any problem; each was reported. An empty document is an empty MAP.
bool yaml_parse(struct slice bytes, struct arena *arena, struct yaml_node **root,
                yaml_problem *report, void *context);
// Reads a whole file of at most YAML_BYTES_MAX into the arena.
bool yaml_load(const char *path, struct arena *arena, struct slice *bytes, struct err *err);
