// SPDX-License-Identifier: Apache-2.0
// A new password: POST /account/password, and POST /api/v1/account/password as {old, new}. The old
// one is asked for again, and failures count, so that a found session gives nobody the account. All
// other sessions end; this one goes on under a new token.
#include "serve/exchange.h"

#include <stdio.h>

#include "base/json.h"

struct renewal {
    struct exchange *x;
    struct slice old, fresh, device, agent;
    char hash[PASSWORD_HASH_MAX], new_hash[PASSWORD_HASH_MAX];
    char token[TOKEN_TEXT_LEN + 1];
    unsigned hashes;
    bool right, failed; // failed: there is no new hash
    struct throttle_subject subject;
    struct id account;
};

static void show_form(struct renewal *renewal, int status, const char *field, const char *word,
                      int64_t wait_ms)
{
    struct exchange *x = renewal->x;
    char minutes[24];
    struct host_datum data[] = {{"field", field}, {"word", word}, {"wait", minutes},
                                {"held", x->call.must_change ? "yes" : ""}};

    x->wait_ms = wait_ms;
    snprintf(minutes, sizeof minutes, "%lld", (long long)((wait_ms + 59999) / 60000));
    if (x->program)
        exchange_fail(x, status, word);
    else
        exchange_page(x, "password", status, data, 4);
}

static const char *problem_of(const struct renewal *renewal, const char **field)
{
    const struct exchange *x = renewal->x;
    const char *problem = password_problem(renewal->fresh);

    *field = "new";
    if (problem != NULL)
        return problem;
    if (slice_equal(renewal->fresh, renewal->old))
        return "same";
    *field = "again";
    return !x->program && !slice_equal(renewal->fresh, exchange_form(x, "again")) ? "differs"
                                                                                  : NULL;
}

static void wipe(struct renewal *renewal)
{
    secret_wipe((void *)renewal->old.data, renewal->old.len);
    secret_wipe((void *)renewal->fresh.data, renewal->fresh.len);
}

static void renewed(struct exchange *x)
{
    struct renewal *renewal = x->work;
    struct http_field cookie;

    if (x->program) {
        exchange_json(x, 200, slice_text(arena_format(&x->memory, "{\"token\":\"%s\"}",
                                                      renewal->token)));
        return;
    }
    cookie = exchange_cookie(x, exchange_cookie_name(x), renewal->token, 0, false);
    exchange_redirect(x, "/account", &cookie, 1);
}

// Read again after the raise: the new session is of the new epoch.
static bool give(struct exchange *x, struct renewal *renewal, struct account *account,
                 struct err *err)
{
    struct auth *auth = &x->worker->instance.auth;
    struct id id = account->ref.id;
    char object[ID_TEXT_LEN + 1];

    id_to_text(&id, object);
    return auth_session_end(&x->view, x->session, err) &&
           auth_account_set_hash(&x->view, account, renewal->new_hash, false, err) &&
           auth_account_get(&x->view, id, &account, err) &&
           (account != NULL || err_set(err, ERR_ABSENT, "the account has gone")) &&
           auth_session_make(auth, &x->view, account, x->program, renewal->agent, renewal->token,
                             err) &&
           audit_append(&x->view, account->person, "password", object, "", err);
}

static void set(struct exchange *x)
{
    struct renewal *renewal = x->work;
    struct err err = {ERR_NONE, ""};
    struct account *account = NULL;

    if (!exchange_begin(x, STORE_WRITE))
        return;
    x->view.who = NULL; // the platform itself keeps accounts
    if (!auth_account_get(&x->view, renewal->account, &account, &err)) {
        exchange_fail_err(x, &err);
    } else if (account != NULL && renewal->token[0] != 0 &&
               strcmp(account->hash, renewal->new_hash) == 0) {
        exchange_end(x); // the former attempt was committed, and its answer lost
        renewed(x);
    } else if (x->session == NULL) {
        exchange_fail(x, 401, "signed_out");
    } else if (account == NULL || strcmp(account->hash, renewal->hash) != 0) {
        exchange_fail(x, 409, "conflict"); // somebody changed it meanwhile
    } else if (!give(x, renewal, account, &err)) {
        exchange_fail_err(x, &err);
    } else {
        exchange_commit(x, renewed);
    }
}

