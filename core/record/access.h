// SPDX-License-Identifier: Apache-2.0
// Decisions about one record. For record/ only.
#pragma once

#include "record/row.h"

// One rule (or a set's match) asked for rows of one organisation.
struct ask {
    struct view *view;
    const struct collection *collection;
    const struct rule *rule; // NULL: everything, for the system
    struct id org;        // that owns the rows
    struct id at;         // where its sets are asked
    const struct ref *it; // for @it
};

// Does the rule's role count for rows of this organisation?
bool access_counts(const struct ask *ask, bool *counts, struct err *err);

// Do the terms whose bits are not in `covered` hold for these values?
bool access_holds(const struct ask *ask, const struct ref *ref, const struct value *values,
                  uint32_t covered, bool *holds, struct err *err);

// Any rule of the verb; *fields is the union of what the matching ones open (0: denied).
bool access_fields(struct view *view, enum verb verb, const struct collection *collection,
                   const struct ref *ref, const struct value *values, uint64_t *fields,
                   struct err *err);

// The references a term compares with: @me, @me.orgs, @it or the members of a set.
bool access_refs(const struct ask *ask, const struct rule_term *term, const struct ref **refs,
                 size_t *count, struct err *err);
// Is the organisation among them (RULE_IN) or below one of them (RULE_UNDER)?
bool access_org(const struct ask *ask, const struct rule_term *term, const struct id *org,
                bool *holds, struct err *err);
