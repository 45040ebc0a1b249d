// SPDX-License-Identifier: Apache-2.0
// A small county for the tests of record/: a real store in a folder of its own, two counties,
// three schools, classes, pupils, a guardian with children at two schools, teachers.
#pragma once

#include "check.h"

#include <stdlib.h>
#include <unistd.h>

#include "crypto/crypto.h"
#include "record/record.h"
#include "record/rule.h"
#include "record/tree.h"

enum { STUDENT_NAME, STUDENT_CLASS, STUDENT_CODE, STUDENT_NUMBER, STUDENT_NOTE, STUDENT_FIELDS };
enum { LEAVE_STUDENT, LEAVE_FROM, LEAVE_TO, LEAVE_REASON, LEAVE_STATE, LEAVE_BY, LEAVE_CLASS,
       LEAVE_DAYS, LEAVE_FIELDS };

// A clock and a generator that the test holds in its hands.
struct still_clock {
    struct clock clock;
    int64_t now_ms;
};
struct even_random {
    struct random random;
    uint64_t state;
};

struct world {
    char folder[64], key_file[96];
    struct store *store;
    struct catalog *catalog;
    const struct collection *person, *class, *student, *link, *teaching, *leave;
    struct still_clock clock;
    struct even_random random;
    struct keyring *keyring;
    struct sealer *sealer;
    struct id root, county, other_county, school, second_school, far_school, home;
    struct ref classes[4]; // two of the school, one of the second, one of the far school
    struct ref pupils[4];  // one in each class
    struct id mum, teacher, head, officer, stranger;
    struct budget budget;
};

// A view in use: what it holds is given back by view_end.
struct look {
    struct view view;
    struct arena arena;
    struct err err;
};

static inline int64_t still_wall(struct clock *clock)
{
    return ((struct still_clock *)clock)->now_ms;
}

static inline int64_t still_mono(struct clock *clock)
{
    return still_wall(clock) * 1000;
}

static inline void even_fill(struct random *random, void *bytes, size_t len)
{
    struct even_random *even = (struct even_random *)random;
    uint8_t *at = bytes;

    for (size_t i = 0; i < len; i++) {
        even->state = even->state * 6364136223846793005u + 1442695040888963407u;
        at[i] = (uint8_t)(even->state >> 56);
    }
}

static inline struct value null_value(void)
{
    return (struct value){.kind = VALUE_NULL};
}

static inline struct value text_value(const char *text)
{
    return (struct value){VALUE_TEXT, {.text = slice_text(text)}};
}

static inline struct value ref_value(struct ref ref)
{
    return (struct value){VALUE_REF, {.ref = ref}};
}

static inline struct value date_value(const char *text)
{
    int32_t days = 0;

    CHECK(date_from_text(slice_text(text), &days));
    return (struct value){VALUE_DATE, {.integer = days}};
}

static inline void look_begin(struct world *world, struct look *look, enum store_mode mode,
                              const struct principal *who)
{
    *look = (struct look){.err = {ERR_NONE, ""}};
    world->budget = (struct budget){.reads_max = 100000, .writes_max = 100000};
    look->view = (struct view){
        .txn = store_begin(world->store, mode, &look->err),
        .catalog = world->catalog,
        .who = who,
        .budget = &world->budget,
        .arena = &look->arena,
        .clock = &world->clock.clock,
        .random = &world->random.random,
        .sealer = world->sealer,
        .root = world->root,
        .home = world->home,
    };
    CHECK_OK(look->view.txn != NULL, &look->err);
}

static inline void look_end(struct look *look)
{
    store_end(look->view.txn);
    arena_finish(&look->arena);
}

static inline bool look_commit(struct look *look)
{
    bool done = store_commit_wait(look->view.txn, &look->err);

    look_end(look);
    return done;
}

static inline struct ref make(struct look *look, const struct collection *collection, struct id org,
                              const struct value *values)
{
    struct problem problem = {NULL, NULL};
    struct record *record = NULL;

    look->err.code = ERR_NONE;
    CHECK_OK(record_create(&look->view, collection, org, values, &record, &problem, &look->err),
             &look->err);
    if (problem.word != NULL)
        printf("  %s: %s: %s\n", collection->full, problem.field, problem.word);
    return record != NULL ? record->ref : (struct ref){0};
}

static inline void declare(struct world *world, const struct collection *declared,
                           const struct collection **collection)
{
    struct err err = {ERR_NONE, ""};

    *collection = catalog_add(world->catalog, declared, &err);
    CHECK_OK(*collection != NULL, &err);
}

static inline void allow(struct world *world, const struct collection *collection, enum verb verb,
                         const char *role, const char *rule, const char *const *only)
{
    struct err err = {ERR_NONE, ""};

    CHECK_OK(catalog_allow(world->catalog, (struct collection *)collection, verb, role, rule, only,
                           NULL, &err),
             &err);
}

