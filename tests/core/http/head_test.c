// SPDX-License-Identifier: Apache-2.0
#include "check.h"

#include <stdlib.h>

#include "http/head.h"

static const struct head_limits limits = {8192, 50, 1000};

static int verdict(const char *text)
{
    struct head head;

    return head_check(slice_text(text), &limits, &head);
}

#define HOST "Host: school.example\r\n"
#define GET "GET / HTTP/1.1\r\n" HOST
#define POST "POST /x HTTP/1.1\r\n" HOST

static void a_plain_request_passes(void)
{
    struct head head;
    const char *text = POST "Content-Length: 5\r\nX-Empty:\r\n\r\nhello";

    CHECK(head_check(slice_text(text), &limits, &head) == HEAD_FINE);
    CHECK(head.len == strlen(text) - 5 && head.body_len == 5);
    CHECK(verdict("\r\n" GET "\r\n") == HEAD_FINE);
    CHECK(verdict("GET / HTTP/1.0\r\n\r\n") == HEAD_FINE);
    CHECK(verdict("GET http://school.example/a HTTP/1.1\r\n" HOST "\r\n") == HEAD_FINE);
    CHECK(verdict("OPTIONS * HTTP/1.1\r\n" HOST "\r\n") == HEAD_FINE);
    CHECK(verdict(GET "X-Name: \xe4\xb8\xad\xe6\x96\x87\ttab\r\n\r\n") == HEAD_FINE);
}

static void every_part_of_a_good_head_waits_for_more(void)
{
    const char *text = POST "Content-Length: 5\r\nAccept: */*\r\n\r\n";
    struct head head;

    for (size_t len = 0; len < strlen(text); len++)
        CHECK(head_check(slice_of(text, len), &limits, &head) == HEAD_MORE);
}

static void ambiguous_framing_is_refused(void)
{
    CHECK(verdict(POST "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n") == 400);
    CHECK(verdict(POST "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n") == 400);
    CHECK(verdict(POST "Content-Length: 5\r\nContent-Length: 6\r\n\r\n") == 400);
    CHECK(verdict(POST "Content-Length: 5\r\nContent-Length: 5\r\n\r\n") == 400);
    CHECK(verdict(POST "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n") == 400);
    CHECK(verdict("POST / HTTP/1.0\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n") == 400);
    CHECK(verdict(POST "Transfer-Encoding: chunked\r\n\r\n") == 411);
    CHECK(verdict(POST "Transfer-Encoding: CHUNKED\r\n\r\n") == 411);
    CHECK(verdict(POST "Transfer-Encoding: xchunked\r\n\r\n") == 501);
    CHECK(verdict(POST "Transfer-Encoding: gzip, chunked\r\n\r\n") == 501);
    CHECK(verdict(POST "Transfer-Encoding:\r\n\r\n") == 501);
    CHECK(verdict(POST "Transfer-Encoding : chunked\r\n\r\n") == 400);
}

static void a_content_length_is_digits_only(void)
{
    static const char *const wrong[] = {"+5",
                                        "-1",
                                        "5, 5",
                                        "5 5",
                                        "0x5",
                                        "5a",
                                        "5.0",
                                        "1e3",
                                        "",
                                        "\xef\xbc\x95",
                                        "18446744073709551616",
                                        "12345678901234567890"};
    char text[200];

    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        snprintf(text, sizeof text, POST "Content-Length: %s\r\n\r\n", wrong[i]);
        CHECK(verdict(text) == 400);
    }
    CHECK(verdict(POST "Content-Length: 1000\r\n\r\n") == HEAD_FINE);
    CHECK(verdict(POST "Content-Length: 1001\r\n\r\n") == 413);
    CHECK(verdict(POST "Content-Length: 1073741824\r\n\r\n") == 413);
    CHECK(verdict(POST "Content-Length: 999999999999999999\r\n\r\n") == 413);
}

