// SPDX-License-Identifier: Apache-2.0
// Sealed fields. Stored is one value: u8 length of the keyed hash (0 without a lookup),
// the hash, then what crypto/ sealed for (organisation, collection, field).
#pragma once

#include "record/row.h"

// Plain text to the stored value.
bool sealed_make(struct view *view, const struct collection *collection, int field,
                 const struct id *org, struct slice plain, struct value *value, struct err *err);
// The part of it that finds it: for filters and unique claims.
bool sealed_probe(struct view *view, const struct field *field, struct slice plain,
                  struct value *value, struct err *err);
bool sealed_open(struct view *view, const struct collection *collection, int field,
                 const struct id *org, const struct value *value, struct slice *plain,
                 struct err *err);
// Replaces the stored value by its mask, "3200…0013".
bool sealed_mask(struct view *view, const struct collection *collection, int field,
                 const struct id *org, struct value *value, struct err *err);
