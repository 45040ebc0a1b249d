// SPDX-License-Identifier: Apache-2.0
// The host over real parts: what apps get, and what they do not.
#include "world.h"

#include "store/chain.h"

struct house {
    struct world world;
    struct id guest, keeper;
    char east_room[REF_TEXT_LEN + 1], west_room[REF_TEXT_LEN + 1];
};

static struct host_row row_of(const struct host_param *cells, size_t count, size_t line)
{
    return (struct host_row){.line = line, .cells = cells, .cell_count = count};
}

static bool import_rows(struct world *world, struct id org, const char *importer,
                        struct host_row *rows, size_t count)
{
    struct err err = {ERR_NONE, ""};
    struct store_txn *txn = store_begin(world->store, STORE_WRITE, &err);
    struct budget budget;
    struct view view = world_view(world, txn, NULL, &budget);
    bool done = host_import(world->host, &view, org, "base", importer, rows, count, &err);

    CHECK_OK(done, &err);
    for (size_t i = 0; done && i < count; i++) { // results live as long as the view
        rows[i].result = arena_text(&world->kept, slice_text(rows[i].result));
        rows[i].field = arena_text(&world->kept, slice_text(rows[i].field));
        rows[i].text = arena_text(&world->kept, slice_text(rows[i].text));
    }
    if (done && store_has_writes(txn))
        CHECK_OK(store_commit_wait(txn, &err), &err);
    store_end(txn);
    return done;
}

// The first record of a collection, for the system.
static struct ref first_of(struct world *world, const char *collection, struct id org)
{
    struct err err = {ERR_NONE, ""};
    struct store_txn *txn = store_begin(world->store, STORE_READ, &err);
    struct budget budget;
    struct view view = world_view(world, txn, NULL, &budget);
    struct query query = {.collection = catalog_find(world->catalog, collection), .org = org,
                          .order = -1, .limit = 1};
    struct ref ref = {{{0}}, {{0}}};
    struct record **records;
    size_t count = 0;

    CHECK_OK(record_query(&view, &query, &records, &count, &err), &err);
    if (count == 1)
        ref = records[0]->ref;
    store_end(txn);
    return ref;
}

static void add_room(struct world *world, struct id org, const char *code,
                     char text[REF_TEXT_LEN + 1])
{
    struct host_param cells[] = {{slice_text("code"), slice_text(code)},
                                 {slice_text("name"), slice_text(code)}};
    struct host_row row = row_of(cells, 2, 2);
    struct ref ref;

    CHECK(import_rows(world, org, "rooms", &row, 1));
    CHECK(row.result != NULL && strcmp(row.result, "created") == 0);
    ref = first_of(world, "base.room", org);
    ref_to_text(&ref, text);
}

static void add_guest(struct house *house)
{
    char person[REF_TEXT_LEN + 1];
    struct host_param name[] = {{slice_text("name"), slice_text("Ada")}};
    struct host_row row = row_of(name, 1, 2);
    struct ref ref;
    struct host_param cells[2];

    CHECK(import_rows(&house->world, house->world.east, "people", &row, 1));
    ref = first_of(&house->world, "base.person", house->world.root);
    house->guest = ref.id;
    ref_to_text(&ref, person);
    cells[0] = (struct host_param){slice_text("person"), slice_text(person)};
    cells[1] = (struct host_param){slice_text("room"), slice_text(house->east_room)};
    row = row_of(cells, 2, 2);
    CHECK(import_rows(&house->world, house->world.east, "stays", &row, 1));
}

static bool house_open(struct house *house, bool narrow)
{
    if (!world_open(&house->world, "tests/core/bind/apps", narrow))
        return false;
    for (size_t i = 0; catalog_find(house->world.catalog, "base.room") == NULL; i++) {
        if (i == house->world.problem_count)
            return false;
        printf("  %s\n", house->world.problems[i]);
    }
    house->keeper = id_make(clock_system(), random_system());
    add_room(&house->world, house->world.east, "E1", house->east_room);
    add_room(&house->world, house->world.west, "W1", house->west_room);
    add_guest(house);
    return true;
}

static struct visit visit_of(const struct house *house, const char *role, const char *method,
                             const char *path)
{
    return (struct visit){.method = method, .app = "notes", .path = path,
                          .org = house->world.east,
                          .person = strcmp(role, "guest") == 0 ? house->guest : house->keeper,
                          .role = role};
}

