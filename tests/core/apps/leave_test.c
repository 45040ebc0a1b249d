// SPDX-License-Identifier: Apache-2.0
// Who may ask, see and decide: the leave app's rules, through its routes and past them.
#include "world.h"

static struct world world;
static struct actor mum, dad, other_mum, head, colleague, principal, stranger, county;
static char kid[REF_TEXT_LEN + 1], other_kid[REF_TEXT_LEN + 1];

static struct id person_of(const char *collection, const char *index, struct id org, const char *text)
{
    struct record *record;
    struct id id = {{0}};

    world_begin(&world);
    record = world_find(&world, collection, index, org, text);
    CHECK(record != NULL);
    if (record != NULL)
        id = collection_field(record->collection, slice_text("person")) < 0
                 ? record->ref.id
                 : world_value(record, "person")->ref.id;
    world_end(&world);
    return id;
}

static struct actor actor(struct id person, const char *role, struct id org)
{
    return (struct actor){person, {role, org}};
}

static void child(const char *local_no, char text[REF_TEXT_LEN + 1])
{
    struct record *record;

    world_begin(&world);
    record = world_find(&world, "base.student", "local_no", world.school, local_no);
    ref_to_text(&record->ref, text);
    world_end(&world);
}

static void import(struct id org, const char *importer, const char *row)
{
    const char *got = world_import(&world, org, importer, row);

    CHECK(strncmp(got, "created", 7) == 0);
    if (strncmp(got, "created", 7) != 0)
        printf("  %s\n  said: %s\n", row, got);
}

static void people_arrive(void)
{
    import(world.school, "teachers", "工号=0001|姓名=李梅|身份证件号=320000201509010013");
    import(world.school, "teachers", "工号=0002|姓名=王强|身份证件号=320000201509010021");
    import(world.other, "teachers", "工号=0001|姓名=外校|身份证件号=320000201602290013");
    import(world.school, "classes", "学段=小学|班级=三(3)班|班主任工号=0001");
    import(world.school, "classes", "学段=小学|班级=三(4)班|班主任工号=0002");
    import(world.other, "classes", "学段=小学|班级=三(3)班|班主任工号=0001");
    import(world.school, "students", "班级=三(3)班|姓名=周予安|学号=1|监护人1姓名=林晓岚|"
                                     "监护人1身份证件号=32000020130601003X");
    import(world.school, "students", "班级=三(4)班|姓名=别家孩|学号=2|监护人1姓名=别家母|监护人1电话=12900000002|"
                                     "监护人1身份证件号=11010519491231002X");
    mum = actor(person_of("base.person", "number", world.root, "32000020130601003X"), "guardian", world.school);
    other_mum = actor(person_of("base.person", "number", world.root, "11010519491231002X"), "guardian", world.school);
    head = actor(person_of("base.teacher", "staff_no", world.school, "0001"), "teacher", world.school);
    colleague = actor(person_of("base.teacher", "staff_no", world.school, "0002"), "teacher", world.school);
    stranger = actor(person_of("base.teacher", "staff_no", world.other, "0001"), "teacher", world.other);
    principal = actor(colleague.person, "principal", world.school);
    county = actor(stranger.person, "county", world.county);
    dad = actor(stranger.person, "guardian", world.school); // a guardian of nobody
    child("1", kid);
    child("2", other_kid);
}

static const char *day(int offset)
{
    static char texts[8][11];
    static int next;
    char *text = texts[next++ % 8];

    date_to_text(date_in_china(clock_wall_ms(clock_system())) + offset, text);
    return text;
}

static int ask(const struct actor *who, const char *student, int from, int to, const char *more,
               const char **location)
{
    char form[400];

    snprintf(form, sizeof form, "student=%s|from=%s|to=%s|kind=sick|reason=发烧%s", student, day(from),
             day(to), more);
    return world_call(&world, who, world.school, "POST", "/ask", form, location);
}

