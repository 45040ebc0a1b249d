// SPDX-License-Identifier: Apache-2.0
// Counters beside records: never a conflict, never another number than a count would give.
#include "world.h"

#include "record/key.h"

static const struct rollup *asked_of(const struct world *world)
{
    return catalog_find_rollup(world->catalog, "leave.asked_by_class");
}

// What the counters say; count -1: not for this principal. class NULL: all classes together.
static struct rollup_answer tally(struct world *world, const struct principal *who, struct id org,
                                  bool subtree, const struct ref *class)
{
    struct value values[LEAVE_FIELDS] = {0};
    struct rollup_question question = {.rollup = asked_of(world), .org = org, .subtree = subtree,
                                       .values = values};
    struct rollup_answer answer;
    struct look look;

    if (class != NULL) {
        values[LEAVE_CLASS] = ref_value(*class);
        question.given = 1u << LEAVE_CLASS;
    }
    look_begin(world, &look, STORE_READ, who);
    CHECK_OK(record_rollup(&look.view, &question, &answer, &look.err), &look.err);
    look_end(&look);
    if (!answer.readable)
        answer.count = answer.sum = -1;
    return answer;
}

static bool says(struct world *world, struct id org, bool subtree, const struct ref *class,
                 int64_t count, int64_t sum)
{
    struct rollup_answer answer = tally(world, NULL, org, subtree, class);

    if (answer.count != count || answer.sum != sum)
        printf("  counted %lld, summed %lld\n", (long long)answer.count, (long long)answer.sum);
    return answer.count == count && answer.sum == sum;
}

static struct ref ask(struct world *world, struct look *look, size_t pupil, int64_t days)
{
    struct value values[LEAVE_FIELDS] = {
        [LEAVE_STUDENT] = ref_value(world->pupils[pupil]),
        [LEAVE_FROM] = date_value("2026-03-02"),
        [LEAVE_TO] = date_value("2026-03-02"),
        [LEAVE_DAYS] = {VALUE_INTEGER, {.integer = days}},
    };

    return make(look, world->leave, world->pupils[pupil].org, values);
}

static struct ref ask_now(struct world *world, size_t pupil, int64_t days)
{
    struct look look;
    struct ref ref;

    look_begin(world, &look, STORE_WRITE, NULL);
    ref = ask(world, &look, pupil, days);
    CHECK_OK(look_commit(&look), &look.err);
    return ref;
}

static void a_record_counts_where_it_stands_and_above(struct world *world)
{
    ask_now(world, 0, 3);
    ask_now(world, 0, 4);
    ask_now(world, 2, 5);
    CHECK(says(world, world->school, false, &world->classes[0], 2, 7));
    CHECK(says(world, world->school, false, &world->classes[1], 0, 0));
    CHECK(says(world, world->school, true, NULL, 2, 7));
    CHECK(says(world, world->second_school, false, NULL, 1, 5));
    CHECK(says(world, world->county, false, NULL, 0, 0)); // its own, which it has none of
    CHECK(says(world, world->county, true, NULL, 3, 12));
    CHECK(says(world, world->county, true, &world->classes[0], 2, 7));
    CHECK(says(world, world->other_county, true, NULL, 0, 0));
    CHECK(says(world, world->root, true, NULL, 3, 12));
}

static void who_may_read_a_rollup_is_declared(struct world *world)
{
    struct principal *teacher = WHO(world->teacher, {"teacher", world->school});
    struct principal *officer = WHO(world->officer, {"officer", world->county});
    struct principal *mum = WHO(world->mum, {"guardian", world->root});
    struct principal *head = WHO(world->head, {"head", world->school});

    ask_now(world, 0, 3);
    CHECK(tally(world, teacher, world->school, false, &world->classes[0]).count == 1);
    CHECK(tally(world, teacher, world->school, false, &world->classes[1]).count == -1);
    CHECK(tally(world, teacher, world->school, false, NULL).count == -1); // not the whole school
    CHECK(tally(world, teacher, world->county, true, &world->classes[0]).count == -1);
    CHECK(tally(world, head, world->school, true, NULL).count == 1);
    CHECK(tally(world, head, world->county, true, NULL).count == -1);
    CHECK(tally(world, head, world->second_school, false, NULL).count == -1);
    CHECK(tally(world, officer, world->county, true, NULL).count == 1);
    CHECK(tally(world, officer, world->school, false, NULL).count == 1);
    CHECK(tally(world, officer, world->other_county, true, NULL).count == -1);
    CHECK(tally(world, officer, world->root, true, NULL).count == -1);
    CHECK(tally(world, mum, world->school, false, &world->classes[0]).count == -1);
}

