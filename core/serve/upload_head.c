// SPDX-License-Identifier: Apache-2.0
#include "serve/upload.h"

enum { NUMBER_DIGITS = 15 };

static bool read_number(struct slice text, uint64_t *number)
{
    *number = 0;
    if (text.data == NULL || text.len == 0 || text.len > NUMBER_DIGITS)
        return false;
    for (size_t i = 0; i < text.len; i++) {
        if (text.data[i] < '0' || text.data[i] > '9')
            return false;
        *number = *number * 10 + (uint64_t)(text.data[i] - '0');
    }
    return true;
}

bool upload_read_offset(struct exchange *x, struct upload *upload)
{
    if (read_number(http_header(x->http, "upload-offset"), &upload->offset))
        return true;
    upload_refuse(x, 400, "offset");
    return false;
}

bool upload_read_length(struct exchange *x, uint64_t *length)
{
    if (read_number(http_header(x->http, "upload-length"), length))
        return true;
    upload_refuse(x, 400, "length"); // deferred lengths are not offered
    return false;
}

// Base64 of RFC 4648 section 4, with its padding.
static struct slice decode64(struct exchange *x, struct slice text)
{
    uint8_t *safe = arena_copy(&x->memory, text.data, text.len);
    size_t len = text.len;
    struct slice bytes;

    while (len > 0 && safe[len - 1] == '=')
        len--;
    for (size_t i = 0; i < len; i++)
        safe[i] = safe[i] == '+' ? '-' : safe[i] == '/' ? '_' : safe[i];
    if (!base64url_decode(&x->memory, slice_of(safe, len), &bytes))
        return (struct slice){NULL, 0};
    return bytes;
}

// "filename d29ybGQ=,org MDFr…": pairs by comma, key and value by a space.
struct slice upload_metadata(struct exchange *x, struct slice metadata, const char *key)
{
    struct slice wanted = slice_text(key);
    size_t end;

    for (size_t at = 0; at < metadata.len; at = end + 1) {
        const uint8_t *comma = memchr(metadata.data + at, ',', metadata.len - at);

        end = comma != NULL ? (size_t)(comma - metadata.data) : metadata.len;
        while (at < end && metadata.data[at] == ' ')
            at++;
        if (end - at > wanted.len && metadata.data[at + wanted.len] == ' ' &&
            memcmp(metadata.data + at, wanted.data, wanted.len) == 0) {
            at += wanted.len + 1;
            return decode64(x, slice_of(metadata.data + at, end - at));
        }
    }
    return (struct slice){NULL, 0};
}

static bool read_checksum(struct exchange *x, struct upload *upload)
{
    struct slice text = http_header(x->http, "upload-checksum");
    struct slice sha1 = slice_text("sha1 "), sha256 = slice_text("sha256 ");
    bool is_sha1 = slice_starts(text, sha1);
    size_t skip = is_sha1 ? sha1.len : sha256.len, len = is_sha1 ? SHA1_LEN : DIGEST_LEN;

    if (text.data == NULL)
        return true;
    if (!is_sha1 && !slice_starts(text, sha256))
        return false;
    upload->checksum = is_sha1 ? CHECKSUM_SHA1 : CHECKSUM_SHA256;
    upload->sum = decode64(x, slice_of(text.data + skip, text.len - skip));
    return upload->sum.len == len;
}

// The body of a PATCH, or of a POST that brings the first part along.
bool upload_read_part(struct exchange *x, struct upload *upload)
{
    upload->part = x->body;
    if ((!upload->creating || x->body.len > 0) &&
        !slice_is(http_header(x->http, "content-type"), "application/offset+octet-stream")) {
        upload_refuse(x, 415, "type");
        return false;
    }
    if (!read_checksum(x, upload)) {
        upload_refuse(x, 400, "checksum");
        return false;
    }
    return true;
}
