// SPDX-License-Identifier: Apache-2.0
// Who may see what: rules, fields, sealed numbers, sets.
#include "world.h"

static void without_a_rule_nobody_may_do_anything(struct world *world)
{
    struct principal *who = WHO(world->head, {"head", world->root});
    struct value values[] = {text_value("x")};
    struct query query = all_of(world->person, world->root);
    struct problem problem;
    struct record *record;
    struct look look;
    bool may;

    CHECK(!sees(world, who, world->person, person_ref(world, world->mum)));
    CHECK(count_rows(world, who, &query) == 0);
    look_begin(world, &look, STORE_WRITE, who);
    CHECK(!record_create(&look.view, world->person, world->root, values, &record, &problem,
                         &look.err));
    CHECK(look.err.code == ERR_DENIED);
    CHECK(record_may_create(&look.view, world->person, world->root, &may, &look.err) && !may);
    look.view.who = NULL; // the system finds it, the head may not touch it
    CHECK(record_get(&look.view, world->person, person_ref(world, world->mum), &record, &look.err));
    look.view.who = who;
    CHECK(!record_update(&look.view, record, values, 1, &problem, &look.err));
    CHECK(look.err.code == ERR_DENIED);
    CHECK(!record_delete(&look.view, record, &look.err) && look.err.code == ERR_DENIED);
    CHECK(!store_has_writes(look.view.txn));
    look_end(&look);
}

static void a_second_check_keeps_the_rules(struct world *world)
{
    CHECK(catalog_check(world->catalog, print_problem, NULL));
    CHECK(sees(world, WHO(world->mum, {"guardian", world->root}), world->student, world->pupils[0]));
}

static void reach_ends_at_own_class_school_and_county(struct world *world)
{
    struct principal *mum = WHO(world->mum, {"guardian", world->root});
    struct principal *teacher = WHO(world->teacher, {"teacher", world->school});
    struct principal *head = WHO(world->head, {"head", world->school});
    struct principal *county_head = WHO(world->officer, {"head", world->county});
    struct principal *stranger = WHO(world->stranger, {"guardian", world->root},
                                     {"teacher", world->school});
    struct principal nobody = {.grants = head->grants, .grant_count = 0};
    // own class, other class of the school, other school of the county, other county
    static const bool matrix[6][4] = {{true, false, false, true}, {true, false, false, false},
                                      {true, true, false, false}, {true, true, true, false},
                                      {false}, {false}};
    const struct principal *who[6] = {mum, teacher, head, county_head, stranger, &nobody};

    for (size_t i = 0; i < 6; i++)
        for (size_t j = 0; j < 4; j++)
            CHECK(sees(world, who[i], world->student, world->pupils[j]) == matrix[i][j]);
}

static void lists_hold_what_single_reads_hold(struct world *world)
{
    const struct principal *who[] = {WHO(world->mum, {"guardian", world->root}),
                                     WHO(world->teacher, {"teacher", world->school}),
                                     WHO(world->head, {"head", world->county}),
                                     WHO(world->stranger, {"head", world->far_school}), NULL};
    struct query query = all_of(world->student, world->root);

    query.subtree = true;
    for (size_t i = 0; i < sizeof who / sizeof *who; i++) {
        size_t seen = 0;

        for (size_t j = 0; j < 4; j++)
            seen += sees(world, who[i], world->student, world->pupils[j]);
        CHECK(count_rows(world, who[i], &query) == seen);
    }
}

static void a_subtree_is_an_organisation_and_all_below(struct world *world)
{
    struct principal *officer = WHO(world->officer, {"officer", world->county});
    struct query query = all_of(world->leave, world->county);
    struct look look;

    look_begin(world, &look, STORE_WRITE, NULL);
    for (size_t i = 0; i < 4; i++)
        add_leave(world, &look, i, "2026-03-02", "asked");
    CHECK_OK(look_commit(&look), &look.err);
    CHECK(count_rows(world, officer, &query) == 0); // the county's own
    query.subtree = true;
    CHECK(count_rows(world, officer, &query) == 3);
    query.org = world->root;
    CHECK(count_rows(world, officer, &query) == 3);
    CHECK(count_rows(world, NULL, &query) == 4);
    query.org = world->far_school;
    CHECK(count_rows(world, officer, &query) == 0);
}

