// SPDX-License-Identifier: Apache-2.0
#include "serve/exchange.h"

#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

#include "base/log.h"

enum { ANONYMOUS_LEN = 18 };

static void gone(void *context)
{
    struct exchange *x = context;

    x->http = NULL;
    x->nonce = ""; // lay in the request
    if (x->place.lane != NULL && x->place.state != PLACE_RUNS)
        exchange_drop(x);
}

// Nothing has been written. What it has used so far its lane pays back, or leaving would be a way
// to have it for nothing.
void exchange_drop(struct exchange *x)
{
    if (x->http != NULL)
        http_on_gone(x->http, NULL, NULL);
    turns_leave(x->worker->turns, &x->place, x->open != NULL ? x->answer.cpu_us : 0);
    exchange_destroy(x);
}

void exchange_destroy(struct exchange *x)
{
    turns_leave(x->worker->turns, &x->place, 0);
    host_end(x->open);
    exchange_end(x);
    generation_release(x->generation);
    if (x->clean_up != NULL)
        x->clean_up(x);
    arena_finish(&x->attempt);
    arena_finish(&x->memory);
    free(x);
}

void exchange_end(struct exchange *x)
{
    store_end(x->txn);
    x->txn = NULL;
}

// What was asked ------------------------------------------------------------------------

static struct slice find(const struct host_param *params, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++)
        if (slice_is(params[i].name, name))
            return params[i].value;
    return (struct slice){NULL, 0};
}

struct slice exchange_form(const struct exchange *x, const char *name)
{
    return find(x->form, x->form_count, name);
}

struct slice exchange_query(const struct exchange *x, const char *name)
{
    return find(x->query, x->query_count, name);
}

static bool read_params(struct exchange *x, struct slice encoded, struct host_param **params,
                        size_t *count, struct err *err)
{
    struct http_param *found;

    if (!http_params(&x->memory, encoded, &found, count, err))
        return false;
    *params = arena_alloc(&x->memory, (*count + 1) * sizeof **params);
    for (size_t i = 0; i < *count; i++)
        (*params)[i] = (struct host_param){found[i].name, found[i].value};
    return true;
}

static const char *choose_lang(struct exchange *x)
{
    struct slice cookie = http_cookie(x->http, "sy_lang");
    struct slice accepted = http_header(x->http, "accept-language");

    if (slice_is(cookie, "en") || slice_is(cookie, "zh"))
        return slice_is(cookie, "en") ? "en" : "zh";
    return slice_starts(accepted, slice_text("en")) ? "en" : "zh";
}

static const char *choose_theme(struct exchange *x)
{
    struct slice cookie = http_cookie(x->http, "sy_theme");

    return slice_is(cookie, "dark") ? "dark" : slice_is(cookie, "light") ? "light" : "";
}

static void random_text(struct exchange *x, size_t len, char *text, size_t size)
{
    uint8_t bytes[32];

    random_fill(x->worker->instance.random, bytes, len);
    snprintf(text, size, "%s", base64url(&x->memory, slice_of(bytes, len)));
}

static void read_tokens(struct exchange *x)
{
    struct slice bearer = http_header(x->http, "authorization");
    struct slice prefix = slice_text("Bearer ");

    if (x->program && slice_starts(bearer, prefix))
        x->token = slice_of(bearer.data + prefix.len, bearer.len - prefix.len);
    else if (!x->program)
        x->token = http_cookie(x->http, exchange_cookie_name(x));
    x->token = arena_slice(&x->memory, x->token);
    x->anonymous = arena_slice(&x->memory, http_cookie(x->http, "sy_anon"));
    x->acting = arena_slice(&x->memory, http_cookie(x->http, "sy_as"));
    if (x->anonymous.data == NULL && slice_is(x->path, "/login")) { // the one form before sign-in
        x->new_anonymous = arena_alloc(&x->memory, 64);
        random_text(x, ANONYMOUS_LEN, x->new_anonymous, 64);
        x->anonymous = slice_text(x->new_anonymous);
    }
    random_text(x, ANONYMOUS_LEN, x->write_key, sizeof x->write_key);
}

