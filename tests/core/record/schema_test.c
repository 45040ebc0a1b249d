// SPDX-License-Identifier: Apache-2.0
// What the catalogue refuses, and the words it says it in.
#include "check.h"

#include <math.h>

#include "record/rule.h"
#include "record/schema.h"
#include "record/tree.h"

enum { TITLE, KIND, OWNER, CLASS, DAY, COUNT_OF, PLACE, FIELDS };

static const char *const kinds[] = {"open", "closed", NULL};

static struct collection notes(void)
{
    return (struct collection){
        .app = "desk",
        .name = "notes",
        .fields = {[TITLE] = {.name = "title", .type = FIELD_TEXT},
                   [KIND] = {.name = "kind", .type = FIELD_CODE, .codes = kinds},
                   [OWNER] = {.name = "owner", .type = FIELD_REF, .ref = "desk.people"},
                   [CLASS] = {.name = "class", .type = FIELD_REF, .ref = "desk.groups"},
                   [DAY] = {.name = "day", .type = FIELD_DATE},
                   [COUNT_OF] = {.name = "count", .type = FIELD_INTEGER, .at_least = NAN,
                                 .at_most = NAN},
                   [PLACE] = {.name = "place", .type = FIELD_REF, .ref = "core.org"}},
        .field_count = FIELDS,
        .indexes = {{.fields = {OWNER, DAY}, .count = 2}, {.fields = {KIND}, .count = 1}},
        .index_count = 2,
    };
}

struct desk {
    struct catalog *catalog;
    struct collection *notes, *people, *groups, *tutors;
    struct err err;
};

static struct desk desk_open(void)
{
    struct collection declared = notes();
    struct collection people = {.app = "desk", .name = "people", .instance = true,
                                .fields = {{.name = "name", .type = FIELD_TEXT},
                                           {.name = "home", .type = FIELD_REF, .ref = "desk.groups"}},
                                .field_count = 2};
    struct collection groups = {.app = "desk", .name = "groups",
                                .fields = {{.name = "name", .type = FIELD_TEXT},
                                           {.name = "tutor", .type = FIELD_REF, .ref = "desk.people"}},
                                .field_count = 2,
                                .indexes = {{.fields = {1}, .count = 1}}, .index_count = 1};
    static const struct set_def groups_set = {"groups", "desk.groups", "tutor is @me", "id", NULL};
    static const struct set_def tutors_set = {"tutors", "desk.groups", "id is @it", "tutor", NULL};
    struct desk desk = {.catalog = catalog_create(), .err = {ERR_NONE, ""}};

    CHECK_OK(tree_declare(desk.catalog, &desk.err), &desk.err);
    CHECK_OK((desk.notes = catalog_add(desk.catalog, &declared, &desk.err)) != NULL, &desk.err);
    CHECK_OK((desk.people = catalog_add(desk.catalog, &people, &desk.err)) != NULL, &desk.err);
    CHECK_OK((desk.groups = catalog_add(desk.catalog, &groups, &desk.err)) != NULL, &desk.err);
    CHECK(catalog_add_set(desk.catalog, &groups_set, &desk.err));
    CHECK(catalog_add_set(desk.catalog, &tutors_set, &desk.err));
    return desk;
}

static void remember(void *context, const char *app, const char *problem)
{
    char *text = context;
    size_t len = strlen(text);

    snprintf(text + len, 2000 - len, "[%s] %s\n", app, problem);
}

// What the check says when this rule is added to the notes.
static const char *rule_problem(enum verb verb, const char *rule, char text[2000])
{
    struct desk desk = desk_open();

    text[0] = 0;
    CHECK(catalog_allow(desk.catalog, desk.notes, verb, "member", rule, NULL, NULL, &desk.err));
    CHECK(catalog_check(desk.catalog, remember, text) == (text[0] == 0));
    CHECK((desk.notes->rules[verb] != NULL) == (text[0] == 0)); // refused rules allow nothing
    catalog_destroy(desk.catalog);
    return text;
}

