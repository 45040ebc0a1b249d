// SPDX-License-Identifier: Apache-2.0
// Files on a real disk and in a real store.
#include "blob/file.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "check.h"

enum { DAY = 86400000 };

struct place {
    char folder[64];
    struct store *store;
    struct blob_disk disk;
    struct arena arena;
    struct err err;
    struct blob_limits limits;
    struct blob_sweep sweep;
};

static void place_open(struct place *place)
{
    struct store_options options = {.folder = place->folder, .bytes_max = 64 << 20,
                                    .readers_max = 16, .memory_max = 1024,
                                    .clock = clock_system(), .random = random_system()};

    *place = (struct place){.limits = {1 << 20, 1 << 20, DAY}};
    snprintf(place->folder, sizeof place->folder, "/tmp/blob-test-XXXXXX");
    CHECK(mkdtemp(place->folder) != NULL);
    place->store = store_open(STORE_OWNER, &options, &place->err);
    CHECK_OK(place->store != NULL, &place->err);
    CHECK_OK(blob_prepare(place->folder, &place->err), &place->err);
    CHECK_OK(blob_open(&place->disk, place->folder, &place->err), &place->err);
    place->sweep.disk = place->disk;
}

static void place_close(struct place *place)
{
    char command[128];

    blob_close(&place->disk);
    store_close(place->store);
    arena_finish(&place->arena);
    snprintf(command, sizeof command, "%s", place->folder);
    CHECK(fork() != 0 || execlp("rm", "rm", "-rf", command, NULL) == 0);
}

static struct id some_id(uint8_t first)
{
    struct id id = {{first, 1, 2, 3}};

    return id;
}

static struct blob_file announced(uint8_t number, uint64_t length)
{
    return (struct blob_file){.id = some_id(number), .person = some_id(200), .org = some_id(100),
                              .length = length, .made_ms = 1000, .name = slice_text("a"),
                              .field = slice_of("", 0), .metadata = slice_of("", 0)};
}

static bool announce(struct place *place, struct blob_file *file)
{
    struct store_txn *txn = store_begin(place->store, STORE_WRITE, &place->err);
    bool done = blob_file_announce(txn, &place->limits, file, &place->err) &&
                store_commit_wait(txn, &place->err);

    store_end(txn);
    return done;
}

static bool write_whole(struct place *place, const struct id *id, struct slice bytes)
{
    int fd = blob_lock(&place->disk, id, &place->err);
    bool done = fd >= 0 && blob_write(&place->disk, id, 0, bytes, &place->err);

    if (fd >= 0)
        close(fd);
    return done;
}

// From announcement to a file that may be held.
static struct blob_file upload(struct place *place, uint8_t number, struct slice bytes)
{
    struct blob_file file = announced(number, bytes.len);
    struct blob_content content;
    struct store_txn *txn;

    CHECK_OK(announce(place, &file), &place->err);
    CHECK_OK(write_whole(place, &file.id, bytes), &place->err);
    CHECK_OK(blob_place(&place->disk, &file.id, bytes.len, &content, &place->err), &place->err);
    txn = store_begin(place->store, STORE_WRITE, &place->err);
    CHECK(blob_is_placed(&place->disk, content.digest));
    CHECK_OK(blob_file_complete(txn, &file, &content, &place->err) &&
                 store_commit_wait(txn, &place->err),
             &place->err);
    store_end(txn);
    blob_content_finish(&content);
    blob_unlink_upload(&place->disk, &file.id);
    return file;
}

static struct blob_file *find(struct place *place, uint8_t number)
{
    struct store_txn *txn = store_begin(place->store, STORE_READ, &place->err);
    struct id id = some_id(number);
    struct blob_file *file;

    CHECK_OK(blob_file_find(txn, &id, &place->arena, &file, &place->err), &place->err);
    store_end(txn);
    return file;
}

static uint64_t used(struct place *place)
{
    struct store_txn *txn = store_begin(place->store, STORE_READ, &place->err);
    struct id org = some_id(100);
    uint64_t bytes;

    CHECK(blob_used(txn, &org, &bytes, &place->err));
    store_end(txn);
    return bytes;
}

static bool drop(struct place *place, const struct blob_file *file, int64_t now_ms)
{
    struct store_txn *txn = store_begin(place->store, STORE_WRITE, &place->err);
    bool done = blob_file_drop(txn, file, now_ms, &place->err) &&
                store_commit_wait(txn, &place->err);

    store_end(txn);
    return done;
}