static inline void declare_base(struct world *world)
{
    static const struct text_check number = {.pattern = "00000000000000000?",
                                             .marks = "10X98765432",
                                             .weights = {7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10,
                                                         5, 8, 4, 2},
                                             .date_at = 7,
                                             .upper = true};
    struct collection person = {.app = "base", .name = "person", .instance = true,
                                .fields = {{.name = "name", .type = FIELD_TEXT, .required = true}},
                                .field_count = 1};
    struct collection class = {.app = "base", .name = "class",
                               .fields = {{.name = "name", .type = FIELD_TEXT, .required = true}},
                               .field_count = 1};
    struct collection student = {
        .app = "base", .name = "student",
        .fields = {[STUDENT_NAME] = {.name = "name", .type = FIELD_TEXT, .required = true, .max = 20},
                   [STUDENT_CLASS] = {.name = "class", .type = FIELD_REF, .ref = "base.class"},
                   [STUDENT_CODE] = {.name = "code", .type = FIELD_TEXT, .max = 300},
                   [STUDENT_NUMBER] = {.name = "number", .type = FIELD_SEALED, .shape = &number,
                                       .lookup = "citizen"},
                   [STUDENT_NOTE] = {.name = "note", .type = FIELD_TEXT}},
        .field_count = STUDENT_FIELDS,
        .indexes = {{.fields = {STUDENT_CLASS, STUDENT_NAME}, .count = 2},
                    {.fields = {STUDENT_CODE}, .count = 1, .unique = true},
                    {.fields = {STUDENT_NUMBER}, .count = 1, .unique = true, .instance = true},
                    {.fields = {STUDENT_NOTE}, .count = 1}},
        .index_count = 4};
    struct collection link = {
        .app = "base", .name = "guardianship", .instance = true,
        .fields = {{.name = "guardian", .type = FIELD_REF, .ref = "base.person", .required = true},
                   {.name = "student", .type = FIELD_REF, .ref = "base.student", .required = true},
                   {.name = "class", .from = "student.class"},
                   {.name = "school", .type = FIELD_REF, .ref = "core.org"}},
        .field_count = 4,
        .indexes = {{.fields = {0, 1}, .count = 2, .unique = true}, {.fields = {1}, .count = 1},
                    {.fields = {2}, .count = 1}, {.fields = {3}, .count = 1}},
        .index_count = 4};
    struct collection teaching = {
        .app = "base", .name = "teaching",
        .fields = {{.name = "teacher", .type = FIELD_REF, .ref = "base.person", .required = true},
                   {.name = "class", .type = FIELD_REF, .ref = "base.class", .required = true}},
        .field_count = 2,
        .indexes = {{.fields = {0}, .count = 1}},
        .index_count = 1};
    static const struct set_def sets[] = {
        {"children", "base.guardianship", "guardian is @me", "student", "guardian"},
        {"guardians", "base.guardianship", "student is @it", "guardian", NULL},
        {"classes", "base.teaching", "teacher is @me", "class", NULL},
        {"pupils", "base.student", "class in @me.classes", "id", NULL}};
    struct err err = {ERR_NONE, ""};

    declare(world, &person, &world->person);
    declare(world, &class, &world->class);
    declare(world, &student, &world->student);
    declare(world, &link, &world->link);
    declare(world, &teaching, &world->teaching);
    for (size_t i = 0; i < sizeof sets / sizeof *sets; i++)
        CHECK_OK(catalog_add_set(world->catalog, &sets[i], &err), &err);
}

static inline void declare_leave(struct world *world)
{
    static const char *const states[] = {"asked", "granted", "refused", NULL};
    struct collection leave = {
        .app = "leave", .name = "leave", .history = true,
        .fields = {[LEAVE_STUDENT] = {.name = "student", .type = FIELD_REF, .ref = "base.student",
                                      .required = true},
                   [LEAVE_FROM] = {.name = "from", .type = FIELD_DATE, .required = true},
                   [LEAVE_TO] = {.name = "to", .type = FIELD_DATE, .required = true},
                   [LEAVE_REASON] = {.name = "reason", .type = FIELD_TEXT, .max = 500},
                   [LEAVE_STATE] = {.name = "state", .type = FIELD_CODE, .codes = states,
                                    .initial = {VALUE_TEXT, {.text = {(const uint8_t *)"asked", 5}}}},
                   [LEAVE_BY] = {.name = "by", .type = FIELD_REF, .ref = "base.person",
                                 .readonly = true, .initial_me = true},
                   [LEAVE_CLASS] = {.name = "class", .from = "student.class"},
                   [LEAVE_DAYS] = {.name = "days", .type = FIELD_INTEGER}},
        .field_count = LEAVE_FIELDS,
        .indexes = {{.fields = {LEAVE_STUDENT, LEAVE_FROM}, .count = 2},
                    {.fields = {LEAVE_CLASS, LEAVE_STATE}, .count = 2},
                    {.fields = {LEAVE_FROM}, .count = 1}},
        .index_count = 3};

    declare(world, &leave, &world->leave);
}

