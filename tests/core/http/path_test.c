// SPDX-License-Identifier: Apache-2.0
#include "check.h"

#include "http/http.h"
#include "http/path.h"

static bool decodes(const char *target, const char *path, const char *query)
{
    struct arena arena = ARENA_EMPTY;
    struct slice p, q;
    bool same =
        path_decode(&arena, slice_text(target), &p, &q) && slice_is(p, path) && slice_is(q, query);

    arena_finish(&arena);
    return same;
}

static bool refuses(const char *target)
{
    struct arena arena = ARENA_EMPTY;
    struct slice p, q;
    bool refused = !path_decode(&arena, slice_text(target), &p, &q);

    arena_finish(&arena);
    return refused;
}

static void paths_are_decoded_once(void)
{
    CHECK(decodes("/", "/", ""));
    CHECK(decodes("/a/b/", "/a/b/", ""));
    CHECK(decodes("/a%20b?x=%20&y", "/a b", "x=%20&y"));
    CHECK(decodes("/%2541", "/%41", ""));
    CHECK(decodes("/%E4%B8%AD", "/\xe4\xb8\xad", ""));
    CHECK(decodes("/a+b", "/a+b", ""));
    CHECK(decodes("/...?//", "/...", "//"));
    CHECK(decodes("/e%CC%81", "/\xc3\xa9", ""));
}

static void paths_with_two_readings_are_refused(void)
{
    static const char *const wrong[] = {
        "",          "a",      "//",     "/a//b",  "/.",    "/..",     "/a/./b",     "/a/../b",
        "/%2e%2e/b", "/a/%2E", "/a%2fb", "/a%2Fb", "/a\\b", "/a%5cb",  "/%00",       "/%0a",
        "/%7f",      "/%",     "/%4",    "/%4g",   "/%ff",  "/%c0%af", "/%ed%a0%80", "/..?x"};

    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        CHECK(refuses(wrong[i]));
}

static void forms_are_decoded(void)
{
    struct arena arena = ARENA_EMPTY;
    struct http_param *params;
    struct err err;
    size_t count;

    CHECK(
        http_params(&arena, slice_text("a=1+2&b=%E4%B8%AD&&c&=d&a=%3D%26"), &params, &count, &err));
    CHECK(count == 5);
    CHECK(slice_is(params[0].name, "a") && slice_is(params[0].value, "1 2"));
    CHECK(slice_is(params[1].value, "\xe4\xb8\xad"));
    CHECK(slice_is(params[2].name, "c") && params[2].value.len == 0 &&
          params[2].value.data != NULL);
    CHECK(params[3].name.len == 0 && slice_is(params[3].value, "d"));
    CHECK(slice_is(params[4].value, "=&"));
    CHECK(http_params(&arena, slice_text(""), &params, &count, &err) && count == 0);
    arena_finish(&arena);
}

static void forms_that_are_not_utf8_are_refused(void)
{
    static const char *const wrong[] = {"a=%ff", "%c3=1", "a=%", "a=%zz", "a=%00", "a=\xc3"};
    struct arena arena = ARENA_EMPTY;
    struct http_param *params;
    struct err err;
    size_t count;

    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        CHECK(!http_params(&arena, slice_text(wrong[i]), &params, &count, &err) &&
              err.code == ERR_INPUT);
    arena_finish(&arena);
}

static void a_form_of_too_many_fields_is_refused(void)
{
    struct arena arena = ARENA_EMPTY;
    struct http_param *params;
    struct err err;
    size_t count;
    char text[2002];

    for (int i = 0; i < 1000; i++)
        memcpy(text + 2 * i, "a&", 2);
    CHECK(http_params(&arena, slice_of(text, 1999), &params, &count, &err) && count == 1000);
    CHECK(!http_params(&arena, slice_of(text, 2000), &params, &count, &err) &&
          err.code == ERR_LIMIT);
    arena_finish(&arena);
}

int main(void)
{
    RUN(paths_are_decoded_once);
    RUN(paths_with_two_readings_are_refused);
    RUN(forms_are_decoded);
    RUN(forms_that_are_not_utf8_are_refused);
    RUN(a_form_of_too_many_fields_is_refused);
    return check_report("path");
}
