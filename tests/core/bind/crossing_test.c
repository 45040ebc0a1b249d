// SPDX-License-Identifier: Apache-2.0
// Nothing crosses between organisations: two of them alternate on one state, while the app
// crossing/gossip/ tries every way to leave something behind, and listens.
#include "world.h"

static void go(struct world *world, struct visit *visit, struct id org, const char *method,
               const char *path)
{
    *visit = (struct visit){.method = method,
                            .app = "gossip",
                            .path = path,
                            .org = org,
                            .person = world->root,
                            .role = "keeper"};
    world_visit(world, visit);
    if (strcmp(path, "/fail") != 0)
        CHECK_OK(visit->status == 200, &visit->err);
}

static void hears_nothing(struct world *world, struct id org)
{
    struct visit visit;

    go(world, &visit, org, "GET", "/hear");
    if (strstr(visit.body, "heard: nothing") == NULL) {
        CHECK(strstr(visit.body, "heard: nothing") != NULL);
        printf("  %s\n", visit.body);
    }
}

static void what_one_leaves_the_other_does_not_find(struct world *world)
{
    struct visit visit;

    for (int round = 0; round < 3; round++) {
        go(world, &visit, world->east, "POST", "/tell");
        hears_nothing(world, world->west);
        go(world, &visit, world->west, "POST", "/tell");
        hears_nothing(world, world->east);
        go(world, &visit, world->east, "GET", "/fail");
        CHECK(visit.err.code == ERR_SCRIPT && strstr(visit.err.text, "secret") == NULL);
        hears_nothing(world, world->west);
    }
}

// Else the test above would hear nothing from nobody.
static void what_one_leaves_one_finds_again(struct world *world)
{
    struct visit visit;

    go(world, &visit, world->east, "POST", "/tell");
    go(world, &visit, world->east, "GET", "/own");
    CHECK(strstr(visit.body, "kept") != NULL && strstr(visit.body, "shelf") != NULL);
    CHECK(strstr(visit.body, "here") == NULL && strstr(visit.body, "chance") == NULL);
    CHECK(strstr(visit.body, "string") == NULL && strstr(visit.body, "app") == NULL);
}

// What was declared once serves both: with the functions of the one that is asked.
static void says(struct world *world, struct id org, const char *words)
{
    static const char *const paths[] = {"/refused", "/written"};
    struct visit visit = {.method = "POST", .app = "gossip", .path = "/write", .org = org,
                          .person = world->root, .role = "keeper"};

    visit_give(&visit, "text", "harmless");
    world_visit(world, &visit);
    CHECK_OK(visit.status == 303, &visit.err);
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        go(world, &visit, org, "GET", paths[i]);
        CHECK(strstr(visit.body, words) != NULL);
    }
}

static void what_is_declared_for_all_runs_what_is_ones_own(struct world *world)
{
    struct visit visit;

    go(world, &visit, world->east, "POST", "/tell"); // it came first, and declared for both
    says(world, world->west, "\"said\":\"nothing\"");
    says(world, world->east, "\"said\":\"secret of ");
    says(world, world->west, "\"said\":\"nothing\"");
    for (int i = 0; i < 2; i++) {
        struct id org = i == 0 ? world->east : world->west;

        go(world, &visit, org, "GET", "/notes");
        CHECK(strstr(visit.body, "harmless") != NULL && strstr(visit.body, "columns") == NULL);
        CHECK(i == 0 || strstr(visit.body, "secret") == NULL);
        go(world, &visit, org, "GET", "/notes.csv");
        CHECK(strstr(visit.body, "harmless") != NULL);
        CHECK(i == 0 || strstr(visit.body, "secret") == NULL);
        go(world, &visit, org, "GET", "/write");
        CHECK(strstr(visit.body, "secret") == NULL);
    }
}

static void handles_die_with_their_call(struct world *world)
{
    struct visit visit;

    go(world, &visit, world->east, "POST", "/keep");
    go(world, &visit, world->east, "GET", "/handles");
    CHECK(strstr(visit.body, "alive") == NULL && strstr(visit.body, "earlier call") != NULL);
}

static void in_a_world(const char *name, void test(struct world *world))
{
    int before = check_state.checks_failed;
    struct world world;

    if (world_open(&world, "tests/core/bind/crossing", false)) {
        for (size_t i = 0; i < world.problem_count; i++)
            printf("  %s\n", world.problems[i]);
        CHECK(world.problem_count == 0);
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
    in_a_world("what_one_leaves_the_other_does_not_find", what_one_leaves_the_other_does_not_find);
    in_a_world("what_one_leaves_one_finds_again", what_one_leaves_one_finds_again);
    in_a_world("what_is_declared_for_all_runs_what_is_ones_own",
               what_is_declared_for_all_runs_what_is_ones_own);
    in_a_world("handles_die_with_their_call", handles_die_with_their_call);
    return check_report("bind/crossing");
}