// The media type, without its parameters.
static bool is_type(const struct exchange *x, const char *wanted)
{
    struct slice type = http_header(x->http, "content-type");
    size_t len = strlen(wanted);

    if (type.data == NULL || type.len < len ||
        strncasecmp((const char *)type.data, wanted, len) != 0)
        return false;
    return type.len == len || type.data[len] == ';' || type.data[len] == ' ';
}

// The places that browsers and programs share: the token says which one it is.
static bool is_of_files(const struct exchange *x)
{
    return slice_starts(x->path, slice_text("/files/")) || slice_is(x->path, "/uploads") ||
           slice_starts(x->path, slice_text("/uploads/"));
}

static bool is_live(const struct exchange *x)
{
    return slice_is(x->path, "/live");
}

static bool has_bearer(const struct exchange *x)
{
    return slice_starts(http_header(x->http, "authorization"), slice_text("Bearer "));
}

static bool read_body(struct exchange *x, struct err *err)
{
    x->body = arena_slice(&x->memory, http_body(x->http));
    if (x->program)
        x->if_match = arena_slice(&x->memory, http_header(x->http, "if-match"));
    if (is_type(x, "multipart/form-data"))
        return given_read(x, err);
    if (is_type(x, "application/x-www-form-urlencoded"))
        return read_params(x, x->body, &x->form, &x->form_count, err);
    x->json = is_type(x, "application/json") || is_type(x, "application/merge-patch+json");
    x->odd = !x->json && x->body.len > 0;
    return true;
}

static bool parse(struct exchange *x, struct err *err)
{
    struct slice query = http_query(x->http);

    x->method = http_method(x->http) == HTTP_HEAD ? HTTP_GET : http_method(x->http);
    x->path = arena_slice(&x->memory, http_path(x->http));
    x->machine = is_live(x) || (is_of_files(x) && !slice_starts(x->path, slice_text("/files/")));
    x->program = slice_starts(x->path, slice_text("/api/")) ||
                 ((is_of_files(x) || is_live(x)) && has_bearer(x));
    x->tls = http_is_tls(x->http);
    x->request_id = arena_text(&x->memory, slice_text(http_request_id(x->http)));
    x->lang = choose_lang(x);
    x->theme = choose_theme(x);
    read_tokens(x);
    if (query.data != NULL && query.len > 0 &&
        !read_params(x, query, &x->query, &x->query_count, err))
        return false;
    if (x->method == HTTP_GET)
        return true;
    return read_body(x, err);
}

// Who asks ------------------------------------------------------------------------------

static bool identify(struct exchange *x, struct err *err)
{
    struct instance *instance = &x->worker->instance;

    if (x->token.data != NULL &&
        !auth_session_find(&instance->auth, &x->view, x->token, &x->session, err))
        return false;
    // A program's token is no cookie and a browser's cookie no program's token.
    if (x->session != NULL && x->session->program != x->program)
        x->session = NULL;
    if (x->session != NULL &&
        !auth_principal(&x->view, x->session->person, &x->principal, err))
        return false;
    auth_csrf(&instance->auth, x->session, x->anonymous, x->csrf);
    return true;
}

void exchange_fill_call(struct exchange *x)
{
    static const char *const methods[] = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE",
                                          "OPTIONS"};

    x->call = (struct host_request){
        .method = methods[x->method],
        .org = x->view.root,
        .app = slice_text("platform"),
        .path = x->path,
        .query = x->query,
        .query_count = x->query_count,
        .form = x->form,
        .form_count = x->form_count,
        .json = x->json ? x->body : (struct slice){NULL, 0},
        .if_match = x->if_match,
        .lang = x->lang,
        .theme = x->theme,
        .name = x->session != NULL ? x->session->name : NULL,
        .role = "",
        .role_org = x->view.root,
        .csrf = x->csrf,
        .write_key = x->write_key,
        .nonce = x->nonce != NULL ? x->nonce : "",
        .request_id = x->request_id,
        .signed_in = x->session != NULL,
        .must_change = x->session != NULL && x->session->must_change,
        .program = x->program,
    };
}

