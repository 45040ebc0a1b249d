// SPDX-License-Identifier: Apache-2.0
// Opaque identifiers: 48 bits of milliseconds and 80 random bits, so that the keys
// of things made together stand together. In URLs 26 characters of Crockford's
// base32 in lower case (the layout of ULID).
#pragma once

#include "base/clock.h"
#include "base/slice.h"

enum { ID_LEN = 16, ID_TEXT_LEN = 26 };

struct id {
    uint8_t bytes[ID_LEN];
};

struct id id_make(struct clock *clock, struct random *random);
int64_t id_ms(const struct id *id);
bool id_is_zero(const struct id *id);
bool id_equal(const struct id *a, const struct id *b);
void id_to_text(const struct id *id, char text[ID_TEXT_LEN + 1]);
bool id_from_text(struct slice text, struct id *id); // false when malformed
