// SPDX-License-Identifier: Apache-2.0
// The rules, held against a model that looks at everything: random trees, records, rules and
// people, and no row, field, count, former version or refusal that says more than the rules open.
//
// What a person gets over the wire (lists and records as JSON, tables, pages) is held against a
// model of its own in tests/school/matrix.test.mjs. An event about a row is told to whom getting
// that row shows it (serve/live_listen.c), which is held against the model here; that it carries no
// field and reaches nobody else, tests/school/live.test.mjs shows.
#include "world.h"

#include "record/file.h"

enum { ORGS = 14, PEOPLE = 8, GROUPS = 12, ITEMS = 60, LINKS = 30, ROWS = 160, VALUES = 8,
       ASKERS = 10, GRANTS = 4, SEEDS = 40, PAGE = 3, RULES = 6 };
enum { ITEM_NAME, ITEM_CODE, ITEM_OWNER, ITEM_GROUP, ITEM_FLAG, ITEM_SIZE, ITEM_SECRET, ITEM_PROOF,
       ITEM_FIELDS };
enum { GROUP_NAME, GROUP_HEAD, GROUP_FIELDS };
enum { LINK_PERSON, LINK_ITEM, LINK_SCHOOL, LINK_FIELDS };

struct told { // a rule, as it was told to the catalogue
    const char *role, *text;
    uint64_t fields;
};

struct kept { // a record, as the test knows it
    const struct collection *of;
    struct ref ref;
    struct value values[VALUES], former[VALUES]; // former: of version 1, where there are two
    bool changed;
};

struct asker {
    struct principal who;
    struct role_grant grants[GRANTS];
};

struct trial {
    struct world world; // its store and clock; its catalogue is this trial's own
    const struct collection *item, *group, *link;
    const struct rollup *tally;
    struct id orgs[ORGS];
    int parents[ORGS]; // -1: the root
    struct id people[PEOPLE];
    struct kept rows[ROWS];
    size_t row_count;
    struct told rules[3][RULES]; // of reading: item, group, link
    size_t rule_counts[3];
    struct asker askers[ASKERS];
    uint64_t dice;
};

static const char *const roles[] = {"red", "green", "blue", "anyone"};
static const char *const flags[] = {"red", "green", NULL};
static const char *const item_rules[] = {
    NULL, "owner is @me", "group in @me.groups", "org in @me.orgs", "org under @me.orgs",
    "id in @me.mine", "flag is red and org under @me.orgs", "owner is not @me and org in @me.orgs",
    "group.head is @me and org under @me.orgs", "id in @me.nested", "flag is green and owner is @me",
    "group in @me.groups and flag is red"};
static const char *const group_rules[] = {NULL, "head is @me", "org under @me.orgs",
                                          "org in @me.orgs", "id in @me.groups"};
static const char *const link_rules[] = {NULL, "person is @me", "school in @me.orgs",
                                         "item in @me.mine", "item in @me.nested",
                                         "person is @me and school in @me.orgs",
                                         "item in @me.nested and school under @me.orgs"};

static size_t dice(struct trial *trial, size_t sides)
{
    trial->dice = trial->dice * 6364136223846793005u + 1442695040888963407u;
    return (size_t)(trial->dice >> 33) % sides;
}

// The world of the trial ------------------------------------------------------------------

static void allow_read(struct trial *trial, size_t kind, const struct collection *collection,
                       const char *text)
{
    struct told *told = &trial->rules[kind][trial->rule_counts[kind]++];
    const char *only[FIELDS_MAX] = {NULL};
    size_t count = 0;

    *told = (struct told){.role = roles[dice(trial, 4)], .text = text};
    for (size_t i = 0; i < collection->field_count; i++) {
        if (dice(trial, 3) == 0 && count + 1 < collection->field_count)
            continue;
        only[count++] = collection->fields[i].name;
        told->fields |= UINT64_C(1) << i;
    }
    allow(&trial->world, collection, VERB_READ, told->role, text, count > 0 ? only : NULL);
    if (count == 0)
        told->fields = (UINT64_C(1) << collection->field_count) - 1;
}

