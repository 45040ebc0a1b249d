// SPDX-License-Identifier: Apache-2.0
// Sealed values: u8 version, nonce (12), cipher text, tag (16). The version is bound in
// with the place, so that an old form cannot be passed off as a newer one.
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/buffer.h"
#include "crypto/primitive.h"

enum { SEALED_VERSION = 1, SEALED_MORE = 1 + NONCE_LEN + TAG_LEN, PLAIN_MAX = 1024 * 1024 };

struct sealer {
    uint8_t seal_key[SECRET_LEN], lookup_key[SECRET_LEN];
    struct random *random;
};

static void must(bool good)
{
    if (!good) {
        fputs("openssl: a cipher failed\n", stderr);
        abort();
    }
}

void gcm_encrypt(const uint8_t key[SECRET_LEN], const uint8_t nonce[NONCE_LEN], struct slice bound,
                 struct slice plain, uint8_t *out)
{
    EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
    int len;

    must(context != NULL && EVP_EncryptInit_ex(context, EVP_aes_256_gcm(), NULL, key, nonce) &&
         EVP_EncryptUpdate(context, NULL, &len, bound.data, (int)bound.len) &&
         EVP_EncryptUpdate(context, out, &len, plain.data, (int)plain.len) &&
         EVP_EncryptFinal_ex(context, out + plain.len, &len) &&
         EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, TAG_LEN, out + plain.len));
    EVP_CIPHER_CTX_free(context);
}

bool gcm_decrypt(const uint8_t key[SECRET_LEN], const uint8_t nonce[NONCE_LEN], struct slice bound,
                 struct slice cipher, uint8_t *out)
{
    EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
    size_t plain_len = cipher.len - TAG_LEN;
    int len;
    bool genuine;

    must(context != NULL && EVP_DecryptInit_ex(context, EVP_aes_256_gcm(), NULL, key, nonce) &&
         EVP_DecryptUpdate(context, NULL, &len, bound.data, (int)bound.len) &&
         EVP_DecryptUpdate(context, out, &len, cipher.data, (int)plain_len) &&
         EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, TAG_LEN,
                             (void *)(cipher.data + plain_len)));
    genuine = EVP_DecryptFinal_ex(context, out + plain_len, &len) == 1;
    EVP_CIPHER_CTX_free(context);
    return genuine;
}

struct sealer *sealer_open(struct keyring *keyring, struct random *random, struct err *err)
{
    struct sealer *sealer = mem_zero(sizeof *sealer);

    (void)err; // a keeper process behind this interface may be absent; keys at hand are not
    sealer->random = random;
    keyring_derive(keyring, "seal", sealer->seal_key);
    keyring_derive(keyring, "lookup", sealer->lookup_key);
    return sealer;
}

void sealer_close(struct sealer *sealer)
{
    if (sealer == NULL)
        return;
    secret_wipe(sealer, sizeof *sealer);
    free(sealer);
}

static struct slice bind_version(struct arena *arena, uint8_t version, struct slice place)
{
    uint8_t *bound = arena_alloc(arena, 1 + place.len);

    bound[0] = version;
    if (place.len > 0)
        memcpy(bound + 1, place.data, place.len);
    return slice_of(bound, 1 + place.len);
}

bool seal(struct sealer *sealer, struct arena *arena, struct slice place, struct slice plain,
          struct slice *sealed, struct err *err)
{
    uint8_t *out;

    if (plain.len > PLAIN_MAX || place.len > PLAIN_MAX)
        return err_set(err, ERR_LIMIT, "seal: %zu bytes are too many", plain.len);
    out = arena_alloc(arena, plain.len + SEALED_MORE);
    out[0] = SEALED_VERSION;
    random_fill(sealer->random, out + 1, NONCE_LEN);
    gcm_encrypt(sealer->seal_key, out + 1, bind_version(arena, SEALED_VERSION, place), plain,
                out + 1 + NONCE_LEN);
    *sealed = slice_of(out, plain.len + SEALED_MORE);
    return true;
}

bool unseal(struct sealer *sealer, struct arena *arena, struct slice place, struct slice sealed,
            struct slice *plain, struct err *err)
{
    struct slice cipher;
    uint8_t *out;

    if (sealed.len < SEALED_MORE || sealed.len > PLAIN_MAX + SEALED_MORE ||
        sealed.data[0] != SEALED_VERSION)
        return err_set(err, ERR_CORRUPT, "unseal: this is not a sealed value");
    cipher = slice_of(sealed.data + 1 + NONCE_LEN, sealed.len - 1 - NONCE_LEN);
    out = arena_alloc(arena, cipher.len);
    if (!gcm_decrypt(sealer->seal_key, sealed.data + 1,
                     bind_version(arena, SEALED_VERSION, place), cipher, out))
        return err_set(err, ERR_CORRUPT, "unseal: the value was changed, moved or sealed elsewhere");
    *plain = slice_of(out, cipher.len - TAG_LEN);
    return true;
}

void seal_lookup(struct sealer *sealer, const char *kind, struct slice plain,
                 uint8_t hash[DIGEST_LEN])
{
    struct slice parts[] = {slice_text(kind), plain};

    digest_hmac_parts(slice_of(sealer->lookup_key, SECRET_LEN), parts, 2, hash);
}
