// SPDX-License-Identifier: Apache-2.0
#include "record/rule.h"

#include <stdlib.h>

#include "record/catalog.h"
#include "record/suggest.h"

struct parser {
    const struct catalog *catalog;
    const struct collection *collection;
    struct slice rest;
    struct slice word; // the current one; empty at the end
    bool quoted, unclosed;
    struct err *err;
};

static void next_word(struct parser *parser)
{
    struct slice rest = parser->rest;
    size_t len = 0;

    while (rest.len > 0 && rest.data[0] == ' ')
        rest = slice_of(rest.data + 1, rest.len - 1);
    parser->quoted = rest.len > 0 && (rest.data[0] == '"' || rest.data[0] == '\'');
    if (parser->quoted) {
        const uint8_t *end = memchr(rest.data + 1, rest.data[0], rest.len - 1);

        len = end != NULL ? (size_t)(end - rest.data) + 1 : rest.len;
        parser->word = slice_of(rest.data + 1, end != NULL ? len - 2 : 0);
        parser->unclosed |= end == NULL;
    } else {
        while (len < rest.len && rest.data[len] != ' ')
            len++;
        parser->word = slice_of(rest.data, len);
    }
    parser->rest = slice_of(rest.data + len, rest.len - len);
}

static bool at_word(const struct parser *parser, const char *word)
{
    return !parser->quoted && slice_is(parser->word, word);
}

static bool unknown_field(struct parser *parser, const struct collection *collection,
                          struct slice name)
{
    struct suggestion suggestion = suggest_begin(name);
    char hint[SUGGEST_TEXT_MAX];

    for (size_t i = 0; i < collection->field_count; i++)
        suggest_offer(&suggestion, collection->fields[i].name);
    return err_set(parser->err, ERR_INPUT, "%s has no field \"%.*s\"%s", collection->full,
                   (int)name.len, (const char *)name.data, suggest_text(&suggestion, hint));
}

static bool parse_then(struct parser *parser, struct slice name, struct rule_term *term)
{
    const struct field *field = &parser->collection->fields[term->field];
    const struct collection *target;

    if (field->type != FIELD_REF)
        return err_set(parser->err, ERR_INPUT, "%s.%s is not a ref", parser->collection->full,
                       field->name);
    target = parser->collection->prepared->refs[term->field];
    if (target == NULL)
        return err_set(parser->err, ERR_INPUT, "there is no collection %s", field->ref);
    term->then = collection_field(target, name);
    return term->then >= 0 || unknown_field(parser, target, name);
}

static bool parse_path(struct parser *parser, struct rule_term *term)
{
    struct slice name = parser->word, then = {NULL, 0};
    const uint8_t *dot = name.len > 0 ? memchr(name.data, '.', name.len) : NULL;

    term->then = -1;
    if (slice_is(name, "id") || slice_is(name, "org")) {
        term->path = slice_is(name, "id") ? PATH_ID : PATH_ORG;
        return true;
    }
    if (dot != NULL) {
        then = slice_of(dot + 1, name.len - (size_t)(dot - name.data) - 1);
        name.len = (size_t)(dot - name.data);
    }
    term->path = PATH_FIELD;
    term->field = collection_field(parser->collection, name);
    if (term->field < 0)
        return unknown_field(parser, parser->collection, name);
    return dot == NULL || parse_then(parser, then, term);
}

// The field whose value is compared; NULL for id and org.
static const struct field *term_field(const struct parser *parser, const struct rule_term *term)
{
    if (term->path != PATH_FIELD)
        return NULL;
    return term->then < 0 ? &parser->collection->fields[term->field]
                          : &parser->collection->prepared->refs[term->field]->fields[term->then];
}

static bool parse_op(struct parser *parser, struct rule_term *term)
{
    if (at_word(parser, "is")) {
        term->op = RULE_IS;
        next_word(parser);
        if (at_word(parser, "not")) {
            term->op = RULE_IS_NOT;
            next_word(parser);
        }
        return true;
    }
    if (!at_word(parser, "in") && !at_word(parser, "under"))
        return err_set(parser->err, ERR_INPUT, "is, in or under is missing before \"%.*s\"",
                       (int)parser->word.len, (const char *)parser->word.data);
    term->op = at_word(parser, "in") ? RULE_IN : RULE_UNDER;
    next_word(parser);
    return true;
}

