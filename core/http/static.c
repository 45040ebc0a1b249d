// SPDX-License-Identifier: Apache-2.0
// Static files, read into memory once: never a path from a request to the disk.
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "crypto/crypto.h"
#include "http/method.h"
#include "http/server.h"

enum { FILES_MAX = 4096, DEPTH_MAX = 4, ETAG_LEN = 22 };
enum { BYTES_MAX = 64 * 1024 * 1024 };

enum variant { PLAIN, GZIP, BROTLI, VARIANTS };

struct static_file {
    const char *path; // as requested: "/static/app.1a2b3c4d.css"
    const char *type;
    bool immutable;
    struct slice bytes[VARIANTS]; // data NULL: there is none
    char etag[VARIANTS][ETAG_LEN];
};

struct static_files {
    struct arena arena;
    struct static_file *files;
    size_t count, bytes;
};

static const char *const suffixes[VARIANTS] = {"", ".gz", ".br"};
static const char *const codings[VARIANTS] = {NULL, "gzip", "br"};

static const char *type_of(const char *path)
{
    static const struct {
        const char *suffix, *type;
    } types[] = {
        {".css", "text/css; charset=utf-8"},
        {".js", "text/javascript; charset=utf-8"},
        {".mjs", "text/javascript; charset=utf-8"},
        {".svg", "image/svg+xml"},
        {".png", "image/png"},
        {".jpg", "image/jpeg"},
        {".webp", "image/webp"},
        {".avif", "image/avif"},
        {".gif", "image/gif"},
        {".ico", "image/x-icon"},
        {".woff2", "font/woff2"},
        {".woff", "font/woff"},
        {".json", "application/json"},
        {".webmanifest", "application/manifest+json"},
        {".txt", "text/plain; charset=utf-8"},
        {".html", "text/html; charset=utf-8"},
        {".wasm", "application/wasm"},
        {".pdf", "application/pdf"},
        {".mp3", "audio/mpeg"},
        {".mp4", "video/mp4"},
    };
    size_t len = strlen(path);

    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        size_t suffix = strlen(types[i].suffix);

        if (len > suffix && strcmp(path + len - suffix, types[i].suffix) == 0)
            return types[i].type;
    }
    return "application/octet-stream";
}

// name.hash.ext with at least eight letters and digits, of them one digit: never changes.
static bool has_hash(const char *path)
{
    const char *last = strrchr(path, '.'), *from = last;
    bool digit = false;

    if (last == NULL)
        return false;
    while (from > path && from[-1] != '.' && from[-1] != '/') {
        from--;
        digit |= *from >= '0' && *from <= '9';
    }
    return last - from >= 8 && digit && from > path && from[-1] == '.';
}

static enum variant variant_of(const char *name, size_t *len)
{
    *len = strlen(name);
    for (int v = GZIP; v < VARIANTS; v++)
        if (*len > 3 && strcmp(name + *len - 3, suffixes[v]) == 0) {
            *len -= 3;
            return (enum variant)v;
        }
    return PLAIN;
}

static struct static_file *file_named(struct static_files *files, const char *path)
{
    for (size_t i = 0; i < files->count; i++)
        if (strcmp(files->files[i].path, path) == 0)
            return &files->files[i];
    files->files[files->count] =
        (struct static_file){.path = path, .type = type_of(path), .immutable = has_hash(path)};
    return &files->files[files->count++];
}

static void keep(struct static_files *files, const char *name, struct slice bytes)
{
    // a few belong to the root of the site
    static const char *const at_root[] = {"favicon.ico", "sw.js", "manifest.webmanifest"};
    size_t len;
    enum variant variant = variant_of(name, &len);
    const char *path = arena_format(&files->arena, "/static/%.*s", (int)len, name);
    struct static_file *file;
    uint8_t digest[DIGEST_LEN];

    for (size_t i = 0; i < sizeof at_root / sizeof *at_root; i++)
        if (strcmp(path + 8, at_root[i]) == 0)
            path += 7;
    file = file_named(files, path);
    file->bytes[variant] = bytes;
    digest_sha256(bytes, digest);
    snprintf(file->etag[variant], ETAG_LEN, "\"%02x%02x%02x%02x%02x%02x%02x%02x%s\"", digest[0],
             digest[1], digest[2], digest[3], digest[4], digest[5], digest[6], digest[7],
             variant == PLAIN ? "" : suffixes[variant] + 1);
}

