// SPDX-License-Identifier: Apache-2.0
// Accounts, grants, sessions, throttling, audit: who somebody is and what they hold.
//
// Accounts and grants are records of core-owned collections at the root organisation:
//   core.account  login (unique, canonical), name, hash, person, disabled, epoch, must_change
//   core.grant    person, role, at (organisation), begins, ends; index {person}, {at, role}
// No app has a rule for them, so no app can read or write them. Sessions and throttling
// have key spaces of their own (store/space.h). Disabling an account, changing its password
// or its grants raises its epoch: sessions of an older epoch are dead at once, everywhere. That,
// and the end of a session, is told in the log of record/live.h, which open streams follow.
//
// All functions work on a view made for the system, in the transaction of the caller;
// those that write leave the commit to the caller.
#pragma once

#include "crypto/crypto.h"
#include "record/record.h"
#include "record/tree.h"

struct auth_limits {
    int64_t idle_ms, absolute_ms;      // of a session
    int64_t window_ms;                 // of the throttle
    unsigned per_account, per_address, per_school; // failures in a window
    unsigned sessions; // of an account in browsers, and as many of programs
};

struct auth {
    const struct auth_limits *limits;
    uint8_t csrf_key[SECRET_LEN], device_key[SECRET_LEN], throttle_key[SECRET_LEN];
    int64_t known_ms, known_mono_us; // the latest time known: sessions never see it go back
};

// Adds core.account and core.grant to the catalogue (tree_declare comes before).
bool auth_declare(struct catalog *catalog, struct err *err);
void auth_init(struct auth *auth, struct keyring *keyring, const struct auth_limits *limits);

struct account {
    struct ref ref;
    struct id person;
    const char *login, *name, *hash; // name: as shown to its owner
    bool disabled, must_change;
    uint64_t epoch;
};
// *account NULL when there is none. login is given as typed.
bool auth_account_find(struct view *view, struct slice login, struct account **account,
                       struct err *err);
bool auth_account_add(struct view *view, struct slice login, struct slice name, struct id person,
                      const char *hash, struct account **account, struct problem *problem,
                      struct err *err);
// By id, for the page of an account; *account NULL when there is none.
bool auth_account_get(struct view *view, struct id id, struct account **account, struct err *err);
// Accounts in the order of their making, after one of them (zero: from the first), at most max.
bool auth_account_list(struct view *view, struct id after, size_t max, struct account **accounts,
                       size_t *count, struct err *err);
// Raises the epoch. temporary: its owner is let do nothing before choosing another.
bool auth_account_set_hash(struct view *view, const struct account *account, const char *hash,
                           bool temporary, struct err *err);
// The same password under today's parameters: sessions stay.
bool auth_account_rehash(struct view *view, const struct account *account, const char *hash,
                         struct err *err);
bool auth_account_disable(struct view *view, const struct account *account, bool disabled,
                          struct err *err);

bool auth_grant_add(struct view *view, struct id person, const char *role, struct id at,
                    struct err *err); // the same grant twice is one grant
bool auth_grant_remove(struct view *view, struct id person, const char *role, struct id at,
                       struct err *err);
// Fills the principal with the grants in force now; memory in the view's arena.
bool auth_principal(struct view *view, struct id person, struct principal *principal,
                    struct err *err);

// The persons who hold a role at the organisation itself now; memory in the view's arena.
bool auth_holders(struct view *view, const char *role, struct id at, const struct id **people,
                  size_t *count, struct err *err);

// A session's token is 256 random bits, base64url; stored is its SHA-256 only.
enum { TOKEN_TEXT_LEN = 43 };
struct session {
    struct id account, person;
    const char *name; // of the account, as found
    uint64_t epoch;
    int64_t made_ms, seen_ms;
    int64_t now_ms, touch_ms; // when it was found; from when on it is stale
    int64_t ends_ms;          // unless it is used before
    bool program;      // made by /api/v1/session: Bearer, no cookie, no CSRF
    bool must_change;  // nothing is open to it but a new password
    const char *device; // what the browser called itself, as found
    uint8_t key[DIGEST_LEN]; // the stored hash: names the session without being its token
};
// Where the account has as many as it may, the oldest ends. device: at most so many bytes are kept.
enum { SESSION_DEVICE_MAX = 200 };
bool auth_session_make(struct auth *auth, struct view *view, const struct account *account,
                       bool program, struct slice device, char token[TOKEN_TEXT_LEN + 1],
                       struct err *err);
// Those of an account that are open, the one made last first; memory in the view's arena.
bool auth_session_list(struct auth *auth, struct view *view, struct id account,
                       struct session **sessions, size_t *count, struct err *err);
// *session NULL when unknown, too old, idle too long, disabled or of an older epoch.
bool auth_session_find(struct auth *auth, struct view *view, struct slice token,
                       struct session **session, struct err *err);
// The same by its key, for who has kept that.
bool auth_session_get(struct auth *auth, struct view *view, const uint8_t key[DIGEST_LEN],
                      struct session **session, struct err *err);
// When the session was last seen over a minute ago (a quarter of the idle time when that is
// less): true, and the caller commits a touch.
bool auth_session_is_stale(const struct session *session, int64_t now_ms);
bool auth_session_touch(struct view *view, const struct session *session, struct err *err);
bool auth_session_end(struct view *view, const struct session *session, struct err *err);
// Housekeeping: deletes the sessions that are over, among up to max of them after the cursor,
// which moves on and is zero again after the last. *swept: how many went.
enum { SESSION_CURSOR_LEN = 16 };
bool auth_session_sweep(struct auth *auth, struct view *view, uint8_t cursor[SESSION_CURSOR_LEN],
                        size_t max, size_t *swept, struct err *err);

// Form tokens: HMAC over the session and a purpose. Without a session (the sign-in page)
// the purpose is bound to a random value in a cookie: anonymous is that value.
void auth_csrf(const struct auth *auth, const struct session *session, struct slice anonymous,
               char token[TOKEN_TEXT_LEN + 1]);
bool auth_csrf_ok(const struct auth *auth, const struct session *session, struct slice anonymous,
                  struct slice token);

// A device that signed in to this account before is throttled apart, so that a stranger's
// failures do not shut the owner out.
void auth_device(const struct auth *auth, const struct account *account,
                 char token[TOKEN_TEXT_LEN + 1]);
bool auth_device_ok(const struct auth *auth, const struct account *account, struct slice token);

// Throttling counts failures in fixed windows in the store (adds, so they never conflict and
// hold for every node). ask says how long to wait, 0: go ahead. *shut: so many failed at the school
// that nobody gets in there from an unknown device; only who has an account has a school, so they
// are told what a wrong password is told. school may be zero.
struct throttle_subject {
    struct slice login, address; // canonical login; textual address (IPv6: its /64)
    struct id school;
    bool known_device;
};
bool auth_throttle_ask(const struct auth *auth, struct view *view,
                       const struct throttle_subject *subject, int64_t *wait_ms, bool *shut,
                       struct err *err);
bool auth_throttle_count(const struct auth *auth, struct view *view,
                         const struct throttle_subject *subject, struct err *err);

// Audit: chained log "#audit" of the store, one JSON object an entry: time, actor (person
// id), action, object (ref text), detail. Never a secret.
bool audit_append(struct view *view, struct id actor, const char *action, const char *object,
                  const char *detail, struct err *err);
