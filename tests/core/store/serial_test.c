// SPDX-License-Identifier: Apache-2.0
// Serialisable: many clients, their transactions cut into steps and mixed by chance, commit
// in groups. Whatever a committed transaction saw is written down, and afterwards everything
// is done again, one transaction after the other in the order of their commits, on a model
// that is too simple to be wrong. Each must then see again what it saw.
//
// serial_test [SEED [GROUPS]] runs one seed for longer.
#include "scratch.h"

#include <inttypes.h>

enum {
    CLIENTS = 24, LOOKS = 4, DEEDS = 6, TEXT = 24, KEYS_MAX = 512, ACCOUNTS = 8, FUNDS = 100,
    REGISTERS = 4, MEMBERS = 5, NAMES = 400, COUNTERS = 3, GROUPS = 200,
};

// What a transaction looked at, and the answer as text.
struct look {
    enum { LOOK_GET, LOOK_COUNTER, LOOK_WALK } kind;
    char from[TEXT]; // key, or prefix
    bool backwards;
    int max;
    char *got;
};

struct deed {
    enum { DEED_PUT, DEED_DELETE, DEED_ADD, DEED_APPEND } kind;
    char key[TEXT], value[TEXT];
    int64_t number;
};

struct record {
    struct look looks[LOOKS];
    struct deed deeds[DEEDS];
    int look_count, deed_count;
    size_t position; // how many had committed when it began
};

struct history {
    struct record *records;
    size_t count, size;
};

// The model -----------------------------------------------------------------------------

struct cell {
    char key[TEXT], value[TEXT];
};

struct model {
    struct cell cells[KEYS_MAX]; // in key order
    size_t count;
    uint64_t appended;
    bool quiet; // differences are expected
};

static size_t model_place(const struct model *model, const char *key)
{
    size_t at = 0;

    while (at < model->count && strcmp(model->cells[at].key, key) < 0)
        at++;
    return at;
}

static const char *model_get(const struct model *model, const char *key)
{
    size_t at = model_place(model, key);

    return at < model->count && strcmp(model->cells[at].key, key) == 0 ? model->cells[at].value
                                                                      : NULL;
}

static void model_delete(struct model *model, const char *key)
{
    size_t at = model_place(model, key);

    if (model_get(model, key) == NULL)
        return;
    model->count--;
    memmove(&model->cells[at], &model->cells[at + 1],
            (model->count - at) * sizeof *model->cells);
}

static void model_put(struct model *model, const char *key, const char *value)
{
    size_t at = model_place(model, key);

    if (model_get(model, key) == NULL) {
        if (model->count == KEYS_MAX)
            abort();
        memmove(&model->cells[at + 1], &model->cells[at],
                (model->count - at) * sizeof *model->cells);
        model->count++;
        snprintf(model->cells[at].key, TEXT, "%s", key);
    }
    snprintf(model->cells[at].value, TEXT, "%s", value);
}

static void model_add(struct model *model, const char *key, int64_t number)
{
    const char *value = model_get(model, key);
    char text[TEXT];

    number += value != NULL ? strtoll(value, NULL, 10) : 0;
    snprintf(text, sizeof text, "%" PRId64, number);
    model_put(model, key, text);
}

static const char *model_walk(const struct model *model, const struct look *look)
{
    static char text[8192];
    size_t len = 0;
    int left = look->max;

    text[0] = 0;
    for (size_t i = 0; i < model->count && left > 0; i++) {
        const struct cell *cell = &model->cells[look->backwards ? model->count - 1 - i : i];

        if (strncmp(cell->key, look->from, strlen(look->from)) == 0) {
            len += (size_t)snprintf(text + len, sizeof text - len, "%s=%s ", cell->key,
                                    cell->value);
            left--;
        }
    }
    return text;
}

static const char *model_look(const struct model *model, const struct look *look)
{
    const char *value;

    if (look->kind == LOOK_WALK)
        return model_walk(model, look);
    value = model_get(model, look->from);
    return value != NULL ? value : look->kind == LOOK_COUNTER ? "0" : "absent";
}

