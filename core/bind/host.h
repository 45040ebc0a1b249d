// SPDX-License-Identifier: Apache-2.0
// The host of a process's applications: it reads their folders, lets them declare what
// they are, and runs their handlers. Workers and commands each have one.
//
// An app that does not load, or whose declarations do not fit, is put in quarantine with its
// problem; the rest runs. The platform's own pages (lua/platform: sign-in, home, account,
// errors) are loaded the same way under the id "platform", are trusted, and never quarantined:
// a problem there stops the start.
#pragma once

#include "base/err.h"
#include "config/config.h"
#include "record/record.h"

struct host;
struct net_client;
struct buffer;

struct host_options {
    const struct config *config; // config.platform/lua, config.platform/apps
    struct clock *clock;
    struct random *random;
    bool lint;   // everything that is wrong is told at once: for checks, not for serving
    bool steady; // calls can be compared: tests of applications (script_steady)
    struct loop *loop;       // on which calls into isolated apps wait; NULL: they block
    struct nursery *nursery; // for isolated apps; NULL: these go into quarantine
    struct net_client *outbound; // of a process that does jobs; else NULL
};

// Fills the catalogue (core.* collections are in it already), boots every app in a throw-away
// state, checks rules against indexes, routes and collections against "default deny".
// problem is called once for every finding, quarantines included; NULL only when the platform
// itself is broken.
typedef void host_problem(void *context, const char *app, const char *problem);
struct host *host_create(const struct host_options *options, struct catalog *catalog,
                         host_problem *problem, void *context, struct err *err);
void host_destroy(struct host *host);

struct host_app {
    const char *id, *version;
    const char *problem; // NULL: ready; else why it is in quarantine
};
// Puts an app into quarantine after the start, with those that need it: its records do not fit it.
void host_refuse(struct host *host, const char *app, const char *problem);
size_t host_apps(const struct host *host, const struct host_app **apps);
// Do the files of the platform and the apps say what they said when the host was made?
bool host_is_current(const struct host *host);

// What a call into an application took, beside what it might have. Told after every call, also
// one that failed; of an answer to a program without the app's code only reads and bytes.
struct host_use {
    const char *app;
    struct id org;
    int64_t cpu_us, wall_us;         // cpu_us only where config.development or steady is set
    int64_t cpu_max_us, wall_max_us;
    size_t memory, memory_max;       // bytes by which the state grew
    uint32_t reads, reads_max, writes, writes_max;
    size_t bytes, bytes_max;         // of the answer
    int64_t steps;                   // where steady
    bool is_job;
};
typedef void host_used(void *context, const struct host_use *use);
void host_on_use(struct host *host, host_used *used, void *context);
// Of a steady host: the app whose calls are counted; NULL: none.
void host_count(struct host *host, const char *app);
// Lets go of what the apps remember: the next call of each begins with a new instance, that of the
// app whose calls are counted with a new state.
void host_rest(struct host *host);

struct host_param {
    struct slice name, value;
};

struct host_session {
    const char *id, *device; // device: what the browser called itself
    int64_t made_ms, seen_ms;
    bool program, current;
};

// What a handler is given. Slices live as long as the call.
struct host_request {
    const char *method;      // "GET", "POST", …
    struct id org;           // organisation of the page; the root for platform pages
    struct slice app;        // "leave", "platform"
    struct slice path;       // within the app: "/", "/ask", "/leave/{id}/grant"
    const struct host_param *query, *form;
    size_t query_count, form_count;
    struct slice json;       // a program's body when it is JSON and no form; data NULL: none
    struct slice if_match;   // the versions that a program knows, as it wrote them; data NULL: none
    const char *lang;        // "zh" or "en"
    const char *theme;       // "light", "dark" or "" (follows the device)
    const char *role;        // the role the person acts in here, "" for none
    const char *name;        // of the signed-in person; NULL: not known
    struct id role_org;      // where that role is held; the root when there is none
    struct ref subject;      // the member of the role's set acted for (a child); zero: none
    const char *csrf, *write_key; // to be put into forms
    const char *nonce, *request_id;
    bool must_change;        // the password, before anything else
    bool signed_in, program; // program: API call; outcomes are JSON
    bool strict;             // a first call, too, has no more time than others
    const struct host_session *sessions; // of the account, for the page that shows them
    size_t session_count;
};

// What it answers. Memory in the view's arena.
struct host_answer {
    int status;
    const char *type;        // content type
    const char *location;    // redirects; always a path on this host
    const char *filename;    // of a download; NULL: shown
    const char *field, *word; // what was refused, and why; NULL: nothing
    struct slice body;
    uint64_t version;        // of the record answered, for its ETag; 0: none
    bool writes;             // the transaction has something to commit
    int64_t cpu_us;          // processor time of the app's Lua, also where it failed
};