static void declare_trial(struct trial *trial)
{
    struct collection person = {.app = "base", .name = "person", .instance = true,
                                .fields = {{.name = "name", .type = FIELD_TEXT}}, .field_count = 1};
    struct collection group = {
        .app = "base", .name = "group",
        .fields = {{.name = "name", .type = FIELD_TEXT},
                   {.name = "head", .type = FIELD_REF, .ref = "base.person"}},
        .field_count = GROUP_FIELDS, .indexes = {{.fields = {GROUP_HEAD}, .count = 1}},
        .index_count = 1};
    struct collection item = {
        .app = "base", .name = "item", .history = true,
        .fields = {[ITEM_NAME] = {.name = "name", .type = FIELD_TEXT},
                   [ITEM_CODE] = {.name = "code", .type = FIELD_TEXT},
                   [ITEM_OWNER] = {.name = "owner", .type = FIELD_REF, .ref = "base.person"},
                   [ITEM_GROUP] = {.name = "group", .type = FIELD_REF, .ref = "base.group"},
                   [ITEM_FLAG] = {.name = "flag", .type = FIELD_CODE, .codes = flags},
                   [ITEM_SIZE] = {.name = "size", .type = FIELD_INTEGER},
                   [ITEM_SECRET] = {.name = "secret", .type = FIELD_TEXT},
                   [ITEM_PROOF] = {.name = "proof", .type = FIELD_FILE, .max = 10}},
        .field_count = ITEM_FIELDS,
        .indexes = {{.fields = {ITEM_OWNER}, .count = 1}, {.fields = {ITEM_GROUP, ITEM_SIZE}, .count = 2},
                    {.fields = {ITEM_FLAG}, .count = 1}, {.fields = {ITEM_SIZE}, .count = 1},
                    {.fields = {ITEM_CODE}, .count = 1, .unique = true}},
        .index_count = 5};
    struct collection link = {
        .app = "base", .name = "link", .instance = true,
        .fields = {{.name = "person", .type = FIELD_REF, .ref = "base.person"},
                   {.name = "item", .type = FIELD_REF, .ref = "base.item"},
                   {.name = "school", .type = FIELD_REF, .ref = "core.org"}},
        .field_count = LINK_FIELDS,
        .indexes = {{.fields = {0}, .count = 1}, {.fields = {1}, .count = 1}, {.fields = {2}, .count = 1}},
        .index_count = 3};
    static const struct set_def sets[] = {{"groups", "base.group", "head is @me", "id", NULL},
                                          {"mine", "base.link", "person is @me", "item", NULL},
                                          {"nested", "base.item", "group in @me.groups", "id", NULL}};
    static const struct rollup_def tally = {.name = "base.tally", .from = "base.item", .by = {"flag"},
                                            .by_count = 1, .count = true, .sum = "size", .up = true};
    struct err err = {ERR_NONE, ""};

    declare(&trial->world, &person, &trial->world.person);
    declare(&trial->world, &group, &trial->group);
    declare(&trial->world, &item, &trial->item);
    declare(&trial->world, &link, &trial->link);
    for (size_t i = 0; i < 3; i++)
        CHECK_OK(catalog_add_set(trial->world.catalog, &sets[i], &err), &err);
    CHECK_OK(catalog_add_rollup(trial->world.catalog, &tally, &err), &err);
    CHECK_OK(catalog_allow_rollup(trial->world.catalog, tally.name, "red", "org under @me.orgs", &err), &err);
    for (size_t i = 1 + dice(trial, RULES); i > 0; i--)
        allow_read(trial, 0, trial->item, item_rules[dice(trial, sizeof item_rules / sizeof *item_rules)]);
    for (size_t i = 1 + dice(trial, 3); i > 0; i--)
        allow_read(trial, 1, trial->group, group_rules[dice(trial, sizeof group_rules / sizeof *group_rules)]);
    for (size_t i = 1 + dice(trial, 3); i > 0; i--)
        allow_read(trial, 2, trial->link, link_rules[dice(trial, sizeof link_rules / sizeof *link_rules)]);
    allow(&trial->world, trial->link, VERB_CREATE, "anyone", "person is @me", NULL);
    allow(&trial->world, trial->world.person, VERB_READ, "anyone", "id is @me", NULL);
    CHECK(catalog_check(trial->world.catalog, print_problem, NULL));
    trial->tally = catalog_find_rollup(trial->world.catalog, tally.name);
}

