// SPDX-License-Identifier: Apache-2.0
// Files as values of fields: held by one field of one record, gone with it.
#include "world.h"

#include "record/file.h"

enum { PROOF, NOTE, SECOND, FIELDS };
static const int64_t DAY_MS = 86400000;
static const struct collection *thing, *past;

static void declare_things(struct world *world)
{
    static const char *const accepts[] = {"text", NULL}, *const note[] = {"note", NULL};
    struct collection declared = {
        .app = "app", .name = "thing",
        .fields = {[PROOF] = {.name = "proof", .type = FIELD_FILE, .max = 10, .accepts = accepts},
                   [NOTE] = {.name = "note", .type = FIELD_TEXT},
                   [SECOND] = {.name = "second", .type = FIELD_FILE}},
        .field_count = FIELDS};
    struct err err = {ERR_NONE, ""};

    catalog_destroy(world->catalog);
    world->catalog = catalog_create();
    CHECK_OK(tree_declare(world->catalog, &err), &err);
    declare(world, &declared, &thing);
    declared.name = "past";
    declared.history = true;
    declare(world, &declared, &past);
    for (int i = 0; i < 2; i++) {
        const struct collection *collection = i == 0 ? thing : past;

        for (int verb = 0; verb < VERB_COUNT; verb++)
            allow(world, collection, (enum verb)verb, "giver", NULL, NULL);
        allow(world, collection, VERB_READ, "reader", NULL, NULL);
        allow(world, collection, VERB_READ, "half", NULL, note);
    }
    CHECK(catalog_check(world->catalog, print_problem, NULL));
}

static struct id file_id(uint8_t number)
{
    return (struct id){{1, number}};
}

static struct value file_value(uint8_t number)
{
    return ref_value((struct ref){.id = file_id(number)});
}

// A complete upload of mum's; what it holds lies nowhere, for nobody reads it here.
static void upload(struct world *world, uint8_t number, struct id org, uint64_t size,
                   const char *kind)
{
    const struct blob_limits limits = {1 << 20, 1 << 20, DAY_MS};
    struct blob_file file = {.id = file_id(number), .person = world->mum, .org = org,
                             .length = size, .made_ms = world->clock.now_ms,
                             .name = slice_text("a"), .field = slice_of("", 0),
                             .metadata = slice_of("", 0)};
    struct blob_content content = {.digest = {number}, .size = size, .kind = kind,
                                   .chunks = BUFFER_EMPTY};
    struct look look;

    buffer_bytes(&content.chunks, content.digest, DIGEST_LEN);
    look_begin(world, &look, STORE_WRITE, NULL);
    CHECK_OK(blob_file_announce(look.view.txn, &limits, &file, &look.err), &look.err);
    CHECK_OK(blob_file_complete(look.view.txn, &file, &content, &look.err), &look.err);
    CHECK_OK(look_commit(&look), &look.err);
    buffer_finish(&content.chunks);
}

#define GIVER WHO(world->mum, {"giver", world->school})

// The word of the problem, "" when it was stored.
static const char *create(struct world *world, const struct collection *collection,
                          const struct value *values, struct ref *ref)
{
    struct problem problem;
    struct record *record;
    struct look look;

    look_begin(world, &look, STORE_WRITE, GIVER);
    if (!record_create(&look.view, collection, world->school, values, &record, &problem,
                       &look.err)) {
        CHECK_OK(look.err.code == ERR_NONE, &look.err);
        look_end(&look);
        return problem.word;
    }
    *ref = record->ref;
    CHECK_OK(look_commit(&look), &look.err);
    return "";
}

static const char *give(struct world *world, uint8_t number, struct ref *ref)
{
    return create(world, thing, (struct value[FIELDS]){[PROOF] = file_value(number)}, ref);
}

static bool is(const char *word, const char *wanted)
{
    if (strcmp(word, wanted) != 0)
        printf("  got \"%s\"\n", word);
    return strcmp(word, wanted) == 0;
}

static void replace(struct world *world, const struct collection *collection, struct ref ref,
                    struct value value)
{
    struct value values[FIELDS] = {[PROOF] = value};
    struct problem problem;
    struct record *record;
    struct look look;

    look_begin(world, &look, STORE_WRITE, GIVER);
    CHECK(record_get(&look.view, collection, ref, &record, &look.err) && record != NULL);
    CHECK_OK(record_update(&look.view, record, values, 1u << PROOF, &problem, &look.err),
             &look.err);
    CHECK_OK(look_commit(&look), &look.err);
}

