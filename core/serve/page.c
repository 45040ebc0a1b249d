// SPDX-License-Identifier: Apache-2.0
// Pages and actions of applications, platform pages, and the API over the same handlers.
#include "serve/exchange.h"

#include <stdio.h>

#include "base/log.h"
#include "base/text.h"
#include "serve/write_key.h"

// "/o/{org}/{app}/rest" → organisation, app, "/rest". Everything else belongs to the platform.
static bool split_path(struct exchange *x)
{
    struct slice prefix = slice_text(x->program ? "/api/v1/o/" : "/o/"), rest = x->path;
    const uint8_t *slash;

    if (!slice_starts(rest, prefix))
        return !x->program; // the API has no other pages
    rest = slice_of(rest.data + prefix.len, rest.len - prefix.len);
    if (rest.len <= ID_TEXT_LEN || rest.data[ID_TEXT_LEN] != '/' ||
        !id_from_text(slice_of(rest.data, ID_TEXT_LEN), &x->call.org))
        return false;
    rest = slice_of(rest.data + ID_TEXT_LEN + 1, rest.len - ID_TEXT_LEN - 1);
    slash = memchr(rest.data, '/', rest.len);
    x->call.app = slice_of(rest.data, slash != NULL ? (size_t)(slash - rest.data) : rest.len);
    x->call.path = slash != NULL ? slice_of(slash, rest.len - x->call.app.len) : slice_text("/");
    return x->call.app.len > 0 && !slice_is(x->call.app, "platform");
}

// Unknown organisations look the same as known ones without the page.
static bool check_org(struct exchange *x, struct err *err)
{
    struct tree_org *org = NULL;

    if (slice_is(x->call.app, "platform"))
        return true;
    if (!tree_get(&x->view, x->call.org, &org, err))
        return false;
    return org != NULL || err_set(err, ERR_ABSENT, "no such organisation");
}

static bool is_plain(struct slice path)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/._-";

    for (size_t i = 0; i < path.len; i++)
        if (memchr(plain, path.data[i], sizeof plain - 1) == NULL)
            return false; // would have to be encoded; our own paths never need it
    return text_is_local_path(path);
}

// Somebody not signed in is sent to sign in, and back here afterwards.
void page_ask_to_sign_in(struct exchange *x)
{
    if (x->program || x->method != HTTP_GET) {
        exchange_fail(x, 401, "signed_out");
        return;
    }
    exchange_redirect(x,
                      slice_is(x->path, "/") || !is_plain(x->path)
                          ? "/login"
                          : arena_format(&x->memory, "/login?next=%.*s", (int)x->path.len,
                                         (const char *)x->path.data),
                      NULL, 0);
}

// Seen again after a minute: noted by a commit of its own that nobody waits for.
static void touched(void *context, const struct err *outcome)
{
    (void)context;
    (void)outcome;
}

void page_touch_session(struct exchange *x)
{
    struct instance *instance = &x->worker->instance;
    struct store_txn *txn;
    struct view view;
    struct budget budget = {.reads_max = 10, .writes_max = 10};
    struct err err;

    if (x->session == NULL ||
        !auth_session_is_stale(x->session, clock_wall_ms(instance->clock)))
        return;
    txn = store_begin(instance->store, STORE_WRITE, &err);
    if (txn == NULL)
        return;
    if (instance_view(instance, txn, store_arena(txn), &budget, &view, &err) &&
        auth_session_touch(&view, x->session, &err))
        store_commit(txn, touched, NULL);
    store_end(txn);
}

static void page_committed(struct exchange *x)
{
    exchange_finish(x, &x->answer, NULL, 0);
}

static bool keep_answer(struct exchange *x, struct err *err)
{
    return x->session == NULL || write_key_store(x, err);
}

static void answered(struct exchange *x)
{
    struct err err = {ERR_NONE, ""};

    develop_add(x, &x->answer);
    if (x->method == HTTP_GET || x->answer.status >= 400 || !x->answer.writes) {
        exchange_end(x);
        page_touch_session(x);
        exchange_finish(x, &x->answer, NULL, 0);
        return;
    }
    if (keep_answer(x, &err))
        exchange_commit(x, page_committed);
    else
        exchange_fail_err(x, &err);
}

static void woken(void *context)
{
    struct exchange *x = context;

    turns_again(x->worker->turns, &x->place);
}

