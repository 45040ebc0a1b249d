// SPDX-License-Identifier: Apache-2.0
// Handling of secrets: comparing, wiping, writing as text.
#include <openssl/crypto.h>

#include "crypto/crypto.h"

bool secret_equal(struct slice a, struct slice b)
{
    return a.len == b.len && CRYPTO_memcmp(a.data, b.data, a.len) == 0;
}

void secret_wipe(void *bytes, size_t len)
{
    OPENSSL_cleanse(bytes, len);
}

static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

void base64url_write(char *text, struct slice bytes)
{
    unsigned window = 0, bits = 0;

    for (size_t i = 0; i < bytes.len; i++) {
        window = (window & 0xff) << 8 | bytes.data[i];
        for (bits += 8; bits >= 6; bits -= 6)
            *text++ = letters[window >> (bits - 6) & 63];
    }
    if (bits > 0)
        *text++ = letters[window << (6 - bits) & 63];
    *text = 0;
}

char *base64url(struct arena *arena, struct slice bytes)
{
    char *text = arena_alloc(arena, (bytes.len * 4 + 2) / 3 + 1);

    base64url_write(text, bytes);
    return text;
}

static int letter_value(uint8_t c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    return c == '-' ? 62 : c == '_' ? 63 : -1;
}

// One text for one value: unused bits at the end must be zero, or a token would have twins.
bool base64url_decode(struct arena *arena, struct slice text, struct slice *bytes)
{
    uint8_t *out = arena_alloc(arena, text.len + 1);
    unsigned window = 0, bits = 0;
    size_t len = 0;

    for (size_t i = 0; i < text.len; i++) {
        int value = letter_value(text.data[i]);

        if (value < 0)
            return false;
        window = (window & 0xff) << 6 | (unsigned)value;
        if ((bits += 6) >= 8)
            out[len++] = (uint8_t)(window >> (bits -= 8));
    }
    if (text.len % 4 == 1 || (window & ((1u << bits) - 1)) != 0)
        return false;
    *bytes = slice_of(out, len);
    return true;
}
