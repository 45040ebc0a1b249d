// SPDX-License-Identifier: Apache-2.0
// What the store does when the disk is not what it was: refuse, say so, never lie.
#include "scratch.h"

#include <errno.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/wait.h>

struct file {
    uint8_t *bytes;
    size_t len;
};

static struct file read_file(const char *path)
{
    int fd = open(path, O_RDONLY);
    struct stat status = {0};
    struct file file;

    CHECK(fd >= 0 && fstat(fd, &status) == 0);
    file.len = (size_t)status.st_size;
    file.bytes = mem_zero(file.len);
    CHECK(read(fd, file.bytes, file.len) == (ssize_t)file.len);
    close(fd);
    return file;
}

static void write_file(const char *path, const void *bytes, size_t len)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

    CHECK(fd >= 0 && write(fd, bytes, len) == (ssize_t)len);
    close(fd);
}

static uint8_t *find_bytes(struct file file, const char *text)
{
    return memmem(file.bytes, file.len, text, strlen(text));
}

// A flipped byte in a value (each of its bits), in its checksum and kind, and in its key.
static void a_flipped_bit_is_never_wrong_data(void)
{
    static const char key[] = "rotten key", value[] = "a value that must not change in silence";
    struct scratch scratch;
    struct file file;
    uint8_t *at;

    scratch_start(&scratch);
    CHECK(put_one(&scratch, "sound", "v") == ERR_NONE);
    CHECK(put_one(&scratch, key, value) == ERR_NONE); // last: no older page holds a copy
    scratch_close(&scratch);
    file = read_file(scratch_path(&scratch, "data.mdb"));
    at = find_bytes(file, value);
    CHECK(at != NULL && find_bytes((struct file){at + 1, file.len - (size_t)(at + 1 - file.bytes)},
                                   value) == NULL);
    for (int offset = -9; at != NULL && offset < (int)strlen(value); offset += 3) {
        struct store_txn *txn;
        struct slice got;

        at[offset] ^= (uint8_t)(1 << ((offset + 9) % 8));
        write_file(scratch_path(&scratch, "data.mdb"), file.bytes, file.len);
        at[offset] ^= (uint8_t)(1 << ((offset + 9) % 8));
        CHECK_OK(scratch_open(&scratch), &scratch.err);
        txn = begin_read(&scratch);
        CHECK(!store_get(txn, S(key), &got, &scratch.err) && scratch.err.code == ERR_CORRUPT);
        CHECK(got.data == NULL);
        store_end(txn);
        CHECK(holds(&scratch, "sound", "v"));
        scratch_close(&scratch);
    }
    free(file.bytes);
    scratch_finish(&scratch);
}

static void a_walk_stops_at_a_rotten_value(void)
{
    struct scratch scratch;
    struct file file;
    struct store_txn *txn;
    struct store_range *range;
    struct slice key, value;
    struct err err;

    scratch_start(&scratch);
    put_one(&scratch, "w1", "the first value");
    put_one(&scratch, "w2", "the second value");
    scratch_close(&scratch);
    file = read_file(scratch_path(&scratch, "data.mdb"));
    for (uint8_t *at; (at = find_bytes(file, "the second value")) != NULL;)
        at[4] ^= 1;
    write_file(scratch_path(&scratch, "data.mdb"), file.bytes, file.len);
    CHECK(scratch_open(&scratch));
    txn = begin_read(&scratch);
    range = store_range_open(txn, S("w"), slice_of(NULL, 0), false, &err);
    CHECK(store_range_next(range, &key, &value, &err) && slice_is(value, "the first value"));
    CHECK(!store_range_next(range, &key, &value, &err) && err.code == ERR_CORRUPT);
    store_end(txn);
    free(file.bytes);
    scratch_finish(&scratch);
}