static void grow_tree(struct trial *trial, struct look *look)
{
    char code[8];

    for (int i = 0; i < ORGS; i++) {
        snprintf(code, sizeof code, "o%d", i);
        trial->parents[i] = i == 0 ? -1 : (int)dice(trial, (size_t)i);
        trial->orgs[i] = add_org(look, i == 0 ? (struct id){{0}} : trial->orgs[trial->parents[i]],
                                 "school", code);
        if (i == 0)
            trial->world.root = look->view.root = trial->orgs[0];
    }
}

static struct kept *keep(struct trial *trial, struct look *look, const struct collection *of,
                         struct id org, const struct value *values)
{
    struct kept *row = &trial->rows[trial->row_count++];

    *row = (struct kept){.of = of, .ref = make(look, of, org, values)};
    memcpy(row->values, values, of->field_count * sizeof *values);
    return row;
}

// Half of what is asked for is not there.
static struct value some_row(struct trial *trial, const struct collection *of)
{
    const struct kept *row = &trial->rows[dice(trial, trial->row_count)];

    return row->of == of ? ref_value(row->ref) : null_value();
}

static struct value someone(struct trial *trial)
{
    return ref_value(person_ref(&trial->world, trial->people[dice(trial, PEOPLE)]));
}

static struct value size_of(struct trial *trial)
{
    return (struct value){VALUE_INTEGER, {.integer = (int64_t)dice(trial, 9)}};
}

static struct id file_id(size_t at)
{
    return (struct id){{1, (uint8_t)at}};
}

// A complete upload, as it is before a record holds it.
static struct value upload(struct trial *trial, struct look *look, size_t at, struct id org)
{
    const struct blob_limits limits = {1 << 20, 1 << 20, 86400000};
    struct blob_file file = {.id = file_id(at), .person = trial->people[0], .org = org, .length = 1,
                             .made_ms = trial->world.clock.now_ms, .name = slice_text("a"),
                             .field = slice_of("", 0), .metadata = slice_of("", 0)};
    struct blob_content content = {.digest = {(uint8_t)at, 1}, .size = 1, .kind = "txt",
                                   .chunks = BUFFER_EMPTY};

    buffer_bytes(&content.chunks, content.digest, DIGEST_LEN);
    CHECK_OK(blob_file_announce(look->view.txn, &limits, &file, &look->err), &look->err);
    CHECK_OK(blob_file_complete(look->view.txn, &file, &content, &look->err), &look->err);
    buffer_finish(&content.chunks);
    return ref_value((struct ref){org, file.id});
}

static void add_item(struct trial *trial, struct look *look, size_t at)
{
    static const char *const words[] = {"a", "b", "c", "d"};
    static char codes[ITEMS][8];
    struct id org = trial->orgs[dice(trial, ORGS)];
    struct value values[VALUES] = {
        [ITEM_NAME] = text_value(words[dice(trial, 4)]), [ITEM_OWNER] = someone(trial),
        [ITEM_GROUP] = some_row(trial, trial->group),
        [ITEM_FLAG] = dice(trial, 4) > 0 ? text_value(flags[dice(trial, 2)]) : null_value(),
        [ITEM_SIZE] = dice(trial, 4) > 0 ? size_of(trial) : null_value(),
        [ITEM_SECRET] = text_value("secret")};

    snprintf(codes[at], sizeof codes[at], "c%zu", at);
    values[ITEM_CODE] = text_value(codes[at]);
    values[ITEM_PROOF] = upload(trial, look, at, org);
    keep(trial, look, trial->item, org, values);
}

static void change_item(struct trial *trial, struct look *look, struct kept *row)
{
    struct value values[VALUES];
    struct problem problem;
    struct record *record;

    memcpy(row->former, row->values, sizeof values);
    row->values[ITEM_OWNER] = someone(trial);
    row->values[ITEM_FLAG] = text_value(flags[dice(trial, 2)]);
    row->values[ITEM_NAME] = text_value("changed");
    row->changed = true;
    CHECK_OK(record_get(&look->view, row->of, row->ref, &record, &look->err), &look->err);
    CHECK_OK(record_update(&look->view, record, row->values,
                           1 << ITEM_OWNER | 1 << ITEM_FLAG | 1 << ITEM_NAME, &problem, &look->err),
             &look->err);
}

