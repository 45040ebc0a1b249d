// SPDX-License-Identifier: Apache-2.0
// A group of commits while it is judged and gathered.
#pragma once

#include "store/inside.h"

// What the group knows of a key. SEEN: looked up, not changed.
enum change_kind { CHANGE_SEEN, CHANGE_PUT, CHANGE_DELETE };

struct change {
    RB_ENTRY(change) link;
    struct slice key;
    enum change_kind kind;
    struct stored now; // what stands there after the commits accepted so far
    bool is_entry;     // of a log: no reader can have read it yet
};

RB_HEAD(changes, change);

struct group {
    struct arena arena;
    struct changes changes;
    struct engine_view *view;
    uint64_t number, snapshot; // of the group; of the commit being judged
    uint64_t bytes;            // in the store before this group
    int64_t growth;            // bytes that the accepted commits add
    int64_t time_ms;
};

struct change *group_find(struct group *group, struct slice key); // NULL: not looked at yet
// What stands under the key now. NULL on an error.
struct change *group_lookup(struct group *group, struct slice key, struct err *err);
// Whether a commit of this group has written in [from, to); an empty `to` is the end of all keys.
bool group_wrote(struct group *group, struct slice from, struct slice to);

// Judges a commit. Afterwards the reader stands before its operations.
bool group_judge(struct store *store, struct reader *commit, struct err *err);

// reserve.c: is there room for the operations?
bool group_has_room(struct store *store, struct reader operations, struct err *err);
