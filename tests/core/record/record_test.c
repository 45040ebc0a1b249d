// SPDX-License-Identifier: Apache-2.0
// Records on a real store: who may do what, and what becomes of it.
#include "world.h"

#define WHO(person_, ...)                                                                          \
    (&(struct principal){person_, (struct role_grant[]){__VA_ARGS__},                              \
                         sizeof((struct role_grant[]){__VA_ARGS__}) / sizeof(struct role_grant)})

static bool sees(struct world *world, const struct principal *who,
                 const struct collection *collection, struct ref ref)
{
    struct record *record = NULL;
    struct look look;

    look_begin(world, &look, STORE_READ, who);
    CHECK_OK(record_get(&look.view, collection, ref, &record, &look.err), &look.err);
    look_end(&look);
    return record != NULL;
}

static size_t count_rows(struct world *world, const struct principal *who,
                         const struct query *query)
{
    struct record **records;
    struct look look;
    size_t count;

    look_begin(world, &look, STORE_READ, who);
    CHECK_OK(record_query(&look.view, query, &records, &count, &look.err), &look.err);
    look_end(&look);
    return count;
}

static struct query all_of(const struct collection *collection, struct id org)
{
    return (struct query){.collection = collection, .org = org, .order = -1, .limit = 100};
}

// Everybody -------------------------------------------------------------------------------

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

// Fields ----------------------------------------------------------------------------------

static struct ref add_pupil(struct world *world, size_t class, const char *name, const char *code,
                            const char *number, const char *note)
{
    struct value values[STUDENT_FIELDS] = {
        [STUDENT_NAME] = text_value(name),
        [STUDENT_CLASS] = ref_value(world->classes[class]),
        [STUDENT_CODE] = code != NULL ? text_value(code) : null_value(),
        [STUDENT_NUMBER] = number != NULL ? text_value(number) : null_value(),
        [STUDENT_NOTE] = note != NULL ? text_value(note) : null_value(),
    };
    struct look look;
    struct ref ref;

    look_begin(world, &look, STORE_WRITE, NULL);
    ref = make(&look, world->student, world->classes[class].org, values);
    CHECK_OK(look_commit(&look), &look.err);
    return ref;
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
    struct value wanted = text_value("32000020130601003X");
    struct slice plain, stored;
    struct record *record;
    struct look look;

    look_begin(world, &look, STORE_READ, head);
    CHECK_OK(record_find(&look.view, world->student, "@number", world->school, &wanted, &record,
                         &look.err), &look.err);
    CHECK(record != NULL && ref_equal(&record->ref, &ref));
    CHECK(record != NULL && slice_is(record->values[STUDENT_NUMBER].text, "3200…003X"));
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

// Writing ---------------------------------------------------------------------------------

static bool ask(struct world *world, const struct principal *who, struct id org,
                struct value values[LEAVE_FIELDS], struct problem *problem, enum err_code *code)
{
    struct record *record;
    struct look look;
    bool done;

    look_begin(world, &look, STORE_WRITE, who);
    done = record_create(&look.view, world->leave, org, values, &record, problem, &look.err);
    *code = look.err.code;
    CHECK(done || !store_has_writes(look.view.txn));
    look_end(&look);
    return done;
}

static void asking(struct world *world, struct value values[LEAVE_FIELDS])
{
    memset(values, 0, LEAVE_FIELDS * sizeof *values);
    values[LEAVE_STUDENT] = ref_value(world->pupils[0]);
    values[LEAVE_FROM] = date_value("2026-03-02");
    values[LEAVE_TO] = date_value("2026-03-03");
}

static void defaults_and_derived_fields_are_filled_in(struct world *world)
{
    struct principal *mum = WHO(world->mum, {"guardian", world->root});
    struct value values[LEAVE_FIELDS];
    struct ref me = person_ref(world, world->mum);
    struct problem problem;
    struct record *record;
    struct look look;

    asking(world, values);
    look_begin(world, &look, STORE_WRITE, mum);
    CHECK_OK(record_create(&look.view, world->leave, world->school, values, &record, &problem,
                           &look.err), &look.err);
    CHECK(record->version == 1 && slice_is(record->values[LEAVE_STATE].text, "asked"));
    CHECK(ref_equal(&record->values[LEAVE_BY].ref, &me));
    CHECK(ref_equal(&record->values[LEAVE_CLASS].ref, &world->classes[0]));
    CHECK(record->created_ms == world->clock.now_ms);
    look_end(&look);
}

static void what_a_user_may_not_say_is_refused(struct world *world)
{
    struct principal *mum = WHO(world->mum, {"guardian", world->root});
    const struct {
        int field;
        struct value value;
        const char *word; // NULL: denied
    } cases[] = {
        {LEAVE_BY, ref_value(person_ref(world, world->head)), "readonly"},
        {LEAVE_CLASS, ref_value(world->classes[1]), "readonly"},
        {LEAVE_STUDENT, null_value(), "required"},
        {LEAVE_STUDENT, text_value("一"), "type"},
        {LEAVE_STUDENT, ref_value(world->pupils[2]), "absent"}, // another school's child
        {LEAVE_STUDENT, ref_value(world->classes[0]), "absent"},
        {LEAVE_STUDENT, ref_value((struct ref){{{1}}, {{2}}}), "absent"},
        {LEAVE_STATE, text_value("done"), "code"},
        {LEAVE_FROM, text_value("2026-03-02"), "type"},
        {LEAVE_FROM, {VALUE_DATE, {.integer = 1000000}}, "range"},
        {LEAVE_REASON, text_value("\xff"), "encoding"},
        {LEAVE_REASON, {VALUE_TEXT, {.text = {(const uint8_t *)"a\0b", 3}}}, "encoding"},
    };
    struct value values[LEAVE_FIELDS];
    struct problem problem;
    enum err_code code;

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        asking(world, values);
        values[cases[i].field] = cases[i].value;
        CHECK(!ask(world, mum, world->school, values, &problem, &code));
        CHECK(code == ERR_NONE && problem.word != NULL && strcmp(problem.word, cases[i].word) == 0);
        CHECK(problem.field != NULL &&
              strcmp(problem.field, world->leave->fields[cases[i].field].name) == 0);
    }
}