// Whole pieces in the wrong place are sound in themselves: only the key in the checksum tells.
static void swapped_values_are_detected(void)
{
    static const char first[] = "value of the first", other[] = "value of the other";
    struct scratch scratch;
    struct file file;
    struct store_txn *txn;
    struct slice got;
    enum { HEAD = 9, LEN = sizeof first - 1 };

    scratch_start(&scratch);
    txn = begin_write(&scratch);
    CHECK(store_put(txn, S("key 1"), S(first), &scratch.err));
    CHECK(store_put(txn, S("key 2"), S(other), &scratch.err));
    CHECK(finish(&scratch, txn) == ERR_NONE);
    scratch_close(&scratch);
    file = read_file(scratch_path(&scratch, "data.mdb"));
    uint8_t *a = find_bytes(file, first), *b = find_bytes(file, other), swap[HEAD + LEN];
    CHECK(a != NULL && b != NULL);
    memcpy(swap, a - HEAD, HEAD + LEN);
    memcpy(a - HEAD, b - HEAD, HEAD + LEN);
    memcpy(b - HEAD, swap, HEAD + LEN);
    write_file(scratch_path(&scratch, "data.mdb"), file.bytes, file.len);
    CHECK(scratch_open(&scratch));
    txn = begin_read(&scratch);
    CHECK(!store_get(txn, S("key 1"), &got, &scratch.err) && scratch.err.code == ERR_CORRUPT);
    CHECK(!store_get(txn, S("key 2"), &got, &scratch.err) && scratch.err.code == ERR_CORRUPT);
    store_end(txn);
    free(file.bytes);
    scratch_finish(&scratch);
}

static void a_rotten_counter_refuses_its_commit_only(void)
{
    struct scratch scratch;
    struct file file;
    struct store_txn *txn;
    static const uint8_t stored[] = {1, 0x12, 0x34, 0x56, 0x78, 0x12, 0x34, 0x56, 0x78};

    scratch_start(&scratch);
    txn = begin_write(&scratch);
    CHECK(store_add(txn, S("counter"), 0x1234567812345678, &scratch.err));
    CHECK(finish(&scratch, txn) == ERR_NONE);
    scratch_close(&scratch);
    file = read_file(scratch_path(&scratch, "data.mdb"));
    uint8_t *at = memmem(file.bytes, file.len, stored, sizeof stored);
    CHECK(at != NULL);
    if (at != NULL)
        at[5] ^= 4;
    write_file(scratch_path(&scratch, "data.mdb"), file.bytes, file.len);
    CHECK(scratch_open(&scratch));
    txn = begin_write(&scratch);
    CHECK(store_add(txn, S("counter"), 1, &scratch.err));
    CHECK(finish(&scratch, txn) == ERR_CORRUPT);
    CHECK(put_one(&scratch, "other", "v") == ERR_NONE);
    free(file.bytes);
    scratch_finish(&scratch);
}

// In a child, since what must not happen is a signal. What opens is whole.
static bool opens_or_refuses(struct scratch *scratch, int keys, bool *opened)
{
    pid_t child = fork();
    int status = 0;

    if (child == 0) {
        struct slice key, value;
        struct store_range *range;
        struct store_txn *txn;

        if (!scratch_open(scratch))
            _exit(scratch->err.code == ERR_CORRUPT ? 1 : 2);
        txn = begin_read(scratch);
        range = store_range_open(txn, S(""), slice_of(NULL, 0), false, &scratch->err);
        while (store_range_next(range, &key, &value, &scratch->err))
            keys--;
        _exit(scratch->err.code == ERR_NONE && keys == 0 ? 0 : 3);
    }
    waitpid(child, &status, 0);
    *opened = WIFEXITED(status) && WEXITSTATUS(status) == 0;
    return WIFEXITED(status) && WEXITSTATUS(status) <= 1;
}

static void a_truncated_file_is_refused(void)
{
    struct scratch scratch;
    struct stat status;
    bool opened, no_signal = true;
    int refused = 0, tries = 0;
    char key[32], path[800];

    scratch_start(&scratch);
    for (int i = 0; i < 200; i++) {
        snprintf(key, sizeof key, "key %d", i * 7919 % 1000);
        put_one(&scratch, key, "some value that fills the pages of the file with something");
    }
    scratch_close(&scratch);
    snprintf(path, sizeof path, "%s", scratch_path(&scratch, "data.mdb"));
    CHECK(stat(path, &status) == 0);
    CHECK(opens_or_refuses(&scratch, 201, &opened) && opened);
    for (off_t len = status.st_size - 1; len > 0; len -= 1777, tries++) {
        CHECK(truncate(path, len) == 0);
        no_signal = opens_or_refuses(&scratch, 201, &opened) && no_signal;
        refused += !opened;
    }
    CHECK(no_signal && tries > 20 && refused > tries - 8); // a few pages at the end are free
    CHECK(truncate(path, 0) == 0);
    CHECK(!scratch_open(&scratch) && scratch.err.code == ERR_CORRUPT);
    CHECK(unlink(path) == 0);
    CHECK(!scratch_open(&scratch) && scratch.err.code == ERR_CORRUPT);
    CHECK(unlink(scratch_path(&scratch, "lock")) == 0); // that is how to begin anew
    CHECK(scratch_open(&scratch));
    scratch_finish(&scratch);
}

