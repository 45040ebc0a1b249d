// SPDX-License-Identifier: Apache-2.0
#include "check.h"

#include <stdlib.h>

#include "record/catalog.h"
#include "record/codec.h"

enum { NAME, AGE, SIZE, ON, DAY, AT, WHO, FIELDS };

static struct collection *declare(struct catalog *catalog, const char *name, size_t count)
{
    struct collection declared = {
        .app = "test",
        .name = name,
        .fields = {{.name = "name", .type = FIELD_TEXT},
                   {.name = "age", .type = FIELD_INTEGER},
                   {.name = "size", .type = FIELD_NUMBER},
                   {.name = "on", .type = FIELD_BOOLEAN},
                   {.name = "day", .type = FIELD_DATE},
                   {.name = "at", .type = FIELD_TIME},
                   {.name = "who", .type = FIELD_REF, .ref = "test.x"}},
        .field_count = count,
    };
    struct err err = {ERR_NONE, ""};
    struct collection *collection = catalog_add(catalog, &declared, &err);

    CHECK_OK(collection != NULL, &err);
    return collection;
}

static void fill(struct value values[FIELDS])
{
    values[NAME] = (struct value){VALUE_TEXT, {.text = slice_text("三(3)班")}};
    values[AGE] = (struct value){VALUE_INTEGER, {.integer = INT64_MIN}};
    values[SIZE] = (struct value){VALUE_NUMBER, {.number = -1.25}};
    values[ON] = (struct value){VALUE_BOOLEAN, {.boolean = true}};
    values[DAY] = (struct value){VALUE_DATE, {.integer = -1}};
    values[AT] = (struct value){VALUE_TIME, {.integer = 1767225600000}};
    values[WHO] = (struct value){VALUE_REF, {.ref = {{{1}}, {{2}}}}};
}

static const struct codec_head written = {7, {{9, 9}}, 1000, 2000, CODEC_DELETED, {{4}}};

static void records_come_back_as_they_were_written(void)
{
    struct catalog *catalog = catalog_create();
    struct collection *collection = declare(catalog, "x", FIELDS);
    struct value values[FIELDS], back[FIELDS];
    struct buffer buffer = BUFFER_EMPTY;
    struct err err = {ERR_NONE, ""};
    struct codec_head head;

    fill(values);
    values[ON].kind = VALUE_NULL;
    codec_encode(&buffer, collection, &written, values, (struct slice){NULL, 0});
    CHECK_OK(codec_decode(collection, buffer_view(&buffer), &head, back, &err), &err);
    CHECK(memcmp(&head.home, &written.home, sizeof head.home) == 0 && head.version == 7);
    CHECK(head.created_ms == 1000 && head.modified_ms == 2000);
    CHECK(head.flags == (CODEC_DELETED | CODEC_WRITER) && id_equal(&head.writer, &written.writer));
    for (size_t i = 0; i < FIELDS; i++)
        CHECK(value_equal(&values[i], &back[i]));
    buffer_finish(&buffer);
    catalog_destroy(catalog);
}

// A later program may know what they mean; to guess would be to lose it.
static void a_record_with_other_flags_is_not_ours(void)
{
    struct catalog *catalog = catalog_create();
    struct collection *collection = declare(catalog, "x", FIELDS);
    struct codec_head head = {1, {{9}}, 1000, 2000, 0, {{0}}};
    struct value values[FIELDS] = {0}, back[FIELDS];
    struct buffer buffer = BUFFER_EMPTY;
    struct err err = {ERR_NONE, ""};

    codec_encode(&buffer, collection, &head, values, (struct slice){NULL, 0});
    CHECK_OK(codec_decode(collection, buffer_view(&buffer), &head, back, &err), &err);
    CHECK(head.flags == 0 && id_is_zero(&head.writer));
    buffer.data[2 + ID_LEN + 16] = 4;
    CHECK(!codec_decode(collection, buffer_view(&buffer), &head, back, &err) &&
          err.code == ERR_CORRUPT);
    CHECK(!codec_head(buffer_view(&buffer), &head, &err));
    buffer_finish(&buffer);
    catalog_destroy(catalog);
}

