// SPDX-License-Identifier: Apache-2.0
// What a file is, by its first bytes: neither a name nor what a browser says is trusted.
#pragma once

#include "base/slice.h"

enum { KIND_HEAD = 4096 }; // bytes that kind_of wants to see

struct kind {
    const char *name;  // kept with the file, never changed: "jpeg"
    const char *type;  // media type it is sent as
    const char *group; // "picture", "pdf", "video", "audio", "document", "archive", "text", "other"
    const char *suffix; // of a name made up for a download
    bool shown;         // may be shown in the page's place; else it is always a download
};

const struct kind *kind_of(struct slice head); // never NULL: "other" at last
const struct kind *kind_named(const char *name);
bool kind_is_group(const char *group);
