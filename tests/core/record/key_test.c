// SPDX-License-Identifier: Apache-2.0
// Properties of keys over random values: order is kept, nothing overlaps.
#include "check.h"

#include <math.h>
#include <stdlib.h>

#include "record/key.h"

enum { ROUNDS = 20000 };

static uint64_t seed = 42;

static uint32_t chance(uint32_t below)
{
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(seed >> 33) % below;
}

static struct id random_id(void)
{
    static const uint8_t sharp[] = {0, 1, 0xfe, 0xff};
    struct id id;

    for (int i = 0; i < ID_LEN; i++)
        id.bytes[i] = sharp[chance(4)];
    return id;
}

// Texts out of the bytes that hurt, many of them the beginning of another.
static struct slice random_text(uint8_t *bytes, size_t max)
{
    static const uint8_t sharp[] = {0, 1, 2, 'a', 0xfe, 0xff};
    size_t len = chance((uint32_t)max + 1);

    for (size_t i = 0; i < len; i++)
        bytes[i] = sharp[chance(sizeof sharp)];
    return slice_of(bytes, len);
}

static struct value random_value(enum value_kind kind, uint8_t *bytes)
{
    static const int64_t integers[] = {INT64_MIN, -256, -1, 0, 1, 255, 256, INT64_MAX};
    static const double numbers[] = {-INFINITY, -1e300, -1.5, -0.0, 0.0, 1e-300, 2, INFINITY};
    struct value value = {.kind = chance(6) == 0 ? VALUE_NULL : kind};

    if (kind == VALUE_BOOLEAN)
        value.boolean = chance(2);
    else if (kind == VALUE_NUMBER)
        value.number = numbers[chance(8)];
    else if (kind == VALUE_TEXT)
        value.text = random_text(bytes, 6);
    else if (kind == VALUE_REF)
        value.ref = (struct ref){random_id(), random_id()};
    else
        value.integer = integers[chance(8)];
    return value;
}

static int sign(int number)
{
    return (number > 0) - (number < 0);
}

static void encoded_values_keep_their_order(void)
{
    static const enum value_kind kinds[] = {VALUE_BOOLEAN, VALUE_INTEGER, VALUE_NUMBER,
                                            VALUE_TEXT,    VALUE_REF,     VALUE_DATE};
    uint8_t first_bytes[8], second_bytes[8];
    struct key first, second;
    int wrong = 0;

    for (int i = 0; i < ROUNDS; i++) {
        enum value_kind kind = kinds[chance(6)];
        struct value a = random_value(kind, first_bytes), b = random_value(kind, second_bytes);

        first.len = second.len = 0;
        key_value(&first, &a, KEY_TEXT_MAX);
        key_value(&second, &b, KEY_TEXT_MAX);
        wrong += sign(slice_compare(key_slice(&first), key_slice(&second))) !=
                 sign(value_compare(&a, &b));
        // None is the beginning of another.
        wrong += first.len < second.len && slice_starts(key_slice(&second), key_slice(&first));
    }
    CHECK(wrong == 0);
}

static void a_cut_text_never_turns_the_order_round(void)
{
    uint8_t first_bytes[200], second_bytes[200];
    struct key first, second;
    int wrong = 0;

    for (int i = 0; i < ROUNDS; i++) {
        struct value a = {VALUE_TEXT, {.text = random_text(first_bytes, 12)}};
        struct value b = {VALUE_TEXT, {.text = random_text(second_bytes, 12)}};
        bool cut;

        first.len = second.len = 0;
        cut = key_value(&first, &a, 5);
        cut |= key_value(&second, &b, 5);
        if (value_compare(&a, &b) < 0)
            wrong += slice_compare(key_slice(&first), key_slice(&second)) > 0;
        wrong += !cut && (slice_compare(key_slice(&first), key_slice(&second)) == 0) !=
                             value_equal(&a, &b);
    }
    CHECK(wrong == 0);
}