static void model_do(struct model *model, const struct deed *deed)
{
    if (deed->kind == DEED_PUT)
        model_put(model, deed->key, deed->value);
    else if (deed->kind == DEED_DELETE)
        model_delete(model, deed->key);
    else if (deed->kind == DEED_ADD)
        model_add(model, deed->key, deed->number);
    else
        model->appended++;
}

// The check -----------------------------------------------------------------------------

static bool saw_the_same(const struct model *model, const struct record *record)
{
    for (int i = 0; i < record->look_count; i++) {
        const char *now = model_look(model, &record->looks[i]);

        if (strcmp(now, record->looks[i].got) != 0) {
            if (!model->quiet)
                printf("  %s: saw \"%s\", in order it is \"%s\"\n", record->looks[i].from,
                       record->looks[i].got, now);
            return false;
        }
    }
    return true;
}

// What the workloads keep true, after every single transaction.
static bool invariants_hold(const struct model *model)
{
    int64_t funds = 0;
    int members = 0;

    for (size_t i = 0; i < model->count; i++) {
        funds += strncmp(model->cells[i].key, "bank/", 5) == 0
                     ? strtoll(model->cells[i].value, NULL, 10) : 0;
        members += strncmp(model->cells[i].key, "set/", 4) == 0;
    }
    if (!model->quiet && (funds != ACCOUNTS * FUNDS || members > MEMBERS))
        printf("  funds %" PRId64 ", members %d\n", funds, members);
    return funds == ACCOUNTS * FUNDS && members <= MEMBERS;
}

// Every account has its funds before the first transaction.
static void model_begin(struct model *model)
{
    char key[TEXT], funds[TEXT];

    *model = (struct model){.quiet = model->quiet};
    snprintf(funds, sizeof funds, "%d", FUNDS);
    for (int i = 0; i < ACCOUNTS; i++) {
        snprintf(key, sizeof key, "bank/%d", i);
        model_put(model, key, funds);
    }
}

static bool is_serial(const struct history *history, const struct history *readers,
                      struct model *model)
{
    size_t reader = 0;

    model_begin(model);
    for (size_t i = 0; i <= history->count; i++) {
        for (; reader < readers->count && readers->records[reader].position == i; reader++)
            if (!saw_the_same(model, &readers->records[reader]))
                return false;
        if (i == history->count)
            break;
        if (!saw_the_same(model, &history->records[i]))
            return false;
        for (int j = 0; j < history->records[i].deed_count; j++)
            model_do(model, &history->records[i].deeds[j]);
        if (!invariants_hold(model))
            return false;
    }
    return reader == readers->count;
}

// Clients -------------------------------------------------------------------------------

enum workload { BANK, REGISTER, SET, CLAIM, WORKLOADS };

struct client {
    enum { IDLE, RUNNING, WAITING } state;
    struct store_txn *txn;
    enum workload workload;
    int step, a, b;
    struct record record;
};

struct world {
    struct scratch scratch;
    uint64_t chance;
    struct client clients[CLIENTS];
    struct client *waiting[CLIENTS];
    size_t waiting_count;
    struct history committed, readers;
    uint64_t conflicts;
};

static unsigned pick(struct world *world, unsigned below)
{
    world->chance ^= world->chance << 13;
    world->chance ^= world->chance >> 7;
    world->chance ^= world->chance << 17;
    return (unsigned)((world->chance >> 20) % below);
}

static void keep(struct history *history, const struct record *record)
{
    if (history->count == history->size) {
        history->size = history->size * 2 + 64;
        history->records =
            mem_resize(history->records, history->size * sizeof *history->records);
    }
    history->records[history->count++] = *record;
}

static void forget(struct record *record)
{
    for (int i = 0; i < record->look_count; i++)
        free(record->looks[i].got);
    record->look_count = record->deed_count = 0;
}