static void a_rule_without_an_index_names_the_one_to_add(void)
{
    char text[2000];

    rule_problem(VERB_READ, "class in @me.groups", text);
    CHECK(strstr(text, "[desk] desk.notes: no index answers the rule \"class in @me.groups\"") == text);
    CHECK(strstr(text, "index = { { \"class\" } }") != NULL);
    rule_problem(VERB_READ, "day is @today and title is x", text);
    CHECK(strstr(text, "index = { { \"day\" } }") != NULL);
    rule_problem(VERB_READ, "owner.home in @me.groups", text);
    CHECK(strstr(text, "no index answers") != NULL);
    rule_problem(VERB_READ, "kind is not open", text);
    CHECK(strstr(text, "no index answers") != NULL);
}

static void a_problem_begins_with_the_place_of_its_rule(void)
{
    struct desk desk = desk_open();
    char text[2000] = "";

    catalog_place(desk.catalog, "desk/main.lua:12");
    CHECK(catalog_allow(desk.catalog, desk.notes, VERB_READ, "member", "class in @me.groups", NULL,
                        NULL, &desk.err));
    catalog_place(desk.catalog, "desk/main.lua:13");
    CHECK(!catalog_check(desk.catalog, remember, text));
    CHECK(strstr(text, "[desk] desk/main.lua:12: desk.notes: no index answers") == text);
    catalog_destroy(desk.catalog);
}

static void rules_that_an_index_answers_are_taken(void)
{
    static const char *const rules[] = {
        "owner is @me",
        "owner is @me and class in @me.groups",
        "kind is open",
        "kind is 'open' and day is not 2026-01-01 and count is 3",
        "org under @me.orgs",
        "org in @me.orgs and title is \"a b\"",
        "owner.home in @groups and owner is @me",
        "place under @me.orgs and owner is @me",
        NULL, // always
    };
    char text[2000];

    for (size_t i = 0; i < sizeof rules / sizeof *rules; i++) {
        CHECK(rule_problem(VERB_READ, rules[i], text)[0] == 0);
        if (text[0] != 0)
            printf("  %s", text);
    }
    // Other verbs look at one record: no index is needed.
    CHECK(rule_problem(VERB_UPDATE, "class in @me.groups", text)[0] == 0);
    CHECK(rule_problem(VERB_DELETE, "kind is not open", text)[0] == 0);
}

static void wrong_rules_are_told_with_the_nearest_name(void)
{
    static const struct {
        const char *rule, *says;
    } cases[] = {
        {"ownr is @me", "did you mean \"owner\"?"},
        {"owner.hom in @groups", "did you mean \"home\"?"},
        {"class in @me.gruops", "did you mean \"groups\"?"},
        {"kind is opn", "kind is never \"opn\"; did you mean \"open\"?"},
        {"owner is", "ends before its value"},
        {"owner", "is, in or under is missing"},
        {"", "has no field \"\""},
        {"owner was @me", "is, in or under is missing"},
        {"owner is @me or kind is open", "joined by and"},
        {"owner is @me and", "has no field \"\""},
        {"title is @me", "only a ref"},
        {"title is @today", "@today is a date"},
        {"owner in @me", "go with a set"},
        {"owner is @me.orgs", "a set goes with in"},
        {"owner in @me.orgs", "@me.orgs are organisations"},
        {"owner under @me.groups", "under is for organisations"},
        {"owner in @me.groups", "holds other records"},
        {"title.name is x", "is not a ref"},
        {"org is @me", "org goes with in or under"},
        {"day is yesterday", "cannot be compared"},
        {"count is 1x", "cannot be compared"},
        {"owner in kind", "a set is missing"},
        {"owner is @it", "@it belongs to sets"},
        {"owner in @tutors", "about one record"},
        {"title is 'a b", "a quote is not closed"},
        {"kind is open and kind is open and kind is open and kind is open and kind is open and "
         "kind is open and kind is open", "at most 6 terms"},
    };
    char text[2000];

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        rule_problem(VERB_UPDATE, cases[i].rule, text);
        CHECK(strstr(text, cases[i].says) != NULL);
        if (strstr(text, cases[i].says) == NULL)
            printf("  \"%s\": %s\n", cases[i].rule, text);
    }
}