// Quarantine ------------------------------------------------------------------------------

static const char *problem_of(const struct world *world, const char *id)
{
    const struct host_app *apps;
    size_t count = host_apps(world->host, &apps);

    for (size_t i = 0; i < count; i++)
        if (strcmp(apps[i].id, id) == 0)
            return apps[i].problem != NULL ? apps[i].problem : "ready";
    return "not there";
}

static void a_broken_app_is_named_and_the_rest_runs(struct house *house)
{
    struct world *world = &house->world;

    CHECK(strstr(problem_of(world, "syntax"), "main.lua:3") != NULL);
    CHECK(strstr(problem_of(world, "lost"), "nowhere") != NULL);
    CHECK(strstr(problem_of(world, "words"), "only.here") != NULL);
    CHECK(strstr(problem_of(world, "words"), "lang/zh.yaml:2: 'only.here' has no words in lang/en.yaml") != NULL);
    CHECK(world_said(world, "syntax", "main.lua"));
    CHECK(strcmp(problem_of(world, "base"), "ready") == 0);
    CHECK(strcmp(problem_of(world, "notes"), "ready") == 0);
}

static void what_a_manifest_offers_must_be_there(struct house *house)
{
    struct world *world = &house->world;

    CHECK(world_said(world, "offer", "offers the point 'may_stay', which no app.point"));
    CHECK(world_said(world, "offer", "offers the slot 'extras' of 'ask', which has no such place"));
    CHECK(world_said(world, "offer", "offers slots of 'nowhere', which is no form, list or page"));
    CHECK(world_said(world, "offer", "offers the slot 'rows' of 'stays'"));
    CHECK(!world_said(world, "offer", "may_leave") && !world_said(world, "offer", "'details'"));
    CHECK(world_said(world, "slip", "slip/main.lua:7: unknown key 'detials' in slots of app.yaml, "
                                    "'ask'; did you mean 'details'?"));
}

static void default_deny_holds_for_collections_and_routes(struct house *house)
{
    CHECK(strstr(problem_of(&house->world, "open"), "'thing' allows nobody") != NULL);
    CHECK(strstr(problem_of(&house->world, "bare"), "bare/main.lua:4: GET / says nobody may use it") != NULL);
}

static void an_unknown_key_is_refused_with_a_suggestion(struct house *house)
{
    CHECK(strstr(problem_of(&house->world, "typo"),
                 "typo/main.lua:4: unknown key 'requierd' in field 'from'; did you mean 'required'?") != NULL);
}

static void an_app_in_quarantine_has_no_pages(struct house *house)
{
    struct visit visit = visit_of(house, "keeper", "GET", "/");

    visit.app = "words";
    world_visit(&house->world, &visit);
    CHECK(visit.err.code == ERR_ABSENT);
}

// Routes ----------------------------------------------------------------------------------

static void who_is_not_signed_in_is_sent_to_sign_in(struct house *house)
{
    struct visit visit = visit_of(house, "guest", "GET", "/");

    visit.person = (struct id){{0}};
    visit.role = NULL;
    world_visit(&house->world, &visit);
    CHECK(visit.err.code == ERR_DENIED);
}

static void a_role_elsewhere_opens_nothing_here(struct house *house)
{
    struct visit visit = visit_of(house, "stranger", "GET", "/");

    world_visit(&house->world, &visit);
    CHECK(visit.err.code == ERR_ABSENT);
    visit = visit_of(house, "keeper", "GET", "/nothing/here");
    world_visit(&house->world, &visit);
    CHECK(visit.err.code == ERR_ABSENT);
}

static void a_literal_path_wins_over_a_parameter(struct house *house)
{
    struct visit visit = visit_of(house, "guest", "GET", "/me");

    visit_give(&visit, "say", "hello");
    world_visit(&house->world, &visit);
    CHECK_OK(visit.status == 200, &visit.err);
    CHECK(strstr(visit.body, "\"said\":\"hello\"") != NULL);
    CHECK(strstr(visit.body, "\"name\":\"Ada\"") != NULL);
    CHECK(strstr(visit.body, "\"org\":\"east\"") != NULL);
    CHECK(strstr(visit.body, "\"days\":3") != NULL);
    CHECK(strstr(visit.body, "\"most\":3") != NULL);
}

