// SPDX-License-Identifier: Apache-2.0
// Files of Lua, pages and words as they stood when they were read. States that are made from them
// later see no newer ones, so that what was checked as a whole runs as a whole, and a file that is
// being saved is never run half.
#pragma once

#include <stdbool.h>

#include "base/err.h"
#include "base/slice.h"

struct script_sources;

struct script_sources *script_sources_create(void);
void script_sources_destroy(struct script_sources *sources); // accepts NULL
// Adds the .lua, .html and .yaml files of a folder and of those in it; a folder that is not there
// has none.
bool script_sources_add(struct script_sources *sources, const char *folder, struct err *err);
// By the path: that of the folder, '/', and what is in it. data NULL: there is none.
struct slice script_sources_find(const struct script_sources *sources, const char *path);
// A Lua file of the platform as code that Lua loads in binary mode: compiled by the first state that
// wants it, for all that are made from these. Never of an application's file: what is loaded so is
// believed. data NULL: there is none, or it does not compile. Its chunk is called name, and its
// first line begins with head.
struct slice script_sources_code(struct script_sources *sources, const char *path,
                                 const char *name, const char *head);
// One after the other, in the order of their paths; NULL behind the last.
const char *script_sources_at(const struct script_sources *sources, size_t at, struct slice *text);
// The same files with the same content?
bool script_sources_equal(const struct script_sources *a, const struct script_sources *b);