static inline void declare_rollups(struct world *world)
{
    static const struct rollup_def asked = {.name = "leave.asked_by_class", .from = "leave.leave",
                                            .where = "state is asked", .by = {"class"},
                                            .by_count = 1, .count = true, .sum = "days",
                                            .up = true};
    static const struct rollup_def all = {.name = "leave.all", .from = "leave.leave",
                                          .count = true};
    struct err err = {ERR_NONE, ""};

    CHECK_OK(catalog_add_rollup(world->catalog, &asked, &err), &err);
    CHECK_OK(catalog_add_rollup(world->catalog, &all, &err), &err);
    CHECK_OK(catalog_allow_rollup(world->catalog, asked.name, "teacher", "class in @me.classes",
                                  &err), &err);
    CHECK_OK(catalog_allow_rollup(world->catalog, asked.name, "officer", "org under @me.orgs",
                                  &err), &err);
    CHECK_OK(catalog_allow_rollup(world->catalog, asked.name, "head", NULL, &err), &err);
}

static inline void declare_rules(struct world *world)
{
    static const char *const state[] = {"state", NULL};
    static const char *const plain[] = {"name", "class", NULL};
    static const char *const plain_leave[] = {"student", "state", NULL};
    static const char *const warden[] = {"state", "reason", NULL}, *const reason[] = {"reason", NULL};

    allow(world, world->class, VERB_READ, "anyone", "org in @me.orgs", NULL);
    allow(world, world->student, VERB_READ, "guardian", "id in @me.children", NULL);
    allow(world, world->student, VERB_READ, "teacher", "class in @me.classes", plain);
    allow(world, world->student, VERB_READ, "head", NULL, NULL);
    allow(world, world->student, VERB_CREATE, "head", NULL, NULL);
    allow(world, world->student, VERB_UPDATE, "head", NULL, NULL);
    allow(world, world->student, VERB_DELETE, "head", NULL, NULL);
    allow(world, world->leave, VERB_DELETE, "officer", "org under @me.orgs", NULL);
    allow(world, world->link, VERB_READ, "guardian", "guardian is @me", NULL);
    allow(world, world->link, VERB_READ, "teacher", "class in @me.classes", NULL);
    allow(world, world->link, VERB_READ, "head", "school in @me.orgs", NULL);
    allow(world, world->leave, VERB_READ, "guardian", "student in @me.children", NULL);
    allow(world, world->leave, VERB_READ, "teacher", "class in @me.classes", NULL);
    allow(world, world->leave, VERB_READ, "officer", "org under @me.orgs", NULL);
    allow(world, world->leave, VERB_READ, "clerk", "state is granted and org in @me.orgs", plain_leave);
    allow(world, world->leave, VERB_CREATE, "guardian", "student in @me.children", NULL);
    allow(world, world->leave, VERB_UPDATE, "teacher", "class in @me.classes", state);
    allow(world, world->leave, VERB_READ, "warden", "org under @me.orgs", NULL);
    allow(world, world->leave, VERB_UPDATE, "warden", "state is asked and org under @me.orgs", warden);
    allow(world, world->leave, VERB_UPDATE, "warden", "state is granted and org under @me.orgs", reason);
    allow(world, world->leave, VERB_UPDATE, "guardian",
          "by is @me and student in @me.children and state is asked", NULL);
}

static inline void print_problem(void *context, const char *app, const char *problem)
{
    (void)context;
    printf("  %s: %s\n", app, problem);
}

static inline struct id add_org(struct look *look, struct id parent, const char *kind,
                                const char *code)
{
    struct tree_org org = {.parent = parent, .kind = kind, .name = code, .code = code};
    struct problem problem = {NULL, NULL};

    CHECK_OK(tree_add(&look->view, &org, &problem, &look->err), &look->err);
    return org.id;
}

static inline void add_orgs(struct world *world, struct look *look)
{
    world->root = look->view.root = add_org(look, (struct id){{0}}, "city", "city");
    world->county = add_org(look, world->root, "county", "county");
    world->other_county = add_org(look, world->root, "county", "other");
    world->school = add_org(look, world->county, "school", "one");
    world->second_school = add_org(look, world->county, "school", "two");
    world->far_school = add_org(look, world->other_county, "school", "far");
}

static inline struct ref person_ref(const struct world *world, struct id person)
{
    return (struct ref){world->root, person};
}