static void a_role_of_another_school_counts_nothing_here(struct world *world)
{
    struct principal *who = WHO(world->teacher, {"teacher", world->far_school});
    struct query query = all_of(world->student, world->school);

    CHECK(!sees(world, who, world->student, world->pupils[0]));
    CHECK(count_rows(world, who, &query) == 0);
}

static void a_root_record_is_reached_by_a_rule_that_ties_it(struct world *world)
{
    // The role is held at a school, the link belongs to the root.
    struct principal *mum = WHO(world->mum, {"guardian", world->far_school});
    struct principal *other = WHO(world->stranger, {"guardian", world->far_school});
    struct query query = all_of(world->link, world->school);

    CHECK(count_rows(world, mum, &query) == 2);
    CHECK(count_rows(world, other, &query) == 0);
}

// A set about a school's classes has no school at the root: it is asked where the role is held.
static void a_set_for_root_records_is_asked_where_the_role_is_held(struct world *world)
{
    struct principal *here = WHO(world->teacher, {"teacher", world->far_school},
                                 {"teacher", world->school});
    struct principal *elsewhere = WHO(world->teacher, {"teacher", world->far_school});
    struct principal *head = WHO(world->head, {"head", world->far_school});
    struct query query = all_of(world->link, world->school);

    CHECK(count_rows(world, here, &query) == 1);
    CHECK(count_rows(world, elsewhere, &query) == 0);
    CHECK(count_rows(world, head, &query) == 1);
    CHECK(count_rows(world, NULL, &query) == 2);
}

static void closed_fields_are_null_and_leak_nothing(struct world *world)
{
    struct principal *teacher = WHO(world->teacher, {"teacher", world->school});
    struct ref ref = add_pupil(world, 0, "甲", NULL, NULL, "secret");
    struct filter filter = {STUDENT_NOTE, FILTER_IS, text_value("secret")};
    struct query query = all_of(world->student, world->school);
    struct record *record, **records;
    struct look look;
    size_t count;

    look_begin(world, &look, STORE_READ, teacher);
    CHECK_OK(record_get(&look.view, world->student, ref, &record, &look.err), &look.err);
    CHECK(record != NULL && record->readable == (1u << STUDENT_NAME | 1u << STUDENT_CLASS));
    CHECK(record != NULL && record->values[STUDENT_NOTE].kind == VALUE_NULL &&
          slice_is(record->values[STUDENT_NAME].text, "甲"));
    query.filters = &filter;
    query.filter_count = 1;
    CHECK_OK(record_query(&look.view, &query, &records, &count, &look.err), &look.err);
    CHECK(count == 0);
    filter.op = FILTER_AT_LEAST;
    CHECK(record_query(&look.view, &query, &records, &count, &look.err) && count == 0);
    filter = (struct filter){STUDENT_NOTE, FILTER_IS, null_value()}; // as if it were NULL
    CHECK(record_query(&look.view, &query, &records, &count, &look.err) && count == 2);
    query.filter_count = 0;
    query.order = STUDENT_NOTE;
    query.ascending = true;
    CHECK(record_query(&look.view, &query, &records, &count, &look.err) && count == 2);
    CHECK(memcmp(&records[0]->ref.id, &records[1]->ref.id, ID_LEN) < 0); // by id, not by note
    look_end(&look);
    CHECK(count_rows(world, WHO(world->head, {"head", world->school}),
                     &(struct query){.collection = world->student, .org = world->school,
                                     .filters = &(struct filter){STUDENT_NOTE, FILTER_IS,
                                                                 text_value("secret")},
                                     .filter_count = 1, .order = -1, .limit = 9}) == 1);
}

