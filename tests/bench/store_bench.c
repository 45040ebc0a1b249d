// SPDX-License-Identifier: Apache-2.0
// The same keys, values and group sizes through the store (encoded, judged, checksummed,
// applied) and through bare LMDB, in turns in one run, on the same disk. Each commit writes
// a record of 200 bytes, two index entries and a row of the feed. One JSON line a figure.
//
// store_bench [FOLDER [ROUNDS]]
#include <fcntl.h>
#include <lmdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/id.h"
#include "store/store.h"

enum { GROUP_MAX = 256, SIZES = 2, RECORD = 200, ROW = 60, ORGS = 12 };
static const int sizes[SIZES] = {1, 256}, groups_each[SIZES] = {300, 12};

struct work {
    uint8_t record_key[64], first_key[96], second_key[96];
    size_t record_len, first_len, second_len;
    uint8_t record[RECORD], row[ROW];
};

struct figures {
    double seconds, cpu_seconds;
    uint64_t commits;
};

struct bench {
    char folder[256];
    struct store *store;
    MDB_env *env;
    MDB_dbi dbi;
    uint64_t rows; // of the bare feed
    struct work work[GROUP_MAX];
    struct figures ours[SIZES], bare[SIZES];
};

static void stop(const char *what, const char *why)
{
    fprintf(stderr, "store_bench: %s: %s\n", what, why);
    exit(1);
}

