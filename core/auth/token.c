// SPDX-License-Identifier: Apache-2.0
// Tokens that nobody stores: they are recomputed and compared.
#include "auth/inside.h"

static void make(const uint8_t key[SECRET_LEN], const char *purpose, struct slice bound,
                 char token[TOKEN_TEXT_LEN + 1])
{
    struct slice parts[] = {slice_text(purpose), bound};
    uint8_t digest[DIGEST_LEN];

    digest_hmac_parts(slice_of(key, SECRET_LEN), parts, 2, digest);
    base64url_write(token, slice_of(digest, sizeof digest));
}

static bool is_same(const char *expected, struct slice token)
{
    return token.data != NULL && secret_equal(slice_of(expected, TOKEN_TEXT_LEN), token);
}

void auth_csrf(const struct auth *auth, const struct session *session, struct slice anonymous,
               char token[TOKEN_TEXT_LEN + 1])
{
    if (session != NULL)
        make(auth->csrf_key, "session", slice_of(session->key, DIGEST_LEN), token);
    else
        make(auth->csrf_key, "anonymous", anonymous, token);
}

bool auth_csrf_ok(const struct auth *auth, const struct session *session, struct slice anonymous,
                  struct slice token)
{
    char expected[TOKEN_TEXT_LEN + 1];

    if (session == NULL && anonymous.len == 0)
        return false; // bound to nothing: anybody could have got it
    auth_csrf(auth, session, anonymous, expected);
    return is_same(expected, token);
}

void auth_device(const struct auth *auth, const struct account *account,
                 char token[TOKEN_TEXT_LEN + 1])
{
    make(auth->device_key, "device", slice_of(account->ref.id.bytes, ID_LEN), token);
}

bool auth_device_ok(const struct auth *auth, const struct account *account, struct slice token)
{
    char expected[TOKEN_TEXT_LEN + 1];

    auth_device(auth, account, expected);
    return is_same(expected, token);
}