static void nobody_asks_for_a_child_of_others(struct world *world)
{
    struct principal *stranger = WHO(world->stranger, {"guardian", world->root});
    struct principal *head = WHO(world->head, {"head", world->school});
    struct value values[LEAVE_FIELDS];
    struct problem problem;
    enum err_code code;

    asking(world, values);
    CHECK(!ask(world, stranger, world->school, values, &problem, &code));
    CHECK(code == ERR_NONE && strcmp(problem.word, "absent") == 0);
    CHECK(!ask(world, head, world->school, values, &problem, &code) && code == ERR_DENIED);
    CHECK(!ask(world, NULL, (struct id){{7}}, values, &problem, &code) && code == ERR_ABSENT);
}

static void a_teacher_changes_the_state_and_nothing_else(struct world *world)
{
    struct principal *teacher = WHO(world->teacher, {"teacher", world->school});
    struct value values[LEAVE_FIELDS] = {[LEAVE_STATE] = text_value("granted"),
                                         [LEAVE_REASON] = text_value("x")};
    struct problem problem;
    struct record *record;
    uint64_t fields;
    struct look look;
    struct ref ref, other;
    bool may;

    look_begin(world, &look, STORE_WRITE, NULL);
    ref = add_leave(world, &look, 0, "2026-03-04", "asked");
    other = add_leave(world, &look, 1, "2026-03-04", "asked");
    CHECK_OK(look_commit(&look), &look.err);
    look_begin(world, &look, STORE_WRITE, teacher);
    CHECK(record_get(&look.view, world->leave, ref, &record, &look.err) && record != NULL);
    CHECK(record_may(&look.view, VERB_UPDATE, record, &may, &fields, &look.err));
    CHECK(may && fields == 1u << LEAVE_STATE);
    CHECK(record_may(&look.view, VERB_DELETE, record, &may, &fields, &look.err) && !may);
    CHECK(!record_update(&look.view, record, values, 1u << LEAVE_STATE | 1u << LEAVE_REASON,
                         &problem, &look.err) && look.err.code == ERR_DENIED);
    CHECK_OK(record_update(&look.view, record, values, 1u << LEAVE_STATE, &problem, &look.err),
             &look.err);
    CHECK(record->version == 2 && slice_is(record->values[LEAVE_STATE].text, "granted"));
    CHECK(record_get(&look.view, world->leave, other, &record, &look.err) && record == NULL);
    CHECK_OK(look_commit(&look), &look.err);
}

