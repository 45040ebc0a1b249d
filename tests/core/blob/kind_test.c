// SPDX-License-Identifier: Apache-2.0
#include "blob/kind.h"

#include <stdlib.h>

#include "base/mem.h"
#include "blob/file.h"
#include "blob/picture.h"
#include "check.h"

#define BYTES(text) slice_of(text, sizeof(text) - 1)

static bool is(struct slice head, const char *kind)
{
    return strcmp(kind_of(head)->name, kind) == 0;
}

static void a_kind_is_told_by_content(void)
{
    CHECK(is(BYTES("\xff\xd8\xff\xe0\0\x10JFIF"), "jpeg"));
    CHECK(is(BYTES("\xff\xd8\xff\xe1\xff\xff" "Exif"), "jpeg")); // though all of it might be text
    CHECK(is(BYTES("\x89PNG\r\n\x1a\n"), "png"));
    CHECK(is(BYTES("GIF89a/*<script>alert(1)</script>*/"), "gif"));
    CHECK(is(BYTES("RIFF\1\2\3\4WEBPVP8 "), "webp"));
    CHECK(is(BYTES("RIFF\1\2\3\4WAVEfmt "), "wav"));
    CHECK(is(BYTES("%PDF-1.7\n"), "pdf"));
    CHECK(is(BYTES("\0\0\0\x18" "ftypisom"), "mp4"));
    CHECK(is(BYTES("\0\0\0\x18" "ftypheic"), "heic"));
    CHECK(is(BYTES("\0\0\0\x18" "ftypqt  "), "mov"));
    CHECK(is(BYTES("\x1a\x45\xdf\xa3\1\2\3\4\x42\x82\x84webm"), "webm"));
    CHECK(is(BYTES("PK\3\4\x14\0\6\0\x08\0\0\0!\0word/document.xml"), "docx"));
    CHECK(is(BYTES("PK\3\4\x14\0\0\0\0\0notes.txt"), "zip"));
    CHECK(is(BYTES("\x7f" "ELF\2\1\1"), "program"));
    CHECK(is(BYTES("MZ\x90\0\3"), "program"));
}

static void texts_are_no_binaries_by_their_first_letters(void)
{
    CHECK(is(BYTES("BM ist der Anfang eines Satzes.\n"), "text"));
    CHECK(is(BYTES("MZ, says the note"), "text"));
    CHECK(is(BYTES("\xe4\xb9\xa6\xe9\x99\xa2"), "text"));
    CHECK(is(BYTES("a\0b"), "other"));
    CHECK(is(BYTES(""), "other"));
}

static void what_a_browser_would_run_is_never_shown(void)
{
    static const char *const dangerous[] = {
        "<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>",
        "<?xml version='1.0'?><svg/>", " \n<!DOCTYPE html><p>", "<script>alert(1)</script>",
        "<html>", "\xef\xbb\xbf<HTML>", "#!/bin/sh\n", "plain"};

    for (size_t i = 0; i < sizeof dangerous / sizeof *dangerous; i++)
        CHECK(!kind_of(slice_text(dangerous[i]))->shown);
    CHECK(is(slice_text(dangerous[0]), "svg"));
    CHECK(is(slice_text(dangerous[2]), "html"));
    CHECK(!kind_of(BYTES("PK\3\4"))->shown);
    CHECK(kind_named("nothing")->shown == false);
}

// Pictures ------------------------------------------------------------------------------

struct cleaned {
    char bytes[4096];
    size_t len;
    bool done;
    struct err err;
};

static struct cleaned clean(struct slice picture, const char *kind)
{
    struct cleaned cleaned = {.err = {ERR_NONE, ""}};
    FILE *from = fmemopen((void *)(uintptr_t)picture.data, picture.len, "r");
    FILE *to = fmemopen(cleaned.bytes, sizeof cleaned.bytes, "w");