static void several_roles_open_the_union_of_their_fields(struct world *world)
{
    struct principal *both = WHO(world->teacher, {"teacher", world->school},
                                 {"head", world->second_school}, {"guardian", world->root});
    struct record *record;
    struct look look;

    look_begin(world, &look, STORE_READ, both);
    CHECK(record_get(&look.view, world->student, world->pupils[0], &record, &look.err));
    CHECK(record != NULL && record->readable == (1u << STUDENT_NAME | 1u << STUDENT_CLASS));
    CHECK(record_get(&look.view, world->student, world->pupils[2], &record, &look.err));
    CHECK(record != NULL && record->readable == (1u << STUDENT_FIELDS) - 1);
    look_end(&look);
}

static void a_sealed_number_is_masked_found_and_revealed(struct world *world)
{
    struct principal *head = WHO(world->head, {"head", world->school});
    struct principal *teacher = WHO(world->teacher, {"teacher", world->school});
    struct ref ref = add_pupil(world, 0, "乙", NULL, "32000020130601003x", NULL);
    struct value wanted = text_value("32000020130601003X"), shown;
    struct slice plain, stored;
    struct record *record;
    struct look look;

    look_begin(world, &look, STORE_READ, head);
    CHECK_OK(record_find(&look.view, world->student, "@number", world->school, &wanted, &record,
                         &look.err), &look.err);
    CHECK(record != NULL && ref_equal(&record->ref, &ref));
    CHECK(record != NULL &&
          record_shown(&look.view, record, STUDENT_NUMBER, &shown, &look.err) &&
          slice_is(shown.text, "3200…003X"));
    CHECK(record != NULL &&
          record_reveal(&look.view, record, STUDENT_NUMBER, &plain, &look.err) &&
          slice_is(plain, "32000020130601003X"));
    look.view.who = teacher; // may see the pupil, not the number: neither find nor reveal
    CHECK(record_find(&look.view, world->student, "number", world->school, &wanted, &record,
                      &look.err) && record == NULL);
    CHECK(record_get(&look.view, world->student, ref, &record, &look.err));
    CHECK(record != NULL && record->values[STUDENT_NUMBER].kind == VALUE_NULL &&
          !record_reveal(&look.view, record, STUDENT_NUMBER, &plain, &look.err) &&
          look.err.code == ERR_DENIED);
    look.view.who = NULL;
    {
        uint8_t key[128] = {'R'};
        size_t len = 1 + ID_LEN;

        memcpy(key + 1, ref.org.bytes, ID_LEN);
        len += (size_t)sprintf((char *)key + len, "%cbase.studentr", 12);
        memcpy(key + len, ref.id.bytes, ID_LEN);
        CHECK(store_get(look.view.txn, slice_of(key, len + ID_LEN), &stored, &look.err));
        CHECK(stored.data != NULL && memmem(stored.data, stored.len, "20130601", 8) == NULL);
    }
    look_end(&look);
}

static void a_mask_sent_back_changes_nothing(struct world *world)
{
    struct principal *head = WHO(world->head, {"head", world->school});
    struct ref ref = add_pupil(world, 0, "丙", NULL, "320000201509010013", NULL);
    struct value values[STUDENT_FIELDS] = {[STUDENT_NUMBER] = text_value("3200…0013")};
    struct problem problem;
    struct record *record;
    struct look look;

    look_begin(world, &look, STORE_WRITE, head);
    CHECK(record_get(&look.view, world->student, ref, &record, &look.err));
    CHECK_OK(record_update(&look.view, record, values, 1u << STUDENT_NUMBER, &problem, &look.err),
             &look.err);
    values[STUDENT_NUMBER] = text_value("320000201509010013");
    CHECK(record_update(&look.view, record, values, 1u << STUDENT_NUMBER, &problem, &look.err));
    CHECK(record->version == 1 && !store_has_writes(look.view.txn));
    values[STUDENT_NUMBER] = text_value("320000201509010012");
    CHECK(!record_update(&look.view, record, values, 1u << STUDENT_NUMBER, &problem, &look.err));
    CHECK(look.err.code == ERR_NONE && strcmp(problem.word, "check") == 0);
    look_end(&look);
}

