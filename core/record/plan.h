// SPDX-License-Identifier: Apache-2.0
// From a rule and filters to the pieces of the store that hold the rows: ranges of an
// index, of the primary keys, or known ids. What a piece does not answer is checked on
// the record. For record/ only.
#pragma once

#include "record/access.h"

enum { RANGES_MAX = 1024 }; // of one rule in one organisation

struct source {
    const struct rule *rule; // that the rows still have to satisfy; NULL: none
    struct id org;           // whose rows
    uint32_t covered;        // terms that the source itself answers
    int index;               // -1: primary keys
    bool by_id, by_order;    // it gives rows in the order of ids, or of the wanted field
    size_t head;             // bytes of its keys before the part that orders
    struct slice from, to;
    const struct id *ids;    // known rows instead of a range
    size_t id_count;
};

struct plan {
    const struct query *query; // filters, order, direction
    struct slice seen;         // a sorted list goes on behind this value; data NULL: it begins
    struct source *sources;
    size_t count, size;
};

// Adds the sources of one rule in one organisation to the plan. Memory: the view's arena.
bool plan_add(struct plan *plan, const struct ask *ask, struct err *err);

// Can an index answer the rule at all?
bool plan_can_answer(const struct collection *collection, const struct rule *rule);