// Asks as mum; the path of the leave within the app ("/leave/ORG.ID").
static const char *asked_with(int from, int to, const char *more)
{
    static char path[100];
    const char *location = "", *at;

    CHECK(ask(&mum, kid, from, to, more, &location) == 303);
    at = strstr(location, "/leave/leave/");
    CHECK(at != NULL);
    if (at != NULL)
        snprintf(path, sizeof path, "%.*s", (int)strcspn(at + 6, "?"), at + 6);
    return path;
}

static const char *asked(int from, int to)
{
    return asked_with(from, to, "");
}

static int act(const struct actor *who, const char *path, const char *action)
{
    char full[200];

    snprintf(full, sizeof full, "%s/%s", path, action);
    return world_call(&world, who, world.school, "POST", full, "", NULL);
}

// The leave as somebody (NULL: the system) sees it, in a transaction that is left open.
static struct record *seen(const struct principal *who, const char *path)
{
    struct record *record = NULL;
    struct ref ref;

    world_begin(&world);
    world.view.who = who;
    CHECK(ref_from_text(slice_text(strrchr(path, '/') + 1), &ref));
    CHECK_OK(record_get(&world.view, catalog_find(world.catalog, "leave.leave"), ref, &record, &world.err),
             &world.err);
    return record;
}

static bool sees(const struct actor *actor, const char *path, const char *field)
{
    struct principal who = {.person = actor->person, .grants = &actor->grant, .grant_count = 1};
    const struct record *record = seen(&who, path);
    int at = record != NULL ? collection_field(record->collection, slice_text(field)) : -1;
    bool readable = record != NULL && (record->readable >> at & 1) != 0;

    world_end(&world);
    return readable;
}

static bool state_is(const char *path, const char *state)
{
    struct record *record = seen(NULL, path);
    bool same = record != NULL && slice_is(world_value(record, "state")->text, state);

    world_end(&world);
    return same;
}

// Writes one field past the routes, as a program with this person's rights would.
static bool may_write(const struct actor *actor, const char *path, const char *field, const char *text)
{
    struct principal who = {.person = actor->person, .grants = &actor->grant, .grant_count = 1};
    struct record *record = seen(&who, path);
    struct value values[FIELDS_MAX] = {{.kind = VALUE_NULL}};
    struct problem problem = {NULL, NULL};
    bool done = false;
    int at;

    if (record != NULL) {
        at = collection_field(record->collection, slice_text(field));
        values[at] = (struct value){VALUE_TEXT, {.text = slice_text(text)}};
        done = record_update(&world.view, record, values, UINT64_C(1) << at, &problem, &world.err);
    }
    world_end(&world);
    return done;
}

static void only_a_guardian_asks_and_only_for_an_own_child(void)
{
    CHECK(ask(&mum, other_kid, 1, 1, "", NULL) == 422);
    CHECK(ask(&dad, kid, 1, 1, "", NULL) == 422);
    CHECK(ask(&head, kid, 1, 1, "", NULL) == 404);
    CHECK(ask(&principal, kid, 1, 1, "", NULL) == 404);
    CHECK(ask(&mum, kid, 1, 1, "", NULL) == 303);
}

static void days_that_make_no_sense_come_back(void)
{
    CHECK(ask(&mum, kid, 2, 1, "", NULL) == 422);
    CHECK(ask(&mum, kid, 1, 61, "", NULL) == 422);
    CHECK(ask(&mum, kid, -31, -31, "", NULL) == 422);
    CHECK(ask(&mum, kid, -30, -30, "", NULL) == 303);
    CHECK(ask(&mum, kid, 1, 60, "", NULL) == 303);
}

static void a_form_cannot_grant_itself(void)
{
    CHECK(state_is(asked_with(1, 1, "|state=granted|answer=好"), "asked"));
}

static void a_leave_is_seen_by_family_class_teacher_and_school(void)
{
    const char *path = asked(1, 2);

    CHECK(sees(&mum, path, "reason") && sees(&head, path, "reason") && sees(&principal, path, "reason"));
    CHECK(!sees(&other_mum, path, "state"));
    CHECK(!sees(&dad, path, "state"));
    CHECK(!sees(&colleague, path, "state"));
    CHECK(!sees(&stranger, path, "state"));
}

