// SPDX-License-Identifier: Apache-2.0
// The sessions of one's own account: POST /account/sessions ends one (end=ID) or all others
// (others=yes). GET /account shows them.
#include "serve/exchange.h"

static const char *id_of(struct exchange *x, const struct session *session)
{
    return base64url(&x->memory, slice_of(session->key, SESSION_CURSOR_LEN));
}

static bool is_this(const struct exchange *x, const struct session *session)
{
    return memcmp(session->key, x->session->key, DIGEST_LEN) == 0; // digests of secrets, not secrets
}

bool sessions_tell(struct exchange *x, struct err *err)
{
    struct session *sessions;
    struct host_session *told;
    size_t count;

    if (x->session == NULL || !slice_is(x->path, "/account") || x->program)
        return true;
    if (!auth_session_list(&x->worker->instance.auth, &x->view, x->session->account, &sessions,
                           &count, err))
        return false;
    told = arena_alloc(&x->attempt, (count + 1) * sizeof *told);
    for (size_t i = 0; i < count; i++)
        told[i] = (struct host_session){.id = id_of(x, &sessions[i]),
                                        .device = sessions[i].device,
                                        .made_ms = sessions[i].made_ms,
                                        .seen_ms = sessions[i].seen_ms,
                                        .program = sessions[i].program,
                                        .current = is_this(x, &sessions[i])};
    x->call.sessions = told;
    x->call.session_count = count;
    return true;
}

static void ended(struct exchange *x)
{
    exchange_redirect(x, "/account", NULL, 0);
}

static bool end_some(struct exchange *x, size_t *count, struct err *err)
{
    struct slice one = exchange_form(x, "end");
    bool others = exchange_form(x, "others").data != NULL;
    struct session *sessions;
    size_t all;

    *count = 0;
    if (!auth_session_list(&x->worker->instance.auth, &x->view, x->session->account, &sessions,
                           &all, err))
        return false;
    for (size_t i = 0; i < all; i++) {
        if (is_this(x, &sessions[i]) || (!others && !slice_is(one, id_of(x, &sessions[i]))))
            continue;
        if (!auth_session_end(&x->view, &sessions[i], err))
            return false;
        ++*count;
    }
    return *count == 0 ||
           audit_append(&x->view, x->session->person, "end_sessions", "",
                        arena_format(&x->memory, "%zu", *count), err);
}

void sessions_serve(struct exchange *x)
{
    struct err err = {ERR_NONE, ""};
    size_t count;

    if (!exchange_begin(x, STORE_WRITE) || !exchange_trusted(x))
        return;
    x->view.who = NULL;
    if (x->session == NULL) {
        exchange_fail(x, 401, "signed_out");
    } else if (!end_some(x, &count, &err)) {
        exchange_fail_err(x, &err);
    } else if (count == 0) { // it has ended already: the page shows it
        exchange_end(x);
        ended(x);
    } else {
        exchange_commit(x, ended);
    }
}
