// SPDX-License-Identifier: Apache-2.0
// Calls that are open at once: of two organisations on one state, a turn being one instruction.
// Whatever one says is what it says alone.
#include "world.h"

enum { STEPS_MAX = 2000000 };

// A visit that goes on turn by turn.
struct talk {
    struct visit visit;
    struct role_grant grant;
    struct principal who;
    struct host_request request;
    struct host_answer answer;
    struct store_txn *txn;
    struct view view;
    struct budget budget;
    struct arena arena;
    struct host_call *call;
    enum host_step step;
    int turns;
};

static void talk_begin(struct world *world, struct talk *talk, struct id org, const char *method,
                       const char *path, const char *say)
{
    struct visit *visit = &talk->visit;
    bool write;

    *talk = (struct talk){.visit = {.method = method, .app = "talk", .path = path, .org = org,
                                    .person = world->root, .role = "keeper"}};
    if (strcmp(path, "/") == 0)
        visit->app = "platform", visit->org = world->root;
    visit_give(visit, strcmp(method, "GET") == 0 ? "say" : "text", say);
    talk->grant = (struct role_grant){"keeper", org};
    talk->who = (struct principal){.person = world->root, .grants = &talk->grant, .grant_count = 1};
    talk->request = visit_request(visit);
    talk->request.role_org = org;
    talk->txn = store_begin(world->store, STORE_WRITE, &visit->err);
    talk->view = world_view(world, talk->txn, &talk->who, &talk->budget);
    talk->view.arena = &talk->arena;
    visit->err = (struct err){ERR_NONE, ""};
    talk->step = HOST_FAILED;
    if (host_route(world->host, &talk->view, &talk->request, &write, &visit->err))
        talk->step = host_begin(world->host, &talk->view, &talk->request, &talk->answer,
                                &talk->call, &visit->err);
}

static bool talk_is_open(const struct talk *talk)
{
    return talk->step == HOST_TURN || talk->step == HOST_WAITS;
}

static void talk_go(struct talk *talk)
{
    talk->step = host_go(talk->call, &talk->visit.err);
    talk->turns++;
}

static void talk_end(struct talk *talk)
{
    if (talk_is_open(talk))
        host_end(talk->call);
    if (talk->step == HOST_DONE) {
        visit_answered(&talk->visit, &talk->answer);
        if (talk->answer.writes)
            CHECK_OK(store_commit_wait(talk->txn, &talk->visit.err), &talk->visit.err);
    }
    store_end(talk->txn);
    arena_finish(&talk->arena);
}

static void alone(struct world *world, struct talk *talk, struct id org, const char *method,
                  const char *path, const char *say)
{
    talk_begin(world, talk, org, method, path, say);
    while (talk_is_open(talk) && talk->turns < STEPS_MAX)
        talk_go(talk);
    talk_end(talk);
}

static void together(struct talk *a, struct talk *b)
{
    for (int i = 0; i < STEPS_MAX && (talk_is_open(a) || talk_is_open(b)); i++) {
        if (talk_is_open(a))
            talk_go(a);
        if (talk_is_open(b))
            talk_go(b);
    }
    talk_end(a);
    talk_end(b);
}

static void is_same(const struct talk *talk, const struct talk *first)
{
    CHECK(talk->visit.status == first->visit.status && talk->step == first->step);
    CHECK(talk->visit.err.code == first->visit.err.code);
    if (strcmp(talk->visit.body, first->visit.body) != 0 ||
        strcmp(talk->visit.err.text, first->visit.err.text) != 0) {
        CHECK(strcmp(talk->visit.body, first->visit.body) == 0);
        printf("  %s %s\n  alone: %s %s\n  now: %s %s\n", talk->visit.path, talk->visit.role,
               first->visit.body, first->visit.err.text, talk->visit.body, talk->visit.err.text);
    }
}

static void write_some(struct world *world)
{
    struct talk talk;

    alone(world, &talk, world->east, "POST", "/note", "east");
    CHECK_OK(talk.visit.status == 200, &talk.visit.err);
    alone(world, &talk, world->west, "POST", "/note", "west");
    CHECK_OK(talk.visit.status == 200, &talk.visit.err);
}

static void two_organisations_see_only_themselves(struct world *world)
{
    static const char *const paths[] = {"/say", "/page", "/fail", "/read", "/"};
    struct talk east, west, a, b;

    write_some(world);
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        alone(world, &east, world->east, "GET", paths[i], "in the east");
        alone(world, &west, world->west, "GET", paths[i], "to the west");
        CHECK_OK(strcmp(paths[i], "/fail") == 0 || (east.visit.status == 200 && east.turns > 10),
                 &east.visit.err);
        CHECK(strcmp(paths[i], "/read") == 0 || strcmp(east.visit.body, west.visit.body) != 0 ||
              strcmp(east.visit.err.text, west.visit.err.text) != 0);
        for (size_t j = 0; j < sizeof paths / sizeof *paths; j++) {
            struct talk other;

            alone(world, &other, world->west, "GET", paths[j], "to the west");
            talk_begin(world, &a, world->east, "GET", paths[i], "in the east");
            talk_begin(world, &b, world->west, "GET", paths[j], "to the west");
            together(&a, &b);
            is_same(&a, &east);
            is_same(&b, &other);
        }
    }
}

