// SPDX-License-Identifier: Apache-2.0
// Sessions: SPACE_SESSION and 16 bytes of the token's SHA-256 → u8 version, the whole hash,
// account, person, u64 epoch, u64 made, u64 seen, u8 program, then what the browser called itself.
#include "auth/inside.h"
#include "record/live.h"
#include "store/space.h"

enum { SESSION_VERSION = 2, KEY_LEN = 1 + SESSION_CURSOR_LEN, TOKEN_LEN = 32 };

// The wall clock may be set back; the time that sessions live by does not follow it. It goes
// on at least as fast as the monotonic clock, and is never behind what a session has seen.
static int64_t now_of(struct auth *auth, struct clock *clock)
{
    int64_t wall_ms = clock_wall_ms(clock), mono_us = clock_mono_us(clock),
            passed_ms = (mono_us - auth->known_mono_us) / 1000;

    if (auth->known_ms == 0) {
        auth->known_mono_us = mono_us;
        passed_ms = 0;
    }
    auth->known_mono_us += passed_ms * 1000;
    auth->known_ms += passed_ms;
    if (wall_ms > auth->known_ms)
        auth->known_ms = wall_ms;
    return auth->known_ms;
}

static void key_of(const uint8_t hash[DIGEST_LEN], uint8_t key[KEY_LEN])
{
    key[0] = SPACE_SESSION;
    memcpy(key + 1, hash, SESSION_CURSOR_LEN);
}

static void encode(const struct session *session, struct buffer *buffer)
{
    buffer_u8(buffer, SESSION_VERSION);
    buffer_bytes(buffer, session->key, DIGEST_LEN);
    buffer_bytes(buffer, session->account.bytes, ID_LEN);
    buffer_bytes(buffer, session->person.bytes, ID_LEN);
    buffer_u64(buffer, session->epoch);
    buffer_u64(buffer, (uint64_t)session->made_ms);
    buffer_u64(buffer, (uint64_t)session->seen_ms);
    buffer_u8(buffer, session->program);
    buffer_text(buffer, session->device);
}

static void read_into(struct reader *reader, void *bytes, size_t len)
{
    struct slice read = read_bytes(reader, len);

    if (read.len == len)
        memcpy(bytes, read.data, len);
}

static bool decode(struct view *view, struct slice bytes, struct session *session,
                   struct err *err)
{
    struct reader reader = reader_of(bytes);
    uint8_t version = read_u8(&reader);

    *session = (struct session){0};
    read_into(&reader, session->key, DIGEST_LEN);
    read_into(&reader, session->account.bytes, ID_LEN);
    read_into(&reader, session->person.bytes, ID_LEN);
    session->epoch = read_u64(&reader);
    session->made_ms = (int64_t)read_u64(&reader);
    session->seen_ms = (int64_t)read_u64(&reader);
    session->program = read_u8(&reader) != 0;
    session->device = arena_text(view->arena, read_bytes(&reader, reader_left(&reader)));
    return (!reader.failed && version == SESSION_VERSION) ||
           err_set(err, ERR_CORRUPT, "a session cannot be read");
}

static bool put(struct view *view, const struct session *session, struct err *err)
{
    struct buffer buffer = BUFFER_EMPTY;
    uint8_t key[KEY_LEN];
    bool done;

    key_of(session->key, key);
    encode(session, &buffer);
    done = store_put(view->txn, slice_of(key, sizeof key), buffer_view(&buffer), err);
    buffer_finish(&buffer);
    return done;
}

bool auth_session_make(struct auth *auth, struct view *view, const struct account *account,
                       bool program, struct slice device, char token[TOKEN_TEXT_LEN + 1],
                       struct err *err)
{
    int64_t now_ms = now_of(auth, view->clock);
    struct session session = {
        .account = account->ref.id,
        .person = account->person,
        .epoch = account->epoch,
        .made_ms = now_ms,
        .seen_ms = now_ms,
        .program = program,
    };
    uint8_t secret[TOKEN_LEN];

    if (device.len > SESSION_DEVICE_MAX)
        device.len = SESSION_DEVICE_MAX;
    session.device = arena_text(view->arena, device);
    random_fill(view->random, secret, sizeof secret);
    base64url_write(token, slice_of(secret, sizeof secret));
    digest_sha256(slice_of(secret, sizeof secret), session.key);
    secret_wipe(secret, sizeof secret);
    return session_make_room(auth, view, &session, err) && put(view, &session, err) &&
           session_note(view, &session, err);
}

static bool hash_token(struct view *view, struct slice token, uint8_t hash[DIGEST_LEN])
{
    struct slice secret;

    if (token.len != TOKEN_TEXT_LEN || !base64url_decode(view->arena, token, &secret) ||
        secret.len != TOKEN_LEN)
        return false;
    digest_sha256(secret, hash);
    return true;
}

static bool is_over(const struct auth *auth, const struct session *session, int64_t now_ms)
{
    return now_ms - session->made_ms >= auth->limits->absolute_ms ||
           now_ms - session->seen_ms >= auth->limits->idle_ms;
}

bool session_load(struct view *view, const uint8_t part[SESSION_SHORT], struct session *session,
                  bool *found, struct err *err)
{
    uint8_t key[KEY_LEN] = {SPACE_SESSION};
    struct slice bytes;

    *found = false;
    memcpy(key + 1, part, SESSION_SHORT);
    if (!store_get(view->txn, slice_of(key, sizeof key), &bytes, err))
        return false;
    *found = bytes.data != NULL;
    return !*found || decode(view, bytes, session, err);
}

