// SPDX-License-Identifier: Apache-2.0
// Signing in and out. An unknown user and a wrong password take the same way: the same
// reads, one hash on the pool, one counted failure, the same answer.
#include "serve/exchange.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/json.h"
#include "base/log.h"
#include "base/text.h"

enum { DEVICE_AGE_S = 365 * 86400 };

struct signin {
    struct exchange *x;
    struct slice login, password, device, address, agent;
    char hash[PASSWORD_HASH_MAX];
    char new_hash[PASSWORD_HASH_MAX]; // when the stored one is outdated
    bool has_account, right;
    bool must_change;
    bool shut; // its school is, to unknown devices: a right password is answered as a wrong one
    unsigned hashes; // computed
    char token[TOKEN_TEXT_LEN + 1], device_token[TOKEN_TEXT_LEN + 1];
    const char *next;
    struct throttle_subject subject;
};

// A program's JSON body is read by its two members; everything else is refused.
static bool read_program(struct exchange *x, struct signin *in)
{
    in->login = json_member(&x->memory, x->body, "login");
    in->password = json_member(&x->memory, x->body, "password");
    return in->login.data != NULL && in->password.data != NULL;
}

static struct signin *signin_make(struct exchange *x)
{
    struct signin *in = arena_alloc(&x->memory, sizeof *in);
    struct slice next = exchange_form(x, "next");

    in->x = x;
    in->next = text_is_local_path(next) ? arena_text(&x->memory, next) : "/";
    in->address = arena_slice(&x->memory, http_address(x->http));
    in->agent = arena_slice(&x->memory, http_header(x->http, "user-agent"));
    in->device = arena_slice(&x->memory, http_cookie(x->http, "sy_device"));
    if (x->program) {
        if (!read_program(x, in))
            return NULL;
    } else {
        in->login = exchange_form(x, "login");
        in->password = exchange_form(x, "password");
    }
    return in;
}

static void show_form(struct signin *in, int status, const char *word, int64_t wait_ms)
{
    struct exchange *x = in->x;
    char minutes[24];
    struct host_datum data[] = {
        {"problem", word},
        {"login", arena_text(&x->memory, in->login)},
        {"wait", minutes},
        {"next", in->next},
    };

    x->wait_ms = wait_ms;
    snprintf(minutes, sizeof minutes, "%lld", (long long)((wait_ms + 59999) / 60000));
    if (x->program)
        exchange_fail(x, status, word);
    else
        exchange_page(x, "login", status, data, 4);
}

static void refuse(struct signin *in, int64_t wait_ms)
{
    in->x->worker->slot->refused_sign_ins++;
    show_form(in, 429, "throttled", wait_ms);
}

// The failure is on the disk before the answer leaves, so that trying in parallel from many
// connections does not help.
static void failure_counted(struct exchange *x)
{
    struct signin *in = x->work;

    x->worker->slot->refused_sign_ins++;
    if (exchange_begin(x, STORE_READ))
        show_form(in, x->program ? 401 : 422, "wrong", 0);
}

static void count_failure(struct exchange *x)
{
    struct signin *in = x->work;
    struct err err;

    if (!exchange_begin(x, STORE_WRITE))
        return;
    if (auth_throttle_count(&x->worker->instance.auth, &x->view, &in->subject, &err))
        exchange_commit(x, failure_counted);
    else
        exchange_fail_err(x, &err);
}

static void welcome_program(struct exchange *x, const struct signin *in)
{
    int64_t expires =
        clock_wall_ms(x->worker->instance.clock) + x->worker->instance.limits.absolute_ms;

    exchange_json(x, 201, slice_text(arena_format(&x->memory,
                                                  "{\"token\":\"%s\",\"expires\":%lld%s}", in->token,
                                                  (long long)expires,
                                                  in->must_change ? ",\"must_change\":true" : "")));
}

static void welcome(struct exchange *x)
{
    struct signin *in = x->work;
    struct http_field cookies[3];

    x->worker->slot->sign_ins++;
    if (x->program) {
        welcome_program(x, in);
        return;
    }
    cookies[0] = exchange_cookie(x, exchange_cookie_name(x), in->token, 0, false);
    cookies[1] = exchange_cookie(x, "sy_device", in->device_token, DEVICE_AGE_S, false);
    cookies[2] = exchange_cookie(x, "sy_anon", "", -1, false);
    x->new_anonymous = NULL;
    exchange_redirect(x, in->next, cookies, 3);
}

// The account is read again: it may have been disabled while the hash was computed.
static bool open_session(struct exchange *x, struct signin *in, bool *open, struct err *err)
{
    struct auth *auth = &x->worker->instance.auth;
    struct account *account = NULL;
    char object[ID_TEXT_LEN + 1];

    *open = false;
    if (!auth_account_find(&x->view, in->login, &account, err))
        return false;
    if (account == NULL || account->disabled || strcmp(account->hash, in->hash) != 0)
        return true;
    if (in->new_hash[0] != 0 &&
        !auth_account_rehash(&x->view, account, in->new_hash, err))
        return false;
    auth_device(auth, account, in->device_token);
    in->must_change = account->must_change;
    id_to_text(&account->ref.id, object);
    *open = true;
    return auth_session_make(auth, &x->view, account, x->program, in->agent, in->token, err) &&
           audit_append(&x->view, account->person, "sign_in", object, "", err);
}