// LMDB may leave free pages at the end unwritten: their absence is no damage.
static void free_pages_may_be_missing_at_the_end(void)
{
    struct scratch scratch;
    struct store_txn *txn;
    uint8_t *large = mem_zero(1 << 20);
    struct stat status;
    bool opened;
    off_t whole, shortest;

    scratch_start(&scratch);
    put_one(&scratch, "small", "stays");
    CHECK(stat(scratch_path(&scratch, "data.mdb"), &status) == 0);
    txn = begin_write(&scratch);
    CHECK(store_put(txn, S("large"), slice_of(large, 1 << 20), &scratch.err));
    CHECK(finish(&scratch, txn) == ERR_NONE);
    CHECK(delete_one(&scratch, "large") == ERR_NONE);
    for (int i = 0; i < 4; i++) // until nothing in use stands behind the free pages
        CHECK(put_one(&scratch, "small", "stays") == ERR_NONE);
    scratch_close(&scratch);
    whole = status.st_size;
    CHECK(stat(scratch_path(&scratch, "data.mdb"), &status) == 0 && status.st_size > 1 << 20);
    shortest = status.st_size;
    for (off_t len = status.st_size; len >= whole; len -= 4096) {
        CHECK(truncate(scratch_path(&scratch, "data.mdb"), len) == 0);
        CHECK(opens_or_refuses(&scratch, 2, &opened));
        if (!opened)
            break;
        shortest = len;
    }
    CHECK(shortest < status.st_size); // some were forgiven
    CHECK(!opened);                   // the next was in use
    free(large);
    scratch_finish(&scratch);
}

static void what_is_no_store_is_refused(void)
{
    struct scratch scratch;
    uint8_t garbage[16384];

    memset(garbage, 0x5a, sizeof garbage);
    scratch_folder(&scratch);
    write_file(scratch_path(&scratch, "data.mdb"), garbage, sizeof garbage);
    CHECK(!scratch_open(&scratch) && scratch.err.code == ERR_CORRUPT);
    scratch_finish(&scratch);
}

static void a_folder_that_is_not_there_is_an_error(void)
{
    struct scratch scratch;

    scratch_folder(&scratch);
    rmdir(scratch.folder);
    CHECK(!scratch_open(&scratch) && scratch.err.code == ERR_IO);
}

static void a_guest_before_the_owner_finds_nothing(void)
{
    struct scratch scratch;

    scratch_folder(&scratch);
    scratch.store = store_open(STORE_GUEST, &scratch.options, &scratch.err);
    CHECK(scratch.store == NULL && scratch.err.code == ERR_ABSENT);
    scratch_finish(&scratch);
}

static void a_second_owner_is_busy(void)
{
    struct scratch scratch;
    struct store *second, *guest;
    struct err err;

    scratch_start(&scratch);
    second = store_open(STORE_OWNER, &scratch.options, &err);
    CHECK(second == NULL && err.code == ERR_BUSY);
    CHECK(put_one(&scratch, "still", "mine") == ERR_NONE);
    scratch_close(&scratch);
    CHECK(scratch_open(&scratch));
    scratch_close(&scratch);
    guest = store_open(STORE_GUEST, &scratch.options, &err); // no owner is needed to read
    CHECK_OK(guest != NULL, &err);
    store_close(guest);
    scratch_finish(&scratch);
}

static void a_newer_format_is_refused_and_left_alone(void)
{
    struct scratch scratch;
    struct store *guest;
    struct store_txn *txn;

    scratch_start(&scratch);
    txn = begin_write(&scratch);
    CHECK(store_put(txn, S("Mformat"), slice_of("\0\0\0\0\0\0\0\2", 8), &scratch.err));
    CHECK(finish(&scratch, txn) == ERR_NONE);
    scratch_close(&scratch);
    for (int i = 0; i < 2; i++) { // it is not rewritten by a try
        CHECK(!scratch_open(&scratch) && scratch.err.code == ERR_INPUT);
        CHECK(strstr(scratch.err.text, "format 2") != NULL);
        CHECK(strstr(scratch.err.text, "newer version") != NULL);
    }
    guest = store_open(STORE_GUEST, &scratch.options, &scratch.err);
    CHECK(guest == NULL && scratch.err.code == ERR_INPUT);
    scratch_finish(&scratch);
}

