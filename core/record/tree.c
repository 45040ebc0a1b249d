// SPDX-License-Identifier: Apache-2.0
#include "record/tree.h"

#include "record/cache.h"
#include "record/row.h"
#include "record/write.h"

enum { DEPTH_MAX = 16, CHILDREN_MAX = 20000, PAGE = 1000 };
enum { ORG_KIND, ORG_PARENT, ORG_NAME, ORG_NAME_EN, ORG_CODE, ORG_STAGES, ORG_CLOSED, ORG_FIELDS };

static const char *const kinds[] = {"province", "city", "county", "school", "other", NULL};
enum { TIERS = 4 };

int tree_tier(const char *kind)
{
    for (int tier = 0; tier < TIERS; tier++)
        if (strcmp(kinds[tier], kind) == 0)
            return tier;
    return -1;
}

bool tree_declare(struct catalog *catalog, struct err *err)
{
    struct collection org = {
        .app = "core",
        .name = "org",
        .instance = true,
        .fields =
            {
                [ORG_KIND] = {.name = "kind", .type = FIELD_CODE, .required = true, .codes = kinds},
                [ORG_PARENT] = {.name = "parent", .type = FIELD_REF, .ref = "core.org"},
                [ORG_NAME] = {.name = "name", .type = FIELD_TEXT, .required = true},
                [ORG_NAME_EN] = {.name = "name_en", .type = FIELD_TEXT},
                [ORG_CODE] = {.name = "code", .type = FIELD_TEXT, .check = "code", .max = 32},
                [ORG_STAGES] = {.name = "stages", .type = FIELD_TEXT},
                [ORG_CLOSED] = {.name = "closed", .type = FIELD_BOOLEAN},
            },
        .field_count = ORG_FIELDS,
        .indexes = {{.fields = {ORG_PARENT}, .count = 1},
                    {.fields = {ORG_CODE}, .count = 1, .unique = true}},
        .index_count = 2,
    };

    catalog->tree = catalog_add(catalog, &org, err);
    return catalog->tree != NULL &&
           catalog_allow(catalog, catalog->tree, VERB_READ, "anyone", NULL, NULL, NULL, err) &&
           catalog_allow(catalog, catalog->tree, VERB_READ, "app", NULL, NULL, NULL, err);
}

static struct view as_system(const struct view *view)
{
    struct view system = *view;

    system.who = NULL;
    return system;
}

static const char *text_of(struct view *view, const struct value *value)
{
    return arena_text(view->arena, value->kind == VALUE_TEXT ? value->text : slice_of("", 0));
}

static void fill(struct view *view, const struct row *row, struct tree_org *org)
{
    const struct value *values = row->stored;

    *org = (struct tree_org){
        .id = row->record.ref.id,
        .kind = text_of(view, &values[ORG_KIND]),
        .name = text_of(view, &values[ORG_NAME]),
        .name_en = text_of(view, &values[ORG_NAME_EN]),
        .code = text_of(view, &values[ORG_CODE]),
    };
    if (values[ORG_PARENT].kind == VALUE_REF)
        org->parent = values[ORG_PARENT].ref.id;
}

static bool load(struct view *view, struct id id, struct row **row, struct err *err)
{
    return row_load(view, view->catalog->tree, (struct ref){view->root, id}, row, err);
}

bool tree_get(struct view *view, struct id id, struct tree_org **org, struct err *err)
{
    struct row *row;

    *org = NULL;
    if (!load(view, id, &row, err))
        return false;
    if (row != NULL)
        fill(view, row, *org = arena_alloc(view->arena, sizeof **org));
    return true;
}

static struct org_path *known_path(struct view *view, const struct id *id)
{
    struct org_path *path = cache_of(view)->paths;

    while (path != NULL && !id_equal(&path->org, id))
        path = path->next;
    return path;
}

static bool walk_up(struct view *view, struct id id, struct id path[DEPTH_MAX], size_t *count,
                    struct err *err)
{
    struct row *row;

    for (*count = 0; *count < DEPTH_MAX; id = row->stored[ORG_PARENT].ref.id) {
        if (!load(view, id, &row, err))
            return false;
        if (row == NULL)
            return true;
        path[(*count)++] = id;
        if (row->stored[ORG_PARENT].kind != VALUE_REF)
            return true;
    }
    return err_set(err, ERR_CORRUPT, "the tree of organisations is over %d deep", DEPTH_MAX);
}

bool tree_path(struct view *view, struct id id, const struct id **path, size_t *count,
               struct err *err)
{
    struct org_path *known = known_path(view, &id);
    struct id found[DEPTH_MAX];