static void populate(struct trial *trial)
{
    struct look look;

    look_begin(&trial->world, &look, STORE_WRITE, NULL);
    grow_tree(trial, &look);
    for (size_t i = 0; i < PEOPLE; i++)
        trial->people[i] = make(&look, trial->world.person, trial->world.root,
                                (struct value[]){text_value("p")}).id;
    for (size_t i = 0; i < GROUPS; i++)
        keep(trial, &look, trial->group, trial->orgs[dice(trial, ORGS)],
             (struct value[]){text_value("g"), someone(trial)});
    for (size_t i = 0; i < ITEMS; i++)
        add_item(trial, &look, i);
    for (size_t i = 0; i < LINKS; i++)
        keep(trial, &look, trial->link, trial->world.root,
             (struct value[]){someone(trial), some_row(trial, trial->item),
                              ref_value((struct ref){trial->world.root, trial->orgs[dice(trial, ORGS)]})});
    CHECK_OK(look_commit(&look), &look.err);
    trial->world.clock.now_ms += 1000;
    look_begin(&trial->world, &look, STORE_WRITE, NULL);
    for (size_t i = 0; i < trial->row_count; i++)
        if (trial->rows[i].of == trial->item && dice(trial, 3) == 0)
            change_item(trial, &look, &trial->rows[i]);
    CHECK_OK(look_commit(&look), &look.err);
}

static void invite(struct trial *trial)
{
    for (size_t i = 0; i < ASKERS; i++) {
        struct asker *asker = &trial->askers[i];

        asker->who = (struct principal){.person = trial->people[i % PEOPLE], .grants = asker->grants,
                                        .grant_count = dice(trial, GRANTS + 1)};
        for (size_t j = 0; j < GRANTS; j++)
            asker->grants[j] = (struct role_grant){roles[dice(trial, 3)], trial->orgs[dice(trial, ORGS)]};
    }
    trial->askers[0].who.person = (struct id){{0}}; // signed out
    trial->askers[0].who.grant_count = 0;
}

// The model -------------------------------------------------------------------------------

static bool is_under(const struct trial *trial, struct id org, struct id above)
{
    int at = 0;

    while (!id_equal(&trial->orgs[at], &org))
        at++;
    for (; at >= 0; at = trial->parents[at])
        if (id_equal(&trial->orgs[at], &above))
            return true;
    return false;
}

struct asked {
    const struct trial *trial;
    const struct principal *who;
    const char *role; // of the rule
    const struct collection *of;
    struct id org;    // of the row
};

static bool fits_role(const char *role, const struct role_grant *grant)
{
    return strcmp(role, "anyone") == 0 || strcmp(role, grant->role) == 0;
}

static const struct kept *kept_of(const struct trial *trial, const struct ref *ref)
{
    for (size_t i = 0; i < trial->row_count; i++)
        if (ref_equal(&trial->rows[i].ref, ref))
            return &trial->rows[i];
    return NULL;
}

static bool is_me(const struct asked *asked, const struct value *value)
{
    return !id_is_zero(&asked->who->person) && value->kind == VALUE_REF &&
           id_equal(&value->ref.id, &asked->who->person);
}

static bool leads(const struct asked *asked, struct id at, const struct value *group)
{
    const struct kept *row = group->kind == VALUE_REF ? kept_of(asked->trial, &group->ref) : NULL;

    return row != NULL && id_equal(&row->ref.org, &at) && is_me(asked, &row->values[GROUP_HEAD]);
}

// Is it a member of the set, asked at an organisation?
static bool is_in_at(const struct asked *asked, const char *set, struct id at, const struct value *value)
{
    const struct kept *row = kept_of(asked->trial, &value->ref);

    if (strcmp(set, "@me.groups") == 0)
        return leads(asked, at, value);
    if (strcmp(set, "@me.nested") == 0)
        return row != NULL && row->of == asked->trial->item && id_equal(&row->ref.org, &at) &&
               leads(asked, at, &row->values[ITEM_GROUP]);
    for (size_t i = 0; i < asked->trial->row_count; i++) {
        const struct kept *link = &asked->trial->rows[i];

        if (link->of == asked->trial->link && is_me(asked, &link->values[LINK_PERSON]) &&
            value_equal(&link->values[LINK_ITEM], value))
            return true;
    }
    return false;
}

