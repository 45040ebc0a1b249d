// SPDX-License-Identifier: Apache-2.0
#include "check.h"

#include "base/clock.h"
#include "base/frame.h"
#include "base/id.h"
#include "base/json.h"
#include "base/text.h"

static void a_short_read_stays_failed(void)
{
    struct reader reader = reader_of(slice_of("\x00\x01\x02", 3));

    CHECK(read_u16(&reader) == 1);
    CHECK(read_u32(&reader) == 0);
    CHECK(reader.failed);
    CHECK(read_u8(&reader) == 0);
}

static void an_endless_varint_is_refused(void)
{
    struct reader reader = reader_of(slice_of("\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", 11));

    CHECK(read_varint(&reader) == 0);
    CHECK(reader.failed);
}

static void numbers_come_back_as_they_were_written(void)
{
    static const uint64_t numbers[] = {0, 1, 127, 128, 300, 1u << 31, UINT64_MAX};
    struct buffer buffer = BUFFER_EMPTY;
    struct reader reader;

    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        buffer_varint(&buffer, numbers[i]);
        buffer_u64(&buffer, numbers[i]);
    }
    reader = reader_of(buffer_view(&buffer));
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        CHECK(read_varint(&reader) == numbers[i]);
        CHECK(read_u64(&reader) == numbers[i]);
    }
    CHECK(!reader.failed && reader_left(&reader) == 0);
    buffer_finish(&buffer);
}

static void a_frame_is_taken_only_when_it_is_whole(void)
{
    struct buffer buffer = BUFFER_EMPTY;
    struct frame frame;
    size_t at = 0;

    frame_put(&buffer, 7, 2, slice_text("payload"));
    for (size_t len = 0; len < buffer.len; len++)
        CHECK(frame_next(slice_of(buffer.data, len), &at, &frame) == FRAME_NONE && at == 0);
    CHECK(frame_next(buffer_view(&buffer), &at, &frame) == FRAME_READY);
    CHECK(frame.tag == 7 && frame.kind == 2 && slice_is(frame.payload, "payload"));
    CHECK(at == buffer.len);
    buffer_finish(&buffer);
}

static void a_frame_with_a_mad_length_is_broken(void)
{
    uint8_t bytes[FRAME_HEAD] = {0xff, 0xff, 0xff, 0xff};
    struct frame frame;
    size_t at = 0;

    CHECK(frame_next(slice_of(bytes, sizeof bytes), &at, &frame) == FRAME_BROKEN);
}

static void ids_keep_their_order_and_survive_text(void)
{
    struct id first = id_make(clock_system(), random_system()), second, back;
    char text[ID_TEXT_LEN + 1], other[ID_TEXT_LEN + 1];

    memcpy(second.bytes, first.bytes, ID_LEN);
    second.bytes[15] ^= 1;
    id_to_text(&first, text);
    id_to_text(&second, other);
    CHECK(strlen(text) == ID_TEXT_LEN);
    CHECK((strcmp(text, other) < 0) == (memcmp(first.bytes, second.bytes, ID_LEN) < 0));
    CHECK(id_from_text(slice_text(text), &back) && id_equal(&first, &back));
}

static void malformed_ids_are_refused(void)
{
    struct id id;

    CHECK(!id_from_text(slice_text(""), &id));
    CHECK(!id_from_text(slice_text("zzzzzzzzzzzzzzzzzzzzzzzzzz"), &id)); // over 128 bits
    CHECK(!id_from_text(slice_text("0000000000000000000000000u"), &id)); // no such digit
    CHECK(!id_from_text(slice_text("0000000000000000000000000A"), &id));
    CHECK(!id_from_text(slice_of("0000000000000000000000000\0", 26), &id));
}

static void dates_survive_the_calendar(void)
{
    int year, month, day;

    CHECK(date_days(1970, 1, 1) == 0);
    CHECK(date_days(2000, 3, 1) - date_days(2000, 2, 29) == 1);
    for (int32_t days = date_days(1899, 12, 31); days < date_days(2201, 1, 1); days += 13) {
        date_parts(days, &year, &month, &day);
        CHECK(date_days(year, month, day) == days);
    }
    CHECK(date_in_china(16 * 3600000LL) == 1); // 16:00 UTC is the next day there
}