static void redirects_stay_on_this_host(struct house *house)
{
    static const char *const elsewhere[] = {"//evil.example", "/\\evil.example", "https://evil.example",
                                            "evil", "/a\nb"};
    struct visit visit;

    for (size_t i = 0; i < sizeof elsewhere / sizeof *elsewhere; i++) {
        visit = visit_of(house, "keeper", "GET", "/away");
        visit_give(&visit, "to", elsewhere[i]);
        world_visit(&house->world, &visit);
        CHECK(visit.err.code == ERR_SCRIPT && strstr(visit.err.text, "no path") != NULL);
    }
    visit = visit_of(house, "keeper", "GET", "/away");
    visit_give(&visit, "to", "/desk");
    world_visit(&house->world, &visit);
    CHECK(visit.status == 303 && strncmp(visit.location, "/o/", 3) == 0);
    CHECK(strstr(visit.location, "/notes/desk") != NULL);
}

// What the server cannot send is the app's fault and costs that answer, not the process.
static void an_answer_has_a_status_that_exists(struct house *house)
{
    static const char *const wrong[] = {"-1", "0", "99", "199", "600", "4294967496"};

    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        struct visit visit = visit_of(house, "keeper", "GET", "/status");

        visit_give(&visit, "status", wrong[i]);
        world_visit(&house->world, &visit);
        CHECK(visit.err.code == ERR_SCRIPT && strstr(visit.err.text, "status") != NULL);
    }
}

static void a_forged_answer_does_not_leave_this_host(struct house *house)
{
    static const char *const elsewhere[] = {"//evil.example", "https://evil.example", ""};

    for (size_t i = 0; i < sizeof elsewhere / sizeof *elsewhere; i++) {
        struct visit visit = visit_of(house, "keeper", "GET", "/forged");

        visit_give(&visit, "to", elsewhere[i]);
        world_visit(&house->world, &visit);
        CHECK(visit.err.code == ERR_SCRIPT && strstr(visit.err.text, "no path") != NULL);
    }
}

// Mistakes of authors ----------------------------------------------------------------------

static void check_fault(struct house *house, const char *path, const char *text)
{
    struct visit visit = visit_of(house, "keeper", "GET", path);

    world_visit(&house->world, &visit);
    CHECK(visit.err.code == ERR_SCRIPT);
    if (strstr(visit.err.text, text) == NULL)
        printf("  %s said: %s\n", path, visit.err.text);
    CHECK(strstr(visit.err.text, text) != NULL);
}

static void mistakes_are_told_with_what_was_meant(struct house *house)
{
    check_fault(house, "/odd", "did you mean 'state'?");
    check_fault(house, "/typo", "did you mean 'text'?");
    check_fault(house, "/setting", "did you mean 'most'");
}

static void a_component_tells_the_line_that_drew_it(struct house *house)
{
    static const struct {
        const char *mistake, *text;
    } wrong[] = {
        {"key", "ui.callout does not know 'tne'; did you mean 'tone'?"},
        {"tag", "ui.tag does not know 'tne'; did you mean 'tone'?"},
        {"need", "ui.link needs 'href'"},
        {"none", "ui.link needs 'text'"},
        {"text", "a userdata has no text"},
    };

    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        struct visit visit = visit_of(house, "keeper", "GET", "/mark");

        visit_give(&visit, "say", wrong[i].mistake);
        world_visit(&house->world, &visit);
        CHECK(strstr(visit.err.text, wrong[i].text) != NULL);
        CHECK(strstr(visit.err.text, "notes/main.lua:") != NULL);
        if (strstr(visit.err.text, wrong[i].text) == NULL)
            printf("  %s said: %s\n", wrong[i].mistake, visit.err.text);
        if (i < 4) // the line itself begins the message
            CHECK(strncmp(visit.err.text, "notes/main.lua:", 15) == 0);
    }
}

static void what_one_call_saw_the_next_does_not(struct house *house)
{
    static const char *const roles[] = {"guest", "keeper", "guest"};

    for (size_t i = 0; i < sizeof roles / sizeof *roles; i++) {
        struct visit visit = visit_of(house, roles[i], "GET", "/me");

        world_visit(&house->world, &visit);
        CHECK(strstr(visit.body, roles[i]) != NULL);
    }
}