// At the row's organisation; of a row of the instance wherever the rule's role is held.
static bool is_in(const struct asked *asked, const char *set, const struct value *value)
{
    const struct principal *who = asked->who;
    bool orgs = strcmp(set, "@me.orgs") == 0;

    if (value->kind != VALUE_REF)
        return false;
    if (!orgs && (!asked->of->instance || strcmp(set, "@me.mine") == 0))
        return is_in_at(asked, set, asked->org, value);
    for (size_t i = 0; i < who->grant_count; i++)
        if (fits_role(asked->role, &who->grants[i]) &&
            (orgs ? id_equal(&value->ref.id, &who->grants[i].org)
                  : is_in_at(asked, set, who->grants[i].org, value)))
            return true;
    return false;
}

static bool is_below_mine(const struct asked *asked, const struct value *value)
{
    for (size_t i = 0; i < asked->who->grant_count; i++)
        if (value->kind == VALUE_REF && fits_role(asked->role, &asked->who->grants[i]) &&
            is_under(asked->trial, value->ref.id, asked->who->grants[i].org))
            return true;
    return false;
}

static struct value seen_by(const struct asked *asked, const char *path, const struct ref *ref,
                            const struct value *values)
{
    const struct kept *group;

    if (strcmp(path, "id") == 0)
        return ref_value(*ref);
    if (strcmp(path, "org") == 0)
        return ref_value((struct ref){asked->trial->world.root, ref->org});
    if (strcmp(path, "group.head") == 0) {
        group = values[ITEM_GROUP].kind == VALUE_REF ? kept_of(asked->trial, &values[ITEM_GROUP].ref) : NULL;
        return group != NULL ? group->values[GROUP_HEAD] : null_value();
    }
    return values[collection_field(asked->of, slice_text(path))];
}

// One term: path, is | is not | in | under, value. *tied: it speaks of who asks.
static bool term_holds(const struct asked *asked, char *term, const struct ref *ref,
                       const struct value *values, bool *tied)
{
    char *path = strtok_r(term, " ", &term), *op = strtok_r(NULL, " ", &term);
    char *word = strtok_r(NULL, " ", &term);
    bool negated = strcmp(word, "not") == 0;
    struct value value = seen_by(asked, path, ref, values);

    if (negated)
        word = strtok_r(NULL, " ", &term);
    *tied |= word[0] == '@' && !negated;
    if (strcmp(op, "in") == 0)
        return is_in(asked, word, &value);
    if (strcmp(op, "under") == 0)
        return is_below_mine(asked, &value);
    if (word[0] == '@')
        return negated ? !id_is_zero(&asked->who->person) && !is_me(asked, &value) : is_me(asked, &value);
    return value.kind == VALUE_TEXT && slice_is(value.text, word);
}

static bool rule_holds(const struct asked *asked, const char *text, const struct ref *ref,
                       const struct value *values, bool *tied)
{
    char copy[128], *at = copy, *next;
    bool holds = true;

    *tied = false;
    if (text == NULL)
        return true;
    snprintf(copy, sizeof copy, "%s", text);
    for (; at != NULL; at = next) {
        next = strstr(at, " and ");
        if (next != NULL) {
            *next = 0;
            next += 5;
        }
        holds &= term_holds(asked, at, ref, values, tied);
    }
    return holds;
}

static bool role_counts(const struct asked *asked, bool tied)
{
    const struct principal *who = asked->who;

    if (strcmp(asked->role, "anyone") == 0)
        return !id_is_zero(&who->person);
    for (size_t i = 0; i < who->grant_count; i++)
        if (strcmp(who->grants[i].role, asked->role) == 0 &&
            ((asked->of->instance && tied) || is_under(asked->trial, asked->org, who->grants[i].org)))
            return true;
    return false;
}

// What the rules of reading open of a row that holds these values.
static uint64_t model_fields(const struct trial *trial, const struct principal *who,
                             const struct kept *row, const struct value *values)
{
    size_t kind = row->of == trial->item ? 0 : row->of == trial->group ? 1 : 2;
    uint64_t fields = 0;

    for (size_t i = 0; i < trial->rule_counts[kind]; i++) {
        const struct told *told = &trial->rules[kind][i];
        struct asked asked = {trial, who, told->role, row->of, row->ref.org};
        bool tied, holds = rule_holds(&asked, told->text, &row->ref, values, &tied);

        if (holds && role_counts(&asked, tied))
            fields |= told->fields;
    }
    return fields;
}

// What is asked -----------------------------------------------------------------------------

