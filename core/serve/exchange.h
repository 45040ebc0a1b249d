// SPDX-License-Identifier: Apache-2.0
// One request on its way through a worker: parsed, identified, routed, run (again after a
// conflict), answered. It outlives the client: a commit under way is finished unheard.
#pragma once

#include "blob/file.h"
#include "http/http.h"
#include "job/pool.h"
#include "serve/renew.h"
#include "serve/serve.h"
#include "serve/turns.h"

enum { PASSWORD_MAX = 512 }; // bytes typed
enum { OWN_READS = 2000 }; // records that the platform itself may read for a request

struct worker {
    const struct child_setup *setup;
    struct config *config;
    struct instance instance;
    struct generation *generation; // of its apps, for requests that begin now
    char *trouble;                 // what is wrong with the apps as they stand on the disk, or ""
    struct host_use use;           // of the last call
    struct http_server *server;
    struct loop *loop;
    struct turns *turns;
    struct pool *pool;      // password hashing
    struct pool *file_pool; // whatever waits for the disk's files
    struct blob_disk disk;
    unsigned streams; // files being sent
    struct rot *rot;  // of one worker only
    struct live *live; // open event streams
    struct worker_slot *slot;
    int signals;
    int64_t committing; // commits that wait for the committer
    bool stopping;
};

struct exchange {
    struct worker *worker;
    struct generation *generation; // of the apps that this attempt runs on
    struct http_request *http; // NULL: the client is gone
    struct arena memory;       // of the whole exchange; holds copies of what is needed later
    struct arena attempt;      // of one attempt
    int64_t started_us;

    enum http_method method;
    struct slice path, body;
    struct host_param *query, *form;
    size_t query_count, form_count;
    bool program; // Bearer: JSON, no redirects
    bool trusted; // exchange_trusted said so; the client may have gone since
    bool machine; // no person reads the answer: problems as JSON
    bool json, odd; // the body is JSON; it is of a kind that nobody reads here
    struct slice if_match; // data NULL: not given
    bool tls;
    struct slice token, anonymous; // session token, value of the anonymous cookie
    char *new_anonymous;           // to be set as a cookie
    struct slice acting;           // the role that was chosen, as its cookie says
    bool forgets;                  // whatever is answered takes the session's cookie away
    const char *lang, *theme;
    const char *request_id, *nonce;
    const char *fault; // in development: what broke, with file and line; NULL: nothing
    char csrf[TOKEN_TEXT_LEN + 1], write_key[TOKEN_TEXT_LEN + 1];

    struct store_txn *txn;
    struct budget budget, own_budget; // of the app; of the platform's own reads
    struct view view;
    struct principal principal;
    struct session *session;
    struct host_request call;
    struct host_answer answer;
    struct turns_place place;
    struct host_call *open; // between two turns; NULL: it has not begun, or has ended
    unsigned attempts, conflicts, unknown; // runs before this one; of them for which reason
    unsigned patience; // conflicts that are borne beyond the usual
    int64_t wait_ms; // said as Retry-After when not 0
    const char *allow; // said as Allow when not NULL
    void (*again)(struct exchange *x);
    struct given *given; // files that came with a form; NULL: none, or taken already
    void *work; // of sign-in, uploads and downloads, in memory
    void (*clean_up)(struct exchange *x); // of work; or NULL
};

// The handler for libh2o's side.
void exchange_handle(void *context, struct http_request *request);
void exchange_handle_admin(void *context, struct http_request *request);

// Opens a transaction and finds out who asks, on the same snapshot as the call. The former
// attempt's transaction and memory are given back first. False: answered already.
bool exchange_begin(struct exchange *x, enum store_mode mode);
void exchange_take_apps(struct exchange *x);
void exchange_end(struct exchange *x); // ends the transaction, if one is open
void exchange_fill_call(struct exchange *x); // what the host is told, as far as it is known
void exchange_destroy(struct exchange *x);   // after the answer
void exchange_drop(struct exchange *x);      // one that nobody waits for any more, between its turns