    cleaned.done = picture_clean(from, picture.len, to, kind, &cleaned.err);
    fflush(to);
    cleaned.len = (size_t)ftell(to);
    fclose(from);
    fclose(to);
    return cleaned;
}

static bool holds(const struct cleaned *cleaned, const char *word)
{
    return memmem(cleaned->bytes, cleaned->len, word, strlen(word)) != NULL;
}

#define JFIF "\xff\xe0\0\x10JFIF\0\1\1\0\0\1\0\1\0\0"
#define SCAN "\xff\xda\0\x04\1\2picture\xff\0data\xff\xd3more"
// Intel order: orientation 6, and a tag of the camera's maker.
#define EXIF_TIFF "II*\0\x08\0\0\0\2\0\x12\1\3\0\1\0\0\0\6\0\0\0\x0f\1\2\0\4\0\0\0GPS!\0\0\0\0"

static void a_photograph_loses_its_place_and_keeps_its_turn(void)
{
    struct cleaned cleaned = clean(
        BYTES("\xff\xd8" JFIF "\xff\xe1\0\x2e" "Exif\0\0" EXIF_TIFF "\xff\xe1\0\x0bhttp://ns"
              "\xff\xed\0\x0bPhotosho!\xff\xfe\0\x09secret!\xff\xdb\0\x05Q!!" SCAN
              "\xff\xc4\0\x04hf" SCAN "\xff\xd9trailer"),
        "jpeg");

    CHECK_OK(cleaned.done, &cleaned.err);
    CHECK(!holds(&cleaned, "GPS") && !holds(&cleaned, "http") && !holds(&cleaned, "secret"));
    CHECK(!holds(&cleaned, "Photo") && !holds(&cleaned, "trailer"));
    CHECK(holds(&cleaned, "JFIF") && holds(&cleaned, "Q!!") && holds(&cleaned, "hf"));
    CHECK(memmem(cleaned.bytes, cleaned.len, "\xff\0data\xff\xd3more", 12) != NULL);
    CHECK(memmem(cleaned.bytes, cleaned.len,
                 "Exif\0\0MM\0*\0\0\0\x08\0\1\1\x12\0\3\0\0\0\1\0\6\0\0\0\0\0\0", 32) != NULL);
    CHECK(memcmp(cleaned.bytes + cleaned.len - 2, "\xff\xd9", 2) == 0);
}

static void a_photograph_that_was_cut_off_still_shows(void)
{
    struct cleaned cleaned = clean(BYTES("\xff\xd8" JFIF SCAN), "jpeg");

    CHECK_OK(cleaned.done, &cleaned.err);
    CHECK(holds(&cleaned, "picture"));
}

static void broken_pictures_are_refused(void)
{
    static const struct slice broken[] = {
        {(const uint8_t *)"\xff\xd8", 2},
        {(const uint8_t *)"\xff\xd8\xff", 3},
        {(const uint8_t *)"\xff\xd8\xff\xe1\xff\xff" "Exif", 10},
        {(const uint8_t *)"\xff\xd8\xff\xe1\0\1x", 7},
        {(const uint8_t *)"\xff\xd8nothing", 9},
        {(const uint8_t *)"\xff\xd8\xff\xd8\xff\xd9", 6},
    };

    for (size_t i = 0; i < sizeof broken / sizeof *broken; i++) {
        struct cleaned cleaned = clean(broken[i], "jpeg");

        CHECK(!cleaned.done && cleaned.err.code == ERR_INPUT);
    }
}

// Every cut and every changed byte of the Exif part: refused or cleaned, never read beyond.
static void no_exif_is_too_odd(void)
{
    static const char good[] = "\xff\xd8\xff\xe1\0\x2e" "Exif\0\0" EXIF_TIFF SCAN "\xff\xd9";

    for (size_t i = 2; i < sizeof good - 1; i++) {
        for (int change = 0; change < 3; change++) {
            char *copy = mem_zero(sizeof good);

            memcpy(copy, good, sizeof good);
            copy[i] = change == 0 ? '\xff' : change == 1 ? 0 : (char)(copy[i] ^ 0x40);
            clean(slice_of(copy, sizeof good - 1), "jpeg");
            clean(slice_of(copy, i), "jpeg");
            free(copy);
        }
    }
    CHECK(clean(BYTES(good), "jpeg").done);
}

