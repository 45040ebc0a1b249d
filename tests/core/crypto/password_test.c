// SPDX-License-Identifier: Apache-2.0
#include <time.h>

#include "check.h"

#include "crypto/crypto.h"

static void argon2id_gives_the_answer_of_its_reference(void)
{
    // From the reference implementation's own tests: version 19, 64 MiB, t=2, p=1.
    static const char hash[] = "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ"
                               "$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc";

    CHECK(password_verify(hash, slice_text("password")));
    CHECK(!password_verify(hash, slice_text("passwore")));
}

static void a_hash_carries_its_parameters_and_its_own_salt(void)
{
    static const char prefix[] = "$argon2id$v=19$m=19456,t=2,p=1$";
    char one[PASSWORD_HASH_MAX], two[PASSWORD_HASH_MAX];
    struct err err = {0};

    CHECK_OK(password_hash(random_system(), slice_text("明湖区 correct"), one, &err), &err);
    CHECK_OK(password_hash(random_system(), slice_text("明湖区 correct"), two, &err), &err);

    CHECK(strncmp(one, prefix, sizeof prefix - 1) == 0);
    CHECK(strcmp(one, two) != 0);
    CHECK(password_verify(one, slice_text("明湖区 correct")));
    CHECK(!password_verify(one, slice_text("明湖区 Correct")));
    CHECK(!password_verify(one, slice_text("明湖区 correct ")));
    CHECK(!password_verify(one, slice_text("")));
    CHECK(!password_is_outdated(one));
}

static void a_password_typed_decomposed_is_the_same(void)
{
    char hash[PASSWORD_HASH_MAX];
    struct err err = {0};

    CHECK_OK(password_hash(random_system(), slice_text("caf\xc3\xa9-caf\xc3\xa9"), hash, &err), &err);
    CHECK(password_verify(hash, slice_text("cafe\xcc\x81-cafe\xcc\x81")));
}

static void an_absent_or_broken_hash_fits_nothing(void)
{
    static const char dummy_like[] = "$argon2id$v=19$m=19456,t=2,p=1$AAAA";

    CHECK(!password_verify(NULL, slice_text("anything")));
    CHECK(!password_verify(NULL, slice_text("")));
    CHECK(!password_verify("", slice_text("")));
    CHECK(!password_verify(dummy_like, slice_text("x")));
    CHECK(!password_verify(NULL, slice_text("\xff\xfe")));
}

static int64_t work_of(const char *hash)
{
    struct timespec before, after;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &before);
    for (int i = 0; i < 5; i++)
        CHECK(!password_verify(hash, slice_text("wrong")));
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &after);
    return (after.tv_sec - before.tv_sec) * 1000000 + (after.tv_nsec - before.tv_nsec) / 1000;
}

// The time of an answer must not tell whether an account exists, or has a password: the
// work is compared, generously, on the processor's clock.
static void an_absent_account_costs_the_same_work(void)
{
    char hash[PASSWORD_HASH_MAX];
    struct err err = {0};
    int64_t known, unknown, without;

    CHECK_OK(password_hash(random_system(), slice_text("correct horse"), hash, &err), &err);
    known = work_of(hash);
    unknown = work_of(NULL);
    without = work_of("");

    CHECK(unknown > known / 3 && known > unknown / 3);
    CHECK(without > known / 3 && known > without / 3);
}

static void weaker_hashes_are_outdated(void)
{
    static const char *const hashes[] = {
        "$argon2id$v=19$m=4096,t=2,p=1$c29tZXNhbHQ$x",  "$argon2id$v=19$m=19456,t=1,p=1$c29tZXNhbHQ$x",
        "$argon2i$v=19$m=19456,t=2,p=1$c29tZXNhbHQ$x",  "$argon2id$v=16$m=19456,t=2,p=1$c29tZXNhbHQ$x",
        "$2b$12$abcdefghijklmnopqrstuv", "",
    };

    for (size_t i = 0; i < sizeof hashes / sizeof *hashes; i++)
        CHECK(password_is_outdated(hashes[i]));
    CHECK(!password_is_outdated("$argon2id$v=19$m=65536,t=3,p=4$c29tZXNhbHQ$x"));
}

static bool problem_is(const char *password, const char *word)
{
    const char *problem = password_problem(slice_text(password));

    return problem == word || (problem != NULL && word != NULL && strcmp(problem, word) == 0);
}

static void bad_new_passwords_are_named(void)
{
    char text[8 * 200 + 1] = {0};

    CHECK(problem_is("", "short"));
    CHECK(problem_is("kR7!xwq", "short"));
    CHECK(problem_is("书院书院书院书", "short")); // seven characters, though 21 bytes
    CHECK(problem_is("password", "common"));
    CHECK(problem_is("PassWord", "common"));
    CHECK(problem_is("woaini1314", "common"));
    CHECK(problem_is("1qaz2wsx3edc", "common"));
    CHECK(problem_is("zzzzzzzzzzzzzzzzzzzzzzzzzz", "common"));
    CHECK(problem_is("abc\xff""defghijk", "encoding"));
    memset(text, 'a', 129);
    text[5] = 'b';
    CHECK(problem_is(text, "long"));
    memset(text, 'a', sizeof text - 1);
    CHECK(problem_is(text, "long"));
}

static void good_new_passwords_pass(void)
{
    char text[129] = {0};

    CHECK(problem_is("kR7!xwq2", NULL));
    CHECK(problem_is("明月松间照清泉石", NULL));
    CHECK(problem_is("four words with spaces", NULL));
    memset(text, 'a', 128);
    text[5] = 'b';
    CHECK(problem_is(text, NULL));
}

int main(void)
{
    RUN(argon2id_gives_the_answer_of_its_reference);
    RUN(a_hash_carries_its_parameters_and_its_own_salt);
    RUN(a_password_typed_decomposed_is_the_same);
    RUN(an_absent_or_broken_hash_fits_nothing);
    RUN(an_absent_account_costs_the_same_work);
    RUN(weaker_hashes_are_outdated);
    RUN(bad_new_passwords_are_named);
    RUN(good_new_passwords_pass);
    return check_report("password");
}
