// SPDX-License-Identifier: Apache-2.0
#include "http/http.h"

#include "base/buffer.h"
#include "check.h"

#define TYPE "multipart/form-data; boundary=mark"
#define TEXT(name, value) "--mark\r\nContent-Disposition: form-data; name=\"" name "\"\r\n\r\n" value "\r\n"
#define END "--mark--\r\n"

struct parsed {
    struct arena arena;
    struct http_part *parts;
    size_t count;
    bool done;
    struct err err;
};

static struct parsed parse(const char *type, struct slice body)
{
    struct parsed parsed = {.err = {ERR_NONE, ""}};

    parsed.done = http_multipart(&parsed.arena, slice_text(type), body, &parsed.parts,
                                 &parsed.count, &parsed.err);
    return parsed;
}

static void texts_and_files_come_apart(void)
{
    static const char body[] =
        TEXT("reason", "\xe5\x8f\x91\xe7\x83\xa7\r\n--mar") TEXT("empty", "")
        "--mark\r\ncontent-disposition: form-data; name=\"proof\"; filename=\"a;b.jpg\"\r\n"
        "Content-Type: image/jpeg\r\n\r\n\xff\xd8\0\r\n--\r\n" END;
    struct parsed parsed = parse(TYPE, slice_of(body, sizeof body - 1));

    CHECK_OK(parsed.done, &parsed.err);
    CHECK(parsed.count == 3);
    CHECK(slice_is(parsed.parts[0].name, "reason") && parsed.parts[0].filename.data == NULL);
    CHECK(slice_is(parsed.parts[0].body, "\xe5\x8f\x91\xe7\x83\xa7\r\n--mar"));
    CHECK(slice_is(parsed.parts[1].name, "empty") && parsed.parts[1].body.len == 0);
    CHECK(slice_is(parsed.parts[2].name, "proof") && slice_is(parsed.parts[2].filename, "a;b.jpg"));
    CHECK(slice_equal(parsed.parts[2].body, slice_of("\xff\xd8\0\r\n--", 7)));
    arena_finish(&parsed.arena);
}

static void an_empty_form_has_no_parts(void)
{
    struct parsed parsed = parse(TYPE, slice_text(END));

    CHECK(parsed.done && parsed.count == 0);
    arena_finish(&parsed.arena);
    parsed = parse("multipart/form-data; boundary=\"mark\"", slice_text(TEXT("a", "b") END));
    CHECK(parsed.done && parsed.count == 1);
    arena_finish(&parsed.arena);
}

static void what_is_malformed_is_refused(void)
{
    static const char *const bodies[] = {
        "", "--mark", "--mark\r\n", "mark--\r\n", "x" END, "--mark--", TEXT("a", "b"),
        "--mark\r\n\r\nb\r\n" END, "--mark\r\nContent-Disposition: form-data\r\n\r\nb\r\n" END,
        "--mark\r\nContent-Disposition: form-data; name=\"a\"\r\nb\r\n" END,
        "--markx\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\nb\r\n" END,
        TEXT("a", "\xff") END, TEXT("\xc3", "b") END};
    static const char *const types[] = {
        "multipart/form-data", "multipart/form-data; boundary=", "multipart/form-data; boundary=\"\"",
        "multipart/form-data; boundary=a b", "multipart/form-data; boundary=a\"b",
        "multipart/form-data; boundary="
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"};

    for (size_t i = 0; i < sizeof bodies / sizeof *bodies; i++) {
        struct parsed parsed = parse(TYPE, slice_text(bodies[i]));

        if (strcmp(bodies[i], "--mark--") != 0) // the last line may lack its end
            CHECK(!parsed.done && parsed.err.code == ERR_INPUT);
        arena_finish(&parsed.arena);
    }
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        struct parsed parsed = parse(types[i], slice_text(TEXT("a", "b") END));

        CHECK(!parsed.done && parsed.err.code == ERR_INPUT);
        arena_finish(&parsed.arena);
    }
}

// Every cut and every changed byte: refused or read, never beyond the end.
static void no_body_is_too_odd(void)
{
    static const char good[] = TEXT("a", "b") TEXT("c", "d") END;
    size_t len = sizeof good - 1;

    for (size_t i = 0; i < len; i++) {
        for (int change = 0; change < 4; change++) {
            struct arena arena = ARENA_EMPTY;
            uint8_t *copy = arena_copy(&arena, good, len);
            struct parsed parsed;

            copy[i] = (uint8_t)("-\r\n\""[change]);
            parsed = parse(TYPE, slice_of(copy, len));
            arena_finish(&parsed.arena);
            parsed = parse(TYPE, slice_of(arena_copy(&arena, good, i), i));
            CHECK(!parsed.done || i >= len - 2);
            arena_finish(&parsed.arena);
            arena_finish(&arena);
        }
    }
}

static void there_are_not_too_many(void)
{
    struct buffer body = BUFFER_EMPTY;
    struct parsed parsed;

    for (int i = 0; i < 201; i++)
        buffer_text(&body, TEXT("a", "b"));
    buffer_text(&body, END);
    parsed = parse(TYPE, buffer_view(&body));
    CHECK(!parsed.done && parsed.err.code == ERR_LIMIT);
    arena_finish(&parsed.arena);
    buffer_finish(&body);
}

int main(void)
{
    RUN(texts_and_files_come_apart);
    RUN(an_empty_form_has_no_parts);
    RUN(what_is_malformed_is_refused);
    RUN(no_body_is_too_odd);
    RUN(there_are_not_too_many);
    return check_report("http multipart");
}