static struct collection *declare(struct catalog *catalog, const char *name, size_t texts,
                                  bool unique, bool instance)
{
    struct collection declared = {.app = "test", .name = name, .field_count = 4, .index_count = 1};
    static const char *const names[] = {"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "b", "c", "d"};
    struct err err = {ERR_NONE, ""};
    struct collection *collection;

    for (size_t i = 0; i < 4; i++) {
        declared.fields[i].name = names[i];
        declared.fields[i].type = i < texts ? FIELD_TEXT : FIELD_REF;
        declared.fields[i].ref = i < texts ? NULL : "test.a";
        declared.indexes[0].fields[i] = (uint8_t)i;
    }
    declared.indexes[0].count = 4;
    declared.indexes[0].unique = unique;
    declared.indexes[0].instance = instance;
    collection = catalog_add(catalog, &declared, &err);
    CHECK_OK(collection != NULL, &err);
    return collection;
}

static void keys_of_two_organisations_never_overlap(void)
{
    struct catalog *catalog = catalog_create();
    struct collection *collections[] = {declare(catalog, "a", 4, false, false),
                                        declare(catalog, "ab", 4, true, false),
                                        declare(catalog, "b", 2, false, false)};
    uint8_t bytes[4][8];
    struct key prefix, key;
    int wrong = 0;

    for (int i = 0; i < ROUNDS; i++) {
        struct collection *mine = collections[chance(3)], *other = collections[chance(3)];
        struct ref ref = {random_id(), random_id()};
        struct id org = chance(2) ? random_id() : ref.org;
        struct value values[4];
        bool same = id_equal(&org, &ref.org) && mine == other, entry;

        for (size_t j = 0; j < 4; j++) {
            values[j] = random_value(mine == collections[2] && j >= 2 ? VALUE_REF : VALUE_TEXT,
                                     bytes[j]);
        }
        entry = key_entry(&key, mine, 0, &ref, &org, values);
        key_index(&prefix, other, 0, &org);
        wrong += entry && slice_starts(key_slice(&key), key_slice(&prefix)) != same;
        key_rows(&prefix, other, &org);
        wrong += entry && slice_starts(key_slice(&key), key_slice(&prefix));
        key_row(&key, mine, &ref);
        wrong += slice_starts(key_slice(&key), key_slice(&prefix)) != same;
    }
    CHECK(wrong == 0);
    catalog_destroy(catalog);
}

static void the_longest_key_fits(void)
{
    struct catalog *catalog = catalog_create();
    uint8_t zeros[400] = {0};
    struct value text = {VALUE_TEXT, {.text = slice_of(zeros, sizeof zeros)}};
    struct value values[4] = {text, text, text, text};
    struct ref ref = {random_id(), random_id()};
    struct key key;

    for (size_t texts = 1; texts <= 4; texts++) {
        char name[33] = "nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn";
        struct collection *collection;

        name[0] = (char)('a' + texts);
        collection = declare(catalog, name, texts, texts % 2, true);
        for (size_t i = texts; i < 4; i++)
            values[i] = (struct value){VALUE_REF, {.ref = ref}};
        for (size_t i = 0; i < texts; i++)
            values[i] = text;
        CHECK(key_entry(&key, collection, 0, &ref, &ref.org, values));
        CHECK(key.len <= STORE_KEY_MAX);
    }
    catalog_destroy(catalog);
}

static void unique_keys_that_begin_alike_stay_apart(void)
{
    struct catalog *catalog = catalog_create();
    struct collection *collection = declare(catalog, "a", 4, true, false);
    uint8_t long_text[150], other_text[150];
    struct value values[4] = {{.kind = VALUE_NULL}};
    struct ref ref = {random_id(), random_id()};
    struct key key, other;

    memset(long_text, 'x', sizeof long_text);
    memset(other_text, 'x', sizeof other_text);
    other_text[149] = 'y';
    CHECK(!key_entry(&key, collection, 0, &ref, &ref.org, values)); // a NULL: no entry
    for (size_t i = 0; i < 4; i++)
        values[i] = (struct value){VALUE_TEXT, {.text = slice_of(long_text, sizeof long_text)}};
    CHECK(key_entry(&key, collection, 0, &ref, &ref.org, values));
    values[3].text = slice_of(other_text, sizeof other_text);
    CHECK(key_entry(&other, collection, 0, &ref, &ref.org, values));
    CHECK(!slice_equal(key_slice(&key), key_slice(&other)));
    catalog_destroy(catalog);
}

static void the_key_after_a_prefix_is_after_all_of_it(void)
{
    struct key key = {{'R', 0xff, 0xff}, 3}, last = {{0xff}, 1};

    CHECK(key_after(&key) && key.len == 1 && key.bytes[0] == 'S');
    CHECK(!key_after(&last));
}

int main(void)
{
    RUN(encoded_values_keep_their_order);
    RUN(a_cut_text_never_turns_the_order_round);
    RUN(keys_of_two_organisations_never_overlap);
    RUN(the_longest_key_fits);
    RUN(unique_keys_that_begin_alike_stay_apart);
    RUN(the_key_after_a_prefix_is_after_all_of_it);
    return check_report("record/key");
}