static inline void add_people(struct world *world, struct look *look)
{
    struct id *people[] = {&world->mum, &world->teacher, &world->head, &world->officer,
                           &world->stranger};
    static const char *const names[] = {"mum", "teacher", "head", "officer", "stranger"};

    for (size_t i = 0; i < 5; i++)
        *people[i] = make(look, world->person, world->root, (struct value[]){text_value(names[i])}).id;
}

static inline void add_school_life(struct world *world, struct look *look)
{
    const struct id orgs[4] = {world->school, world->school, world->second_school, world->far_school};
    static const char *const names[4] = {"一", "二", "三", "四"};
    struct ref mum = person_ref(world, world->mum), teacher = person_ref(world, world->teacher);

    for (size_t i = 0; i < 4; i++) {
        struct value student[STUDENT_FIELDS] = {[STUDENT_NAME] = text_value(names[i])};

        world->classes[i] = make(look, world->class, orgs[i], (struct value[]){text_value(names[i])});
        student[STUDENT_CLASS] = ref_value(world->classes[i]);
        world->pupils[i] = make(look, world->student, orgs[i], student);
    }
    for (size_t i = 0; i < 4; i += 3) // mum's: one here, one far away
        make(look, world->link, world->root,
             (struct value[]){ref_value(mum), ref_value(world->pupils[i]), null_value(),
                              ref_value((struct ref){world->root, orgs[i]})});
    make(look, world->teaching, world->school,
         (struct value[]){ref_value(teacher), ref_value(world->classes[0])});
}

// An empty store, and a catalogue with the tree alone.
static inline void world_begin(struct world *world)
{
    struct store_options options = {.folder = world->folder, .bytes_max = 1 << 28,
                                    .readers_max = 16, .memory_max = 10000};
    struct err err = {ERR_NONE, ""};

    *world = (struct world){.clock = {{still_wall, still_mono}, 1772400000000},
                            .random = {{even_fill}, 7}};
    strcpy(world->folder, "/tmp/record-test-XXXXXX");
    CHECK(mkdtemp(world->folder) != NULL);
    snprintf(world->key_file, sizeof world->key_file, "%s/master", world->folder);
    options.clock = clock_system();
    options.random = random_system();
    CHECK_OK((world->store = store_open(STORE_OWNER, &options, &err)) != NULL, &err);
    world->keyring = keyring_open(world->key_file, random_system(), &err);
    CHECK_OK(world->keyring != NULL, &err);
    world->sealer = sealer_open(world->keyring, random_system(), &err);
    world->catalog = catalog_create();
    CHECK_OK(tree_declare(world->catalog, &err), &err);
}

static inline void world_open(struct world *world)
{
    struct look look;

    world_begin(world);
    declare_base(world);
    declare_leave(world);
    declare_rules(world);
    declare_rollups(world);
    CHECK(catalog_check(world->catalog, print_problem, NULL));
    look_begin(world, &look, STORE_WRITE, NULL);
    add_orgs(world, &look);
    add_people(world, &look);
    add_school_life(world, &look);
    CHECK_OK(look_commit(&look), &look.err);
}

static inline void world_close(struct world *world)
{
    char command[96];

    sealer_close(world->sealer);
    keyring_close(world->keyring);
    catalog_destroy(world->catalog);
    store_close(world->store);
    snprintf(command, sizeof command, "rm -r %s", world->folder);
    CHECK(system(command) == 0);
}

// Asks for leave as the system does, for who the caller pleases.
static inline struct ref add_leave(struct world *world, struct look *look, size_t pupil,
                                   const char *from, const char *state)
{
    struct value values[LEAVE_FIELDS] = {
        [LEAVE_STUDENT] = ref_value(world->pupils[pupil]),
        [LEAVE_FROM] = date_value(from),
        [LEAVE_TO] = date_value(from),
        [LEAVE_STATE] = text_value(state),
    };

    return make(look, world->leave, world->pupils[pupil].org, values);
}

static inline struct ref add_pupil(struct world *world, size_t class, const char *name, const char *code,
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

// Who asks: a person, then roles at organisations.
#define WHO(person_, ...)                                                                          \
    (&(struct principal){.person = person_, .grants = (struct role_grant[]){__VA_ARGS__},          \
                         .grant_count =                                                            \
                             sizeof((struct role_grant[]){__VA_ARGS__}) / sizeof(struct role_grant)})

static inline bool sees(struct world *world, const struct principal *who,
                 const struct collection *collection, struct ref ref)
{
    struct record *record = NULL;
    struct look look;

    look_begin(world, &look, STORE_READ, who);
    CHECK_OK(record_get(&look.view, collection, ref, &record, &look.err), &look.err);
    look_end(&look);
    return record != NULL;
}

static inline size_t count_rows(struct world *world, const struct principal *who,
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

static inline struct query all_of(const struct collection *collection, struct id org)
{
    return (struct query){.collection = collection, .org = org, .order = -1, .limit = 100};
}

static inline void in_a_world(void test(struct world *world))
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