static bool shows_only(const struct record *record, const struct value *values, uint64_t fields)
{
    bool right = record->readable == fields;

    for (size_t i = 0; i < record->collection->field_count; i++)
        right &= (fields >> i & 1) ? value_equal(&record->values[i], &values[i])
                                   : record->values[i].kind == VALUE_NULL;
    return right;
}

static void a_record_shows_what_the_rules_open(struct trial *trial, struct look *look,
                                               const struct principal *who)
{
    for (size_t i = 0; i < trial->row_count; i++) {
        const struct kept *row = &trial->rows[i];
        uint64_t fields = model_fields(trial, who, row, row->values);
        struct record *record;

        CHECK_OK(record_get(&look->view, row->of, row->ref, &record, &look->err), &look->err);
        CHECK((record != NULL) == (fields != 0));
        CHECK(record == NULL || shows_only(record, row->values, fields));
    }
}

static struct value visible(const struct kept *row, uint64_t fields, int field)
{
    return fields >> field & 1 ? row->values[field] : null_value();
}

static bool passes(const struct kept *row, uint64_t fields, const struct query *query)
{
    for (size_t i = 0; i < query->filter_count; i++) {
        const struct filter *filter = &query->filters[i];
        struct value value = visible(row, fields, filter->field);
        bool same = value_equal(&value, &filter->value), one_kind = value.kind == filter->value.kind;
        int order = one_kind ? value_compare(&value, &filter->value) : 0;

        if ((filter->op == FILTER_IS && !same) || (filter->op == FILTER_IS_NOT && same) ||
            (filter->op == FILTER_AT_LEAST && (!one_kind || order < 0)) ||
            (filter->op == FILTER_AT_MOST && (!one_kind || order > 0)))
            return false;
    }
    return true;
}

static bool is_asked_for(const struct trial *trial, const struct query *query, const struct kept *row)
{
    if (row->of != query->collection)
        return false;
    return row->of->instance || (query->subtree ? is_under(trial, row->ref.org, query->org)
                                                : id_equal(&row->ref.org, &query->org));
}

static struct filter some_filter(struct trial *trial)
{
    switch (dice(trial, 4)) {
    case 0:
        return (struct filter){ITEM_FLAG, dice(trial, 2) > 0 ? FILTER_IS : FILTER_IS_NOT,
                               text_value(flags[dice(trial, 2)])};
    case 1:
        return (struct filter){ITEM_OWNER, FILTER_IS, someone(trial)};
    case 2:
        return (struct filter){ITEM_SECRET, FILTER_IS, text_value("secret")};
    default:
        return (struct filter){ITEM_SIZE, dice(trial, 2) > 0 ? FILTER_AT_LEAST : FILTER_AT_MOST, size_of(trial)};
    }
}

static struct query some_query(struct trial *trial, struct filter filters[2])
{
    static const int orders[] = {-1, -1, ITEM_SIZE, ITEM_NAME, ITEM_SECRET, ITEM_FLAG};
    struct query query = {.collection = dice(trial, 4) > 0 ? trial->item : trial->link,
                          .org = trial->orgs[dice(trial, ORGS)], .filters = filters, .order = -1,
                          .ascending = dice(trial, 2) > 0, .limit = 1000};

    if (query.collection != trial->item)
        return query;
    query.order = orders[dice(trial, 6)];
    query.subtree = dice(trial, 2) > 0;
    query.filter_count = dice(trial, 3);
    for (size_t i = 0; i < query.filter_count; i++)
        filters[i] = some_filter(trial);
    return query;
}

static void rows_are_those_of_the_model(struct trial *trial, const struct principal *who,
                                        const struct query *query, struct record **records, size_t count)
{
    size_t expected = 0, found = 0;

    for (size_t i = 0; i < trial->row_count; i++) {
        const struct kept *row = &trial->rows[i];
        uint64_t fields = is_asked_for(trial, query, row) ? model_fields(trial, who, row, row->values) : 0;

        if (fields == 0 || !passes(row, fields, query))
            continue;
        expected++;
        for (size_t j = 0; j < count; j++)
            if (ref_equal(&records[j]->ref, &row->ref)) {
                found++;
                CHECK(shows_only(records[j], row->values, fields));
            }
    }
    CHECK(count == expected && found == expected);
    for (size_t i = 1; query->order >= 0 && i < count; i++) { // by what is seen, not by what is stored
        int order = value_compare(&records[i - 1]->values[query->order], &records[i]->values[query->order]);

        CHECK(query->ascending ? order <= 0 : order >= 0);
    }
}

