// SPDX-License-Identifier: Apache-2.0
// What the files of bind/ share. Nobody outside includes this; host.h is the door.
//
// Lifetimes: a host holds its apps; an app holds its Lua state (made on first use, dropped
// when spent); a state holds one instance of the app per organisation. A call lives on the C
// stack; what it gives to Lua (rows) dies with it: every handle carries the call's serial.
// Threads: a host and all below it belong to one thread.
#pragma once

#include <lauxlib.h>
#include <lua.h>

#include "bind/host.h"
#include "bind/manifest.h"
#include "record/rule.h"
#include "record/tree.h"
#include "script/script.h"

enum { APPS_MAX = 128, ROUTES_MAX = 256, NAMES_MAX = 64, PARAMS_MAX = 8 };
enum { FIELD_GUESSES = 64, PREFIX_MAX = 160 };

struct route {
    const char *method, *pattern;
    const char *const *allow; // roles; "anyone": signed in; "everyone": no sign-in needed
    size_t literal;           // bytes of the pattern that are not parameters: more is closer
};

struct names {
    const char *list[NAMES_MAX];
    size_t count;
};

struct jobs {
    struct host_job list[NAMES_MAX];
    size_t count;
};

struct topics {
    struct host_topic list[NAMES_MAX];
    size_t count;
};

struct state;

struct app {
    struct host *host;
    const char *folder;
    struct manifest manifest;
    const char *problem; // NULL: ready
    bool platform;
    bool isolated; // its code runs in a process of its own
    struct route routes[ROUTES_MAX];
    size_t route_count;
    struct names importers, homes; // homes: the roles it has cards for
    struct names events;           // that it emits, without the app
    struct names calendars;        // names of days that it knows
    struct jobs jobs;
    struct topics topics;
    struct state *state;           // NULL until first used
};

struct host {
    struct host_options options;
    struct catalog *catalog;
    struct arena arena;
    struct app *apps; // apps[0] is the platform
    size_t app_count;
    struct host_app *listed;
    struct cell *cell; // the process of an isolated app has a host of that one
    struct script_sources *sources; // of the platform and the apps, as they were at the start
    struct slice assets; // manifest.json of the built files; data NULL: none were built
    host_problem *problem;
    void *problem_context;
    const struct app *counted; // NULL: none
    host_used *used; // NULL: nobody listens
    void *used_context;
};

struct instance {
    struct id org;
    struct script_instance *room;
    int ref; // registry: what door.open returned
    uint64_t used;
    bool held; // by a call between two turns
};

// One call into one state. Several may be open in a state; one of them runs.
struct call {
    struct view *view;
    const struct host_request *request;
    bool write;
    bool job;     // it may call the outside
    size_t logged; // bytes of lines
    uint64_t serial; // 0: not entered yet
    int seen, dirty; // registry: what was asked of core.call; rows changed and not saved
    unsigned events; // published
    size_t bytes; // taken from the view's arena for Lua, see bind_alloc
    char prefix[PREFIX_MAX]; // of the app's paths; "": not asked for yet
    size_t prefix_len;
};

struct state {
    struct host *host;
    struct app *app;
    struct script *script;
    struct call *call; // the running one; NULL while loading and declaring
    uint64_t serials;  // of calls
    size_t open;       // calls that have begun and not ended
    bool dropped;      // another one has taken its place: it goes with its last call
    int *spare;        // registry: tables of core.call that no call uses
    size_t spare_count, spare_size;
    bool declaring, is_warm; // is_warm: it has answered a call
    int door; // registry: what lua/app.lua returned
    struct instance *instances;
    size_t instance_count, held; // held: how many of them are
    uint64_t uses;
    struct arena scratch; // of declarations
    uint8_t field_guesses[FIELD_GUESSES]; // see row.c
    struct script_limits limits;          // of the next call
    int64_t kill_ms; // an isolated app's process is killed when that has not ended after so long
    struct isolate *isolate; // the app runs elsewhere; NULL: here
    struct cell *cell;       // this process is that place; NULL: it is not
};

