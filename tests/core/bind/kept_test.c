// SPDX-License-Identifier: Apache-2.0
// What was, through the door: deletions and their undoing, former versions,
// counters.
#include "world.h"

#include "base/json.h"

static struct visit visit_of(const struct world *world, const char *method, const char *path)
{
    return (struct visit){.method = method, .app = "diary", .path = path, .org = world->east,
                          .person = world->root, .role = "keeper"};
}

static void get(struct world *world, struct visit *visit, const char *path)
{
    *visit = visit_of(world, "GET", path);
    world_visit(world, visit);
}

// POST, with at most two fields.
static void post(struct world *world, struct visit *visit, const char *path, const char *name,
                 const char *value, const char *more, const char *other)
{
    *visit = visit_of(world, "POST", path);
    if (name != NULL)
        visit_give(visit, name, value);
    if (more != NULL)
        visit_give(visit, more, other);
    world_visit(world, visit);
}

static void take_id(const struct visit *visit, char id[REF_TEXT_LEN + 1])
{
    struct arena arena = ARENA_EMPTY;
    struct slice found = json_member(&arena, slice_text(visit->body), "id");

    snprintf(id, REF_TEXT_LEN + 1, "%.*s", (int)found.len, (const char *)found.data);
    CHECK(found.len == REF_TEXT_LEN);
    arena_finish(&arena);
}

static void new_shelf(struct world *world, const char *name, char id[REF_TEXT_LEN + 1])
{
    struct visit visit;

    post(world, &visit, "/shelf", "name", name, NULL, NULL);
    CHECK(visit.status == 200);
    take_id(&visit, id);
}

static void a_deleted_row_is_gone_and_comes_back(struct world *world)
{
    char id[REF_TEXT_LEN + 1], path[128];
    struct visit visit;

    new_shelf(world, "one", id);
    snprintf(path, sizeof path, "/delete/%s", id);
    post(world, &visit, path, NULL, NULL, NULL, NULL);
    CHECK(visit.status == 200 && strstr(visit.body, "\"gone\":true") != NULL);
    CHECK(strstr(visit.body, "\"name\":\"nothing\"") != NULL);
    get(world, &visit, "/shelves");
    CHECK(strstr(visit.body, "\"count\":0") != NULL && strstr(visit.body, "\"found\":false") != NULL);
    snprintf(path, sizeof path, "/undelete/%s", id);
    post(world, &visit, path, NULL, NULL, NULL, NULL);
    CHECK(visit.status == 200 && strstr(visit.body, "\"name\":\"one\"") != NULL);
    get(world, &visit, "/shelves");
    CHECK(strstr(visit.body, "\"count\":1") != NULL && strstr(visit.body, "\"found\":true") != NULL);
    post(world, &visit, path, NULL, NULL, NULL, NULL); // there is nothing to undo any more
    CHECK(visit.status == 422);
    post(world, &visit, "/undelete/nonsense", NULL, NULL, NULL, NULL);
    CHECK(visit.status == 422);
}

static void a_taken_name_keeps_it_away(struct world *world)
{
    char id[REF_TEXT_LEN + 1], path[128];
    struct visit visit;

    new_shelf(world, "one", id);
    snprintf(path, sizeof path, "/delete/%s", id);
    post(world, &visit, path, NULL, NULL, NULL, NULL);
    snprintf(path, sizeof path, "/undelete/%s", id);
    new_shelf(world, "one", id);
    visit = visit_of(world, "POST", path);
    world_visit(world, &visit);
    CHECK(visit.status == 422 && strstr(visit.body, "已经有一样的记录") != NULL);
}

static void a_reference_to_a_deleted_row_is_nil(struct world *world)
{
    char shelf[REF_TEXT_LEN + 1], entry[REF_TEXT_LEN + 1], path[128];
    struct visit visit;

    new_shelf(world, "one", shelf);
    post(world, &visit, "/entry", "shelf", shelf, "text", "a book");
    take_id(&visit, entry);
    snprintf(path, sizeof path, "/entry/%s", entry);
    get(world, &visit, path);
    CHECK(strstr(visit.body, "\"shelf\":\"one\"") != NULL);
    snprintf(path, sizeof path, "/delete/%s", shelf);
    post(world, &visit, path, NULL, NULL, NULL, NULL);
    snprintf(path, sizeof path, "/entry/%s", entry);
    get(world, &visit, path);
    CHECK(visit.status == 200 && strstr(visit.body, "\"shelf\":\"nothing\"") != NULL);
    visit = visit_of(world, "GET", path);
    visit.program = true;
    world_visit(world, &visit);
    CHECK(visit.status == 200 && strstr(visit.body, "\"shelf\":null") != NULL);
}

static void a_read_undoes_nothing(struct world *world)
{
    char id[REF_TEXT_LEN + 1], path[128];
    struct visit visit;

    new_shelf(world, "one", id);
    snprintf(path, sizeof path, "/undelete/%s", id);
    get(world, &visit, path);
    CHECK(visit.err.code == ERR_SCRIPT && strstr(visit.err.text, "coll:undelete in a read") != NULL);
}

