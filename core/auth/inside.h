// SPDX-License-Identifier: Apache-2.0
// Inside auth/ only: the fields of its collections.
#pragma once

#include "auth/auth.h"

enum {
    ACCOUNT_LOGIN,
    ACCOUNT_NAME,
    ACCOUNT_HASH,
    ACCOUNT_PERSON, // an id's text: the collection of persons is an app's
    ACCOUNT_DISABLED,
    ACCOUNT_EPOCH,
    ACCOUNT_MUST_CHANGE,
    ACCOUNT_FIELDS
};
enum { GRANT_PERSON, GRANT_ROLE, GRANT_AT, GRANT_BEGINS, GRANT_ENDS, GRANT_FIELDS };

enum { ROLE_MAX = 40 };

// A caller's view of its own would hide these collections from itself.
static inline struct view auth_as_system(const struct view *view)
{
    struct view system = *view;

    system.who = NULL;
    return system;
}

static inline struct value value_of_text(struct slice text)
{
    return (struct value){VALUE_TEXT, {.text = text}};
}

// session.c: by the part of its hash that is in its key. *found: it is stored; whether it is still
// open is another question.
enum { SESSION_SHORT = SESSION_CURSOR_LEN };
bool session_load(struct view *view, const uint8_t part[SESSION_SHORT], struct session *session,
                  bool *found, struct err *err);
bool session_is_open(struct auth *auth, struct view *view, struct session *session, bool *open,
                     struct err *err);
// session_list.c: keeps the list of an account's sessions.
bool session_note(struct view *view, const struct session *session, struct err *err);
bool session_forget(struct view *view, const struct session *session, struct err *err);
// Ends the oldest of the session's kind while there is no room for it.
bool session_make_room(struct auth *auth, struct view *view, const struct session *session,
                       struct err *err);

// An id as text; the text lives in the arena.
struct value value_of_id(struct arena *arena, const struct id *id);
// Sessions of all accounts of the person end.
bool auth_raise_epochs(struct view *view, const struct id *person, struct err *err);
// What a program of ours did wrong, or somebody else did meanwhile: no user can mend it.
bool auth_refused(const struct problem *problem, struct err *err);
