// SPDX-License-Identifier: Apache-2.0
// What records were, and who may know it.
#include "world.h"

#include "record/key.h"

static struct ref ask(struct world *world, const struct principal *who)
{
    struct value values[LEAVE_FIELDS] = {[LEAVE_STUDENT] = ref_value(world->pupils[0]),
                                         [LEAVE_FROM] = date_value("2026-03-02"),
                                         [LEAVE_TO] = date_value("2026-03-02"),
                                         [LEAVE_REASON] = text_value("first")};
    struct look look;
    struct ref ref;

    look_begin(world, &look, STORE_WRITE, who);
    ref = make(&look, world->leave, world->school, values);
    CHECK_OK(look_commit(&look), &look.err);
    return ref;
}

static void change(struct world *world, const struct principal *who, struct ref ref, int field,
                   const char *text)
{
    struct value values[LEAVE_FIELDS] = {0};
    struct problem problem;
    struct record *record;
    struct look look;

    values[field] = text_value(text);
    look_begin(world, &look, STORE_WRITE, who);
    CHECK_OK(record_get(&look.view, world->leave, ref, &record, &look.err) && record != NULL,
             &look.err);
    CHECK_OK(record_update(&look.view, record, values, 1u << field, &problem, &look.err),
             &look.err);
    CHECK_OK(look_commit(&look), &look.err);
}

static void delete_it(struct world *world, struct ref ref)
{
    struct record *record;
    struct look look;

    look_begin(world, &look, STORE_WRITE, NULL);
    CHECK(record_get(&look.view, world->leave, ref, &record, &look.err) && record != NULL);
    CHECK_OK(record_delete(&look.view, record, &look.err), &look.err);
    CHECK_OK(look_commit(&look), &look.err);
}

static void undelete_it(struct world *world, struct ref ref)
{
    struct problem problem;
    struct record *record;
    struct look look;

    look_begin(world, &look, STORE_WRITE, NULL);
    CHECK_OK(record_undelete(&look.view, world->leave, ref, &record, &problem, &look.err),
             &look.err);
    CHECK_OK(look_commit(&look), &look.err);
}

// The reason that was given at that time; "-" when there was no such record, "?" hidden.
static const char *reason_at(struct world *world, const struct principal *who, struct ref ref,
                             int64_t time_ms)
{
    static char text[32];
    struct record *record;
    struct look look;

    look_begin(world, &look, STORE_READ, who);
    CHECK_OK(record_as_of(&look.view, world->leave, ref, time_ms, &record, &look.err), &look.err);
    snprintf(text, sizeof text, "%s", record == NULL ? "-" : "?");
    if (record != NULL && record->values[LEAVE_REASON].kind == VALUE_TEXT)
        snprintf(text, sizeof text, "%.*s", (int)record->values[LEAVE_REASON].text.len,
                 (const char *)record->values[LEAVE_REASON].text.data);
    look_end(&look);
    return text;
}

static void a_record_is_seen_as_it_stood(struct world *world)
{
    int64_t began = world->clock.now_ms;
    struct ref ref = ask(world, NULL);

    world->clock.now_ms += 1000;
    change(world, NULL, ref, LEAVE_REASON, "second");
    world->clock.now_ms += 1000;
    change(world, NULL, ref, LEAVE_REASON, "third");
    CHECK(strcmp(reason_at(world, NULL, ref, began - 1), "-") == 0);
    CHECK(strcmp(reason_at(world, NULL, ref, began), "first") == 0);
    CHECK(strcmp(reason_at(world, NULL, ref, began + 999), "first") == 0);
    CHECK(strcmp(reason_at(world, NULL, ref, began + 1000), "second") == 0);
    CHECK(strcmp(reason_at(world, NULL, ref, began + 5000), "third") == 0);
    ref.id.bytes[0] ^= 1;
    CHECK(strcmp(reason_at(world, NULL, ref, began + 5000), "-") == 0);
}