static void a_rollup_without_a_rule_is_for_nobody(struct world *world)
{
    struct principal *head = WHO(world->head, {"head", world->root});
    struct rollup_question question = {.rollup = catalog_find_rollup(world->catalog, "leave.all"),
                                       .org = world->school};
    struct rollup_answer answer;
    struct look look;

    ask_now(world, 0, 3);
    look_begin(world, &look, STORE_READ, head);
    CHECK(record_rollup(&look.view, &question, &answer, &look.err) && !answer.readable);
    look.view.who = NULL;
    CHECK(record_rollup(&look.view, &question, &answer, &look.err) && answer.count == 1);
    question.subtree = true;
    CHECK(!record_rollup(&look.view, &question, &answer, &look.err));
    CHECK(look.err.code == ERR_INPUT && strstr(look.err.text, "does not go up") != NULL);
    look_end(&look);
}

enum { WRITERS = 256 };

// All of them have seen the same, and none of them the others.
static void of_256_writers_of_a_county_none_meets_a_conflict(struct world *world)
{
    struct store_proposal proposals[WRITERS];
    struct buffer commits[WRITERS];
    struct err err = {ERR_NONE, ""};

    for (size_t i = 0; i < WRITERS; i++) {
        struct look look;

        look_begin(world, &look, STORE_WRITE, NULL);
        ask(world, &look, i % 3, 2);
        commits[i] = BUFFER_EMPTY;
        store_encode(look.view.txn, &commits[i]);
        proposals[i] = (struct store_proposal){.commit = buffer_view(&commits[i])};
        look_end(&look);
    }
    for (size_t i = 0; i < WRITERS; i += 64) // groups, as the committer makes them
        CHECK_OK(store_apply(world->store, proposals + i, 64, &err), &err);
    for (size_t i = 0; i < WRITERS; i++) {
        CHECK_OK(proposals[i].outcome.code == ERR_NONE, &proposals[i].outcome);
        buffer_finish(&commits[i]);
    }
    CHECK(says(world, world->county, true, NULL, WRITERS, 2 * WRITERS));
    CHECK(says(world, world->school, false, &world->classes[0], 86, 172));
    CHECK(says(world, world->second_school, true, NULL, 85, 170));
}

// Random lives ----------------------------------------------------------------------------

static uint32_t chance(struct world *world, uint32_t below)
{
    uint32_t number;

    random_fill(&world->random.random, &number, sizeof number);
    return number % below;
}

static bool change_at_random(struct world *world, struct look *look, struct ref ref)
{
    static const char *const states[] = {"asked", "granted", "refused"};
    struct value values[LEAVE_FIELDS] = {0};
    struct problem problem;
    struct record *record;
    uint64_t mask = 0;

    CHECK_OK(record_get(&look->view, world->leave, ref, &record, &look->err), &look->err);
    if (record == NULL)
        return record_undelete(&look->view, world->leave, ref, &record, &problem, &look->err) ||
               look->err.code == ERR_NONE;
    if (chance(world, 4) == 0)
        return record_delete(&look->view, record, &look->err);
    values[LEAVE_STATE] = text_value(states[chance(world, 3)]);
    values[LEAVE_DAYS] = (struct value){VALUE_INTEGER, {.integer = (int)chance(world, 9) - 4}};
    values[LEAVE_STUDENT] = ref_value(world->pupils[chance(world, 2)]); // another class
    for (int field = 0; field < LEAVE_FIELDS; field++)
        if (values[field].kind != VALUE_NULL && chance(world, 2) == 0)
            mask |= 1u << field;
    return record_update(&look->view, record, values, mask, &problem, &look->err);
}

// Two at a time, of which one may lose.
static int two_at_once(struct world *world, struct ref *refs, size_t count)
{
    struct look first, second;
    struct ref ref = refs[chance(world, (uint32_t)count)];

    look_begin(world, &first, STORE_WRITE, NULL);
    look_begin(world, &second, STORE_WRITE, NULL);
    CHECK_OK(change_at_random(world, &first, ref), &first.err);
    CHECK_OK(change_at_random(world, &second, chance(world, 2) == 0
                                                  ? ref
                                                  : refs[chance(world, (uint32_t)count)]),
             &second.err);
    CHECK_OK(look_commit(&first), &first.err);
    return !look_commit(&second) && second.err.code == ERR_CONFLICT;
}

