// SPDX-License-Identifier: Apache-2.0
#include "check.h"

#include "base/buffer.h"
#include "crypto/primitive.h"

// Bytes written as hexadecimal digits, equal to those given.
static bool is_hex(const uint8_t *bytes, size_t len, const char *hex)
{
    char pair[3];

    for (size_t i = 0; i < len; i++) {
        snprintf(pair, sizeof pair, "%02x", bytes[i]);
        if (memcmp(pair, hex + 2 * i, 2) != 0)
            return false;
    }
    return strlen(hex) == 2 * len;
}

static void sha256_gives_the_answers_of_fips_180(void)
{
    uint8_t digest[DIGEST_LEN];

    digest_sha256(slice_text("abc"), digest);
    CHECK(is_hex(digest, sizeof digest,
                 "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"));
    digest_sha256(slice_text(""), digest);
    CHECK(is_hex(digest, sizeof digest,
                 "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"));
    digest_sha256(slice_text("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"), digest);
    CHECK(is_hex(digest, sizeof digest,
                 "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"));
}

static void hmac_gives_the_answers_of_rfc_4231(void)
{
    uint8_t digest[DIGEST_LEN], key[131];

    memset(key, 0x0b, 20);
    digest_hmac(slice_of(key, 20), slice_text("Hi There"), digest);
    CHECK(is_hex(digest, sizeof digest,
                 "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"));
    digest_hmac(slice_text("Jefe"), slice_text("what do ya want for nothing?"), digest);
    CHECK(is_hex(digest, sizeof digest,
                 "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"));
    memset(key, 0xaa, sizeof key);
    digest_hmac(slice_of(key, sizeof key),
                slice_text("Test Using Larger Than Block-Size Key - Hash Key First"), digest);
    CHECK(is_hex(digest, sizeof digest,
                 "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"));
}

static void parts_are_digested_with_their_lengths(void)
{
    struct slice key = slice_text("key"), ab_c[] = {slice_text("ab"), slice_text("c")},
                 a_bc[] = {slice_text("a"), slice_text("bc")};
    uint8_t one[DIGEST_LEN], two[DIGEST_LEN], whole[DIGEST_LEN];
    struct buffer buffer = BUFFER_EMPTY;

    digest_hmac_parts(key, ab_c, 2, one);
    digest_hmac_parts(key, a_bc, 2, two);
    for (int i = 0; i < 2; i++) {
        buffer_u32(&buffer, (uint32_t)ab_c[i].len);
        buffer_slice(&buffer, ab_c[i]);
    }
    digest_hmac(key, buffer_view(&buffer), whole);

    CHECK(memcmp(one, two, sizeof one) != 0);
    CHECK(memcmp(one, whole, sizeof one) == 0);
    buffer_finish(&buffer);
}

static void hkdf_gives_the_answers_of_rfc_5869(void)
{
    uint8_t key[22], out[42];
    static const uint8_t salt[] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12};
    static const uint8_t info[] = {0xf0, 0xf1, 0xf2, 0xf3, 0xf4, 0xf5, 0xf6, 0xf7, 0xf8, 0xf9};

    memset(key, 0x0b, sizeof key);
    hkdf_sha256(slice_of(key, sizeof key), slice_of(salt, sizeof salt), slice_of(info, sizeof info),
                out, sizeof out);
    CHECK(is_hex(out, sizeof out,
                 "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf"
                 "34007208d5b887185865"));
    hkdf_sha256(slice_of(key, sizeof key), slice_text(""), slice_text(""), out, sizeof out);
    CHECK(is_hex(out, sizeof out,
                 "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d"
                 "9d201395faa4b61a96c8"));
}

static void secrets_of_other_length_or_content_differ(void)
{
    CHECK(secret_equal(slice_text("token"), slice_text("token")));
    CHECK(!secret_equal(slice_text("token"), slice_text("tokem")));
    CHECK(!secret_equal(slice_text("token"), slice_text("token ")));
    CHECK(secret_equal(slice_text(""), slice_text("")));
}

static void a_wiped_secret_is_gone(void)
{
    uint8_t bytes[] = {1, 2, 3}, zero[3] = {0};

    secret_wipe(bytes, sizeof bytes);
    CHECK(memcmp(bytes, zero, sizeof zero) == 0);
}

static void base64url_gives_the_answers_of_rfc_4648(void)
{
    static const char *const pairs[][2] = {{"", ""},         {"f", "Zg"},         {"fo", "Zm8"},
                                           {"foo", "Zm9v"},  {"foob", "Zm9vYg"},
                                           {"fooba", "Zm9vYmE"}, {"foobar", "Zm9vYmFy"},
                                           {"\xfb\xff\xfe", "-__-"}};
    struct arena arena = ARENA_EMPTY;
    struct slice bytes;

    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
        CHECK(strcmp(base64url(&arena, slice_text(pairs[i][0])), pairs[i][1]) == 0);
        CHECK(base64url_decode(&arena, slice_text(pairs[i][1]), &bytes));
        CHECK(slice_is(bytes, pairs[i][0]));
    }
    arena_finish(&arena);
}

static void base64url_with_other_letters_padding_or_stray_bits_is_refused(void)
{
    static const char *const texts[] = {"Zg==", "Zm8=", "Zh", "Zm9", "Z", "Zm9vY", "+/", "Zm 9", "Zm9\n"};
    struct arena arena = ARENA_EMPTY;
    struct slice bytes;

    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        CHECK(!base64url_decode(&arena, slice_text(texts[i]), &bytes));
    arena_finish(&arena);
}

int main(void)
{
    RUN(sha256_gives_the_answers_of_fips_180);
    RUN(hmac_gives_the_answers_of_rfc_4231);
    RUN(parts_are_digested_with_their_lengths);
    RUN(hkdf_gives_the_answers_of_rfc_5869);
    RUN(secrets_of_other_length_or_content_differ);
    RUN(a_wiped_secret_is_gone);
    RUN(base64url_gives_the_answers_of_rfc_4648);
    RUN(base64url_with_other_letters_padding_or_stray_bits_is_refused);
    return check_report("digest");
}
