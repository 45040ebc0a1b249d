// SPDX-License-Identifier: Apache-2.0
// The tree of organisations: core-owned collection "core.org" (records of the root
// organisation). Records never hold their ancestors; they are read from here.
// Fields of core.org: kind (code), parent (ref, none for the root), name, name_en, code,
// stages (text), closed (boolean). Indexes: {parent}, unique {code}. Which organisations there are
// is no secret to who is signed in, so that records may refer to them.
#pragma once

#include "record/record.h"

struct tree_org {
    struct id id, parent; // parent zero: the root
    const char *kind, *name, *name_en, *code;
};

// How far down the tree a kind of organisation stands: 0 for a province, more for those below;
// -1: not one of the tiers.
int tree_tier(const char *kind);

// Adds core.org to the catalogue.
bool tree_declare(struct catalog *catalog, struct err *err);
// *org NULL when there is no such organisation.
bool tree_get(struct view *view, struct id id, struct tree_org **org, struct err *err);
// By its code; *org NULL when there is none.
bool tree_find(struct view *view, const char *code, struct tree_org **org, struct err *err);
// Adds an organisation; org->id is filled in. Without a parent it is the root: its record
// then owns itself (organisation and id are the same). False with *problem set: mend it.
bool tree_add(struct view *view, struct tree_org *org, struct problem *problem, struct err *err);
// From the organisation itself up to the root.
bool tree_path(struct view *view, struct id id, const struct id **path, size_t *count,
               struct err *err);
bool tree_is_under(struct view *view, struct id id, struct id ancestor, bool *under,
                   struct err *err);
// The organisation and all below it, in no promised order; ERR_LIMIT when they are more than max.
bool tree_below(struct view *view, struct id id, size_t max, const struct id **orgs,
                size_t *count, struct err *err);
bool tree_children(struct view *view, struct id id, struct tree_org **orgs, size_t *count,
                   struct err *err);
