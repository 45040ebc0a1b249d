// SPDX-License-Identifier: Apache-2.0
// Values of fields, as C sees them.
#pragma once

#include "base/id.h"

// A reference stores the owning organisation and the id.
struct ref {
    struct id org, id;
};

enum value_kind {
    VALUE_NULL,
    VALUE_BOOLEAN,
    VALUE_INTEGER,
    VALUE_NUMBER, // double
    VALUE_TEXT,   // UTF-8, NFC
    VALUE_DATE,   // integer: days since 1970-01-01
    VALUE_TIME,   // integer: milliseconds since 1970, UTC
    VALUE_REF,
    VALUE_BYTES,  // sealed values
};

struct value {
    enum value_kind kind;
    union {
        bool boolean;
        int64_t integer;
        double number;
        struct slice text; // TEXT and BYTES
        struct ref ref;
    };
};

bool value_equal(const struct value *a, const struct value *b);
int value_compare(const struct value *a, const struct value *b); // NULL first; same kinds
bool ref_equal(const struct ref *a, const struct ref *b);
// "organisation.id", each 26 characters: how a reference is written in forms and JSON.
enum { REF_TEXT_LEN = 2 * ID_TEXT_LEN + 1 };
void ref_to_text(const struct ref *ref, char text[REF_TEXT_LEN + 1]);
bool ref_from_text(struct slice text, struct ref *ref);
// ISO 8601: "2026-03-02". False when there is no such day; years 1900 to 2199.
bool date_from_text(struct slice text, int32_t *days);
void date_to_text(int32_t days, char text[11]);
