// SPDX-License-Identifier: Apache-2.0
#include "net/url.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>

enum { HOST_MAX = 253, LABEL_MAX = 63, PORT_HTTP = 80, PORT_HTTPS = 443 };

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_letter_or_digit(char c)
{
    return is_digit(c) || (c >= 'a' && c <= 'z');
}

// The part up to one of the marks; *text goes on behind it.
static struct slice take_until(struct slice *text, const char *marks)
{
    size_t len = 0;
    struct slice part;

    while (len < text->len && strchr(marks, (char)text->data[len]) == NULL)
        len++;
    part = slice_of(text->data, len);
    *text = slice_of(text->data + len, text->len - len);
    return part;
}

// Labels of letters, digits, '-' and '_' (which names of services have), a dot between them.
static bool is_name(const char *host)
{
    size_t len = strlen(host), label = 0;

    for (size_t i = 0; i <= len; i++) {
        if (host[i] != '.' && host[i] != 0) {
            if (!is_letter_or_digit(host[i]) && host[i] != '_' && (host[i] != '-' || label == 0))
                return false;
            label++;
        } else {
            if (label == 0 || label > LABEL_MAX || host[i - 1] == '-')
                return false;
            label = 0;
        }
    }
    return len <= HOST_MAX;
}

// Whoever reads a last label such as 127, 0x7f or 017 takes the host for a number.
static bool ends_in_number(const char *host)
{
    const char *dot = strrchr(host, '.'), *label = dot != NULL ? dot + 1 : host;

    return is_digit(label[0]) &&
           (label[strspn(label, "0123456789")] == 0 ||
            (label[0] == '0' && label[1] == 'x' && label[2 + strspn(label + 2, "0123456789abcdef")] == 0));
}

// The number as the system writes it; false when the text is another spelling.
static bool read_number(struct arena *arena, const char *text, int family, const char **host)
{
    uint8_t bytes[16];
    char again[INET6_ADDRSTRLEN];

    if (inet_pton(family, text, bytes) != 1 ||
        inet_ntop(family, bytes, again, sizeof again) == NULL)
        return false;
    *host = arena_text(arena, slice_text(again));
    return family == AF_INET6 || strcmp(again, text) == 0;
}

static bool read_host(struct arena *arena, struct slice text, struct url *url)
{
    char *host = arena_text(arena, text);

    for (char *at = host; *at != 0; at++)
        if (*at >= 'A' && *at <= 'Z')
            *at = (char)(*at - 'A' + 'a');
    if (text.len == 0 || strlen(host) != text.len)
        return false;
    url->is_number = host[0] == '[' || ends_in_number(host);
    if (host[0] == '[') {
        if (host[text.len - 1] != ']')
            return false;
        host[text.len - 1] = 0;
        return read_number(arena, host + 1, AF_INET6, &url->host);
    }
    url->host = host;
    return url->is_number ? read_number(arena, host, AF_INET, &url->host) : is_name(host);
}

static bool read_port(struct slice text, unsigned *port)
{
    unsigned number = 0;

    if (text.len == 0 || text.len > 5)
        return false;
    for (size_t i = 0; i < text.len; i++) {
        if (!is_digit((char)text.data[i]))
            return false;
        number = number * 10 + (unsigned)(text.data[i] - '0');
    }
    *port = number;
    return number > 0 && number < 65536;
}

// "host", "host:8443", "[::1]:8443"
static bool read_authority(struct arena *arena, struct slice text, struct url *url)
{
    bool bracketed = text.len > 0 && text.data[0] == '[';
    struct slice host = take_until(&text, bracketed ? "]" : ":");

    if (bracketed && text.len > 0) { // the bracket belongs to the host
        host.len++;
        text = slice_of(text.data + 1, text.len - 1);
    }
    if (text.len > 0 &&
        (text.data[0] != ':' || !read_port(slice_of(text.data + 1, text.len - 1), &url->port)))
        return false;
    return read_host(arena, host, url);
}

static bool is_visible(struct slice text)
{
    for (size_t i = 0; i < text.len; i++)
        if (text.data[i] <= 0x20 || text.data[i] >= 0x7f || text.data[i] == '\\')
            return false;
    return true;
}

static bool take_scheme(struct slice *text, struct url *url)
{
    static const char *const schemes[] = {"http://", "https://"};

    for (int i = 0; i < 2; i++) {
        size_t len = strlen(schemes[i]);

        if (text->len <= len || strncasecmp((const char *)text->data, schemes[i], len) != 0)
            continue;
        *text = slice_of(text->data + len, text->len - len);
        url->tls = i == 1;
        url->port = url->tls ? PORT_HTTPS : PORT_HTTP;
        return true;
    }
    return false;
}

bool url_parse(struct arena *arena, struct slice text, struct url *url, struct err *err)
{
    *url = (struct url){0};
    if (text.len > URL_MAX)
        return err_set(err, ERR_INPUT, "an address has at most %d bytes", URL_MAX);
    if (!is_visible(text))
        return err_set(err, ERR_INPUT, "an address is visible ASCII without spaces: encode the rest");
    if (!take_scheme(&text, url))
        return err_set(err, ERR_INPUT, "an address begins with https://");
    if (!read_authority(arena, take_until(&text, "/?#"), url))
        return err_set(err, ERR_INPUT, "the host of an address is a name, or a number in its plain "
                                       "form, and a port; no user, no other spelling");
    url->path = arena_slice(arena, take_until(&text, "#"));
    return true;
}

const char *url_text(struct arena *arena, const struct url *url)
{
    bool bracketed = strchr(url->host, ':') != NULL;
    bool rooted = url->path.len > 0 && url->path.data[0] == '/';

    return arena_format(arena, "%s://%s%s%s:%u%s%.*s", url->tls ? "https" : "http",
                        bracketed ? "[" : "", url->host, bracketed ? "]" : "", url->port,
                        rooted ? "" : "/", (int)url->path.len,
                        url->path.data != NULL ? (const char *)url->path.data : "");
}

// Patterns ---------------------------------------------------------------------------------

static bool read_pattern(struct arena *arena, const char *pattern, struct url *url, bool *below)
{
    *below = strncmp(pattern, "*.", 2) == 0;
    *url = (struct url){0};
    if (*below)
        pattern += 2;
    return read_authority(arena, slice_text(pattern), url) &&
           (!*below || (!url->is_number && strchr(url->host, '.') != NULL));
}

bool url_is_pattern(const char *pattern)
{
    struct arena arena = ARENA_EMPTY;
    struct url url;
    bool below, is = read_pattern(&arena, pattern, &url, &below);

    arena_finish(&arena);
    return is;
}

static bool is_below(const char *host, const char *suffix)
{
    size_t len = strlen(host), tail = strlen(suffix);

    return len > tail + 1 && host[len - tail - 1] == '.' && strcmp(host + len - tail, suffix) == 0;
}

static bool fits(struct arena *arena, const struct url *url, const char *pattern)
{
    unsigned usual = url->tls ? PORT_HTTPS : PORT_HTTP;
    struct url asked;
    bool below;

    if (!read_pattern(arena, pattern, &asked, &below) ||
        url->port != (asked.port != 0 ? asked.port : usual))
        return false;
    return below ? !url->is_number && is_below(url->host, asked.host)
                 : strcmp(url->host, asked.host) == 0;
}

bool url_fits(const struct url *url, const char *const *patterns)
{
    struct arena arena = ARENA_EMPTY;
    bool found = false;

    for (; !found && patterns != NULL && *patterns != NULL; patterns++)
        found = fits(&arena, url, *patterns);
    arena_finish(&arena);
    return found;
}
