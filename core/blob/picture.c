// SPDX-License-Identifier: Apache-2.0
// JPEG: ITU-T T.81 annex B, Exif 2.3. PNG: ISO/IEC 15948 with its extension for eXIf.
#include "blob/picture.h"

#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/mem.h"

enum { COPY = 64 * 1024, EXIF_MAX = 64 * 1024, ORIENTATION = 0x0112, SHORT = 3 };

struct filter {
    FILE *from, *to;
    uint64_t left; // bytes of from not read yet
    struct err *err;
};

static bool broken(struct filter *filter, const char *what)
{
    return err_set(filter->err, ERR_INPUT, "a broken picture: %s", what);
}

static bool take(struct filter *filter, void *bytes, size_t len)
{
    if (len > filter->left || fread(bytes, 1, len, filter->from) != len)
        return broken(filter, "it ends too early");
    filter->left -= len;
    return true;
}

static int take_byte(struct filter *filter)
{
    int byte = filter->left > 0 ? getc_unlocked(filter->from) : EOF;

    filter->left -= byte != EOF;
    return byte;
}

static bool put(struct filter *filter, const void *bytes, size_t len)
{
    return fwrite(bytes, 1, len, filter->to) == len ||
           err_set(filter->err, ERR_IO, "write a picture");
}

static bool pass(struct filter *filter, uint64_t len, bool kept)
{
    uint8_t bytes[4096];

    while (len > 0) {
        size_t part = len < sizeof bytes ? (size_t)len : sizeof bytes;

        if (!take(filter, bytes, part) || (kept && !put(filter, bytes, part)))
            return false;
        len -= part;
    }
    return true;
}

// Exif ----------------------------------------------------------------------------------

static uint32_t number(const uint8_t *at, size_t len, bool big)
{
    uint32_t sum = 0;

    for (size_t i = 0; i < len; i++)
        sum = sum << 8 | at[big ? i : len - 1 - i];
    return sum;
}

// The orientation in a TIFF structure, 1 (upright) when it does not say.
static unsigned orientation_of(struct slice tiff)
{
    bool big = tiff.len >= 8 && tiff.data[0] == 'M';
    uint32_t at = tiff.len >= 8 ? number(tiff.data + 4, 4, big) : 0, count, value;

    if (at < 8 || at > tiff.len - 2)
        return 1;
    count = number(tiff.data + at, 2, big);
    for (uint32_t i = 0; i < count; i++) {
        size_t entry = (size_t)at + 2 + (size_t)i * 12;

        if (entry + 12 > tiff.len)
            return 1;
        if (number(tiff.data + entry, 2, big) != ORIENTATION ||
            number(tiff.data + entry + 2, 2, big) != SHORT)
            continue;
        value = number(tiff.data + entry + 8, 2, big);
        return value >= 1 && value <= 8 ? value : 1;
    }
    return 1;
}

// A TIFF structure that says nothing else.
enum { TIFF_LEN = 26 };
static void make_tiff(unsigned orientation, uint8_t tiff[TIFF_LEN])
{
    static const uint8_t shape[TIFF_LEN] = {'M', 'M', 0, 42, 0, 0, 0, 8, 0, 1, 0x01, 0x12, 0,
                                            SHORT, 0, 0, 0, 1};

    memcpy(tiff, shape, TIFF_LEN);
    tiff[19] = (uint8_t)orientation;
}

// JPEG ----------------------------------------------------------------------------------

enum { SOI = 0xd8, EOI = 0xd9, SOS = 0xda, RST0 = 0xd0, RST7 = 0xd7, TEM = 0x01, APP0 = 0xe0,
       APP1 = 0xe1, APP2 = 0xe2, APP14 = 0xee, APP15 = 0xef, COM = 0xfe };

static bool put_orientation(struct filter *filter, unsigned orientation)
{
    uint8_t segment[10 + TIFF_LEN] = {0xff, APP1, 0, 8 + TIFF_LEN, 'E', 'x', 'i', 'f', 0, 0};

    make_tiff(orientation, segment + 10);
    return orientation == 1 || put(filter, segment, sizeof segment);
}

static bool pass_exif(struct filter *filter, size_t len)
{
    uint8_t *bytes = mem_zero(len + 1);
    unsigned orientation = 1;
    bool done = take(filter, bytes, len);

    if (done && len > 6 && memcmp(bytes, "Exif\0\0", 6) == 0)
        orientation = orientation_of(slice_of(bytes + 6, len - 6));
    done = done && put_orientation(filter, orientation);
    free(bytes);
    return done;
}

// Of what programs put beside the picture, only what its colours need is kept: JFIF, an ICC
// profile, Adobe's transform.
static bool is_kept(int marker, struct slice start)
{
    if (marker == COM || (marker >= APP0 && marker <= APP15))
        return (marker == APP0 && slice_starts(start, slice_of("JFIF\0", 5))) ||
               (marker == APP2 && slice_starts(start, slice_of("ICC_PROFILE\0", 12))) ||
               (marker == APP14 && slice_starts(start, slice_of("Adobe", 5)));
    return true;
}

static bool pass_segment(struct filter *filter, int marker)
{
    uint8_t head[4] = {0xff, (uint8_t)marker}, start[12];
    size_t len, known;
    bool kept;

    if (!take(filter, head + 2, 2))
        return false;
    len = (size_t)head[2] << 8 | head[3];
    if (len < 2)
        return broken(filter, "a segment without a length");
    len -= 2;
    if (marker == APP1)
        return pass_exif(filter, len);
    known = len < sizeof start ? len : sizeof start;
    if (!take(filter, start, known))
        return false;
    kept = is_kept(marker, slice_of(start, known));
    return (!kept || (put(filter, head, 4) && put(filter, start, known))) &&
           pass(filter, len - known, kept);
}