static double cpu_now(void)
{
    struct rusage usage;

    getrusage(RUSAGE_SELF, &usage);
    return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
           (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

static size_t start_key(uint8_t *key, uint32_t org, char kind)
{
    memset(key, 0, 17);
    key[0] = 'R';
    key[16] = (uint8_t)org;
    memcpy(key + 17, "\x0bleave.leave", 12);
    key[29] = (uint8_t)kind;
    return 30;
}

// What a request for leave writes: made now, at one of a dozen schools.
static void make_work(struct work *work)
{
    struct id id = id_make(clock_system(), random_system());
    uint32_t chance;

    random_fill(random_system(), &chance, sizeof chance);
    random_fill(random_system(), work->record, RECORD);
    random_fill(random_system(), work->row, ROW);
    work->record_len = start_key(work->record_key, chance % ORGS, 'r');
    work->first_len = start_key(work->first_key, chance % ORGS, 'i');
    work->second_len = start_key(work->second_key, chance % ORGS, 'i');
    memcpy(work->record_key + work->record_len, id.bytes, ID_LEN);
    work->record_len += ID_LEN;
    work->first_key[work->first_len++] = 1; // by person, then time
    memcpy(work->first_key + work->first_len, &chance, 2);
    memcpy(work->first_key + work->first_len + 2, id.bytes, ID_LEN);
    work->first_len += 2 + ID_LEN;
    work->second_key[work->second_len++] = 2; // by class and state
    work->second_key[work->second_len++] = (uint8_t)(chance >> 24) % 30;
    memcpy(work->second_key + work->second_len, id.bytes, ID_LEN);
    work->second_len += ID_LEN;
}

static void put(struct store_txn *txn, const uint8_t *key, size_t len, struct slice value)
{
    struct err err;

    if (!store_put(txn, slice_of(key, len), value, &err))
        stop("put", err.text);
}

static void ours(struct bench *bench, int size)
{
    static struct buffer commits[GROUP_MAX];
    struct store_proposal proposals[GROUP_MAX];
    struct err err;

    for (int i = 0; i < size; i++) {
        struct work *work = &bench->work[i];
        struct store_txn *txn = store_begin(bench->store, STORE_WRITE, &err);
        struct slice before;

        if (txn == NULL || !store_get(txn, slice_of(work->record_key, work->record_len), &before,
                                      &err))
            stop("begin", err.text);
        put(txn, work->record_key, work->record_len, slice_of(work->record, RECORD));
        put(txn, work->first_key, work->first_len, slice_of("", 0));
        put(txn, work->second_key, work->second_len, slice_of("", 0));
        if (!store_append(txn, "feed", slice_of(work->row, ROW), &err))
            stop("append", err.text);
        commits[i].len = 0;
        store_encode(txn, &commits[i]);
        store_end(txn);
        proposals[i] = (struct store_proposal){.commit = buffer_view(&commits[i])};
    }
    if (!store_apply(bench->store, proposals, (size_t)size, &err))
        stop("apply", err.text);
    for (int i = 0; i < size; i++)
        if (proposals[i].outcome.code != ERR_NONE)
            stop("commit", proposals[i].outcome.text);
}

static void bare_put(struct bench *bench, MDB_txn *txn, const void *key, size_t key_len,
                     const void *value, size_t len)
{
    MDB_val name = {key_len, (void *)key}, data = {len, (void *)value};
    int rc = mdb_put(txn, bench->dbi, &name, &data, 0);

    if (rc != 0)
        stop("mdb_put", mdb_strerror(rc));
}

static void bare(struct bench *bench, int size)
{
    MDB_txn *txn;
    int rc = mdb_txn_begin(bench->env, NULL, 0, &txn);

    for (int i = 0; rc == 0 && i < size; i++) {
        const struct work *work = &bench->work[i];
        uint64_t row = htobe64(++bench->rows);
        char key[16] = "L\x04" "feed";

        memcpy(key + 6, &row, sizeof row);
        bare_put(bench, txn, work->record_key, work->record_len, work->record, RECORD);
        bare_put(bench, txn, work->first_key, work->first_len, "", 0);
        bare_put(bench, txn, work->second_key, work->second_len, "", 0);
        bare_put(bench, txn, key, 14, work->row, ROW);
    }
    if (rc == 0)
        rc = mdb_txn_commit(txn);
    if (rc != 0)
        stop("LMDB", mdb_strerror(rc));
}

static void measure(struct bench *bench, struct figures *figures, int size, int groups,
                    void (*run)(struct bench *, int))
{
    for (int i = 0; i < groups; i++) {
        int64_t start;
        double cpu;

        for (int j = 0; j < size; j++)
            make_work(&bench->work[j]);
        start = clock_mono_us(clock_system());
        cpu = cpu_now();
        run(bench, size);
        figures->cpu_seconds += cpu_now() - cpu;
        figures->seconds += (double)(clock_mono_us(clock_system()) - start) / 1e6;
    }
    figures->commits += (uint64_t)size * (uint64_t)groups;
}

static void open_both(struct bench *bench)
{
    struct store_options options = {.folder = bench->folder, .bytes_max = (uint64_t)1 << 40,
                                    .readers_max = 16, .memory_max = 100000,
                                    .clock = clock_system(), .random = random_system()};
    struct err err;
    char path[300];
    MDB_txn *txn;

    bench->store = store_open(STORE_OWNER, &options, &err);
    if (bench->store == NULL)
        stop("open", err.text);
    snprintf(path, sizeof path, "%s/bare", bench->folder);
    if (mkdir(path, 0700) != 0 || mdb_env_create(&bench->env) != 0 ||
        mdb_env_set_mapsize(bench->env, (size_t)1 << 40) != 0 ||
        mdb_env_open(bench->env, path, MDB_NOTLS, 0600) != 0 ||
        mdb_txn_begin(bench->env, NULL, 0, &txn) != 0 ||
        mdb_dbi_open(txn, NULL, 0, &bench->dbi) != 0 || mdb_txn_commit(txn) != 0)
        stop("open", "bare LMDB");
}

static void report(const char *peer, int size, const struct figures *figures)
{
    printf("{\"name\":\"durable commits, %d a group\",\"peer\":\"%s\",\"value\":%.0f,"
           "\"unit\":\"1/s\"}\n",
           size, peer, (double)figures->commits / figures->seconds);
    printf("{\"name\":\"CPU of a durable commit, %d a group\",\"peer\":\"%s\",\"value\":%.1f,"
           "\"unit\":\"us\"}\n",
           size, peer, figures->cpu_seconds * 1e6 / (double)figures->commits);
}

static void compare(int size, const struct figures *ours, const struct figures *bare)
{
    double times = (double)ours->commits / ours->seconds * bare->seconds / (double)bare->commits;

    printf("{\"name\":\"durable commits beside bare LMDB, %d a group\",\"peer\":\"shuyuan\","
           "\"value\":%.2f,\"unit\":\"times\",\"target\":0.5,\"ok\":%s}\n",
           size, times, times >= 0.5 ? "true" : "false");
}

static void remove_all(struct bench *bench)
{
    static const char *const names[] = {"bare/data.mdb", "bare/lock.mdb", "bare", "data.mdb",
                                        "lock.mdb", "lock"};
    char path[300];

    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        snprintf(path, sizeof path, "%s/%s", bench->folder, names[i]);
        remove(path);
    }
    rmdir(bench->folder);
}

int main(int argc, char **argv)
{
    struct bench *bench = mem_zero(sizeof *bench);
    int rounds = argc > 2 ? (int)strtol(argv[2], NULL, 10) : 4;

    snprintf(bench->folder, sizeof bench->folder, "%s/store-bench-XXXXXX",
             argc > 1 ? argv[1] : "/tmp");
    if (mkdtemp(bench->folder) == NULL)
        stop("make a folder", bench->folder);
    open_both(bench);
    for (int round = 0; round < rounds; round++)
        for (int i = 0; i < SIZES; i++) {
            measure(bench, &bench->ours[i], sizes[i], groups_each[i], ours);
            measure(bench, &bench->bare[i], sizes[i], groups_each[i], bare);
        }
    for (int i = 0; i < SIZES; i++) {
        report("shuyuan", sizes[i], &bench->ours[i]);
        report("bare LMDB", sizes[i], &bench->bare[i]);
        compare(sizes[i], &bench->ours[i], &bench->bare[i]);
    }
    store_close(bench->store);
    mdb_env_close(bench->env);
    remove_all(bench);
    free(bench);
    return 0;
}
