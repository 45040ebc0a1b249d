// SPDX-License-Identifier: Apache-2.0
// What open streams are told of accounts, sessions and grants.
#include "world.h"

#include "auth/inside.h"
#include "record/live.h"

static uint64_t last_number(struct world *w)
{
    uint64_t number;

    begin(w, STORE_READ);
    CHECK_OK(store_log_last(w->txn, LIVE_LOG, &number, &w->err), &w->err);
    end(w);
    return number;
}

// The one entry after a number; kind 0 when there is none, or more.
static struct live_entry told_after(struct world *w, uint64_t after)
{
    static uint8_t kept[200];
    struct live_entry entry = {0};
    struct store_entry entries[2];
    size_t count;

    begin(w, STORE_READ);
    CHECK_OK(store_log_read(w->txn, LIVE_LOG, after, 2, entries, &count, &w->err), &w->err);
    if (count == 1 && entries[0].bytes.len <= sizeof kept) {
        memcpy(kept, entries[0].bytes.data, entries[0].bytes.len);
        CHECK(live_decode(slice_of(kept, entries[0].bytes.len), &entry));
    }
    end(w);
    return entry;
}

static struct account *add(struct world *w, const char *login, char token[TOKEN_TEXT_LEN + 1])
{
    struct account *account;

    begin(w, STORE_WRITE);
    account = add_account(w, login);
    CHECK_OK(auth_session_make(&w->auth, &w->view, account, false, slice_text("Test"), token,
                               &w->err), &w->err);
    commit(w);
    return account;
}

static void signing_in_and_using_a_session_tells_nobody(struct world *w)
{
    char token[TOKEN_TEXT_LEN + 1];
    uint64_t before = last_number(w);
    struct session *session;

    add(w, "quiet", token);
    pass(w, 120000);
    begin(w, STORE_WRITE);
    CHECK_OK(auth_session_find(&w->auth, &w->view, slice_text(token), &session, &w->err), &w->err);
    CHECK_OK(auth_session_touch(&w->view, session, &w->err), &w->err);
    commit(w);
    CHECK(last_number(w) == before);
}

static void the_end_of_a_session_names_it_and_its_person(struct world *w)
{
    char token[TOKEN_TEXT_LEN + 1];
    uint64_t before = last_number(w);
    struct live_entry told;
    struct session *session;
    uint8_t key[DIGEST_LEN];

    add(w, "leaving", token);
    begin(w, STORE_WRITE);
    CHECK_OK(auth_session_find(&w->auth, &w->view, slice_text(token), &session, &w->err), &w->err);
    memcpy(key, session->key, DIGEST_LEN);
    CHECK_OK(auth_session_end(&w->view, session, &w->err), &w->err);
    commit(w);
    told = told_after(w, before);
    CHECK(told.kind == LIVE_SESSION && id_equal(&told.person, &w->person));
    CHECK(slice_equal(told.session, slice_of(key, DIGEST_LEN)));
}

static void what_ends_all_sessions_names_the_person(struct world *w)
{
    char token[TOKEN_TEXT_LEN + 1];
    struct account *account = add(w, "disabled", token);
    uint64_t before = last_number(w);
    struct live_entry told;

    begin(w, STORE_WRITE);
    CHECK_OK(auth_account_disable(&w->view, account, true, &w->err), &w->err);
    commit(w);
    told = told_after(w, before);
    CHECK(told.kind == LIVE_PERSON && id_equal(&told.person, &w->person));
}

static void a_session_found_by_its_key_says_when_it_ends(struct world *w)
{
    char token[TOKEN_TEXT_LEN + 1];
    struct session *session, *again;
    uint8_t key[DIGEST_LEN];
    int64_t made_ms;

    add(w, "by_key", token);
    made_ms = w->time.wall_ms;
    begin(w, STORE_READ);
    CHECK_OK(auth_session_find(&w->auth, &w->view, slice_text(token), &session, &w->err), &w->err);
    CHECK(session->ends_ms == made_ms + w->limits.idle_ms);
    memcpy(key, session->key, DIGEST_LEN);
    CHECK_OK(auth_session_get(&w->auth, &w->view, key, &again, &w->err), &w->err);
    CHECK(again != NULL && id_equal(&again->account, &session->account));
    key[3] ^= 1;
    CHECK_OK(auth_session_get(&w->auth, &w->view, key, &again, &w->err), &w->err);
    CHECK(again == NULL);
    end(w);
}

static void a_grant_that_ends_by_the_clock_says_when(struct world *w)
{
    struct id person = id_make(&w->time.clock, random_system());
    struct problem problem = {NULL, NULL};
    struct principal principal;
    struct record *record;
    int64_t ends_ms = w->time.wall_ms + 60000;

    begin(w, STORE_WRITE);
    CHECK_OK(auth_grant_add(&w->view, person, "teacher", w->school, &w->err), &w->err);
    CHECK_OK(auth_principal(&w->view, person, &principal, &w->err), &w->err);
    CHECK(principal.grant_count == 1 && principal.until_ms == 0);
    CHECK_OK(record_create(&w->view, catalog_find(w->catalog, "core.grant"), w->root,
                           (struct value[GRANT_FIELDS]){
                               [GRANT_PERSON] = value_of_id(w->view.arena, &person),
                               [GRANT_ROLE] = value_of_text(slice_text("office")),
                               [GRANT_AT] = {VALUE_REF, {.ref = {w->root, w->school}}},
                               [GRANT_ENDS] = {VALUE_TIME, {.integer = ends_ms}},
                           },
                           &record, &problem, &w->err),
             &w->err);
    CHECK_OK(auth_principal(&w->view, person, &principal, &w->err), &w->err);
    CHECK(principal.grant_count == 2 && principal.until_ms == ends_ms);
    pass(w, 60000);
    CHECK_OK(auth_principal(&w->view, person, &principal, &w->err), &w->err);
    CHECK(principal.grant_count == 1 && principal.until_ms == 0);
    commit(w);
}

int main(void)
{
    struct world w;

    world_open(&w);
    RUN(signing_in_and_using_a_session_tells_nobody, &w);
    RUN(the_end_of_a_session_names_it_and_its_person, &w);
    RUN(what_ends_all_sessions_names_the_person, &w);
    RUN(a_session_found_by_its_key_says_when_it_ends, &w);
    RUN(a_grant_that_ends_by_the_clock_says_when, &w);
    world_close(&w);
    return check_report("auth/live");
}