static void others_records_are_read_where_the_manifest_asks_for_them(struct house *house)
{
    struct visit visit = visit_of(house, "keeper", "GET", "/rooms");

    world_visit(&house->world, &visit);
    CHECK_OK(visit.status == 200, &visit.err);
    CHECK(strstr(visit.body, "\"rooms\":\"\"") == NULL);
    CHECK(strstr(visit.body, "\"writes\":\"nil\"") != NULL);
    check_fault(house, "/unasked", "app.yaml does not ask to read base.stay: add it to asks.read");
}

static void an_app_knows_what_is_around_it(struct house *house)
{
    struct visit visit = visit_of(house, "keeper", "GET", "/around");

    world_visit(&house->world, &visit);
    CHECK_OK(visit.status == 200, &visit.err);
    CHECK(strstr(visit.body, "\"below\":\"\"") != NULL); // nothing is below a house
}

static void a_get_cannot_write(struct house *house)
{
    check_fault(house, "/sneaky", "GET /sneaky cannot write");
}

static size_t sealed(struct house *house, struct store_entry *entry, char text[256])
{
    struct store_chain chain = {0};
    struct err err = {ERR_NONE, ""};
    struct store_txn *txn = store_begin(house->world.store, STORE_READ, &err);
    struct store_entry entries[4];
    size_t count = 0;

    CHECK_OK(store_log_read(txn, "#notes.kept", 0, 4, entries, &count, &err), &err);
    CHECK_OK(store_chain_check(txn, "#notes.kept", NULL, &chain, &err), &err);
    CHECK(chain.broken == 0 && chain.entries == count);
    if (count > 0) {
        *entry = entries[count - 1];
        snprintf(text, 256, "%.*s", (int)entry->bytes.len, (const char *)entry->bytes.data);
    }
    store_end(txn);
    return count;
}

static void seal(struct house *house, const char *role, const char *log, const char *say,
                 const char *length, struct visit *visit)
{
    *visit = visit_of(house, role, "POST", "/seal");
    visit_give(visit, "log", log);
    visit_give(visit, "say", say);
    visit_give(visit, "long", length);
    world_visit_again(&house->world, visit, 2);
}

static void what_is_sealed_stands_once_in_a_chain_of_the_app(struct house *house)
{
    struct store_entry entry;
    struct visit visit;
    char text[256] = "", org[ID_TEXT_LEN + 1], keeper[ID_TEXT_LEN + 1], wanted[256];

    seal(house, "guest", "kept", "not mine", "0", &visit);
    CHECK(visit.status != 200);
    seal(house, "keeper", "#audit", "forged", "0", &visit);
    CHECK(visit.err.code == ERR_SCRIPT && strstr(visit.err.text, "the name of a log") != NULL);
    seal(house, "keeper", "kept", "too long", "4096", &visit);
    CHECK(visit.err.code == ERR_SCRIPT && strstr(visit.err.text, "4 KiB") != NULL);
    CHECK(sealed(house, &entry, text) == 0);
    seal(house, "keeper", "kept", "first", "0", &visit);
    CHECK_OK(visit.status == 200, &visit.err);
    seal(house, "keeper", "kept", "second \"quoted\"", "1", &visit);

    CHECK(sealed(house, &entry, text) == 2);
    id_to_text(&house->world.east, org);
    id_to_text(&house->keeper, keeper);
    snprintf(wanted, sizeof wanted, "{\"org\":\"%s\",\"actor\":\"%s\",\"values\":", org, keeper);
    CHECK(strncmp(text, wanted, strlen(wanted)) == 0);
    CHECK(strstr(text, "\"said\":\"second \\\"quoted\\\"\"") != NULL);
}

static void rows_die_with_their_call(struct house *house)
{
    struct visit visit = visit_of(house, "keeper", "GET", "/keep");

    world_visit(&house->world, &visit);
    CHECK_OK(visit.status == 200, &visit.err);
    check_fault(house, "/keep", "earlier call");
}

// Limits -----------------------------------------------------------------------------------

static void an_endless_handler_is_stopped_and_the_next_call_works(struct house *house)
{
    struct visit visit = visit_of(house, "keeper", "GET", "/forever");

    world_visit(&house->world, &visit);
    CHECK(visit.err.code == ERR_LIMIT);
    visit = visit_of(house, "keeper", "GET", "/");
    world_visit(&house->world, &visit);
    CHECK_OK(visit.status == 200, &visit.err);
}

static void an_answer_has_a_greatest_length(struct house *house)
{
    struct visit visit = visit_of(house, "keeper", "GET", "/long");

    world_visit(&house->world, &visit);
    CHECK(visit.err.code == ERR_LIMIT);
}

