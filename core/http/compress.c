// SPDX-License-Identifier: Apache-2.0
// gzip of answers made on the fly.
//
// A compressed page that holds both a secret and text of an attacker's choice betrays the
// secret by its length (BREACH). Pages here hold a form token that stays the same for a
// session. So each answer hides its length behind a file name of random length in the gzip
// header, which every client skips ("Heal the BREACH", 2022; Django does the same): up to
// 100 bytes make guessing one byte cost thousands of requests instead of one. Session cookies
// are SameSite, which keeps other sites from asking at all.
#include <zlib.h>

#include "http/head.h"
#include "http/server.h"

enum { NAME_MAX_LEN = 100, COMPRESS_MAX = 1024 * 1024 };

struct compressor {
    z_stream stream; // made once, reset for each answer
};

struct compressor *compressor_create(void)
{
    struct compressor *compressor = mem_zero(sizeof *compressor);

    // the fastest level: more would cost more than the rest of the request; 15 + 16: gzip
    if (deflateInit2(&compressor->stream, Z_BEST_SPEED, Z_DEFLATED, 15 + 16, 8,
                     Z_DEFAULT_STRATEGY) != Z_OK) {
        free(compressor);
        return NULL;
    }
    return compressor;
}

void compressor_destroy(struct compressor *compressor)
{
    if (compressor != NULL)
        deflateEnd(&compressor->stream);
    free(compressor);
}

bool compress_type(struct slice type)
{
    static const char *const types[] = {"application/json",       "application/problem+json",
                                        "application/javascript", "application/manifest+json",
                                        "application/xml",        "image/svg+xml"};

    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (slice_starts(type, slice_text(types[i])))
            return true;
    return slice_starts(type, slice_text("text/"));
}

// "0.8" in thousandths; malformed counts as 0.
static int quality_of(struct slice text)
{
    int value = 0, digits = 0;

    if (text.len == 0 || text.len > 5 || (text.data[0] != '0' && text.data[0] != '1'))
        return 0;
    value = (text.data[0] - '0') * 1000;
    for (size_t i = 2, weight = 100; i < text.len; i++, weight /= 10, digits++) {
        if (text.data[1] != '.' || text.data[i] < '0' || text.data[i] > '9')
            return 0;
        value += (text.data[i] - '0') * (int)weight;
    }
    return value > 1000 ? 1000 : value;
}

static struct slice trimmed(const uint8_t *from, const uint8_t *to)
{
    while (from < to && (*from == ' ' || *from == '\t'))
        from++;
    while (to > from && (to[-1] == ' ' || to[-1] == '\t'))
        to--;
    return slice_of(from, (size_t)(to - from));
}

// One element, "gzip;q=0.5": its quality, -1 when it is about another coding.
static int quality_in(struct slice element, const char *coding)
{
    const uint8_t *end = element.data + element.len;
    const uint8_t *semicolon = element.len > 0 ? memchr(element.data, ';', element.len) : NULL;
    struct slice weight;

    if (!head_same(trimmed(element.data, semicolon != NULL ? semicolon : end), coding))
        return -1;
    if (semicolon == NULL)
        return 1000;
    weight = trimmed(semicolon + 1, end);
    if (weight.len < 2 || (weight.data[0] | 0x20) != 'q' || weight.data[1] != '=')
        return 0;
    return quality_of(slice_of(weight.data + 2, weight.len - 2));
}

int accepted_quality(struct slice accept, const char *coding)
{
    int any = -1;
    size_t from = 0;

    for (size_t i = 0; accept.data != NULL && i <= accept.len; i++) {
        struct slice element;
        int quality;

        if (i < accept.len && accept.data[i] != ',')
            continue;
        element = slice_of(accept.data + from, i - from);
        from = i + 1;
        if ((quality = quality_in(element, coding)) >= 0)
            return quality;
        if (any < 0)
            any = quality_in(element, "*");
    }
    return any < 0 ? 0 : any;
}

static void name_of_random_length(struct http_server *server, char name[NAME_MAX_LEN + 1])
{
    uint8_t len;

    do {
        random_fill(&server->random, &len, 1);
    } while (len >= 202); // 2 × 101: no length is more likely than another
    memset(name, 'x', NAME_MAX_LEN);
    name[len % 101] = 0;
}

bool compress_body(struct http_request *request, struct slice body, struct slice *packed)
{
    struct http_server *server = request->connection->server;
    z_stream *stream = &server->compressor->stream;
    char name[NAME_MAX_LEN + 1];
    gz_header header = {.name = (Bytef *)name, .os = 255};
    size_t room = body.len - body.len / 16;

    if (body.len > COMPRESS_MAX ||
        accepted_quality(http_header(request, "accept-encoding"), "gzip") == 0)
        return false;
    name_of_random_length(server, name);
    deflateReset(stream);
    deflateSetHeader(stream, &header);
    stream->next_in = (Bytef *)(uintptr_t)body.data;
    stream->avail_in = (uInt)body.len;
    stream->next_out = h2o_mem_alloc_pool(&request->req->pool, room);
    stream->avail_out = (uInt)room;
    *packed = slice_of(stream->next_out, 0);
    if (deflate(stream, Z_FINISH) != Z_STREAM_END)
        return false; // it does not get smaller
    packed->len = room - stream->avail_out;
    return true;
}