static void each_saves_what_it_changed(struct world *world)
{
    struct talk a, b;

    talk_begin(world, &a, world->east, "POST", "/note", "east");
    talk_begin(world, &b, world->west, "POST", "/note", "west");
    together(&a, &b);
    CHECK_OK(a.visit.status == 200 && strstr(a.visit.body, "[\"east\",\"east\",3]") != NULL,
             &a.visit.err);
    CHECK_OK(b.visit.status == 200 && strstr(b.visit.body, "[\"west\",\"west\",3]") != NULL,
             &b.visit.err);
    alone(world, &a, world->east, "GET", "/page", "x");
    CHECK_OK(a.visit.status == 200, &a.visit.err);
    CHECK(strstr(a.visit.body, "<p class=\"read\">east2") != NULL);
    CHECK(strstr(a.visit.body, "<p class=\"new\">east1") != NULL);
}

// So that variables of a module need no locks.
static void one_organisations_calls_follow_each_other(struct world *world)
{
    struct talk a, b;

    talk_begin(world, &a, world->east, "GET", "/alone", "one");
    talk_begin(world, &b, world->east, "GET", "/alone", "two");
    together(&a, &b);
    CHECK(strcmp(a.visit.body, "[1]") == 0 && strcmp(b.visit.body, "[1]") == 0);
}

static void what_a_call_is_in_does_not_make_room(struct world *world)
{
    struct talk a, b, c;

    world->config->script.instances = 1;
    talk_begin(world, &a, world->east, "GET", "/alone", "one");
    for (int i = 0; i < 5; i++)
        talk_go(&a);
    alone(world, &b, world->west, "GET", "/alone", "west");
    CHECK(strcmp(b.visit.body, "[1]") == 0);
    talk_begin(world, &c, world->east, "GET", "/alone", "two");
    for (int i = 0; i < 20000 && talk_is_open(&c); i++)
        talk_go(&c);
    CHECK(talk_is_open(&a) && talk_is_open(&c)); // it follows the first
    together(&a, &c);
    CHECK(strcmp(a.visit.body, "[1]") == 0 && strcmp(c.visit.body, "[1]") == 0);
}

static void who_left_is_forgotten(struct world *world)
{
    struct talk a, b;

    for (int turns = 1; turns < 400; turns += 7) {
        talk_begin(world, &a, world->east, "GET", turns % 2 == 0 ? "/page" : "/forever", "gone");
        talk_begin(world, &b, world->root, "GET", "/", "gone");
        for (int i = 0; i < turns && talk_is_open(&a) && talk_is_open(&b); i++) {
            talk_go(&a);
            talk_go(&b);
        }
        CHECK(talk_is_open(&a) && talk_is_open(&b));
        talk_end(&a);
        talk_end(&b);
        alone(world, &a, world->east, "GET", "/alone", "next");
        CHECK(strcmp(a.visit.body, "[1]") == 0);
    }
}

static void a_deadline_ends_one_and_not_the_other(struct world *world)
{
    struct talk a, b;

    world->config->script.cpu_ms = 20;
    world->config->script.slice_ms = 1;
    alone(world, &a, world->east, "GET", "/alone", "warm");
    alone(world, &a, world->west, "GET", "/alone", "warm");
    world->config->script.slice_ms = 0;
    world->config->script.cpu_ms = 2000;
    talk_begin(world, &b, world->west, "GET", "/say", "to the west");
    CHECK(talk_is_open(&b));
    world->config->script.slice_ms = 1;
    world->config->script.cpu_ms = 20;
    alone(world, &a, world->east, "GET", "/forever", "x");
    CHECK(a.step == HOST_FAILED && a.visit.err.code == ERR_LIMIT && a.turns > 3);
    CHECK_OK(strstr(a.visit.err.text, "processor time of 20 ms") != NULL, &a.visit.err);
    CHECK(a.answer.cpu_us >= 20000 && a.answer.cpu_us < 250000);
    while (talk_is_open(&b))
        talk_go(&b);
    talk_end(&b);
    CHECK_OK(b.visit.status == 200 && strstr(b.visit.body, "west") != NULL, &b.visit.err);
    alone(world, &a, world->east, "GET", "/alone", "again");
    CHECK(strcmp(a.visit.body, "[1]") == 0); // what the loop had begun is forgotten
}

static void a_write_waits_for_the_store_only(struct world *world)
{
    struct talk talk;

    alone(world, &talk, world->east, "POST", "/yield", "x");
    CHECK(talk.visit.err.code == ERR_SCRIPT);
    CHECK(strstr(talk.visit.err.text, "talk/main.lua:98: coroutine.yield: nobody resumes") != NULL);
    alone(world, &talk, world->east, "POST", "/sleep", "x");
    CHECK(strstr(talk.visit.err.text, "undeclared variable 'os'") != NULL);
}

static void in_a_world(const char *name, void test(struct world *world))
{
    int before = check_state.checks_failed;
    struct world world;

    if (world_open(&world, "tests/core/bind/turns", false)) {
        for (size_t i = 0; i < world.problem_count; i++)
            printf("  %s\n", world.problems[i]);
        world.config->script.slice_ms = 0;
        world.config->script.cpu_ms = 10000;
        world.config->script.wall_ms = 60000;
        test(&world);
        world_close(&world);
    }
    if (check_state.checks_failed == before)
        check_state.passed++;
    else
        check_state.failed++, printf("FAILED %s\n", name);
}

int main(void)
{
    in_a_world("two_organisations_see_only_themselves", two_organisations_see_only_themselves);
    in_a_world("each_saves_what_it_changed", each_saves_what_it_changed);
    in_a_world("one_organisations_calls_follow_each_other", one_organisations_calls_follow_each_other);
    in_a_world("what_a_call_is_in_does_not_make_room", what_a_call_is_in_does_not_make_room);
    in_a_world("who_left_is_forgotten", who_left_is_forgotten);
    in_a_world("a_deadline_ends_one_and_not_the_other", a_deadline_ends_one_and_not_the_other);
    in_a_world("a_write_waits_for_the_store_only", a_write_waits_for_the_store_only);
    return check_report("bind/turns");
}
