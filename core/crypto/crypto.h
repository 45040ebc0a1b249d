// SPDX-License-Identifier: Apache-2.0
// What the platform needs of cryptography, over OpenSSL 3 and libargon2.
#pragma once

#include "base/clock.h"
#include "base/err.h"
#include "base/mem.h"

enum { DIGEST_LEN = 32, SECRET_LEN = 32 };

// SHA-256 and HMAC-SHA-256 (FIPS 180-4, RFC 2104).
void digest_sha256(struct slice bytes, uint8_t digest[DIGEST_LEN]);
void digest_hmac(struct slice key, struct slice bytes, uint8_t digest[DIGEST_LEN]);
// Several pieces digested one after the other, each preceded by its length (u32).
void digest_hmac_parts(struct slice key, const struct slice *parts, size_t count,
                       uint8_t digest[DIGEST_LEN]);
// SHA-256 of what comes in pieces.
struct digest;
struct digest *digest_begin(void);
void digest_add(struct digest *digest, struct slice piece);
void digest_end(struct digest *digest, uint8_t result[DIGEST_LEN]); // frees it
// SHA-1 proves nothing; protocols that ask for it (tus) take it for a checksum.
enum { SHA1_LEN = 20 };
void digest_sha1(struct slice bytes, uint8_t digest[SHA1_LEN]);
// Constant time; false when the lengths differ.
bool secret_equal(struct slice a, struct slice b);
void secret_wipe(void *bytes, size_t len);

// URL-safe base64 without padding (RFC 4648 section 5).
char *base64url(struct arena *arena, struct slice bytes);
void base64url_write(char *text, struct slice bytes); // room for (len * 4 + 2) / 3 + 1
bool base64url_decode(struct arena *arena, struct slice text, struct slice *bytes);

// Passwords: Argon2id, 19 MiB, t=2, p=1, PHC strings. Slow on purpose (about 50 ms):
// never on an event loop.
enum { PASSWORD_HASH_MAX = 128 };
bool password_hash(struct random *random, struct slice password, char hash[PASSWORD_HASH_MAX],
                   struct err *err);
bool password_verify(const char *hash, struct slice password); // hash NULL: verifies a dummy, false
bool password_is_outdated(const char *hash); // made with weaker parameters than today's
// Rules for new passwords: 8 to 128 characters of UTF-8, not in the list of common ones.
// Returns NULL, or a stable word: "short", "long", "common", "encoding".
const char *password_problem(struct slice password);

// The instance's secrets, derived from one master key in a file of mode 0600.
struct keyring;
// Makes the file when it is absent. Refuses one that others may read.
struct keyring *keyring_open(const char *path, struct random *random, struct err *err);
void keyring_close(struct keyring *keyring);
// A key for one purpose ("csrf", "device", …): HKDF-SHA-256 of the master key.
void keyring_derive(struct keyring *keyring, const char *purpose, uint8_t key[SECRET_LEN]);

// Sealing of personal numbers. The one interface behind which a keeper process can stand:
// nobody else holds the keys. AES-256-GCM, random 96-bit nonce; `place` (organisation,
// collection, field) is bound in as additional data, so that a sealed value moved
// elsewhere does not open.
struct sealer;
struct sealer *sealer_open(struct keyring *keyring, struct random *random, struct err *err);
void sealer_close(struct sealer *sealer);
bool seal(struct sealer *sealer, struct arena *arena, struct slice place, struct slice plain,
          struct slice *sealed, struct err *err);
bool unseal(struct sealer *sealer, struct arena *arena, struct slice place, struct slice sealed,
            struct slice *plain, struct err *err); // ERR_CORRUPT
// The keyed hash by which a sealed number is looked up; kind keeps number spaces apart.
void seal_lookup(struct sealer *sealer, const char *kind, struct slice plain,
                 uint8_t hash[DIGEST_LEN]);

// TLS server side: 1.2 and 1.3, certificate chain and key as PEM files (key not readable by
// others), ALPN h2 and http/1.1, session tickets on, compression and renegotiation off.
struct ssl_ctx_st;
struct ssl_ctx_st *tls_server_create(const char *certificate, const char *key, struct err *err);
void tls_server_destroy(struct ssl_ctx_st *context);