    if (known == NULL) {
        if (!walk_up(view, id, found, count, err))
            return false;
        known = arena_alloc(view->arena, sizeof *known);
        known->next = cache_of(view)->paths;
        known->org = id;
        known->path = arena_copy(view->arena, found, *count * sizeof *found);
        known->count = *count;
        cache_of(view)->paths = known;
    }
    *path = known->path;
    *count = known->count;
    return true;
}

bool tree_is_under(struct view *view, struct id id, struct id ancestor, bool *under,
                   struct err *err)
{
    const struct id *path;
    size_t count;

    *under = false;
    if (!tree_path(view, id, &path, &count, err))
        return false;
    for (size_t i = 0; i < count && !*under; i++)
        *under = id_equal(&path[i], &ancestor);
    return true;
}

struct children {
    struct row **rows;
    size_t count;
};

static void add_page(struct view *view, struct children *children, struct record **page,
                     size_t count)
{
    struct row **rows =
        arena_alloc(view->arena, (children->count + count + 1) * sizeof *children->rows);

    if (children->count > 0)
        memcpy(rows, children->rows, children->count * sizeof *rows);
    for (size_t i = 0; i < count; i++)
        rows[children->count++] = (struct row *)page[i];
    children->rows = rows;
}

// The children of one organisation, as the system sees them: page after page.
static bool children_of(struct view *view, struct id id, size_t max, struct children *children,
                        struct err *err)
{
    struct view system = as_system(view);
    struct filter filter = {ORG_PARENT, FILTER_IS, {VALUE_REF, {.ref = {view->root, id}}}};
    struct query query = {.collection = view->catalog->tree,
                          .filters = &filter,
                          .filter_count = 1,
                          .order = -1,
                          .ascending = true,
                          .limit = PAGE};
    struct record **page;
    size_t count;

    *children = (struct children){0};
    do {
        if (!record_query(&system, &query, &page, &count, err))
            return false;
        if (count > max - children->count)
            return err_set(err, ERR_LIMIT, "more than %zu organisations", max);
        add_page(view, children, page, count);
        query.after = count > 0 ? &page[count - 1]->ref.id : NULL;
    } while (count == PAGE);
    return true;
}

bool tree_below(struct view *view, struct id id, size_t max, const struct id **orgs, size_t *count,
                struct err *err)
{
    struct id *found = arena_alloc(view->arena, (max + 1) * sizeof *found);
    struct children children;

    *orgs = found;
    *count = 0;
    found[(*count)++] = id;
    for (size_t at = 0; at < *count; at++) {
        if (!children_of(view, found[at], max - *count, &children, err))
            return false;
        for (size_t i = 0; i < children.count; i++)
            found[(*count)++] = children.rows[i]->record.ref.id;
    }
    return true;
}

bool tree_children(struct view *view, struct id id, struct tree_org **orgs, size_t *count,
                   struct err *err)
{
    struct children children;

    if (!children_of(view, id, CHILDREN_MAX, &children, err))
        return false;
    *orgs = arena_alloc(view->arena, (children.count + 1) * sizeof **orgs);
    for (size_t i = 0; i < children.count; i++)
        fill(view, children.rows[i], &(*orgs)[i]);
    *count = children.count;
    return true;
}

bool tree_find(struct view *view, const char *code, struct tree_org **org, struct err *err)
{
    struct view system = as_system(view);
    struct value value = {VALUE_TEXT, {.text = slice_text(code)}};
    struct record *record;

    *org = NULL;
    if (!record_find(&system, view->catalog->tree, "code", view->root, &value, &record, err))
        return false;
    if (record != NULL)
        fill(view, row_of(record), *org = arena_alloc(view->arena, sizeof **org));
    return true;
}

static struct value text_value(const char *text)
{
    return text != NULL ? (struct value){VALUE_TEXT, {.text = slice_text(text)}}
                        : (struct value){.kind = VALUE_NULL};
}

bool tree_add(struct view *view, struct tree_org *org, struct problem *problem, struct err *err)
{
    struct id id = id_make(view->clock, view->random);
    bool is_root = id_is_zero(&org->parent);
    struct ref ref = {is_root ? id : view->root, id};
    struct value values[ORG_FIELDS] = {
        [ORG_KIND] = text_value(org->kind),
        [ORG_NAME] = text_value(org->name),
        [ORG_NAME_EN] = text_value(org->name_en),
        [ORG_CODE] = text_value(org->code),
    };
    struct record *record;

    if (!is_root)
        values[ORG_PARENT] = (struct value){VALUE_REF, {.ref = {view->root, org->parent}}};
    org->id = id;
    return write_new(view, view->catalog->tree, ref, values, &record, problem, err);
}