// After a turn of the handler. What took all its time pays it back.
static void follow(struct exchange *x, enum host_step step, const struct err *err)
{
    const struct config *config = x->worker->config;

    if (step == HOST_TURN) {
        turns_again(x->worker->turns, &x->place);
        return;
    }
    if (step == HOST_WAITS) {
        host_on_wake(x->open, woken, x);
        turns_wait(x->worker->turns, &x->place, config->script.wall_ms);
        return;
    }
    x->open = NULL;
    turns_leave(x->worker->turns, &x->place,
                step == HOST_FAILED && err->code == ERR_LIMIT ? x->answer.cpu_us : 0);
    if (step == HOST_DONE)
        answered(x);
    else
        exchange_fail_err(x, err);
}

static void go_on(void *context)
{
    struct exchange *x = context;
    struct err err = {ERR_NONE, ""};

    x->worker->slot->beat_us = clock_mono_us(x->worker->instance.clock);
    follow(x, host_go(x->open, &err), &err);
}

static void run(struct exchange *x)
{
    struct err err = {ERR_NONE, ""};
    enum host_step step;

    x->view.budget = &x->budget;
    x->answer = (struct host_answer){0};
    x->call.strict = turns_is_strict(x->worker->turns, &x->place);
    x->place.go = go_on;
    step = host_begin(x->generation->host, &x->view, &x->call, &x->answer, &x->open, &err);
    follow(x, step, &err);
}

// A program is told what it may do at a path where it wanted something else.
static void refuse_route(struct exchange *x, const struct err *why)
{
    struct err err = {ERR_NONE, ""};

    if (why->code == ERR_DENIED && x->session == NULL)
        page_ask_to_sign_in(x);
    else if (why->code != ERR_ABSENT)
        exchange_fail_err(x, why);
    else if (!host_allow(x->generation->host, &x->view, &x->call, &x->allow, &err))
        exchange_fail_err(x, &err);
    else if (x->allow != NULL)
        exchange_offer(x);
    else
        exchange_fail_err(x, why);
}

// Files come first; then it is served again.
static void take_files(struct exchange *x)
{
    turns_leave(x->worker->turns, &x->place, 0);
    given_take(x);
}

static void serve(struct exchange *x)
{
    bool write = x->method != HTTP_GET && x->method != HTTP_OPTIONS;
    bool known = false, route_writes = false;
    struct err err = {ERR_NONE, ""};

    if (!exchange_begin(x, write ? STORE_WRITE : STORE_READ))
        return;
    if (!split_path(x)) {
        exchange_fail(x, 404, "absent");
        return;
    }
    if (!check_org(x, &err) || !sessions_tell(x, &err) ||
        !acting_choose(x, x->call.org, slice_is(x->call.app, "platform"), &err)) {
        exchange_fail_err(x, &err);
        return;
    }
    if (!host_route(x->generation->host, &x->view, &x->call, &route_writes, &err)) {
        refuse_route(x, &err);
        return;
    }
    if (x->program && x->odd) {
        exchange_fail(x, 415, "media_type");
        return;
    }
    if (write && !exchange_trusted(x))
        return;
    if (write && x->session != NULL && !write_key_find(x, &known, &err)) {
        exchange_fail_err(x, &err);
        return;
    }
    if (known)
        exchange_finish(x, &x->answer, NULL, 0);
    else if (x->given != NULL && x->session != NULL)
        take_files(x);
    else
        run(x);
}

// "/o/{org}/{app}/rest" → "{org}/{app}"; "" for the platform's own pages.
static struct slice lane_of(const struct exchange *x)
{
    struct slice prefix = slice_text(x->program ? "/api/v1/o/" : "/o/"), rest;
    const uint8_t *slash;

    if (!slice_starts(x->path, prefix))
        return slice_text("");
    rest = slice_of(x->path.data + prefix.len, x->path.len - prefix.len);
    slash = memchr(rest.data, '/', rest.len);
    if (slash == NULL)
        return rest;
    slash = memchr(slash + 1, '/', rest.len - (size_t)(slash + 1 - rest.data));
    return slash == NULL ? rest : slice_of(rest.data, (size_t)(slash - rest.data));
}

static void begin_serving(void *context)
{
    serve(context);
}

static void drop(void *context)
{
    exchange_drop(context);
}

void page_serve(struct exchange *x)
{
    x->place.go = begin_serving;
    x->place.drop = drop;
    x->place.context = x;
    switch (turns_enter(x->worker->turns, &x->place, lane_of(x), &x->wait_ms)) {
    case TURNS_NOW:
        serve(x);
        break;
    case TURNS_LATER:
        break;
    case TURNS_FULL:
        exchange_fail(x, 503, err_word(ERR_BUSY));
        break;
    }
}
