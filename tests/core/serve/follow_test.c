// SPDX-License-Identifier: Apache-2.0
// Derived fields that are live follow their source by a job; others stay as they were written.
#include "world.h"

#define APPS "tests/core/serve/trails"

static struct visit send(const char *app, const char *method, const char *path, const char *const *pairs)
{
    struct visit visit = {.method = method, .app = app, .path = path, .org = world.east,
                          .person = world.root, .role = "keeper"};

    for (; *pairs != NULL; pairs += 2)
        visit_give(&visit, pairs[0], pairs[1]);
    world_visit(&world, &visit);
    return visit;
}

#define SEND(app, method, path, ...) send(app, method, path, (const char *const[]){__VA_ARGS__, NULL})

static bool said(struct visit visit, const char *body)
{
    if (strcmp(visit.body, body) != 0)
        printf("  got: %d %s %s\n", visit.status, visit.body, visit.err.text);
    return strcmp(visit.body, body) == 0;
}

// The id of a new room or guest.
static const char *add(const char *what, const char *name)
{
    static char ids[4][REF_TEXT_LEN + 1];
    static int next;
    struct visit visit = SEND("base", "POST", "/add", "what", what, "name", name);
    char *id = ids[next++ % 4];

    CHECK(sscanf(visit.body, "{\"id\":\"%53[^\"]", id) == 1);
    return id;
}

static void rename_to(const char *what, const char *id, const char *name)
{
    CHECK(SEND("base", "POST", "/rename", "what", what, "id", id, "name", name).status == 200);
}

static bool count_is(const char *field, const char *value, const char *body)
{
    return said(SEND("trail", "GET", "/count", field, value), body);
}

static void what_could_not_follow_or_would_decide_late_is_refused(void)
{
    CHECK(world_said(&world, "blind", "no index finds the records that follow: add index = { { "
                                      "\"guest\", instance = true } }"));
    CHECK(world_said(&world, "lag", "\"name\" follows its source a little later; where rules may "
                                    "accept that, write live = \"rules\""));
    CHECK(!world_said(&world, "trail", ""));
}

static void a_live_field_follows_and_another_does_not(void)
{
    const char *room = add("room", "Tower");

    SEND("trail", "POST", "/add", "count", "1", "room", room);
    rename_to("room", room, "Cellar");
    CHECK(said(SEND("trail", "GET", "/one", "a", "b"),
               "{\"now\":\"Tower\",\"versions\":1,\"was\":\"Tower\"}"));
    CHECK(run_due() == 1);
    CHECK(said(SEND("trail", "GET", "/one", "a", "b"),
               "{\"now\":\"Cellar\",\"versions\":2,\"was\":\"Tower\"}"));
    CHECK(count_is("room_now", "Cellar", "{\"count\":1}"));
    CHECK(count_is("room_now", "Tower", "{\"count\":0}"));
}

static void only_what_is_taken_over_makes_work(void)
{
    const char *room = add("room", "Tower");

    SEND("trail", "POST", "/add", "count", "1", "room", room);
    CHECK(SEND("base", "POST", "/raise", "id", room).status == 200);
    CHECK(counts().waiting == 0);
}

static void many_follow_in_steps_and_changes_in_between_are_not_lost(void)
{
    const char *room = add("room", "Tower");

    SEND("trail", "POST", "/add", "count", "450", "room", room);
    rename_to("room", room, "Cellar");
    rename_to("room", room, "Attic"); // one job stands for both
    CHECK(counts().waiting == 1);
    CHECK(runner_step(&runner) == 0);
    CHECK(count_is("room_now", "Attic", "{\"count\":200}"));
    rename_to("room", room, "Roof"); // while the rest waits
    run_due();
    CHECK(count_is("room_now", "Roof", "{\"count\":450}"));
    CHECK(counts().waiting == 0 && counts().dead == 0);
}

static void who_refers_to_the_instance_follows_in_every_house(void)
{
    const char *guest = add("guest", "Eve");
    struct visit far = {.method = "POST", .app = "trail", .path = "/add", .org = world.west,
                        .person = world.root, .role = "keeper"};
    struct visit fan = {.method = "GET", .app = "trail", .path = "/count", .org = world.west,
                        .person = world.root, .role = "fan"};

    SEND("trail", "POST", "/add", "count", "2", "guest", guest);
    visit_give(&far, "count", "3");
    visit_give(&far, "guest", guest);
    world_visit(&world, &far);
    CHECK(far.status == 200);
    world_visit(&world, &fan);
    CHECK(said(fan, "{\"count\":0}"));
    rename_to("guest", guest, "Ada");
    run_due();
    CHECK(count_is("guest_now", "Ada", "{\"count\":2}"));
    world_visit(&world, &fan);
    CHECK(said(fan, "{\"count\":3}")); // a rule that accepts the delay
}

static void a_source_that_is_gone_leaves_what_was_taken_over(void)
{
    const char *room = add("room", "Tower");

    SEND("trail", "POST", "/add", "count", "1", "room", room);
    rename_to("room", room, "Cellar");
    CHECK(SEND("base", "POST", "/drop", "id", room).status == 200);
    run_due();
    CHECK(count_is("room_now", "Tower", "{\"count\":1}"));
    CHECK(counts().waiting == 0 && counts().dead == 0);
}

int main(void)
{
    IN_A_WORLD(APPS, what_could_not_follow_or_would_decide_late_is_refused);
    IN_A_WORLD(APPS, a_live_field_follows_and_another_does_not);
    IN_A_WORLD(APPS, only_what_is_taken_over_makes_work);
    IN_A_WORLD(APPS, many_follow_in_steps_and_changes_in_between_are_not_lost);
    IN_A_WORLD(APPS, who_refers_to_the_instance_follows_in_every_house);
    IN_A_WORLD(APPS, a_source_that_is_gone_leaves_what_was_taken_over);
    return check_report("serve follow");
}
