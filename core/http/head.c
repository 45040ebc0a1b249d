// SPDX-License-Identifier: Apache-2.0
#include "http/head.h"

#include <ctype.h>
#include <strings.h>

#include "http/method.h"

// RFC 9110 section 5.6.2; a table, since every byte of every name passes here.
static bool is_token(uint8_t c)
{
    static const bool token[256] = {
        ['0' ... '9'] = true, ['A' ... 'Z'] = true, ['a' ... 'z'] = true, ['!'] = true,
        ['#'] = true,         ['$'] = true,         ['%'] = true,         ['&'] = true,
        ['\''] = true,        ['*'] = true,         ['+'] = true,         ['-'] = true,
        ['.'] = true,         ['^'] = true,         ['_'] = true,         ['`'] = true,
        ['|'] = true,         ['~'] = true};

    return token[c];
}

bool head_token(struct slice text)
{
    for (size_t i = 0; i < text.len; i++)
        if (!is_token(text.data[i]))
            return false;
    return text.len > 0;
}

bool head_value(struct slice value)
{
    for (size_t i = 0; i < value.len; i++)
        if ((value.data[i] < 0x20 && value.data[i] != '\t') || value.data[i] == 0x7f)
            return false;
    return true;
}

bool head_same(struct slice text, const char *lower_case)
{
    size_t i;

    for (i = 0; i < text.len && lower_case[i] != 0; i++)
        if (tolower(text.data[i]) != lower_case[i])
            return false;
    return i == text.len && lower_case[i] == 0;
}

static bool is_port(struct slice text)
{
    unsigned port = 0;

    for (size_t i = 0; i < text.len; i++) {
        if (!isdigit(text.data[i]))
            return false;
        port = port * 10 + (text.data[i] - '0');
    }
    return text.len > 0 && text.len <= 5 && port <= 65535;
}

static size_t literal_len(struct slice text) // "[…]", 0 when malformed
{
    for (size_t i = 1; i < text.len; i++) {
        if (text.data[i] == ']')
            return i > 2 ? i + 1 : 0;
        if (!isxdigit(text.data[i]) && text.data[i] != ':' && text.data[i] != '.')
            return 0;
    }
    return 0;
}

static size_t name_len(struct slice text)
{
    size_t i = 0;

    while (i < text.len && (isalnum(text.data[i]) || strchr("-._~", text.data[i]) != NULL) &&
           text.data[i] != 0)
        i++;
    return i;
}

bool head_authority(struct slice authority)
{
    size_t len;

    if (authority.len == 0 || authority.len > 255 + 6)
        return false;
    len = authority.data[0] == '[' ? literal_len(authority) : name_len(authority);
    if (len == 0 || len == authority.len)
        return len > 0;
    return authority.data[len] == ':' &&
           is_port(slice_of(authority.data + len + 1, authority.len - len - 1));
}

bool head_absolute(struct slice target, struct slice *authority, struct slice *path)
{
    size_t at = 7, end;

    if (target.len > 8 && head_same(slice_of(target.data, 8), "https://"))
        at = 8;
    else if (target.len <= 7 || !head_same(slice_of(target.data, 7), "http://"))
        return false;
    for (end = at; end < target.len && target.data[end] != '/' && target.data[end] != '?';)
        end++;
    *authority = slice_of(target.data + at, end - at);
    *path = slice_of(target.data + end, target.len - end);
    return true;
}

// What the fields of one head add up to.
struct sum {
    struct head *head;
    struct slice target, host, length;
    int hosts, lengths, encodings;
    bool chunked, old; // old: HTTP/1.0
};

static int refuse(struct head *head, int status, const char *reason)
{
    head->reason = reason;
    return status;
}

static int check_target(struct slice method, struct slice target, struct head *head)
{
    struct slice authority, path;

    for (size_t i = 0; i < target.len; i++)
        if (target.data[i] <= 0x20 || target.data[i] >= 0x7f || target.data[i] == '#')
            return refuse(head, 400, "a byte that no target may hold");
    if (target.len > 0 && target.data[0] == '/')
        return HEAD_FINE;
    if (slice_is(target, "*") && slice_is(method, "OPTIONS"))
        return HEAD_FINE;
    if (head_absolute(target, &authority, &path) && head_authority(authority))
        return HEAD_FINE;
    return refuse(head, 400, "target of an unknown form");
}

static int check_line(struct slice line, struct sum *sum)
{
    size_t at = 0, end;
    struct slice method, version;
    enum http_method known;
    int status;

    while (at < line.len && line.data[at] != ' ')
        at++;
    method = slice_of(line.data, at);
    if (at == line.len || !head_token(method) || method.len > 32)
        return refuse(sum->head, 400, "malformed request line");
    for (end = at + 1; end < line.len && line.data[end] != ' ';)
        end++;
    if (end == line.len)
        return refuse(sum->head, 400, "malformed request line");
    sum->target = slice_of(line.data + at + 1, end - at - 1);
    version = slice_of(line.data + end + 1, line.len - end - 1);
    sum->old = slice_is(version, "HTTP/1.0");
    if (!sum->old && !slice_is(version, "HTTP/1.1"))
        return version.len == 8 && slice_starts(version, slice_of("HTTP/", 5)) &&
                       version.data[5] >= '2'
                   ? refuse(sum->head, 505, "version")
                   : refuse(sum->head, 400, "malformed version");
    if ((status = method_known(method, &known)) != HEAD_FINE)
        return refuse(sum->head, status, "method");
    return check_target(method, sum->target, sum->head);
}

static struct slice trim(struct slice value)
{
    while (value.len > 0 && (value.data[0] == ' ' || value.data[0] == '\t'))
        value = slice_of(value.data + 1, value.len - 1);
    while (value.len > 0 && (value.data[value.len - 1] == ' ' || value.data[value.len - 1] == '\t'))
        value.len--;
    return value;
}