// instance.c
struct state *state_create(struct app *app, bool declaring, struct err *err);
void state_destroy(struct state *state); // accepts NULL
void state_forget(struct state *state);  // lets go of its instances
// The app's state for calls: made when there is none, made anew when it is spent.
struct state *state_ready(struct app *app, struct err *err);
// Sets the limits of one handler; to be called before each call.
// strict: a first call has no more than others.
void state_allow_call(struct state *state, bool strict);
void state_release(struct state *state); // a call has ended
void state_allow_job(struct state *state); // the same for one run of a job
void state_limit(struct state *state, const struct script_limits *limits);
bool instance_ready(struct state *state, struct id org, int *ref, struct err *err);
// By the reference that instance_ready gave; one that has gone since is held by nobody.
bool instance_is_held(const struct state *state, int ref);
void instance_hold(struct state *state, int ref, bool held);
void instance_forget(struct state *state, int ref);
struct state *bind_state(lua_State *L);
// Calls visit with each module on the stack's top whose functions need the host: where an app is
// isolated they are asked for over the wire.
void bind_each_remote(lua_State *L, void (*visit)(lua_State *L, const char *module));
// A manifest may only lower what the instance allows.
int64_t limit_of(int64_t instance, int64_t manifest);

// Runs body(L) protected, with what as its light userdata argument. Everything that may
// allocate in a state happens inside such a body, because a full state raises.
bool state_run(struct state *state, lua_CFunction body, void *what, struct err *err);

// call.c
struct call *bind_call(lua_State *L);                         // raises outside a call
uint64_t bind_serial(lua_State *L);                           // of the running call, 0: none
struct call *bind_write_call(lua_State *L, const char *what); // raises in a read
// Memory of the call's view on Lua's behalf: counted, for the state's own cap does not see it.
// Raises when the call has taken as much as a state may hold.
void *bind_alloc(lua_State *L, size_t size);
struct slice bind_keep(lua_State *L, struct slice text);
// The limits of one call of the app. view->budget may be NULL.
void call_budget(struct view *view, const struct app *app);
// Around each turn of a call, or all of it. The first thing that it does in Lua is call_open;
// call_finish comes when it has ended, and may take the state away.
struct call *call_enter(struct state *state, struct call *call);
void call_leave(struct state *state, struct call *outer);
void call_open(lua_State *L);
void call_finish(struct state *state, struct call *call);
// A call that is nothing but body(what), without call_finish.
bool call_run(struct state *state, struct call *call, lua_CFunction body, void *what,
              struct err *err);

// handler.c: the home cards of an app for the request's role, as a call that has not begun.
struct plain;
struct host_call *host_cards(struct app *app, struct view *view,
                             const struct host_request *request, bool whole, struct plain **plain);

// host.c: tells a problem of the app; the second also sets it apart.
void bind_tell(struct app *app, const char *problem);
void bind_quarantine(struct app *app, const char *problem);
// lint.c: is everything that is wrong gathered while this state declares?
bool lint_gathers(const struct state *state);
void lint_asks(struct host *host); // after the check of the catalogue

// use.c: what a call takes is counted between the two.
struct meter {
    struct state *state; // NULL: no Lua
    struct app *app;
    struct view *view;
    struct id org;
    int64_t wall_us;
    uint32_t reads, writes;
    bool is_job;
};
struct meter meter_start(struct app *app, struct state *state, struct view *view, struct id org);
void meter_stop(const struct meter *meter, size_t bytes);

// bind_app.c: adds the text at 1 to a list of names, while the app declares.
int bind_add_name(lua_State *L, struct names *names);

// answer.c: [-0, +0]; reads the answer table at the given index.
void answer_read(lua_State *L, int at, struct host_answer *answer);

// enabled.c
#define SWITCH_COLLECTION "platform.switch"
// Is the app switched on at the organisation, by the words of it and those above?
bool app_enabled(struct view *view, const struct app *app, struct id org, bool *enabled,
                 struct err *err);