// The coded picture, up to the next marker. A photograph that was cut off still shows.
static bool pass_scan(struct filter *filter, int *marker)
{
    for (;;) {
        int byte = take_byte(filter), next;

        if (byte != 0xff) {
            if (byte == EOF)
                *marker = EOI;
            if (byte == EOF || putc_unlocked(byte, filter->to) == EOF)
                return byte == EOF || err_set(filter->err, ERR_IO, "write a picture");
            continue;
        }
        do {
            next = take_byte(filter);
        } while (next == 0xff);
        if (next == EOF || (next != 0 && (next < RST0 || next > RST7))) {
            *marker = next == EOF ? EOI : next;
            return true;
        }
        if (!put(filter, (uint8_t[]){0xff, (uint8_t)next}, 2))
            return false;
    }
}

static bool next_marker(struct filter *filter, int *marker)
{
    if (take_byte(filter) != 0xff)
        return broken(filter, "no marker where one should stand");
    do {
        *marker = take_byte(filter);
    } while (*marker == 0xff);
    return (*marker != EOF && *marker != 0) || broken(filter, "it ends too early");
}

static bool clean_jpeg(struct filter *filter)
{
    uint8_t start[2];
    int marker = 0;

    if (!take(filter, start, 2) || !put(filter, start, 2))
        return false;
    if (start[0] != 0xff || start[1] != SOI)
        return broken(filter, "no JPEG");
    while (next_marker(filter, &marker)) {
        while (marker == SOS) // scans of a progressive picture follow each other
            if (!pass_segment(filter, marker) || !pass_scan(filter, &marker))
                return false;
        if (marker == EOI) // what lies behind the end is not shown, and may be anything
            return put(filter, (uint8_t[]){0xff, EOI}, 2);
        if (marker == SOI || marker == TEM || (marker >= RST0 && marker <= RST7))
            return broken(filter, "a marker out of place");
        if (!pass_segment(filter, marker))
            return false;
    }
    return false;
}

// PNG -----------------------------------------------------------------------------------

static uint32_t crc(uint32_t sum, const uint8_t *bytes, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        sum ^= bytes[i];
        for (int bit = 0; bit < 8; bit++)
            sum = sum >> 1 ^ (sum & 1 ? 0xedb88320u : 0);
    }
    return sum;
}

static void put_u32(uint8_t *at, uint32_t value)
{
    for (int i = 0; i < 4; i++)
        at[i] = (uint8_t)(value >> (24 - 8 * i));
}

static bool put_turned(struct filter *filter, unsigned orientation)
{
    uint8_t chunk[8 + TIFF_LEN + 4] = {0, 0, 0, TIFF_LEN, 'e', 'X', 'I', 'f'};

    make_tiff(orientation, chunk + 8);
    put_u32(chunk + 8 + TIFF_LEN, ~crc(~0u, chunk + 4, 4 + TIFF_LEN));
    return orientation == 1 || put(filter, chunk, sizeof chunk);
}

static bool pass_turned(struct filter *filter, size_t len)
{
    uint8_t *bytes = mem_zero(len + 1);
    bool done = take(filter, bytes, len) && pass(filter, 4, false) &&
                put_turned(filter, orientation_of(slice_of(bytes, len)));

    free(bytes);
    return done;
}

// Whatever is needed to draw it; the rest (text, time, what programs add) goes.
static bool is_drawn(const uint8_t name[4])
{
    static const char kept[][5] = {"IHDR", "PLTE", "IDAT", "IEND", "tRNS", "gAMA", "cHRM", "sRGB",
                                   "iCCP", "bKGD", "pHYs", "sBIT", "acTL", "fcTL", "fdAT", "cICP"};

    for (size_t i = 0; i < sizeof kept / sizeof *kept; i++)
        if (memcmp(name, kept[i], 4) == 0)
            return true;
    return false;
}

static bool clean_png(struct filter *filter)
{
    uint8_t head[8];

    if (!pass(filter, 8, true))
        return false;
    for (;;) {
        uint32_t len;
        bool kept;

        if (!take(filter, head, sizeof head))
            return false;
        len = number(head, 4, true);
        kept = is_drawn(head + 4);
        if (len > INT32_MAX)
            return broken(filter, "a chunk without an end");
        if (memcmp(head + 4, "eXIf", 4) == 0 && len <= EXIF_MAX) {
            if (!pass_turned(filter, len))
                return false;
            continue;
        }
        if (!kept && head[4] >= 'A' && head[4] <= 'Z')
            return broken(filter, "an unknown chunk that cannot be left out");
        if ((kept && !put(filter, head, sizeof head)) || !pass(filter, (uint64_t)len + 4, kept))
            return false;
        if (memcmp(head + 4, "IEND", 4) == 0)
            return true;
    }
}

bool picture_is_cleaned(const char *kind)
{
    return strcmp(kind, "jpeg") == 0 || strcmp(kind, "png") == 0;
}

bool picture_clean(FILE *from, uint64_t size, FILE *to, const char *kind, struct err *err)
{
    struct filter filter = {from, to, size, err};

    return strcmp(kind, "png") == 0 ? clean_png(&filter) : clean_jpeg(&filter);
}