static void bare_line_feeds_and_folds_are_refused(void)
{
    CHECK(verdict("GET / HTTP/1.1\nHost: a\n\n") == 400);
    CHECK(verdict("GET / HTTP/1.1\r\nHost: a\n\r\n") == 400);
    CHECK(verdict(GET "X: a\r\n folded\r\n\r\n") == 400);
    CHECK(verdict(GET "X: a\r\n\tfolded\r\n\r\n") == 400);
    CHECK(verdict("GET / HTTP/1.1\r\n X: a\r\n" HOST "\r\n") == 400);
    CHECK(verdict(GET "X: a\rb\r\n\r\n") == 400);
    CHECK(verdict("\n" GET "\r\n") == 400);
    CHECK(verdict("\r\n\r\n" GET "\r\n") == 400);
}

static void exactly_one_good_host_is_asked_for(void)
{
    static const char *const wrong[] = {
        "",     "a b",   "a@b",  "http://a",     "a/b",   "a:",     "a:99999",
        "a:8o", "a:1:2", "[::1", "[]",           "[::g]", "[::1]x", "a,b",
        "a\tb", "a?b",   "a#b",  "\xe4\xb8\xad", ":80",   "%41",    "a\\b"};
    static const char *const good[] = {"a",     "a.example:8080",    "127.0.0.1",
                                       "[::1]", "[2001:db8::1]:443", "A-b_c.d"};
    char text[200];

    CHECK(verdict("GET / HTTP/1.1\r\n\r\n") == 400);
    CHECK(verdict(GET HOST "\r\n") == 400);
    CHECK(verdict(GET "HOST: other\r\n\r\n") == 400);
    CHECK(verdict("GET / HTTP/1.0\r\n" HOST HOST "\r\n") == 400);
    CHECK(verdict("GET http://other/ HTTP/1.1\r\n" HOST "\r\n") == 400);
    CHECK(verdict("GET http://school.example:81/ HTTP/1.1\r\n" HOST "\r\n") == 400);
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        snprintf(text, sizeof text, "GET / HTTP/1.1\r\nHost: %s\r\n\r\n", wrong[i]);
        CHECK(verdict(text) == 400);
    }
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        snprintf(text, sizeof text, "GET / HTTP/1.1\r\nHost: %s\r\n\r\n", good[i]);
        CHECK(verdict(text) == HEAD_FINE);
    }
}

static void odd_request_lines_are_refused(void)
{
    static const struct {
        const char *line;
        int status;
    } lines[] = {
        {"GET  / HTTP/1.1", 400},
        {"GET / HTTP/1.1 ", 400},
        {" GET / HTTP/1.1", 400},
        {"GET /", 400},
        {"GET", 400},
        {"GET / http/1.1", 400},
        {"GET / HTTP/1.2", 400},
        {"GET / HTTP/01.1", 400},
        {"GET / HTTP/2.0", 505},
        {"GET / HTTP/9.9", 505},
        {"GET\t/ HTTP/1.1", 400},
        {"G@T / HTTP/1.1", 400},
        {"get / HTTP/1.1", 501},
        {"BREW / HTTP/1.1", 501},
        {"TRACE / HTTP/1.1", 405},
        {"CONNECT a:1 HTTP/1.1", 405},
        {"GET * HTTP/1.1", 400},
        {"GET a HTTP/1.1", 400},
        {"GET //a b HTTP/1.1", 400},
        {"GET /#x HTTP/1.1", 400},
        {"GET /\x01 HTTP/1.1", 400},
        {"GET /\x80 HTTP/1.1", 400},
        {"GET ftp://a/ HTTP/1.1", 400},
        {"GET http:/// HTTP/1.1", 400},
        {"GET http://u@school.example/ HTTP/1.1", 400},
        {"PRI * HTTP/2.0", 505},
        {"AVERYLONGMETHODNAMETHATNOBODYKNOWSATALL / HTTP/1.1", 400},
    };
    char text[300];

    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        snprintf(text, sizeof text, "%s\r\n" HOST "\r\n", lines[i].line);
        if (verdict(text) != lines[i].status)
            printf("  %s: %d\n", lines[i].line, verdict(text));
        CHECK(verdict(text) == lines[i].status);
    }
}