// The word of the organisation itself; VALUE_NULL: none.
bool app_word_at(struct view *view, const struct app *app, struct id org, struct value *word,
                 struct err *err);
// Does an organisation above require or forbid it?
bool app_is_decided_above(struct view *view, const struct app *app, struct id org, bool *decided,
                          struct err *err);
bool app_is_fixed(const struct app *app); // the platform and base cannot be switched off

// route.c
struct param {
    struct slice name, value;
};
const struct route *route_find(const struct app *app, const char *method, struct slice path,
                               struct param *params, size_t *param_count);
const struct route *route_of(const struct app *app, const struct host_request *request,
                             struct param *params, size_t *param_count);
bool route_allows(struct view *view, struct id org, const struct route *route, bool signed_in,
                  bool *allowed, struct err *err);
bool role_is_held(struct view *view, struct id org, const char *role, bool *held,
                  struct err *err);
bool route_reads(const char *method);
size_t route_literal(const char *pattern);
struct app *host_find(const struct host *host, struct slice id);

// value.c
void bind_push_value(lua_State *L, const struct field *field, const struct value *value);
// The same for what a record holds: a reference to a record that is deleted is nil.
void bind_push_stored(lua_State *L, const struct record *record, int field);
// "org.id", the bare id of a record of this page's organisation, or a row.
bool bind_to_ref(lua_State *L, int at, const struct collection *collection, struct ref *ref);
// False: what Lua gave does not fit the field's type. Texts are read as forms write them.
bool bind_to_value(lua_State *L, int at, const struct field *field, struct value *value);
bool bind_value_from_text(struct arena *arena, struct slice text, const struct field *field,
                          struct value *value);
void bind_push_slice(lua_State *L, struct slice slice);
void bind_push_id(lua_State *L, const struct id *id);
struct slice bind_check_slice(lua_State *L, int at);

// {id, name, name_en, kind} of an organisation, of one that is not there {id}. [-0, +1]
const struct tree_org *bind_push_org(lua_State *L, struct view *view, const struct id *id);

// A person as a row of base.person; nil for nobody. [-0, +1]
void bind_push_person(lua_State *L, const struct call *call, const struct id *person);

// file.c
void bind_push_file(lua_State *L, const struct value *value);
int bind_record_file(lua_State *L);
bool file_to_json(struct buffer *buffer, struct view *view, const struct value *value,
                  struct err *err);

// row.c
struct row {
    const void *kind; // says that it is a row
    uint64_t serial;  // of the call it belongs to
    const struct collection *collection; // NULL: a reference into an unknown collection
    struct ref ref;
    struct record *record; // NULL: not loaded, or absent
    bool loaded, draft, is_dirty;
    struct value *values; // pending; NULL: none
    uint64_t mask;
    uint8_t asked, allowed; // by verb: what record.allows was asked in a read, its answers
};
struct row *bind_push_row(lua_State *L, const struct collection *collection, struct ref ref,
                          struct record *record); // [-0, +1]
struct row *bind_check_row(lua_State *L, int at);
struct row *bind_test_row(lua_State *L, int at); // NULL: not a row
struct record *row_record(lua_State *L, struct row *row); // loads; NULL: not readable
// Pushes the table of methods of rows, which the library fills in. [-0, +1]
void bind_rows_open(lua_State *L);
void bind_dirty_reset(lua_State *L);
void bind_push_dirty(lua_State *L); // [-0, +1] list of rows changed and not saved

// declare.c, bind_record.c
const struct collection **bind_push_collection(lua_State *L, const struct collection *collection);
const struct collection *bind_check_collection(lua_State *L, int at);
void bind_declare(lua_State *L, struct state *state, const char *name, int spec);
// Where new records of the collection belong, and lists begin.
struct id bind_owner_of(const struct call *call, const struct collection *collection);
const char *bind_option_name(lua_State *L, int at); // a key while a table is walked
enum verb bind_check_verb(lua_State *L, int at);
const char *bind_verb_word(enum verb verb);
int bind_check_field(lua_State *L, const struct collection *collection, const char *name);