static void sets_are_answered_once_a_view(struct world *world)
{
    struct principal *mum = WHO(world->mum, {"guardian", world->root});
    const struct set_def *children = catalog_find_set(world->catalog, "children");
    const struct ref *members;
    struct look look;
    uint32_t reads;
    size_t count;

    look_begin(world, &look, STORE_READ, mum);
    CHECK(record_set(&look.view, children, world->school, NULL, &members, &count, &look.err));
    CHECK(count == 2);
    reads = world->budget.reads;
    CHECK(reads > 0);
    CHECK(record_set(&look.view, children, world->far_school, NULL, &members, &count, &look.err));
    CHECK(count == 2 && world->budget.reads == reads); // links stand at the root
    look.view.who = NULL;
    look.view.sets = NULL;
    CHECK(record_set(&look.view, children, world->school, NULL, &members, &count, &look.err));
    CHECK(count == 0);
    look_end(&look);
}

static void a_write_makes_a_set_asked_again(struct world *world)
{
    struct principal *mum = WHO(world->mum, {"guardian", world->root});
    const struct set_def *children = catalog_find_set(world->catalog, "children");
    struct ref me = person_ref(world, world->mum);
    const struct ref *members;
    struct look look;
    size_t count;

    look_begin(world, &look, STORE_WRITE, mum);
    CHECK(record_set(&look.view, children, world->school, NULL, &members, &count, &look.err));
    CHECK(count == 2);
    look.view.who = NULL;
    make(&look, world->link, world->root,
         (struct value[]){ref_value(me), ref_value(world->pupils[1]), null_value(), null_value()});
    look.view.who = mum;
    CHECK(record_set(&look.view, children, world->school, NULL, &members, &count, &look.err));
    CHECK(count == 3);
    look_end(&look);
}

static void a_set_may_be_about_a_record_or_made_from_another(struct world *world)
{
    struct principal *teacher = WHO(world->teacher, {"teacher", world->school});
    struct ref mum = person_ref(world, world->mum);
    const struct ref *members;
    struct look look;
    size_t count;

    look_begin(world, &look, STORE_READ, teacher);
    CHECK(record_set(&look.view, catalog_find_set(world->catalog, "guardians"), world->school,
                     &world->pupils[0], &members, &count, &look.err));
    CHECK(count == 1 && ref_equal(&members[0], &mum));
    CHECK(record_set(&look.view, catalog_find_set(world->catalog, "pupils"), world->school, NULL,
                     &members, &count, &look.err));
    CHECK(count >= 1);
    CHECK(record_set(&look.view, catalog_find_set(world->catalog, "pupils"), world->far_school,
                     NULL, &members, &count, &look.err));
    CHECK(count == 0); // she teaches there nothing
    look_end(&look);
}

int main(void)
{
    RUN_IN_WORLD(without_a_rule_nobody_may_do_anything);
    RUN_IN_WORLD(a_second_check_keeps_the_rules);
    RUN_IN_WORLD(reach_ends_at_own_class_school_and_county);
    RUN_IN_WORLD(lists_hold_what_single_reads_hold);
    RUN_IN_WORLD(a_subtree_is_an_organisation_and_all_below);
    RUN_IN_WORLD(a_role_of_another_school_counts_nothing_here);
    RUN_IN_WORLD(a_root_record_is_reached_by_a_rule_that_ties_it);
    RUN_IN_WORLD(a_set_for_root_records_is_asked_where_the_role_is_held);
    RUN_IN_WORLD(closed_fields_are_null_and_leak_nothing);
    RUN_IN_WORLD(several_roles_open_the_union_of_their_fields);
    RUN_IN_WORLD(a_sealed_number_is_masked_found_and_revealed);
    RUN_IN_WORLD(a_mask_sent_back_changes_nothing);
    RUN_IN_WORLD(sets_are_answered_once_a_view);
    RUN_IN_WORLD(a_write_makes_a_set_asked_again);
    RUN_IN_WORLD(a_set_may_be_about_a_record_or_made_from_another);
    return check_report("record/access");
}