static void odd_fields_are_refused(void)
{
    CHECK(verdict(GET "no colon\r\n\r\n") == 400);
    CHECK(verdict(GET ": no name\r\n\r\n") == 400);
    CHECK(verdict(GET "a b: c\r\n\r\n") == 400);
    CHECK(verdict(GET "a\x80: c\r\n\r\n") == 400);
    CHECK(verdict(GET "a: b\x01\r\n\r\n") == 400);
    CHECK(verdict(GET "a: b\x7f\r\n\r\n") == 400);
    CHECK(verdict(GET "Expect: the best\r\n\r\n") == 417);
    CHECK(verdict(GET "Expect: 100-continue\r\n\r\n") == HEAD_FINE);
}

static void nul_bytes_are_refused(void)
{
    static const char text[] = GET "a: b\0c\r\n\r\n", name[] = GET "a\0b: c\r\n\r\n",
                      host[] = "GET / HTTP/1.1\r\nHost: a\0b\r\n\r\n",
                      target[] = "GET /\0 HTTP/1.1\r\n" HOST "\r\n";
    struct head head;

    CHECK(head_check(slice_of(text, sizeof text - 1), &limits, &head) == 400);
    CHECK(head_check(slice_of(name, sizeof name - 1), &limits, &head) == 400);
    CHECK(head_check(slice_of(host, sizeof host - 1), &limits, &head) == 400);
    CHECK(head_check(slice_of(target, sizeof target - 1), &limits, &head) == 400);
}

static void large_heads_are_refused_before_they_end(void)
{
    static char text[20000];
    struct head head;
    size_t len = (size_t)snprintf(text, sizeof text, GET);

    memset(text + len, 'a', sizeof text - len);
    CHECK(head_check(slice_of(text, 8192), &limits, &head) == 431);
    CHECK(head_check(slice_of(text, 8191), &limits, &head) == HEAD_MORE);
    memset(text, 'a', sizeof text);
    memcpy(text, "GET /", 5);
    CHECK(head_check(slice_of(text, 8192), &limits, &head) == 414);
    len = (size_t)snprintf(text, sizeof text, GET);
    for (int i = 0; i < 50; i++)
        len += (size_t)snprintf(text + len, sizeof text - len, "x%d: y\r\n", i);
    snprintf(text + len, sizeof text - len, "\r\n");
    CHECK(verdict(text) == 431);
}

static void other_protocols_are_refused_at_the_first_byte(void)
{
    struct head head;

    CHECK(head_check(slice_of("\x16\x03\x01", 3), &limits, &head) == 400);
    CHECK(head_check(slice_of("\0", 1), &limits, &head) == 400);
    CHECK(head_check(slice_of(" ", 1), &limits, &head) == 400);
}

// Whatever the bytes, the answer is one of the known ones and never reads beyond them: the
// copy has exactly their length, so that the address sanitizer sees a byte too much.
static void damaged_heads_never_break_the_check(void)
{
    static const char text[] =
        POST "Content-Length: 5\r\nTransfer-Encoding: chunked\r\nExpect: 100-continue\r\n\r\n";
    struct head head;
    uint32_t seed = 1;

    for (int round = 0; round < 20000; round++) {
        size_t len = 1 + (seed >> 8) % (sizeof text - 1);
        uint8_t *bytes = malloc(len);
        int status;

        memcpy(bytes, text, len);
        for (int i = 0; i < 3; i++) {
            seed = seed * 1664525 + 1013904223;
            bytes[(seed >> 12) % len] = (uint8_t)(seed >> 3);
        }
        status = head_check(slice_of(bytes, len), &limits, &head);
        CHECK(status == 0 || status == 200 || (status >= 400 && status <= 505));
        free(bytes);
    }
}

int main(void)
{
    RUN(a_plain_request_passes);
    RUN(every_part_of_a_good_head_waits_for_more);
    RUN(ambiguous_framing_is_refused);
    RUN(a_content_length_is_digits_only);
    RUN(bare_line_feeds_and_folds_are_refused);
    RUN(exactly_one_good_host_is_asked_for);
    RUN(odd_request_lines_are_refused);
    RUN(odd_fields_are_refused);
    RUN(nul_bytes_are_refused);
    RUN(large_heads_are_refused_before_they_end);
    RUN(other_protocols_are_refused_at_the_first_byte);
    RUN(damaged_heads_never_break_the_check);
    return check_report("head");
}