static bool parse_set(struct parser *parser, struct slice name, struct rule_term *term)
{
    char text[80];
    struct suggestion suggestion = suggest_begin(name);
    char hint[SUGGEST_TEXT_MAX];

    if (name.len >= sizeof text)
        return err_set(parser->err, ERR_INPUT, "the name of a set is too long");
    memcpy(text, name.data, name.len);
    text[name.len] = 0;
    term->value_kind = RULE_SET;
    if ((term->set = catalog_find_set(parser->catalog, text)) != NULL)
        return true;
    for (size_t i = 0; i < parser->catalog->set_count; i++)
        suggest_offer(&suggestion, parser->catalog->sets[i]->def.name);
    suggest_offer(&suggestion, "orgs");
    return err_set(parser->err, ERR_INPUT, "there is no set \"%s\"%s", text,
                   suggest_text(&suggestion, hint));
}

static bool parse_at(struct parser *parser, struct rule_term *term)
{
    struct slice word = parser->word;

    if (slice_is(word, "@me"))
        term->value_kind = RULE_ME;
    else if (slice_is(word, "@me.orgs"))
        term->value_kind = RULE_ME_ORGS;
    else if (slice_is(word, "@today"))
        term->value_kind = RULE_TODAY;
    else if (slice_is(word, "@it"))
        term->value_kind = RULE_IT;
    else if (slice_starts(word, slice_text("@me.")))
        return parse_set(parser, slice_of(word.data + 4, word.len - 4), term);
    else
        return parse_set(parser, slice_of(word.data + 1, word.len - 1), term);
    return true;
}

static bool parse_integer(struct slice word, int64_t *number)
{
    char text[24], *end;

    if (word.len == 0 || word.len >= sizeof text)
        return false;
    memcpy(text, word.data, word.len);
    text[word.len] = 0;
    *number = strtoll(text, &end, 10);
    return *end == 0;
}

static bool parse_code(struct parser *parser, const struct field *field, struct value *literal)
{
    struct suggestion suggestion = suggest_begin(parser->word);
    char hint[SUGGEST_TEXT_MAX];

    for (const char *const *code = field->codes; *code != NULL; code++) {
        if (slice_is(parser->word, *code)) {
            *literal = (struct value){VALUE_TEXT, {.text = slice_text(*code)}};
            return true;
        }
        suggest_offer(&suggestion, *code);
    }
    return err_set(parser->err, ERR_INPUT, "%s is never \"%.*s\"%s", field->name,
                   (int)parser->word.len, (const char *)parser->word.data,
                   suggest_text(&suggestion, hint));
}

static bool parse_literal(struct parser *parser, const struct field *field, struct value *literal)
{
    int64_t number;
    int32_t days;

    literal->kind = field_kind(field->type);
    if (field->type == FIELD_CODE)
        return parse_code(parser, field, literal);
    if (field->type == FIELD_TEXT) {
        literal->text = parser->word;
        return true;
    }
    if (field->type == FIELD_BOOLEAN && (at_word(parser, "true") || at_word(parser, "false"))) {
        literal->boolean = at_word(parser, "true");
        return true;
    }
    if (field->type == FIELD_DATE && date_from_text(parser->word, &days)) {
        literal->integer = days;
        return true;
    }
    if (field->type == FIELD_INTEGER && parse_integer(parser->word, &number)) {
        literal->integer = number;
        return true;
    }
    return err_set(parser->err, ERR_INPUT, "%s cannot be compared with \"%.*s\"", field->name,
                   (int)parser->word.len, (const char *)parser->word.data);
}

