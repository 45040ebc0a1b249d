// SPDX-License-Identifier: Apache-2.0
// One collection as declared: what makes no sense by itself is refused, the rest copied.
#include <math.h>

#include "blob/kind.h"
#include "record/key.h"
#include "record/suggest.h"
#include "record/text_check.h"

enum { NAME_LEN_MAX = 32, TEXT_MAX_DEFAULT = 200, SEALED_MAX_DEFAULT = 64, TEXT_MAX_MAX = 100000 };

enum value_kind field_kind(enum field_type type)
{
    static const enum value_kind kinds[] = {
        [FIELD_TEXT] = VALUE_TEXT,       [FIELD_INTEGER] = VALUE_INTEGER,
        [FIELD_NUMBER] = VALUE_NUMBER,   [FIELD_BOOLEAN] = VALUE_BOOLEAN,
        [FIELD_DATE] = VALUE_DATE,       [FIELD_TIME] = VALUE_TIME,
        [FIELD_REF] = VALUE_REF,         [FIELD_CODE] = VALUE_TEXT,
        [FIELD_SEALED] = VALUE_BYTES,    [FIELD_FILE] = VALUE_REF,
    };

    return kinds[type];
}

static bool is_name(const char *name)
{
    size_t len = name != NULL ? strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_") : 0;

    return len > 0 && len <= NAME_LEN_MAX && name[len] == 0 && name[0] >= 'a' && name[0] <= 'z';
}

static bool is_reserved(const char *name)
{
    static const char *const words[] = {"id", "org", "version", "created", "modified", NULL};

    for (const char *const *word = words; *word != NULL; word++)
        if (strcmp(*word, name) == 0)
            return true;
    return false;
}

static char *copy_text(struct arena *arena, const char *text)
{
    return text != NULL ? arena_text(arena, slice_text(text)) : NULL;
}

static const char *const *copy_list(struct arena *arena, const char *const *list)
{
    size_t count = 0;
    const char **copy;

    if (list == NULL)
        return NULL;
    while (list[count] != NULL)
        count++;
    copy = arena_alloc(arena, (count + 1) * sizeof *copy);
    for (size_t i = 0; i < count; i++)
        copy[i] = copy_text(arena, list[i]);
    return copy;
}

static const struct text_check *copy_shape(struct arena *arena, const struct text_check *shape)
{
    struct text_check *copy;

    if (shape == NULL)
        return NULL;
    copy = arena_copy(arena, shape, sizeof *shape);
    copy->pattern = copy_text(arena, shape->pattern);
    copy->prefixes = copy_list(arena, shape->prefixes);
    copy->marks = copy_text(arena, shape->marks);
    return copy;
}

static void copy_field(struct arena *arena, const struct field *from, struct field *to)
{
    *to = *from;
    to->name = copy_text(arena, from->name);
    to->element = copy_text(arena, from->element);
    to->check = copy_text(arena, from->check);
    to->shape = copy_shape(arena, from->shape);
    to->lookup = copy_text(arena, from->lookup);
    to->ref = copy_text(arena, from->ref);
    to->codes = copy_list(arena, from->codes);
    to->accepts = copy_list(arena, from->accepts);
    to->from = copy_text(arena, from->from);
    if (from->initial.kind == VALUE_TEXT)
        to->initial.text = arena_slice(arena, from->initial.text);
    if (from->max == 0)
        to->max = from->type == FIELD_FILE     ? SIZE_MAX
                  : from->type == FIELD_SEALED ? SEALED_MAX_DEFAULT
                                               : TEXT_MAX_DEFAULT;
    if (from->at_least == 0 && from->at_most == 0)
        to->at_least = to->at_most = NAN;
}

static const char *check_problem(const struct field *field, char hint[SUGGEST_TEXT_MAX])
{
    struct suggestion suggestion;

    if (field->shape != NULL && field->type != FIELD_TEXT && field->type != FIELD_SEALED)
        return "only a text has a shape";
    if (field->shape != NULL && text_check_problem(field->shape) != NULL)
        return text_check_problem(field->shape);
    if (field->check == NULL || text_check_find(field->check) != NULL)
        return NULL;
    suggestion = suggest_begin(slice_text(field->check));
    for (size_t i = 0; text_check_name(i) != NULL; i++)
        suggest_offer(&suggestion, text_check_name(i));
    suggest_text(&suggestion, hint);
    return "there is no such check";
}

static bool is_code(const struct field *field, struct slice text)
{
    for (const char *const *code = field->codes; *code != NULL; code++)
        if (slice_is(text, *code))
            return true;
    return false;
}

static const char *initial_problem(const struct field *field)
{
    if (field->initial_me && field->type != FIELD_REF)
        return "the default @me needs a ref";
    if (field->initial_today && field->type != FIELD_DATE)
        return "the default @today needs a date";
    if (field->initial_now && field->type != FIELD_TIME)
        return "the default @now needs a time";
    if (field->initial.kind == VALUE_NULL)
        return NULL;
    if (field->type == FIELD_SEALED || field->initial.kind != field_kind(field->type))
        return "the default is not of the field's type";
    if (field->type == FIELD_CODE && !is_code(field, field->initial.text))
        return "the default is not one of the codes";
    return NULL;
}

static const char *file_problem(const struct field *field)
{
    if (field->accepts != NULL && field->type != FIELD_FILE)
        return "only a file has kinds that are accepted";
    for (const char *const *group = field->accepts; group != NULL && *group != NULL; group++)
        if (!kind_is_group(*group))
            return "there is no such group of files: picture, pdf, video, audio, document, archive, "
                   "text, other";
    return NULL;
}

