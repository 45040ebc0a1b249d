// SPDX-License-Identifier: Apache-2.0
// Passwords, over libargon2. They are compared as NFC, so that one typed on another
// keyboard is the same password.
#include <argon2.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/text.h"
#include "crypto/crypto.h"

enum { MEMORY_KIB = 19456, PASSES = 2, LANES = 1, SALT_LEN = 16 };
enum { CHARS_MIN = 8, CHARS_MAX = 128, BYTES_MAX = 4 * CHARS_MAX };

// What an unknown account is verified against: the same work, never a match (its digest is
// zero bytes, which no input is known to give).
static const char dummy[] = "$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA"
                            "$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

static void forget(struct arena *arena, struct slice password)
{
    if (password.data != NULL)
        secret_wipe((void *)password.data, password.len); // ours: text_nfc copies
    arena_finish(arena);
}

bool password_hash(struct random *random, struct slice password, char hash[PASSWORD_HASH_MAX],
                   struct err *err)
{
    struct arena arena = ARENA_EMPTY;
    struct slice typed = text_nfc(&arena, password);
    uint8_t salt[SALT_LEN];
    int rc = ARGON2_PWD_TOO_LONG;

    if (typed.data != NULL && typed.len <= BYTES_MAX) {
        random_fill(random, salt, sizeof salt);
        rc = argon2id_hash_encoded(PASSES, MEMORY_KIB, LANES, typed.data, typed.len, salt,
                                   sizeof salt, DIGEST_LEN, hash, PASSWORD_HASH_MAX);
    }
    forget(&arena, typed);
    if (rc == ARGON2_OK)
        return true;
    return err_set(err, rc == ARGON2_PWD_TOO_LONG ? ERR_INPUT : ERR_LIMIT, "hash a password: %s",
                   argon2_error_message(rc));
}

// A hash that cannot be read costs as much as one that does not fit.
bool password_verify(const char *hash, struct slice password)
{
    struct arena arena = ARENA_EMPTY;
    struct slice none = {NULL, 0},
                 typed = password.len <= BYTES_MAX ? text_nfc(&arena, password) : none;
    int rc = ARGON2_DECODING_FAIL;

    if (hash != NULL && typed.data != NULL)
        rc = argon2id_verify(hash, typed.data, typed.len);
    if (rc != ARGON2_OK && rc != ARGON2_VERIFY_MISMATCH)
        (void)argon2id_verify(dummy, typed.data, typed.len);
    forget(&arena, typed);
    return rc == ARGON2_OK;
}

bool password_is_outdated(const char *hash)
{
    unsigned memory, passes, lanes;

    return sscanf(hash, "$argon2id$v=19$m=%u,t=%u,p=%u$", &memory, &passes, &lanes) != 3 ||
           memory < MEMORY_KIB || passes < PASSES || lanes < LANES;
}

enum { COMMON_MAX = 16 };

static const char common[][COMMON_MAX + 1] = {
#include "crypto/common_passwords.inc"
};

static int compare(const void *key, const void *entry)
{
    return strcmp(key, entry);
}

static bool is_common(struct slice password)
{
    char lower[COMMON_MAX + 1] = {0};
    size_t same = 0;

    while (same < password.len && password.data[same] == password.data[0])
        same++;
    if (same == password.len)
        return true; // one letter repeated
    if (password.len > COMMON_MAX)
        return false;
    for (size_t i = 0; i < password.len; i++) {
        uint8_t c = password.data[i];

        lower[i] = (char)(c >= 'A' && c <= 'Z' ? c + 'a' - 'A' : c);
    }
    return bsearch(lower, common, sizeof common / sizeof *common, sizeof *common, compare) != NULL;
}

const char *password_problem(struct slice password)
{
    struct arena arena = ARENA_EMPTY;
    struct slice none = {NULL, 0},
                 typed = password.len <= 2 * BYTES_MAX ? text_nfc(&arena, password) : none;
    const char *problem = NULL;

    if (password.len > 2 * BYTES_MAX)
        problem = "long";
    else if (typed.data == NULL)
        problem = "encoding";
    else if (text_chars(typed) < CHARS_MIN)
        problem = "short";
    else if (text_chars(typed) > CHARS_MAX)
        problem = "long";
    else if (is_common(typed))
        problem = "common";
    forget(&arena, typed);
    return problem;
}