static enum err_code put_large(struct scratch *scratch, int number, size_t len)
{
    struct store_txn *txn = begin_write(scratch);
    uint8_t *value = mem_zero(len);
    char key[32];

    snprintf(key, sizeof key, "large %04d", number);
    memset(value, number, len);
    CHECK(store_put(txn, S(key), slice_of(value, len), &scratch->err));
    free(value);
    return finish(scratch, txn);
}

static bool all_are_there(struct scratch *scratch, int count, size_t len)
{
    struct store_txn *txn = begin_read(scratch);
    struct slice value;
    bool there = true;
    char key[32];

    for (int i = 0; i < count; i++) {
        snprintf(key, sizeof key, "large %04d", i);
        there = there && store_get(txn, S(key), &value, &scratch->err) && value.len == len &&
                value.data[len / 2] == (uint8_t)i;
    }
    store_end(txn);
    return there;
}

static void the_own_limit_lets_deletes_through(void)
{
    struct scratch scratch;
    struct store_txn *txn;
    int stored = 0, again;

    scratch_folder(&scratch);
    scratch.options.bytes_max = 1 << 20;
    CHECK(scratch_open(&scratch));
    while (stored < 1000 && put_large(&scratch, stored, 3000) == ERR_NONE)
        stored++;
    CHECK(scratch.err.code == ERR_FULL && stored > 100 && stored < 400);
    CHECK(put_one(&scratch, "small", "still fits perhaps") != ERR_IO);
    CHECK(all_are_there(&scratch, stored, 3000));
    CHECK(put_large(&scratch, 0, 3000) == ERR_NONE); // takes no more room than before
    txn = begin_write(&scratch);
    for (int i = stored - 20; i < stored; i++) {
        char key[32];

        snprintf(key, sizeof key, "large %04d", i);
        CHECK(store_delete(txn, S(key), &scratch.err));
    }
    CHECK(finish(&scratch, txn) == ERR_NONE);
    for (again = stored - 20; put_large(&scratch, again, 3000) == ERR_NONE;)
        again++;
    CHECK(scratch.err.code == ERR_FULL && again > stored - 20 && again <= stored + 2);
    scratch_finish(&scratch);
}

static enum err_code put_in(struct scratch *scratch, uint8_t space, int number, size_t len)
{
    struct store_txn *txn = begin_write(scratch);
    uint8_t *value = mem_zero(len);
    char key[32];

    snprintf(key, sizeof key, "%c%08d", space, number);
    CHECK(store_put(txn, S(key), slice_of(value, len), &scratch->err));
    free(value);
    return finish(scratch, txn);
}

// With its list, as records are deleted: more is written than given back.
static enum err_code delete_in(struct scratch *scratch, int number)
{
    struct store_txn *txn = begin_write(scratch);
    uint8_t value[700] = {0};
    char key[32];

    snprintf(key, sizeof key, "%c%08d", SPACE_RECORD, number);
    CHECK(store_put(txn, S(key), slice_of(value, sizeof value), &scratch->err));
    snprintf(key, sizeof key, "%c%08d", SPACE_DELETED, number);
    CHECK(store_put(txn, S(key), S("the list of what was deleted"), &scratch->err));
    CHECK(store_append(txn, "feed", S("deleted"), &scratch->err));
    return finish(scratch, txn);
}

