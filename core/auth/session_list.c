// SPDX-License-Identifier: Apache-2.0
// The sessions of an account: SPACE_SIGNED_IN, account, 'b'rowser or 'p'rogram, the part of the
// hash that names the session → u64 made. What stands here may be over; the session tells.
#include <stdlib.h>

#include "auth/inside.h"
#include "store/space.h"

enum { PREFIX_LEN = 1 + ID_LEN + 1, KEY_LEN = PREFIX_LEN + SESSION_SHORT, LISTED_MAX = 200 };

struct listed {
    uint8_t part[SESSION_SHORT];
    uint64_t made_ms;
};

static void prefix_of(const struct id *account, bool program, uint8_t key[PREFIX_LEN])
{
    key[0] = SPACE_SIGNED_IN;
    memcpy(key + 1, account->bytes, ID_LEN);
    key[1 + ID_LEN] = program ? 'p' : 'b';
}

static void key_of(const struct session *session, uint8_t key[KEY_LEN])
{
    prefix_of(&session->account, session->program, key);
    memcpy(key + PREFIX_LEN, session->key, SESSION_SHORT);
}

bool session_note(struct view *view, const struct session *session, struct err *err)
{
    struct buffer made = BUFFER_EMPTY;
    uint8_t key[KEY_LEN];
    bool done;

    key_of(session, key);
    buffer_u64(&made, (uint64_t)session->made_ms);
    done = store_put(view->txn, slice_of(key, sizeof key), buffer_view(&made), err);
    buffer_finish(&made);
    return done;
}

bool session_forget(struct view *view, const struct session *session, struct err *err)
{
    uint8_t key[KEY_LEN];

    key_of(session, key);
    return store_delete(view->txn, slice_of(key, sizeof key), err);
}

static bool read_list(struct view *view, const struct id *account, bool program,
                      struct listed listed[LISTED_MAX], size_t *count, struct err *err)
{
    uint8_t prefix[PREFIX_LEN];
    struct slice key, value;
    struct store_range *range;
    struct err problem = {ERR_NONE, ""};

    *count = 0;
    prefix_of(account, program, prefix);
    range = store_range_open(view->txn, slice_of(prefix, sizeof prefix), slice_of(NULL, 0), false,
                             err);
    if (range == NULL)
        return false;
    while (*count < LISTED_MAX && store_range_next(range, &key, &value, &problem)) {
        struct reader reader = reader_of(value);

        if (key.len != KEY_LEN)
            continue;
        memcpy(listed[*count].part, key.data + PREFIX_LEN, SESSION_SHORT);
        listed[(*count)++].made_ms = read_u64(&reader);
    }
    store_range_close(range);
    if (problem.code != ERR_NONE && err != NULL)
        *err = problem;
    return problem.code == ERR_NONE;
}

static int by_age(const void *a, const void *b)
{
    uint64_t one = ((const struct listed *)a)->made_ms, other = ((const struct listed *)b)->made_ms;

    return (one > other) - (one < other);
}

// What is over goes without a word, what is open is ended as by its owner.
static bool drop(struct auth *auth, struct view *view, const struct session *like,
                 const struct listed *listed, bool only_over, bool *dropped, struct err *err)
{
    struct session session = *like, stored;
    bool found, open = false;

    memcpy(session.key, listed->part, SESSION_SHORT);
    if (!session_load(view, listed->part, &stored, &found, err) ||
        (found && !session_is_open(auth, view, &stored, &open, err)))
        return false;
    *dropped = !open || !only_over;
    if (!*dropped)
        return true;
    return found ? auth_session_end(view, &stored, err) : session_forget(view, &session, err);
}

// Only where the list is full are its sessions looked at: first those that are over go, then the
// oldest.
bool session_make_room(struct auth *auth, struct view *view, const struct session *session,
                       struct err *err)
{
    struct listed *listed = arena_alloc(view->arena, LISTED_MAX * sizeof *listed);
    size_t count, left, most = auth->limits->sessions;
    bool dropped;

    if (!read_list(view, &session->account, session->program, listed, &count, err))
        return false;
    qsort(listed, count, sizeof *listed, by_age);
    left = count;
    for (int over = 1; over >= 0; over--) {
        for (size_t i = 0; i < count && left >= most; i++) {
            if (listed[i].made_ms == UINT64_MAX)
                continue;
            if (!drop(auth, view, session, &listed[i], over == 1, &dropped, err))
                return false;
            if (dropped) {
                listed[i].made_ms = UINT64_MAX;
                left--;
            }
        }
    }
    return true;
}

static int newest_first(const void *a, const void *b)
{
    int64_t one = ((const struct session *)a)->made_ms, other = ((const struct session *)b)->made_ms;

    return (one < other) - (one > other);
}

bool auth_session_list(struct auth *auth, struct view *view, struct id account,
                       struct session **sessions, size_t *count, struct err *err)
{
    struct listed *listed = arena_alloc(view->arena, LISTED_MAX * sizeof *listed);
    struct session *all = arena_alloc(view->arena, 2 * LISTED_MAX * sizeof *all);
    size_t some;
    bool found, open;

    *count = 0;
    *sessions = all;
    for (int program = 0; program < 2; program++) {
        if (!read_list(view, &account, program == 1, listed, &some, err))
            return false;
        for (size_t i = 0; i < some; i++) {
            if (!session_load(view, listed[i].part, &all[*count], &found, err) ||
                (found && !session_is_open(auth, view, &all[*count], &open, err)))
                return false;
            *count += found && open;
        }
    }
    qsort(all, *count, sizeof *all, newest_first);
    return true;
}