// Looks, and writes down what was seen.
static const char *look(struct client *client, struct look look)
{
    struct err err = {.code = ERR_NONE};
    struct slice value;
    int64_t number;
    char text[TEXT];

    if (look.kind == LOOK_WALK) {
        look.got = mem_text(walk_up_to(client->txn, look.from, NULL, look.backwards, look.max));
    } else if (look.kind == LOOK_COUNTER) {
        CHECK_OK(store_counter(client->txn, S(look.from), &number, &err), &err);
        snprintf(text, sizeof text, "%" PRId64, number);
        look.got = mem_text(text);
    } else {
        CHECK_OK(store_get(client->txn, S(look.from), &value, &err), &err);
        snprintf(text, sizeof text, "%.*s", (int)value.len, (const char *)value.data);
        look.got = mem_text(value.data != NULL ? text : "absent");
    }
    client->record.looks[client->record.look_count++] = look;
    return look.got;
}

static const char *look_at(struct client *client, const char *key)
{
    struct look at = {.kind = LOOK_GET};

    snprintf(at.from, sizeof at.from, "%s", key);
    return look(client, at);
}

static void deed(struct client *client, int kind, const char *key, const char *value,
                 int64_t number)
{
    struct deed *deed = &client->record.deeds[client->record.deed_count++];
    struct err err;

    *deed = (struct deed){.kind = kind, .number = number};
    snprintf(deed->key, sizeof deed->key, "%s", key);
    snprintf(deed->value, sizeof deed->value, "%s", value);
    CHECK_OK(kind == DEED_PUT      ? store_put(client->txn, S(key), S(value), &err)
             : kind == DEED_DELETE ? store_delete(client->txn, S(key), &err)
             : kind == DEED_ADD    ? store_add(client->txn, S(key), number, &err)
                                   : store_append(client->txn, "feed", S(value), &err),
             &err);
}

static char *name(const char *prefix, int number)
{
    static char names[4][TEXT];
    static int turn;

    turn = (turn + 1) % 4;
    snprintf(names[turn], TEXT, "%s%03d", prefix, number);
    return names[turn];
}

// From one account to another; now and then the whole bank is looked at in between.
static bool bank_step(struct world *world, struct client *client)
{
    char account[TEXT], text[TEXT];
    int64_t funds, amount = pick(world, 10);

    snprintf(account, sizeof account, "bank/%d", client->step == 1 ? client->b : client->a);
    switch (client->step) {
    case 0:
        client->a = (int)pick(world, ACCOUNTS);
        client->b = (client->a + 1 + (int)pick(world, ACCOUNTS - 1)) % ACCOUNTS;
        snprintf(account, sizeof account, "bank/%d", client->a);
        look_at(client, account);
        return false;
    case 1:
        look_at(client, account);
        return false;
    case 2:
        if (pick(world, 4) == 0)
            look(client, (struct look){.kind = LOOK_WALK, .from = "bank/", .max = 100,
                                       .backwards = pick(world, 2)});
        return false;
    default:
        funds = strtoll(client->record.looks[0].got, NULL, 10);
        snprintf(text, sizeof text, "%" PRId64, funds - amount);
        deed(client, DEED_PUT, account, text, 0);
        funds = strtoll(client->record.looks[1].got, NULL, 10);
        snprintf(text, sizeof text, "%" PRId64, funds + amount);
        snprintf(account, sizeof account, "bank/%d", client->b);
        deed(client, DEED_PUT, account, text, 0);
        return true;
    }
}

static bool register_step(struct world *world, struct client *client)
{
    char text[TEXT];

    if (client->step == 0) {
        client->a = (int)pick(world, REGISTERS);
        look_at(client, name("register/", client->a));
        return false;
    }
    snprintf(text, sizeof text, "%lld", strtoll(client->record.looks[0].got, NULL, 10) + 1);
    deed(client, DEED_PUT, name("register/", client->a), text, 0);
    return true;
}

