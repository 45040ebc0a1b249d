// SPDX-License-Identifier: Apache-2.0
// «did you mean»: the nearest of some names.
#pragma once

#include "base/slice.h"

struct suggestion {
    struct slice wanted;
    const char *nearest; // NULL: none is near enough
    size_t distance;
};

struct suggestion suggest_begin(struct slice wanted);
void suggest_offer(struct suggestion *suggestion, const char *name);
// "; did you mean «name»?" or "", in a buffer of the caller.
enum { SUGGEST_TEXT_MAX = 96 };
const char *suggest_text(const struct suggestion *suggestion, char text[SUGGEST_TEXT_MAX]);
