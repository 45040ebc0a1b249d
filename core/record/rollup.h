// SPDX-License-Identifier: Apache-2.0
// For record/ only.
#pragma once

#include "record/row.h"

// Buffers what a change from old to new (NULL: no record) adds to the collection's rollups. An
// organisation that moves takes its counters along.
bool rollup_change(struct view *view, const struct collection *collection, const struct ref *ref,
                   const struct value *old, const struct value *new, struct err *err);
// Do the terms of the rollup hold for these values?
bool rollup_takes(const struct rollup *rollup, const struct value *values);
