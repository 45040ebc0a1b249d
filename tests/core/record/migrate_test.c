// SPDX-License-Identifier: Apache-2.0
// A collection that is declared otherwise than when its records were written.
#include "world.h"

#include "record/key.h"
#include "record/migrate.h"

enum { CLUB_NAME, CLUB_LEADER, CLUB_SIZE, CLUB_STATE, CLUB_NOTE, CLUB_MORE, CLUB_FIELDS = 8 };
enum { MANY = 1300 }; // more than two steps

static const char *const states[] = {"open", "closed", NULL};
static const char *const more_states[] = {"open", "closed", "full", NULL};
static const char *const fewer_states[] = {"open", NULL};

// The first version: five fields, one index.
static struct collection first_club(void)
{
    return (struct collection){
        .app = "club", .name = "club",
        .fields = {[CLUB_NAME] = {.name = "name", .type = FIELD_TEXT, .max = 20, .required = true},
                   [CLUB_LEADER] = {.name = "leader", .type = FIELD_REF, .ref = "base.student"},
                   [CLUB_SIZE] = {.name = "size", .type = FIELD_INTEGER, .at_least = 1,
                                  .at_most = 30},
                   [CLUB_STATE] = {.name = "state", .type = FIELD_CODE, .codes = states},
                   [CLUB_NOTE] = {.name = "note", .type = FIELD_TEXT}},
        .field_count = 5,
        .indexes = {{.fields = {CLUB_NAME}, .count = 1}},
        .index_count = 1};
}

// The second: a field with a default, a derived one, and an index on each.
static struct collection second_club(void)
{
    struct collection club = first_club();

    club.fields[CLUB_MORE] = (struct field){.name = "kind", .type = FIELD_TEXT,
                                            .initial = text_value("sport")};
    club.fields[CLUB_MORE + 1] = (struct field){.name = "class", .from = "leader.class"};
    club.field_count = 7;
    club.indexes[1] = (struct index_def){.fields = {CLUB_MORE}, .count = 1};
    club.indexes[2] = (struct index_def){.fields = {CLUB_MORE + 1, CLUB_SIZE}, .count = 2};
    club.index_count = 3;
    return club;
}

static struct collection unique_club(void)
{
    struct collection club = first_club();

    club.indexes[0].unique = true;
    return club;
}

// The program starts anew, with this version of the app.
static const struct collection *start(struct world *world, struct collection club)
{
    const struct collection *declared;
    struct err err = {ERR_NONE, ""};

    catalog_destroy(world->catalog);
    world->catalog = catalog_create();
    CHECK_OK(tree_declare(world->catalog, &err), &err);
    declare_base(world);
    declare(world, &club, &declared);
    CHECK(catalog_check(world->catalog, print_problem, NULL));
    return declared;
}

// One step, committed; false when it cannot go on.
static bool step(struct world *world, const struct collection *club,
                 struct schema_progress *progress, char reason[300])
{
    struct look look;
    bool goes_on;

    look_begin(world, &look, STORE_WRITE, NULL);
    CHECK_OK(schema_step(&look.view, club, progress, &look.err), &look.err);
    goes_on = progress->reason == NULL;
    snprintf(reason, 300, "%s", goes_on ? "" : progress->reason);
    if (goes_on && store_has_writes(look.view.txn))
        CHECK_OK(look_commit(&look), &look.err);
    else
        look_end(&look);
    return goes_on;
}

// All steps: how many.
static size_t settle(struct world *world, const struct collection *club)
{
    struct schema_progress progress = {0};
    char reason[300];
    size_t steps = 0;

    for (; !progress.done && steps < 1000; steps++)
        if (!step(world, club, &progress, reason)) {
            printf("  %s\n", reason);
            CHECK(false);
            break;
        }
    return steps;
}

static void add_clubs(struct world *world, const struct collection *club, size_t count)
{
    struct look look;

    look_begin(world, &look, STORE_WRITE, NULL);
    for (size_t i = 0; i < count; i++) {
        size_t pupil = i % 4;
        char name[32];
        struct value values[CLUB_FIELDS] = {
            [CLUB_LEADER] = ref_value(world->pupils[pupil]),
            [CLUB_SIZE] = {VALUE_INTEGER, {.integer = (int64_t)(i % 30) + 1}},
            [CLUB_STATE] = text_value("open"),
        };

        snprintf(name, sizeof name, "club %zu", i);
        values[CLUB_NAME] = (struct value){VALUE_TEXT, {.text = slice_text(name)}};
        make(&look, club, world->pupils[pupil].org, values);
    }
    CHECK_OK(look_commit(&look), &look.err);
}

// How many an index finds: a query that another index could answer would not show the new one.
static size_t found(struct world *world, const struct collection *club, struct id org, int field,
                    struct value value)
{
    struct filter filter = {.field = field, .op = FILTER_IS, .value = value};
    struct query query = {.collection = club, .org = org, .subtree = true, .filters = &filter,
                          .filter_count = 1, .order = -1, .limit = 1000};

    return count_rows(world, NULL, &query);
}

