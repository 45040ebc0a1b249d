// SPDX-License-Identifier: Apache-2.0
// Jobs from the page that queues them to what comes of them, with a clock that is moved by hand.
#include "world.h"

#define APPS "tests/core/serve/errands"

static struct visit send(const char *method, const char *path, const char *name, const char *value)
{
    struct visit visit = {.method = method, .app = "errand", .path = path, .org = world.east,
                          .person = world.root, .role = "keeper"};

    if (name != NULL)
        visit_give(&visit, name, value);
    world_visit(&world, &visit);
    return visit;
}

static bool notes_are(const char *expected)
{
    struct visit visit = send("GET", "/notes", NULL, NULL);

    if (strcmp(visit.body, expected) != 0)
        printf("  got: %d %s %s\n", visit.status, visit.body, visit.err.text);
    return strcmp(visit.body, expected) == 0;
}

static void apps_that_ask_or_listen_for_what_is_not_there_are_set_apart(void)
{
    CHECK(world.problem_count == 2);
    CHECK(world_said(&world, "deaf", "listens to 'base.thing.mode', which no app declares"));
    CHECK(world_said(&world, "astray", "asks to read base.thimg, which is no collection"));
}

static void a_job_runs_after_the_commit_that_queued_it(void)
{
    CHECK(send("POST", "/note", "text", "one").status == 200);
    CHECK(notes_are("{}"));

    CHECK(run_due() == 1);
    CHECK(notes_are("[\"one\"]"));
    CHECK(run_due() == 0 && slot.done == 1 && counts().waiting == 0);
}

static void what_is_refused_queues_nothing(void)
{
    CHECK(send("POST", "/refuse", NULL, NULL).status == 422);

    CHECK(run_due() == 0 && counts().waiting == 0);
}

static void a_read_cannot_queue(void)
{
    struct visit visit = send("GET", "/read", NULL, NULL);

    CHECK(visit.err.code == ERR_SCRIPT);
    CHECK(strstr(visit.err.text, "app.after in a read") != NULL);
    CHECK(counts().waiting == 0);
}

static void mistakes_are_told_by_name(void)
{
    CHECK(strstr(send("POST", "/typo", NULL, NULL).err.text, "did you mean 'note'?") != NULL);
    CHECK(strstr(send("POST", "/lack", NULL, NULL).err.text, "goes by 'text'") != NULL);
}

static void a_key_makes_two_the_same_while_one_waits(void)
{
    CHECK(strstr(send("POST", "/note", "text", "one").body, "true") != NULL);
    CHECK(strstr(send("POST", "/note", "text", "one").body, "false") != NULL);
    run_due();
    CHECK(strstr(send("POST", "/note", "text", "one").body, "true") != NULL);
    run_due();

    CHECK(notes_are("[\"one\",\"one\"]"));
}

static void a_job_waits_as_long_as_it_was_put_off(void)
{
    struct visit visit = {.method = "POST", .app = "errand", .path = "/note", .org = world.east,
                          .person = world.root, .role = "keeper"};

    visit_give(&visit, "text", "later");
    visit_give(&visit, "seconds", "60");
    world_visit(&world, &visit);
    CHECK(run_due() == 0);
    CHECK(runner_step(&runner) == world.config->jobs.poll_ms);
    ahead_ms = 30000;
    CHECK(run_due() == 0);
    ahead_ms = 60001;
    CHECK(run_due() == 1 && notes_are("[\"later\"]"));
}

static void a_failed_job_leaves_nothing_and_runs_again_later(void)
{
    send("POST", "/queue", "job", "fail");

    CHECK(run_due() == 1 && slot.failed == 1);
    CHECK(notes_are("{}"));
    ahead_ms = world.config->jobs.backoff_ms + 1;
    CHECK(run_due() == 1 && slot.failed == 2);
}

static size_t dead(struct job **jobs)
{
    struct store_txn *txn = store_begin(world.store, STORE_READ, &err);
    struct budget budget;
    struct view view = world_view(&world, txn, NULL, &budget);
    size_t count = 0;

    CHECK_OK(queue_list(&view, true, 8, jobs, &count, &err), &err);
    store_end(txn);
    return count;
}

static void after_its_retries_a_job_is_a_dead_letter_with_its_reason(void)
{
    struct job *jobs[8];

    send("POST", "/queue", "job", "fail");
    for (int i = 0; i < 3; i++, ahead_ms += 3600000)
        CHECK(run_due() == 1);

    CHECK(run_due() == 0 && slot.buried == 1);
    CHECK(counts().waiting == 0 && counts().dead == 1);
    CHECK(dead(jobs) == 1 && jobs[0]->failures == 3);
    CHECK(strstr(jobs[0]->problem, "as asked") != NULL);
}