// Instances --------------------------------------------------------------------------------

static void variables_of_one_organisation_do_not_leak(struct house *house)
{
    struct visit visit = visit_of(house, "keeper", "GET", "/count");

    world_visit(&house->world, &visit);
    world_visit(&house->world, &visit);
    CHECK(strstr(visit.body, "\"visits\":2") != NULL);
    visit.org = house->world.west;
    world_visit(&house->world, &visit);
    CHECK(strstr(visit.body, "\"visits\":1") != NULL);
}

// Of values that an app gets from the library it reaches no metatable: changed for one
// organisation it would be changed for all.
static void nothing_that_is_shared_can_be_changed(struct house *house)
{
    struct visit visit = visit_of(house, "keeper", "POST", "/open");

    world_visit(&house->world, &visit);
    CHECK_OK(visit.status == 200, &visit.err);
    CHECK(strstr(visit.body, "\"open\":0") != NULL);
}

static void the_least_used_instance_makes_room(struct house *house)
{
    struct visit east = visit_of(house, "keeper", "GET", "/count"), west = east;

    west.org = house->world.west;
    world_visit(&house->world, &east);
    world_visit(&house->world, &west);
    world_visit(&house->world, &east);
    CHECK(strstr(east.body, "\"visits\":1") != NULL); // made anew: one place only
}

// Records ----------------------------------------------------------------------------------

static struct visit asking(const struct house *house, const char *text)
{
    struct visit visit = visit_of(house, "guest", "POST", "/");

    visit_give(&visit, "room", house->east_room);
    visit_give(&visit, "text", text);
    return visit;
}

static void a_guest_asks_and_a_keeper_grants(struct house *house)
{
    struct visit visit = asking(house, "more light"), list;
    char path[160];

    visit_give(&visit, "from", "2026-03-02");
    world_visit(&house->world, &visit);
    CHECK_OK(visit.status == 303, &visit.err);

    snprintf(path, sizeof path, "/note%s/grant", strrchr(visit.location, '/'));
    visit = visit_of(house, "keeper", "POST", path);
    world_visit(&house->world, &visit);
    CHECK_OK(visit.status == 303, &visit.err);

    list = visit_of(house, "guest", "GET", "/");
    world_visit(&house->world, &list);
    CHECK(strstr(list.body, "\"state\":\"granted\"") != NULL);
    CHECK(strstr(list.body, "\"from\":\"2026-03-02\"") != NULL);
    CHECK(strstr(list.body, "\"room\":\"E1\"") != NULL);

    world_visit(&house->world, &visit); // a second time it is granted already
    CHECK(visit.status == 409);
}

static void what_a_check_refuses_is_not_stored(struct house *house)
{
    struct visit visit = asking(house, "backwards"), list;

    visit_give(&visit, "from", "2026-03-02");
    visit_give(&visit, "to", "2026-03-01");
    visit.path = "/note";
    visit.program = true;
    world_visit(&house->world, &visit);
    CHECK(visit.status == 422);
    CHECK(strstr(visit.body, "\"field\":\"to\"") && strstr(visit.body, "\"title\":\"order\""));

    list = visit_of(house, "keeper", "GET", "/");
    world_visit(&house->world, &list);
    CHECK(strstr(list.body, "backwards") == NULL);
}

static void problems_of_fields_come_back_by_name(struct house *house)
{
    struct visit visit = visit_of(house, "guest", "POST", "/note");

    visit.program = true;
    visit_give(&visit, "room", house->east_room);
    world_visit(&house->world, &visit);
    CHECK(visit.status == 422 && strstr(visit.body, "\"field\":\"text\"") &&
          strstr(visit.body, "\"title\":\"required\""));

    visit = asking(house, "when?");
    visit.path = "/note";
    visit.program = true;
    visit_give(&visit, "from", "tomorrow");
    world_visit(&house->world, &visit);
    CHECK(visit.status == 422 && strstr(visit.body, "\"title\":\"type\""));
}

static void a_set_about_a_record_is_for_those_who_may_read_it(struct house *house)
{
    struct visit visit = visit_of(house, "guest", "POST", "/peek");

    visit_give(&visit, "room", house->east_room);
    world_visit(&house->world, &visit);
    CHECK(strstr(visit.body, "\"tenants\":1") != NULL);
    visit.role = "keeper"; // of the other house
    visit.person = house->keeper;
    visit.org = house->world.west;
    world_visit(&house->world, &visit);
    CHECK(strstr(visit.body, "\"tenants\":0") != NULL);
}

