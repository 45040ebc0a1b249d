// SPDX-License-Identifier: Apache-2.0
// Checks of texts by their shape. Pure functions: a text in, yes or no.
#pragma once

#include "record/schema.h"

// "login", "phone", "code"; NULL when there is no check of that name.
typedef bool text_check_function(struct slice text);
text_check_function *text_check_find(const char *name);
const char *text_check_name(size_t index); // NULL after the last: for suggestions

// text is upper-cased already where check->upper says so.
bool text_check_fits(const struct text_check *check, struct slice text);
// What makes no sense in a declaration, or NULL.
const char *text_check_problem(const struct text_check *check);
