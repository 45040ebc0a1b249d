// SPDX-License-Identifier: Apache-2.0
// Addresses of the outside, read strictly. What is odd is refused, not mended: two readers that
// mend differently are how a request is led elsewhere. Whoever connects gets the address written
// anew from the parts that were checked.
#pragma once

#include "base/err.h"
#include "base/mem.h"

enum { URL_MAX = 4096 };

struct url {
    bool tls;
    const char *host; // small letters; a number as the system writes it, IPv6 without brackets
    bool is_number;   // an address, not a name
    unsigned port;
    struct slice path; // with its query, from the first "/" or "?"; the fragment is gone
};

// Memory in the arena. Refused: other schemes, users and passwords, percent signs and bytes over
// 127 in the host, a dot at its end, numbers in any but their plain form (0x7f.1, 2130706433, 010.0.0.1).
bool url_parse(struct arena *arena, struct slice text, struct url *url, struct err *err);
const char *url_text(struct arena *arena, const struct url *url);

// What a manifest asks for: "api.example.com", "*.example.com" (any depth below, not the name
// itself), "[2001:db8::1]"; ":8443" behind it where the port is not the scheme's own.
bool url_is_pattern(const char *pattern);
// Is the host and port of the address one of the NULL-terminated list's? list may be NULL: none.
bool url_fits(const struct url *url, const char *const *patterns);