static void a_row_cannot_be_moved_out_of_reach(struct world *world)
{
    struct principal *mum = WHO(world->mum, {"guardian", world->root});
    struct value values[LEAVE_FIELDS];
    struct problem problem;
    struct record *record;
    struct look look;

    asking(world, values);
    look_begin(world, &look, STORE_WRITE, mum);
    CHECK(record_create(&look.view, world->leave, world->school, values, &record, &problem,
                        &look.err));
    values[LEAVE_STATE] = text_value("granted"); // the rule says: state is asked
    CHECK(!record_update(&look.view, record, values, 1u << LEAVE_STATE, &problem, &look.err));
    CHECK(look.err.code == ERR_DENIED && record->version == 1);
    values[LEAVE_REASON] = text_value("更长");
    CHECK_OK(record_update(&look.view, record, values, 1u << LEAVE_REASON, &problem, &look.err),
             &look.err);
    values[LEAVE_STUDENT] = ref_value(world->pupils[3]); // the derived class goes with it
    CHECK_OK(record_update(&look.view, record, values, 1u << LEAVE_STUDENT, &problem, &look.err),
             &look.err);
    CHECK(ref_equal(&record->values[LEAVE_CLASS].ref, &world->classes[3]));
    look_end(&look);
}

static void of_two_editors_one_hears_of_the_other(struct world *world)
{
    struct value values[LEAVE_FIELDS] = {[LEAVE_REASON] = text_value("a")};
    struct look first, second;
    struct record *record;
    struct problem problem;
    struct ref ref;

    look_begin(world, &first, STORE_WRITE, NULL);
    ref = add_leave(world, &first, 0, "2026-03-05", "asked");
    CHECK_OK(look_commit(&first), &first.err);
    look_begin(world, &first, STORE_WRITE, NULL);
    look_begin(world, &second, STORE_WRITE, NULL);
    CHECK(record_get(&first.view, world->leave, ref, &record, &first.err));
    CHECK(record_update(&first.view, record, values, 1u << LEAVE_REASON, &problem, &first.err));
    CHECK(record_get(&second.view, world->leave, ref, &record, &second.err));
    CHECK(record_update(&second.view, record, values, 1u << LEAVE_REASON, &problem, &second.err));
    CHECK_OK(look_commit(&first), &first.err);
    CHECK(!look_commit(&second) && second.err.code == ERR_CONFLICT);
}

static void an_old_copy_of_a_record_cannot_be_written(struct world *world)
{
    struct value values[LEAVE_FIELDS] = {[LEAVE_REASON] = text_value("a")};
    struct record *record, *copy;
    struct problem problem;
    struct look look;
    struct ref ref;

    look_begin(world, &look, STORE_WRITE, NULL);
    ref = add_leave(world, &look, 0, "2026-03-06", "asked");
    CHECK(record_get(&look.view, world->leave, ref, &record, &look.err));
    CHECK(record_get(&look.view, world->leave, ref, &copy, &look.err));
    CHECK(record_update(&look.view, record, values, 1u << LEAVE_REASON, &problem, &look.err));
    values[LEAVE_REASON] = text_value("b");
    CHECK(record_update(&look.view, record, values, 1u << LEAVE_REASON, &problem, &look.err));
    CHECK(record->version == 3);
    CHECK(!record_update(&look.view, copy, values, 1u << LEAVE_REASON, &problem, &look.err));
    CHECK(look.err.code == ERR_CONFLICT);
    CHECK_OK(record_delete(&look.view, record, &look.err), &look.err);
    CHECK(!record_delete(&look.view, copy, &look.err) && look.err.code == ERR_CONFLICT);
    CHECK(record_get(&look.view, world->leave, ref, &record, &look.err) && record == NULL);
    look_end(&look);
}