static bool read_file(struct static_files *files, int folder, const char *entry, const char *name,
                      struct err *err)
{
    int fd = openat(folder, entry, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
    struct stat info;
    uint8_t *bytes;
    bool done = false;

    if (fd < 0 || fstat(fd, &info) != 0 || !S_ISREG(info.st_mode)) {
        err_set(err, ERR_IO, "asset %s: %s", name, fd < 0 ? strerror(errno) : "not a file");
        goto out;
    }
    files->bytes += (size_t)info.st_size;
    if (files->bytes > BYTES_MAX || files->count == FILES_MAX) {
        err_set(err, ERR_LIMIT, "asset %s: more than %d files or %d MiB", name, FILES_MAX,
                BYTES_MAX >> 20);
        goto out;
    }
    bytes = arena_alloc(&files->arena, (size_t)info.st_size + 1);
    if (read(fd, bytes, (size_t)info.st_size) != info.st_size) {
        err_set(err, ERR_IO, "asset %s: read less than its size", name);
        goto out;
    }
    keep(files, name, slice_of(bytes, (size_t)info.st_size));
    done = true;
out:
    if (fd >= 0)
        close(fd);
    return done;
}

static bool read_folder(struct static_files *files, int fd, const char *prefix, int depth,
                        struct err *err);

// Symbolic links and hidden files are passed over.
static bool read_entry(struct static_files *files, int folder, const char *entry,
                       const char *prefix, int depth, struct err *err)
{
    struct stat info;
    const char *name = arena_format(&files->arena, "%s%s", prefix, entry);
    int fd;

    if (entry[0] == '.' || fstatat(folder, entry, &info, AT_SYMLINK_NOFOLLOW) != 0)
        return true;
    if (S_ISREG(info.st_mode))
        return read_file(files, folder, entry, name, err);
    if (!S_ISDIR(info.st_mode) || depth == DEPTH_MAX)
        return true;
    fd = openat(folder, entry, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return err_set(err, ERR_IO, "assets %s: %s", name, strerror(errno));
    return read_folder(files, fd, arena_format(&files->arena, "%s/", name), depth + 1, err);
}

static bool read_folder(struct static_files *files, int fd, const char *prefix, int depth,
                        struct err *err)
{
    DIR *folder = fdopendir(fd);
    struct dirent *entry;
    bool done = true;

    if (folder == NULL) {
        close(fd);
        return err_set(err, ERR_IO, "assets %s: %s", prefix, strerror(errno));
    }
    while (done && (entry = readdir(folder)) != NULL)
        done = read_entry(files, fd, entry->d_name, prefix, depth, err);
    closedir(folder);
    return done;
}

static int by_path(const void *a, const void *b)
{
    return strcmp(((const struct static_file *)a)->path, ((const struct static_file *)b)->path);
}

static void drop_orphans(struct static_files *files) // a .gz without its file
{
    size_t kept = 0;

    for (size_t i = 0; i < files->count; i++)
        if (files->files[i].bytes[PLAIN].data != NULL)
            files->files[kept++] = files->files[i];
    files->count = kept;
}

struct static_files *static_read(const char *folder, struct err *err)
{
    struct static_files *files = mem_zero(sizeof *files);
    int fd = -1;

    files->files = mem_zero(FILES_MAX * sizeof *files->files);
    if (folder != NULL && folder[0] != 0)
        fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) {
        if (folder == NULL || folder[0] == 0 || errno == ENOENT)
            return files; // no assets: every path goes to the handler
        err_set(err, ERR_IO, "assets %s: %s", folder, strerror(errno));
        static_destroy(files);
        return NULL;
    }
    if (!read_folder(files, fd, "", 0, err)) {
        static_destroy(files);
        return NULL;
    }
    drop_orphans(files);
    qsort(files->files, files->count, sizeof *files->files, by_path);
    return files;
}

void static_destroy(struct static_files *files)
{
    if (files == NULL)
        return;
    arena_finish(&files->arena);
    free(files->files);
    free(files);
}

static int path_compare(struct slice path, const char *name)
{
    return slice_compare(path, slice_text(name));
}

static const struct static_file *find(const struct static_files *files, struct slice path)
{
    size_t low = 0, high = files->count;

    while (low < high) {
        size_t middle = (low + high) / 2;
        int order = path_compare(path, files->files[middle].path);

        if (order == 0)
            return &files->files[middle];
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return NULL;
}

static bool has_variants(const struct static_file *file)
{
    return file->bytes[GZIP].data != NULL || file->bytes[BROTLI].data != NULL;
}

static enum variant choose(const struct static_file *file, const struct http_request *request)
{
    struct slice accept = http_header(request, "accept-encoding");
    enum variant best = PLAIN;
    int quality = 0;

    for (int v = BROTLI; v > PLAIN; v--) { // brotli first: it wins when both are as welcome
        int wanted = accepted_quality(accept, codings[v]);

        if (file->bytes[v].data != NULL && wanted > quality) {
            best = (enum variant)v;
            quality = wanted;
        }
    }
    return best;
}

// The weak comparison of RFC 9110 section 13.1.2, on a list.
static bool is_known(const struct http_request *request, const char *etag)
{
    struct slice known = http_header(request, "if-none-match");

    if (known.data == NULL || slice_is(known, "*"))
        return known.data != NULL;
    return memmem(known.data, known.len, etag, strlen(etag)) != NULL;
}

static void serve(const struct static_file *file, struct http_request *request)
{
    enum variant variant = choose(file, request);
    const char *etag = file->etag[variant];
    int status = is_known(request, etag) ? 304 : 200;

    respond_prepare(request, status, 5);
    respond_field(
        request, "cache-control",
        slice_text(file->immutable ? "public, max-age=31536000, immutable" : "public, no-cache"));
    respond_field(request, "etag", slice_text(etag));
    if (has_variants(file))
        respond_field(request, "vary", slice_text("accept-encoding"));
    if (status == 200)
        respond_field(request, "content-type", slice_text(file->type));
    if (status == 200 && variant != PLAIN)
        respond_field(request, "content-encoding", slice_text(codings[variant]));
    respond_send(request, file->bytes[variant]);
}

bool static_serve(const struct static_files *files, struct http_request *request)
{
    struct slice path = http_path(request);
    const struct static_file *file = files->count > 0 ? find(files, path) : NULL;

    if (file == NULL)
        return false;
    if (http_method(request) == HTTP_GET || http_method(request) == HTTP_HEAD)
        serve(file, request);
    else
        respond_problem(request, 405);
    return true;
}