static void json_leaves_nothing_dangerous(void)
{
    struct buffer buffer = BUFFER_EMPTY;

    json_text(&buffer, slice_text("a\"\\\n<&\xff\xe4\xb8\x89\x01"));
    CHECK(slice_is(buffer_view(&buffer),
                   "\"a\\\"\\\\\\n\\u003c\\u0026\xef\xbf\xbd\xe4\xb8\x89\\u0001\""));
    buffer_finish(&buffer);
}

static struct slice member(struct arena *arena, const char *object)
{
    return json_member(arena, slice_text(object), "login");
}

static void a_member_of_a_malformed_object_is_absent(void)
{
    static const char *const bad[] = {
        "",     "{",    "[]",  "{\"login\":\"a\"",  "{\"login\":\"a\"}x", "{\"login\":\"\\u12\"}",
        "null", "{\"login\":{}}", "{\"login\":\"a\",}", "{\"login\":\"\\ud800\"}", "{login:\"a\"}",
        "{\"login\":\"\x01\"}",  "{\"login\":1}",
    };
    struct arena arena = ARENA_EMPTY;

    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        CHECK(member(&arena, bad[i]).data == NULL);
    arena_finish(&arena);
}

static void a_member_comes_out_unescaped(void)
{
    struct arena arena = ARENA_EMPTY;

    CHECK(slice_is(member(&arena, " { \"n\" : -1.5e3, \"login\" : \"\\u674e\\ud842\\udfb7\\n\" } "),
                   "李𠮷\n"));
    CHECK(slice_is(member(&arena, "{\"x\":null,\"login\":\"a\"}"), "a"));
    arena_finish(&arena);
}

static void login_names_have_one_canonical_form(void)
{
    struct arena arena = ARENA_EMPTY;

    CHECK(slice_is(text_login(&arena, slice_text("Admin")), "admin"));
    CHECK(slice_is(text_login(&arena, slice_text("ａdmin")), "admin"));
    CHECK(slice_is(text_login(&arena, slice_text("李老师01")), "李老师01"));
    CHECK(slice_is(text_login(&arena, slice_text("\xf0\xa0\xae\xb7")), "\xf0\xa0\xae\xb7"));
    CHECK(text_login(&arena, slice_text("\xd0\xb0" "dmin")).data == NULL); // Cyrillic a
    CHECK(text_login(&arena, slice_text("ad\xe2\x80\x8bmin")).data == NULL); // zero width
    CHECK(text_login(&arena, slice_text("admin ")).data == NULL);
    CHECK(text_login(&arena, slice_text("wang李")).data == NULL); // two scripts
    CHECK(text_login(&arena, slice_text("")).data == NULL);
    arena_finish(&arena);
}

static void characters_are_counted_not_bytes(void)
{
    CHECK(text_chars(slice_text("三(3)班")) == 5);
    CHECK(!text_is_utf8(slice_text("\xc0\x80")));
    CHECK(!text_is_utf8(slice_text("\xed\xa0\x80")));
}

int main(void)
{
    RUN(a_short_read_stays_failed);
    RUN(an_endless_varint_is_refused);
    RUN(numbers_come_back_as_they_were_written);
    RUN(a_frame_is_taken_only_when_it_is_whole);
    RUN(a_frame_with_a_mad_length_is_broken);
    RUN(ids_keep_their_order_and_survive_text);
    RUN(malformed_ids_are_refused);
    RUN(dates_survive_the_calendar);
    RUN(json_leaves_nothing_dangerous);
    RUN(a_member_of_a_malformed_object_is_absent);
    RUN(a_member_comes_out_unescaped);
    RUN(login_names_have_one_canonical_form);
    RUN(characters_are_counted_not_bytes);
    return check_report("base");
}