static bool parse_value(struct parser *parser, struct rule_term *term)
{
    const struct field *field = term_field(parser, term);

    if (parser->word.len == 0 && !parser->quoted)
        return err_set(parser->err, ERR_INPUT, "the rule ends before its value");
    if (!parser->quoted && parser->word.data[0] == '@')
        return parse_at(parser, term);
    term->value_kind = RULE_LITERAL;
    if (field == NULL || term->op == RULE_IN || term->op == RULE_UNDER)
        return err_set(parser->err, ERR_INPUT, "a set is missing: \"%.*s\" is not one",
                       (int)parser->word.len, (const char *)parser->word.data);
    return parse_literal(parser, field, &term->literal);
}

static const char *target_of(const struct parser *parser, const struct rule_term *term)
{
    const struct field *field = term_field(parser, term);

    if (term->path == PATH_ORG)
        return "core.org";
    return field != NULL ? field->ref : parser->collection->full;
}

// What a set's members refer to.
static const char *target_of_set(const struct set_def *def)
{
    const struct set *set = set_of(def);

    if (set->from == NULL || set->take < 0)
        return def->from;
    return set->from->fields[set->take].ref;
}

// One value or many must fit the operator; what is compared must be of one kind.
static const char *term_problem(const struct parser *parser, const struct rule_term *term)
{
    const char *target = target_of(parser, term), *other;
    const struct field *field = term_field(parser, term);
    bool many = term->value_kind == RULE_ME_ORGS || term->value_kind == RULE_SET;

    if (field != NULL && (field->type == FIELD_SEALED || field->type == FIELD_FILE))
        return "a rule cannot look into a sealed field or a file";
    if (many != (term->op == RULE_IN || term->op == RULE_UNDER))
        return many ? "a set goes with in or under" : "in and under go with a set";
    if (term->value_kind == RULE_LITERAL)
        return NULL;
    if (term->value_kind == RULE_TODAY)
        return field != NULL && field->type == FIELD_DATE ? NULL : "@today is a date";
    if (target == NULL)
        return "only a ref, id or org is compared with people, records and organisations";
    if (term->op == RULE_UNDER && strcmp(target, "core.org") != 0)
        return "under is for organisations";
    if (term->value_kind == RULE_ME_ORGS && strcmp(target, "core.org") != 0)
        return "@me.orgs are organisations";
    if (term->path == PATH_ORG && !many)
        return "org goes with in or under";
    if (term->value_kind != RULE_SET)
        return NULL;
    other = target_of_set(term->set);
    return other != NULL && strcmp(target, other) != 0 ? "the set holds other records" : NULL;
}

static bool parse_term(struct parser *parser, struct rule_term *term)
{
    const char *problem;

    if (!parse_path(parser, term))
        return false;
    next_word(parser);
    if (!parse_op(parser, term) || !parse_value(parser, term))
        return false;
    problem = term_problem(parser, term);
    return problem == NULL || err_set(parser->err, ERR_INPUT, "%s", problem);
}

static bool ties(const struct rule_term *term)
{
    bool mine = term->value_kind == RULE_ME || term->value_kind == RULE_ME_ORGS ||
                (term->value_kind == RULE_SET && !set_of(term->set)->asks_it);

    return mine && term->op != RULE_IS_NOT;
}

bool rule_parse(const struct catalog *catalog, const struct collection *collection,
                const char *text, struct rule *rule, struct err *err)
{
    struct parser parser = {.catalog = catalog, .collection = collection,
                            .rest = slice_text(text), .err = err};

    rule->term_count = 0;
    rule->tied = false;
    do {
        if (rule->term_count == TERMS_MAX)
            return err_set(err, ERR_INPUT, "a rule has at most %d terms", TERMS_MAX);
        next_word(&parser);
        rule->terms[rule->term_count] = (struct rule_term){0};
        if (!parse_term(&parser, &rule->terms[rule->term_count]))
            return false;
        rule->tied |= ties(&rule->terms[rule->term_count++]);
        next_word(&parser);
    } while (at_word(&parser, "and"));
    if (parser.unclosed)
        return err_set(err, ERR_INPUT, "a quote is not closed");
    return (parser.word.len == 0 && !parser.quoted) ||
           err_set(err, ERR_INPUT, "\"%.*s\" was not expected; several terms are joined by and",
                   (int)parser.word.len, (const char *)parser.word.data);
}