static int state_of(struct world *world, uint8_t number)
{
    struct id id = file_id(number);
    struct blob_file *file;
    struct look look;
    int state;

    look_begin(world, &look, STORE_READ, NULL);
    CHECK(blob_file_find(look.view.txn, &id, &look.arena, &file, &look.err));
    state = file != NULL ? (int)file->state : -1;
    look_end(&look);
    return state;
}

static bool may_read(struct world *world, const struct principal *who, uint8_t number)
{
    struct id id = file_id(number);
    struct blob_file *file;
    struct look look;
    bool may = false;

    look_begin(world, &look, STORE_READ, who);
    CHECK(blob_file_find(look.view.txn, &id, &look.arena, &file, &look.err));
    if (file != NULL)
        CHECK_OK(record_file_may_read(&look.view, file, &may, &look.err), &look.err);
    look_end(&look);
    return may;
}

// ---------------------------------------------------------------------------------------

static void a_file_is_read_by_who_may_read_its_field(struct world *world)
{
    struct ref ref;

    upload(world, 1, world->school, 5, "text");
    CHECK(may_read(world, GIVER, 1));
    CHECK(!may_read(world, WHO(world->teacher, {"reader", world->school}), 1));
    CHECK(is(give(world, 1, &ref), ""));
    CHECK(state_of(world, 1) == BLOB_HELD);
    CHECK(may_read(world, GIVER, 1));
    CHECK(may_read(world, WHO(world->teacher, {"reader", world->school}), 1));
    CHECK(!may_read(world, WHO(world->teacher, {"half", world->school}), 1));
    CHECK(!may_read(world, WHO(world->teacher, {"reader", world->far_school}), 1));
    CHECK(!may_read(world, WHO(world->mum, {"parent", world->school}), 1)); // gave it, that is all
}

static void what_a_field_does_not_take_is_refused(struct world *world)
{
    struct ref ref;

    upload(world, 2, world->school, 11, "text");
    upload(world, 3, world->school, 5, "jpeg");
    upload(world, 4, world->far_school, 5, "text");
    CHECK(is(give(world, 2, &ref), "size"));
    CHECK(is(give(world, 3, &ref), "kind"));
    CHECK(is(give(world, 4, &ref), "absent"));
    CHECK(is(give(world, 99, &ref), "absent"));
    CHECK(is(create(world, thing, (struct value[FIELDS]){[PROOF] = text_value("x")}, &ref), "type"));
}

static void a_file_belongs_to_one_field_of_one_record(struct world *world)
{
    struct ref ref;

    upload(world, 5, world->school, 5, "text");
    CHECK(is(create(world, thing,
                    (struct value[FIELDS]){[PROOF] = file_value(5), [SECOND] = file_value(5)}, &ref),
             "absent"));
    CHECK(is(give(world, 5, &ref), ""));
    CHECK(is(give(world, 5, &ref), "absent"));
}

static void another_persons_file_is_not_taken(struct world *world)
{
    struct problem problem;
    struct record *record;
    struct look look;

    upload(world, 6, world->school, 5, "text");
    look_begin(world, &look, STORE_WRITE, WHO(world->teacher, {"giver", world->school}));
    CHECK(!record_create(&look.view, thing, world->school,
                         (struct value[FIELDS]){[PROOF] = file_value(6)}, &record, &problem,
                         &look.err));
    CHECK(look.err.code == ERR_NONE && is(problem.word, "absent"));
    look_end(&look);
}

static void the_same_file_again_is_no_change_and_another_one_ends_it(struct world *world)
{
    struct ref ref;

    upload(world, 7, world->school, 5, "text");
    upload(world, 8, world->school, 5, "text");
    CHECK(is(give(world, 7, &ref), ""));
    replace(world, thing, ref, file_value(7));
    CHECK(state_of(world, 7) == BLOB_HELD);
    replace(world, thing, ref, file_value(8));
    CHECK(state_of(world, 7) == -1 && state_of(world, 8) == BLOB_HELD);
    replace(world, thing, ref, null_value());
    CHECK(state_of(world, 8) == -1);
}

static void with_history_a_former_file_is_kept_and_not_shown(struct world *world)
{
    struct ref ref;

    upload(world, 9, world->school, 5, "text");
    upload(world, 10, world->school, 5, "text");
    CHECK(is(create(world, past, (struct value[FIELDS]){[PROOF] = file_value(9)}, &ref), ""));
    replace(world, past, ref, file_value(10));
    CHECK(state_of(world, 9) == BLOB_HELD && state_of(world, 10) == BLOB_HELD);
    CHECK(!may_read(world, GIVER, 9) && may_read(world, GIVER, 10));
}

