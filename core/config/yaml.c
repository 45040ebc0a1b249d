// SPDX-License-Identifier: Apache-2.0
// The part of YAML that a person can read without surprise: maps, lists, texts. No aliases
// and anchors (they make a small file large), no tags, no directives, one document.
#include "config/yaml.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <yaml.h>

struct reading {
    yaml_parser_t parser;
    yaml_event_t event; // the one being looked at
    struct slice bytes;
    struct arena *arena;
    yaml_problem *report;
    void *context;
    size_t nodes;
    bool failed;
};

static void problem_at(struct reading *reading, yaml_mark_t mark, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static void problem_at(struct reading *reading, yaml_mark_t mark, const char *format, ...)
{
    char text[300];
    va_list args;

    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    reading->failed = true;
    reading->report(reading->context, (int)mark.line + 1, (int)mark.column + 1, text);
}

// libyaml names a broken character by its byte; everything else by line and column.
static yaml_mark_t mark_of_byte(struct slice bytes, size_t offset)
{
    yaml_mark_t mark = {0};

    for (size_t i = 0; i < offset && i < bytes.len; i++) {
        if (bytes.data[i] == '\n') {
            mark.line++;
            mark.column = 0;
        } else if ((bytes.data[i] & 0xc0) != 0x80) {
            mark.column++;
        }
    }
    return mark;
}

static bool is_tab_at(struct slice bytes, yaml_mark_t mark)
{
    size_t at = 0;

    for (size_t line = 0; line < mark.line && at < bytes.len; at++)
        line += bytes.data[at] == '\n';
    while (at < bytes.len && bytes.data[at] == ' ')
        at++;
    return at < bytes.len && bytes.data[at] == '\t';
}

static void syntax_problem(struct reading *reading)
{
    const yaml_parser_t *parser = &reading->parser;
    const char *text = parser->problem != NULL ? parser->problem : "this is not YAML";

    if (parser->error == YAML_READER_ERROR)
        problem_at(reading, mark_of_byte(reading->bytes, parser->problem_offset), "%s", text);
    else if (is_tab_at(reading->bytes, parser->problem_mark))
        problem_at(reading, parser->problem_mark, "indent with spaces: this line begins with a tab");
    else if (parser->context != NULL)
        problem_at(reading, parser->problem_mark, "%s, %s", text, parser->context);
    else
        problem_at(reading, parser->problem_mark, "%s", text);
}

// Takes the next event; false when there is none to be had.
static bool advance(struct reading *reading)
{
    yaml_event_delete(&reading->event);
    if (yaml_parser_parse(&reading->parser, &reading->event) == 1)
        return true;
    syntax_problem(reading);
    return false;
}

static void refuse_extras(struct reading *reading, const yaml_char_t *anchor, const yaml_char_t *tag)
{
    if (anchor != NULL)
        problem_at(reading, reading->event.start_mark, "anchors (&%s) are not allowed", anchor);
    if (tag != NULL)
        problem_at(reading, reading->event.start_mark, "tags (%s) are not allowed", tag);
}

static struct yaml_node *node_here(struct reading *reading, enum yaml_kind kind)
{
    struct yaml_node *node = arena_alloc(reading->arena, sizeof *node);

    node->kind = kind;
    node->line = (int)reading->event.start_mark.line + 1;
    node->column = (int)reading->event.start_mark.column + 1;
    if (kind == YAML_TEXT)
        node->text = "";
    return node;
}

// In place of what was refused, so that the rest is looked at too; line 0 tells it apart.
static struct yaml_node *nothing_here(struct reading *reading)
{
    struct yaml_node *node = node_here(reading, YAML_TEXT);

    node->line = 0;
    return node;
}

static struct yaml_node *read_text(struct reading *reading)
{
    struct yaml_node *node = node_here(reading, YAML_TEXT);
    const yaml_event_t *event = &reading->event;

    refuse_extras(reading, event->data.scalar.anchor, event->data.scalar.tag);
    if (memchr(event->data.scalar.value, 0, event->data.scalar.length) != NULL)
        problem_at(reading, event->start_mark, "the text holds a zero byte");
    node->quoted = event->data.scalar.style != YAML_PLAIN_SCALAR_STYLE;
    node->text = arena_text(reading->arena,
                            slice_of(event->data.scalar.value, event->data.scalar.length));
    return node;
}

static struct yaml_node *read_node(struct reading *reading, int depth);

static struct yaml_node *read_list(struct reading *reading, int depth)
{
    struct yaml_node *list = node_here(reading, YAML_LIST), **end = &list->child;

    refuse_extras(reading, reading->event.data.sequence_start.anchor,
                  reading->event.data.sequence_start.tag);
    while (advance(reading)) {
        if (reading->event.type == YAML_SEQUENCE_END_EVENT)
            return list;
        if ((*end = read_node(reading, depth)) == NULL)
            return NULL;
        end = &(*end)->next;
    }
    return NULL;
}

static void refuse_twins(struct reading *reading, const struct yaml_node *map,
                         const struct yaml_node *key)
{
    for (const struct yaml_node *node = map->child; node != NULL; node = node->next)
        if (node->key != NULL && strcmp(node->key, key->text) == 0) {
            problem_at(reading, reading->event.start_mark, "%s stands twice, first in line %d",
                       key->text, node->key_line);
            return;
        }
}

static struct yaml_node *read_key(struct reading *reading, const struct yaml_node *map)
{
    struct yaml_node *key;

    if (reading->event.type != YAML_SCALAR_EVENT) {
        problem_at(reading, reading->event.start_mark, "a key must be a plain word");
        return NULL;
    }
    key = read_text(reading);
    if (key->text[0] == 0)
        problem_at(reading, reading->event.start_mark, "a key is missing before the colon");
    refuse_twins(reading, map, key);
    return key;
}

static struct yaml_node *read_map(struct reading *reading, int depth)
{
    struct yaml_node *map = node_here(reading, YAML_MAP), **end = &map->child, *key;
    size_t count = 0;

    refuse_extras(reading, reading->event.data.mapping_start.anchor,
                  reading->event.data.mapping_start.tag);
    while (advance(reading)) {
        if (reading->event.type == YAML_MAPPING_END_EVENT)
            return map;
        if (++count > YAML_ENTRIES_MAX) {
            problem_at(reading, reading->event.start_mark, "more than %d entries", YAML_ENTRIES_MAX);
            return NULL;
        }
        if ((key = read_key(reading, map)) == NULL || !advance(reading) ||
            (*end = read_node(reading, depth)) == NULL)
            return NULL;
        (*end)->key = key->text;
        (*end)->key_line = key->line;
        (*end)->key_column = key->column;
        end = &(*end)->next;
    }
    return NULL;
}

// NULL when reading cannot go on; a problem with which it can is only reported.
static struct yaml_node *read_node(struct reading *reading, int depth)
{
    yaml_mark_t mark = reading->event.start_mark;

    if (++reading->nodes > YAML_NODES_MAX) {
        problem_at(reading, mark, "more than %d values", YAML_NODES_MAX);
        return NULL;
    }
    switch (reading->event.type) {
    case YAML_SCALAR_EVENT:
        return read_text(reading);
    case YAML_ALIAS_EVENT:
        problem_at(reading, mark, "aliases (*%s) are not allowed", reading->event.data.alias.anchor);
        return nothing_here(reading);
    default:
        break;
    }
    if (depth == YAML_DEPTH_MAX) {
        problem_at(reading, mark, "nested deeper than %d levels", YAML_DEPTH_MAX);
        return NULL;
    }
    return reading->event.type == YAML_SEQUENCE_START_EVENT ? read_list(reading, depth + 1)
                                                            : read_map(reading, depth + 1);
}

static void refuse_directives(struct reading *reading)
{
    const yaml_event_t *event = &reading->event;

    if (event->data.document_start.version_directive != NULL ||
        event->data.document_start.tag_directives.start !=
            event->data.document_start.tag_directives.end)
        problem_at(reading, event->start_mark, "directives (%%) are not allowed");
}

static struct yaml_node *read_stream(struct reading *reading)
{
    struct yaml_node *root;

    if (!advance(reading) || !advance(reading)) // stream start, then what it holds
        return NULL;
    if (reading->event.type == YAML_STREAM_END_EVENT)
        return node_here(reading, YAML_MAP);
    refuse_directives(reading);
    if (!advance(reading) || (root = read_node(reading, 0)) == NULL || !advance(reading) ||
        !advance(reading)) // document end, then the end of it all
        return NULL;
    if (reading->event.type != YAML_STREAM_END_EVENT)
        problem_at(reading, reading->event.start_mark, "a second document is not allowed");
    return root;
}

bool yaml_parse(struct slice bytes, struct arena *arena, struct yaml_node **root,
                yaml_problem *report, void *context)
{
    struct reading reading = {.bytes = bytes, .arena = arena, .report = report, .context = context};

    if (slice_starts(bytes, slice_text("\xef\xbb\xbf")))
        reading.bytes = slice_of(bytes.data + 3, bytes.len - 3);
    if (yaml_parser_initialize(&reading.parser) != 1)
        abort(); // out of memory
    yaml_parser_set_encoding(&reading.parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&reading.parser, reading.bytes.data, reading.bytes.len);
    *root = read_stream(&reading);
    yaml_event_delete(&reading.event);
    yaml_parser_delete(&reading.parser);
    return *root != NULL && !reading.failed;
}

bool yaml_load(const char *path, struct arena *arena, struct slice *bytes, struct err *err)
{
    uint8_t *data = mem_zero(YAML_BYTES_MAX + 1); // one more shows that a file is too long
    FILE *file = fopen(path, "rbe");
    bool done = false;
    size_t len = 0;

    if (file == NULL) {
        err_set(err, ERR_IO, "open %s: %s", path, strerror(errno));
        goto out;
    }
    len = fread(data, 1, YAML_BYTES_MAX + 1, file);
    if (ferror(file))
        err_set(err, ERR_IO, "read %s: %s", path, strerror(errno));
    else if (len > YAML_BYTES_MAX)
        err_set(err, ERR_LIMIT, "%s is longer than %d bytes", path, YAML_BYTES_MAX);
    else
        done = true;
    if (done)
        *bytes = arena_slice(arena, slice_of(data, len));
out:
    free(data);
    if (file != NULL)
        fclose(file);
    return done;
}

struct first_problem {
    const char *path;
    struct err *err;
    size_t count;
};

static void keep_first(void *context, int line, int column, const char *text)
{
    struct first_problem *first = context;

    if (first->count++ == 0)
        err_set(first->err, ERR_INPUT, "%s:%d:%d: %s", first->path, line, column, text);
}

bool yaml_read_text(const char *path, struct slice bytes, struct arena *arena,
                    struct yaml_node **root, struct err *err)
{
    struct first_problem first = {path, err, 0};

    if (bytes.len > YAML_BYTES_MAX)
        return err_set(err, ERR_LIMIT, "%s is longer than %d bytes", path, YAML_BYTES_MAX);
    return yaml_parse(bytes, arena, root, keep_first, &first);
}

bool yaml_read(const char *path, struct arena *arena, struct yaml_node **root, struct err *err)
{
    struct slice bytes;

    return yaml_load(path, arena, &bytes, err) && yaml_read_text(path, bytes, arena, root, err);
}