static void unique_values_are_claimed_once(struct world *world)
{
    char long_code[201], other_code[201];
    struct value values[STUDENT_FIELDS] = {[STUDENT_NAME] = text_value("丁")};
    struct problem problem;
    struct record *record;
    struct look look, second;

    memset(long_code, 'c', 200);
    long_code[200] = 0;
    strcpy(other_code, long_code);
    other_code[199] = 'd';
    add_pupil(world, 0, "戊", long_code, NULL, NULL);
    add_pupil(world, 0, "己", other_code, NULL, NULL);
    look_begin(world, &look, STORE_WRITE, NULL);
    values[STUDENT_CODE] = text_value(long_code);
    CHECK(!record_create(&look.view, world->student, world->school, values, &record, &problem,
                         &look.err));
    CHECK(look.err.code == ERR_NONE && strcmp(problem.word, "unique") == 0 &&
          strcmp(problem.field, "code") == 0 && !store_has_writes(look.view.txn));
    // Another school has numbers of its own; a number of the instance is one everywhere.
    make(&look, world->student, world->second_school, values);
    values[STUDENT_CODE] = null_value();
    values[STUDENT_NUMBER] = text_value("320000201602290013");
    make(&look, world->student, world->second_school, values);
    CHECK(!record_create(&look.view, world->student, world->far_school, values, &record, &problem,
                         &look.err));
    CHECK(look.err.code == ERR_NONE && strcmp(problem.field, "number") == 0);
    values[STUDENT_NUMBER] = null_value();
    make(&look, world->student, world->school, values); // without a number there is no claim
    make(&look, world->student, world->school, values);
    look_end(&look);

    values[STUDENT_CODE] = text_value("7");
    look_begin(world, &look, STORE_WRITE, NULL);
    look_begin(world, &second, STORE_WRITE, NULL);
    make(&look, world->student, world->school, values);
    make(&second, world->student, world->school, values);
    CHECK_OK(look_commit(&look), &look.err);
    CHECK(!look_commit(&second) && second.err.code == ERR_CONFLICT);
}

static void a_released_value_can_be_claimed_again(struct world *world)
{
    struct ref ref = add_pupil(world, 0, "庚", "free-me", NULL, NULL);
    struct value values[STUDENT_FIELDS] = {[STUDENT_NAME] = text_value("辛"),
                                           [STUDENT_CODE] = text_value("free-me")};
    struct value other = text_value("other");
    struct value changed[STUDENT_FIELDS] = {[STUDENT_CODE] = other};
    struct problem problem;
    struct record *record;
    struct look look;

    look_begin(world, &look, STORE_WRITE, NULL);
    CHECK(record_get(&look.view, world->student, ref, &record, &look.err));
    CHECK(record_update(&look.view, record, changed, 1u << STUDENT_CODE, &problem, &look.err));
    make(&look, world->student, world->school, values);
    CHECK_OK(look_commit(&look), &look.err);
    look_begin(world, &look, STORE_READ, NULL);
    CHECK(record_find(&look.view, world->student, "code", world->school, &other, &record,
                      &look.err) && record != NULL && ref_equal(&record->ref, &ref));
    look_end(&look);
}

static void a_record_of_another_node_is_left_alone(struct world *world)
{
    struct value values[LEAVE_FIELDS] = {[LEAVE_REASON] = text_value("a")};
    struct problem problem;
    struct record *record;
    struct look look;

    look_begin(world, &look, STORE_WRITE, NULL);
    look.view.home = (struct id){{5}};
    CHECK(record_get(&look.view, world->student, world->pupils[0], &record, &look.err));
    CHECK(!record_update(&look.view, record, values, 1, &problem, &look.err));
    CHECK(look.err.code == ERR_DENIED);
    CHECK(!record_delete(&look.view, record, &look.err) && look.err.code == ERR_DENIED);
    look_end(&look);
}

