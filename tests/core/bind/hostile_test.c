// SPDX-License-Identifier: Apache-2.0
// An isolated app whose process was taken over: it speaks the wire as it likes. Whatever it says
// costs its own call; the next one finds a new process, and nothing of the worker is harmed.
#include <signal.h>

#include "world.h"

#include "base/json.h"
#include "bind/wire.h"
#include "job/queue.h"

// The process -------------------------------------------------------------------------------

static void put_text(struct wire *wire, const char *text)
{
    buffer_u8(&wire->out, WIRE_TEXT);
    buffer_sized(&wire->out, slice_text(text));
}

static void put_map(struct wire *wire)
{
    buffer_u8(&wire->out, WIRE_TABLE);
    buffer_varint(&wire->out, 0);
}

static void put_end(struct wire *wire)
{
    buffer_u8(&wire->out, WIRE_END);
}

static void put_handle(struct wire *wire, char kind, uint64_t number)
{
    buffer_u8(&wire->out, WIRE_OBJECT);
    buffer_u8(&wire->out, (uint8_t)kind);
    buffer_varint(&wire->out, number);
}

static void say(struct wire *wire)
{
    struct err err;

    if (!wire_send(wire, &err))
        _exit(0);
}

static void hear(struct wire *wire, struct frame *frame)
{
    struct err err;

    if (!wire_receive(wire, frame, &err))
        _exit(0);
}

static void begin_ask(struct wire *wire, const char *function, unsigned count)
{
    wire_begin(wire, WIRE_ASK);
    buffer_sized(&wire->out, slice_text(function));
    buffer_sized(&wire->out, slice_text(""));
    buffer_varint(&wire->out, count);
}

static struct frame ask(struct wire *wire)
{
    struct frame frame;

    say(wire);
    hear(wire, &frame);
    return frame;
}

static void done(struct wire *wire, unsigned count)
{
    wire_begin(wire, WIRE_DONE);
    buffer_u8(&wire->out, 0);
    buffer_varint(&wire->out, count);
}

static void answer_page(struct wire *wire, int status, const char *body, const char *location)
{
    done(wire, 1);
    put_map(wire);
    put_text(wire, "status");
    buffer_u8(&wire->out, WIRE_INTEGER);
    buffer_u64(&wire->out, (uint64_t)status);
    put_text(wire, "type");
    put_text(wire, "text/plain");
    put_text(wire, "body");
    put_text(wire, body);
    if (location[0] != 0) {
        put_text(wire, "location");
        put_text(wire, location);
    }
    put_end(wire);
    say(wire);
}

static void send_raw(struct wire *wire, const void *bytes, size_t len)
{
    (void)!write(wire->fd, bytes, len);
    pause();
}

static const char *const elsewhere = "00000000000000000000000001";

