// SPDX-License-Identifier: Apache-2.0
#include "blob/kind.h"

// clang-format off
static const struct kind kinds[] = {
    {"other", "application/octet-stream", "other", "bin", false}, // first: whatever nobody knows
    {"text", "text/plain; charset=utf-8", "text", "txt", false},
    {"jpeg", "image/jpeg", "picture", "jpg", true},
    {"png", "image/png", "picture", "png", true},
    {"gif", "image/gif", "picture", "gif", true},
    {"webp", "image/webp", "picture", "webp", true},
    {"heic", "image/heic", "picture", "heic", false},
    {"avif", "image/avif", "picture", "avif", false},
    {"bmp", "image/bmp", "picture", "bmp", false},
    {"tiff", "image/tiff", "picture", "tif", false},
    {"ico", "image/vnd.microsoft.icon", "picture", "ico", false},
    {"psd", "image/vnd.adobe.photoshop", "other", "psd", false},
    {"svg", "image/svg+xml", "text", "svg", false},
    {"html", "text/html; charset=utf-8", "text", "html", false},
    {"xml", "application/xml", "text", "xml", false},
    {"pdf", "application/pdf", "pdf", "pdf", true},
    {"postscript", "application/postscript", "document", "ps", false},
    {"rtf", "application/rtf", "document", "rtf", false},
    {"docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document", "document", "docx", false},
    {"xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "document", "xlsx", false},
    {"pptx", "application/vnd.openxmlformats-officedocument.presentationml.presentation", "document", "pptx", false},
    {"odt", "application/vnd.oasis.opendocument.text", "document", "odt", false},
    {"ods", "application/vnd.oasis.opendocument.spreadsheet", "document", "ods", false},
    {"odp", "application/vnd.oasis.opendocument.presentation", "document", "odp", false},
    {"epub", "application/epub+zip", "document", "epub", false},
    {"ole", "application/x-ole-storage", "document", "doc", false}, // doc, xls, ppt, wps
    {"ofd", "application/ofd", "document", "ofd", false},
    {"zip", "application/zip", "archive", "zip", false},
    {"rar", "application/vnd.rar", "archive", "rar", false},
    {"7z", "application/x-7z-compressed", "archive", "7z", false},
    {"gzip", "application/gzip", "archive", "gz", false},
    {"bzip2", "application/x-bzip2", "archive", "bz2", false},
    {"xz", "application/x-xz", "archive", "xz", false},
    {"zstd", "application/zstd", "archive", "zst", false},
    {"tar", "application/x-tar", "archive", "tar", false},
    {"mp4", "video/mp4", "video", "mp4", true},
    {"webm", "video/webm", "video", "webm", true},
    {"mkv", "video/x-matroska", "video", "mkv", false},
    {"mov", "video/quicktime", "video", "mov", false},
    {"avi", "video/x-msvideo", "video", "avi", false},
    {"flv", "video/x-flv", "video", "flv", false},
    {"wmv", "video/x-ms-asf", "video", "wmv", false},
    {"mpeg", "video/mpeg", "video", "mpg", false},
    {"3gp", "video/3gpp", "video", "3gp", false},
    {"mp3", "audio/mpeg", "audio", "mp3", false},
    {"m4a", "audio/mp4", "audio", "m4a", false},
    {"aac", "audio/aac", "audio", "aac", false},
    {"amr", "audio/amr", "audio", "amr", false},
    {"ogg", "audio/ogg", "audio", "ogg", false},
    {"wav", "audio/wav", "audio", "wav", false},
    {"flac", "audio/flac", "audio", "flac", false},
    {"midi", "audio/midi", "audio", "mid", false},
    {"program", "application/x-executable", "other", "bin", false}, // ELF, PE, Mach-O
    {"sqlite", "application/vnd.sqlite3", "other", "sqlite", false},
    {"ttf", "font/ttf", "other", "ttf", false},
    {"woff2", "font/woff2", "other", "woff2", false},
    {"wasm", "application/wasm", "other", "wasm", false},
};

// The first that fits; more bytes say more, so longer ones stand before shorter ones.
static const struct magic {
    const char *kind;
    unsigned at, len;
    const char *bytes;
} magics[] = {
    {"jpeg", 0, 3, "\xff\xd8\xff"},
    {"png", 0, 8, "\x89PNG\r\n\x1a\n"},
    {"gif", 0, 6, "GIF87a"},
    {"gif", 0, 6, "GIF89a"},
    {"tiff", 0, 4, "II*\0"},
    {"tiff", 0, 4, "MM\0*"},
    {"ico", 0, 4, "\0\0\1\0"},
    {"psd", 0, 4, "8BPS"},
    {"pdf", 0, 5, "%PDF-"},
    {"postscript", 0, 4, "%!PS"},
    {"rtf", 0, 5, "{\\rtf"},
    {"ole", 0, 8, "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"},
    {"rar", 0, 6, "Rar!\x1a\x07"},
    {"7z", 0, 6, "7z\xbc\xaf\x27\x1c"},
    {"gzip", 0, 3, "\x1f\x8b\x08"},
    {"bzip2", 0, 3, "BZh"},
    {"xz", 0, 6, "\xfd" "7zXZ\0"},
    {"zstd", 0, 4, "\x28\xb5\x2f\xfd"},
    {"tar", 257, 5, "ustar"},
    {"flv", 0, 4, "FLV\1"},
    {"wmv", 0, 8, "\x30\x26\xb2\x75\x8e\x66\xcf\x11"},
    {"mpeg", 0, 4, "\0\0\1\xba"},
    {"mpeg", 0, 4, "\0\0\1\xb3"},
    {"mp3", 0, 3, "ID3"},
    {"mp3", 0, 2, "\xff\xfb"},
    {"mp3", 0, 2, "\xff\xf3"},
    {"mp3", 0, 2, "\xff\xf2"},
    {"aac", 0, 2, "\xff\xf1"},
    {"aac", 0, 2, "\xff\xf9"},
    {"amr", 0, 5, "#!AMR"},
    {"ogg", 0, 4, "OggS"},
    {"flac", 0, 4, "fLaC"},
    {"midi", 0, 4, "MThd"},
    {"program", 0, 4, "\x7f" "ELF"},
    {"program", 0, 4, "\xcf\xfa\xed\xfe"},
    {"program", 0, 4, "\xca\xfe\xba\xbe"},
    {"program", 0, 2, "MZ"},
    {"sqlite", 0, 16, "SQLite format 3"},
    {"ttf", 0, 5, "\0\1\0\0\0"},
    {"ttf", 0, 4, "OTTO"},
    {"woff2", 0, 4, "wOF2"},
    {"wasm", 0, 4, "\0asm"},
    {"bmp", 0, 2, "BM"},
};
// clang-format on

static bool has(struct slice head, size_t at, const char *bytes, size_t len)
{
    return head.len >= at + len && memcmp(head.data + at, bytes, len) == 0;
}

static bool contains(struct slice head, const char *word)
{
    return memmem(head.data, head.len, word, strlen(word)) != NULL;
}

static const char *riff_kind(struct slice head)
{
    return has(head, 8, "WEBP", 4) ? "webp" : has(head, 8, "WAVE", 4) ? "wav"
         : has(head, 8, "AVI ", 4) ? "avi" : "other";
}

// ISO base media: the brand says which family.
static const char *brand_kind(struct slice head)
{
    static const struct {
        const char *brand, *kind;
    } brands[] = {{"qt  ", "mov"}, {"heic", "heic"}, {"heix", "heic"}, {"hevc", "heic"},
                  {"mif1", "heic"}, {"msf1", "heic"}, {"avif", "avif"}, {"avis", "avif"},
                  {"M4A ", "m4a"}, {"M4B ", "m4a"}, {"3gp", "3gp"}, {"3g2", "3gp"}};

    for (size_t i = 0; i < sizeof brands / sizeof *brands; i++)
        if (has(head, 8, brands[i].brand, strlen(brands[i].brand)))
            return brands[i].kind;
    return "mp4";
}

// Office files are archives; the names of their first parts tell them apart.
static const char *zip_kind(struct slice head)
{
    static const struct {
        const char *word, *kind;
    } words[] = {{"mimetypeapplication/vnd.oasis.opendocument.text", "odt"},
                 {"mimetypeapplication/vnd.oasis.opendocument.spreadsheet", "ods"},
                 {"mimetypeapplication/vnd.oasis.opendocument.presentation", "odp"},
                 {"mimetypeapplication/epub+zip", "epub"}, {"OFD.xml", "ofd"},
                 {"word/", "docx"}, {"xl/", "xlsx"}, {"ppt/", "pptx"}};

    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (contains(head, words[i].word))
            return words[i].kind;
    return "zip";
}

static bool is_plain(struct slice head)
{
    for (size_t i = 0; i < head.len; i++)
        if (head.data[i] == 0 || head.data[i] == 0x7f ||
            (head.data[i] < ' ' && strchr("\t\n\r\f", head.data[i]) == NULL))
            return false;
    return true;
}

static bool starts_folded(struct slice text, const char *word)
{
    size_t len = strlen(word);

    for (size_t i = 0; i < len; i++)
        if (i >= text.len || (text.data[i] | 0x20) != (word[i] | 0x20))
            return false;
    return true;
}

// What a browser might take for markup is never called a plain text.
static const char *text_kind(struct slice head)
{
    struct slice rest = head;

    if (rest.len == 0 || !is_plain(head))
        return "other";
    if (has(rest, 0, "\xef\xbb\xbf", 3))
        rest = slice_of(rest.data + 3, rest.len - 3);
    while (rest.len > 0 && strchr(" \t\r\n\f", rest.data[0]) != NULL)
        rest = slice_of(rest.data + 1, rest.len - 1);
    if (contains(head, "<svg"))
        return "svg";
    if (starts_folded(rest, "<!doctype html") || starts_folded(rest, "<html") ||
        starts_folded(rest, "<script") || starts_folded(rest, "<head") ||
        starts_folded(rest, "<body") || starts_folded(rest, "<!--"))
        return "html";
    return starts_folded(rest, "<?xml") ? "xml" : "text";
}

// "BM" and "MZ" may begin a sentence as well.
static bool is_word(const struct magic *magic)
{
    return magic->len <= 3 && (magic->bytes[0] & 0x80) == 0 && magic->bytes[0] >= ' ';
}

const struct kind *kind_of(struct slice head)
{
    if (has(head, 0, "RIFF", 4))
        return kind_named(riff_kind(head));
    if (has(head, 4, "ftyp", 4))
        return kind_named(brand_kind(head));
    if (has(head, 0, "PK\3\4", 4) || has(head, 0, "PK\5\6", 4))
        return kind_named(zip_kind(head));
    if (has(head, 0, "\x1a\x45\xdf\xa3", 4))
        return kind_named(contains(head, "webm") ? "webm" : "mkv");
    for (size_t i = 0; i < sizeof magics / sizeof *magics; i++)
        if (has(head, magics[i].at, magics[i].bytes, magics[i].len) &&
            !(is_word(&magics[i]) && is_plain(head)))
            return kind_named(magics[i].kind);
    return kind_named(text_kind(head));
}

const struct kind *kind_named(const char *name)
{
    for (size_t i = 1; i < sizeof kinds / sizeof *kinds; i++)
        if (strcmp(kinds[i].name, name) == 0)
            return &kinds[i];
    return &kinds[0];
}

bool kind_is_group(const char *group)
{
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (strcmp(kinds[i].group, group) == 0)
            return true;
    return false;
}