static int check_field(struct slice line, struct sum *sum)
{
    const uint8_t *colon = memchr(line.data, ':', line.len);
    struct slice name, value;

    if (line.data[0] == ' ' || line.data[0] == '\t')
        return refuse(sum->head, 400, "folded field");
    if (colon == NULL)
        return refuse(sum->head, 400, "field without a colon");
    name = slice_of(line.data, (size_t)(colon - line.data));
    value = trim(slice_of(colon + 1, line.len - name.len - 1));
    if (!head_token(name) || !head_value(value))
        return refuse(sum->head, 400, "a byte that no field may hold");
    if (head_same(name, "host")) {
        sum->hosts++;
        sum->host = value;
    } else if (head_same(name, "content-length")) {
        sum->lengths++;
        sum->length = value;
    } else if (head_same(name, "transfer-encoding")) {
        sum->encodings++;
        sum->chunked = head_same(value, "chunked");
    } else if (head_same(name, "expect") && !head_same(value, "100-continue")) {
        return refuse(sum->head, 417, "expectation");
    }
    return HEAD_FINE;
}

static int check_length(const struct sum *sum, uint64_t body_max)
{
    uint64_t length = 0;

    for (size_t i = 0; i < sum->length.len; i++) {
        if (!isdigit(sum->length.data[i]))
            return refuse(sum->head, 400, "malformed Content-Length");
        length = length * 10 + (sum->length.data[i] - '0');
    }
    if (sum->length.len == 0 || sum->length.len > 18)
        return refuse(sum->head, 400, "malformed Content-Length");
    sum->head->body_len = length;
    return length > body_max ? refuse(sum->head, 413, "body too large") : HEAD_FINE;
}

// Chunked bodies are not taken at all: their framing cannot be checked before libh2o has
// decoded it in place, and RFC 9112 section 6.1 allows to ask for a length.
static int check_framing(const struct sum *sum, uint64_t body_max)
{
    struct slice authority, path;

    if (sum->hosts > 1 || (sum->hosts == 0 && !sum->old))
        return refuse(sum->head, 400, "not exactly one Host");
    if (sum->hosts == 1 && !head_authority(sum->host))
        return refuse(sum->head, 400, "malformed Host");
    if (head_absolute(sum->target, &authority, &path) && sum->hosts == 1 &&
        (authority.len != sum->host.len ||
         strncasecmp((const char *)authority.data, (const char *)sum->host.data, authority.len) !=
             0))
        return refuse(sum->head, 400, "target and Host differ");
    if (sum->encodings > 0 && (sum->lengths > 0 || sum->encodings > 1 || sum->old))
        return refuse(sum->head, 400, "ambiguous framing");
    if (sum->encodings > 0)
        return sum->chunked ? refuse(sum->head, 411, "chunked body")
                            : refuse(sum->head, 501, "transfer coding");
    if (sum->lengths > 1)
        return refuse(sum->head, 400, "more than one Content-Length");
    return sum->lengths == 0 ? HEAD_FINE : check_length(sum, body_max);
}

// The next line without its CRLF; HEAD_MORE when its end has not come.
static int next_line(struct slice bytes, size_t *at, struct slice *line, struct head *head)
{
    const uint8_t *end = memchr(bytes.data + *at, '\n', bytes.len - *at);
    size_t len;

    if (end == NULL)
        return HEAD_MORE;
    len = (size_t)(end - bytes.data) - *at;
    if (len == 0 || end[-1] != '\r')
        return refuse(head, 400, "line without CR");
    *line = slice_of(bytes.data + *at, len - 1);
    *at += len + 1;
    return HEAD_FINE;
}

// More bytes are needed: unless what is there can never become a good head.
static int wait_for_more(struct slice bytes, size_t at, const struct head_limits *limits,
                         struct head *head)
{
    if (bytes.len >= limits->bytes)
        return refuse(head, at == 0 ? 414 : 431, "head too large");
    if (at == 0 && bytes.len > 0 && bytes.data[0] != '\r' && !is_token(bytes.data[0]))
        return refuse(head, 400, "not HTTP");
    return HEAD_MORE;
}

static int check_fields(struct slice bytes, size_t at, const struct head_limits *limits,
                        struct sum *sum)
{
    struct slice line;
    size_t fields = 0;
    int status;

    for (;;) {
        if ((status = next_line(bytes, &at, &line, sum->head)) != HEAD_FINE)
            return status == HEAD_MORE ? wait_for_more(bytes, at, limits, sum->head) : status;
        if (line.len == 0)
            break;
        if (++fields > limits->fields)
            return refuse(sum->head, 431, "too many fields");
        if ((status = check_field(line, sum)) != HEAD_FINE)
            return status;
    }
    sum->head->len = at;
    return at > limits->bytes ? refuse(sum->head, 431, "head too large")
                              : check_framing(sum, limits->body);
}

int head_check(struct slice bytes, const struct head_limits *limits, struct head *head)
{
    struct sum sum = {.head = head};
    struct slice line;
    size_t at = 0;
    int status;

    *head = (struct head){0};
    // RFC 9112 section 2.2: one empty line in front of a request is forgiven
    if (bytes.len >= 2 && memcmp(bytes.data, "\r\n", 2) == 0)
        at = 2;
    if ((status = next_line(bytes, &at, &line, head)) == HEAD_MORE)
        return wait_for_more(bytes, 0, limits, head);
    if (status == HEAD_FINE && line.len >= limits->bytes)
        return refuse(head, 414, "target too large");
    if (status != HEAD_FINE || (status = check_line(line, &sum)) != HEAD_FINE)
        return status;
    return check_fields(bytes, at, limits, &sum);
}
