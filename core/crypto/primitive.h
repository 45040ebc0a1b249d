// SPDX-License-Identifier: Apache-2.0
// Inside crypto/ only: the primitives under the interface, so that the known answers of
// their standards can be tested.
#pragma once

#include "crypto/crypto.h"

enum { NONCE_LEN = 12, TAG_LEN = 16 };

// HKDF-SHA-256 (RFC 5869), extract and expand.
void hkdf_sha256(struct slice key, struct slice salt, struct slice info, uint8_t *out, size_t len);

// AES-256-GCM (NIST SP 800-38D): cipher text of the same length, then the tag.
void gcm_encrypt(const uint8_t key[SECRET_LEN], const uint8_t nonce[NONCE_LEN], struct slice bound,
                 struct slice plain, uint8_t *out);
// False when the tag does not fit; out then holds nothing of use.
bool gcm_decrypt(const uint8_t key[SECRET_LEN], const uint8_t nonce[NONCE_LEN], struct slice bound,
                 struct slice cipher, uint8_t *out);
