// SPDX-License-Identifier: Apache-2.0
// A call to the outside: what is asked, what comes back, what may be asked at all, and both as
// frames between a job process (net/client.h) and the outbound process (net/transfer.h). Both ends
// check: the one so that an application hears what is wrong, the other because it trusts nobody.
#pragma once

#include "base/buffer.h"
#include "base/id.h"
#include "net/url.h"

enum {
    FETCH_FIELDS_MAX = 32,          // of a request's head
    FETCH_HEAD_MAX = 8 * 1024,      // their bytes
    FETCH_ANSWER_FIELDS_MAX = 100,
    FETCH_ANSWER_HEAD_MAX = 32 * 1024,
};
enum fetch_frame { FETCH_ASK = 1, FETCH_ANSWER = 2 };

struct fetch_field {
    struct slice name, value; // names in small letters
};

struct fetch_request {
    struct slice app;
    struct id org;
    struct slice method, url, body; // body.data NULL: none
    const struct fetch_field *fields;
    size_t field_count;
    uint32_t timeout_ms;
};

// What an application can act on; the word of each is what it gets.
enum fetch_outcome {
    FETCH_DONE,
    FETCH_TIMEOUT,     // no whole answer in time: it may have been done
    FETCH_UNREACHABLE, // no such name, nobody there, or the line broke: it may have been done
    FETCH_CERTIFICATE, // it is not who it should be
    FETCH_ADDRESS,     // the name leads inside
    FETCH_REDIRECT,    // it leads on to where this application may not go, or too often
    FETCH_TOO_LARGE,   // the answer
    FETCH_UNAVAILABLE, // the outbound process ended meanwhile: it may have been done
    FETCH_BUSY,        // the organisation has had its share; nothing was sent
    FETCH_REFUSED,     // not a request that may be sent; problem says why
    FETCH_OUTCOMES
};
const char *fetch_word(enum fetch_outcome outcome);

struct fetch_answer {
    enum fetch_outcome outcome;
    struct slice problem; // of REFUSED
    unsigned status;      // the rest: of DONE
    struct slice body;
    struct fetch_field *fields; // in the order they came
    size_t field_count;
};

struct fetch_rules {
    const char *const *hosts; // of the manifest
    bool plain_http;
    size_t body_max;
};

// Method, address, hosts and fields; the address is read into *url. ERR_DENIED: the manifest does
// not ask for the host. ERR_INPUT: malformed.
bool fetch_check(struct arena *arena, const struct fetch_request *request,
                 const struct fetch_rules *rules, struct url *url, struct err *err);
// The part of it that holds for an address that an answer leads on to, too.
bool fetch_check_url(const struct url *url, const struct fetch_rules *rules, struct err *err);

void fetch_put_request(struct buffer *buffer, const struct fetch_request *request);
void fetch_put_answer(struct buffer *buffer, const struct fetch_answer *answer);
// Slices point into the payload, fields lie in the arena. False: nonsense.
bool fetch_read_request(struct arena *arena, struct slice payload, struct fetch_request *request);
bool fetch_read_answer(struct arena *arena, struct slice payload, struct fetch_answer *answer);