// Each answers and ends the exchange.
void exchange_finish(struct exchange *x, const struct host_answer *answer,
                     const struct http_field *fields, size_t count);
void exchange_redirect(struct exchange *x, const char *location, const struct http_field *fields,
                       size_t count);
void exchange_fail(struct exchange *x, int status, const char *word);
void exchange_fail_err(struct exchange *x, const struct err *err);
void exchange_json(struct exchange *x, int status, struct slice body);
// What may be done here instead (x->allow): 204 to who asked just that, else 405.
void exchange_offer(struct exchange *x);
// A platform page with texts; the exchange must have begun.
void exchange_page(struct exchange *x, const char *page, int status, const struct host_datum *data,
                   size_t count);

// Commits x->txn and calls committed(x) when it is durable. After a conflict or an unknown
// outcome x->again runs from the start, with jitter, a few times; every other outcome is
// answered here.
void exchange_commit(struct exchange *x, void (*committed)(struct exchange *x));

// True when the request may change something: same origin and a valid form token, or a
// program's Bearer token. False: answered already.
bool exchange_trusted(struct exchange *x);
// Does it come from a page of ours, as far as the browser says?
bool exchange_same_origin(struct exchange *x);

// An answer that goes out in pieces is noted when it begins; exchange_destroy comes at its end.
void exchange_note(struct exchange *x, int status);

struct slice exchange_form(const struct exchange *x, const char *name); // absent: data NULL
struct slice exchange_query(const struct exchange *x, const char *name);
// A cookie as a header field; max_age_s 0: until the browser closes, -1: removed.
struct http_field exchange_cookie(struct exchange *x, const char *name, const char *value,
                                  int64_t max_age_s, bool readable);
// How an answer is to be kept; the suffix is for readers who know plain names only.
struct http_field exchange_disposition(struct exchange *x, const char *how, const char *suffix,
                                       struct slice name);
const char *exchange_cookie_name(const struct exchange *x);
int exchange_status(const struct err *err);

// Who runs what.
void page_serve(struct exchange *x);            // apps, platform pages, API
void page_ask_to_sign_in(struct exchange *x);
void page_touch_session(struct exchange *x);
void upload_serve(struct exchange *x);          // /uploads/
// given.c: files in a form of a browser without script. read takes the form apart; take keeps the
// files, puts their ids into the form and runs x->again.
bool given_read(struct exchange *x, struct err *err);
void given_take(struct exchange *x);
void download_serve(struct exchange *x);        // /files/{id}
// Is the application that the file is for, by the first word of its field, switched on there?
bool file_is_on(struct exchange *x, const struct blob_file *file, bool *on, struct err *err);
struct rot *rot_start(struct worker *worker);   // reads all content again, slowly, for ever
void rot_stop(struct rot *rot);
void live_serve(struct exchange *x);            // GET /live
void signin_serve(struct exchange *x);          // POST /login, POST /api/v1/session
void password_serve(struct exchange *x);        // POST /account/password, /api/v1/account/password
void sessions_serve(struct exchange *x);        // POST /account/sessions
bool sessions_tell(struct exchange *x, struct err *err); // what GET /account shows of them
void signout_serve(struct exchange *x);         // POST /logout, DELETE /api/v1/session
void switch_serve(struct exchange *x);          // POST /switch
void prefer_serve(struct exchange *x);          // POST /prefer
void probe_alive(struct exchange *x);           // /healthz
void probe_ready(struct exchange *x);           // /readyz
struct slice probe_metrics(struct worker *worker, struct arena *memory);

// apps.c: the applications of a worker, at its start and at a reload.
bool apps_start(struct worker *worker, struct err *err);
void apps_renew(struct worker *worker);
void apps_stop(struct worker *worker);

// Adds to a page, in development, what it took and what is wrong; the transaction must be open.
void develop_add(struct exchange *x, struct host_answer *answer);

// The role (and member of its set) that the person acts in on a page of org.
bool acting_choose(struct exchange *x, struct id org, bool platform, struct err *err);
