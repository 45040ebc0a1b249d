// SPDX-License-Identifier: Apache-2.0
#include "net/transfer.h"

#include <curl/curl.h>
#include <stdlib.h>
#include <unistd.h>

enum { WAIT_MAX = 128 };

struct transfers {
    CURLM *multi;
    struct clock *clock;
    const struct guard *guard;
};

struct transfer {
    struct transfers *all;
    struct arena arena; // of the request and the addresses
    struct fetch_request request;
    struct fetch_rules rules;
    struct transfer_limits limits;
    transfer_done *done;
    void *context;
    CURL *easy;
    struct curl_slist *head;
    struct url url;
    bool is_elsewhere; // led on to another origin
    int64_t deadline_us;
    struct buffer body, fields; // of this hop's answer; fields as sized texts: name, value, …
    size_t field_count;
    bool is_too_large;
    struct transfer_report report;
};

struct transfers *transfers_create(struct clock *clock, struct err *err)
{
    struct transfers *transfers = mem_zero(sizeof *transfers);

    transfers->clock = clock;
    if (curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK)
        transfers->multi = curl_multi_init();
    if (transfers->multi != NULL)
        return transfers;
    err_set(err, ERR_IO, "libcurl does not start");
    free(transfers);
    return NULL;
}

void transfers_destroy(struct transfers *transfers)
{
    if (transfers == NULL)
        return;
    curl_multi_cleanup(transfers->multi);
    curl_global_cleanup();
    free(transfers);
}

void transfers_guard(struct transfers *transfers, const struct guard *guard)
{
    transfers->guard = guard;
}

// What comes back ------------------------------------------------------------------------

static size_t take_body(char *data, size_t size, size_t count, void *context)
{
    struct transfer *transfer = context;
    size_t len = size * count;

    if (transfer->body.len + len > (size_t)transfer->limits.answer_max) {
        transfer->is_too_large = true;
        return 0; // libcurl ends the transfer
    }
    buffer_bytes(&transfer->body, data, len);
    return len;
}

static struct slice trim(struct slice text)
{
    while (text.len > 0 && strchr(" \t\r\n", text.data[0]) != NULL)
        text = slice_of(text.data + 1, text.len - 1);
    while (text.len > 0 && strchr(" \t\r\n", text.data[text.len - 1]) != NULL)
        text.len--;
    return text;
}

static void keep_field(struct transfer *transfer, struct slice line, size_t colon)
{
    char name[64];

    if (colon == 0 || colon >= sizeof name)
        return;
    for (size_t i = 0; i < colon; i++)
        name[i] = (char)(line.data[i] >= 'A' && line.data[i] <= 'Z' ? line.data[i] - 'A' + 'a'
                                                                   : line.data[i]);
    name[colon] = 0;
    if (strcmp(name, "set-cookie") == 0) // nobody keeps a session there for an application
        return;
    buffer_sized(&transfer->fields, slice_of(name, colon));
    buffer_sized(&transfer->fields,
                 trim(slice_of(line.data + colon + 1, line.len - colon - 1)));
    transfer->field_count++;
}

// A line of a head; of several heads (100, 103) the last counts.
static size_t take_line(char *data, size_t size, size_t count, void *context)
{
    struct transfer *transfer = context;
    struct slice line = slice_of(data, size * count);
    const uint8_t *colon = memchr(line.data, ':', line.len);

    if (slice_starts(line, slice_text("HTTP/"))) {
        transfer->fields.len = transfer->field_count = 0;
        return line.len;
    }
    if (transfer->fields.len + line.len > FETCH_ANSWER_HEAD_MAX ||
        transfer->field_count == FETCH_ANSWER_FIELDS_MAX) {
        transfer->is_too_large = true;
        return 0;
    }
    if (colon != NULL)
        keep_field(transfer, line, (size_t)(colon - line.data));
    return line.len;
}