static bool load(struct view *view, const uint8_t hash[DIGEST_LEN], struct session *session,
                 bool *found, struct err *err)
{
    if (!session_load(view, hash, session, found, err))
        return false;
    *found = *found && secret_equal(slice_of(session->key, DIGEST_LEN),
                                    slice_of(hash, DIGEST_LEN));
    return true;
}

static bool is_current(struct view *view, struct session *session, bool *current,
                       struct err *err)
{
    struct account *account;

    if (!auth_account_get(view, session->account, &account, err))
        return false;
    *current = account != NULL && !account->disabled && account->epoch == session->epoch;
    session->name = account != NULL ? account->name : NULL;
    session->must_change = account != NULL && account->must_change;
    return true;
}

bool session_is_open(struct auth *auth, struct view *view, struct session *session, bool *open,
                     struct err *err)
{
    *open = false;
    return is_over(auth, session, now_of(auth, view->clock)) ||
           is_current(view, session, open, err);
}

// When it is to be written again: at most once a minute, and often enough for a short limit.
static int64_t touch_after_ms(const struct auth *auth)
{
    return auth->limits->idle_ms / 4 < 60000 ? auth->limits->idle_ms / 4 : 60000;
}

bool auth_session_find(struct auth *auth, struct view *view, struct slice token,
                       struct session **result, struct err *err)
{
    uint8_t hash[DIGEST_LEN];

    *result = NULL;
    return !hash_token(view, token, hash) || auth_session_get(auth, view, hash, result, err);
}

bool auth_session_get(struct auth *auth, struct view *view, const uint8_t hash[DIGEST_LEN],
                      struct session **result, struct err *err)
{
    int64_t now_ms = now_of(auth, view->clock);
    struct session session;
    bool good;

    *result = NULL;
    if (!load(view, hash, &session, &good, err))
        return false;
    if (!good)
        return true;
    if (session.seen_ms > now_ms) // another process knows a later time
        now_ms = auth->known_ms = session.seen_ms;
    if (is_over(auth, &session, now_ms))
        return true;
    if (!is_current(view, &session, &good, err))
        return false;
    session.now_ms = now_ms;
    session.touch_ms = session.seen_ms + touch_after_ms(auth);
    session.ends_ms = session.made_ms + auth->limits->absolute_ms;
    if (session.seen_ms + auth->limits->idle_ms < session.ends_ms)
        session.ends_ms = session.seen_ms + auth->limits->idle_ms;
    if (good)
        *result = arena_copy(view->arena, &session, sizeof session);
    return true;
}

bool auth_session_is_stale(const struct session *session, int64_t now_ms)
{
    return (now_ms > session->now_ms ? now_ms : session->now_ms) > session->touch_ms;
}

// A session that was ended meanwhile is not made again: it is read in this transaction.
bool auth_session_touch(struct view *view, const struct session *session, struct err *err)
{
    struct session stored;
    bool found;

    if (!load(view, session->key, &stored, &found, err))
        return false;
    if (!found || stored.seen_ms >= session->now_ms)
        return true;
    stored.seen_ms = session->now_ms;
    return put(view, &stored, err);
}

bool auth_session_end(struct view *view, const struct session *session, struct err *err)
{
    struct live_entry entry = {.kind = LIVE_SESSION, .person = session->person,
                               .session = slice_of(session->key, DIGEST_LEN)};
    uint8_t key[KEY_LEN];

    key_of(session->key, key);
    return store_delete(view->txn, slice_of(key, sizeof key), err) &&
           session_forget(view, session, err) && live_append(view, &entry, err);
}

static bool sweep_range(struct auth *auth, struct view *view, struct store_range *range,
                        uint8_t cursor[SESSION_CURSOR_LEN], size_t max, size_t *swept,
                        struct err *err)
{
    int64_t now_ms = now_of(auth, view->clock);
    struct slice key, bytes;
    struct session session;

    for (size_t i = 0; i < max; i++) {
        err->code = ERR_NONE;
        if (!store_range_next(range, &key, &bytes, err)) {
            memset(cursor, 0, SESSION_CURSOR_LEN);
            return err->code == ERR_NONE;
        }
        if (key.len == KEY_LEN)
            memcpy(cursor, key.data + 1, SESSION_CURSOR_LEN);
        if (!decode(view, bytes, &session, err) || is_over(auth, &session, now_ms)) {
            if (!store_delete(view->txn, arena_slice(view->arena, key), err) ||
                !session_forget(view, &session, err))
                return false;
            ++*swept;
        }
    }
    return true;
}

bool auth_session_sweep(struct auth *auth, struct view *view, uint8_t cursor[SESSION_CURSOR_LEN],
                        size_t max, size_t *swept, struct err *err)
{
    uint8_t from[KEY_LEN + 1] = {SPACE_SESSION}, to[1] = {SPACE_SESSION + 1};
    struct store_range *range;
    bool done;

    memcpy(from + 1, cursor, SESSION_CURSOR_LEN); // and a zero: after the cursor
    *swept = 0;
    range = store_range_open(view->txn, slice_of(from, sizeof from), slice_of(to, sizeof to), false,
                             err);
    if (range == NULL)
        return false;
    done = sweep_range(auth, view, range, cursor, max, swept, err);
    store_range_close(range);
    return done;
}
