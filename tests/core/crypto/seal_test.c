// SPDX-License-Identifier: Apache-2.0
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "check.h"

#include "crypto/primitive.h"

static void keyring_path(char *path, size_t size, const char *folder, const char *name)
{
    snprintf(path, size, "%s/%s", folder, name);
}

static void write_file(const char *path, const char *text, mode_t mode)
{
    FILE *file = fopen(path, "w");

    CHECK(file != NULL && fputs(text, file) >= 0 && fclose(file) == 0 && chmod(path, mode) == 0);
}

static const char known_key[] = "shuyuan-key-1 AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8\n";

// McGrew and Viega, "The Galois/Counter Mode of Operation", test case 16.
static void gcm_gives_the_answer_of_its_specification(void)
{
    static const uint8_t key[] = {0xfe, 0xff, 0xe9, 0x92, 0x86, 0x65, 0x73, 0x1c, 0x6d, 0x6a, 0x8f,
                                  0x94, 0x67, 0x30, 0x83, 0x08, 0xfe, 0xff, 0xe9, 0x92, 0x86, 0x65,
                                  0x73, 0x1c, 0x6d, 0x6a, 0x8f, 0x94, 0x67, 0x30, 0x83, 0x08};
    static const uint8_t nonce[] = {0xca, 0xfe, 0xba, 0xbe, 0xfa, 0xce,
                                    0xdb, 0xad, 0xde, 0xca, 0xf8, 0x88};
    static const uint8_t bound[] = {0xfe, 0xed, 0xfa, 0xce, 0xde, 0xad, 0xbe, 0xef, 0xfe, 0xed,
                                    0xfa, 0xce, 0xde, 0xad, 0xbe, 0xef, 0xab, 0xad, 0xda, 0xd2};
    static const uint8_t plain[] = {
        0xd9, 0x31, 0x32, 0x25, 0xf8, 0x84, 0x06, 0xe5, 0xa5, 0x59, 0x09, 0xc5, 0xaf, 0xf5, 0x26,
        0x9a, 0x86, 0xa7, 0xa9, 0x53, 0x15, 0x34, 0xf7, 0xda, 0x2e, 0x4c, 0x30, 0x3d, 0x8a, 0x31,
        0x8a, 0x72, 0x1c, 0x3c, 0x0c, 0x95, 0x95, 0x68, 0x09, 0x53, 0x2f, 0xcf, 0x0e, 0x24, 0x49,
        0xa6, 0xb5, 0x25, 0xb1, 0x6a, 0xed, 0xf5, 0xaa, 0x0d, 0xe6, 0x57, 0xba, 0x63, 0x7b, 0x39};
    static const uint8_t cipher[] = {
        0x52, 0x2d, 0xc1, 0xf0, 0x99, 0x56, 0x7d, 0x07, 0xf4, 0x7f, 0x37, 0xa3, 0x2a, 0x84, 0x42,
        0x7d, 0x64, 0x3a, 0x8c, 0xdc, 0xbf, 0xe5, 0xc0, 0xc9, 0x75, 0x98, 0xa2, 0xbd, 0x25, 0x55,
        0xd1, 0xaa, 0x8c, 0xb0, 0x8e, 0x48, 0x59, 0x0d, 0xbb, 0x3d, 0xa7, 0xb0, 0x8b, 0x10, 0x56,
        0x82, 0x88, 0x38, 0xc5, 0xf6, 0x1e, 0x63, 0x93, 0xba, 0x7a, 0x0a, 0xbc, 0xc9, 0xf6, 0x62,
        0x76, 0xfc, 0x6e, 0xce, 0x0f, 0x4e, 0x17, 0x68, 0xcd, 0xdf, 0x88, 0x53, 0xbb, 0x2d, 0x55, 0x1b};
    uint8_t out[sizeof cipher], back[sizeof cipher];

    gcm_encrypt(key, nonce, slice_of(bound, sizeof bound), slice_of(plain, sizeof plain), out);
    CHECK(memcmp(out, cipher, sizeof cipher) == 0);
    CHECK(gcm_decrypt(key, nonce, slice_of(bound, sizeof bound), slice_of(out, sizeof out), back));
    CHECK(memcmp(back, plain, sizeof plain) == 0);
}

static void a_key_file_is_made_once_and_kept(const char *folder)
{
    struct err err = {0};
    struct stat info;
    uint8_t one[SECRET_LEN], two[SECRET_LEN];
    char path[256];
    struct keyring *keyring;

    keyring_path(path, sizeof path, folder, "made");
    keyring = keyring_open(path, random_system(), &err);
    CHECK_OK(keyring != NULL, &err);
    keyring_derive(keyring, "csrf", one);
    keyring_close(keyring);
    keyring = keyring_open(path, random_system(), &err);
    CHECK_OK(keyring != NULL, &err);
    keyring_derive(keyring, "csrf", two);
    CHECK(memcmp(one, two, sizeof one) == 0);
    keyring_derive(keyring, "device", two);
    CHECK(memcmp(one, two, sizeof one) != 0);
    keyring_close(keyring);

    CHECK(stat(path, &info) == 0 && (info.st_mode & 07777) == 0600 && info.st_nlink == 1);
}