static const char *type_problem(const struct field *field)
{
    if ((field->type == FIELD_CODE) != (field->codes != NULL && field->codes[0] != NULL))
        return "one_of and a list of codes belong together";
    if ((field->type == FIELD_REF) != (field->ref != NULL))
        return "a ref names a collection";
    if (field->lookup != NULL && field->type != FIELD_SEALED)
        return "lookup is for sealed fields";
    if (field->at_least > field->at_most)
        return "the range is empty";
    if (field->max > TEXT_MAX_MAX && field->type != FIELD_FILE)
        return "max is over 100000 characters";
    return file_problem(field);
}

static bool check_field(const struct collection *declared, size_t at, struct err *err)
{
    const struct field *field = &declared->fields[at];
    char hint[SUGGEST_TEXT_MAX] = "";
    const char *problem = NULL;

    if (!is_name(field->name) || is_reserved(field->name))
        return err_set(err, ERR_INPUT, "%s: a field cannot be called \"%s\"", declared->name,
                       field->name != NULL ? field->name : "");
    for (size_t i = 0; i < at && problem == NULL; i++)
        if (strcmp(declared->fields[i].name, field->name) == 0)
            problem = "declared twice";
    if (problem == NULL && field->from == NULL)
        problem = type_problem(field);
    if (problem == NULL && field->follows && field->from == NULL)
        problem = "only a derived field can be live";
    if (problem == NULL)
        problem = check_problem(field, hint);
    if (problem == NULL)
        problem = initial_problem(field);
    return problem == NULL || err_set(err, ERR_INPUT, "%s.%s: %s%s", declared->name, field->name,
                                      problem, hint);
}

static bool check_index(const struct collection *declared, size_t at, struct err *err)
{
    const struct index_def *index = &declared->indexes[at];

    if (index->count == 0 || index->count > INDEX_FIELDS_MAX)
        return err_set(err, ERR_INPUT, "%s: an index has 1 to %d fields", declared->name,
                       INDEX_FIELDS_MAX);
    for (size_t i = 0; i < index->count; i++) {
        const struct field *field;

        if (index->fields[i] >= declared->field_count)
            return err_set(err, ERR_INPUT, "%s: an index names no field", declared->name);
        field = &declared->fields[index->fields[i]];
        if (field->type == FIELD_SEALED && field->lookup == NULL)
            return err_set(err, ERR_INPUT, "%s.%s: an index on a sealed field needs its lookup",
                           declared->name, field->name);
        if (field->type == FIELD_FILE)
            return err_set(err, ERR_INPUT, "%s.%s: files are not indexed", declared->name,
                           field->name);
        for (size_t j = 0; j < i; j++)
            if (index->fields[j] == index->fields[i])
                return err_set(err, ERR_INPUT, "%s.%s: twice in one index", declared->name,
                               field->name);
    }
    return true;
}

static bool check_all(const struct collection *declared, struct err *err)
{
    if (!is_name(declared->app) || !is_name(declared->name))
        return err_set(err, ERR_INPUT, "a collection cannot be called \"%s.%s\"",
                       declared->app != NULL ? declared->app : "",
                       declared->name != NULL ? declared->name : "");
    if (declared->field_count == 0 || declared->field_count > FIELDS_MAX ||
        declared->index_count > INDEXES_MAX)
        return err_set(err, ERR_INPUT, "%s: 1 to %d fields and at most %d indexes",
                       declared->name, FIELDS_MAX, INDEXES_MAX);
    for (size_t i = 0; i < declared->field_count; i++)
        if (!check_field(declared, i, err))
            return false;
    for (size_t i = 0; i < declared->index_count; i++)
        if (!check_index(declared, i, err))
            return false;
    return true;
}

static const char *index_name(struct arena *arena, const struct collection *collection,
                              const struct index_def *index)
{
    const char *name = index->instance ? "@" : "";

    for (size_t i = 0; i < index->count; i++)
        name = arena_format(arena, "%s%s%s", name, i > 0 ? "+" : "",
                            collection->fields[index->fields[i]].name);
    return name;
}

static void prepare(struct arena *arena, struct collection *copy, const char *place)
{
    struct prepared *prepared = arena_alloc(arena, sizeof *prepared);

    copy->prepared = prepared;
    prepared->place = place;
    for (size_t i = 0; i < copy->field_count; i++) {
        prepared->name_lens[i] = (uint8_t)strlen(copy->fields[i].name);
        prepared->sources[i].ref = -1;
        prepared->all |= field_bit((int)i);
        if (copy->fields[i].type == FIELD_SEALED)
            prepared->sealed |= field_bit((int)i);
        if (copy->fields[i].from != NULL)
            prepared->derived |= field_bit((int)i);
    }
}

bool catalog_copy(struct catalog *catalog, const struct collection *declared,
                  struct collection **result, struct err *err)
{
    struct arena *arena = &catalog->arena;
    struct collection *copy;

    if (!check_all(declared, err))
        return false;
    copy = arena_copy(arena, declared, sizeof *declared);
    memset(copy->rules, 0, sizeof copy->rules);
    copy->app = copy_text(arena, declared->app);
    copy->name = copy_text(arena, declared->name);
    copy->full = arena_format(arena, "%s.%s", copy->app, copy->name);
    for (size_t i = 0; i < copy->field_count; i++)
        copy_field(arena, &declared->fields[i], &copy->fields[i]);
    for (size_t i = 0; i < copy->index_count; i++)
        copy->indexes[i].name = index_name(arena, copy, &copy->indexes[i]);
    prepare(arena, copy, catalog->place);
    key_prepare(arena, copy);
    *result = copy;
    return true;
}
