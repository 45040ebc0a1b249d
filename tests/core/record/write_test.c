// SPDX-License-Identifier: Apache-2.0
// What becomes of what is written, and what may not be.
#include "world.h"

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

static void a_change_needs_a_rule_that_opens_it_before_and_after(struct world *world)
{
    struct principal *warden = WHO(world->teacher, {"warden", world->school});
    struct value values[LEAVE_FIELDS] = {[LEAVE_STATE] = text_value("granted"),
                                         [LEAVE_REASON] = text_value("x")};
    struct problem problem = {NULL, NULL};
    struct record *record;
    struct look look;
    struct ref ref;

    look_begin(world, &look, STORE_WRITE, NULL);
    ref = add_leave(world, &look, 0, "2026-03-07", "asked");
    CHECK_OK(look_commit(&look), &look.err);
    look_begin(world, &look, STORE_WRITE, warden);
    CHECK(record_get(&look.view, world->leave, ref, &record, &look.err) && record != NULL);
    // asked opens the state; of what is granted there is a rule too, and it opens the reason only
    CHECK(!record_update(&look.view, record, values, 1u << LEAVE_STATE, &problem, &look.err));
    CHECK(look.err.code == ERR_DENIED && problem.field != NULL &&
          strcmp(problem.field, "state") == 0);
    CHECK_OK(record_update(&look.view, record, values, 1u << LEAVE_REASON, &problem, &look.err),
             &look.err);
    look_end(&look);
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

int main(void)
{
    RUN_IN_WORLD(defaults_and_derived_fields_are_filled_in);
    RUN_IN_WORLD(what_a_user_may_not_say_is_refused);
    RUN_IN_WORLD(nobody_asks_for_a_child_of_others);
    RUN_IN_WORLD(a_teacher_changes_the_state_and_nothing_else);
    RUN_IN_WORLD(a_change_needs_a_rule_that_opens_it_before_and_after);
    RUN_IN_WORLD(a_row_cannot_be_moved_out_of_reach);
    RUN_IN_WORLD(of_two_editors_one_hears_of_the_other);
    RUN_IN_WORLD(an_old_copy_of_a_record_cannot_be_written);
    RUN_IN_WORLD(unique_values_are_claimed_once);
    RUN_IN_WORLD(a_released_value_can_be_claimed_again);
    RUN_IN_WORLD(a_record_of_another_node_is_left_alone);
    RUN_IN_WORLD(writes_are_told_to_the_feed);
    return check_report("record/write");
}