static void writes_are_told_to_the_feed(struct world *world)
{
    struct store_entry entries[400];
    struct feed_entry decoded;
    struct look look;
    struct ref ref;
    size_t count;

    look_begin(world, &look, STORE_WRITE, NULL);
    ref = add_leave(world, &look, 0, "2026-03-07", "asked");
    CHECK_OK(look_commit(&look), &look.err);
    look_begin(world, &look, STORE_READ, NULL);
    CHECK(store_log_read(look.view.txn, "feed", 0, 400, entries, &count, &look.err) && count > 10);
    CHECK(feed_decode(entries[count - 1].bytes, &decoded));
    CHECK(ref_equal(&decoded.ref, &ref) && decoded.version == 1 && decoded.verb == VERB_CREATE);
    CHECK(slice_is(decoded.collection, "leave.leave"));
    for (size_t len = 0; len < entries[count - 1].bytes.len; len++)
        CHECK(!feed_decode(slice_of(entries[count - 1].bytes.data, len), &decoded));
    look_end(&look);
}

// Sets ------------------------------------------------------------------------------------

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

// Lists -----------------------------------------------------------------------------------

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
    queries[3].after = &after;
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
    world->budget = (struct budget){0, 0, 10, 1};
    CHECK(!record_query(&look.view, &query, &records, &count, &look.err));
    CHECK(look.err.code == ERR_LIMIT && world->budget.reads == 10);
    look.view.who = NULL;
    CHECK(record_create(&look.view, world->person, world->root, name, &record, &problem, &look.err));
    CHECK(!record_create(&look.view, world->person, world->root, name, &record, &problem,
                         &look.err) && look.err.code == ERR_LIMIT);
    look_end(&look);
}

// The tree --------------------------------------------------------------------------------

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

static void in_a_world(void test(struct world *world))
{
    struct world world;

    world_open(&world);
    test(&world);
    world_close(&world);
}

#define RUN_IN_WORLD(test)                                                                         \
    do {                                                                                           \
        int before = check_state.checks_failed;                                                    \
        in_a_world(test);                                                                          \
        if (check_state.checks_failed == before)                                                   \
            check_state.passed++;                                                                  \
        else                                                                                       \
            check_state.failed++, printf("FAILED %s\n", #test);                                    \
    } while (0)

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
    RUN_IN_WORLD(defaults_and_derived_fields_are_filled_in);
    RUN_IN_WORLD(what_a_user_may_not_say_is_refused);
    RUN_IN_WORLD(nobody_asks_for_a_child_of_others);
    RUN_IN_WORLD(a_teacher_changes_the_state_and_nothing_else);
    RUN_IN_WORLD(a_row_cannot_be_moved_out_of_reach);
    RUN_IN_WORLD(of_two_editors_one_hears_of_the_other);
    RUN_IN_WORLD(an_old_copy_of_a_record_cannot_be_written);
    RUN_IN_WORLD(unique_values_are_claimed_once);
    RUN_IN_WORLD(a_released_value_can_be_claimed_again);
    RUN_IN_WORLD(a_record_of_another_node_is_left_alone);
    RUN_IN_WORLD(writes_are_told_to_the_feed);
    RUN_IN_WORLD(sets_are_answered_once_a_view);
    RUN_IN_WORLD(a_write_makes_a_set_asked_again);
    RUN_IN_WORLD(a_set_may_be_about_a_record_or_made_from_another);
    RUN_IN_WORLD(rows_come_in_the_wanted_order_without_doubles);
    RUN_IN_WORLD(pages_follow_each_other_without_gap);
    RUN_IN_WORLD(filters_choose_the_same_rows_by_any_index);
    RUN_IN_WORLD(questions_that_make_no_sense_are_refused);
    RUN_IN_WORLD(budgets_end_a_call);
    RUN_IN_WORLD(the_tree_knows_who_is_under_whom);
    RUN_IN_WORLD(two_organisations_do_not_share_a_code);
    return check_report("record/record");
}
