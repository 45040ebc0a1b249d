// SPDX-License-Identifier: Apache-2.0
// What a view has already looked up for its rules: members of sets, places in the tree.
// Lives in the view's arena; a write to the view's collections forgets it.
#pragma once

#include "record/tree.h"

struct set_answer {
    struct set_answer *next;
    const struct set_def *set;
    struct id org;    // zero: wherever a role is held
    const char *role; // which one then
    struct ref it;    // zero: asked for @me
    const struct ref *members; // in order
    size_t count;
};

struct org_path {
    struct org_path *next;
    struct id org;
    const struct id *path; // from itself to the root; count 0: no such organisation
    size_t count;
};

struct set_cache {
    struct set_answer *answers;
    struct org_path *paths;
};

struct set_cache *cache_of(struct view *view);
void cache_keep(struct view *view, const struct set_answer *answer);
void cache_forget(struct view *view, const struct collection *written);