static void a_deleted_record_hides_its_file_until_it_comes_back_or_is_gone(struct world *world)
{
    struct problem problem;
    struct record *record;
    struct look look;
    struct ref ref;
    size_t swept;

    upload(world, 11, world->school, 5, "text");
    CHECK(is(give(world, 11, &ref), ""));
    for (int round = 0; round < 2; round++) {
        look_begin(world, &look, STORE_WRITE, GIVER);
        CHECK(record_get(&look.view, thing, ref, &record, &look.err) && record != NULL);
        CHECK_OK(record_delete(&look.view, record, &look.err), &look.err);
        CHECK_OK(look_commit(&look), &look.err);
        CHECK(!may_read(world, GIVER, 11) && state_of(world, 11) == BLOB_HELD);
        if (round == 1)
            break;
        look_begin(world, &look, STORE_WRITE, GIVER);
        CHECK_OK(record_undelete(&look.view, thing, ref, &record, &problem, &look.err), &look.err);
        CHECK_OK(look_commit(&look), &look.err);
        CHECK(may_read(world, GIVER, 11));
    }
    world->clock.now_ms += 400 * DAY_MS;
    look_begin(world, &look, STORE_WRITE, NULL);
    CHECK_OK(record_sweep(&look.view, 100, &swept, &look.err), &look.err);
    CHECK_OK(look_commit(&look), &look.err);
    CHECK(state_of(world, 11) == -1);
}

static void who_may_bring_a_file_is_decided_by_the_rules(struct world *world)
{
    struct id org = world->school;
    struct look look;
    bool may;

    look_begin(world, &look, STORE_READ, GIVER);
    CHECK(record_file_may_give(&look.view, slice_text("app.thing.proof"), &org, 10, &may, &look.err) && may);
    CHECK(!record_file_may_give(&look.view, slice_text("app.thing.proof"), &org, 11, &may, &look.err) &&
          look.err.code == ERR_LIMIT);
    CHECK(record_file_may_give(&look.view, slice_text("app.thing.note"), &org, 1, &may, &look.err) && !may);
    CHECK(record_file_may_give(&look.view, slice_text("nothing"), &org, 1, &may, &look.err) && !may);
    org = world->far_school;
    CHECK(record_file_may_give(&look.view, slice_text("app.thing.proof"), &org, 1, &may, &look.err) && !may);
    look_end(&look);
    org = world->school;
    look_begin(world, &look, STORE_READ, WHO(world->teacher, {"reader", world->school}));
    CHECK(record_file_may_give(&look.view, slice_text("app.thing.proof"), &org, 1, &may, &look.err) && !may);
    look_end(&look);
}

static void files_are_neither_indexed_nor_looked_into(void)
{
    static const char *const odd[] = {"pictures", NULL};
    struct collection declared = {.app = "app", .name = "x",
                                  .fields = {{.name = "file", .type = FIELD_FILE}},
                                  .field_count = 1,
                                  .indexes = {{.fields = {0}, .count = 1}},
                                  .index_count = 1};
    struct catalog *catalog = catalog_create();
    struct err err = {ERR_NONE, ""};

    CHECK(catalog_add(catalog, &declared, &err) == NULL && strstr(err.text, "not indexed") != NULL);
    declared.index_count = 0;
    declared.fields[0].accepts = odd;
    CHECK(catalog_add(catalog, &declared, &err) == NULL && strstr(err.text, "group") != NULL);
    catalog_destroy(catalog);
}

int main(void)
{
    struct world world;

    world_open(&world);
    declare_things(&world);
    RUN(a_file_is_read_by_who_may_read_its_field, &world);
    RUN(what_a_field_does_not_take_is_refused, &world);
    RUN(a_file_belongs_to_one_field_of_one_record, &world);
    RUN(another_persons_file_is_not_taken, &world);
    RUN(the_same_file_again_is_no_change_and_another_one_ends_it, &world);
    RUN(with_history_a_former_file_is_kept_and_not_shown, &world);
    RUN(a_deleted_record_hides_its_file_until_it_comes_back_or_is_gone, &world);
    RUN(who_may_bring_a_file_is_decided_by_the_rules, &world);
    RUN(files_are_neither_indexed_nor_looked_into);
    world_close(&world);
    return check_report("record file");
}
