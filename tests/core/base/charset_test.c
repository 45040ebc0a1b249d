// SPDX-License-Identifier: Apache-2.0
#include "check.h"

#include "base/charset.h"
#include "base/text.h"

#define BYTES(literal) slice_of("" literal, sizeof literal - 1)

static struct arena arena;

static bool decodes(struct slice file, enum charset expected, const char *expected_text)
{
    struct slice text;
    enum charset charset;
    struct err err = {0};

    return charset_decode(&arena, file, &text, &charset, &err) && charset == expected &&
           slice_is(text, expected_text);
}

static bool refused(struct slice file, const char *saying)
{
    struct slice text;
    enum charset charset;
    struct err err = {0};

    return !charset_decode(&arena, file, &text, &charset, &err) && err.code == ERR_INPUT &&
           strstr(err.text, saying) != NULL;
}

static void a_character_cut_at_the_end_is_refused(void)
{
    CHECK(refused(BYTES("ok\nab\x95\x34\xb2"), "line 2")); // three of the four bytes of 𠮷
    CHECK(refused(BYTES("ok\r\n\r\n\xd5\xc5\xc8"), "line 3"));
    CHECK(refused(BYTES("\xef\xbb\xbfok\n\xf0\xa0\xae"), "line 2"));
    CHECK(refused(BYTES("\xff\xfe" "a\0\n\0" "\x42\xd8"), "line 2")); // half a surrogate pair
    CHECK(refused(BYTES("\xff\xfe" "a\0b"), "line 1"));
}

static void bytes_that_are_neither_are_refused_with_their_line(void)
{
    CHECK(refused(BYTES("fine\rfine\r\nfine\n\xff\xff\n"), "line 4"));
    CHECK(refused(BYTES("\xd5\xc5\n\xd5\x20\n"), "line 2"));
    CHECK(refused(BYTES("\x95\x34\xb2\x7f"), "line 1"));
}

static void a_mark_that_promises_utf8_is_held_to_it(void)
{
    CHECK(refused(BYTES("\xef\xbb\xbf\xd5\xc5"), "UTF-8"));
}

static void files_that_are_no_text_are_refused(void)
{
    CHECK(refused(BYTES("PK\x03\x04rest"), "workbook"));
    CHECK(refused(BYTES("\xd0\xcf\x11\xe0\xa1\xb1"), "workbook"));
    CHECK(refused(BYTES("a\n\0b"), "line 2"));
    CHECK(refused(BYTES("a\0b\0"), "control")); // UTF-16 without its mark
    CHECK(refused(BYTES("\xff\xfe" "a\0\1\0"), "control"));
}

static void utf8_is_recognised_with_and_without_its_mark(void)
{
    CHECK(decodes(BYTES(""), CHARSET_UTF8, ""));
    CHECK(decodes(slice_text("姓名,𠮷"), CHARSET_UTF8, "姓名,𠮷"));
    CHECK(decodes(slice_text("\xef\xbb\xbf姓名"), CHARSET_UTF8, "姓名"));
}

static void utf16_is_read_by_its_mark(void)
{
    CHECK(decodes(BYTES("\xff\xfe\x42\xd8\xb7\xdf\n\0"), CHARSET_UTF16LE, "𠮷\n"));
    CHECK(decodes(BYTES("\xfe\xff\xd8\x42\xdf\xb7\0\n"), CHARSET_UTF16BE, "𠮷\n"));
}

static void gb18030_keeps_rare_characters(void)
{
    CHECK(decodes(BYTES("\xd0\xd5\xc3\xfb"), CHARSET_GB18030, "姓名"));
    CHECK(decodes(BYTES("\x95\x34\xb2\x35"), CHARSET_GB18030, "𠮷"));
    CHECK(decodes(BYTES("\xfe\x9f"), CHARSET_GB18030, "䶮"));
    CHECK(decodes(BYTES("\x82\x30\xb7\x31"), CHARSET_GB18030, "㛃"));
    CHECK(decodes(BYTES("\x99\x33\xa9\x32"), CHARSET_GB18030, "𬭎"));
    CHECK(decodes(BYTES("\xb0\xa2\xa1\xa4\xc2\xf2"), CHARSET_GB18030, "阿·买"));
    CHECK(decodes(BYTES("\xfe\x59"), CHARSET_GB18030, "\xe9\xbe\xb4")); // U+9FB4, not private use
}

static void text_comes_out_normalised(void)
{
    CHECK(decodes(slice_text("e\xcc\x81"), CHARSET_UTF8, "é"));
    CHECK(decodes(BYTES("\xff\xfe" "e\0\x01\x03"), CHARSET_UTF16LE, "é"));
}

int main(void)
{
    RUN(a_character_cut_at_the_end_is_refused);
    RUN(bytes_that_are_neither_are_refused_with_their_line);
    RUN(a_mark_that_promises_utf8_is_held_to_it);
    RUN(files_that_are_no_text_are_refused);
    RUN(utf8_is_recognised_with_and_without_its_mark);
    RUN(utf16_is_read_by_its_mark);
    RUN(gb18030_keeps_rare_characters);
    RUN(text_comes_out_normalised);
    arena_finish(&arena);
    return check_report("charset");
}