// At most so many members: who finds room puts one in, who finds none takes out the first
// or last. Seen by a walk over all, or one that stops early.
static bool set_step(struct world *world, struct client *client)
{
    struct look all = {.kind = LOOK_WALK, .from = "set/", .max = 100};
    int members = 0;
    char first[TEXT];
    const char *got;

    if (client->step == 0) {
        client->a = (int)pick(world, 4) > 0;
        all.backwards = pick(world, 2);
        all.max = client->a ? 100 : 1;
        look(client, all);
        return false;
    }
    got = client->record.looks[0].got;
    for (const char *at = got; *at != 0; at++)
        members += *at == ' ';
    snprintf(first, sizeof first, "%.*s", (int)strcspn(got, "="), got);
    if (client->a && members < MEMBERS)
        deed(client, DEED_PUT, name("set/", (int)pick(world, 50)), "member", 0);
    else if (members > 0)
        deed(client, DEED_DELETE, first, "", 0);
    return true;
}

// Each name is taken once, by whoever was first: seen as free, or required to be.
static bool claim_step(struct world *world, struct client *client)
{
    struct err err;
    char claimer[TEXT];

    if (client->step == 0) {
        client->a = (int)pick(world, NAMES);
        if (pick(world, 2) == 0) {
            look_at(client, name("claim/", client->a));
            return false;
        }
        CHECK(store_require(client->txn, S(name("claim/", client->a)), 0, &err));
        client->record.looks[client->record.look_count] =
            (struct look){.kind = LOOK_GET, .got = mem_text("absent")};
        snprintf(client->record.looks[client->record.look_count++].from, TEXT, "%s",
                 name("claim/", client->a));
        return false;
    }
    if (strcmp(client->record.looks[0].got, "absent") != 0)
        return true; // taken: nothing to write but what all write
    snprintf(claimer, sizeof claimer, "%zu", (size_t)(client - world->clients));
    deed(client, DEED_PUT, name("claim/", client->a), claimer, 0);
    return true;
}

static void begin(struct world *world, struct client *client)
{
    client->txn = begin_write(&world->scratch);
    client->state = RUNNING;
    client->workload = (enum workload)pick(world, WORKLOADS);
    client->step = 0;
    client->record.position = world->committed.count;
}

static void one_step(struct world *world, struct client *client)
{
    static bool (*const steps[])(struct world *, struct client *) = {bank_step, register_step,
                                                                     set_step, claim_step};

    if (client->state == IDLE) {
        begin(world, client);
    } else if (client->state == RUNNING) {
        bool ready = steps[client->workload](world, client);

        client->step++;
        if (!ready)
            return;
        deed(client, DEED_ADD, name("counter/", (int)pick(world, COUNTERS)), "",
             (int64_t)pick(world, 100) - 50);
        deed(client, DEED_APPEND, "", "entry", 0);
        client->state = WAITING;
        world->waiting[world->waiting_count++] = client;
    }
}

// Reads everything of one kind on a snapshot: it must be one moment's state.
static void read_something(struct world *world)
{
    static const char *const kinds[] = {"bank/", "register/", "set/", "claim/"};
    struct client reader = {.txn = begin_read(&world->scratch)};
    struct look some = {.kind = LOOK_WALK, .max = 1 + (int)pick(world, 20)};

    snprintf(some.from, sizeof some.from, "%s", kinds[pick(world, 4)]);
    some.backwards = pick(world, 2);
    reader.record.position = world->committed.count;
    look(&reader, some);
    snprintf(some.from, sizeof some.from, "%s", name("counter/", (int)pick(world, COUNTERS)));
    some.kind = LOOK_COUNTER;
    look(&reader, some);
    store_end(reader.txn);
    keep(&world->readers, &reader.record);
}

