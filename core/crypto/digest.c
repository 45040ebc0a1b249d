// SPDX-License-Identifier: Apache-2.0
// Digests. OpenSSL fails here only when memory ends or its library is broken; nothing
// can be promised then, so the process stops.
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/kdf.h>
#include <stdio.h>
#include <stdlib.h>

#include "crypto/primitive.h"

static void must(bool good)
{
    if (!good) {
        fputs("openssl: a digest failed\n", stderr);
        abort();
    }
}

void digest_sha256(struct slice bytes, uint8_t digest[DIGEST_LEN])
{
    must(EVP_Digest(bytes.data, bytes.len, digest, NULL, EVP_sha256(), NULL) == 1);
}

void digest_sha1(struct slice bytes, uint8_t digest[SHA1_LEN])
{
    must(EVP_Digest(bytes.data, bytes.len, digest, NULL, EVP_sha1(), NULL) == 1);
}

// The name is ours, the bytes are OpenSSL's.
static EVP_MD_CTX *context_of(struct digest *digest)
{
    return (EVP_MD_CTX *)digest;
}

struct digest *digest_begin(void)
{
    EVP_MD_CTX *context = EVP_MD_CTX_new();

    must(context != NULL && EVP_DigestInit_ex(context, EVP_sha256(), NULL) == 1);
    return (struct digest *)context;
}

void digest_add(struct digest *digest, struct slice piece)
{
    must(EVP_DigestUpdate(context_of(digest), piece.data, piece.len) == 1);
}

void digest_end(struct digest *digest, uint8_t result[DIGEST_LEN])
{
    must(EVP_DigestFinal_ex(context_of(digest), result, NULL) == 1);
    EVP_MD_CTX_free(context_of(digest));
}

static EVP_MAC_CTX *hmac_begin(struct slice key)
{
    EVP_MAC *mac = EVP_MAC_fetch(NULL, "HMAC", NULL);
    EVP_MAC_CTX *context = mac != NULL ? EVP_MAC_CTX_new(mac) : NULL;
    char name[] = "SHA256";
    OSSL_PARAM params[] = {OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, name, 0),
                           OSSL_PARAM_construct_end()};

    // An absent key would mean "the key set before"; an empty one is a key.
    must(context != NULL &&
         EVP_MAC_init(context, key.len > 0 ? key.data : (const uint8_t *)"", key.len, params));
    EVP_MAC_free(mac); // the context holds it
    return context;
}

static void hmac_end(EVP_MAC_CTX *context, uint8_t digest[DIGEST_LEN])
{
    must(EVP_MAC_final(context, digest, NULL, DIGEST_LEN) == 1);
    EVP_MAC_CTX_free(context);
}

void digest_hmac(struct slice key, struct slice bytes, uint8_t digest[DIGEST_LEN])
{
    EVP_MAC_CTX *context = hmac_begin(key);

    must(EVP_MAC_update(context, bytes.data, bytes.len) == 1);
    hmac_end(context, digest);
}

void digest_hmac_parts(struct slice key, const struct slice *parts, size_t count,
                       uint8_t digest[DIGEST_LEN])
{
    EVP_MAC_CTX *context = hmac_begin(key);

    for (size_t i = 0; i < count; i++) {
        size_t len = parts[i].len;
        uint8_t head[4] = {(uint8_t)(len >> 24), (uint8_t)(len >> 16), (uint8_t)(len >> 8),
                           (uint8_t)len};

        must(len <= UINT32_MAX && EVP_MAC_update(context, head, sizeof head) == 1 &&
             EVP_MAC_update(context, parts[i].data, len) == 1);
    }
    hmac_end(context, digest);
}

void hkdf_sha256(struct slice key, struct slice salt, struct slice info, uint8_t *out, size_t len)
{
    EVP_KDF *kdf = EVP_KDF_fetch(NULL, "HKDF", NULL);
    EVP_KDF_CTX *context = kdf != NULL ? EVP_KDF_CTX_new(kdf) : NULL;
    char name[] = "SHA256";
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, name, 0),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_KEY, (void *)key.data, key.len),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SALT, (void *)salt.data, salt.len),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_INFO, (void *)info.data, info.len),
        OSSL_PARAM_construct_end()};

    must(context != NULL && EVP_KDF_derive(context, out, len, params) == 1);
    EVP_KDF_CTX_free(context);
    EVP_KDF_free(kdf);
}
