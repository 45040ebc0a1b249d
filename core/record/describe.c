// SPDX-License-Identifier: Apache-2.0
// What a catalogue holds, as lines of JSON: for tests and tools that hold the rules against what
// a server does.
#include "base/json.h"
#include "record/catalog.h"

static void member(struct buffer *out, const char *name, const char *text)
{
    if (text == NULL)
        return;
    buffer_format(out, ",\"%s\":", name);
    json_text(out, slice_text(text));
}

static void flag(struct buffer *out, const char *name, bool on)
{
    if (on)
        buffer_format(out, ",\"%s\":true", name);
}

static void put_field(struct buffer *out, const struct field *field)
{
    static const char *const types[] = {
        [FIELD_TEXT] = "text", [FIELD_INTEGER] = "integer", [FIELD_NUMBER] = "number",
        [FIELD_BOOLEAN] = "boolean", [FIELD_DATE] = "date", [FIELD_TIME] = "time",
        [FIELD_REF] = "ref", [FIELD_CODE] = "code", [FIELD_SEALED] = "sealed",
        [FIELD_FILE] = "file"};

    buffer_text(out, "{\"name\":");
    json_text(out, slice_text(field->name));
    member(out, "type", types[field->type]);
    member(out, "ref", field->ref);
    member(out, "from", field->from);
    flag(out, "required", field->required);
    flag(out, "readonly", field->readonly);
    flag(out, "personal", field->personal);
    buffer_text(out, "}");
}

// Which fields a rule opens; nothing is said of a rule that opens all.
static void put_opened(struct buffer *out, const struct collection *collection, uint64_t fields)
{
    const char *between = "";

    if (fields == collection->prepared->all)
        return;
    buffer_text(out, ",\"fields\":[");
    for (size_t i = 0; i < collection->field_count; i++) {
        if (!(fields >> i & 1))
            continue;
        buffer_text(out, between);
        json_text(out, slice_text(collection->fields[i].name));
        between = ",";
    }
    buffer_text(out, "]");
}

static void put_rules(struct buffer *out, const struct collection *collection)
{
    static const char *const verbs[VERB_COUNT] = {"read", "create", "update", "delete"};
    const char *between = "";

    for (int verb = 0; verb < VERB_COUNT; verb++)
        for (const struct rule *rule = collection->rules[verb]; rule != NULL; rule = rule->next) {
            buffer_format(out, "%s{\"verb\":\"%s\"", between, verbs[verb]);
            member(out, "role", rule->role);
            member(out, "rule", rule->text);
            put_opened(out, collection, rule->fields);
            buffer_text(out, "}");
            between = ",";
        }
}

static void put_collection(struct buffer *out, const struct collection *collection)
{
    buffer_text(out, "{\"kind\":\"collection\"");
    member(out, "name", collection->full);
    member(out, "app", collection->app);
    flag(out, "instance", collection->instance);
    flag(out, "history", collection->history);
    buffer_text(out, ",\"fields\":[");
    for (size_t i = 0; i < collection->field_count; i++) {
        buffer_text(out, i > 0 ? "," : "");
        put_field(out, &collection->fields[i]);
    }
    buffer_text(out, "],\"rules\":[");
    put_rules(out, collection);
    buffer_text(out, "]}\n");
}

static void put_set(struct buffer *out, const struct set_def *set)
{
    buffer_text(out, "{\"kind\":\"set\"");
    member(out, "name", set->name);
    member(out, "from", set->from);
    member(out, "match", set->match);
    member(out, "take", set->take);
    buffer_text(out, "}\n");
}

static void put_rollup(struct buffer *out, const struct rollup *rollup)
{
    const char *between = "";

    buffer_text(out, "{\"kind\":\"rollup\"");
    member(out, "name", rollup->def.name);
    member(out, "from", rollup->def.from);
    buffer_text(out, ",\"rules\":[");
    for (const struct rule *rule = rollup->rules; rule != NULL; rule = rule->next) {
        buffer_format(out, "%s{\"verb\":\"read\"", between);
        member(out, "role", rule->role);
        member(out, "rule", rule->text);
        buffer_text(out, "}");
        between = ",";
    }
    buffer_text(out, "]}\n");
}

void catalog_describe(const struct catalog *catalog, struct buffer *out)
{
    for (size_t i = 0; i < catalog->count; i++)
        put_collection(out, catalog->collections[i]);
    for (size_t i = 0; i < catalog->set_count; i++)
        put_set(out, &catalog->sets[i]->def);
    for (const struct rollup *rollup = catalog->rollups; rollup != NULL; rollup = rollup->next)
        put_rollup(out, rollup);
}