static bool hold(struct place *place, struct blob_file *file)
{
    struct id org = some_id(100), record = some_id(150);
    struct store_txn *txn = store_begin(place->store, STORE_WRITE, &place->err);
    bool done =
        blob_file_hold(txn, file, &org, &record, slice_text("app.things.proof"), &place->err) &&
        store_commit_wait(txn, &place->err);

    store_end(txn);
    return done;
}

static bool read_chunk(struct place *place, const struct blob_file *file, uint64_t chunk,
                       uint8_t *bytes, size_t *len)
{
    struct store_txn *txn = store_begin(place->store, STORE_READ, &place->err);
    const uint8_t *digest = NULL;
    bool done = blob_chunks(txn, file->digest, chunk, 1, &place->arena, &digest, &place->err) &&
                blob_read(&place->disk, file->digest, file->size, chunk, digest, bytes, len,
                          &place->err);

    store_end(txn);
    return done;
}

static int content_fd(struct place *place, const struct blob_file *file, int flags)
{
    char name[80];
    size_t len = 0;

    for (size_t i = 0; i < DIGEST_LEN; i++)
        len += (size_t)snprintf(name + len, sizeof name - len, "%02x%s", file->digest[i],
                                i == 0 ? "/" : "");
    CHECK(fchmodat(place->disk.blobs, name, 0600, 0) == 0);
    return openat(place->disk.blobs, name, flags);
}

static struct slice long_text(struct place *place)
{
    size_t len = 3 * BLOB_CHUNK / 2;
    uint8_t *bytes = arena_alloc(&place->arena, len);

    for (size_t i = 0; i < len; i++)
        bytes[i] = (uint8_t)('a' + i % 23);
    return slice_of(bytes, len);
}

// ---------------------------------------------------------------------------------------

static void what_was_stored_is_read_back(struct place *place)
{
    struct slice bytes = long_text(place);
    struct blob_file file = upload(place, 1, bytes);
    uint8_t *chunk = arena_alloc(&place->arena, BLOB_CHUNK);
    size_t len;

    CHECK(strcmp(file.kind, "text") == 0 && file.size == bytes.len);
    CHECK_OK(read_chunk(place, &file, 0, chunk, &len), &place->err);
    CHECK(slice_equal(slice_of(chunk, len), slice_of(bytes.data, BLOB_CHUNK)));
    CHECK_OK(read_chunk(place, &file, 1, chunk, &len), &place->err);
    CHECK(len == BLOB_CHUNK / 2 && memcmp(chunk, bytes.data + BLOB_CHUNK, len) == 0);
    CHECK(!read_chunk(place, &file, 2, chunk, &len) && place->err.code == ERR_CORRUPT);
}

static void rotten_bytes_are_never_given_out(struct place *place)
{
    struct blob_file file = upload(place, 1, long_text(place));
    uint8_t *chunk = arena_alloc(&place->arena, BLOB_CHUNK);
    size_t len;
    int fd = content_fd(place, &file, O_RDWR);

    CHECK(pwrite(fd, "!", 1, BLOB_CHUNK + 7) == 1);
    CHECK(read_chunk(place, &file, 0, chunk, &len)); // untouched
    CHECK(!read_chunk(place, &file, 1, chunk, &len) && place->err.code == ERR_CORRUPT);
    CHECK(ftruncate(fd, 100) == 0);
    CHECK(!read_chunk(place, &file, 0, chunk, &len) && place->err.code == ERR_CORRUPT);
    close(fd);
}

static void one_at_a_time_writes_an_upload(struct place *place)
{
    struct id id = some_id(1), other = id;
    int first = blob_lock(&place->disk, &id, &place->err), second;

    CHECK(first >= 0);
    CHECK(blob_lock(&place->disk, &id, &place->err) < 0 && place->err.code == ERR_BUSY);
    other.bytes[ID_LEN - 1] = 1;
    CHECK((second = blob_lock(&place->disk, &other, &place->err)) >= 0);
    close(second);
    close(first);
    first = blob_lock(&place->disk, &id, &place->err);
    CHECK(first >= 0);
    close(first);
}

