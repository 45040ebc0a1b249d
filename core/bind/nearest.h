// SPDX-License-Identifier: Apache-2.0
// «Did you mean»: the known name that is closest to a mistyped one.
#pragma once

#include <stddef.h>

// NULL when none is near enough to be what was meant.
const char *nearest(const char *name, const char *const *known, size_t count);
