// SPDX-License-Identifier: Apache-2.0
// Writing JSON (RFC 8259) into a buffer. Bytes that are not UTF-8 become U+FFFD, so
// that what leaves is always valid; `<` and `&` leave escaped, so that the text may
// also stand inside a page.
#pragma once

#include "base/buffer.h"

void json_text(struct buffer *buffer, struct slice text); // with its quotes

// The text of one member of a flat JSON object whose members are texts, numbers, true, false
// or null: what a small machine request looks like. data NULL: no such text, or malformed.
struct slice json_member(struct arena *arena, struct slice object, const char *name);