// A process was ended after it had linked the content and before its commit.
static void an_upload_in_place_already_is_not_written_through(struct place *place)
{
    struct blob_file file = announced(1, 5);
    struct blob_content content;
    uint8_t first[DIGEST_LEN], other[DIGEST_LEN], *room = arena_alloc(&place->arena, BLOB_CHUNK);
    size_t len;

    digest_sha256(slice_text("first"), first);
    digest_sha256(slice_text("other"), other);

    CHECK(announce(place, &file) && write_whole(place, &file.id, slice_text("first")));
    CHECK_OK(blob_place(&place->disk, &file.id, 5, &content, &place->err), &place->err);
    blob_content_finish(&content);
    CHECK_OK(write_whole(place, &file.id, slice_text("other")), &place->err);
    CHECK_OK(blob_place(&place->disk, &file.id, 5, &content, &place->err), &place->err);
    CHECK(memcmp(content.digest, other, DIGEST_LEN) == 0);
    blob_content_finish(&content);
    CHECK_OK(blob_read(&place->disk, first, 5, 0, first, room, &len, &place->err), &place->err);
    CHECK(len == 5);
}

static void the_quota_is_reserved_before_a_byte_has_come(struct place *place)
{
    struct blob_file first = announced(1, 700000), second = announced(2, 700000),
                     large = announced(3, 2 << 20);

    CHECK(announce(place, &first));
    CHECK(used(place) >= 700000);
    CHECK(!announce(place, &second) && place->err.code == ERR_FULL);
    CHECK(!announce(place, &large) && place->err.code == ERR_LIMIT);
    CHECK(drop(place, &first, 2000));
    CHECK(used(place) == 0);
    CHECK(announce(place, &second));
}

static void two_that_would_pass_the_quota_together_conflict(struct place *place)
{
    struct blob_file files[2] = {announced(1, 700000), announced(2, 700000)};
    struct store_txn *txns[2];

    for (int i = 0; i < 2; i++) {
        txns[i] = store_begin(place->store, STORE_WRITE, &place->err);
        CHECK(blob_file_announce(txns[i], &place->limits, &files[i], &place->err));
    }
    CHECK_OK(store_commit_wait(txns[0], &place->err), &place->err);
    CHECK(!store_commit_wait(txns[1], &place->err) && place->err.code == ERR_CONFLICT);
    store_end(txns[0]);
    store_end(txns[1]);
    CHECK(!announce(place, &files[1]) && place->err.code == ERR_FULL);
}

static bool sweep(struct place *place, int64_t now_ms)
{
    return blob_sweep(&place->sweep, place->store, now_ms, DAY, &place->err);
}

static void an_upload_nobody_finished_ends(struct place *place)
{
    struct blob_file file = announced(1, 5);

    CHECK(announce(place, &file) && write_whole(place, &file.id, slice_text("part")));
    CHECK_OK(sweep(place, 1000 + DAY - 1), &place->err);
    CHECK(find(place, 1) != NULL);
    CHECK_OK(sweep(place, 1000 + DAY + 1), &place->err);
    CHECK(find(place, 1) == NULL && used(place) == 0);
}

static void a_file_that_is_held_stays(struct place *place)
{
    struct blob_file file = upload(place, 1, slice_text("hello"));

    CHECK_OK(hold(place, &file), &place->err);
    CHECK_OK(sweep(place, 1000 + 100 * (int64_t)DAY), &place->err);
    CHECK(find(place, 1)->state == BLOB_HELD);
    CHECK(blob_is_placed(&place->disk, file.digest));
}

static void content_goes_after_its_grace_and_not_while_another_file_has_it(struct place *place)
{
    struct blob_file one = upload(place, 1, slice_text("hello")),
                     two = upload(place, 2, slice_text("hello"));

    CHECK(memcmp(one.digest, two.digest, DIGEST_LEN) == 0);
    CHECK(hold(place, &two) && drop(place, &one, 2000));
    CHECK(sweep(place, 2000 + DAY + 1));
    CHECK(blob_is_placed(&place->disk, two.digest));
    CHECK(drop(place, find(place, 2), 2 * (int64_t)DAY));
    CHECK(sweep(place, 2 * (int64_t)DAY + 1));
    CHECK(blob_is_placed(&place->disk, two.digest)); // within its grace
    CHECK_OK(sweep(place, 3 * (int64_t)DAY + 2), &place->err);
    CHECK(!blob_is_placed(&place->disk, two.digest));
}

