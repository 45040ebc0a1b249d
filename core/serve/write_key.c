// SPDX-License-Identifier: Apache-2.0
// Key: space, u16 day, person, 16 bytes of the SHA-256 of the key given.
// Value: 32 bytes of what was asked, u16 status, then type, location and body, each sized,
// and the version of the record.
#include "serve/write_key.h"

#include "store/space.h"

enum { DAY_MS = 86400000, KEY_LEN = 1 + 2 + ID_LEN + 16, KEY_GIVEN_MAX = 200,
       MADE_UP_LEN = 18, BODY_MAX = 65536 };

static struct slice given(const struct exchange *x)
{
    struct slice key = x->http != NULL ? http_header(x->http, "idempotency-key")
                                       : (struct slice){NULL, 0};

    return key.data != NULL ? key : exchange_form(x, "_key");
}

static struct slice make_up(struct exchange *x)
{
    uint8_t *bytes = arena_alloc(&x->memory, MADE_UP_LEN);

    random_fill(x->worker->instance.random, bytes, MADE_UP_LEN);
    return slice_of(bytes, MADE_UP_LEN);
}

// The key is copied on the first attempt: the client may be gone on the next. Who gave none
// gets one that lives as long as the exchange, so that its own attempts are told apart.
static struct slice remember(struct exchange *x)
{
    if (x->work == NULL) {
        struct slice key = given(x), *copy = arena_alloc(&x->memory, sizeof *copy);

        *copy = key.len > 0 ? arena_slice(&x->memory, key) : make_up(x);
        x->work = copy;
    }
    return *(struct slice *)x->work;
}

static struct slice make_key(const struct exchange *x, struct slice text, int64_t days_ago,
                             uint8_t key[KEY_LEN])
{
    uint16_t day =
        (uint16_t)(clock_wall_ms(x->worker->instance.clock) / DAY_MS - days_ago);
    uint8_t digest[DIGEST_LEN];

    digest_sha256(text, digest);
    key[0] = SPACE_WRITE;
    key[1] = (uint8_t)(day >> 8);
    key[2] = (uint8_t)day;
    memcpy(key + 3, x->session->person.bytes, ID_LEN);
    memcpy(key + 3 + ID_LEN, digest, 16);
    return slice_of(key, KEY_LEN);
}

// A form that was changed and sent again under the old key is not the same request.
static void digest_asked(struct exchange *x, uint8_t digest[DIGEST_LEN])
{
    size_t count = 0;
    struct slice *parts = arena_alloc(&x->attempt, (3 + 2 * x->query_count) * sizeof *parts);

    parts[count++] = slice_text(x->call.method);
    parts[count++] = x->path;
    parts[count++] = x->body;
    for (size_t i = 0; i < x->query_count; i++) {
        parts[count++] = x->query[i].name;
        parts[count++] = x->query[i].value;
    }
    digest_hmac_parts(slice_text("asked"), parts, count, digest);
}

static bool decode(struct exchange *x, struct slice value, struct err *err)
{
    struct reader reader = reader_of(value);
    struct slice asked = read_bytes(&reader, DIGEST_LEN), type, location;
    uint8_t digest[DIGEST_LEN];

    digest_asked(x, digest);
    if (!slice_equal(asked, slice_of(digest, sizeof digest)))
        return err_set(err, ERR_CONFLICT, "the key was used for another request");
    x->answer = (struct host_answer){.status = read_u16(&reader)};
    type = read_sized(&reader);
    location = read_sized(&reader);
    x->answer.type = type.len > 0 ? arena_text(&x->attempt, type) : NULL;
    x->answer.location = location.len > 0 ? arena_text(&x->attempt, location) : NULL;
    x->answer.body = arena_slice(&x->attempt, read_sized(&reader));
    x->answer.version = reader_left(&reader) > 0 ? read_u64(&reader) : 0; // an older one has none
    return !reader.failed || err_set(err, ERR_CORRUPT, "the stored answer of a write key");
}

bool write_key_find(struct exchange *x, bool *known, struct err *err)
{
    struct slice text = remember(x), value;
    uint8_t key[KEY_LEN];

    *known = false;
    if (text.len > KEY_GIVEN_MAX)
        return err_set(err, ERR_INPUT, "a write key has at most %d bytes", KEY_GIVEN_MAX);
    for (int64_t days_ago = 0; days_ago < 2; days_ago++) {
        if (!store_get(x->txn, make_key(x, text, days_ago, key), &value, err))
            return false;
        if (value.data != NULL) {
            *known = true;
            return decode(x, value, err);
        }
    }
    return true;
}

bool write_key_store(struct exchange *x, struct err *err)
{
    struct slice text = remember(x);
    struct buffer value = BUFFER_EMPTY;
    uint8_t key[KEY_LEN], digest[DIGEST_LEN];
    bool done;

    if (x->answer.body.len > BODY_MAX) // without its answer the key would be no protection
        return err_set(err, ERR_LIMIT, "the answer to a write has at most %d bytes", BODY_MAX);
    digest_asked(x, digest);
    buffer_bytes(&value, digest, sizeof digest);
    buffer_u16(&value, (uint16_t)x->answer.status);
    buffer_sized(&value, slice_text(x->answer.type != NULL ? x->answer.type : ""));
    buffer_sized(&value, slice_text(x->answer.location != NULL ? x->answer.location : ""));
    buffer_sized(&value, x->answer.body);
    buffer_u64(&value, x->answer.version);
    done = store_require(x->txn, make_key(x, text, 0, key), 0, err) &&
           store_put(x->txn, make_key(x, text, 0, key), buffer_view(&value), err);
    buffer_finish(&value);
    return done;
}