static void nobody_asks_for_another_house(struct house *house)
{
    struct visit visit = visit_of(house, "guest", "POST", "/");

    visit_give(&visit, "room", house->west_room);
    visit_give(&visit, "text", "let me in");
    world_visit(&house->world, &visit);
    CHECK(visit.status != 303);
    CHECK(visit.err.code == ERR_DENIED || visit.status == 422);
}

static void an_outcome_of_an_action_changes_nothing(struct house *house)
{
    struct visit visit = asking(house, "too much"), list;
    char path[160];

    world_visit(&house->world, &visit);
    snprintf(path, sizeof path, "/note%s/grant", strrchr(visit.location, '/'));
    visit = visit_of(house, "keeper", "POST", path);
    visit.program = true;
    world_visit(&house->world, &visit);
    CHECK(visit.status == 422 && strstr(visit.body, "too_long") != NULL);

    list = visit_of(house, "keeper", "GET", "/");
    world_visit(&house->world, &list);
    CHECK(strstr(list.body, "\"text\":\"too much\"") != NULL);
}

// The check runs on what an action assigned, too.
static void an_action_is_checked_before_it_is_saved(struct house *house)
{
    struct visit visit = asking(house, "short");
    char path[160];

    world_visit(&house->world, &visit);
    snprintf(path, sizeof path, "/note%s/shorten", strrchr(visit.location, '/'));
    visit = visit_of(house, "keeper", "POST", path);
    visit.program = true;
    world_visit(&house->world, &visit);
    CHECK(visit.status == 422 && strstr(visit.body, "\"title\":\"order\"") != NULL);
}

static void a_call_run_again_after_a_conflict_gives_the_same(struct house *house)
{
    struct visit visit = asking(house, "once only"), list;
    const char *first;

    world_visit_again(&house->world, &visit, 3);
    CHECK_OK(visit.status == 303, &visit.err);
    list = visit_of(house, "keeper", "GET", "/");
    world_visit(&house->world, &list);
    first = strstr(list.body, "once only");
    CHECK(first != NULL && strstr(first + 1, "once only") == NULL);
}

static void choices_come_from_the_rule_that_binds_the_field(struct house *house)
{
    struct visit visit = visit_of(house, "guest", "GET", "/choices");

    world_visit(&house->world, &visit);
    CHECK_OK(visit.status == 200, &visit.err);
    CHECK(strcmp(visit.body, "[\"E1\"]") == 0);
}

// Programs ---------------------------------------------------------------------------------

static void programs_read_lists_and_records(struct house *house)
{
    struct visit visit = asking(house, "for programs");

    world_visit(&house->world, &visit);
    visit = visit_of(house, "keeper", "GET", "/note");
    visit.program = true;
    visit_give(&visit, "state", "asked");
    visit_give(&visit, "limit", "1");
    world_visit(&house->world, &visit);
    CHECK_OK(visit.status == 200, &visit.err);
    CHECK(strstr(visit.body, "{\"items\":[{\"id\":\"") == visit.body);
    CHECK(strstr(visit.body, "\"next\":\"") != NULL);
    visit.given_count = 1; // without the limit: all that are asked
    world_visit(&house->world, &visit);
    CHECK(strstr(visit.body, "\"text\":\"for programs\"") != NULL);
    CHECK(strstr(visit.body, "\"next\":null}") != NULL);
    CHECK(strstr(visit.body, "granted") == NULL);
}

static void programs_create_and_act(struct house *house)
{
    struct visit visit = asking(house, "by a program");
    char path[160], *id;

    visit.path = "/note";
    visit.program = true;
    world_visit(&house->world, &visit);
    CHECK_OK(visit.status == 201, &visit.err);
    CHECK(strstr(visit.body, "\"state\":\"asked\"") != NULL);

    id = strstr(visit.body, "\"id\":\"") + 6;
    snprintf(path, sizeof path, "/note/%.*s/grant", REF_TEXT_LEN, id);
    visit = visit_of(house, "keeper", "POST", path);
    visit.program = true;
    world_visit(&house->world, &visit);
    CHECK_OK(visit.status == 200, &visit.err);
    CHECK(strstr(visit.body, "\"state\":\"granted\"") != NULL);
}