static void misspelled_fields_of_a_rule_are_told(void)
{
    struct desk desk = desk_open();
    const char *const only[] = {"titel", NULL}, *const good[] = {"title", NULL};

    CHECK(!catalog_allow(desk.catalog, desk.notes, VERB_READ, "member", NULL, only, NULL, &desk.err));
    CHECK(desk.err.code == ERR_INPUT && strstr(desk.err.text, "did you mean \"title\"?") != NULL);
    CHECK(!catalog_allow(desk.catalog, desk.notes, VERB_READ, "member", NULL, NULL, only, &desk.err));
    CHECK(!catalog_allow(desk.catalog, desk.notes, VERB_READ, "member", NULL, good, good, &desk.err));
    CHECK(!catalog_allow(desk.catalog, desk.notes, VERB_READ, "", NULL, NULL, NULL, &desk.err));
    catalog_destroy(desk.catalog);
}

static bool refuses(const struct collection *declared, const char *says)
{
    struct catalog *catalog = catalog_create();
    struct err err = {ERR_NONE, ""};
    bool refused = catalog_add(catalog, declared, &err) == NULL && err.code == ERR_INPUT &&
                   strstr(err.text, says) != NULL;

    if (!refused)
        printf("  \"%s\" instead of \"%s\"\n", err.text, says);
    catalog_destroy(catalog);
    return refused;
}

static void declarations_without_sense_are_refused(void)
{
    static const struct text_check bad = {.pattern = "xx"};
    struct collection declared;

#define REFUSES(change, says)                                                                      \
    do {                                                                                           \
        declared = notes();                                                                        \
        (void)(change);                                                                            \
        CHECK(refuses(&declared, says));                                                           \
    } while (0)
    REFUSES(declared.name = "Notes", "cannot be called");
    REFUSES(declared.app = NULL, "cannot be called");
    REFUSES(declared.field_count = 0, "fields");
    REFUSES(declared.fields[TITLE].name = "id", "cannot be called");
    REFUSES(declared.fields[TITLE].name = "kind", "declared twice");
    REFUSES(declared.fields[TITLE].codes = kinds, "one_of");
    REFUSES(declared.fields[KIND].codes = NULL, "one_of");
    REFUSES(declared.fields[OWNER].ref = NULL, "a ref names a collection");
    REFUSES(declared.fields[TITLE].check = "phon", "did you mean \"phone\"?");
    REFUSES(declared.fields[TITLE].shape = &bad, "a pattern has");
    REFUSES(declared.fields[DAY].shape = &bad, "only a text");
    REFUSES(declared.fields[TITLE].lookup = "x", "sealed");
    REFUSES(declared.fields[TITLE].max = 1000000, "max");
    REFUSES(declared.fields[TITLE].initial_me = true, "@me needs a ref");
    REFUSES(declared.fields[TITLE].initial_today = true, "@today needs a date");
    REFUSES(declared.fields[TITLE].initial_now = true, "@now needs a time");
    REFUSES(declared.fields[TITLE].initial.kind = VALUE_INTEGER, "not of the field's type");
    REFUSES((declared.fields[COUNT_OF].at_least = 2, declared.fields[COUNT_OF].at_most = 1), "range");
    REFUSES(declared.indexes[0].count = 5, "an index has");
    REFUSES(declared.indexes[0].fields[1] = 40, "names no field");
    REFUSES(declared.indexes[0].fields[1] = OWNER, "twice in one index");
    REFUSES(declared.fields[DAY].type = FIELD_SEALED, "needs its lookup");
#undef REFUSES
}

static void a_collection_is_declared_once(void)
{
    struct desk desk = desk_open();
    struct collection declared = notes();

    CHECK(catalog_add(desk.catalog, &declared, &desk.err) == NULL);
    CHECK(strstr(desk.err.text, "declared twice") != NULL);
    CHECK(catalog_find(desk.catalog, "desk.notes") == desk.notes);
    CHECK(catalog_find(desk.catalog, "desk.note") == NULL);
    CHECK(strcmp(desk.notes->indexes[0].name, "owner+day") == 0);
    CHECK(collection_field(desk.notes, slice_text("day")) == DAY);
    CHECK(collection_field(desk.notes, slice_text("da")) == -1);
    catalog_destroy(desk.catalog);
}