// The guard stands here: at the address that is connected to, not at the name.
static curl_socket_t open_socket(void *context, curlsocktype purpose, struct curl_sockaddr *address)
{
    struct transfer *transfer = context;

    if (purpose != CURLSOCKTYPE_IPCXN ||
        !guard_lets(transfer->all->guard, transfer->url.host, &address->addr)) {
        guard_text(&address->addr, transfer->report.refused);
        return CURL_SOCKET_BAD;
    }
    return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

// What is sent ---------------------------------------------------------------------------

static void add_line(struct transfer *transfer, const char *line)
{
    transfer->head = curl_slist_append(transfer->head, line);
}

// To another origin goes what describes the body, and nothing that may be a secret.
static bool goes_elsewhere(struct slice name)
{
    return slice_is(name, "accept") || slice_is(name, "accept-language") ||
           slice_is(name, "content-type");
}

static void put_head(struct transfer *transfer)
{
    bool has_type = false;

    curl_slist_free_all(transfer->head);
    transfer->head = NULL;
    for (size_t i = 0; i < transfer->request.field_count; i++) {
        const struct fetch_field *field = &transfer->request.fields[i];

        if (transfer->is_elsewhere && !goes_elsewhere(field->name))
            continue;
        has_type = has_type || slice_is(field->name, "content-type");
        add_line(transfer, arena_format(&transfer->arena, "%.*s%s%.*s", (int)field->name.len,
                                        (const char *)field->name.data,
                                        field->value.len > 0 ? ": " : ";", // as libcurl wants it
                                        (int)field->value.len,
                                        (const char *)field->value.data));
    }
    if (!has_type)
        add_line(transfer, "Content-Type:"); // none, instead of one that libcurl guesses
    add_line(transfer, "Expect:");
    curl_easy_setopt(transfer->easy, CURLOPT_HTTPHEADER, transfer->head);
}

static void put_method(struct transfer *transfer)
{
    const struct fetch_request *request = &transfer->request;
    CURL *easy = transfer->easy;
    bool sends = !slice_is(request->method, "GET") && !slice_is(request->method, "HEAD");

    curl_easy_setopt(easy, CURLOPT_HTTPGET, 1L); // undoes what a former hop has set
    if (slice_is(request->method, "HEAD"))
        curl_easy_setopt(easy, CURLOPT_NOBODY, 1L);
    if (sends && (request->body.data != NULL || !slice_is(request->method, "DELETE"))) {
        curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->body.len);
        curl_easy_setopt(easy, CURLOPT_POSTFIELDS,
                         request->body.data != NULL ? (const char *)request->body.data : "");
        curl_easy_setopt(easy, CURLOPT_POST, 1L);
    }
    curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST,
                     sends ? arena_text(&transfer->arena, request->method) : NULL);
}

static void put_fixed(struct transfer *transfer)
{
    CURL *easy = transfer->easy;

    curl_easy_setopt(easy, CURLOPT_PRIVATE, transfer);
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_PROXY, ""); // whatever the environment says
    curl_easy_setopt(easy, CURLOPT_NOPROXY, "*");
    curl_easy_setopt(easy, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
    curl_easy_setopt(easy, CURLOPT_DISALLOW_USERNAME_IN_URL, 1L);
    curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L); // hops are checked and made here
    curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 1L);
    curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 2L);
    curl_easy_setopt(easy, CURLOPT_CAINFO, transfer->limits.authorities);
    curl_easy_setopt(easy, CURLOPT_CAPATH, NULL);
    curl_easy_setopt(easy, CURLOPT_FRESH_CONNECT, 1L); // no line is shared by two calls
    curl_easy_setopt(easy, CURLOPT_FORBID_REUSE, 1L);
    curl_easy_setopt(easy, CURLOPT_PATH_AS_IS, 1L);
    curl_easy_setopt(easy, CURLOPT_USERAGENT, "Shuyuan");
    curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, open_socket);
    curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, transfer);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, take_body);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, transfer);
    curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, take_line);
    curl_easy_setopt(easy, CURLOPT_HEADERDATA, transfer);
}