static struct rollup_answer scan(struct world *world, struct id org, const struct ref *class)
{
    struct query query = {.collection = world->leave, .org = org, .order = -1, .limit = 1000};
    struct rollup_answer answer = {true, 0, 0};
    struct record **records;
    struct look look;
    size_t count;

    look_begin(world, &look, STORE_READ, NULL);
    CHECK_OK(record_query(&look.view, &query, &records, &count, &look.err), &look.err);
    for (size_t i = 0; i < count; i++) {
        const struct value *values = records[i]->values;

        if (!slice_is(values[LEAVE_STATE].text, "asked") ||
            (class != NULL && !ref_equal(&values[LEAVE_CLASS].ref, class)))
            continue;
        answer.count++;
        answer.sum += values[LEAVE_DAYS].integer;
    }
    look_end(&look);
    return answer;
}

static void counters_say_what_a_scan_says(struct world *world)
{
    struct rollup_answer school, second;
    struct ref refs[40];
    int conflicts = 0;

    for (size_t i = 0; i < 40; i++)
        refs[i] = ask_now(world, i < 30 ? i % 2 : 2, (int64_t)i);
    for (int i = 0; i < 300; i++)
        conflicts += two_at_once(world, refs, 30); // those of one school
    CHECK(conflicts > 20);
    for (size_t class = 0; class < 2; class++) {
        struct rollup_answer found = scan(world, world->school, &world->classes[class]);

        CHECK(says(world, world->school, false, &world->classes[class], found.count, found.sum));
        CHECK(says(world, world->county, true, &world->classes[class], found.count, found.sum));
    }
    school = scan(world, world->school, NULL);
    second = scan(world, world->second_school, NULL);
    CHECK(school.count > 0 && school.count < 30);
    CHECK(says(world, world->school, false, NULL, school.count, school.sum));
    CHECK(says(world, world->county, true, NULL, school.count + second.count,
               school.sum + second.sum));
    CHECK(says(world, world->root, true, NULL, school.count + second.count,
               school.sum + second.sum));
}

// Repair ------------------------------------------------------------------------------------

static size_t rebuild(struct world *world, struct id org)
{
    struct look look;
    size_t changed;

    look_begin(world, &look, STORE_WRITE, NULL);
    CHECK_OK(record_rebuild(&look.view, asked_of(world), org, &changed, &look.err), &look.err);
    CHECK((changed > 0) == store_has_writes(look.view.txn));
    if (changed > 0)
        CHECK_OK(store_commit_wait(look.view.txn, &look.err), &look.err);
    look_end(&look);
    return changed;
}

static size_t rebuild_all(struct world *world)
{
    return rebuild(world, world->school) + rebuild(world, world->second_school) +
           rebuild(world, world->far_school) + rebuild(world, world->county) +
           rebuild(world, world->other_county) + rebuild(world, world->root);
}

// A counter that a mistake has left behind.
static void spoil(struct world *world, struct id org, enum key_scope scope, size_t class,
                  int64_t number)
{
    struct value values[LEAVE_FIELDS] = {[LEAVE_CLASS] = ref_value(world->classes[class])};
    struct look look;
    struct key key;

    look_begin(world, &look, STORE_WRITE, NULL);
    key_counter(&key, asked_of(world), &org, scope, KEY_COUNT, values);
    CHECK_OK(store_add(look.view.txn, key_slice(&key), number, &look.err), &look.err);
    CHECK_OK(look_commit(&look), &look.err);
}

static void what_went_wrong_is_counted_anew(struct world *world)
{
    ask_now(world, 0, 3);
    ask_now(world, 1, 4);
    ask_now(world, 2, 5);
    ask_now(world, 3, 6);
    CHECK(rebuild_all(world) == 0); // nothing was wrong
    spoil(world, world->school, KEY_OWN, 0, 7);
    spoil(world, world->county, KEY_BELOW, 3, -2); // of a class that is not even below it
    spoil(world, world->root, KEY_BELOW, 1, 100);
    CHECK(says(world, world->county, true, &world->classes[3], -2, 0));
    CHECK(rebuild_all(world) == 3);
    CHECK(says(world, world->school, false, &world->classes[0], 1, 3));
    CHECK(says(world, world->county, true, &world->classes[3], 0, 0));
    CHECK(says(world, world->root, true, &world->classes[1], 1, 4));
    CHECK(rebuild_all(world) == 0);
}