static void make_session(struct exchange *x)
{
    struct signin *in = x->work;
    struct err err = {ERR_NONE, ""};
    bool open;

    if (!exchange_begin(x, STORE_WRITE))
        return;
    x->view.who = NULL; // the platform itself signs people in
    if (!open_session(x, in, &open, &err))
        exchange_fail_err(x, &err);
    else if (open)
        exchange_commit(x, welcome);
    else
        count_failure(x);
}

// Asked once more: whoever guesses over many connections at once learns no more than one by
// one, because what failed meanwhile counts for the guesses that were already in the queue.
static void decide(struct exchange *x)
{
    struct signin *in = x->work;
    struct err err = {ERR_NONE, ""};
    int64_t wait_ms = 0;

    if (!exchange_begin(x, STORE_READ))
        return;
    if (!auth_throttle_ask(&x->worker->instance.auth, &x->view, &in->subject, &wait_ms, &in->shut,
                           &err))
        exchange_fail_err(x, &err);
    else if (wait_ms > 0)
        refuse(in, wait_ms);
    else if (in->right && !in->shut)
        make_session(x);
    else
        count_failure(x);
}

static void verify(void *context) // on a pool thread
{
    struct signin *in = context;
    struct err ignored; // the old hash stays good
    bool right = password_verify(in->has_account ? in->hash : NULL, in->password);

    in->hashes++;
    in->right = right && in->has_account;
    if (!in->right || in->shut || !password_is_outdated(in->hash))
        return;
    in->hashes++;
    if (!password_hash(random_system(), in->password, in->new_hash, &ignored))
        in->new_hash[0] = 0;
}

static void verified(void *context)
{
    struct signin *in = context;
    struct exchange *x = in->x;

    secret_wipe((void *)in->password.data, in->password.len);
    x->worker->slot->hashes += in->hashes;
    x->again = decide;
    decide(x);
}

// Where the account's person holds a role counts as their school.
static bool fill_subject(struct exchange *x, struct signin *in, const struct account *account,
                         struct err *err)
{
    struct principal principal;
    struct slice canonical = text_login(&x->memory, in->login);

    in->subject = (struct throttle_subject){
        .login = canonical.data != NULL ? canonical : slice_text("?"),
        .address = in->address,
    };
    if (account == NULL)
        return true;
    in->subject.known_device = auth_device_ok(&x->worker->instance.auth, account, in->device);
    if (!auth_principal(&x->view, account->person, &principal, err))
        return false;
    if (principal.grant_count > 0)
        in->subject.school = principal.grants[0].org;
    return true;
}

static bool look_up(struct exchange *x, struct signin *in, int64_t *wait_ms, struct err *err)
{
    struct account *account = NULL;

    x->view.who = NULL;
    if (!auth_account_find(&x->view, in->login, &account, err) ||
        !fill_subject(x, in, account, err))
        return false;
    in->has_account = account != NULL && !account->disabled;
    if (in->has_account)
        snprintf(in->hash, sizeof in->hash, "%s", account->hash);
    x->view.who = &x->principal;
    return auth_throttle_ask(&x->worker->instance.auth, &x->view, &in->subject, wait_ms, &in->shut,
                             err);
}

void signin_serve(struct exchange *x)
{
    struct err err = {ERR_NONE, ""};
    int64_t wait_ms = 0;
    struct signin *in;

    if (!exchange_begin(x, STORE_READ) || !exchange_trusted(x))
        return;
    in = x->work = signin_make(x);
    if (in == NULL || in->password.len > PASSWORD_MAX) {
        exchange_fail(x, 400, "input");
        return;
    }
    if (!look_up(x, in, &wait_ms, &err)) {
        exchange_fail_err(x, &err);
    } else if (wait_ms > 0) {
        refuse(in, wait_ms);
    } else {
        exchange_end(x);
        if (!pool_run(x->worker->pool, verify, verified, in, &err))
            exchange_fail_err(x, &err);
    }
}

// Signing out ----------------------------------------------------------------------------

static void signed_out(struct exchange *x)
{
    struct http_field field = {"clear-site-data", slice_text("\"cache\"")};

    if (x->program)
        exchange_json(x, 200, slice_text("{}"));
    else
        exchange_redirect(x, "/login", &field, 1);
}

void signout_serve(struct exchange *x)
{
    struct err err = {ERR_NONE, ""};

    if (!exchange_begin(x, STORE_WRITE) || !exchange_trusted(x))
        return;
    x->forgets = !x->program; // even when the disk is full: the next at this device is another
    if (x->session == NULL) {
        exchange_end(x);
        signed_out(x);
        return;
    }
    x->view.who = NULL;
    if (auth_session_end(&x->view, x->session, &err) &&
        audit_append(&x->view, x->session->person, "sign_out", "", "", &err))
        exchange_commit(x, signed_out);
    else
        exchange_fail_err(x, &err);
}