static void the_last_room_is_for_signing_in_and_before_it_for_deleting(void)
{
    struct scratch scratch;
    int records = 0, deleted = 0, sessions = 0;
    struct store_txn *txn;

    scratch_folder(&scratch);
    scratch.options.bytes_max = 1 << 20;
    CHECK(scratch_open(&scratch));
    while (put_in(&scratch, SPACE_RECORD, records, 600) == ERR_NONE)
        records++;
    CHECK(scratch.err.code == ERR_FULL && records > 500);
    while (deleted < records && delete_in(&scratch, deleted) == ERR_NONE)
        deleted++;
    CHECK(scratch.err.code == ERR_FULL && deleted > 100);
    CHECK(put_in(&scratch, SPACE_RECORD, records, 100) == ERR_FULL);
    CHECK(put_in(&scratch, SPACE_JOB, 1, 100) == ERR_FULL);
    while (put_in(&scratch, SPACE_SESSION, sessions, 200) == ERR_NONE)
        sessions++;
    CHECK(scratch.err.code == ERR_FULL && sessions > 100);
    txn = begin_write(&scratch); // what gives room is always let through
    CHECK(store_delete(txn, S("S00000000"), &scratch.err));
    CHECK(finish(&scratch, txn) == ERR_NONE);
    scratch_finish(&scratch);
}

// A group's commits share the room that is left.
static void the_own_limit_holds_within_a_group(void)
{
    struct scratch scratch;
    struct store_proposal proposals[64];
    struct buffer commits[64] = {BUFFER_EMPTY};
    uint8_t *value = mem_zero(100000);
    int accepted = 0;

    scratch_folder(&scratch);
    scratch.options.bytes_max = 1 << 20;
    CHECK(scratch_open(&scratch));
    for (int i = 0; i < 64; i++) {
        struct store_txn *txn = begin_write(&scratch);
        char key[32];

        snprintf(key, sizeof key, "g%d", i);
        CHECK(store_put(txn, S(key), slice_of(value, 100000), &scratch.err));
        store_encode(txn, &commits[i]);
        store_end(txn);
        proposals[i] = (struct store_proposal){.commit = buffer_view(&commits[i])};
    }
    CHECK(store_apply(scratch.store, proposals, 64, &scratch.err));
    for (int i = 0; i < 64; i++) {
        accepted += proposals[i].outcome.code == ERR_NONE;
        CHECK(proposals[i].outcome.code == ERR_NONE || proposals[i].outcome.code == ERR_FULL);
        buffer_finish(&commits[i]);
    }
    CHECK(accepted >= 8 && accepted <= 10);
    free(value);
    scratch_finish(&scratch);
}

// Fills what the disk gives; what was acknowledged stays, and reads go on.
static int fill(struct scratch *scratch, size_t len)
{
    int stored = 0;

    while (stored < 2000 && put_large(scratch, stored, len) == ERR_NONE)
        stored++;
    CHECK_OK(scratch->err.code == ERR_FULL, &scratch->err);
    CHECK(stored > 5 && stored < 2000);
    CHECK(all_are_there(scratch, stored, len));
    CHECK(put_large(scratch, stored, len) == ERR_FULL); // and says so again
    CHECK(all_are_there(scratch, stored, len));
    return stored;
}

static void a_file_that_may_not_grow_is_full(void)
{
    struct rlimit before, limit;
    struct scratch scratch;
    int stored;

    signal(SIGXFSZ, SIG_IGN);
    getrlimit(RLIMIT_FSIZE, &before);
    for (size_t len = 3000; len < 200000; len *= 20) {
        scratch_start(&scratch);
        limit = before;
        limit.rlim_cur = (2 << 20) + 1000; // not at the end of a page: the last write is short
        CHECK(setrlimit(RLIMIT_FSIZE, &limit) == 0);
        stored = fill(&scratch, len);
        CHECK(setrlimit(RLIMIT_FSIZE, &before) == 0);
        CHECK(put_large(&scratch, stored, len) == ERR_NONE); // room again: goes on by itself
        CHECK(all_are_there(&scratch, stored + 1, len));
        scratch_finish(&scratch);
    }
}

static void a_full_disk_is_an_error_and_not_the_end(void)
{
    struct scratch scratch;
    int stored;
    char *ballast;

    scratch_folder(&scratch);
    if (mount("store-test", scratch.folder, "tmpfs", 0, "size=4m") != 0) {
        CHECK(errno == EPERM || errno == EACCES); // without root the limit above must do
        scratch_finish(&scratch);
        return;
    }
    ballast = mem_zero(1 << 20);
    write_file(scratch_path(&scratch, "ballast"), ballast, 1 << 20);
    CHECK(scratch_open(&scratch));
    stored = fill(&scratch, 3000);
    CHECK(delete_one(&scratch, "large 0000") != ERR_IO);
    CHECK(unlink(scratch_path(&scratch, "ballast")) == 0);
    CHECK(put_large(&scratch, 0, 3000) == ERR_NONE);
    CHECK(put_large(&scratch, stored, 3000) == ERR_NONE);
    CHECK(all_are_there(&scratch, stored + 1, 3000));
    scratch_close(&scratch);
    CHECK(scratch_open(&scratch) && all_are_there(&scratch, stored + 1, 3000));
    scratch_close(&scratch);
    CHECK(umount(scratch.folder) == 0);
    free(ballast);
    scratch_finish(&scratch);
}

