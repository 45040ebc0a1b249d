// SPDX-License-Identifier: Apache-2.0
#include "check.h"
#include "net/fetch.h"
#include "net/share.h"

static struct arena arena;
static struct err err;
static const char *const hosts[] = {"api.example.com", NULL};

static bool is_allowed(const char *method, const char *url, const char *name, const char *value,
                       const char *body)
{
    struct fetch_field field = {slice_text(name), slice_text(value)};
    struct fetch_request request = {.method = slice_text(method), .url = slice_text(url),
                                    .fields = &field, .field_count = name[0] != 0};
    struct fetch_rules rules = {hosts, false, 10};
    struct url read;

    if (body != NULL)
        request.body = slice_text(body);
    return fetch_check(&arena, &request, &rules, &read, &err);
}

#define URL "https://api.example.com/x"

static void a_host_that_nobody_asked_for_is_denied(void)
{
    CHECK(!is_allowed("GET", "https://other.example.com/x", "", "", NULL) && err.code == ERR_DENIED);
    CHECK(!is_allowed("GET", "http://api.example.com/x", "", "", NULL) && err.code == ERR_INPUT);
    CHECK(is_allowed("GET", URL, "", "", NULL));
}

static void only_methods_that_are_known_are_sent(void)
{
    CHECK(!is_allowed("CONNECT", URL, "", "", NULL));
    CHECK(!is_allowed("TRACE", URL, "", "", NULL));
    CHECK(!is_allowed("get", URL, "", "", NULL));
    CHECK(!is_allowed("GET / HTTP/1.1\r\n", URL, "", "", NULL));
    CHECK(!is_allowed("", URL, "", "", NULL));
    CHECK(!is_allowed("GET", URL, "", "", "body"));
    CHECK(is_allowed("POST", URL, "", "", "body"));
    CHECK(!is_allowed("POST", URL, "", "", "eleven bytes"));
}

static void headers_of_the_connection_are_not_an_applications(void)
{
    static const char *const names[] = {
        "host", "content-length", "transfer-encoding", "connection", "cookie", "te", "upgrade",
        "expect", "proxy-authorization", "x-forwarded-for", "x-forwarded-host", "x-real-ip", "x-",
        "x-a b", "x-a\r\n", "x-a:", "Accept", "trailer", "keep-alive", "forwarded", "accept-encoding"};

    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        CHECK(!is_allowed("GET", URL, names[i], "v", NULL));
    CHECK(is_allowed("GET", URL, "authorization", "Bearer x", NULL));
    CHECK(is_allowed("GET", URL, "x-own-name2", "v", NULL));
}

static void a_header_is_one_line(void)
{
    CHECK(!is_allowed("GET", URL, "x-a", "v\r\nHost: evil", NULL));
    CHECK(!is_allowed("GET", URL, "x-a", "v\n", NULL));
    CHECK(!is_allowed("GET", URL, "x-a", "\x7f", NULL));
    CHECK(!is_allowed("GET", URL, "x-a", "\xe4\xb9\xa6", NULL));
    CHECK(is_allowed("GET", URL, "x-a", "", NULL));
}

static void a_request_comes_out_of_its_frame_as_it_went_in(void)
{
    struct fetch_field field = {slice_text("x-a"), slice_text("1")};
    struct fetch_request request = {.app = slice_text("leave"), .method = slice_text("POST"),
                                    .url = slice_text(URL), .body = slice_text(""),
                                    .fields = &field, .field_count = 1, .timeout_ms = 70};
    struct fetch_request read;
    struct buffer buffer = BUFFER_EMPTY;

    fetch_put_request(&buffer, &request);
    CHECK(fetch_read_request(&arena, buffer_view(&buffer), &read));
    CHECK(slice_is(read.app, "leave") && slice_is(read.method, "POST") && slice_is(read.url, URL));
    CHECK(read.body.data != NULL && read.body.len == 0 && read.timeout_ms == 70);
    CHECK(read.field_count == 1 && slice_is(read.fields[0].name, "x-a"));
    for (size_t len = 0; len < buffer.len; len++)
        CHECK(!fetch_read_request(&arena, slice_of(buffer.data, len), &read));
    buffer_u8(&buffer, 0);
    CHECK(!fetch_read_request(&arena, buffer_view(&buffer), &read));
    buffer_finish(&buffer);
}

static void an_answer_comes_out_of_its_frame_as_it_went_in(void)
{
    struct fetch_field field = {slice_text("etag"), slice_text("\"1\"")};
    struct fetch_answer answer = {.outcome = FETCH_DONE, .status = 200, .body = slice_text("hi"),
                                  .fields = &field, .field_count = 1};
    struct fetch_answer read;
    struct buffer buffer = BUFFER_EMPTY;

    fetch_put_answer(&buffer, &answer);
    CHECK(fetch_read_answer(&arena, buffer_view(&buffer), &read));
    CHECK(read.status == 200 && slice_is(read.body, "hi") && slice_is(read.fields[0].name, "etag"));
    for (size_t len = 0; len < buffer.len; len++)
        CHECK(!fetch_read_answer(&arena, slice_of(buffer.data, len), &read));
    buffer.data[0] = FETCH_OUTCOMES;
    CHECK(!fetch_read_answer(&arena, buffer_view(&buffer), &read));
    buffer_finish(&buffer);
}

static void one_school_cannot_use_up_what_all_have(void)
{
    struct shares *shares = shares_create();
    struct share_limits limits = {.open = 2, .per_minute = 3};
    struct id one = {{1}}, two = {{2}};

    CHECK(shares_take(shares, &one, &limits, 0) && shares_take(shares, &one, &limits, 0));
    CHECK(!shares_take(shares, &one, &limits, 0)); // two at once
    CHECK(shares_take(shares, &two, &limits, 0));
    shares_give(shares, &one);
    CHECK(shares_take(shares, &one, &limits, 0));
    shares_give(shares, &one);
    CHECK(!shares_take(shares, &one, &limits, 0)); // three in this minute
    CHECK(!shares_take(shares, &one, &limits, 19000000));
    CHECK(shares_take(shares, &one, &limits, 20000000)); // a third of it has passed
    CHECK(!shares_take(shares, &one, &limits, 20000000));
    shares_destroy(shares);
}

int main(void)
{
    RUN(a_host_that_nobody_asked_for_is_denied);
    RUN(only_methods_that_are_known_are_sent);
    RUN(headers_of_the_connection_are_not_an_applications);
    RUN(a_header_is_one_line);
    RUN(a_request_comes_out_of_its_frame_as_it_went_in);
    RUN(an_answer_comes_out_of_its_frame_as_it_went_in);
    RUN(one_school_cannot_use_up_what_all_have);
    arena_finish(&arena);
    return check_report("net/fetch");
}
