// SPDX-License-Identifier: Apache-2.0
// Everything on the door in every context: what does not belong there says so by name. The table is
// lua/app/context.lua itself, so that nothing can be forgotten.
#include "world.h"

enum { NAMES = 80, TEXT = 16384 };

struct row {
    char name[32], needs[8]; // "coll:get", "CALL"
};

struct table {
    struct row rows[NAMES];
    size_t count;
};

static char *read_source(char text[TEXT])
{
    FILE *file = fopen("lua/app/context.lua", "r");
    size_t len = file != NULL ? fread(text, 1, TEXT - 1, file) : 0;

    if (file != NULL)
        fclose(file);
    text[len] = 0;
    return strstr(text, "local NEEDS <const> = {");
}

// "  absent = CALL, …" and "  ["coll:get"] = CALL, …", up to the brace that ends the table.
static struct table read_table(void)
{
    struct table table = {.count = 0};
    char text[TEXT];
    char *at = read_source(text), *end = at != NULL ? strstr(at, "\n}") : NULL;

    CHECK(end != NULL);
    for (at = at != NULL ? strchr(at, '{') : NULL; at != NULL && at < end && table.count < NAMES;) {
        struct row *row = &table.rows[table.count];
        char *name;

        if ((at = strstr(at, " = ")) == NULL || at > end)
            break;
        for (name = at; strchr(" \n", name[-1]) == NULL;)
            name--;
        if (sscanf(name, "%31[a-z_] = %7[A-Z]", row->name, row->needs) == 2 ||
            sscanf(name, "[\"%31[a-z_:]\"] = %7[A-Z]", row->name, row->needs) == 2)
            table.count++;
        at += 3;
    }
    CHECK(table.count > 50);
    return table;
}

static const char *shown(const struct row *row)
{
    static char text[48];

    snprintf(text, sizeof text, "%s%s%s", strchr(row->name, ':') != NULL ? "" : "app.", row->name,
             strcmp(row->name, "settings") == 0 ? ".most" : "");
    return text;
}

static struct visit visit_of(struct world *world, const char *method, const char *path,
                             const char *name)
{
    struct visit visit = {.method = method, .app = "every", .path = path, .org = world->east,
                          .person = id_make(clock_system(), random_system()), .role = "keeper"};

    visit_give(&visit, "name", name);
    return visit;
}

static const char *said_by_visit(struct world *world, const char *method, const char *name)
{
    static struct visit visit;

    visit = visit_of(world, method, "/try", name);
    world_visit(world, &visit);
    return visit.err.code == ERR_SCRIPT ? visit.err.text : "";
}

static const char *said_by_job(struct world *world, const char *name)
{
    static struct err err;
    struct store_txn *txn = store_begin(world->store, STORE_WRITE, &err);
    struct budget budget;
    struct view view = world_view(world, txn, NULL, &budget);
    char arg[80];
    bool done;

    snprintf(arg, sizeof arg, "{\"name\":\"%s\"}", name);
    done = host_run_job(world->host, &view, host_find_job(world->host, "every", "try"), world->east,
                        slice_text(arg), &err);
    store_end(txn);
    return done ? "" : err.text;
}

static const char *said_at_load(struct world *world, const char *name)
{
    static struct visit visit;

    visit = visit_of(world, "GET", "/load", name);
    world_visit(world, &visit);
    CHECK(visit.status == 200);
    return visit.body;
}

// Wrong there: it says what does not belong where. Right there: it says no such thing.
static void check(const struct row *row, const char *where, const char *said, bool fits,
                  const char *phrase)
{
    char wanted[120];
    bool told;

    snprintf(wanted, sizeof wanted, "%s %s", shown(row), phrase);
    told = strstr(said, wanted) != NULL;
    if (told == fits)
        printf("  %s in %s said: %s\n", row->name, where, said);
    CHECK(told != fits);
}

static bool is(const struct row *row, const char *needs)
{
    return strcmp(row->needs, needs) == 0;
}

static void check_row(struct world *world, const struct row *row)
{
    bool load = is(row, "LOAD"), write = is(row, "WRITE"), job = is(row, "JOB");
    const char *in_read = load ? "declares: it is called while the app loads, not in GET"
                          : job ? "in a read: it belongs to a job" : "in a read: GET";

    check(row, "a read", said_by_visit(world, "GET", row->name), !load && !write && !job,
          in_read);
    check(row, "a write", said_by_visit(world, "POST", row->name), !load && !job,
          job ? "in a write: it belongs to a job"
              : "declares: it is called while the app loads, not in POST");
    check(row, "a job", said_by_job(world, row->name), !load,
          "declares: it is called while the app loads, not in JOB");
    if (!load)
        check(row, "loading", said_at_load(world, row->name), is(row, "ANY"), "belongs to a");
}

static void everything_says_by_name_where_it_belongs(struct world *world)
{
    struct table table = read_table();

    for (size_t i = 0; i < table.count; i++)
        check_row(world, &table.rows[i]);
}

int main(void)
{
    struct world world;

    if (world_open(&world, "tests/core/bind/contexts", false)) {
        for (size_t i = 0; i < world.problem_count; i++)
            printf("  %s\n", world.problems[i]);
        CHECK(world.problem_count == 0);
        RUN(everything_says_by_name_where_it_belongs, &world);
    }
    world_close(&world);
    return check_report("bind_context");
}
