// SPDX-License-Identifier: Apache-2.0
#include "check.h"

#include <stdlib.h>
#include <unistd.h>

#include "bind/manifest.h"
#include "bind/nearest.h"

#define START "app: leave\ntitle: { zh: 请假, en: Leave }\nversion: 2.3.0\n"

// Reads text as the app.yaml of the folder «leave».
static bool read_text(const char *text, struct arena *arena, struct manifest *manifest,
                      struct err *err)
{
    return manifest_read_text("leave/app.yaml", slice_text(text), "leave", arena, manifest, err);
}

static bool is_refused(const char *text, const char *because)
{
    struct arena arena = ARENA_EMPTY;
    struct manifest manifest;
    struct err err = {ERR_NONE, ""};
    bool refused = !read_text(text, &arena, &manifest, &err) && strstr(err.text, because) != NULL;

    if (!refused)
        printf("  said: %s\n", err.text);
    arena_finish(&arena);
    return refused;
}

static void unknown_keys_are_refused_with_a_suggestion(void)
{
    CHECK(is_refused(START "nedds: { base: \">=1.0\" }\n", "did you mean 'needs'?"));
    CHECK(is_refused(START "limits: { memroy: 8MiB }\n", "did you mean 'memory'?"));
    CHECK(is_refused(START "settings:\n  days: { type: integr }\n", "did you mean 'integer'?"));
    CHECK(is_refused(START "asks: { reads: [ base.student ] }\n", "did you mean 'read'?"));
}

static void what_makes_no_sense_is_refused(void)
{
    CHECK(is_refused("app: leave\nversion: 1.0.0\n", "required"));
    CHECK(is_refused("app: other\ntitle: { zh: a, en: b }\nversion: 1.0\n", "its folder is"));
    CHECK(is_refused("app: leave\ntitle: { zh: a }\nversion: 1.0\n", "both zh and en"));
    CHECK(is_refused("app: login\n", "reserved"));
    CHECK(is_refused("app: Leave\n", "small letters"));
    CHECK(is_refused("app: ../leave\n", "small letters"));
    CHECK(is_refused(START "limits: { cpu: 50 }\n", "no amount"));
    CHECK(is_refused(START "api: soon\n", "2026-12"));
    CHECK(is_refused(START "settings:\n  days: { default: 5 }\n", "needs a type"));
    CHECK(is_refused(START "settings:\n  days: { type: integer, default: 5.5 }\n", "type"));
    CHECK(is_refused(START "settings:\n  days: { default: 90, type: integer, between: [1, 60] }\n",
                     "outside"));
    CHECK(is_refused(START "settings:\n  key: { type: string, secret: true, default: x }\n", "secret"));
    CHECK(is_refused(START "settings:\n  from: { type: string, one_of: [ a, b ], default: c }\n",
                     "not in one_of"));
    CHECK(is_refused(START "settings:\n  from: { type: string, layer: village }\n", "lowest tier"));
    CHECK(is_refused(START "settings:\n  from: { type: string, between: [1, 2] }\n", "integer"));
    CHECK(is_refused(START "points: { may_grant: yes }\n", "its version"));
    CHECK(is_refused(START "slots: { ask: details }\n", "list of names"));
}

static void everything_known_is_read(void)
{
    struct arena arena = ARENA_EMPTY;
    struct manifest manifest;
    struct err err;

    CHECK_OK(read_text(START "api: 2026-12\nneeds: { base: \">=1.0 <2\" }\n"
                             "limits: { cpu: 50ms, memory: 8MiB, reads: 500 }\n"
                             "settings:\n  days: { type: integer, between: [1, 60], default: 5 }\n"
                             "points: { may_grant: 1 }\nslots: { ask: [ details ] }\n",
                       &arena, &manifest, &err),
             &err);
    CHECK(strcmp(manifest.id, "leave") == 0 && strcmp(manifest.title_en, "Leave") == 0);
    CHECK(manifest.cpu_ms == 50 && manifest.memory == 8 << 20 && manifest.reads == 500);
    CHECK(manifest.settings != NULL && manifest.settings->number == 5);
    CHECK(manifest.points != NULL && manifest.points->version == 1);
    CHECK(manifest.slots != NULL && strcmp(manifest.slots->names[0], "details") == 0);
    CHECK(manifest.needs != NULL && strcmp(manifest.needs->app, "base") == 0);
    arena_finish(&arena);
}

static void versions_are_compared_as_numbers(void)
{
    CHECK(version_fits("1.2.0", ">=1.0 <2"));
    CHECK(version_fits("1.10.0", ">=1.9"));
    CHECK(!version_fits("2.0.0", ">=1.0 <2"));
    CHECK(!version_fits("0.9", ">=1.0"));
    CHECK(!version_fits("1.0.0", "about 1"));
    CHECK(!version_fits("one", ">=1"));
}

static void only_near_names_are_suggested(void)
{
    static const char *const known[] = {"required", "readonly", "ref"};

    CHECK(strcmp(nearest("requierd", known, 3), "required") == 0);
    CHECK(strcmp(nearest("refs", known, 3), "ref") == 0);
    CHECK(nearest("colour", known, 3) == NULL);
    CHECK(nearest("", known, 3) == NULL);
}

int main(void)
{
    RUN(unknown_keys_are_refused_with_a_suggestion);
    RUN(what_makes_no_sense_is_refused);
    RUN(everything_known_is_read);
    RUN(versions_are_compared_as_numbers);
    RUN(only_near_names_are_suggested);
    return check_report("bind_manifest");
}
