// SPDX-License-Identifier: Apache-2.0
// Lists under rules, and the tree of organisations.
#include "world.h"

static void add_many(struct world *world, size_t count)
{
    struct look look;

    look_begin(world, &look, STORE_WRITE, NULL);
    for (size_t i = 0; i < count; i++) {
        char day[16];

        snprintf(day, sizeof day, "2026-%02zu-%02zu", 1 + i * 7 % 12, 1 + i * 5 % 28);
        world->clock.now_ms += 1000;
        add_leave(world, &look, i % 2, day, i % 3 == 0 ? "granted" : "asked");
    }
    CHECK_OK(look_commit(&look), &look.err);
}

static void rows_come_in_the_wanted_order_without_doubles(struct world *world)
{
    struct principal *both = WHO(world->mum, {"guardian", world->root}, {"officer", world->county},
                                 {"teacher", world->school});
    struct query query = all_of(world->leave, world->school);
    struct record **records;
    struct look look;
    size_t count, wrong = 0;

    add_many(world, 60);
    look_begin(world, &look, STORE_READ, both);
    for (int order = -1; order <= LEAVE_STATE; order++) {
        for (int ascending = 0; ascending < 2; ascending++) {
            query.order = order;
            query.ascending = ascending;
            CHECK_OK(record_query(&look.view, &query, &records, &count, &look.err), &look.err);
            CHECK(count == 60);
            for (size_t i = 1; i < count; i++) {
                const struct record *a = records[ascending ? i - 1 : i];
                const struct record *b = records[ascending ? i : i - 1];
                int sign = order < 0 ? 0 : value_compare(&a->values[order], &b->values[order]);

                wrong += sign > 0 || (sign == 0 && memcmp(&a->ref.id, &b->ref.id, ID_LEN) >= 0);
            }
        }
    }
    CHECK(wrong == 0);
    look_end(&look);
}

static void pages_follow_each_other_without_gap(struct world *world)
{
    const struct principal *who[] = {NULL, WHO(world->officer, {"officer", world->county}),
                                     WHO(world->mum, {"guardian", world->root})};
    static const size_t wanted[] = {60, 60, 30};
    struct record **records;
    struct look look;
    size_t count;

    add_many(world, 60);
    for (size_t i = 0; i < 6; i++) {
        struct query query = all_of(world->leave, world->school);
        size_t total = 0;
        struct id last;

        query.limit = 7;
        query.ascending = i % 2;
        look_begin(world, &look, STORE_READ, who[i / 2]);
        do {
            CHECK_OK(record_query(&look.view, &query, &records, &count, &look.err), &look.err);
            for (size_t j = 0; j < count; j++) {
                CHECK(total + j == 0 || (memcmp(&records[j]->ref.id, &last, ID_LEN) < 0) ==
                                            !query.ascending);
                last = records[j]->ref.id;
            }
            total += count;
            query.after = &last;
        } while (count == 7);
        CHECK(total == wanted[i / 2]);
        look_end(&look);
    }
}

static size_t matching(struct world *world, struct filter *filters, size_t count)
{
    struct principal *mum = WHO(world->mum, {"guardian", world->root});
    struct query query = all_of(world->leave, world->school), every = query;
    struct record **records;
    struct look look;
    size_t found, rows, expected = 0;

    query.filters = filters;
    query.filter_count = count;
    look_begin(world, &look, STORE_READ, mum);
    CHECK_OK(record_query(&look.view, &query, &records, &found, &look.err), &look.err);
    CHECK(record_query(&look.view, &every, &records, &rows, &look.err));
    for (size_t i = 0; i < rows; i++) { // the slow way
        bool fits = true;

        for (size_t j = 0; j < count; j++) {
            int order = value_compare(&records[i]->values[filters[j].field], &filters[j].value);

            fits &= filters[j].op == FILTER_IS       ? order == 0
                    : filters[j].op == FILTER_IS_NOT ? order != 0
                    : filters[j].op == FILTER_AT_LEAST ? order >= 0
                                                       : order <= 0;
        }
        expected += fits;
    }
    CHECK(found == expected);
    look_end(&look);
    return found;
}

