// SPDX-License-Identifier: Apache-2.0
// Values as they are given, made into values as they are stored. For record/ only.
#pragma once

#include "record/row.h"

// Converts, normalises and checks one value for one field of a record of org. A blank text is
// NULL. *word NULL when it is fine, else what is wrong with it.
bool accept_value(struct view *view, const struct collection *collection, int field,
                  const struct id *org, struct value *value, const char **word, struct err *err);

// The same for looking something up: no checks, only the form in which it would be stored.
// ERR_INPUT when the kind does not fit.
bool accept_probe(struct view *view, const struct field *field, struct value *value,
                  struct err *err);