static void the_county_reads_that_somebody_is_away_and_not_why(void)
{
    const char *path = asked(1, 2);

    CHECK(sees(&county, path, "from") && sees(&county, path, "state"));
    CHECK(!sees(&county, path, "reason") && !sees(&county, path, "by") && !sees(&county, path, "by_name"));
}

static void the_class_teacher_decides_once(void)
{
    const char *path = asked(1, 2);

    CHECK(act(&colleague, path, "grant") == 404);
    CHECK(act(&stranger, path, "grant") == 404);
    CHECK(act(&mum, path, "grant") == 404);
    CHECK(act(&principal, path, "grant") == 404);
    CHECK(state_is(path, "asked"));
    CHECK(act(&head, path, "grant") == 303);
    CHECK(state_is(path, "granted"));
    CHECK(act(&head, path, "grant") == 409);
    CHECK(act(&head, path, "refuse") == 409);
    CHECK(act(&mum, path, "withdraw") == 409);
    path = asked(3, 3);
    CHECK(act(&head, path, "refuse") == 303);
    CHECK(state_is(path, "refused"));
}

static void longer_than_the_setting_is_not_the_class_teachers_to_grant(void)
{
    const char *path = asked(1, 6); // six days, five by default

    CHECK(act(&principal, path, "approve") == 409);
    CHECK(act(&head, path, "grant") == 303); // passes it on
    CHECK(state_is(path, "asked"));
    CHECK(act(&head, path, "grant") == 409 && act(&head, path, "refuse") == 409);
    CHECK(!may_write(&head, path, "state", "granted"));
    CHECK(!may_write(&head, path, "state", "refused"));
    CHECK(!may_write(&principal, path, "level", "class"));
    CHECK(act(&head, path, "approve") == 404 && act(&mum, path, "approve") == 404);
    CHECK(act(&principal, path, "approve") == 303);
    CHECK(state_is(path, "granted"));
    path = asked(1, 6);
    CHECK(act(&head, path, "grant") == 303 && act(&principal, path, "decline") == 303);
    CHECK(state_is(path, "refused"));
}

static void only_the_family_withdraws_and_only_what_is_undecided(void)
{
    const char *path = asked(1, 2);

    CHECK(act(&other_mum, path, "withdraw") == 404);
    CHECK(act(&head, path, "withdraw") == 404);
    CHECK(act(&mum, path, "withdraw") == 303);
    CHECK(state_is(path, "withdrawn"));
    CHECK(act(&head, path, "grant") == 409);
}

static void rules_hold_past_the_routes(void)
{
    const char *path = asked(1, 2);

    CHECK(!may_write(&mum, path, "state", "granted"));
    CHECK(!may_write(&mum, path, "state", "refused"));
    CHECK(!may_write(&mum, path, "reason", "另一个原因"));
    CHECK(!may_write(&mum, path, "answer", "同意"));
    CHECK(may_write(&mum, path, "state", "withdrawn"));
    CHECK(!may_write(&head, path, "reason", "另一个原因"));
    CHECK(!may_write(&head, path, "state", "withdrawn"));
    CHECK(may_write(&head, path, "state", "granted"));
    CHECK(!may_write(&principal, path, "state", "granted"));
    CHECK(!may_write(&county, path, "state", "granted"));
}

int main(void)
{
    world_open(&world);
    people_arrive();
    RUN(only_a_guardian_asks_and_only_for_an_own_child);
    RUN(days_that_make_no_sense_come_back);
    RUN(a_form_cannot_grant_itself);
    RUN(a_leave_is_seen_by_family_class_teacher_and_school);
    RUN(the_county_reads_that_somebody_is_away_and_not_why);
    RUN(the_class_teacher_decides_once);
    RUN(longer_than_the_setting_is_not_the_class_teachers_to_grant);
    RUN(only_the_family_withdraws_and_only_what_is_undecided);
    RUN(rules_hold_past_the_routes);
    world_close(&world);
    return check_report("apps-leave");
}
