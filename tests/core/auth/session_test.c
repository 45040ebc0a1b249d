// SPDX-License-Identifier: Apache-2.0
#include "world.h"

static struct account *sign_in(struct world *w, const char *login, char token[TOKEN_TEXT_LEN + 1])
{
    struct account *account;

    begin(w, STORE_WRITE);
    CHECK_OK(auth_account_find(&w->view, slice_text(login), &account, &w->err), &w->err);
    if (account == NULL)
        account = add_account(w, login);
    CHECK_OK(auth_session_make(&w->auth, &w->view, account, false, slice_text("Test"), token,
                               &w->err), &w->err);
    commit(w);
    return account;
}

// The session as a worker of its own would find it now; NULL when it is over.
static struct session *found_by(struct world *w, struct auth *auth, const char *token)
{
    struct session *session;

    begin(w, STORE_READ);
    CHECK_OK(auth_session_find(auth, &w->view, slice_text(token), &session, &w->err), &w->err);
    end(w);
    return session;
}

static struct session *found(struct world *w, const char *token)
{
    return found_by(w, &w->auth, token);
}

static void touch(struct world *w, const struct session *session)
{
    begin(w, STORE_WRITE);
    CHECK_OK(auth_session_touch(&w->view, session, &w->err), &w->err);
    commit(w);
}

static void a_token_opens_its_session_only(struct world *w)
{
    char one[TOKEN_TEXT_LEN + 1], two[TOKEN_TEXT_LEN + 1];
    struct account *account = sign_in(w, "token", one);
    struct session *session;

    sign_in(w, "token", two);
    CHECK(strlen(one) == TOKEN_TEXT_LEN && strcmp(one, two) != 0);
    session = found(w, one);
    CHECK(session != NULL && id_equal(&session->account, &account->ref.id));
    CHECK(session != NULL && id_equal(&session->person, &w->person) && !session->program);
    one[5] ^= 1;
    CHECK(found(w, one) == NULL);
    CHECK(found(w, "") == NULL && found(w, "short") == NULL);
    CHECK(found(w, "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA") == NULL);
    CHECK(found(w, two) != NULL);
}

static void the_token_is_not_stored(struct world *w)
{
    char token[TOKEN_TEXT_LEN + 1];
    struct arena arena = ARENA_EMPTY;
    struct slice secret, key, value;
    struct store_range *range;
    uint8_t space = SPACE_SESSION;
    int seen = 0;

    sign_in(w, "stored", token);
    CHECK(base64url_decode(&arena, slice_text(token), &secret));
    begin(w, STORE_READ);
    range = store_range_open(w->txn, slice_of(&space, 1), (struct slice){NULL, 0}, false, &w->err);
    while (store_range_next(range, &key, &value, &w->err)) {
        seen++;
        CHECK(memmem(value.data, value.len, secret.data, 8) == NULL);
        CHECK(memmem(value.data, value.len, token, 8) == NULL);
        CHECK(memmem(key.data, key.len, secret.data, 8) == NULL);
    }
    CHECK(seen > 0);
    end(w);
    arena_finish(&arena);
}

static void idle_sessions_end(struct world *w)
{
    char token[TOKEN_TEXT_LEN + 1];
    struct session *session;

    sign_in(w, "idle", token);
    pass(w, w->limits.idle_ms - 1);
    session = found(w, token);
    CHECK(session != NULL && auth_session_is_stale(session, w->time.wall_ms));
    touch(w, session);
    pass(w, w->limits.idle_ms - 1);
    CHECK(found(w, token) != NULL); // used in between
    pass(w, 1);
    CHECK(found(w, token) == NULL);
}