// The committer removes content that somebody is about to refer to: that commit conflicts, and
// the content is put back.
static void content_is_not_lost_between_finding_and_referring(struct place *place)
{
    struct slice bytes = slice_text("hello");
    struct blob_file one = upload(place, 1, bytes), two = announced(2, bytes.len);
    struct blob_content content;
    struct store_txn *txn;

    two.made_ms = DAY;
    CHECK(drop(place, &one, 2000));
    CHECK(announce(place, &two) && write_whole(place, &two.id, bytes));
    CHECK(blob_place(&place->disk, &two.id, bytes.len, &content, &place->err));
    txn = store_begin(place->store, STORE_WRITE, &place->err);
    CHECK(blob_is_placed(&place->disk, content.digest));
    CHECK(blob_file_complete(txn, &two, &content, &place->err));
    CHECK(blob_sweep(&place->sweep, place->store, 2000 + DAY - 500, 0, &place->err));
    CHECK(!blob_is_placed(&place->disk, content.digest));
    CHECK(!store_commit_wait(txn, &place->err) && place->err.code == ERR_CONFLICT);
    store_end(txn);
    blob_content_finish(&content);
    CHECK(blob_place(&place->disk, &two.id, bytes.len, &content, &place->err));
    CHECK(blob_is_placed(&place->disk, content.digest));
    blob_content_finish(&content);
}

static void files_no_record_knows_go(struct place *place)
{
    char name[ID_TEXT_LEN + 1];
    struct id id = some_id(9);
    int64_t later = clock_wall_ms(clock_system()) + 2 * (int64_t)DAY;

    CHECK(write_whole(place, &id, slice_text("lost")));
    id_to_text(&id, name);
    place->sweep.folder = 256; // uploads/
    CHECK_OK(sweep(place, later), &place->err);
    CHECK(faccessat(place->disk.uploads, name, F_OK, 0) != 0);
}

static void a_record_that_goes_takes_its_files_along(struct place *place)
{
    struct id org = some_id(100), record = some_id(150);
    struct blob_file file = upload(place, 1, slice_text("hello"));
    struct store_txn *txn;

    CHECK(hold(place, &file));
    txn = store_begin(place->store, STORE_WRITE, &place->err);
    CHECK_OK(blob_drop_held(txn, &org, &record, 5000, &place->err) &&
                 store_commit_wait(txn, &place->err),
             &place->err);
    store_end(txn);
    CHECK(find(place, 1) == NULL && used(place) == 0);
}

static void metadata_of_pictures_is_not_kept(struct place *place)
{
    static const char picture[] = "\xff\xd8\xff\xfe\0\x09secret!\xff\xda\0\x04\1\2data\xff\xd9";
    struct blob_file file = upload(place, 1, slice_of(picture, sizeof picture - 1));
    uint8_t *chunk = arena_alloc(&place->arena, BLOB_CHUNK);
    size_t len;

    CHECK(strcmp(file.kind, "jpeg") == 0 && file.size == sizeof picture - 1 - 11);
    CHECK_OK(read_chunk(place, &file, 0, chunk, &len), &place->err);
    CHECK(memmem(chunk, len, "secret", 6) == NULL && memmem(chunk, len, "data", 4) != NULL);
}

static void contents_are_walked_in_order(struct place *place)
{
    uint8_t digest[DIGEST_LEN] = {0};
    uint64_t size;
    struct store_txn *txn;
    bool found;
    int count = 0;

    upload(place, 1, slice_text("one"));
    upload(place, 2, slice_text("two"));
    upload(place, 3, slice_text("three"));
    txn = store_begin(place->store, STORE_READ, &place->err);
    while (blob_next_content(txn, digest, &size, &found, &place->err) && found)
        count++;
    store_end(txn);
    CHECK(count == 3);
}

static void on_a_disk(void (*test)(struct place *place))
{
    struct place place;

    place_open(&place);
    test(&place);
    place_close(&place);
}

#define ON_DISK(test) RUN(on_a_disk, test)

int main(void)
{
    ON_DISK(what_was_stored_is_read_back);
    ON_DISK(rotten_bytes_are_never_given_out);
    ON_DISK(one_at_a_time_writes_an_upload);
    ON_DISK(an_upload_in_place_already_is_not_written_through);
    ON_DISK(the_quota_is_reserved_before_a_byte_has_come);
    ON_DISK(two_that_would_pass_the_quota_together_conflict);
    ON_DISK(an_upload_nobody_finished_ends);
    ON_DISK(a_file_that_is_held_stays);
    ON_DISK(content_goes_after_its_grace_and_not_while_another_file_has_it);
    ON_DISK(content_is_not_lost_between_finding_and_referring);
    ON_DISK(files_no_record_knows_go);
    ON_DISK(a_record_that_goes_takes_its_files_along);
    ON_DISK(metadata_of_pictures_is_not_kept);
    ON_DISK(contents_are_walked_in_order);
    return check_report("blob file");
}