static void a_record_cut_anywhere_is_corrupt(void)
{
    struct catalog *catalog = catalog_create();
    struct collection *collection = declare(catalog, "x", FIELDS);
    struct value values[FIELDS], back[FIELDS];
    struct buffer buffer = BUFFER_EMPTY;
    struct codec_head head;
    struct err err;

    fill(values);
    codec_encode(&buffer, collection, &written, values, (struct slice){NULL, 0});
    for (size_t len = 0; len < buffer.len; len++) {
        uint8_t *cut = malloc(len + 1); // so that a sanitizer sees a step too far

        memcpy(cut, buffer.data, len);
        CHECK(!codec_decode(collection, slice_of(cut, len), &head, back, &err) &&
              err.code == ERR_CORRUPT);
        free(cut);
    }
    buffer_u8(&buffer, 0);
    CHECK(!codec_decode(collection, buffer_view(&buffer), &head, back, &err));
    buffer_finish(&buffer);
    catalog_destroy(catalog);
}

static void flipped_bytes_never_crash(void)
{
    struct catalog *catalog = catalog_create();
    struct collection *collection = declare(catalog, "x", FIELDS);
    struct value values[FIELDS], back[FIELDS];
    struct buffer buffer = BUFFER_EMPTY, again = BUFFER_EMPTY;
    struct codec_head head;
    struct err err;
    int read = 0;

    fill(values);
    codec_encode(&buffer, collection, &written, values, (struct slice){NULL, 0});
    for (size_t i = 0; i < buffer.len; i++) {
        for (int byte = 0; byte < 256; byte += 5) {
            uint8_t was = buffer.data[i];

            buffer.data[i] = (uint8_t)byte;
            again.len = 0;
            if (codec_decode(collection, buffer_view(&buffer), &head, back, &err)) {
                codec_encode(&again, collection, &head, back, buffer_view(&buffer));
                read += codec_decode(collection, buffer_view(&again), &head, back, &err);
            }
            buffer.data[i] = was;
        }
    }
    CHECK(read > 0);
    buffer_finish(&buffer);
    buffer_finish(&again);
    catalog_destroy(catalog);
}

// What a smaller version of the collection does not know survives its update.
static void unknown_fields_survive_an_update(void)
{
    struct catalog *catalog = catalog_create();
    struct collection *wide = declare(catalog, "x", FIELDS), *narrow = declare(catalog, "y", 2);
    struct value values[FIELDS], few[2], back[FIELDS];
    struct buffer first = BUFFER_EMPTY, second = BUFFER_EMPTY;
    struct err err = {ERR_NONE, ""};
    struct codec_head head;

    fill(values);
    codec_encode(&first, wide, &written, values, (struct slice){NULL, 0});
    CHECK_OK(codec_decode(narrow, buffer_view(&first), &head, few, &err), &err);
    few[AGE].integer = 5;
    few[NAME].kind = VALUE_NULL;
    codec_encode(&second, narrow, &head, few, buffer_view(&first));
    CHECK_OK(codec_decode(wide, buffer_view(&second), &head, back, &err), &err);
    CHECK(back[AGE].integer == 5 && back[NAME].kind == VALUE_NULL);
    for (size_t i = SIZE; i < FIELDS; i++)
        CHECK(value_equal(&values[i], &back[i]));
    buffer_finish(&first);
    buffer_finish(&second);
    catalog_destroy(catalog);
}

static void sections_of_other_layers_survive_an_update(void)
{
    static const char layer[] = "\x05xi/ly\x01\x07"
                                "boarder\x01\x01";
    struct catalog *catalog = catalog_create();
    struct collection *collection = declare(catalog, "x", FIELDS);
    struct value values[FIELDS] = {0}, back[FIELDS];
    struct buffer old = BUFFER_EMPTY, new = BUFFER_EMPTY;
    struct err err = {ERR_NONE, ""};
    struct codec_head head;

    codec_encode(&old, collection, &written, values, (struct slice){NULL, 0});
    CHECK(old.data[old.len - 3] == 1); // sections, then an empty base
    old.data[old.len - 3] = 2;
    buffer_bytes(&old, layer, sizeof layer - 1);
    fill(values);
    codec_encode(&new, collection, &written, values, buffer_view(&old));
    CHECK_OK(codec_decode(collection, buffer_view(&new), &head, back, &err), &err);
    CHECK(value_equal(&values[NAME], &back[NAME]));
    CHECK(new.len > sizeof layer &&
          memcmp(new.data + new.len - (sizeof layer - 1), layer, sizeof layer - 1) == 0);
    buffer_finish(&old);
    buffer_finish(&new);
    catalog_destroy(catalog);
}

int main(void)
{
    RUN(records_come_back_as_they_were_written);
    RUN(a_record_with_other_flags_is_not_ours);
    RUN(a_record_cut_anywhere_is_corrupt);
    RUN(flipped_bytes_never_crash);
    RUN(unknown_fields_survive_an_update);
    RUN(sections_of_other_layers_survive_an_update);
    return check_report("record/codec");
}