static void a_clock_that_jumps_back_keeps_the_order(struct world *world)
{
    int64_t began = world->clock.now_ms;
    struct ref ref = ask(world, NULL);

    world->clock.now_ms -= 5000;
    change(world, NULL, ref, LEAVE_REASON, "second");
    CHECK(strcmp(reason_at(world, NULL, ref, began - 1), "-") == 0);
    CHECK(strcmp(reason_at(world, NULL, ref, began), "second") == 0);
}

static void who_wrote_is_kept(struct world *world)
{
    struct principal *mum = WHO(world->mum, {"guardian", world->root});
    struct principal *teacher = WHO(world->teacher, {"teacher", world->school});
    struct record_version *versions;
    struct record *record;
    struct look look;
    size_t count;
    struct ref ref = ask(world, mum);

    world->clock.now_ms += 1000;
    change(world, teacher, ref, LEAVE_STATE, "granted");
    change(world, NULL, ref, LEAVE_REASON, "second");
    look_begin(world, &look, STORE_READ, mum);
    CHECK(record_get(&look.view, world->leave, ref, &record, &look.err));
    CHECK_OK(record_history(&look.view, record, &versions, &count, &look.err) && count == 3,
             &look.err);
    for (size_t i = 0; i < count; i++)
        CHECK(versions[i].record->version == i + 1 && versions[i].record->former == (i < 2));
    CHECK(id_equal(&versions[0].writer, &world->mum));
    CHECK(id_equal(&versions[1].writer, &world->teacher));
    CHECK(id_is_zero(&versions[2].writer));
    CHECK(slice_is(versions[0].record->values[LEAVE_STATE].text, "asked"));
    CHECK(slice_is(versions[1].record->values[LEAVE_STATE].text, "granted"));
    CHECK(versions[1].record->modified_ms == versions[0].record->modified_ms + 1000);
    look_end(&look);
}

static size_t count_versions(struct world *world, const struct principal *who, struct ref ref,
                             uint64_t *readable)
{
    struct record_version *versions;
    struct record *record;
    struct look look;
    size_t count;

    look_begin(world, &look, STORE_READ, NULL);
    CHECK(record_get(&look.view, world->leave, ref, &record, &look.err) && record != NULL);
    look.view.who = who; // even one who came by the record in another way
    CHECK_OK(record_history(&look.view, record, &versions, &count, &look.err), &look.err);
    *readable = count > 0 ? versions[count - 1].record->readable : 0;
    look_end(&look);
    return count;
}

static void the_rules_of_now_hold_for_the_past(struct world *world)
{
    struct principal *clerk = WHO(world->stranger, {"clerk", world->school});
    struct principal *stranger = WHO(world->stranger, {"guardian", world->root});
    int64_t began = world->clock.now_ms;
    struct ref ref = ask(world, NULL);
    uint64_t readable;

    world->clock.now_ms += 1000;
    CHECK(count_versions(world, clerk, ref, &readable) == 0); // asked: not for clerks
    change(world, NULL, ref, LEAVE_STATE, "granted");
    CHECK(count_versions(world, clerk, ref, &readable) == 1); // what it was before stays hidden
    CHECK(readable == (1u << LEAVE_STUDENT | 1u << LEAVE_STATE));
    CHECK(strcmp(reason_at(world, clerk, ref, began), "-") == 0);
    CHECK(strcmp(reason_at(world, clerk, ref, began + 1000), "?") == 0);
    world->clock.now_ms += 1000;
    change(world, NULL, ref, LEAVE_STATE, "refused");
    CHECK(count_versions(world, clerk, ref, &readable) == 0);
    CHECK(strcmp(reason_at(world, clerk, ref, began + 1000), "-") == 0);
    CHECK(count_versions(world, stranger, ref, &readable) == 0);
    CHECK(count_versions(world, NULL, ref, &readable) == 3);
}