static size_t entries(struct world *world, const struct collection *club, size_t index)
{
    const struct id orgs[] = {world->root, world->school, world->second_school, world->far_school};
    size_t count = 0;
    struct look look;

    look_begin(world, &look, STORE_READ, NULL);
    for (size_t i = 0; i < 4; i++) {
        struct key prefix;
        struct slice key, value;
        struct store_range *range;

        key_index(&prefix, club, index, &orgs[i]);
        range = store_range_open(look.view.txn, key_slice(&prefix), (struct slice){NULL, 0}, false,
                                 &look.err);
        while (store_range_next(range, &key, &value, &look.err))
            count++;
        store_range_close(range);
    }
    look_end(&look);
    return count;
}

static enum schema_change compared(struct world *world, const struct collection *club,
                                   char reason[300])
{
    enum schema_change change = SCHEMA_SAME;
    const char *why = NULL;
    struct look look;

    look_begin(world, &look, STORE_READ, NULL);
    CHECK_OK(schema_compare(&look.view, club, &change, &why, &look.err), &look.err);
    snprintf(reason, 300, "%s", why != NULL ? why : "");
    look_end(&look);
    return change;
}

static void what_breaks_is_refused_with_the_reason(struct world *world)
{
    struct collection ways[12];
    static const char *const reasons[] = {
        "size: its type is another one", "leader: it refers to another collection",
        "note: it is required now", "name: its max is smaller", "size: its range is narrower",
        "state: a code is gone", "note: the field is gone", "kind: it is new and required",
        "its records stand at another organisation", "class: it is derived in another way"};
    char reason[300];

    for (size_t i = 0; i < 12; i++)
        ways[i] = first_club();
    ways[0].fields[CLUB_SIZE].type = FIELD_NUMBER;
    ways[1].fields[CLUB_LEADER].ref = "base.person";
    ways[2].fields[CLUB_NOTE].required = true;
    ways[3].fields[CLUB_NAME].max = 10;
    ways[4].fields[CLUB_SIZE].at_most = 20;
    ways[5].fields[CLUB_STATE].codes = fewer_states;
    ways[6].field_count = 4;
    ways[7].fields[5] = (struct field){.name = "kind", .type = FIELD_TEXT, .required = true};
    ways[7].field_count = 6;
    ways[8].instance = true;
    ways[9] = second_club();
    ways[9].fields[CLUB_MORE + 1].from = "leader.note";
    settle(world, start(world, first_club()));
    for (size_t i = 0; i < 9; i++) {
        const struct collection *club = start(world, ways[i]);
        struct schema_progress progress;

        CHECK(compared(world, club, reason) == SCHEMA_BREAKS);
        if (strstr(reason, reasons[i]) == NULL)
            printf("  said: %s\n", reason);
        CHECK(strstr(reason, reasons[i]) != NULL && strstr(reason, "kept as they are") != NULL);
        CHECK(!step(world, club, &progress, reason));
    }
    settle(world, start(world, second_club()));
    CHECK(compared(world, start(world, ways[9]), reason) == SCHEMA_BREAKS);
    CHECK(strstr(reason, reasons[9]) != NULL);
    CHECK(compared(world, start(world, second_club()), reason) == SCHEMA_SAME);
}

static void what_is_wider_needs_one_step(struct world *world)
{
    struct collection wider = first_club();
    const struct collection *club;
    char reason[300];

    add_clubs(world, start(world, first_club()), 8);
    settle(world, start(world, first_club()));
    wider.fields[CLUB_NAME].max = 100;
    wider.fields[CLUB_NAME].required = false;
    wider.fields[CLUB_SIZE].at_most = 500;
    wider.fields[CLUB_STATE].codes = more_states;
    club = start(world, wider);
    CHECK(compared(world, club, reason) == SCHEMA_GROWS);
    CHECK(settle(world, club) == 1);
    CHECK(compared(world, club, reason) == SCHEMA_SAME);
    CHECK(compared(world, start(world, first_club()), reason) == SCHEMA_BREAKS); // and not back
}

static void a_new_index_finds_what_was_written_before(struct world *world)
{
    const struct collection *club = start(world, first_club());

    settle(world, club);
    add_clubs(world, club, MANY);
    club = start(world, second_club());
    CHECK(found(world, club, world->school, CLUB_MORE, text_value("sport")) == 0);
    CHECK(settle(world, club) > 3);
    CHECK(found(world, club, world->school, CLUB_MORE, text_value("sport")) == MANY / 2);
    CHECK(found(world, club, world->far_school, CLUB_MORE + 1, ref_value(world->classes[3])) ==
          MANY / 4);
    CHECK(entries(world, club, 1) == MANY && entries(world, club, 2) == MANY);
    CHECK(entries(world, club, 0) == MANY);
}