static void used_sessions_end_too_in_the_end(struct world *w)
{
    char token[TOKEN_TEXT_LEN + 1];
    struct session *session;
    int64_t left = w->limits.absolute_ms;

    sign_in(w, "absolute", token);
    for (; left > 1000000; left -= 1000000) {
        pass(w, 1000000);
        session = found(w, token);
        CHECK(session != NULL);
        if (session != NULL)
            touch(w, session);
    }
    pass(w, left - 1);
    CHECK(found(w, token) != NULL);
    pass(w, 1);
    CHECK(found(w, token) == NULL);
}

static void a_clock_set_back_revives_nothing(struct world *w)
{
    char token[TOKEN_TEXT_LEN + 1];

    sign_in(w, "back", token);
    pass(w, w->limits.idle_ms);
    CHECK(found(w, token) == NULL);
    w->time.wall_ms -= w->limits.idle_ms; // back to the moment of sign-in
    CHECK(found(w, token) == NULL);
    w->time.wall_ms -= 86400000;
    CHECK(found(w, token) == NULL);
    w->time.wall_ms += 86400000 + w->limits.idle_ms;
}

static void a_clock_set_back_extends_nothing(struct world *w)
{
    char token[TOKEN_TEXT_LEN + 1];

    sign_in(w, "longer", token);
    w->time.wall_ms -= 86400000;
    pass(w, w->limits.idle_ms - 1);
    CHECK(found(w, token) != NULL);
    pass(w, 1);
    CHECK(found(w, token) == NULL);
    w->time.wall_ms += 86400000;
}

static void a_clock_set_forward_ends_sessions(struct world *w)
{
    char token[TOKEN_TEXT_LEN + 1];

    sign_in(w, "forward", token);
    w->time.wall_ms += w->limits.absolute_ms; // the monotonic clock did not move
    CHECK(found(w, token) == NULL);
}

// A worker that started after the clock was set back learns the later time from sessions.
static void two_workers_agree_on_time(struct world *w)
{
    char token[TOKEN_TEXT_LEN + 1];
    struct auth other;

    sign_in(w, "two", token);
    w->time.wall_ms -= 3600000;
    auth_init(&other, w->keyring, &w->limits);
    CHECK(found_by(w, &other, token) != NULL);
    pass(w, w->limits.idle_ms);
    CHECK(found_by(w, &other, token) == NULL);
    CHECK(found(w, token) == NULL);
    w->time.wall_ms += 3600000;
}

static void a_touch_is_due_once_a_minute(struct world *w)
{
    char token[TOKEN_TEXT_LEN + 1];
    struct session *session;

    sign_in(w, "stale", token);
    pass(w, 60000);
    session = found(w, token);
    CHECK(session != NULL && !auth_session_is_stale(session, w->time.wall_ms));
    pass(w, 1);
    session = found(w, token);
    CHECK(session != NULL && auth_session_is_stale(session, w->time.wall_ms));
    if (session != NULL)
        touch(w, session);
    session = found(w, token);
    CHECK(session != NULL && !auth_session_is_stale(session, w->time.wall_ms));
}

static void a_session_that_was_ended_is_not_touched_back_to_life(struct world *w)
{
    char token[TOKEN_TEXT_LEN + 1];
    struct session *session;

    sign_in(w, "ended", token);
    pass(w, 120000);
    session = found(w, token);
    begin(w, STORE_WRITE);
    CHECK_OK(auth_session_end(&w->view, session, &w->err), &w->err);
    commit(w);
    CHECK(found(w, token) == NULL);
    touch(w, session);
    CHECK(found(w, token) == NULL);
}