// Computed with HMAC by hand: extract with salt "shuyuan", expand with "csrf" and 0x01.
static void a_derived_key_stays_the_same_for_ever(const char *folder)
{
    struct err err = {0};
    uint8_t key[SECRET_LEN], pseudo[DIGEST_LEN], expected[DIGEST_LEN], master[SECRET_LEN];
    char path[256];
    struct keyring *keyring;

    keyring_path(path, sizeof path, folder, "known");
    write_file(path, known_key, 0600);
    keyring = keyring_open(path, random_system(), &err);
    CHECK_OK(keyring != NULL, &err);
    keyring_derive(keyring, "csrf", key);
    for (unsigned i = 0; i < sizeof master; i++)
        master[i] = (uint8_t)i;
    digest_hmac(slice_text("shuyuan"), slice_of(master, sizeof master), pseudo);
    digest_hmac(slice_of(pseudo, sizeof pseudo), slice_text("csrf\x01"), expected);
    CHECK(memcmp(key, expected, sizeof key) == 0);
    keyring_close(keyring);
}

static void a_key_file_that_others_may_use_is_refused(const char *folder)
{
    static const mode_t modes[] = {0644, 0640, 0604, 0620, 0601, 0660, 0777};
    char path[256];

    keyring_path(path, sizeof path, folder, "open");
    for (size_t i = 0; i < sizeof modes / sizeof *modes; i++) {
        struct err err = {0};

        write_file(path, known_key, modes[i]);
        CHECK(keyring_open(path, random_system(), &err) == NULL);
        CHECK(err.code == ERR_DENIED && strstr(err.text, "chmod 600") != NULL);
    }
}

static void a_broken_key_file_is_refused_and_kept(const char *folder)
{
    static const char *const texts[] = {
        "", "\n", "shuyuan-key-1 AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8",
        "shuyuan-key-1 AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh\n",
        "shuyuan-key-2 AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8\n",
        "shuyuan-key-1 AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh+\n",
        "shuyuan-key-1 AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8\n\n"};
    char path[256];

    keyring_path(path, sizeof path, folder, "broken");
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        struct err err = {0};

        write_file(path, texts[i], 0600);
        CHECK(keyring_open(path, random_system(), &err) == NULL);
        CHECK(err.code == ERR_CORRUPT);
    }
    CHECK(access(path, F_OK) == 0);
}

static void a_link_or_a_folder_is_no_key_file(const char *folder)
{
    struct err err = {0};
    char path[256], other[256];

    keyring_path(path, sizeof path, folder, "link");
    keyring_path(other, sizeof other, folder, "known");
    CHECK(symlink(other, path) == 0);
    CHECK(keyring_open(path, random_system(), &err) == NULL);
    CHECK(keyring_open(folder, random_system(), &err) == NULL);
    CHECK(keyring_open("/nonexistent/folder/key", random_system(), &err) == NULL);
    CHECK(err.code == ERR_IO);
}

static struct sealer *sealer_made(const char *folder, struct keyring **keyring)
{
    struct err err = {0};
    struct sealer *sealer;
    char path[256];

    keyring_path(path, sizeof path, folder, "sealing");
    *keyring = keyring_open(path, random_system(), &err);
    CHECK_OK(*keyring != NULL, &err);
    sealer = sealer_open(*keyring, random_system(), &err);
    CHECK_OK(sealer != NULL, &err);
    return sealer;
}

static void a_sealed_value_opens_in_its_place_only(struct sealer *sealer)
{
    struct arena arena = ARENA_EMPTY;
    struct err err = {0};
    struct slice place = slice_text("school/base.person/number"), sealed, plain;

    CHECK_OK(seal(sealer, &arena, place, slice_text("320000200001010013"), &sealed, &err), &err);
    CHECK_OK(unseal(sealer, &arena, place, sealed, &plain, &err), &err);
    CHECK(slice_is(plain, "320000200001010013"));
    CHECK(memmem(sealed.data, sealed.len, "3200", 4) == NULL);

    CHECK(!unseal(sealer, &arena, slice_text("school/base.person/numbe"), sealed, &plain, &err));
    CHECK(err.code == ERR_CORRUPT);
    CHECK(!unseal(sealer, &arena, slice_text(""), sealed, &plain, &err));
    arena_finish(&arena);
}