static void pages_follow_each_other(struct look *look, const struct query *whole,
                                    struct record **records, size_t count)
{
    struct query query = *whole;
    struct record **page;
    size_t at = 0, got = PAGE;

    if (query.order >= 0 && query.subtree)
        return;
    for (query.limit = PAGE; got == PAGE; at += got) {
        query.after = at > 0 ? &records[at - 1]->ref.id : NULL;
        CHECK_OK(record_query(&look->view, &query, &page, &got, &look->err), &look->err);
        CHECK(at + got <= count);
        for (size_t i = 0; i < got && at + i < count; i++)
            CHECK(ref_equal(&page[i]->ref, &records[at + i]->ref));
        if (at + got > count)
            return;
    }
    CHECK(at == count);
}

static void lists_hold_what_the_rules_open(struct trial *trial, struct look *look,
                                           const struct principal *who)
{
    for (size_t i = 0; i < 40; i++) {
        struct filter filters[2];
        struct query query = some_query(trial, filters);
        struct record **records;
        size_t count;

        CHECK_OK(record_query(&look->view, &query, &records, &count, &look->err), &look->err);
        rows_are_those_of_the_model(trial, who, &query, records, count);
        pages_follow_each_other(look, &query, records, count);
    }
}

static void the_past_is_shown_by_the_rules_of_now(struct trial *trial, struct look *look,
                                                  const struct principal *who)
{
    int64_t then = trial->world.clock.now_ms - 500;

    for (size_t i = 0; i < trial->row_count; i++) {
        const struct kept *row = &trial->rows[i];
        struct record *record, *now;
        struct record_version *versions;
        size_t count;
        uint64_t fields, former;

        if (!row->changed)
            continue;
        fields = model_fields(trial, who, row, row->values);
        former = fields & model_fields(trial, who, row, row->former);
        CHECK_OK(record_as_of(&look->view, row->of, row->ref, then, &record, &look->err), &look->err);
        CHECK((record != NULL) == (former != 0));
        CHECK(record == NULL || shows_only(record, row->former, former));
        CHECK_OK(record_get(&look->view, row->of, row->ref, &now, &look->err), &look->err);
        if (now == NULL)
            continue;
        CHECK_OK(record_history(&look->view, now, &versions, &count, &look->err), &look->err);
        CHECK(count == (former != 0 ? 2u : 1u));
        CHECK(count > 0 && shows_only(versions[count - 1].record, row->values, fields));
        CHECK(count < 2 || shows_only(versions[0].record, row->former, former));
    }
}

static void counts_are_for_whom_their_rule_names(struct trial *trial, struct look *look,
                                                 const struct principal *who)
{
    for (size_t i = 0; i < ORGS; i++) {
        struct value values[FIELDS_MAX] = {[ITEM_FLAG] = text_value("red")};
        struct rollup_question question = {trial->tally, trial->orgs[i], true, values, 1 << ITEM_FLAG};
        struct rollup_answer answer;
        struct asked asked = {trial, who, "red", trial->item, trial->orgs[i]};
        struct value org = ref_value((struct ref){trial->world.root, trial->orgs[i]});
        bool may = role_counts(&asked, true) && is_below_mine(&asked, &org);
        int64_t count = 0;

        for (size_t j = 0; j < trial->row_count; j++)
            count += trial->rows[j].of == trial->item && is_under(trial, trial->rows[j].ref.org, trial->orgs[i]) &&
                     trial->rows[j].values[ITEM_FLAG].kind == VALUE_TEXT &&
                     slice_is(trial->rows[j].values[ITEM_FLAG].text, "red");
        CHECK_OK(record_rollup(&look->view, &question, &answer, &look->err), &look->err);
        CHECK(answer.readable == may);
        CHECK(may ? answer.count == count : answer.count == 0 && answer.sum == 0);
    }
}