static void programs_create_only_what_they_may(struct house *house)
{
    struct visit visit = asking(house, "not mine to ask");

    visit.path = "/note";
    visit.program = true;
    visit.role = "keeper";
    visit.person = house->keeper;
    world_visit(&house->world, &visit);
    CHECK(visit.err.code == ERR_DENIED);

    visit = asking(house, "with more");
    visit.path = "/note";
    visit.program = true;
    visit_give(&visit, "colour", "red");
    world_visit(&house->world, &visit);
    CHECK(visit.status == 422 && strstr(visit.body, "\"field\":\"colour\"") != NULL);
}

static void programs_are_told_what_is_not_understood(struct house *house)
{
    struct visit visit = visit_of(house, "keeper", "GET", "/note");

    visit.program = true;
    visit_give(&visit, "colour", "red");
    world_visit(&house->world, &visit);
    CHECK(visit.err.code == ERR_INPUT);
    visit = visit_of(house, "keeper", "GET", "/nothing");
    visit.program = true;
    world_visit(&house->world, &visit);
    CHECK(visit.err.code == ERR_ABSENT);
}

// The platform's pages ---------------------------------------------------------------------

static struct visit at_home(const struct house *house, const char *role)
{
    struct visit visit = visit_of(house, role, "GET", "/");

    visit.app = "platform";
    return visit;
}

static void home_shows_cards_of_apps(struct house *house)
{
    struct visit visit = asking(house, "a card of mine");

    world_visit(&house->world, &visit);
    visit = at_home(house, "keeper");
    world_visit(&house->world, &visit);
    CHECK_OK(visit.status == 200, &visit.err);
    CHECK(strstr(visit.body, "<!doctype html>") != NULL);
    CHECK(strstr(visit.body, "a card of mine") != NULL);
}

static void an_app_that_fails_costs_its_cards_and_not_the_page(struct house *house)
{
    struct visit visit = at_home(house, "guest");

    world_visit(&house->world, &visit);
    CHECK_OK(visit.status == 200, &visit.err);
    CHECK(strstr(visit.body, "no cards today") == NULL);
}

// Neither the processor time nor the reads of one app's cards are taken from the page or from
// other apps.
static void an_app_that_uses_up_its_limits_costs_only_its_own_cards(struct house *house)
{
    static const char *const roles[] = {"sleeper", "reader", "sleeper"};

    for (size_t i = 0; i < sizeof roles / sizeof *roles; i++) {
        struct visit visit = at_home(house, roles[i]);

        world_visit(&house->world, &visit);
        CHECK_OK(visit.status == 200, &visit.err);
        CHECK(strstr(visit.body, "still here") != NULL);
    }
}

// host_page: what C itself shows.
static void an_error_page_says_its_number_and_id(struct house *house)
{
    struct host_datum data[] = {{"status", "404"}, {"word", "absent"}, {"id", "01m84<b>"}};
    struct visit visit = at_home(house, "keeper");
    struct host_request request = visit_request(&visit);
    struct principal nobody = {0};
    struct err err = {ERR_NONE, ""};
    struct store_txn *txn = store_begin(house->world.store, STORE_READ, &err);
    struct budget budget;
    struct view view = world_view(&house->world, txn, &nobody, &budget);
    struct host_answer answer;

    request.signed_in = false;
    CHECK_OK(host_page(house->world.host, &view, &request, "error", 404, data, 3, &answer, &err),
             &err);
    visit_answered(&visit, &answer);
    CHECK(visit.status == 404 && !answer.writes);
    CHECK(strstr(visit.body, "404 01m84&lt;b>") || strstr(visit.body, "404 01m84&lt;b&gt;"));
    store_end(txn);
}

// Imports ----------------------------------------------------------------------------------

