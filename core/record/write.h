// SPDX-License-Identifier: Apache-2.0
// For record/ only.
#pragma once

#include "record/record.h"

// record_create under an id of the caller's.
bool write_new(struct view *view, const struct collection *collection, struct ref ref,
               const struct value *values, struct record **record, struct problem *problem,
               struct err *err);
