// SPDX-License-Identifier: Apache-2.0
// Index entries of one record. For record/ only.
#pragma once

#include "record/row.h"

// Does a unique index give these values to another record? problem is set when it does.
bool index_is_free(struct view *view, const struct collection *collection, const struct ref *ref,
                   const struct value *old, const struct value *new, struct problem *problem,
                   bool *is_free, struct err *err);
// Buffers what changes between old and new (NULL: no record).
bool index_change(struct view *view, const struct collection *collection, const struct ref *ref,
                  const struct value *old, const struct value *new, struct err *err);