static void what_other_collections_lack_is_told_by_the_check(void)
{
    struct desk desk = desk_open();
    struct collection wrong = {
        .app = "other",
        .name = "wrong",
        .fields = {{.name = "a", .type = FIELD_REF, .ref = "desk.note"},
                   {.name = "b", .from = "a.title"},
                   {.name = "c", .type = FIELD_REF, .ref = "desk.notes"},
                   {.name = "d", .from = "c.titel"},
                   {.name = "e", .from = "c"}},
        .field_count = 5};
    static const struct set_def sets[] = {
        {"s1", "desk.note", "a is @me", "a", NULL},
        {"s2", "desk.notes", "owner is @me", "title", NULL},
        {"s3", "desk.notes", "class in @me.groups", "id", NULL},
        {"s4", "desk.groups", "id in @s4", "id", NULL},
        {"s5", "desk.notes", "org in @me.orgs", "id", NULL},
        {"s6", "desk.notes", "owner in @tutors", "id", NULL}};
    char text[2000] = "";

    CHECK(catalog_add(desk.catalog, &wrong, &desk.err) != NULL);
    for (size_t i = 0; i < sizeof sets / sizeof *sets; i++)
        CHECK(catalog_add_set(desk.catalog, &sets[i], &desk.err));
    CHECK(!catalog_add_set(desk.catalog, &sets[0], &desk.err));
    CHECK(!catalog_check(desk.catalog, remember, text));
    CHECK(strstr(text, "[other] other.wrong.a: there is no collection desk.note; did you mean "
                       "\"desk.notes\"?") != NULL);
    CHECK(strstr(text, "other.wrong.b: from names no field over there") != NULL);
    CHECK(strstr(text, "other.wrong.d: from names no field over there") != NULL);
    CHECK(strstr(text, "other.wrong.e: from is written as") != NULL);
    CHECK(strstr(text, "set s1: there is no collection desk.note") != NULL);
    CHECK(strstr(text, "set s2: take is a ref") != NULL);
    CHECK(strstr(text, "set s3: no index of desk.notes answers") != NULL &&
          strstr(text, "index = { { \"class\" } }") != NULL);
    CHECK(strstr(text, "set s4: it is made from itself") != NULL);
    CHECK(strstr(text, "set s5: @me.orgs belongs to rules") != NULL);
    CHECK(strstr(text, "set s6: a set in it cannot be used here") != NULL);
    catalog_destroy(desk.catalog);
}

static void a_derived_field_takes_the_type_of_its_source(void)
{
    struct desk desk = desk_open();
    struct collection derived = {.app = "other", .name = "derived",
                                 .fields = {{.name = "note", .type = FIELD_REF, .ref = "desk.notes"},
                                            {.name = "kind", .from = "note.kind"},
                                            {.name = "class", .from = "note.class"}},
                                 .field_count = 3,
                                 .indexes = {{.fields = {2}, .count = 1}}, .index_count = 1};
    struct collection *collection = catalog_add(desk.catalog, &derived, &desk.err);
    char text[2000] = "";

    CHECK(collection != NULL);
    CHECK(catalog_allow(desk.catalog, collection, VERB_READ, "tutor", "class in @me.groups", NULL,
                        NULL, &desk.err));
    CHECK(catalog_check(desk.catalog, remember, text));
    CHECK(collection->fields[1].type == FIELD_CODE && collection->fields[1].codes != NULL);
    CHECK(collection->fields[2].type == FIELD_REF);
    CHECK(collection->rules[VERB_READ] != NULL && collection->rules[VERB_READ]->tied);
    catalog_destroy(desk.catalog);
}

int main(void)
{
    RUN(a_rule_without_an_index_names_the_one_to_add);
    RUN(a_problem_begins_with_the_place_of_its_rule);
    RUN(rules_that_an_index_answers_are_taken);
    RUN(wrong_rules_are_told_with_the_nearest_name);
    RUN(misspelled_fields_of_a_rule_are_told);
    RUN(declarations_without_sense_are_refused);
    RUN(a_collection_is_declared_once);
    RUN(what_other_collections_lack_is_told_by_the_check);
    RUN(a_derived_field_takes_the_type_of_its_source);
    return check_report("record/schema");
}