static void commit_group(struct world *world)
{
    struct store_proposal proposals[CLIENTS];
    struct buffer commits[CLIENTS];
    struct err err;

    for (size_t i = 0; i < world->waiting_count; i++) {
        commits[i] = BUFFER_EMPTY;
        store_encode(world->waiting[i]->txn, &commits[i]);
        store_end(world->waiting[i]->txn);
        proposals[i] = (struct store_proposal){.commit = buffer_view(&commits[i])};
    }
    CHECK_OK(store_apply(world->scratch.store, proposals, world->waiting_count, &err), &err);
    for (size_t i = 0; i < world->waiting_count; i++) {
        struct client *client = world->waiting[i];

        CHECK(proposals[i].outcome.code == ERR_NONE || proposals[i].outcome.code == ERR_CONFLICT);
        if (proposals[i].outcome.code == ERR_NONE) {
            keep(&world->committed, &client->record);
            client->record = (struct record){.look_count = 0};
        }
        world->conflicts += proposals[i].outcome.code == ERR_CONFLICT;
        forget(&client->record);
        client->state = IDLE;
        buffer_finish(&commits[i]);
    }
    world->waiting_count = 0;
}

static void fund_the_bank(struct world *world)
{
    struct store_txn *txn = begin_write(&world->scratch);
    struct model model = {.quiet = false};
    struct err err;

    model_begin(&model);
    for (size_t i = 0; i < model.count; i++)
        CHECK(store_put(txn, S(model.cells[i].key), S(model.cells[i].value), &err));
    CHECK(finish(&world->scratch, txn) == ERR_NONE);
}

// In the end the store holds what the model holds, and the log has one entry for each append.
static bool ends_the_same(struct world *world, const struct model *model)
{
    static const char *const kinds[] = {"bank/", "register/", "set/", "claim/"};
    struct client reader = {.txn = begin_read(&world->scratch)};
    bool same_end = true;
    struct store_entry entry;
    size_t count;
    struct err err;

    for (int i = 0; i < 4 && same_end; i++) {
        struct look all = {.kind = LOOK_WALK, .max = 1000};

        reader.record.look_count = 0;
        snprintf(all.from, sizeof all.from, "%s", kinds[i]);
        for (int part = 0; part < 10; part++) { // claim/0, claim/1 …: a walk's text is bounded
            snprintf(all.from, sizeof all.from, "%s%d", kinds[i], part);
            look(&reader, all);
            same_end = same_end && saw_the_same(model, &reader.record);
            forget(&reader.record);
        }
    }
    for (int i = 0; i < COUNTERS; i++) {
        struct look sum = {.kind = LOOK_COUNTER};

        snprintf(sum.from, sizeof sum.from, "%s", name("counter/", i));
        look(&reader, sum);
    }
    same_end = same_end && saw_the_same(model, &reader.record);
    forget(&reader.record);
    CHECK(store_log_read(reader.txn, "feed", model->appended - 1, 1, &entry, &count, &err));
    same_end = same_end && count == 1 && entry.number == model->appended;
    CHECK(store_log_read(reader.txn, "feed", model->appended, 1, &entry, &count, &err));
    same_end = same_end && count == 0;
    store_end(reader.txn);
    return same_end;
}

static void finish_history(struct history *history)
{
    for (size_t i = 0; i < history->count; i++)
        forget(&history->records[i]);
    free(history->records);
}

static void run(uint64_t seed, int groups, unsigned memory_max)
{
    struct world *world = mem_zero(sizeof *world);
    struct model *model = mem_zero(sizeof *model);
    int before = check_state.checks_failed;

    scratch_folder(&world->scratch);
    world->scratch.options.memory_max = memory_max;
    CHECK(scratch_open(&world->scratch));
    world->chance = seed * 0x9e3779b97f4a7c15u + 1;
    fund_the_bank(world);
    while (groups > 0) {
        one_step(world, &world->clients[pick(world, CLIENTS)]);
        if (pick(world, 60) == 0)
            read_something(world);
        if (world->waiting_count > 0 && pick(world, 25) == 0) {
            commit_group(world);
            groups--;
        }
    }
    CHECK(world->committed.count > world->conflicts / 20 && world->conflicts > 0);
    CHECK(is_serial(&world->committed, &world->readers, model));
    CHECK(ends_the_same(world, model));
    for (int i = 0; i < CLIENTS; i++) {
        if (world->clients[i].state != IDLE)
            store_end(world->clients[i].txn);
        forget(&world->clients[i].record);
    }
    if (check_state.checks_failed > before)
        printf("  seed %" PRIu64 ", memory %u: %zu committed, %" PRIu64 " conflicts\n", seed,
               memory_max, world->committed.count, world->conflicts);
    finish_history(&world->committed);
    finish_history(&world->readers);
    scratch_finish(&world->scratch);
    free(world);
    free(model);
}