static void failure_counted(struct exchange *x)
{
    if (exchange_begin(x, STORE_READ))
        show_form(x->work, 422, "old", "wrong", 0);
}

static void count_failure(struct exchange *x)
{
    struct renewal *renewal = x->work;
    struct err err;

    if (!exchange_begin(x, STORE_WRITE))
        return;
    if (auth_throttle_count(&x->worker->instance.auth, &x->view, &renewal->subject, &err))
        exchange_commit(x, failure_counted);
    else
        exchange_fail_err(x, &err);
}

static void check(void *context) // on a pool thread
{
    struct renewal *renewal = context;
    struct err ignored;

    renewal->hashes++;
    renewal->right = password_verify(renewal->hash, renewal->old);
    if (!renewal->right)
        return;
    renewal->hashes++;
    renewal->failed = !password_hash(random_system(), renewal->fresh, renewal->new_hash, &ignored);
}

static void checked(void *context)
{
    struct renewal *renewal = context;
    struct exchange *x = renewal->x;
    struct err err;

    wipe(renewal);
    x->worker->slot->hashes += renewal->hashes;
    x->again = renewal->right ? set : count_failure;
    if (renewal->failed) {
        err_set(&err, ERR_IO, "a password could not be hashed");
        exchange_fail_err(x, &err);
    } else {
        x->again(x);
    }
}

static bool look_up(struct exchange *x, struct renewal *renewal, int64_t *wait_ms, struct err *err)
{
    struct auth *auth = &x->worker->instance.auth;
    struct account *account = NULL;
    bool shut;

    if (!auth_account_get(&x->view, x->session->account, &account, err))
        return false;
    if (account == NULL)
        return err_set(err, ERR_ABSENT, "the account has gone");
    renewal->account = account->ref.id;
    snprintf(renewal->hash, sizeof renewal->hash, "%s", account->hash);
    renewal->subject = (struct throttle_subject){
        .login = arena_slice(&x->memory, slice_text(account->login)),
        .address = arena_slice(&x->memory, http_address(x->http)),
        .known_device = auth_device_ok(auth, account, renewal->device)};
    return auth_throttle_ask(auth, &x->view, &renewal->subject, wait_ms, &shut, err);
}

static struct renewal *renewal_make(struct exchange *x)
{
    struct renewal *renewal = arena_alloc(&x->memory, sizeof *renewal);

    renewal->x = x;
    renewal->agent = arena_slice(&x->memory, http_header(x->http, "user-agent"));
    renewal->device = arena_slice(&x->memory, http_cookie(x->http, "sy_device"));
    renewal->old = x->program ? json_member(&x->memory, x->body, "old") : exchange_form(x, "old");
    renewal->fresh = x->program ? json_member(&x->memory, x->body, "new") : exchange_form(x, "new");
    return renewal->old.data != NULL && renewal->fresh.data != NULL ? renewal : NULL;
}

void password_serve(struct exchange *x)
{
    struct err err = {ERR_NONE, ""};
    const char *problem, *field;
    struct renewal *renewal;
    int64_t wait_ms = 0;

    if (!exchange_begin(x, STORE_READ) || !exchange_trusted(x))
        return;
    renewal = x->work = renewal_make(x);
    if (x->session == NULL) {
        exchange_fail(x, 401, "signed_out");
    } else if (renewal == NULL || renewal->old.len > PASSWORD_MAX) {
        exchange_fail(x, 400, "input");
    } else if ((problem = problem_of(renewal, &field)) != NULL) {
        show_form(renewal, 422, field, problem, 0);
    } else if (!look_up(x, renewal, &wait_ms, &err)) {
        exchange_fail_err(x, &err);
    } else if (wait_ms > 0) {
        show_form(renewal, 429, "old", "throttled", wait_ms);
    } else {
        exchange_end(x);
        if (!pool_run(x->worker->pool, check, checked, renewal, &err))
            exchange_fail_err(x, &err);
    }
}