// Every page below is one thing that no honest process does.
static void misbehave(struct wire *wire, struct slice page)
{
    static const uint8_t garbage[64] = {0, 0, 0, 40, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11};
    static const uint8_t huge[] = {0xff, 0xff, 0xff, 0xff, 0}, tiny[] = {0, 0, 0, 1, 0};
    struct frame frame;

    if (slice_is(page, "/fine")) {
        answer_page(wire, 200, "fine", "");
    } else if (slice_is(page, "/garbage")) {
        send_raw(wire, garbage, sizeof garbage);
    } else if (slice_is(page, "/huge")) {
        send_raw(wire, huge, sizeof huge);
    } else if (slice_is(page, "/tiny")) {
        send_raw(wire, tiny, sizeof tiny);
    } else if (slice_is(page, "/long")) { // more than an answer may have, byte by byte
        static uint8_t piece[65536];

        wire_begin(wire, WIRE_DONE);
        for (int i = 0; i < 64; i++)
            buffer_bytes(&wire->out, piece, sizeof piece);
        say(wire);
        pause();
    } else if (slice_is(page, "/row")) {
        begin_ask(wire, "row.get", 2);
        put_handle(wire, 'r', 77);
        put_text(wire, "text");
        ask(wire);
    } else if (slice_is(page, "/collection")) {
        begin_ask(wire, "core.record.rows", 1);
        put_handle(wire, 'c', 99);
        ask(wire);
    } else if (slice_is(page, "/huge-handle")) {
        begin_ask(wire, "row.get", 1);
        put_handle(wire, 'r', UINT64_MAX);
        ask(wire);
    } else if (slice_is(page, "/people")) { // a module for the platform only
        begin_ask(wire, "core.people.roles", 0);
        ask(wire);
    } else if (slice_is(page, "/forward")) { // what calls into a process is no function for one
        begin_ask(wire, "answer", 0);
        ask(wire);
    } else if (slice_is(page, "/number")) {
        wire->call += 7;
        answer_page(wire, 200, "another call's", "");
    } else if (slice_is(page, "/turn")) {
        wire_begin(wire, WIRE_ANSWER);
        say(wire);
    } else if (slice_is(page, "/kind")) {
        wire_begin(wire, 200);
        say(wire);
    } else if (slice_is(page, "/deep")) {
        done(wire, 1);
        for (int i = 0; i < 1000; i++) {
            buffer_u8(&wire->out, WIRE_TABLE);
            buffer_varint(&wire->out, 1);
        }
        say(wire);
    } else if (slice_is(page, "/items")) {
        done(wire, 1);
        buffer_u8(&wire->out, WIRE_TABLE);
        buffer_varint(&wire->out, UINT64_C(1) << 60);
        say(wire);
    } else if (slice_is(page, "/values")) {
        done(wire, 1u << 30);
        say(wire);
    } else if (slice_is(page, "/text")) {
        done(wire, 1);
        buffer_u8(&wire->out, WIRE_TEXT);
        buffer_varint(&wire->out, UINT64_MAX);
        say(wire);
    } else if (slice_is(page, "/key")) { // a table with nothing, and with no number, for a key
        done(wire, 1);
        put_map(wire);
        buffer_u8(&wire->out, WIRE_NUMBER);
        buffer_bytes(&wire->out, &(double){0.0 / 0.0}, sizeof(double));
        put_text(wire, "x");
        put_end(wire);
        say(wire);
    } else if (slice_is(page, "/nothing")) {
        done(wire, 0);
        say(wire);
    } else if (slice_is(page, "/status")) {
        answer_page(wire, 700, "", "");
    } else if (slice_is(page, "/elsewhere")) {
        answer_page(wire, 303, "", "//evil.example/");
    } else if (slice_is(page, "/conflict")) { // would be run again and again, or blamed on the disk
        wire_begin(wire, WIRE_FAILED);
        buffer_u8(&wire->out, 0);
        wire_put_err(wire, &(struct err){ERR_CONFLICT, "of nobody"});
        say(wire);
    } else if (slice_is(page, "/code")) {
        wire_begin(wire, WIRE_FAILED);
        buffer_u8(&wire->out, 0);
        buffer_u8(&wire->out, 250);
        buffer_sized(&wire->out, slice_text("no such code"));
        say(wire);
    } else if (slice_is(page, "/write")) { // in a GET
        begin_ask(wire, "core.record.draft", 2);
        put_handle(wire, 'c', 1);
        put_map(wire);
        put_end(wire);
        frame = ask(wire);
        answer_page(wire, 200, frame.kind == WIRE_FAILURE ? "refused" : "written", "");
    } else if (slice_is(page, "/secret")) { // of the same app, in another organisation
        begin_ask(wire, "core.setting.reveal", 2);
        put_text(wire, elsewhere);
        put_text(wire, "key");
        frame = ask(wire);
        answer_page(wire, 200, frame.kind == WIRE_FAILURE ? "refused" : "looked up", "");
    } else if (slice_is(page, "/notify")) { // in another app's name
        begin_ask(wire, "core.job.notify", 1);
        put_text(wire, "{\"app\":\"leave\",\"people\":[],\"word\":\"granted\"},\"app\":\"leave\"");
        frame = ask(wire);
        answer_page(wire, 200, frame.kind == WIRE_FAILURE ? "refused" : "told", "");
    } else if (slice_is(page, "/declare")) { // a rule for itself, after the start
        begin_ask(wire, "core.record.allow", 3);
        put_handle(wire, 'c', 1);
        put_text(wire, "create");
        put_text(wire, "anyone");
        ask(wire);
        begin_ask(wire, "core.app.route", 2);
        put_text(wire, "GET");
        put_text(wire, "/new");
        ask(wire);
        answer_page(wire, 200, "told", "");
    } else if (slice_is(page, "/exit")) {
        _exit(0);
    } else if (slice_is(page, "/crash")) {
        signal(SIGSEGV, SIG_DFL); // a sanitizer would tell a long story first
        raise(SIGSEGV);
    } else if (slice_is(page, "/hang")) {
        pause();
    } else if (slice_is(page, "/print")) {
        for (;;) {
            wire_begin(wire, WIRE_PRINT);
            put_text(wire, "0123456789");
            say(wire);
        }
    } else if (slice_is(page, "/ask")) {
        for (;;) {
            begin_ask(wire, "core.call.is_running", 0);
            ask(wire);
        }
    } else if (slice_is(page, "/deaf")) { // asks, and never takes the answers
        for (;;) {
            begin_ask(wire, "call.get", 1);
            put_text(wire, "org");
            say(wire);
        }
    }
}