static void every_change_of_authority_ends_sessions_at_once(struct world *w)
{
    char token[TOKEN_TEXT_LEN + 1];
    struct account *account = sign_in(w, "change", token);

    CHECK(found(w, token) != NULL);
    begin(w, STORE_WRITE);
    CHECK_OK(auth_account_set_hash(&w->view, account, "$other", false, &w->err), &w->err);
    commit(w);
    CHECK(found(w, token) == NULL);

    sign_in(w, "change", token);
    begin(w, STORE_WRITE);
    CHECK_OK(auth_account_rehash(&w->view, account, "$third", &w->err), &w->err);
    commit(w);
    CHECK(found(w, token) != NULL); // the same password
    begin(w, STORE_WRITE);
    CHECK_OK(auth_grant_add(&w->view, w->person, "principal", w->school, &w->err), &w->err);
    commit(w);
    CHECK(found(w, token) == NULL);

    sign_in(w, "change", token);
    begin(w, STORE_WRITE);
    CHECK_OK(auth_grant_remove(&w->view, w->person, "principal", w->school, &w->err), &w->err);
    commit(w);
    CHECK(found(w, token) == NULL);

    sign_in(w, "change", token);
    begin(w, STORE_WRITE);
    CHECK_OK(auth_account_disable(&w->view, account, true, &w->err), &w->err);
    commit(w);
    CHECK(found(w, token) == NULL);
    begin(w, STORE_WRITE);
    CHECK_OK(auth_account_disable(&w->view, account, false, &w->err), &w->err);
    commit(w);
    CHECK(found(w, token) == NULL); // enabling revives no session
}

static void sweeping_takes_what_is_over_and_leaves_the_rest(struct world *w)
{
    char old[TOKEN_TEXT_LEN + 1], fresh[TOKEN_TEXT_LEN + 1];
    uint8_t cursor[SESSION_CURSOR_LEN] = {0}, start[SESSION_CURSOR_LEN] = {0};
    size_t swept, all = 0;
    int rounds = 0;

    sign_in(w, "sweep", old);
    pass(w, w->limits.idle_ms);
    sign_in(w, "sweep", fresh);
    do {
        begin(w, STORE_WRITE);
        CHECK_OK(auth_session_sweep(&w->auth, &w->view, cursor, 3, &swept, &w->err), &w->err);
        commit(w);
        all += swept;
    } while (memcmp(cursor, start, sizeof cursor) != 0 && ++rounds < 100);
    CHECK(all >= 1 && rounds > 1 && rounds < 100);
    CHECK(found(w, fresh) != NULL);
    begin(w, STORE_WRITE);
    CHECK_OK(auth_session_sweep(&w->auth, &w->view, cursor, 100, &swept, &w->err), &w->err);
    CHECK(swept == 0);
    end(w);
}

static void form_tokens_are_bound_to_the_session(struct world *w)
{
    char one[TOKEN_TEXT_LEN + 1], two[TOKEN_TEXT_LEN + 1], token[TOKEN_TEXT_LEN + 1];
    struct slice none = {NULL, 0}, cookie = slice_text("random");
    struct session *first, *second;

    sign_in(w, "csrf", one);
    sign_in(w, "csrf", two);
    first = found(w, one);
    second = found(w, two);
    auth_csrf(&w->auth, first, none, token);
    CHECK(auth_csrf_ok(&w->auth, first, none, slice_text(token)));
    CHECK(!auth_csrf_ok(&w->auth, second, none, slice_text(token)));
    CHECK(!auth_csrf_ok(&w->auth, NULL, cookie, slice_text(token)));
    CHECK(!auth_csrf_ok(&w->auth, first, none, none));
    CHECK(!auth_csrf_ok(&w->auth, first, none, slice_text("")));
    token[3] ^= 1;
    CHECK(!auth_csrf_ok(&w->auth, first, none, slice_text(token)));

    auth_csrf(&w->auth, NULL, cookie, token);
    CHECK(auth_csrf_ok(&w->auth, NULL, cookie, slice_text(token)));
    CHECK(!auth_csrf_ok(&w->auth, NULL, slice_text("other"), slice_text(token)));
    CHECK(!auth_csrf_ok(&w->auth, first, cookie, slice_text(token)));
    auth_csrf(&w->auth, NULL, none, token);
    CHECK(!auth_csrf_ok(&w->auth, NULL, none, slice_text(token))); // bound to nothing
}