static void filters_choose_the_same_rows_by_any_index(struct world *world)
{
    struct filter from = {LEAVE_FROM, FILTER_AT_LEAST, date_value("2026-04-01")};
    struct filter until = {LEAVE_FROM, FILTER_AT_MOST, date_value("2026-08-31")};
    struct filter state = {LEAVE_STATE, FILTER_IS, text_value("granted")};
    struct filter other = {LEAVE_STATE, FILTER_IS_NOT, text_value("granted")};
    struct filter class = {LEAVE_CLASS, FILTER_IS, ref_value(world->classes[0])};
    struct filter elsewhere = {LEAVE_CLASS, FILTER_IS, ref_value(world->classes[1])};

    add_many(world, 60);
    CHECK(matching(world, (struct filter[]){from}, 1) > 0);
    CHECK(matching(world, (struct filter[]){from, until}, 2) > 0);
    CHECK(matching(world, (struct filter[]){state}, 1) > 0);
    CHECK(matching(world, (struct filter[]){other, from, until}, 3) > 0);
    CHECK(matching(world, (struct filter[]){class, state}, 2) > 0);
    CHECK(matching(world, (struct filter[]){elsewhere}, 1) == 0);
}

static void questions_that_make_no_sense_are_refused(struct world *world)
{
    struct filter wrong_kind = {LEAVE_FROM, FILTER_IS, text_value("2026-01-01")};
    struct filter no_bound = {LEAVE_FROM, FILTER_AT_LEAST, null_value()};
    struct filter no_field = {LEAVE_FIELDS, FILTER_IS, null_value()};
    struct id after = {{0}};
    struct query good = all_of(world->leave, world->school);
    struct query queries[] = {good, good, good, good, good, good, good, good};
    struct record **records;
    struct look look;
    size_t count;

    queries[0].limit = 0;
    queries[1].limit = 1001;
    queries[2].order = LEAVE_FIELDS;
    queries[3].order = LEAVE_FROM;
    queries[3].after = &after; // of a row that is not there
    queries[4].filters = &wrong_kind;
    queries[5].filters = &no_bound;
    queries[6].filters = &no_field;
    queries[7].collection = world->student;
    queries[7].order = STUDENT_NUMBER;
    look_begin(world, &look, STORE_READ, NULL);
    for (size_t i = 0; i < sizeof queries / sizeof *queries; i++) {
        queries[i].filter_count = queries[i].filters != NULL;
        look.err.code = ERR_NONE;
        CHECK(!record_query(&look.view, &queries[i], &records, &count, &look.err));
        CHECK(look.err.code == ERR_INPUT);
    }
    look_end(&look);
}

// Who asks for many things that are not there keeps the store busy too.
static void looking_in_vain_costs_a_read(struct world *world)
{
    struct filter nobody = {STUDENT_NOTE, FILTER_IS, text_value("nobody")};
    struct query query = all_of(world->student, world->school);

    query.filters = &nobody;
    query.filter_count = 1;
    CHECK(count_rows(world, NULL, &query) == 0);
    CHECK(world->budget.reads == 1);
}