// The check itself is checked with histories that no serial order explains ------------------

static void note(struct record *record, int kind, const char *from, const char *got)
{
    struct look *look = &record->looks[record->look_count++];

    *look = (struct look){.kind = kind, .max = 100, .got = mem_text(got)};
    snprintf(look->from, sizeof look->from, "%s", from);
}

static bool explains(struct record *records, size_t count)
{
    struct history history = {records, count, count}, readers = {NULL, 0, 0};
    struct model *model = mem_zero(sizeof *model);
    bool serial;

    model->quiet = true;
    serial = is_serial(&history, &readers, model);
    for (size_t i = 0; i < count; i++)
        forget(&records[i]);
    free(model);
    return serial;
}

static void the_check_sees_a_lost_update(void)
{
    struct record records[2] = {0};

    for (int i = 0; i < 2; i++) {
        note(&records[i], LOOK_GET, "register/000", i == 0 ? "absent" : "1");
        records[i].deeds[records[i].deed_count++] = (struct deed){DEED_PUT, "register/000", "1", 0};
    }
    records[1].deeds[0].value[0] = '2';
    CHECK(explains(records, 2));
    memset(records, 0, sizeof records);
    for (int i = 0; i < 2; i++) {
        note(&records[i], LOOK_GET, "register/000", "absent");
        records[i].deeds[records[i].deed_count++] =
            (struct deed){DEED_PUT, "register/000", "1", 0};
    }
    CHECK(!explains(records, 2));
}

static void the_check_sees_a_phantom(void)
{
    struct record records[2] = {0};

    for (int i = 0; i < 2; i++) {
        note(&records[i], LOOK_WALK, "set/", "");
        records[i].deeds[records[i].deed_count++] =
            (struct deed){DEED_PUT, "set/001", "member", 0};
    }
    snprintf(records[1].deeds[0].key, TEXT, "set/002");
    CHECK(!explains(records, 2));
}

static void the_check_sees_a_broken_sum(void)
{
    struct record record = {0};

    note(&record, LOOK_GET, "bank/1", "100");
    record.deeds[record.deed_count++] = (struct deed){DEED_PUT, "bank/1", "101", 0};
    CHECK(!explains(&record, 1));
}

static void many_clients_are_serialisable(void)
{
    uint64_t seed;

    random_fill(random_system(), &seed, sizeof seed);
    seed %= 1000000;
    run(seed, GROUPS, 100000);
    run(seed + 1, GROUPS, 100000);
}

static void they_are_with_a_short_memory_too(void)
{
    uint64_t seed;

    random_fill(random_system(), &seed, sizeof seed);
    run(seed % 1000000, GROUPS, 16);
}

int main(int argc, char **argv)
{
    if (argc > 1) {
        run(strtoull(argv[1], NULL, 10), argc > 2 ? (int)strtol(argv[2], NULL, 10) : 10000, 100000);
        return check_report("store/serial");
    }
    RUN(the_check_sees_a_lost_update);
    RUN(the_check_sees_a_phantom);
    RUN(the_check_sees_a_broken_sum);
    RUN(many_clients_are_serialisable);
    RUN(they_are_with_a_short_memory_too);
    return check_report("store/serial");
}