static size_t listed(struct world *w, const struct account *account)
{
    struct session *sessions;
    size_t count;

    begin(w, STORE_READ);
    CHECK_OK(auth_session_list(&w->auth, &w->view, account->ref.id, &sessions, &count, &w->err),
             &w->err);
    for (size_t i = 1; i < count; i++)
        CHECK(sessions[i - 1].made_ms >= sessions[i].made_ms);
    end(w);
    return count;
}

static void the_oldest_ends_where_there_is_no_room(struct world *w)
{
    char tokens[4][TOKEN_TEXT_LEN + 1];
    struct account *account;

    for (int i = 0; i < 4; i++) {
        account = sign_in(w, "roomy", tokens[i]);
        pass(w, 1);
    }
    CHECK(found(w, tokens[0]) == NULL);
    for (int i = 1; i < 4; i++)
        CHECK(found(w, tokens[i]) != NULL);
    CHECK(listed(w, account) == 3);
}

// What is over makes room before what is open.
static void sessions_that_are_over_are_not_counted(struct world *w)
{
    char first[TOKEN_TEXT_LEN + 1], others[3][TOKEN_TEXT_LEN + 1];
    struct account *account;

    account = sign_in(w, "patient", first);
    for (int i = 0; i < 2; i++) {
        pass(w, 1);
        sign_in(w, "patient", others[i]);
    }
    pass(w, w->limits.idle_ms / 2);
    touch(w, found(w, first)); // the oldest is the one in use
    pass(w, w->limits.idle_ms / 2 + 10);
    sign_in(w, "patient", others[2]);
    CHECK(found(w, first) != NULL && found(w, others[2]) != NULL);
    CHECK(found(w, others[0]) == NULL);
    CHECK(listed(w, account) == 2);
}

static void accounts_have_room_of_their_own(struct world *w)
{
    char one[TOKEN_TEXT_LEN + 1], other[TOKEN_TEXT_LEN + 1];

    sign_in(w, "alone", one);
    for (int i = 0; i < 4; i++)
        sign_in(w, "many", other);
    CHECK(found(w, one) != NULL);
}

static void what_a_browser_called_itself_is_kept_and_cut(struct world *w)
{
    char token[TOKEN_TEXT_LEN + 1], long_name[2 * SESSION_DEVICE_MAX];
    struct account *account = sign_in(w, "named", token);

    CHECK(strcmp(found(w, token)->device, "Test") == 0);
    memset(long_name, 'x', sizeof long_name);
    begin(w, STORE_WRITE);
    CHECK(auth_session_make(&w->auth, &w->view, account, false,
                            slice_of(long_name, sizeof long_name), token, &w->err));
    commit(w);
    CHECK(strlen(found(w, token)->device) == SESSION_DEVICE_MAX);
}

int main(void)
{
    struct world w;

    world_open(&w);
    RUN(a_token_opens_its_session_only, &w);
    RUN(the_token_is_not_stored, &w);
    RUN(idle_sessions_end, &w);
    RUN(used_sessions_end_too_in_the_end, &w);
    RUN(a_clock_set_back_revives_nothing, &w);
    RUN(a_clock_set_back_extends_nothing, &w);
    RUN(a_clock_set_forward_ends_sessions, &w);
    RUN(two_workers_agree_on_time, &w);
    RUN(a_touch_is_due_once_a_minute, &w);
    RUN(a_session_that_was_ended_is_not_touched_back_to_life, &w);
    RUN(every_change_of_authority_ends_sessions_at_once, &w);
    RUN(sweeping_takes_what_is_over_and_leaves_the_rest, &w);
    RUN(form_tokens_are_bound_to_the_session, &w);
    RUN(the_oldest_ends_where_there_is_no_room, &w);
    RUN(sessions_that_are_over_are_not_counted, &w);
    RUN(accounts_have_room_of_their_own, &w);
    RUN(what_a_browser_called_itself_is_kept_and_cut, &w);
    world_close(&w);
    return check_report("auth/session");
}