static void write_twice(struct world *world, char entry[REF_TEXT_LEN + 1])
{
    char shelf[REF_TEXT_LEN + 1], path[128];
    struct visit visit;

    new_shelf(world, "one", shelf);
    post(world, &visit, "/entry", "shelf", shelf, "text", "first");
    take_id(&visit, entry);
    snprintf(path, sizeof path, "/entry/%s", entry);
    post(world, &visit, path, "text", "second", NULL, NULL);
    CHECK(visit.status == 200);
}

static void get_as_of(struct world *world, struct visit *visit, const char *entry,
                      const char *time)
{
    char path[128];

    snprintf(path, sizeof path, "/as_of/%s", entry);
    *visit = visit_of(world, "GET", path);
    visit_give(visit, "time", time);
    world_visit(world, visit);
}

static void what_a_row_was_is_told(struct world *world)
{
    char entry[REF_TEXT_LEN + 1], path[128];
    struct visit visit;

    write_twice(world, entry);
    snprintf(path, sizeof path, "/history/%s", entry);
    get(world, &visit, path);
    CHECK(visit.status == 200);
    CHECK(strstr(visit.body, "first") != NULL && strstr(visit.body, "second") != NULL);
    CHECK(strstr(visit.body, "first") < strstr(visit.body, "second"));
    CHECK(strstr(visit.body, "nobody") == NULL);
    get_as_of(world, &visit, entry, "1000");
    CHECK(strstr(visit.body, "nothing") != NULL);
    get_as_of(world, &visit, entry, "2199-12-31");
    CHECK(strstr(visit.body, "second") != NULL);
    get_as_of(world, &visit, entry, "2199-02-31");
    CHECK(visit.err.code == ERR_SCRIPT && strstr(visit.err.text, "not a date") != NULL);
}

static void the_past_is_not_written(struct world *world)
{
    char entry[REF_TEXT_LEN + 1], path[128];
    struct visit visit;

    write_twice(world, entry);
    snprintf(path, sizeof path, "/forge/%s", entry);
    post(world, &visit, path, NULL, NULL, NULL, NULL);
    CHECK(visit.err.code == ERR_SCRIPT && strstr(visit.err.text, "former version") != NULL);
    get(world, &visit, "/shelf_history");
    CHECK(strstr(visit.err.text, "history = true") != NULL);
}

// The keeper of these tests is no person of the register: a member that is not there is none.
static void a_set_has_no_absent_members(struct world *world)
{
    struct visit visit;

    get(world, &visit, "/mine");
    CHECK(visit.status == 200 && strstr(visit.body, "\"mine\":0") != NULL);
}

static void an_app_counts_what_it_may(struct world *world)
{
    char shelf[REF_TEXT_LEN + 1], entry[REF_TEXT_LEN + 1], west[ID_TEXT_LEN + 1];
    struct visit visit;

    write_twice(world, entry);
    new_shelf(world, "two", shelf);
    post(world, &visit, "/entry", "shelf", shelf, "text", "another");
    post(world, &visit, "/entry", "shelf", shelf, "text", "a third");
    id_to_text(&world->west, west);
    visit = visit_of(world, "GET", "/count");
    visit_give(&visit, "shelf", shelf);
    visit_give(&visit, "west", west);
    world_visit(world, &visit);
    CHECK(visit.status == 200);
    CHECK(strstr(visit.body, "\"all\":3") != NULL && strstr(visit.body, "\"shelf\":2") != NULL);
    CHECK(strstr(visit.body, "\"subtree\":3") != NULL && strstr(visit.body, "\"sum\":0") != NULL);
    CHECK(strstr(visit.body, "\"secret\":\"nothing\"") != NULL);
    CHECK(strstr(visit.body, "\"west\":\"nothing\"") != NULL);
    get(world, &visit, "/miscount");
    CHECK(visit.err.code == ERR_SCRIPT && strstr(visit.err.text, "no rollup") != NULL);
}

static void in_a_world(const char *name, void test(struct world *world))
{
    int before = check_state.checks_failed;
    struct world world;

    if (world_open(&world, "tests/core/bind/kept", false)) {
        for (size_t i = 0; i < world.problem_count; i++)
            printf("  %s\n", world.problems[i]);
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
    in_a_world("a_deleted_row_is_gone_and_comes_back", a_deleted_row_is_gone_and_comes_back);
    in_a_world("a_taken_name_keeps_it_away", a_taken_name_keeps_it_away);
    in_a_world("a_reference_to_a_deleted_row_is_nil", a_reference_to_a_deleted_row_is_nil);
    in_a_world("a_read_undoes_nothing", a_read_undoes_nothing);
    in_a_world("what_a_row_was_is_told", what_a_row_was_is_told);
    in_a_world("the_past_is_not_written", the_past_is_not_written);
    in_a_world("a_set_has_no_absent_members", a_set_has_no_absent_members);
    in_a_world("an_app_counts_what_it_may", an_app_counts_what_it_may);
    return check_report("bind/kept");
}
