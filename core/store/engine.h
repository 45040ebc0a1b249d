// SPDX-License-Identifier: Apache-2.0
// What the store needs of an engine: ordered bytes under bytes, snapshots, one writer.
// Conflicts, checksums, counters and logs are the store's own; an engine knows none of
// them, so that they behave the same on each.
//
// Lifetime: slices that an engine gives point into its memory and die with the view, in
// a writing view already with the next write.
#pragma once

#include "base/err.h"
#include "base/slice.h"

struct engine {
    const struct engine_calls *calls;
};

// A snapshot, or the one writing transaction.
struct engine_view {
    struct engine *engine;
};

struct engine_cursor {
    struct engine_view *view;
};

struct engine_measure {
    uint64_t last;        // number of the last commit
    uint64_t oldest;      // oldest snapshot in use; last when there is none
    uint64_t bytes, keys; // what lives, not what the file has ever held
};

struct engine_calls {
    void (*close)(struct engine *engine);
    struct engine_view *(*begin)(struct engine *engine, bool writing, struct err *err);
    void (*end)(struct engine_view *view); // what was written is dropped
    // Ends the view in any case. True: durable. False: nothing happened. Not called when
    // nothing was changed: such a commit might take no number of its own.
    bool (*commit)(struct engine_view *view, struct err *err);
    // The commit that a snapshot shows, or that a writing view will be.
    uint64_t (*number)(const struct engine_view *view);
    uint64_t (*bytes)(const struct engine_view *view);
    bool (*get)(struct engine_view *view, struct slice key, struct slice *value,
                struct err *err); // absent: data NULL
    // Stores head and body, one after the other, as one value.
    bool (*put)(struct engine_view *view, struct slice key, struct slice head, struct slice body,
                struct err *err);
    bool (*remove)(struct engine_view *view, struct slice key, bool *existed, struct err *err);
    struct engine_cursor *(*cursor_open)(struct engine_view *view, struct err *err);
    void (*cursor_close)(struct engine_cursor *cursor);
    // To the first key at or after bound; backwards to the last one before it. An absent
    // bound is the end that the walk begins from. At the end key->data is NULL.
    bool (*seek)(struct engine_cursor *cursor, struct slice bound, bool backwards,
                 struct slice *key, struct slice *value, struct err *err);
    bool (*step)(struct engine_cursor *cursor, bool backwards, struct slice *key,
                 struct slice *value, struct err *err);
    void (*measure)(struct engine *engine, struct engine_measure *measure);
    void (*clear_readers)(struct engine *engine);
};

// LMDB in a folder. Only the owner may write and makes what is not there yet.
struct engine *lmdb_open(const char *folder, bool owner, unsigned readers_max, struct err *err);
// Refuses (ERR_CORRUPT) a data file that lacks pages in use: to map it would be a crash.
// *present tells whether there is a file at all.
bool lmdb_check_file(const char *folder, bool *present, struct err *err);

static inline struct engine_view *engine_begin(struct engine *engine, bool writing,
                                               struct err *err)
{
    return engine->calls->begin(engine, writing, err);
}

static inline void engine_end(struct engine_view *view)
{
    if (view != NULL)
        view->engine->calls->end(view);
}

static inline bool engine_commit(struct engine_view *view, struct err *err)
{
    return view->engine->calls->commit(view, err);
}

static inline uint64_t engine_number(const struct engine_view *view)
{
    return view->engine->calls->number(view);
}

static inline bool engine_get(struct engine_view *view, struct slice key, struct slice *value,
                              struct err *err)
{
    return view->engine->calls->get(view, key, value, err);
}

static inline bool engine_put(struct engine_view *view, struct slice key, struct slice head,
                              struct slice body, struct err *err)
{
    return view->engine->calls->put(view, key, head, body, err);
}

static inline bool engine_remove(struct engine_view *view, struct slice key, bool *existed,
                                 struct err *err)
{
    return view->engine->calls->remove(view, key, existed, err);
}

static inline struct engine_cursor *engine_cursor_open(struct engine_view *view, struct err *err)
{
    return view->engine->calls->cursor_open(view, err);
}

static inline void engine_cursor_close(struct engine_cursor *cursor)
{
    if (cursor != NULL)
        cursor->view->engine->calls->cursor_close(cursor);
}

static inline bool engine_seek(struct engine_cursor *cursor, struct slice bound, bool backwards,
                               struct slice *key, struct slice *value, struct err *err)
{
    return cursor->view->engine->calls->seek(cursor, bound, backwards, key, value, err);
}

static inline bool engine_step(struct engine_cursor *cursor, bool backwards, struct slice *key,
                               struct slice *value, struct err *err)
{
    return cursor->view->engine->calls->step(cursor, backwards, key, value, err);
}
