// SPDX-License-Identifier: Apache-2.0
// Derived fields that follow: a change of what they take over queues a job of the platform in the
// same commit, which goes through those who follow (record_follow).
#include <stdio.h>

#include "bind/bind.h"
#include "job/queue.h"

enum { PLACE_TEXT_MAX = 2 * STORE_KEY_MAX + 24 };

void bind_follow(lua_State *L, struct call *call, const struct record *record, uint64_t fields)
{
    char ref[REF_TEXT_LEN + 1];
    struct job job = {.org = call->request->org, .app = "platform", .name = "follow",
                      .due_ms = clock_wall_ms(call->view->clock)};
    bool added;
    struct err err;

    if (!record_is_followed(record->collection, fields))
        return;
    ref_to_text(&record->ref, ref);
    job.key = slice_text(ref);
    job.arg = slice_text(arena_format(call->view->arena, "{\"from\":\"%s\",\"id\":\"%s\"}",
                                      record->collection->full, ref));
    if (!queue_add(call->view, &job, &added, &err))
        script_raise(L, &err);
}

static bool read_place(const char *text, struct follow_place *place)
{
    int used = 0;

    *place = (struct follow_place){0};
    if (sscanf(text, "%zu:%n", &place->follower, &used) != 1 || used == 0)
        return false;
    for (text += used; place->len < STORE_KEY_MAX; text += 2) {
        unsigned byte;

        if (sscanf(text, "%2x", &byte) != 1)
            break;
        place->key[place->len++] = (uint8_t)byte;
    }
    return *text == 0;
}

static void push_place(lua_State *L, const struct follow_place *place)
{
    char text[PLACE_TEXT_MAX];
    int len = snprintf(text, sizeof text, "%zu:", place->follower);

    for (size_t i = 0; i < place->len; i++)
        len += snprintf(text + len, sizeof text - (size_t)len, "%02x", place->key[i]);
    lua_pushlstring(L, text, (size_t)len);
}

/// record.follow(from: string, id: string, at?: string): string? – for the platform: where to go on
int bind_record_follow(lua_State *L)
{
    struct call *call = bind_write_call(L, "records follow");
    const struct collection *from = catalog_find(call->view->catalog, luaL_checkstring(L, 1));
    struct view system = *call->view;
    struct follow_place place;
    struct ref ref;
    bool done;
    struct err err;

    if (!bind_state(L)->app->platform)
        return luaL_error(L, "whom records follow is for the platform");
    luaL_argcheck(L, ref_from_text(bind_check_slice(L, 2), &ref), 2, "not an id");
    luaL_argcheck(L, read_place(luaL_optstring(L, 3, "0:"), &place), 3, "not a place");
    if (from == NULL) // its app is gone
        return 0;
    system.who = NULL;
    if (!record_follow(&system, from, ref, &place, &done, &err))
        script_raise(L, &err);
    if (done)
        return 0;
    push_place(L, &place);
    return 1;
}