static void a_job_that_does_not_end_is_ended(void)
{
    struct job *jobs[8];

    send("POST", "/queue", "job", "loop");
    CHECK(run_due() == 1);
    CHECK(dead(jobs) == 1 && strstr(jobs[0]->problem, "processor time") != NULL);
    send("POST", "/note", "text", "next");
    CHECK(run_due() == 1 && notes_are("[\"next\"]"));
}

static void a_job_is_nobody_at_the_organisation_that_queued_it(void)
{
    send("POST", "/queue", "job", "who");
    run_due();

    CHECK(notes_are("[\"nil  east\"]"));
}

static void import(const char *importer, const char *name, struct id *id)
{
    struct store_txn *txn = store_begin(world.store, STORE_WRITE, &err);
    struct budget budget;
    struct view view = world_view(&world, txn, NULL, &budget);
    struct host_param cell = {slice_text("name"), slice_text(name)};
    struct host_row row = {.line = 2, .cells = &cell, .cell_count = 1};
    struct query query = {.collection = catalog_find(world.catalog, importer), .org = world.east,
                          .order = -1, .limit = 1};
    struct record **records;
    size_t count = 0;

    CHECK_OK(host_import(world.host, &view, world.east, "base", strchr(importer, '.') + 1, &row, 1,
                         &err) &&
                 record_query(&view, &query, &records, &count, &err),
             &err);
    *id = count == 1 ? records[0]->ref.id : (struct id){{0}};
    CHECK(count == 1);
    CHECK_OK(store_commit_wait(txn, &err), &err);
    store_end(txn);
}

static void look(const char *job)
{
    struct ref thing = {world.east, {{0}}}, secret = thing;
    char texts[2][REF_TEXT_LEN + 1];
    struct visit visit = {.method = "POST", .app = "errand", .path = "/about", .org = world.east,
                          .person = world.root, .role = "keeper"};

    import("base.thing", "a spade", &thing.id);
    import("base.secret", "a secret", &secret.id);
    ref_to_text(&thing, texts[0]);
    ref_to_text(&secret, texts[1]);
    visit_give(&visit, "thing", texts[0]);
    visit_give(&visit, "secret", texts[1]);
    visit_give(&visit, "job", job);
    world_visit(&world, &visit);
    CHECK(visit.status == 200);
}

static void a_job_sees_of_other_apps_what_its_manifest_asks_for(void)
{
    look("look");
    run_due();

    CHECK(notes_are("[\"a spade nil\",\"about\"]"));
}

static void a_set_of_what_is_not_asked_for_is_refused_by_name(void)
{
    struct job *jobs[8];

    look("ask");
    run_due();
    CHECK(dead(jobs) == 1);
    CHECK(strstr(jobs[0]->problem, "does not ask to read base.secret") != NULL);
}

// Its outcome's error text; committed when it did well.
static const char *emit(const char *importer)
{
    struct store_txn *txn = store_begin(world.store, STORE_WRITE, &err);
    struct budget budget;
    struct view view = world_view(&world, txn, NULL, &budget);
    struct host_param cell = {slice_text("name"), slice_text("a spade")};
    struct host_row row = {.line = 2, .cells = &cell, .cell_count = 1};

    err = (struct err){ERR_NONE, ""};
    if (host_import(world.host, &view, world.west, "base", importer, &row, 1, &err))
        CHECK_OK(store_commit_wait(txn, &err), &err);
    store_end(txn);
    return err.text;
}

static void an_event_is_a_job_of_each_app_that_listens_where_it_happened(void)
{
    struct visit visit = {.method = "GET", .app = "errand", .path = "/notes", .org = world.west,
                          .person = world.root, .role = "keeper"};

    CHECK(emit("made")[0] == 0);
    CHECK(counts().waiting == 2); // errand's, and that of the app in quarantine
    CHECK(run_due() == 1 && notes_are("{}"));
    world_visit(&world, &visit);
    CHECK(strcmp(visit.body, "[\"made a spade\"]") == 0);
    CHECK(counts().waiting == 1 && counts().dead == 0);
}

static void an_event_that_is_not_declared_is_told_by_name(void)
{
    CHECK(strstr(emit("mistyped"), "did you mean 'thing.made'?") != NULL);
    CHECK(counts().waiting == 0);
}

static struct visit tell(const char *word, const char *whom)
{
    struct visit visit = {.method = "POST", .app = "errand", .path = "/tell", .org = world.east,
                          .person = world.root, .role = "keeper"};

    visit_give(&visit, "word", word);
    visit_give(&visit, "whom", whom);
    world_visit(&world, &visit);
    return visit;
}

static void what_cannot_be_told_is_refused_at_once(void)
{
    CHECK(strstr(tell("mraket", "me").err.text, "has no 'notices.mraket'") != NULL);
    CHECK(strstr(tell("counted", "me").err.text, "'n'") != NULL);
    CHECK(strstr(tell("market", "note").err.text, "tells persons, not errand.note") != NULL);
    CHECK(counts().waiting == 0);
    CHECK(tell("market", "me").status == 200);
    CHECK(counts().waiting == 1);
}

