// SPDX-License-Identifier: Apache-2.0
#include "check.h"
#include "net/url.h"

static struct arena arena;
static struct err err;

static const char *read_as(const char *text)
{
    struct url url;

    return url_parse(&arena, slice_text(text), &url, &err) ? url_text(&arena, &url) : NULL;
}

static bool is_refused(const char *text)
{
    return read_as(text) == NULL;
}

static bool is_read_as(const char *text, const char *wanted)
{
    const char *read = read_as(text);

    return read != NULL && strcmp(read, wanted) == 0;
}

static bool fits(const char *text, const char *pattern)
{
    const char *const patterns[] = {pattern, NULL};
    struct url url;

    return url_parse(&arena, slice_text(text), &url, &err) && url_fits(&url, patterns);
}

static void other_schemes_are_refused(void)
{
    CHECK(is_refused("file:///etc/passwd"));
    CHECK(is_refused("ftp://example.com/"));
    CHECK(is_refused("gopher://example.com/"));
    CHECK(is_refused("//example.com/"));
    CHECK(is_refused("https:/example.com"));
    CHECK(is_refused("https://"));
    CHECK(is_refused(" https://example.com"));
}

static void a_user_before_the_host_is_refused(void)
{
    CHECK(is_refused("https://example.com@127.0.0.1/"));
    CHECK(is_refused("https://a:b@example.com/"));
    CHECK(is_refused("https://example.com:443@10.0.0.1/"));
    CHECK(is_refused("https://@example.com/"));
}

static void odd_spellings_of_numbers_are_refused(void)
{
    static const char *const odd[] = {
        "https://2130706433/",  "https://0x7f000001/",  "https://0x7f.1/",
        "https://0177.0.0.1/",  "https://127.1/",       "https://127.0.0.01/",
        "https://1.2.3.4.5/",   "https://example.0x7f/", "https://[::1/",
        "https://[::1]x/",      "https://[fe80::1%25eth0]/", "https://[127.0.0.1]/",
        "https://::1/"};

    for (size_t i = 0; i < sizeof odd / sizeof *odd; i++)
        CHECK(is_refused(odd[i]));
}

static void odd_names_are_refused(void)
{
    static const char *const odd[] = {
        "https://localhost./",     "https://.localhost/", "https://a..b/",
        "https://a%2eb/",          "https://-a.example/", "https://a-.example/",
        "https://\xef\xbc\x91.example/", "https://example.com\\@evil/", "https://exa mple.com/"};

    for (size_t i = 0; i < sizeof odd / sizeof *odd; i++)
        CHECK(is_refused(odd[i]));
}

static void odd_ports_and_paths_are_refused(void)
{
    CHECK(is_refused("https://example.com/\r\nHost: evil"));
    CHECK(is_refused("https://example.com/a b"));
    CHECK(is_refused("https://example.com:0/"));
    CHECK(is_refused("https://example.com:65536/"));
    CHECK(is_refused("https://example.com:+1/"));
    CHECK(is_refused("https://example.com:/"));
}

static void what_is_plain_is_written_anew(void)
{
    CHECK(is_read_as("HTTPS://API.Example.com", "https://api.example.com:443/"));
    CHECK(is_read_as("https://a.example?x=1#part", "https://a.example:443/?x=1"));
    CHECK(is_read_as("http://a.example:8080/b/../c?d#e", "http://a.example:8080/b/../c?d"));
    CHECK(is_read_as("https://8.8.8.8/", "https://8.8.8.8:443/"));
    CHECK(is_read_as("https://[2001:DB8:0::1]:8443/", "https://[2001:db8::1]:8443/"));
}

static void only_asked_hosts_and_ports_fit(void)
{
    CHECK(fits("https://api.example.com/x", "api.example.com"));
    CHECK(fits("https://api.example.com/x", "API.example.com"));
    CHECK(!fits("https://api.example.com.evil.test/", "api.example.com"));
    CHECK(!fits("https://xapi.example.com/", "api.example.com"));
    CHECK(!fits("https://example.com/", "api.example.com"));
    CHECK(!fits("https://api.example.com:8443/", "api.example.com"));
    CHECK(fits("https://api.example.com:8443/", "api.example.com:8443"));
    CHECK(!fits("https://api.example.com/", "api.example.com:8443"));
    CHECK(fits("http://api.example.com/", "api.example.com"));
    CHECK(!fits("http://api.example.com:443/", "api.example.com"));
    CHECK(fits("https://[::1]/", "[0::1]"));
}

static void a_star_stands_for_what_is_below(void)
{
    CHECK(fits("https://a.example.com/", "*.example.com"));
    CHECK(fits("https://b.a.example.com/", "*.example.com"));
    CHECK(!fits("https://example.com/", "*.example.com"));
    CHECK(!fits("https://aexample.com/", "*.example.com"));
    CHECK(!fits("https://.example.com/", "*.example.com"));
}

static void patterns_that_open_too_much_are_refused(void)
{
    CHECK(!url_is_pattern("*"));
    CHECK(!url_is_pattern("*.com"));
    CHECK(!url_is_pattern("a.*.com"));
    CHECK(!url_is_pattern("*.0.0.1"));
    CHECK(!url_is_pattern("https://example.com"));
    CHECK(!url_is_pattern("example.com/x"));
    CHECK(!url_is_pattern(""));
    CHECK(url_is_pattern("example.com"));
    CHECK(url_is_pattern("*.example.com:8443"));
}

int main(void)
{
    RUN(other_schemes_are_refused);
    RUN(a_user_before_the_host_is_refused);
    RUN(odd_spellings_of_numbers_are_refused);
    RUN(odd_names_are_refused);
    RUN(odd_ports_and_paths_are_refused);
    RUN(what_is_plain_is_written_anew);
    RUN(only_asked_hosts_and_ports_fit);
    RUN(a_star_stands_for_what_is_below);
    RUN(patterns_that_open_too_much_are_refused);
    arena_finish(&arena);
    return check_report("net/url");
}