// False when no time is left for it. The first is made all the same: libcurl tells its end, which
// must not come before transfer_start returns.
static bool begin_hop(struct transfer *transfer)
{
    int64_t left_ms = (transfer->deadline_us - clock_mono_us(transfer->all->clock)) / 1000;
    int64_t connect_ms = transfer->limits.connect_ms;

    if (left_ms <= 0 && transfer->report.hops > 0)
        return false;
    left_ms = left_ms > 0 ? left_ms : 1;
    transfer->body.len = transfer->fields.len = transfer->field_count = 0;
    transfer->report.hops++;
    put_head(transfer);
    put_method(transfer);
    curl_easy_setopt(transfer->easy, CURLOPT_PROTOCOLS_STR, transfer->url.tls ? "https" : "http");
    curl_easy_setopt(transfer->easy, CURLOPT_URL, url_text(&transfer->arena, &transfer->url));
    curl_easy_setopt(transfer->easy, CURLOPT_TIMEOUT_MS, (long)left_ms);
    curl_easy_setopt(transfer->easy, CURLOPT_CONNECTTIMEOUT_MS,
                     (long)(connect_ms < left_ms ? connect_ms : left_ms));
    curl_multi_add_handle(transfer->all->multi, transfer->easy);
    return true;
}

static void copy_request(struct transfer *transfer, const struct fetch_request *request)
{
    struct fetch_request *copy = &transfer->request;
    struct fetch_field *fields;

    *copy = *request;
    copy->method = arena_slice(&transfer->arena, request->method);
    if (request->body.data != NULL)
        copy->body = arena_slice(&transfer->arena, request->body);
    fields = arena_alloc(&transfer->arena, (request->field_count + 1) * sizeof *fields);
    for (size_t i = 0; i < request->field_count; i++)
        fields[i] = (struct fetch_field){arena_slice(&transfer->arena, request->fields[i].name),
                                         arena_slice(&transfer->arena, request->fields[i].value)};
    copy->fields = fields;
    url_parse(&transfer->arena, request->url, &transfer->url, NULL);
}

struct transfer *transfer_start(struct transfers *transfers, const struct fetch_request *request,
                                const struct fetch_rules *rules,
                                const struct transfer_limits *limits, transfer_done *done,
                                void *context)
{
    struct transfer *transfer = mem_zero(sizeof *transfer);

    transfer->all = transfers;
    transfer->rules = *rules;
    transfer->limits = *limits;
    transfer->done = done;
    transfer->context = context;
    transfer->deadline_us =
        clock_mono_us(transfers->clock) + (int64_t)(request->timeout_ms + 1) * 1000;
    transfer->easy = curl_easy_init();
    copy_request(transfer, request);
    put_fixed(transfer);
    begin_hop(transfer);
    return transfer;
}

void transfer_stop(struct transfer *transfer)
{
    curl_multi_remove_handle(transfer->all->multi, transfer->easy);
    curl_easy_cleanup(transfer->easy);
    curl_slist_free_all(transfer->head);
    buffer_finish(&transfer->body);
    buffer_finish(&transfer->fields);
    arena_finish(&transfer->arena);
    free(transfer);
}

// How it ends ----------------------------------------------------------------------------

static enum fetch_outcome outcome_of(const struct transfer *transfer, CURLcode code)
{
    if (code == CURLE_OK)
        return FETCH_DONE;
    if (transfer->is_too_large)
        return FETCH_TOO_LARGE;
    if (code == CURLE_OPERATION_TIMEDOUT)
        return FETCH_TIMEOUT;
    if (code == CURLE_PEER_FAILED_VERIFICATION || code == CURLE_SSL_CONNECT_ERROR ||
        code == CURLE_SSL_CACERT_BADFILE || code == CURLE_SSL_CERTPROBLEM ||
        code == CURLE_SSL_ISSUER_ERROR)
        return FETCH_CERTIFICATE;
    return transfer->report.refused[0] != 0 ? FETCH_ADDRESS : FETCH_UNREACHABLE;
}

static void read_kept(struct transfer *transfer, struct fetch_answer *answer)
{
    struct reader reader = reader_of(buffer_view(&transfer->fields));

    answer->fields = arena_alloc(&transfer->arena,
                                 (transfer->field_count + 1) * sizeof *answer->fields);
    answer->field_count = transfer->field_count;
    for (size_t i = 0; i < transfer->field_count; i++) {
        answer->fields[i].name = read_sized(&reader);
        answer->fields[i].value = read_sized(&reader);
    }
}