static void a_flipped_bit_or_a_cut_is_corrupt(struct sealer *sealer)
{
    struct arena arena = ARENA_EMPTY;
    struct slice place = slice_text("place"), sealed, plain;
    struct err err = {0};
    uint8_t *bytes;

    CHECK_OK(seal(sealer, &arena, place, slice_text("secret"), &sealed, &err), &err);
    bytes = arena_copy(&arena, sealed.data, sealed.len);
    for (size_t bit = 0; bit < sealed.len * 8; bit++) {
        err.code = ERR_NONE;
        bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
        CHECK(!unseal(sealer, &arena, place, slice_of(bytes, sealed.len), &plain, &err));
        CHECK(err.code == ERR_CORRUPT);
        bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    for (size_t len = 0; len < sealed.len; len++) {
        err.code = ERR_NONE;
        CHECK(!unseal(sealer, &arena, place, slice_of(bytes, len), &plain, &err));
        CHECK(err.code == ERR_CORRUPT);
    }
    CHECK(unseal(sealer, &arena, place, slice_of(bytes, sealed.len), &plain, &err));
    arena_finish(&arena);
}

static void an_empty_value_can_be_sealed(struct sealer *sealer)
{
    struct arena arena = ARENA_EMPTY;
    struct slice sealed, plain;
    struct err err = {0};

    CHECK_OK(seal(sealer, &arena, slice_text("p"), slice_text(""), &sealed, &err), &err);
    CHECK_OK(unseal(sealer, &arena, slice_text("p"), sealed, &plain, &err), &err);
    CHECK(plain.data != NULL && plain.len == 0);
    arena_finish(&arena);
}

static int compare_nonces(const void *a, const void *b)
{
    return memcmp(a, b, NONCE_LEN);
}

static void a_nonce_never_comes_twice(struct sealer *sealer)
{
    enum { COUNT = 50000 };
    uint8_t(*nonces)[NONCE_LEN] = mem_zero(COUNT * sizeof *nonces);
    struct arena arena = ARENA_EMPTY;
    struct slice sealed;
    struct err err = {0};
    int twice = 0;

    for (size_t i = 0; i < COUNT; i++) {
        CHECK(seal(sealer, &arena, slice_text("p"), slice_text("same"), &sealed, &err));
        memcpy(nonces[i], sealed.data + 1, NONCE_LEN);
        arena_reset(&arena);
    }
    qsort(nonces, COUNT, sizeof *nonces, compare_nonces);
    for (size_t i = 1; i < COUNT; i++)
        twice += memcmp(nonces[i - 1], nonces[i], NONCE_LEN) == 0;
    CHECK(twice == 0);
    free(nonces);
    arena_finish(&arena);
}

static void a_lookup_keeps_kinds_apart(struct sealer *sealer)
{
    uint8_t one[DIGEST_LEN], two[DIGEST_LEN], plain[DIGEST_LEN];

    seal_lookup(sealer, "citizen", slice_text("320000"), one);
    seal_lookup(sealer, "citizen", slice_text("320000"), two);
    CHECK(memcmp(one, two, sizeof one) == 0);
    seal_lookup(sealer, "school", slice_text("320000"), two);
    CHECK(memcmp(one, two, sizeof one) != 0);
    digest_sha256(slice_text("320000"), plain);
    CHECK(memcmp(one, plain, sizeof one) != 0);
}

static void another_instance_opens_nothing(const char *folder, struct sealer *sealer)
{
    struct arena arena = ARENA_EMPTY;
    struct slice sealed, plain;
    struct err err = {0};
    struct keyring *keyring;
    struct sealer *other;
    char path[256];

    keyring_path(path, sizeof path, folder, "other");
    keyring = keyring_open(path, random_system(), &err);
    other = sealer_open(keyring, random_system(), &err);
    CHECK_OK(seal(sealer, &arena, slice_text("p"), slice_text("secret"), &sealed, &err), &err);
    CHECK(!unseal(other, &arena, slice_text("p"), sealed, &plain, &err));
    CHECK(err.code == ERR_CORRUPT);
    sealer_close(other);
    keyring_close(keyring);
    arena_finish(&arena);
}

static void remove_folder(const char *folder)
{
    static const char *const names[] = {"made", "known", "open", "broken", "link", "sealing", "other"};
    char path[256];

    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        keyring_path(path, sizeof path, folder, names[i]);
        unlink(path);
    }
    CHECK(rmdir(folder) == 0); // nothing else was left behind
}

int main(void)
{
    char folder[] = "/tmp/shuyuan-seal-XXXXXX";
    struct keyring *keyring;
    struct sealer *sealer;

    if (mkdtemp(folder) == NULL)
        return 1;
    RUN(gcm_gives_the_answer_of_its_specification);
    RUN(a_key_file_is_made_once_and_kept, folder);
    RUN(a_derived_key_stays_the_same_for_ever, folder);
    RUN(a_key_file_that_others_may_use_is_refused, folder);
    RUN(a_broken_key_file_is_refused_and_kept, folder);
    RUN(a_link_or_a_folder_is_no_key_file, folder);
    sealer = sealer_made(folder, &keyring);
    RUN(a_sealed_value_opens_in_its_place_only, sealer);
    RUN(a_flipped_bit_or_a_cut_is_corrupt, sealer);
    RUN(an_empty_value_can_be_sealed, sealer);
    RUN(a_nonce_never_comes_twice, sealer);
    RUN(a_lookup_keeps_kinds_apart, sealer);
    RUN(another_instance_opens_nothing, folder, sealer);
    sealer_close(sealer);
    keyring_close(keyring);
    RUN(remove_folder, folder);
    return check_report("seal");
}