static void a_moved_organisation_takes_its_counts_along(struct world *world)
{
    const struct collection *tree = catalog_find(world->catalog, "core.org");
    int parent = collection_field(tree, slice_text("parent"));
    struct value values[FIELDS_MAX] = {0};
    struct problem problem;
    struct record *record;
    struct look look;

    ask_now(world, 0, 3);
    ask_now(world, 2, 5);
    values[parent] = ref_value((struct ref){world->root, world->other_county});
    look_begin(world, &look, STORE_WRITE, NULL);
    CHECK(record_get(&look.view, tree, (struct ref){world->root, world->school}, &record,
                     &look.err) && record != NULL);
    CHECK_OK(record_update(&look.view, record, values, 1u << parent, &problem, &look.err),
             &look.err);
    CHECK_OK(look_commit(&look), &look.err);
    CHECK(says(world, world->county, true, NULL, 1, 5));
    CHECK(says(world, world->other_county, true, NULL, 1, 3));
    CHECK(says(world, world->other_county, true, &world->classes[0], 1, 3));
    CHECK(says(world, world->root, true, NULL, 2, 8));
    ask_now(world, 0, 1);
    CHECK(says(world, world->other_county, true, NULL, 2, 4));
    CHECK(rebuild_all(world) == 0);
}

// Declarations ------------------------------------------------------------------------------

// What is said of one rollup; those refused before are reported again.
struct refusal {
    const char *name;
    char said[512];
};

static void keep_problem(void *context, const char *app, const char *problem)
{
    struct refusal *refusal = context;

    if (strstr(problem, refusal->name) != NULL)
        snprintf(refusal->said, sizeof refusal->said, "%s: %s", app, problem);
}

static bool is_refused(struct world *world, struct rollup_def def, const char *rule,
                       const char *why)
{
    struct err err = {ERR_NONE, ""};
    struct refusal refusal = {.said = ""};

    def.name = refusal.name = arena_format(catalog_arena(world->catalog), "leave.r%u",
                                           (unsigned)chance(world, 1u << 30));
    def.from = def.from != NULL ? def.from : "leave.leave";
    if (!catalog_add_rollup(world->catalog, &def, &err)) {
        snprintf(refusal.said, sizeof refusal.said, "%s", err.text);
    } else {
        CHECK_OK(catalog_allow_rollup(world->catalog, def.name, "head", rule, &err), &err);
        CHECK(!catalog_check(world->catalog, keep_problem, &refusal));
    }
    if (strstr(refusal.said, why) == NULL)
        printf("  %s\n", refusal.said);
    return strstr(refusal.said, why) != NULL &&
           catalog_find_rollup(world->catalog, def.name) == NULL;
}

static void what_cannot_be_counted_is_refused(struct world *world)
{
    struct rollup_def count = {.count = true}, def = {0};

    CHECK(is_refused(world, def, NULL, "count = true, sum = a field"));
    def = (struct rollup_def){.sum = "reason"};
    CHECK(is_refused(world, def, NULL, "no integer"));
    def = (struct rollup_def){.sum = "lenght"};
    CHECK(is_refused(world, def, NULL, "has no field"));
    def = (struct rollup_def){.count = true, .by = {"reason"}, .by_count = 1};
    CHECK(is_refused(world, def, NULL, "by: reason"));
    def = (struct rollup_def){.count = true, .from = "leave.gone"};
    CHECK(is_refused(world, def, NULL, "there is no collection leave.gone"));
    def = (struct rollup_def){.count = true, .where = "student in @me.children"};
    CHECK(is_refused(world, def, NULL, "where compares"));
    def = (struct rollup_def){.count = true, .where = "state is lost"};
    CHECK(is_refused(world, def, NULL, "never"));
    CHECK(is_refused(world, count, "class in @me.classes", "depends on org"));
}

int main(void)
{
    RUN_IN_WORLD(a_record_counts_where_it_stands_and_above);
    RUN_IN_WORLD(who_may_read_a_rollup_is_declared);
    RUN_IN_WORLD(a_rollup_without_a_rule_is_for_nobody);
    RUN_IN_WORLD(of_256_writers_of_a_county_none_meets_a_conflict);
    RUN_IN_WORLD(counters_say_what_a_scan_says);
    RUN_IN_WORLD(what_went_wrong_is_counted_anew);
    RUN_IN_WORLD(a_moved_organisation_takes_its_counts_along);
    RUN_IN_WORLD(what_cannot_be_counted_is_refused);
    return check_report("record/rollup");
}