static void nothing_is_found_by_what_may_not_be_seen(struct trial *trial, struct look *look,
                                                     const struct principal *who)
{
    for (size_t i = 0; i < trial->row_count; i++) {
        const struct kept *row = &trial->rows[i];
        uint64_t fields = model_fields(trial, who, row, row->values);
        struct record *record;

        if (row->of != trial->item)
            continue;
        CHECK_OK(record_find(&look->view, row->of, "code", row->ref.org, &row->values[ITEM_CODE],
                             &record, &look->err), &look->err);
        CHECK((record != NULL) == ((fields >> ITEM_CODE & 1) != 0));
        CHECK(record == NULL || shows_only(record, row->values, fields));
    }
}

static void a_file_is_read_where_its_field_is(struct trial *trial, struct look *look,
                                              const struct principal *who)
{
    for (size_t i = 0; i < trial->row_count; i++) {
        const struct kept *row = &trial->rows[i];
        struct blob_file *file;
        bool may;

        if (row->of != trial->item)
            continue;
        CHECK_OK(record_file_get(&look->view, &row->values[ITEM_PROOF], &file, &look->err), &look->err);
        CHECK_OK(file != NULL && record_file_may_read(&look->view, file, &may, &look->err), &look->err);
        CHECK(may == (model_fields(trial, who, row, row->values) >> ITEM_PROOF & 1));
    }
}

// Whoever may not read a record learns no more from a refusal than of one that never was.
static void a_refusal_says_no_more_than_absence(struct trial *trial, struct look *look,
                                                const struct principal *who)
{
    struct ref never = {trial->orgs[1], {{9}}};

    if (id_is_zero(&who->person))
        return;
    for (size_t i = 0; i < trial->row_count; i++) {
        const struct kept *row = &trial->rows[i];
        bool may = model_fields(trial, who, row, row->values) != 0;
        struct value values[LINK_FIELDS] = {[LINK_PERSON] = ref_value(person_ref(&trial->world, who->person)),
                                            [LINK_ITEM] = ref_value(row->ref)};
        struct problem problem, other;
        struct record *record;

        if (row->of != trial->item)
            continue;
        look->err = (struct err){ERR_NONE, ""};
        CHECK(record_create(&look->view, trial->link, trial->world.root, values, &record, &problem,
                            &look->err) == may);
        if (may)
            continue;
        CHECK(look->err.code == ERR_NONE && strstr(look->err.text, "secret") == NULL);
        values[LINK_ITEM] = ref_value(never);
        CHECK(!record_create(&look->view, trial->link, trial->world.root, values, &record, &other,
                             &look->err));
        CHECK(strcmp(problem.word, other.word) == 0 && strcmp(problem.field, other.field) == 0);
    }
}

static void ask(struct trial *trial, const struct principal *who)
{
    static void (*const asked[])(struct trial *, struct look *, const struct principal *) = {
        a_record_shows_what_the_rules_open, lists_hold_what_the_rules_open,
        the_past_is_shown_by_the_rules_of_now, counts_are_for_whom_their_rule_names,
        nothing_is_found_by_what_may_not_be_seen, a_file_is_read_where_its_field_is,
        a_refusal_says_no_more_than_absence};

    for (size_t i = 0; i < sizeof asked / sizeof *asked; i++) {
        struct look look;

        // The last one writes, which would be seen by the sets of the others.
        look_begin(&trial->world, &look, i == 6 ? STORE_WRITE : STORE_READ, who);
        asked[i](trial, &look, who);
        look_end(&look);
    }
}

// The seed is printed with what fails, and is enough to see it again.
static void no_row_and_no_field_beyond_the_rules(uint64_t seed)
{
    struct trial *trial = mem_zero(sizeof *trial);
    int before = check_state.checks_failed;

    world_begin(&trial->world);
    trial->dice = seed * 7919 + 1;
    declare_trial(trial);
    populate(trial);
    invite(trial);
    for (size_t i = 0; i < ASKERS && check_state.checks_failed == before; i++)
        ask(trial, &trial->askers[i].who);
    if (check_state.checks_failed > before)
        printf("  seed %llu\n", (unsigned long long)seed);
    world_close(&trial->world);
    free(trial);
}

// rules_test SEED… asks of those seeds only.
int main(int argc, char **argv)
{
    for (uint64_t seed = 1; argc == 1 && seed <= SEEDS; seed++)
        RUN(no_row_and_no_field_beyond_the_rules, seed);
    for (int i = 1; i < argc; i++)
        RUN(no_row_and_no_field_beyond_the_rules, strtoull(argv[i], NULL, 10));
    return check_report("record/rules");
}