// Each attempt runs on the applications as they are when it begins.
void exchange_take_apps(struct exchange *x)
{
    generation_release(x->generation);
    x->generation = x->worker->generation;
    generation_hold(x->generation);
}

// Whose password is a temporary one may choose another, or go; whatever else is asked leads there.
static bool is_held_back(const struct exchange *x)
{
    static const char *const open[] = {"/account/password", "/api/v1/account/password", "/login",
                                       "/logout", "/api/v1/session", "/prefer", "/healthz",
                                       "/readyz"};

    if (x->session == NULL || !x->session->must_change)
        return false;
    for (size_t i = 0; i < sizeof open / sizeof *open; i++)
        if (slice_is(x->path, open[i]))
            return false;
    return true;
}

static void lead_to_password(struct exchange *x)
{
    if (x->program || x->machine)
        exchange_fail(x, 403, "must_change");
    else
        exchange_redirect(x, "/account/password", NULL, 0);
}

bool exchange_begin(struct exchange *x, enum store_mode mode)
{
    struct instance *instance = &x->worker->instance;
    const struct config *config = x->worker->config;
    struct err err = {ERR_NONE, ""};

    // Budgets bound every attempt: a queue of slow ones is no standstill of the loop.
    x->worker->slot->beat_us = clock_mono_us(instance->clock);
    exchange_end(x);
    exchange_take_apps(x);
    arena_reset(&x->attempt);
    x->session = NULL; // both lay in it
    x->principal = (struct principal){0};
    x->nonce = x->http != NULL ? http_nonce(x->http) : "";
    x->own_budget = (struct budget){.reads_max = OWN_READS, .writes_max = OWN_READS};
    x->budget = (struct budget){.reads_max = (uint32_t)config->script.reads,
                                .writes_max = (uint32_t)config->script.writes};
    x->txn = store_begin(instance->store, mode, &err);
    if (x->txn == NULL ||
        !instance_view(instance, x->txn, &x->attempt, &x->own_budget, &x->view, &err) ||
        !identify(x, &err)) {
        exchange_fail_err(x, &err);
        return false;
    }
    x->view.who = &x->principal;
    exchange_fill_call(x);
    if (!is_held_back(x))
        return true;
    lead_to_password(x);
    return false;
}

// Writing -------------------------------------------------------------------------------

struct commit_wait {
    struct exchange *x;
    void (*committed)(struct exchange *x);
};

static void run_again(void *context)
{
    struct exchange *x = context;

    x->again(x);
}

// Jitter keeps two that collided from colliding again.
static void retry(struct exchange *x)
{
    uint8_t chance;

    random_fill(x->worker->instance.random, &chance, 1);
    x->worker->slot->retries++;
    x->worker->loop->after(x->worker->loop, 1 + chance % (4u << (x->attempts < 5 ? x->attempts : 5)),
                            run_again, x);
}

static void commit_done(void *context, const struct err *outcome)
{
    struct commit_wait *wait = context;
    struct exchange *x = wait->x;
    unsigned most = (unsigned)x->worker->config->store.retries;

    x->worker->committing--;
    if (outcome->code == ERR_NONE) {
        x->worker->slot->commits++;
        wait->committed(x);
        return;
    }
    if (outcome->code == ERR_CONFLICT)
        x->worker->slot->conflicts++;
    // Counted apart: a committer that came back must not look like a colleague who was faster.
    if ((outcome->code == ERR_CONFLICT && x->conflicts++ < most + x->patience) ||
        (outcome->code == ERR_UNKNOWN && x->unknown++ < most)) {
        x->attempts++;
        retry(x);
    } else {
        exchange_fail_err(x, outcome);
    }
}

void exchange_commit(struct exchange *x, void (*committed)(struct exchange *x))
{
    struct commit_wait *wait = arena_alloc(&x->memory, sizeof *wait);
    struct err err;

    if (x->worker->committing >= x->worker->config->store.queue_max) {
        err_set(&err, ERR_BUSY, "%lld commits wait already", (long long)x->worker->committing);
        exchange_fail_err(x, &err);
        return;
    }
    x->worker->committing++;
    *wait = (struct commit_wait){x, committed};
    store_commit(x->txn, commit_done, wait);
    exchange_end(x);
}

