// SPDX-License-Identifier: Apache-2.0
// Deleting, undoing it, and what is taken away for good.
#include "world.h"

#include "record/key.h"

static const int64_t DAY_MS = 86400000;

static void delete_as(struct world *world, const struct principal *who,
                      const struct collection *collection, struct ref ref)
{
    struct record *record;
    struct look look;

    look_begin(world, &look, STORE_WRITE, who);
    CHECK_OK(record_get(&look.view, collection, ref, &record, &look.err) && record != NULL,
             &look.err);
    CHECK_OK(record_delete(&look.view, record, &look.err), &look.err);
    CHECK_OK(look_commit(&look), &look.err);
}

// The word of the problem; "" when it came back.
static const char *undelete_as(struct world *world, const struct principal *who,
                               const struct collection *collection, struct ref ref)
{
    struct problem problem;
    struct record *record;
    struct look look;

    look_begin(world, &look, STORE_WRITE, who);
    if (!record_undelete(&look.view, collection, ref, &record, &problem, &look.err)) {
        CHECK(look.err.code == ERR_NONE && record == NULL && !store_has_writes(look.view.txn));
        look_end(&look);
        return problem.word;
    }
    CHECK(record != NULL && ref_equal(&record->ref, &ref));
    CHECK_OK(look_commit(&look), &look.err);
    return "";
}

static struct ref new_leave(struct world *world, const char *from)
{
    struct look look;
    struct ref ref;

    look_begin(world, &look, STORE_WRITE, NULL);
    ref = add_leave(world, &look, 0, from, "asked");
    CHECK_OK(look_commit(&look), &look.err);
    return ref;
}

static bool is_kept(struct world *world, const struct collection *collection, struct ref ref)
{
    struct slice bytes;
    struct look look;
    struct key key;

    look_begin(world, &look, STORE_READ, NULL);
    key_row(&key, collection, &ref);
    CHECK_OK(store_get(look.view.txn, key_slice(&key), &bytes, &look.err), &look.err);
    look_end(&look);
    return bytes.data != NULL;
}

static size_t sweep(struct world *world, size_t max)
{
    struct look look;
    size_t swept;

    look_begin(world, &look, STORE_WRITE, NULL);
    CHECK_OK(record_sweep(&look.view, max, &swept, &look.err), &look.err);
    if (swept > 0)
        CHECK_OK(store_commit_wait(look.view.txn, &look.err), &look.err);
    look_end(&look);
    return swept;
}

static void only_who_may_delete_may_undo(struct world *world)
{
    struct principal *officer = WHO(world->officer, {"officer", world->county});
    struct principal *mum = WHO(world->mum, {"guardian", world->root});
    struct ref ref = new_leave(world, "2026-03-02");

    CHECK(strcmp(undelete_as(world, officer, world->leave, ref), "absent") == 0); // it is there
    delete_as(world, officer, world->leave, ref);
    CHECK(strcmp(undelete_as(world, mum, world->leave, ref), "absent") == 0);
    CHECK(strcmp(undelete_as(world, WHO(world->stranger, {"head", world->school}), world->leave,
                             ref), "absent") == 0);
    CHECK(strcmp(undelete_as(world, officer, world->leave, ref), "") == 0);
    CHECK(strcmp(undelete_as(world, officer, world->leave, ref), "absent") == 0); // not twice
    CHECK(sees(world, mum, world->leave, ref));
}

static void a_deleted_record_is_absent_everywhere(struct world *world)
{
    struct principal *officer = WHO(world->officer, {"officer", world->county});
    struct principal *mum = WHO(world->mum, {"guardian", world->root});
    struct ref ref = new_leave(world, "2026-03-02"), other = new_leave(world, "2026-03-03");
    struct filter filter = {LEAVE_FROM, FILTER_IS, date_value("2026-03-02")};
    struct query query = all_of(world->leave, world->school);
    bool there = true;
    struct look look;

    delete_as(world, officer, world->leave, ref);
    CHECK(!sees(world, NULL, world->leave, ref) && !sees(world, mum, world->leave, ref));
    CHECK(count_rows(world, NULL, &query) == 1);    // a walk over the records
    CHECK(count_rows(world, officer, &query) == 1);
    CHECK(count_rows(world, mum, &query) == 1);     // an index
    query.filters = &filter;
    query.filter_count = 1;
    CHECK(count_rows(world, NULL, &query) == 0 && count_rows(world, officer, &query) == 0);
    look_begin(world, &look, STORE_READ, NULL);
    CHECK(record_is_there(&look.view, world->leave, &ref, &there, &look.err) && !there);
    CHECK(record_is_there(&look.view, world->leave, &other, &there, &look.err) && there);
    look_end(&look);
    CHECK(strcmp(undelete_as(world, officer, world->leave, ref), "") == 0);
    CHECK(count_rows(world, NULL, &query) == 1 && count_rows(world, mum, &query) == 1);
}

static void nobody_refers_to_what_is_deleted(struct world *world)
{
    struct principal *head = WHO(world->head, {"head", world->school});
    struct value values[LEAVE_FIELDS] = {[LEAVE_STUDENT] = ref_value(world->pupils[0]),
                                         [LEAVE_FROM] = date_value("2026-03-02"),
                                         [LEAVE_TO] = date_value("2026-03-02")};
    struct problem problem;
    struct record *record;
    struct look look;

    delete_as(world, head, world->student, world->pupils[0]);
    look_begin(world, &look, STORE_WRITE, NULL);
    CHECK(!record_create(&look.view, world->leave, world->school, values, &record, &problem,
                         &look.err));
    CHECK(look.err.code == ERR_NONE && strcmp(problem.field, "student") == 0 &&
          strcmp(problem.word, "absent") == 0);
    look_end(&look);
}

