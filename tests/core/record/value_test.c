// SPDX-License-Identifier: Apache-2.0
#include "check.h"

#include "record/text_check.h"
#include "record/value.h"

static const struct text_check citizen = {
    .pattern = "00000000000000000?",
    .marks = "10X98765432",
    .weights = {7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2},
    .date_at = 7,
    .upper = true,
};

static bool is_citizen(const char *text)
{
    return text_check_fits(&citizen, slice_text(text));
}

static void days_that_do_not_exist_are_refused(void)
{
    static const char *const wrong[] = {"2026-02-29", "2026-13-01", "2026-00-10", "2026-04-31",
                                        "1899-12-31", "2200-01-01", "2026-1-1",   "2026/01/01",
                                        "20260101",   "+026-01-01", "",           "2026-01-011"};
    int32_t days;

    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        CHECK(!date_from_text(slice_text(wrong[i]), &days));
}

static void dates_come_back_as_they_were_written(void)
{
    char text[11];
    int32_t days;

    CHECK(date_from_text(slice_text("2024-02-29"), &days));
    date_to_text(days, text);
    CHECK(strcmp(text, "2024-02-29") == 0);
    for (int32_t at = date_days(1900, 1, 1); at < date_days(2200, 1, 1); at += 17) {
        date_to_text(at, text);
        CHECK(date_from_text(slice_text(text), &days) && days == at);
    }
}

static void references_have_one_textual_form(void)
{
    struct ref ref = {id_make(clock_system(), random_system()),
                      id_make(clock_system(), random_system())};
    char text[REF_TEXT_LEN + 1];
    struct ref back;

    ref_to_text(&ref, text);
    CHECK(strlen(text) == REF_TEXT_LEN);
    CHECK(ref_from_text(slice_text(text), &back) && ref_equal(&ref, &back));
    CHECK(!ref_from_text(slice_of(text, REF_TEXT_LEN - 1), &back));
    text[ID_TEXT_LEN] = '-';
    CHECK(!ref_from_text(slice_text(text), &back));
    CHECK(!ref_from_text(slice_text(""), &back));
}

static void null_is_before_everything(void)
{
    struct value null = {.kind = VALUE_NULL}, one = {VALUE_INTEGER, {.integer = -1}};
    struct value text = {VALUE_TEXT, {.text = {(const uint8_t *)"", 0}}};

    CHECK(value_compare(&null, &one) < 0 && value_compare(&one, &null) > 0);
    CHECK(value_compare(&null, &text) < 0 && value_equal(&null, &null));
    CHECK(!value_equal(&one, &text));
}

static void numbers_with_a_wrong_check_character_are_refused(void)
{
    static const char *const right[] = {"11010519491231002X", "320000201509010013",
                                        "320000201509010021", "320000201602290013",
                                        "32000020130601003X"};
    char text[19];

    for (size_t i = 0; i < sizeof right / sizeof *right; i++) {
        CHECK(is_citizen(right[i]));
        strcpy(text, right[i]);
        text[17] = text[17] == '5' ? '6' : '5';
        CHECK(!is_citizen(text));
        strcpy(text, right[i]);
        text[16] = text[16] == '9' ? '8' : (char)(text[16] + 1);
        CHECK(!is_citizen(text));
    }
    CHECK(!is_citizen("440524188001010014")); // right, but born before our years begin
    CHECK(!is_citizen("32000020130601003x")); // normalised before it comes here
    CHECK(!is_citizen("32000020150229001X") && !is_citizen("320000150901001"));
    CHECK(!is_citizen("") && !is_citizen("32000020150901001３"));
}

static void a_shape_names_its_prefixes(void)
{
    static const char *const classes[] = {"11", "2132", NULL};
    struct text_check check = {.pattern = "0000000000", .prefixes = classes};

    CHECK(text_check_fits(&check, slice_text("2132000123")));
    CHECK(text_check_fits(&check, slice_text("1132000123")));
    CHECK(!text_check_fits(&check, slice_text("2133000123")));
    CHECK(!text_check_fits(&check, slice_text("213200012")));
    CHECK(!text_check_fits(&check, slice_text("213200012A")));
}

static void shapes_that_cannot_be_are_told(void)
{
    CHECK(text_check_problem(&citizen) == NULL);
    CHECK(text_check_problem(&(struct text_check){.pattern = ""}) != NULL);
    CHECK(text_check_problem(&(struct text_check){.pattern = "00x"}) != NULL);
    CHECK(text_check_problem(&(struct text_check){.pattern = "A0?", .marks = "01"}) != NULL);
    CHECK(text_check_problem(&(struct text_check){.pattern = "00000000", .date_at = 2}) != NULL);
}

static void named_checks_know_their_texts(void)
{
    CHECK(text_check_find("login")(slice_text("li.laoshi")));
    CHECK(!text_check_find("login")(slice_text("Li")) && !text_check_find("login")(slice_text("")));
    CHECK(text_check_find("phone")(slice_text("+86-138-0000-0000")));
    CHECK(!text_check_find("phone")(slice_text("138 0000")) && !text_check_find("phone")(slice_text("-")));
    CHECK(!text_check_find("phone")(slice_text("")) && !text_check_find("phone")(slice_text("13800-")));
    CHECK(text_check_find("code")(slice_text("A-1_b")) && !text_check_find("code")(slice_text("a b")));
    CHECK(text_check_find("colour") == NULL);
}

int main(void)
{
    RUN(days_that_do_not_exist_are_refused);
    RUN(dates_come_back_as_they_were_written);
    RUN(references_have_one_textual_form);
    RUN(null_is_before_everything);
    RUN(numbers_with_a_wrong_check_character_are_refused);
    RUN(a_shape_names_its_prefixes);
    RUN(shapes_that_cannot_be_are_told);
    RUN(named_checks_know_their_texts);
    return check_report("record/value");
}