#define PNG "\x89PNG\r\n\x1a\n" "\0\0\0\1IHDRhcccc"

static void a_drawing_loses_its_text(void)
{
    struct cleaned cleaned =
        clean(BYTES(PNG "\0\0\0\4gAMA\0\0\1\1cccc\0\0\0\6tEXtsecretcccc\0\0\0\7tIME1234567cccc"
                        "\0\0\0\x26" "eXIf" EXIF_TIFF "cccc\0\0\0\4IDATdatacccc\0\0\0\0IENDcccctrailer"),
              "png");

    CHECK_OK(cleaned.done, &cleaned.err);
    CHECK(holds(&cleaned, "IHDR") && holds(&cleaned, "gAMA") && holds(&cleaned, "data"));
    CHECK(!holds(&cleaned, "secret") && !holds(&cleaned, "tIME") && !holds(&cleaned, "GPS"));
    CHECK(!holds(&cleaned, "trailer") && holds(&cleaned, "eXIfMM"));
}

static void a_broken_drawing_is_refused(void)
{
    CHECK(!clean(BYTES(PNG), "png").done);
    CHECK(!clean(BYTES(PNG "\xff\xff\xff\xffIDAT"), "png").done);
    CHECK(!clean(BYTES(PNG "\0\0\0\1NEWsxcccc\0\0\0\0IENDcccc"), "png").done);
}

// Names ---------------------------------------------------------------------------------

static bool named(const char *given, size_t len, const char *wanted)
{
    struct arena arena = ARENA_EMPTY;
    struct slice name = blob_name(&arena, slice_of(given, len));
    bool same = slice_is(name, wanted);

    if (!same)
        printf("  got «%.*s»\n", (int)name.len, (const char *)name.data);
    arena_finish(&arena);
    return same;
}

static void names_are_only_shown(void)
{
    CHECK(named("../../etc/passwd", 16, "passwd"));
    CHECK(named("C:\\temp\\a.txt", 13, "a.txt"));
    CHECK(named("a\0b\nc", 5, "abc"));
    CHECK(named("..hidden", 8, "hidden"));
    CHECK(named("-rf", 3, "-rf"));
    CHECK(named("CON", 3, "CON"));
    CHECK(named("photo\xe2\x80\xaegnp.exe", 15, "photognp.exe"));
    CHECK(named("\xe8\xaf\xb7\xe5\x81\x87.jpg", 10, "\xe8\xaf\xb7\xe5\x81\x87.jpg"));
    CHECK(named("\xff\xfe", 2, ""));
    CHECK(named("/", 1, ""));
}

static void a_long_name_is_cut(void)
{
    struct arena arena = ARENA_EMPTY;
    char *given = arena_alloc(&arena, 4096);

    memset(given, 'a', 4096);
    CHECK(blob_name(&arena, slice_of(given, 4096)).len == 120);
    arena_finish(&arena);
}

int main(void)
{
    RUN(a_kind_is_told_by_content);
    RUN(texts_are_no_binaries_by_their_first_letters);
    RUN(what_a_browser_would_run_is_never_shown);
    RUN(a_photograph_loses_its_place_and_keeps_its_turn);
    RUN(a_photograph_that_was_cut_off_still_shows);
    RUN(broken_pictures_are_refused);
    RUN(no_exif_is_too_odd);
    RUN(a_drawing_loses_its_text);
    RUN(a_broken_drawing_is_refused);
    RUN(names_are_only_shown);
    RUN(a_long_name_is_cut);
    return check_report("blob kind");
}