static void a_default_is_no_edit(struct world *world)
{
    const struct collection *club = start(world, first_club());
    struct query query = {.order = -1, .limit = 1, .org = world->school};
    struct record **records;
    struct look look;
    size_t count;

    settle(world, club);
    add_clubs(world, club, 1);
    world->clock.now_ms += 5000;
    club = query.collection = start(world, second_club());
    settle(world, club);
    look_begin(world, &look, STORE_READ, NULL);
    CHECK_OK(record_query(&look.view, &query, &records, &count, &look.err), &look.err);
    CHECK(count == 1 && records[0]->version == 1);
    CHECK(count == 1 && records[0]->modified_ms == records[0]->created_ms);
    CHECK(count == 1 && slice_is(records[0]->values[CLUB_MORE].text, "sport"));
    CHECK(count == 1 && ref_equal(&records[0]->values[CLUB_MORE + 1].ref, &world->classes[0]));
    look_end(&look);
}

static void whoever_is_killed_goes_on_where_it_was(struct world *world)
{
    const struct collection *club = start(world, first_club());
    struct schema_progress progress = {0};
    size_t records = 0, steps = 0;
    char reason[300];

    settle(world, club);
    add_clubs(world, club, MANY);
    while (!progress.done && steps++ < 100) { // each step by another process
        club = start(world, second_club());
        CHECK(step(world, club, &progress, reason));
        records += progress.records;
        CHECK(progress.done || compared(world, club, reason) == SCHEMA_GROWS);
    }
    CHECK(records == MANY); // none is visited twice
    CHECK(entries(world, club, 1) == MANY && entries(world, club, 2) == MANY);
}

static void a_version_taken_back_half_way_leaves_nothing_wrong(struct world *world)
{
    const struct collection *club = start(world, first_club());
    struct schema_progress progress = {0};
    char reason[300];

    settle(world, club);
    add_clubs(world, club, MANY);
    club = start(world, second_club());
    for (int i = 0; i < 3; i++)
        CHECK(step(world, club, &progress, reason) && !progress.done);
    club = start(world, first_club()); // which knows nothing of the new indexes
    if (compared(world, club, reason) != SCHEMA_SAME) // as every start has it
        CHECK(settle(world, club) == 1);
    CHECK(compared(world, club, reason) == SCHEMA_SAME);
    add_clubs(world, club, 10);
    club = start(world, second_club());
    settle(world, club);
    CHECK(entries(world, club, 1) == MANY + 10 && entries(world, club, 2) == MANY + 10);
}

static void one_value_in_two_records_is_named_and_nothing_goes_on(struct world *world)
{
    const struct collection *club = start(world, first_club());
    struct schema_progress progress = {0};
    bool goes_on = true;
    char reason[300];

    settle(world, club);
    add_clubs(world, club, 6);
    add_clubs(world, club, 1); // a second «club 0» at the school
    club = start(world, unique_club());
    for (int i = 0; goes_on && i < 10; i++)
        goes_on = step(world, club, &progress, reason);
    CHECK(!goes_on && !progress.done);
    CHECK(strstr(reason, "finds one value in two records") != NULL);
    club = start(world, first_club());
    CHECK(compared(world, club, reason) == SCHEMA_GROWS); // what had begun is taken back
    CHECK(settle(world, club) == 1 && compared(world, club, reason) == SCHEMA_SAME);
}

static void an_index_that_is_gone_takes_its_entries_along(struct world *world)
{
    const struct collection *club = start(world, second_club());
    struct collection bare = second_club();

    settle(world, club);
    add_clubs(world, club, MANY);
    CHECK(entries(world, club, 0) == MANY);
    bare.indexes[0] = bare.indexes[2];
    bare.index_count = 2;
    CHECK(settle(world, start(world, bare)) >= 1);
    CHECK(entries(world, start(world, second_club()), 0) == 0); // by name: of the former one
}

static void a_rollup_is_counted_once_for_what_it_counts(struct world *world)
{
    const struct rollup *asked = catalog_find_rollup(world->catalog, "leave.asked_by_class");
    struct look look;
    bool counted = true;

    look_begin(world, &look, STORE_WRITE, NULL);
    CHECK_OK(rollup_is_counted(&look.view, asked, &counted, &look.err), &look.err);
    CHECK(!counted);
    CHECK_OK(rollup_note_counted(&look.view, asked, &look.err), &look.err);
    CHECK_OK(rollup_is_counted(&look.view, asked, &counted, &look.err), &look.err);
    CHECK(counted);
    CHECK_OK(rollup_is_counted(&look.view, catalog_next_rollup(world->catalog, NULL), &counted,
                               &look.err), &look.err);
    CHECK(counted == (catalog_next_rollup(world->catalog, NULL) == asked));
    look_end(&look);
}

int main(void)
{
    RUN_IN_WORLD(what_breaks_is_refused_with_the_reason);
    RUN_IN_WORLD(what_is_wider_needs_one_step);
    RUN_IN_WORLD(a_new_index_finds_what_was_written_before);
    RUN_IN_WORLD(a_default_is_no_edit);
    RUN_IN_WORLD(whoever_is_killed_goes_on_where_it_was);
    RUN_IN_WORLD(a_version_taken_back_half_way_leaves_nothing_wrong);
    RUN_IN_WORLD(one_value_in_two_records_is_named_and_nothing_goes_on);
    RUN_IN_WORLD(an_index_that_is_gone_takes_its_entries_along);
    RUN_IN_WORLD(a_rollup_is_counted_once_for_what_it_counts);
    return check_report("record_migrate");
}
