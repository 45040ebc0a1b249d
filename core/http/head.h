// SPDX-License-Identifier: Apache-2.0
// The head of an HTTP/1.1 request, checked on its raw bytes before anything acts on it
// (RFC 9112): what two parsers could read differently is refused. Pure functions, no I/O.
#pragma once

#include "base/slice.h"

struct head_limits {
    size_t bytes, fields;
    uint64_t body;
};

struct head {
    size_t len;         // bytes of the head, an empty line in front of it included
    uint64_t body_len;  // Content-Length, 0 without
    const char *reason; // of a refusal, for the log
};

enum { HEAD_MORE = 0, HEAD_FINE = 200 }; // anything else is the status of the refusal

int head_check(struct slice bytes, const struct head_limits *limits, struct head *head);

// host [":" port], neither empty nor with user information.
bool head_authority(struct slice authority);
// "http://authority/path" split; false when the target has no such form.
bool head_absolute(struct slice target, struct slice *authority, struct slice *path);
bool head_token(struct slice text);
bool head_same(struct slice text, const char *lower_case); // ignoring case
// A field value: no control characters but the tab.
bool head_value(struct slice value);