// Trust ---------------------------------------------------------------------------------

bool exchange_same_origin(struct exchange *x)
{
    struct slice site = http_header(x->http, "sec-fetch-site");
    struct slice origin = http_header(x->http, "origin"), host = http_host(x->http);
    const char *wanted = arena_format(&x->memory, "http%s://%.*s", x->tls ? "s" : "",
                                      (int)host.len, (const char *)host.data);

    if (site.data != NULL && !slice_is(site, "same-origin") && !slice_is(site, "none"))
        return false;
    return origin.data == NULL || slice_is(origin, wanted);
}

// A script may send it as a field of the head, which no foreign page can.
static struct slice form_token(const struct exchange *x)
{
    struct slice field = exchange_form(x, "_csrf");

    return field.data != NULL || x->http == NULL ? field : http_header(x->http, "x-form-token");
}

bool exchange_trusted(struct exchange *x)
{
    if (x->program && (x->session == NULL || x->session->program))
        return true; // a Bearer token is never sent by a browser on its own
    if (x->attempts > 0 || x->trusted)
        return true; // checked at the first look; the client may have gone since
    x->trusted = exchange_same_origin(x) && auth_csrf_ok(&x->worker->instance.auth, x->session,
                                                x->anonymous, form_token(x));
    if (x->trusted)
        return true;
    exchange_fail(x, 403, "form_token");
    return false;
}

// The table of the platform's own paths; everything else is a page. -----------------------

struct own_path {
    enum http_method method;
    const char *path;
    void (*serve)(struct exchange *x);
};

static void route(struct exchange *x)
{
    static const struct own_path own[] = {
        {HTTP_GET, "/healthz", probe_alive},
        {HTTP_GET, "/readyz", probe_ready},
        {HTTP_GET, "/live", live_serve},
        {HTTP_POST, "/login", signin_serve},
        {HTTP_POST, "/api/v1/session", signin_serve},
        {HTTP_DELETE, "/api/v1/session", signout_serve},
        {HTTP_POST, "/logout", signout_serve},
        {HTTP_POST, "/account/password", password_serve},
        {HTTP_POST, "/api/v1/account/password", password_serve},
        {HTTP_POST, "/account/sessions", sessions_serve},
        {HTTP_POST, "/switch", switch_serve},
        {HTTP_POST, "/prefer", prefer_serve},
    };

    if (slice_is(x->path, "/api/v1/session") && x->method != HTTP_POST &&
        x->method != HTTP_DELETE) {
        x->allow = "POST, DELETE, OPTIONS";
        exchange_offer(x);
        return;
    }
    for (size_t i = 0; i < sizeof own / sizeof *own; i++) {
        if (x->method == own[i].method && slice_is(x->path, own[i].path)) {
            x->again = own[i].serve;
            own[i].serve(x);
            return;
        }
    }
    x->again = page_serve;
    if (slice_starts(x->path, slice_text("/files/")))
        x->again = download_serve;
    else if (is_of_files(x))
        x->again = upload_serve;
    x->again(x);
}

void exchange_handle(void *context, struct http_request *request)
{
    struct exchange *x = mem_zero(sizeof *x);
    struct err err = {ERR_NONE, ""};

    x->worker = context;
    x->http = request;
    x->started_us = clock_mono_us(x->worker->instance.clock);
    x->worker->slot->beat_us = x->started_us; // many slow requests in one turn are no hang
    x->request_id = "";
    http_on_gone(request, gone, x);
    if (parse(x, &err))
        route(x);
    else
        exchange_fail_err(x, &err);
}

void exchange_handle_admin(void *context, struct http_request *request)
{
    struct worker *worker = context;
    struct arena memory = ARENA_EMPTY;
    struct http_field type = {"content-type", slice_text("text/plain; version=0.0.4")};

    if (slice_is(http_path(request), "/metrics"))
        http_respond(request, 200, &type, 1, probe_metrics(worker, &memory));
    else
        http_respond(request, 404, NULL, 0, slice_text("only /metrics is here\n"));
    arena_finish(&memory);
}