static void of_a_deleted_record_nothing_is_shown(struct world *world)
{
    int64_t began = world->clock.now_ms;
    struct ref ref = ask(world, NULL);
    uint64_t readable;

    world->clock.now_ms += 1000;
    delete_it(world, ref);
    CHECK(strcmp(reason_at(world, NULL, ref, began), "-") == 0);
    world->clock.now_ms += 1000;
    undelete_it(world, ref);
    CHECK(strcmp(reason_at(world, NULL, ref, began), "first") == 0);
    CHECK(strcmp(reason_at(world, NULL, ref, began + 1000), "-") == 0); // it was deleted then
    CHECK(strcmp(reason_at(world, NULL, ref, began + 2000), "first") == 0);
    CHECK(count_versions(world, NULL, ref, &readable) == 2);
}

static void the_past_cannot_be_written(struct world *world)
{
    struct value values[LEAVE_FIELDS] = {[LEAVE_REASON] = text_value("forged")};
    int64_t began = world->clock.now_ms;
    struct ref ref = ask(world, NULL);
    struct problem problem;
    struct record *record;
    struct look look;
    uint64_t fields;
    bool may = true;

    world->clock.now_ms += 1000;
    change(world, NULL, ref, LEAVE_REASON, "second");
    look_begin(world, &look, STORE_WRITE, NULL);
    CHECK(record_as_of(&look.view, world->leave, ref, began, &record, &look.err) && record != NULL);
    CHECK(record_may(&look.view, VERB_UPDATE, record, &may, &fields, &look.err) && !may);
    CHECK(!record_update(&look.view, record, values, 1u << LEAVE_REASON, &problem, &look.err));
    CHECK(look.err.code == ERR_INPUT);
    CHECK(!record_delete(&look.view, record, &look.err) && look.err.code == ERR_INPUT);
    CHECK(!store_has_writes(look.view.txn));
    look_end(&look);
}

static void a_collection_without_history_says_so(struct world *world)
{
    struct record *record;
    struct look look;

    look_begin(world, &look, STORE_READ, NULL);
    CHECK(!record_as_of(&look.view, world->student, world->pupils[0], 0, &record, &look.err));
    CHECK(look.err.code == ERR_INPUT && strstr(look.err.text, "history = true") != NULL);
    look_end(&look);
}

static bool has_past(struct world *world, struct ref ref)
{
    struct slice bytes;
    struct look look;
    struct key key;

    look_begin(world, &look, STORE_READ, NULL);
    key_versions(&key, world->leave, &ref);
    key_number(&key, 1);
    CHECK_OK(store_get(look.view.txn, key_slice(&key), &bytes, &look.err), &look.err);
    look_end(&look);
    return bytes.data != NULL;
}

static void the_past_is_swept_with_its_record_in_pieces(struct world *world)
{
    struct ref ref = ask(world, NULL), other = ask(world, NULL);
    struct look look;
    size_t swept, turns = 0;
    char text[16];

    for (int i = 0; i < 150; i++) {
        snprintf(text, sizeof text, "%d", i);
        change(world, NULL, ref, LEAVE_REASON, text);
    }
    change(world, NULL, other, LEAVE_REASON, "stays");
    delete_it(world, ref);
    world->clock.now_ms += (DELETED_DAYS_KEPT + 1) * 86400000LL;
    do {
        look_begin(world, &look, STORE_WRITE, NULL);
        CHECK_OK(record_sweep(&look.view, 10, &swept, &look.err), &look.err);
        if (swept > 0)
            CHECK_OK(store_commit_wait(look.view.txn, &look.err), &look.err);
        look_end(&look);
        turns += swept > 0;
    } while (swept > 0);
    CHECK(turns == 2 && !has_past(world, ref) && has_past(world, other));
}

int main(void)
{
    RUN_IN_WORLD(a_record_is_seen_as_it_stood);
    RUN_IN_WORLD(a_clock_that_jumps_back_keeps_the_order);
    RUN_IN_WORLD(who_wrote_is_kept);
    RUN_IN_WORLD(the_rules_of_now_hold_for_the_past);
    RUN_IN_WORLD(of_a_deleted_record_nothing_is_shown);
    RUN_IN_WORLD(the_past_cannot_be_written);
    RUN_IN_WORLD(a_collection_without_history_says_so);
    RUN_IN_WORLD(the_past_is_swept_with_its_record_in_pieces);
    return check_report("record/history");
}