static void a_claim_is_given_up_and_taken_again_or_refused(struct world *world)
{
    struct principal *head = WHO(world->head, {"head", world->school});
    struct ref first = add_pupil(world, 0, "戊", "n-1", "320000201602290013", NULL);
    struct value code = text_value("n-1");
    struct record *record;
    struct look look;
    struct ref second;

    delete_as(world, head, world->student, first);
    CHECK(strcmp(undelete_as(world, head, world->student, first), "") == 0);
    look_begin(world, &look, STORE_READ, NULL);
    CHECK(record_find(&look.view, world->student, "code", world->school, &code, &record,
                      &look.err) && record != NULL && ref_equal(&record->ref, &first));
    look_end(&look);

    delete_as(world, head, world->student, first);
    second = add_pupil(world, 0, "己", "n-1", "320000201602290013", NULL);
    CHECK(strcmp(undelete_as(world, head, world->student, first), "unique") == 0);
    delete_as(world, head, world->student, second);
    CHECK(strcmp(undelete_as(world, head, world->student, first), "") == 0);
    CHECK(strcmp(undelete_as(world, head, world->student, second), "unique") == 0);
}

static void an_old_copy_does_not_bring_it_back(struct world *world)
{
    struct value values[LEAVE_FIELDS] = {[LEAVE_REASON] = text_value("a")};
    struct ref ref = new_leave(world, "2026-03-02");
    struct record *record, *copy;
    struct problem problem;
    struct look look, second;

    look_begin(world, &look, STORE_WRITE, NULL);
    look_begin(world, &second, STORE_WRITE, NULL);
    CHECK(record_get(&look.view, world->leave, ref, &record, &look.err));
    CHECK(record_get(&look.view, world->leave, ref, &copy, &look.err));
    CHECK(record_get(&second.view, world->leave, ref, &copy, &second.err));
    CHECK_OK(record_delete(&look.view, record, &look.err), &look.err);
    CHECK(record->version == 2);
    CHECK(!record_delete(&look.view, record, &look.err) && look.err.code == ERR_CONFLICT);
    CHECK(record_update(&second.view, copy, values, 1u << LEAVE_REASON, &problem, &second.err));
    CHECK_OK(look_commit(&look), &look.err);
    CHECK(!look_commit(&second) && second.err.code == ERR_CONFLICT);
    CHECK(!sees(world, NULL, world->leave, ref));
}

static void an_old_deletion_is_swept_a_younger_one_kept(struct world *world)
{
    struct principal *officer = WHO(world->officer, {"officer", world->county});
    struct ref old = new_leave(world, "2026-03-02"), back = new_leave(world, "2026-03-03");
    struct ref young = new_leave(world, "2026-03-04");

    delete_as(world, officer, world->leave, old);
    delete_as(world, officer, world->leave, back);
    world->clock.now_ms += DAY_MS;
    CHECK(strcmp(undelete_as(world, officer, world->leave, back), "") == 0);
    delete_as(world, officer, world->leave, back); // anew: its days begin anew
    delete_as(world, officer, world->leave, young);
    world->clock.now_ms += (DELETED_DAYS_KEPT - 1) * DAY_MS;
    CHECK(sweep(world, 10) == 0 && is_kept(world, world->leave, old));
    world->clock.now_ms += 1;
    CHECK(sweep(world, 10) == 1 && !is_kept(world, world->leave, old));
    CHECK(strcmp(undelete_as(world, officer, world->leave, old), "absent") == 0);
    CHECK(is_kept(world, world->leave, back) && is_kept(world, world->leave, young));
    world->clock.now_ms += DAY_MS;
    CHECK(sweep(world, 1) == 1 && sweep(world, 1) == 1 && sweep(world, 1) == 0);
    CHECK(!is_kept(world, world->leave, back) && !is_kept(world, world->leave, young));
}

static void what_came_back_is_not_swept(struct world *world)
{
    struct principal *officer = WHO(world->officer, {"officer", world->county});
    struct ref ref = new_leave(world, "2026-03-02");

    delete_as(world, officer, world->leave, ref);
    CHECK(strcmp(undelete_as(world, officer, world->leave, ref), "") == 0);
    world->clock.now_ms += 2 * DELETED_DAYS_KEPT * DAY_MS;
    CHECK(sweep(world, 10) == 0 && sees(world, NULL, world->leave, ref));
}

int main(void)
{
    RUN_IN_WORLD(only_who_may_delete_may_undo);
    RUN_IN_WORLD(a_deleted_record_is_absent_everywhere);
    RUN_IN_WORLD(nobody_refers_to_what_is_deleted);
    RUN_IN_WORLD(a_claim_is_given_up_and_taken_again_or_refused);
    RUN_IN_WORLD(an_old_copy_does_not_bring_it_back);
    RUN_IN_WORLD(an_old_deletion_is_swept_a_younger_one_kept);
    RUN_IN_WORLD(what_came_back_is_not_swept);
    return check_report("record/deleted");
}