// A small disk that promises to be a large one: writes succeed, the sync fails. What was
// acknowledged before is safe; nothing may be acknowledged afterwards, however often asked.
static void after_a_failed_sync_nothing_is_acknowledged(void)
{
    struct scratch disk, scratch;
    char command[2000];
    int stored = 0;

    scratch_folder(&disk);
    scratch_folder(&scratch);
    snprintf(command, sizeof command,
             "exec 2>/dev/null; mount -t tmpfs -o size=8m store-test '%s' && cd '%s' && "
             "truncate -s 100M image && /sbin/mkfs.ext4 -q -O ^has_journal image && "
             "mount -o loop image '%s'",
             disk.folder, disk.folder, scratch.folder);
    if (system(command) != 0) {
        printf("  (no loop device here: a failed sync was not tried)\n");
    } else {
        CHECK(scratch_open(&scratch));
        while (stored < 1000 && put_large(&scratch, stored, 60000) == ERR_NONE)
            stored++;
        CHECK_OK(scratch.err.code == ERR_UNKNOWN || scratch.err.code == ERR_IO, &scratch.err);
        CHECK(stored > 20 && stored < 1000);
        CHECK(put_one(&scratch, "again", "v") != ERR_NONE);
        CHECK(put_one(&scratch, "again", "v") != ERR_NONE);
        CHECK(all_are_there(&scratch, stored, 60000));
        scratch_close(&scratch);
        CHECK(umount(scratch.folder) == 0);
    }
    umount(disk.folder);
    scratch_finish(&scratch);
    scratch_finish(&disk);
}

// kill -9 in the middle of writing: what was acknowledged is there, nothing is half there.
static void a_killed_owner_loses_nothing_acknowledged(void)
{
    struct scratch scratch;
    int ledger[2], acknowledged = -1, number;
    pid_t child;

    scratch_folder(&scratch);
    CHECK(pipe(ledger) == 0);
    child = fork();
    if (child == 0) {
        if (!scratch_open(&scratch))
            _exit(1);
        for (number = 0;; number++)
            if (put_large(&scratch, number, 3000) != ERR_NONE ||
                write(ledger[1], &number, sizeof number) != sizeof number)
                _exit(1);
    }
    close(ledger[1]);
    while (acknowledged < 40 && read(ledger[0], &number, sizeof number) == sizeof number)
        acknowledged = number;
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    while (read(ledger[0], &number, sizeof number) == sizeof number)
        acknowledged = number;
    close(ledger[0]);
    CHECK_OK(scratch_open(&scratch), &scratch.err);
    CHECK(acknowledged >= 40 && all_are_there(&scratch, acknowledged + 1, 3000));
    scratch_finish(&scratch);
}

int main(void)
{
    RUN(a_flipped_bit_is_never_wrong_data);
    RUN(a_walk_stops_at_a_rotten_value);
    RUN(swapped_values_are_detected);
    RUN(a_rotten_counter_refuses_its_commit_only);
    RUN(a_truncated_file_is_refused);
    RUN(free_pages_may_be_missing_at_the_end);
    RUN(what_is_no_store_is_refused);
    RUN(a_folder_that_is_not_there_is_an_error);
    RUN(a_guest_before_the_owner_finds_nothing);
    RUN(a_second_owner_is_busy);
    RUN(a_newer_format_is_refused_and_left_alone);
    RUN(the_own_limit_lets_deletes_through);
    RUN(the_last_room_is_for_signing_in_and_before_it_for_deleting);
    RUN(the_own_limit_holds_within_a_group);
    RUN(a_file_that_may_not_grow_is_full);
    RUN(a_full_disk_is_an_error_and_not_the_end);
    RUN(after_a_failed_sync_nothing_is_acknowledged);
    RUN(a_killed_owner_loses_nothing_acknowledged);
    return check_report("store/file");
}
