// SPDX-License-Identifier: Apache-2.0
// What an app says of itself in app.yaml, before any of its code runs.
#pragma once

#include "base/err.h"
#include "base/mem.h"

enum setting_type { SETTING_TEXT, SETTING_INTEGER, SETTING_NUMBER, SETTING_BOOLEAN };

struct setting {
    struct setting *next;
    const char *name;
    enum setting_type type;
    bool given, boolean; // given: it has a default
    const char *text;
    double number; // INTEGER and NUMBER
    double at_least, at_most;
    const char *const *one_of; // TEXT; NULL-terminated; NULL: any text
    const char *layer; // the lowest tier that may set it (tree_tier); NULL: any
    const char *help;  // for administrators; NULL: what stands in lang/
    bool secret;       // TEXT: sealed, written and never shown
    bool loosen;       // a lower layer may go beyond what a higher one has narrowed
};

// An extension point that the app offers.
struct point {
    struct point *next;
    const char *name;
    int version;
};

// Named slots of one of its screens.
struct slots {
    struct slots *next;
    const char *screen;
    const char *const *names; // NULL-terminated
};

struct need {
    struct need *next;
    const char *app, *range; // "base", ">=1.0 <2"
};

struct manifest {
    const char *id, *version;
    const char *title_zh, *title_en;
    struct need *needs;
    struct setting *settings; // as they stand in the file
    struct point *points;
    struct slots *slots;
    const char *const *asks_read; // asks.read: collections of other apps; NULL-terminated
    const char *const *asks_notify; // asks.notify: channels; NULL-terminated
    const char *const *asks_http;   // asks.http: hosts (net/url.h); NULL-terminated
    int64_t cpu_ms, memory, reads, writes; // 0: the instance's limit
};

// folder_name is what `app:` must say. Everything is refused that is not understood, with a
// suggestion where a key is nearly right.
bool manifest_read(const char *path, const char *folder_name, struct arena *arena,
                   struct manifest *manifest, struct err *err);
// The same of a text that was read already; path is what it is called in problems.
bool manifest_read_text(const char *path, struct slice bytes, const char *folder_name,
                        struct arena *arena, struct manifest *manifest, struct err *err);
// May an application of the apps folder be called so?
bool manifest_is_name(const char *name);
const char *manifest_reserved(void); // the names that the platform keeps for itself, one text
// Does a version like "1.2.0" satisfy a range like ">=1.0 <2"? False too for a malformed range.
bool version_fits(const char *version, const char *range);
