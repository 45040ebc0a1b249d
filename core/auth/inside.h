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

// An id as text; the text lives in the arena.
struct value value_of_id(struct arena *arena, const struct id *id);
// Sessions of all accounts of the person end.
bool auth_raise_epochs(struct view *view, const struct id *person, struct err *err);
// What a program of ours did wrong, or somebody else did meanwhile: no user can mend it.
bool auth_refused(const struct problem *problem, struct err *err);
