// SPDX-License-Identifier: Apache-2.0
// The one place where percent-encoding is taken off a path.
#pragma once

#include "base/mem.h"

// The path of a request target ("/a%20b?x") as UTF-8 in NFC. False for what has two readings
// or none: a broken escape, NUL and other control characters, an encoded slash, bytes that
// are not UTF-8, a backslash, empty and dot segments. query is what follows '?', raw.
bool path_decode(struct arena *arena, struct slice target, struct slice *path, struct slice *query);
// Takes percent-encoding off, and with plus makes '+' a space. False for a broken escape.
bool percent_decode(struct arena *arena, struct slice text, bool plus, struct slice *plain);