static const char *const pages[] = {
    "/fine", "/garbage", "/huge", "/tiny", "/long", "/row", "/collection", "/huge-handle",
    "/people", "/forward", "/number", "/turn", "/kind", "/deep", "/items", "/values", "/text",
    "/key", "/nothing", "/status", "/elsewhere", "/conflict", "/code", "/write", "/secret",
    "/notify", "/declare", "/exit", "/crash", "/hang", "/print", "/ask", "/deaf", NULL};

static void declare_page(struct wire *wire, const char *page)
{
    begin_ask(wire, "core.app.route", 3);
    put_text(wire, strcmp(page, "/notify") == 0 ? "POST" : "GET");
    put_text(wire, page);
    buffer_u8(&wire->out, WIRE_TABLE);
    buffer_varint(&wire->out, 1);
    put_text(wire, "anyone");
    put_end(wire);
    ask(wire);
}

// A collection that the app's role may read, and handle 1.
static void declare_collection(struct wire *wire)
{
    begin_ask(wire, "core.record.declare", 2);
    put_text(wire, "thing");
    put_map(wire);
    put_text(wire, "fields");
    put_map(wire);
    put_text(wire, "text");
    put_map(wire);
    put_text(wire, "type");
    put_text(wire, "text");
    put_end(wire);
    put_end(wire);
    put_end(wire);
    ask(wire);
    begin_ask(wire, "core.record.allow", 3);
    put_handle(wire, 'c', 1);
    put_text(wire, "read");
    put_text(wire, "anyone");
    ask(wire);
}

static void take_call(struct wire *wire, struct slice payload)
{
    struct reader reader = reader_of(payload);
    struct slice name;

    read_u8(&reader);
    for (int i = 0; i < 4; i++)
        read_varint(&reader);
    name = read_sized(&reader);
    if (slice_is(name, "finish")) {
        done(wire, 1);
        put_map(wire);
        put_end(wire);
        say(wire);
    } else if (slice_is(name, "open")) {
        done(wire, 1);
        put_text(wire, "open");
        say(wire);
    }
    for (const char *const *page = pages; slice_is(name, "answer") && *page != NULL; page++) {
        char quoted[64];
        size_t len = (size_t)snprintf(quoted, sizeof quoted, "%c%c%s%c", WIRE_TEXT,
                                      (int)strlen(*page), *page, WIRE_TABLE);

        if (memmem(payload.data, payload.len, quoted, len) != NULL)
            misbehave(wire, slice_text(*page));
    }
}

static void hostile(int socket)
{
    struct wire wire = {.fd = socket, .waits = true, .most_in = FRAME_MAX, .most_out = FRAME_MAX};
    struct frame frame;

    signal(SIGPIPE, SIG_DFL);
    for (;;) {
        hear(&wire, &frame);
        wire.call = frame.tag;
        if (frame.kind == WIRE_BOOT) {
            declare_collection(&wire);
            for (const char *const *page = pages; *page != NULL; page++)
                declare_page(&wire, *page);
            done(&wire, 0);
            say(&wire);
        } else {
            take_call(&wire, frame.payload);
        }
    }
}

// The worker --------------------------------------------------------------------------------

static struct visit visited(struct world *world, const char *page)
{
    struct visit visit = {.method = "GET", .app = "bad", .path = page, .org = world->east,
                          .person = world->root, .role = "anybody"};

    world_visit(world, &visit);
    return visit;
}

static void is_fine_again(struct world *world)
{
    struct visit visit = visited(world, "/fine");

    CHECK_OK(visit.status == 200 && strcmp(visit.body, "fine") == 0, &visit.err);
}

static void fails(struct world *world, const char *page, enum err_code code)
{
    struct visit visit = visited(world, page);

    if (visit.status != 0 || visit.err.code != code)
        printf("  %s: %d, %s: %s\n", page, visit.status, err_word(visit.err.code), visit.err.text);
    CHECK(visit.status == 0 && visit.err.code == code);
    is_fine_again(world);
}

static void what_is_no_message_ends_the_call(struct world *world)
{
    static const char *const tries[] = {"/garbage", "/huge", "/long", "/deep",    "/items",
                                        "/values",  "/text", "/key",  "/nothing", "/code"};

    for (size_t i = 0; i < sizeof tries / sizeof *tries; i++)
        fails(world, tries[i], ERR_SCRIPT);
}