// read.c and write.c: functions of core.record
int bind_record_rows(lua_State *L);
int bind_record_get_row(lua_State *L);
int bind_record_find_row(lua_State *L);
int bind_record_may_row(lua_State *L);
int bind_record_allows_row(lua_State *L);
int bind_record_may_create_row(lua_State *L);
int bind_record_reveal_row(lua_State *L);
int bind_record_members(lua_State *L);
int bind_record_check_asked(lua_State *L);
int bind_record_open(lua_State *L);
int bind_record_holders(lua_State *L);
int bind_record_choices(lua_State *L);
int bind_record_draft(lua_State *L);
int bind_record_create_row(lua_State *L);
int bind_record_assign_row(lua_State *L);
int bind_record_precondition(lua_State *L);
int bind_record_update_row(lua_State *L);
int bind_record_delete_row(lua_State *L);
int bind_record_undelete_row(lua_State *L);
int bind_record_as_of_row(lua_State *L);
int bind_record_history_rows(lua_State *L);
int bind_record_rollup(lua_State *L);
int bind_record_tally(lua_State *L);
int bind_record_dirty(lua_State *L);
int bind_record_json(lua_State *L);

// Raises on a key of the table at `at` that is not known, naming the place.
void bind_check_keys(lua_State *L, int at, const char *place, const char *const *known,
                     size_t count);
int bind_raise_unknown(lua_State *L, const char *kind, const char *name, const char *place,
                       const char *const *known, size_t count) __attribute__((noreturn));

const struct collection *bind_members_of(const struct catalog *catalog, const struct set_def *def);

// json.c
bool record_to_json(struct buffer *buffer, struct view *view, const struct record *record,
                    struct err *err);

// plain.c: values that cross from one state to another; memory of the call.
struct plain;
struct plain *bind_read_plain(lua_State *L, int at);
void bind_push_plain(lua_State *L, const struct plain *plain); // [-0, +1]

// bind_call.c: the table of what was asked of core.call: a spare one or a new one; the one that is
// used from now on (LUA_NOREF: none); one that is emptied and spare again.
int bind_call_seen(lua_State *L);
void bind_call_show(lua_State *L, int seen);
void bind_call_forget(lua_State *L, int seen);
void bind_call_remember(lua_State *L); // [-1, +0] a table of what it will say, without asking

// bind_people.c: [-0, +1] the apps that have something for a role
void bind_push_apps(lua_State *L, struct call *call, const char *role, const char *org);

// program.c: lists and records as JSON. Does the path begin with a collection of the app, and is
// it all of it, or one of its records, which may be read?
bool program_knows(struct view *view, const struct host_request *request);
bool program_reads(struct view *view, const struct host_request *request);
bool program_answer(struct host *host, struct view *view, const struct host_request *request,
                    struct host_answer *answer, struct err *err);

// One opener a module: [-0, +1].
int open_core_app(lua_State *L);
int open_core_record(lua_State *L);
int open_core_call(lua_State *L);
int open_core_yaml(lua_State *L);
int open_core_people(lua_State *L);
int open_core_catalogue(lua_State *L);
int open_core_log(lua_State *L);
int open_core_csv(lua_State *L);
int open_core_setting(lua_State *L);

// follow.c: after a record was changed.
void bind_follow(lua_State *L, struct call *call, const struct record *record, uint64_t fields);
int bind_record_follow(lua_State *L);
int open_core_job(lua_State *L);
int open_core_live(lua_State *L);
int open_core_net(lua_State *L);
int open_core_seal(lua_State *L);

// bind_job.c
bool job_event_is_known(const struct host *host, const char *full);
struct app *job_calendar(const struct host *host, const char *days); // NULL: nobody knows them
bool names_have(const struct names *names, const char *name);        // bind_people.c