static void a_job_may_queue_the_next(void)
{
    send("POST", "/queue", "job", "chain");

    CHECK(run_due() == 4);
    CHECK(notes_are("[\"chain 0\",\"chain 1\",\"chain 2\",\"chain 3\"]"));
}

// What a process that was killed leaves behind: a lease.
static void lease_and_die(void)
{
    struct store_txn *txn = store_begin(world.store, STORE_WRITE, &err);
    struct budget budget;
    struct view view = world_view(&world, txn, NULL, &budget);
    struct job *jobs[8];
    size_t count;

    CHECK(queue_list(&view, false, 8, jobs, &count, &err) && count == 1);
    CHECK_OK(queue_lease(&view, jobs[0], clock_wall_ms(&moved) + 1000, &err), &err);
    CHECK_OK(store_commit_wait(txn, &err), &err);
    store_end(txn);
}

static void the_job_of_a_killed_process_is_done_by_the_next(void)
{
    send("POST", "/note", "text", "one");
    lease_and_die();

    CHECK(run_due() == 0);
    ahead_ms += 1001;
    CHECK(run_due() == 1 && notes_are("[\"one\"]"));
}

static void a_job_that_kills_its_process_again_and_again_is_put_aside(void)
{
    struct job *jobs[8];

    send("POST", "/note", "text", "one");
    for (int i = 0; i < 8; i++, ahead_ms += 1001)
        lease_and_die();
    for (int i = 0; i < 3; i++, ahead_ms += 3600000)
        run_due();

    CHECK(dead(jobs) == 1 && notes_are("{}"));
}

static void queue_for(const char *app, const char *name)
{
    struct store_txn *txn = store_begin(world.store, STORE_WRITE, &err);
    struct budget budget;
    struct view view = world_view(&world, txn, NULL, &budget);
    struct job job = {.org = world.east, .app = app, .name = name, .key = slice_text(""),
                      .arg = slice_text("{}")};
    bool added;

    CHECK_OK(queue_add(&view, &job, &added, &err) && store_commit_wait(txn, &err), &err);
    store_end(txn);
}

static void a_job_of_an_app_that_is_not_here_waits_and_holds_up_nobody(void)
{
    queue_for("broken", "note");
    send("POST", "/note", "text", "one");
    ahead_ms += 1000;

    CHECK(run_due() == 1 && notes_are("[\"one\"]"));
    CHECK(counts().waiting == 1 && counts().dead == 0);
}

static void a_job_that_its_app_no_longer_has_is_a_dead_letter(void)
{
    struct job *jobs[8];

    queue_for("errand", "gone");
    CHECK(run_due() == 1 && dead(jobs) == 1);
    CHECK(strstr(jobs[0]->problem, "has no job 'gone'") != NULL);
}

int main(void)
{
    log_threshold(LOG_ERROR);
    if (!script_watch_start(&err))
        return 1;
    IN_A_WORLD(APPS, apps_that_ask_or_listen_for_what_is_not_there_are_set_apart);
    IN_A_WORLD(APPS, a_job_runs_after_the_commit_that_queued_it);
    IN_A_WORLD(APPS, what_is_refused_queues_nothing);
    IN_A_WORLD(APPS, a_read_cannot_queue);
    IN_A_WORLD(APPS, mistakes_are_told_by_name);
    IN_A_WORLD(APPS, a_key_makes_two_the_same_while_one_waits);
    IN_A_WORLD(APPS, a_job_waits_as_long_as_it_was_put_off);
    IN_A_WORLD(APPS, a_failed_job_leaves_nothing_and_runs_again_later);
    IN_A_WORLD(APPS, after_its_retries_a_job_is_a_dead_letter_with_its_reason);
    IN_A_WORLD(APPS, a_job_that_does_not_end_is_ended);
    IN_A_WORLD(APPS, a_job_is_nobody_at_the_organisation_that_queued_it);
    IN_A_WORLD(APPS, a_job_sees_of_other_apps_what_its_manifest_asks_for);
    IN_A_WORLD(APPS, a_set_of_what_is_not_asked_for_is_refused_by_name);
    IN_A_WORLD(APPS, an_event_is_a_job_of_each_app_that_listens_where_it_happened);
    IN_A_WORLD(APPS, an_event_that_is_not_declared_is_told_by_name);
    IN_A_WORLD(APPS, what_cannot_be_told_is_refused_at_once);
    IN_A_WORLD(APPS, a_job_may_queue_the_next);
    IN_A_WORLD(APPS, the_job_of_a_killed_process_is_done_by_the_next);
    IN_A_WORLD(APPS, a_job_that_kills_its_process_again_and_again_is_put_aside);
    IN_A_WORLD(APPS, a_job_of_an_app_that_is_not_here_waits_and_holds_up_nobody);
    IN_A_WORLD(APPS, a_job_that_its_app_no_longer_has_is_a_dead_letter);
    return check_report("serve runner");
}