static void finish(struct transfer *transfer, enum fetch_outcome outcome, unsigned status)
{
    struct fetch_answer answer = {.outcome = outcome, .status = status};

    if (outcome == FETCH_DONE) {
        answer.body = buffer_view(&transfer->body);
        read_kept(transfer, &answer);
    }
    transfer->report.url = &transfer->url;
    transfer->done(transfer->context, &answer, &transfer->report);
    transfer_stop(transfer);
}

static bool leads_on(unsigned status)
{
    return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

static bool is_same_origin(const struct url *a, const struct url *b)
{
    return a->tls == b->tls && a->port == b->port && strcmp(a->host, b->host) == 0;
}

// 307 and 308 repeat the request; after the others it is a GET, as every browser has it.
static void change_method(struct fetch_request *request, unsigned status)
{
    if (status == 307 || status == 308 || slice_is(request->method, "HEAD") ||
        slice_is(request->method, "GET"))
        return;
    request->method = slice_text("GET");
    request->body = (struct slice){NULL, 0};
}

// The next hop, under the same rules as the first. Never from https to http.
static bool follow(struct transfer *transfer, const char *where, unsigned status)
{
    struct url url;

    if ((int64_t)transfer->report.hops > transfer->limits.redirects ||
        !url_parse(&transfer->arena, slice_text(where), &url, NULL) ||
        !fetch_check_url(&url, &transfer->rules, NULL) || (transfer->url.tls && !url.tls))
        return false;
    transfer->is_elsewhere = transfer->is_elsewhere || !is_same_origin(&transfer->url, &url);
    transfer->url = url;
    change_method(&transfer->request, status);
    return true;
}

static void end_hop(struct transfer *transfer, CURLcode code)
{
    enum fetch_outcome outcome = outcome_of(transfer, code);
    char *where = NULL;
    long status = 0;

    curl_easy_getinfo(transfer->easy, CURLINFO_RESPONSE_CODE, &status);
    curl_easy_getinfo(transfer->easy, CURLINFO_REDIRECT_URL, &where);
    where = where != NULL ? arena_text(&transfer->arena, slice_text(where)) : NULL;
    curl_multi_remove_handle(transfer->all->multi, transfer->easy);
    if (outcome != FETCH_DONE || where == NULL || !leads_on((unsigned)status))
        finish(transfer, outcome, (unsigned)status);
    else if (!follow(transfer, where, (unsigned)status))
        finish(transfer, FETCH_REDIRECT, 0);
    else if (!begin_hop(transfer))
        finish(transfer, FETCH_TIMEOUT, 0);
}

static void end_all(struct transfers *transfers)
{
    CURLMsg *message;
    int left;

    while ((message = curl_multi_info_read(transfers->multi, &left)) != NULL) {
        CURLcode code = message->data.result;
        char *transfer = NULL;

        if (message->msg != CURLMSG_DONE)
            continue;
        curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &transfer);
        end_hop((struct transfer *)(void *)transfer, code);
    }
}

void transfers_wait(struct transfers *transfers, struct pollfd *others, size_t count,
                    int timeout_ms)
{
    struct curl_waitfd waits[WAIT_MAX];
    int running;

    for (size_t i = 0; i < count && i < WAIT_MAX; i++)
        waits[i] = (struct curl_waitfd){
            .fd = others[i].fd,
            .events = (short)((others[i].events & POLLIN ? CURL_WAIT_POLLIN : 0) |
                              (others[i].events & POLLOUT ? CURL_WAIT_POLLOUT : 0))};
    curl_multi_poll(transfers->multi, waits, (unsigned)count, timeout_ms, NULL);
    for (size_t i = 0; i < count && i < WAIT_MAX; i++)
        others[i].revents = (short)((waits[i].revents & CURL_WAIT_POLLIN ? POLLIN : 0) |
                                    (waits[i].revents & CURL_WAIT_POLLOUT ? POLLOUT : 0));
    curl_multi_perform(transfers->multi, &running);
    end_all(transfers);
}