static void budgets_end_a_call(struct world *world)
{
    struct principal *officer = WHO(world->officer, {"officer", world->school});
    struct query query = all_of(world->leave, world->school);
    struct value name[] = {text_value("x")};
    struct record **records, *record;
    struct problem problem;
    struct look look;
    size_t count;

    add_many(world, 60);
    look_begin(world, &look, STORE_WRITE, officer);
    query.limit = 20;
    CHECK_OK(record_query(&look.view, &query, &records, &count, &look.err), &look.err);
    CHECK(count == 20 && world->budget.reads <= 24); // it stops when it has enough
    world->budget = (struct budget){.reads_max = 10, .writes_max = 1};
    CHECK(!record_query(&look.view, &query, &records, &count, &look.err));
    CHECK(look.err.code == ERR_LIMIT && world->budget.reads == 10);
    world->budget = (struct budget){.reads_max = 1000, .bytes_max = 500};
    CHECK(!record_query(&look.view, &query, &records, &count, &look.err));
    CHECK(look.err.code == ERR_LIMIT && world->budget.bytes <= 500);
    world->budget = (struct budget){.reads_max = 10, .writes_max = 1};
    look.view.who = NULL;
    CHECK(record_create(&look.view, world->person, world->root, name, &record, &problem, &look.err));
    CHECK(!record_create(&look.view, world->person, world->root, name, &record, &problem,
                         &look.err) && look.err.code == ERR_LIMIT);
    look_end(&look);
}

static void the_tree_knows_who_is_under_whom(struct world *world)
{
    struct tree_org *org, *children;
    const struct id *path, *orgs;
    struct look look;
    size_t count;
    bool under;

    look_begin(world, &look, STORE_READ, NULL);
    CHECK(tree_get(&look.view, world->school, &org, &look.err) && org != NULL);
    CHECK(org != NULL && strcmp(org->code, "one") == 0 && id_equal(&org->parent, &world->county));
    CHECK(tree_get(&look.view, (struct id){{1}}, &org, &look.err) && org == NULL);
    CHECK(tree_find(&look.view, "far", &org, &look.err) && org != NULL &&
          id_equal(&org->id, &world->far_school));
    CHECK(tree_find(&look.view, "none", &org, &look.err) && org == NULL);
    CHECK(tree_path(&look.view, world->school, &path, &count, &look.err) && count == 3);
    CHECK(id_equal(&path[0], &world->school) && id_equal(&path[2], &world->root));
    CHECK(tree_path(&look.view, (struct id){{1}}, &path, &count, &look.err) && count == 0);
    CHECK(tree_is_under(&look.view, world->school, world->county, &under, &look.err) && under);
    CHECK(tree_is_under(&look.view, world->county, world->school, &under, &look.err) && !under);
    CHECK(tree_is_under(&look.view, world->far_school, world->county, &under, &look.err) && !under);
    CHECK(tree_below(&look.view, world->county, 3, &orgs, &count, &look.err) && count == 3);
    CHECK(!tree_below(&look.view, world->root, 5, &orgs, &count, &look.err));
    CHECK(look.err.code == ERR_LIMIT);
    CHECK(tree_children(&look.view, world->root, &children, &count, &look.err) && count == 2);
    look_end(&look);
}

static void two_organisations_do_not_share_a_code(struct world *world)
{
    struct tree_org org = {.parent = world->county, .kind = "school", .name = "x", .code = "one"};
    struct problem problem;
    struct look look;

    look_begin(world, &look, STORE_WRITE, NULL);
    CHECK(!tree_add(&look.view, &org, &problem, &look.err) && look.err.code == ERR_NONE);
    CHECK(strcmp(problem.field, "code") == 0 && strcmp(problem.word, "unique") == 0);
    org.code = "new";
    org.parent = (struct id){{9}};
    CHECK(!tree_add(&look.view, &org, &problem, &look.err) && strcmp(problem.word, "absent") == 0);
    look_end(&look);
}

int main(void)
{
    RUN_IN_WORLD(rows_come_in_the_wanted_order_without_doubles);
    RUN_IN_WORLD(pages_follow_each_other_without_gap);
    RUN_IN_WORLD(filters_choose_the_same_rows_by_any_index);
    RUN_IN_WORLD(questions_that_make_no_sense_are_refused);
    RUN_IN_WORLD(looking_in_vain_costs_a_read);
    RUN_IN_WORLD(budgets_end_a_call);
    RUN_IN_WORLD(the_tree_knows_who_is_under_whom);
    RUN_IN_WORLD(two_organisations_do_not_share_a_code);
    return check_report("record/query");
}