static void importers_report_for_each_row(struct house *house)
{
    struct host_param good[] = {{slice_text("code"), slice_text("E7")},
                                {slice_text("name"), slice_text("Seven")}};
    struct host_param bad[] = {{slice_text("code"), slice_text("E8")},
                               {slice_text("name"), slice_text("a name that is far too long")}};
    struct host_param odd[] = {{slice_text("code"), slice_text("E9")},
                               {slice_text("name"), slice_text("Nine")},
                               {slice_text("floor"), slice_text("second")}};
    struct host_row rows[] = {row_of(good, 2, 2), row_of(bad, 2, 3), row_of(odd, 3, 4)};

    CHECK(import_rows(&house->world, house->world.east, "import.rooms", rows, 3));
    CHECK(strcmp(rows[0].result, "created") == 0);
    CHECK(strcmp(rows[1].result, "refused") == 0 && strcmp(rows[1].field, "name") == 0 &&
          strcmp(rows[1].text, "max") == 0);
    CHECK(strcmp(rows[2].result, "refused") == 0 && strcmp(rows[2].field, "floor") == 0 &&
          strcmp(rows[2].text, "type") == 0);
    CHECK(import_rows(&house->world, house->world.east, "rooms", rows, 1));
    CHECK(strcmp(rows[0].result, "same") == 0);
    good[1].value = slice_text("Seventh");
    CHECK(import_rows(&house->world, house->world.east, "rooms", rows, 1));
    CHECK(strcmp(rows[0].result, "updated") == 0);
}

static void importers_are_listed(struct house *house)
{
    const char *const *names;

    CHECK(host_importers(house->world.host, "base", &names) == 3);
    CHECK(strcmp(names[0], "rooms") == 0);
    CHECK(host_importers(house->world.host, "nobody", &names) == 0);
}

int main(void)
{
    struct house house, narrow;

    if (!house_open(&house, false))
        return check_report("bind_host");
    RUN(a_broken_app_is_named_and_the_rest_runs, &house);
    RUN(what_a_manifest_offers_must_be_there, &house);
    RUN(default_deny_holds_for_collections_and_routes, &house);
    RUN(an_unknown_key_is_refused_with_a_suggestion, &house);
    RUN(an_app_in_quarantine_has_no_pages, &house);
    RUN(who_is_not_signed_in_is_sent_to_sign_in, &house);
    RUN(a_role_elsewhere_opens_nothing_here, &house);
    RUN(a_literal_path_wins_over_a_parameter, &house);
    RUN(others_records_are_read_where_the_manifest_asks_for_them, &house);
    RUN(an_app_knows_what_is_around_it, &house);
    RUN(redirects_stay_on_this_host, &house);
    RUN(an_answer_has_a_status_that_exists, &house);
    RUN(a_forged_answer_does_not_leave_this_host, &house);
    RUN(nothing_that_is_shared_can_be_changed, &house);
    RUN(variables_of_one_organisation_do_not_leak, &house);
    RUN(a_guest_asks_and_a_keeper_grants, &house);
    RUN(mistakes_are_told_with_what_was_meant, &house);
    RUN(a_component_tells_the_line_that_drew_it, &house);
    RUN(what_one_call_saw_the_next_does_not, &house);
    RUN(a_get_cannot_write, &house);
    RUN(what_is_sealed_stands_once_in_a_chain_of_the_app, &house);
    RUN(rows_die_with_their_call, &house);
    RUN(an_endless_handler_is_stopped_and_the_next_call_works, &house);
    RUN(what_a_check_refuses_is_not_stored, &house);
    RUN(problems_of_fields_come_back_by_name, &house);
    RUN(a_set_about_a_record_is_for_those_who_may_read_it, &house);
    RUN(nobody_asks_for_another_house, &house);
    RUN(an_outcome_of_an_action_changes_nothing, &house);
    RUN(an_action_is_checked_before_it_is_saved, &house);
    RUN(a_call_run_again_after_a_conflict_gives_the_same, &house);
    RUN(choices_come_from_the_rule_that_binds_the_field, &house);
    RUN(programs_read_lists_and_records, &house);
    RUN(programs_create_and_act, &house);
    RUN(programs_create_only_what_they_may, &house);
    RUN(programs_are_told_what_is_not_understood, &house);
    RUN(home_shows_cards_of_apps, &house);
    RUN(an_app_that_fails_costs_its_cards_and_not_the_page, &house);
    RUN(an_app_that_uses_up_its_limits_costs_only_its_own_cards, &house);
    RUN(an_error_page_says_its_number_and_id, &house);
    RUN(importers_report_for_each_row, &house);
    RUN(importers_are_listed, &house);
    world_close(&house.world);
    if (house_open(&narrow, true)) {
        RUN(an_answer_has_a_greatest_length, &narrow);
        RUN(the_least_used_instance_makes_room, &narrow);
        world_close(&narrow.world);
    }
    return check_report("bind_host");
}