static void what_was_not_handed_out_is_refused(struct world *world)
{
    fails(world, "/row", ERR_SCRIPT);
    fails(world, "/collection", ERR_SCRIPT);
    fails(world, "/huge-handle", ERR_SCRIPT);
    fails(world, "/people", ERR_SCRIPT);
    fails(world, "/forward", ERR_SCRIPT);
}

static void what_comes_out_of_turn_is_refused(struct world *world)
{
    fails(world, "/number", ERR_SCRIPT);
    fails(world, "/turn", ERR_SCRIPT);
    fails(world, "/kind", ERR_SCRIPT);
}

static void an_answer_is_judged_as_any_apps(struct world *world)
{
    fails(world, "/status", ERR_SCRIPT);
    fails(world, "/elsewhere", ERR_SCRIPT);
    fails(world, "/conflict", ERR_SCRIPT);
}

static void a_process_that_ends_costs_its_call(struct world *world)
{
    fails(world, "/exit", ERR_SCRIPT);
    fails(world, "/crash", ERR_SCRIPT);
}

static void a_process_that_does_not_end_is_killed(struct world *world)
{
    fails(world, "/hang", ERR_LIMIT);
    fails(world, "/tiny", ERR_LIMIT); // a message that never becomes whole
    fails(world, "/print", ERR_LIMIT);
    fails(world, "/ask", ERR_LIMIT);
}

static void answers_that_nobody_takes_are_not_waited_for(struct world *world)
{
    struct visit visit = visited(world, "/deaf");

    CHECK(visit.status == 0 && (visit.err.code == ERR_LIMIT || visit.err.code == ERR_SCRIPT));
    is_fine_again(world);
}

static void it_has_the_rights_of_the_caller(struct world *world)
{
    struct visit visit = visited(world, "/write");

    CHECK_OK(strcmp(visit.body, "refused") == 0, &visit.err);
}

static void it_has_the_secrets_of_the_organisation_alone(struct world *world)
{
    struct visit visit = visited(world, "/secret");

    CHECK_OK(strcmp(visit.body, "refused") == 0, &visit.err);
}

static void it_notifies_in_its_own_name(struct world *world)
{
    struct visit visit = {.method = "POST", .app = "bad", .path = "/notify", .org = world->east,
                          .person = world->root, .role = "anybody"};
    struct job *jobs = NULL;
    struct budget budget;
    struct view view;
    size_t count = 0;
    struct err err;

    world_visit(world, &visit);
    CHECK_OK(strcmp(visit.body, "told") == 0, &visit.err);
    view = world_view(world, store_begin(world->store, STORE_READ, &err), NULL, &budget);
    CHECK_OK(queue_list(&view, false, 10, &jobs, &count, &err), &err);
    CHECK(count == 1 && slice_starts(jobs[0].arg, slice_text("{\"app\":\"bad\",\"notice\":\"")));
    CHECK(count == 1 && slice_is(json_member(view.arena, jobs[0].arg, "app"), "bad"));
    CHECK(count == 1 && memmem(jobs[0].arg.data, jobs[0].arg.len, "\"leave\"", 7) == NULL);
    store_end(view.txn);
}

static void what_it_declares_after_the_start_is_not_heard(struct world *world)
{
    struct visit visit = visited(world, "/declare");
    const struct collection *thing = catalog_find(world->catalog, "bad.thing");

    CHECK_OK(visit.status == 200, &visit.err);
    CHECK(thing->rules[VERB_READ] != NULL && thing->rules[VERB_CREATE] == NULL);
    CHECK(visited(world, "/new").err.code == ERR_ABSENT);
}

int main(void)
{
    struct world world;

    world_cell = hostile;
    if (world_open(&world, "tests/core/bind/hostile", false)) {
        CHECK(!world_said(&world, "bad", ""));
        RUN(is_fine_again, &world);
        RUN(what_is_no_message_ends_the_call, &world);
        RUN(what_was_not_handed_out_is_refused, &world);
        RUN(what_comes_out_of_turn_is_refused, &world);
        RUN(an_answer_is_judged_as_any_apps, &world);
        RUN(a_process_that_ends_costs_its_call, &world);
        RUN(a_process_that_does_not_end_is_killed, &world);
        RUN(answers_that_nobody_takes_are_not_waited_for, &world);
        RUN(it_has_the_rights_of_the_caller, &world);
        RUN(it_has_the_secrets_of_the_organisation_alone, &world);
        RUN(it_notifies_in_its_own_name, &world);
        RUN(what_it_declares_after_the_start_is_not_heard, &world);
    }
    world_close(&world);
    return check_report("bind/hostile");
}
