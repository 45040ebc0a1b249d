// SPDX-License-Identifier: Apache-2.0
// What a collection is: fields, indexes, rules, and the sets that rules use. A catalogue
// holds all of an instance; it is filled while apps are declared, checked once by
// catalog_check, and does not change after that. Everything in it lives in its arena.
#pragma once

#include "base/err.h"
#include "base/mem.h"
#include "record/value.h"

enum field_type {
    FIELD_TEXT,
    FIELD_INTEGER,
    FIELD_NUMBER,
    FIELD_BOOLEAN,
    FIELD_DATE,
    FIELD_TIME,
    FIELD_REF,
    FIELD_CODE,   // one_of: a text out of a closed list
    FIELD_SEALED, // text that is stored encrypted; read as a mask ("3200…0013")
    FIELD_FILE,   // one file (file.h), held by this field alone; a reference with the file's id
};

// A text of fixed shape, with an optional check character: numbers as authorities issue
// them, declared by an app as data.
enum { TEXT_CHECK_MAX = 32 };
struct text_check {
    const char *pattern;         // a letter a character: '0' digit, 'A' A to Z, '?' either
    const char *const *prefixes; // one of these stands in front; NULL: anything
    const char *marks;           // the last character is one of these; NULL: no check character
    uint8_t weights[TEXT_CHECK_MAX]; // which one: the sum of weight × digit, modulo their number
    uint8_t date_at;             // where YYYYMMDD begins, counted from 1; 0: nowhere
    bool upper;                  // a to z are taken as A to Z
};

struct field {
    const char *name;
    enum field_type type;
    bool required, readonly, personal;
    size_t max;               // TEXT: characters, default 200; SEALED: 64; FILE: bytes, any
    double at_least, at_most; // INTEGER, NUMBER; NaN, or both zero: unbounded
    const char *element;      // code in the data dictionary, or NULL
    const char *check;        // TEXT: "login", "phone" or "code"; or NULL
    const struct text_check *shape; // TEXT, SEALED; or NULL
    const char *lookup;       // SEALED: kind of its keyed hash, for indexes and filters; or NULL
    const char *ref;          // REF: collection "app.name"
    const char *const *codes; // CODE: NULL-terminated
    const char *const *accepts; // FILE: groups of kinds (blob/kind.h), NULL-terminated; NULL: any
    const char *from;         // derived: "student.class", as written; takes that field's type
    bool follows;             // derived: changes when its source does, by a job (record_follow)
    bool rules_may_lag;       // rules may use it although it follows later
    struct value initial;     // default; NULL: none
    bool initial_me, initial_today, initial_now;
};

// 48 is enough for the widest register; more is refused at declaration.
enum { FIELDS_MAX = 48, INDEX_FIELDS_MAX = 4, INDEXES_MAX = 12 };

struct index_def {
    const char *name; // made from its fields: joined by '+', '@' in front when instance-wide
    uint8_t fields[INDEX_FIELDS_MAX], count;
    bool unique;
    bool instance; // entries stand under the root organisation, whoever owns the record
    uint8_t collation; // 0 binary; 1 pinyin comes with the table
};

enum verb { VERB_READ, VERB_CREATE, VERB_UPDATE, VERB_DELETE, VERB_COUNT };

struct rule; // compiled, see rule.h
struct prepared;

struct collection {
    const char *app, *name; // "leave", "leave"
    const char *full;       // "leave.leave": made from both
    struct field fields[FIELDS_MAX];
    size_t field_count;
    struct index_def indexes[INDEXES_MAX];
    size_t index_count;
    bool instance; // records belong to the root organisation (persons, accounts, guardian links)
    bool history;  // every former version is kept, with who wrote it
    struct rule *rules[VERB_COUNT]; // filled by catalog_check
    struct prepared *prepared;      // the catalogue's own, see catalog.h
};

// app.set("children", {from = "base.guardianship", match = "guardian is @me", take = "student"})
struct set_def {
    const char *name; // "children" of base, else "app.name"
    const char *from, *match, *take;
    const char *role; // when given: that role acts for one member at a time (child switch)
};

// Counts and sums of a collection's records by group, kept in the commit that changes them.
// app.rollup("asked_by_class", {from = "leave", where = "state is asked", by = {"class"},
//                               count = true, sum = "days", up = true})
struct rollup_def {
    const char *name;  // "app.name"
    const char *from;  // the collection's full name, of the same app
    const char *where; // terms with literals only; NULL: every record
    const char *by[INDEX_FIELDS_MAX]; // ref, code, boolean, date or integer fields
    size_t by_count;
    const char *sum;   // an integer field, or NULL
    bool count, up;    // up: also for every organisation above
};

struct rollup;
struct catalog;

struct catalog *catalog_create(void);
void catalog_destroy(struct catalog *catalog);
struct arena *catalog_arena(struct catalog *catalog);

// Where the declarations that follow stand ("leave/main.lua:12"): their problems begin with it.
// NULL or never called: unknown.
void catalog_place(struct catalog *catalog, const char *place);

// Declarations are copied. Each refuses (ERR_INPUT, text for the app's author, with a
// suggestion where a name is nearly right) what makes no sense by itself.
struct collection *catalog_add(struct catalog *catalog, const struct collection *declared,
                               struct err *err);
bool catalog_allow(struct catalog *catalog, struct collection *collection, enum verb verb,
                   const char *role, const char *expression, const char *const *only,
                   const char *const *except, struct err *err); // expression NULL: always
bool catalog_add_set(struct catalog *catalog, const struct set_def *set, struct err *err);

bool catalog_add_rollup(struct catalog *catalog, const struct rollup_def *rollup, struct err *err);
// Who may read it: a rule whose terms are about org or the fields it is grouped by (those must
// then be given). A role counts where it is held, as with records; default: nobody.
bool catalog_allow_rollup(struct catalog *catalog, const char *rollup, const char *role,
                          const char *expression, struct err *err); // expression NULL: always

// Resolves references, derived fields, sets, rules and rollups, and refuses a rule that no index
// can answer, naming the index to add. Reports every problem: one call a problem.
typedef void catalog_problem(void *context, const char *app, const char *problem);
bool catalog_check(struct catalog *catalog, catalog_problem *report, void *context);

const struct collection *catalog_find(const struct catalog *catalog, const char *full);
const struct set_def *catalog_find_set(const struct catalog *catalog, const char *name);
const struct rollup *catalog_find_rollup(const struct catalog *catalog, const char *name);
const struct collection *rollup_collection(const struct rollup *rollup);
size_t catalog_count(const struct catalog *catalog);
const struct collection *catalog_at(const struct catalog *catalog, size_t index);
// One set after the other; NULL behind the last.
const struct set_def *catalog_set_at(const struct catalog *catalog, size_t index);
// Sets flagged with a role, for the role and child switch; NULL when there is none.
const struct set_def *catalog_role_set(const struct catalog *catalog, const char *role);
// All of it, a line of JSON each: collections with fields and rules, sets, rollups.
struct buffer;
void catalog_describe(const struct catalog *catalog, struct buffer *out);
int collection_field(const struct collection *collection, struct slice name); // -1: none
// What a REF field refers to; NULL: not a reference, or to no known collection.
const struct collection *collection_ref(const struct collection *collection, int field);