// Is there such a route, and may this view's principal use it? Decides by the declared roles,
// before any Lua runs. ERR_ABSENT: no such page (or not for them); ERR_DENIED: not signed in.
// write: the handler runs in a write transaction.
bool host_route(struct host *host, struct view *view, const struct host_request *request,
                bool *write, struct err *err);

// What a program may do at the path, as an Allow field says it; NULL: there is no such path.
bool host_allow(struct host *host, struct view *view, const struct host_request *request,
                const char **allow, struct err *err);

// Is the app switched on at the organisation? Nothing of one that is not can be used there: no
// page, no job, no file; its data stay.
bool host_enabled(struct host *host, struct view *view, struct slice app, struct id org,
                  bool *enabled, struct err *err);

// Runs the handler of the route. ERR_SCRIPT: the app's fault, err->text for the log; ERR_LIMIT:
// which budget; ERR_ABSENT, ERR_DENIED, ERR_CONFLICT as the records say. A form problem is no
// error: the answer is then 422 with the page, and nothing is to be committed.
bool host_call(struct host *host, struct view *view, const struct host_request *request,
               struct host_answer *answer, struct err *err);

// The same turn by turn, so that others have theirs between (script.slice). What is given here
// stays as it is until the call has ended. TURN: go on when it is its turn; WAITS: when woken was
// called. Then *call is open; DONE and FAILED (which is host_call's false) have ended it.
// Calls into one organisation's instance of an app follow each other: one that finds another
// between its turns has a turn in which nothing happens.
enum host_step { HOST_DONE, HOST_FAILED, HOST_TURN, HOST_WAITS };
struct host_call;
enum host_step host_begin(struct host *host, struct view *view,
                          const struct host_request *request, struct host_answer *answer,
                          struct host_call **call, struct err *err);
enum host_step host_go(struct host_call *call, struct err *err);
// Ends one that is open: it never goes on. Accepts NULL.
void host_end(struct host_call *call);
void host_on_wake(struct host_call *call, void (*woken)(void *context), void *context);

// Renders a page of the platform by name with plain texts as its data ("login", "error", …).
struct host_datum {
    const char *name, *text;
};
bool host_page(struct host *host, struct view *view, const struct host_request *request,
               const char *page, int status, const struct host_datum *data, size_t count,
               struct host_answer *answer, struct err *err);

// Runs a function of an app that a command uses (imports): app "base", name "import.students".
// rows: maps of texts; results: one word a row ("created", "same", "updated", or a problem with
// its field). Declared in Lua by app.importer. The caller owns the transaction.
struct host_row {
    size_t line;                      // of the file, from 1
    const struct host_param *cells;   // header name → text
    size_t cell_count;
    const char *result, *field, *text; // filled in: "created", "updated", "same", "refused"
};
bool host_import(struct host *host, struct view *view, struct id org, const char *app,
                 const char *importer, struct host_row *rows, size_t row_count, struct err *err);
struct schedule;

// A job of an app, declared in Lua by app.job, app.on or app.every.
struct host_job {
    const char *app, *name;
    unsigned retry; // how often it is run again after a failure
    const char *event; // whose occurrence queues it ("base.student.joined"); NULL: its app does
    const struct schedule *schedule; // by which it is queued at every organisation; NULL: none
    bool at_once; // also for the last moment before it was first seen
    const char *const *kinds;        // of organisations, NULL-terminated; NULL: all
};
size_t host_jobs(const struct host *host, const char *app, const struct host_job **jobs);
const struct host_job *host_find_job(const struct host *host, const char *app, const char *name);
// Runs it with its argument (JSON) at an organisation, in a write transaction, as the app: the
// view's principal becomes the role `app` there, limited by what the manifest asks for.
// A scheduled job on a day that its schedule's days leave out is done without a run.
// False with ERR_SCRIPT when it answered nil and a word: it is to be run again; with ERR_BUSY
// while the app is switched off there: it is to wait.
bool host_run_job(struct host *host, struct view *view, const struct host_job *job, struct id org,
                  struct slice arg, struct err *err);

// What an app tells open pages of, declared in Lua by app.topic. One of three: who may read the
// record that it is about, who holds a role at its organisation or above, or people by name.
struct host_topic {
    const char *app, *name;
    const char *of;           // full name of the collection; or NULL
    const char *const *roles; // NULL-terminated; or NULL
};
// NULL: there is none, or its app is in quarantine.
const struct host_topic *host_find_topic(const struct host *host, struct slice app,
                                         struct slice name);

// Is the day (ISO) one of those that an app knows by this name, at an organisation?
bool host_is_day(struct host *host, struct view *view, const char *days, struct id org,
                 struct slice date, bool *is_day, struct err *err);

// Routes, collections, sets and rollups with their rules, a line of JSON each.
void host_describe(const struct host *host, struct buffer *out);

// Declared importers: "base" "students" …
size_t host_importers(const struct host *host, const char *app, const char *const **names);
