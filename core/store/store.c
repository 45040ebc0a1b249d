// SPDX-License-Identifier: Apache-2.0
// Opening and closing, roles, the format number, and what is told about the whole.
#include "store/inside.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/history.h"
#include "store/space.h"

static const uint8_t FORMAT_KEY[] = {SPACE_META, 'f', 'o', 'r', 'm', 'a', 't'};

static bool open_folder(struct store *store, struct err *err)
{
    store->folder_fd = open(store->folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
    return store->folder_fd >= 0 ||
           err_set(err, ERR_IO, "open %s: %s", store->folder, strerror(errno));
}

static bool take_lock(struct store *store, struct err *err)
{
    store->lock_fd = openat(store->folder_fd, "lock", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (store->lock_fd < 0)
        return err_set(err, ERR_IO, "open %s/lock: %s", store->folder, strerror(errno));
    if (flock(store->lock_fd, LOCK_EX | LOCK_NB) == 0)
        return true;
    if (errno == EWOULDBLOCK)
        return err_set(err, ERR_BUSY, "the store in %s is in use by another process",
                       store->folder);
    return err_set(err, ERR_IO, "lock %s/lock: %s", store->folder, strerror(errno));
}

// The lock file holds a byte once a store was made here, so that a data file that has
// vanished is not taken for a new beginning.
static bool may_begin_anew(struct store *store, struct err *err)
{
    struct stat status;

    if (fstat(store->lock_fd, &status) == 0 && status.st_size == 0)
        return true;
    return err_set(err, ERR_CORRUPT,
                   "%s/data.mdb is missing or empty: restore it from a backup, or remove "
                   "%s/lock to begin with an empty store",
                   store->folder, store->folder);
}

static bool check_file(struct store *store, struct err *err)
{
    bool present;

    if (!lmdb_check_file(store->folder, &present, err))
        return false;
    if (present)
        return true;
    if (store->role == STORE_OWNER)
        return may_begin_anew(store, err);
    return err_set(err, ERR_ABSENT, "there is no store in %s yet", store->folder);
}

static bool read_format(struct store *store, uint64_t *format, struct err *err)
{
    struct slice key = slice_of(FORMAT_KEY, sizeof FORMAT_KEY), value;
    struct engine_view *view = engine_begin(store->engine, false, err);
    struct stored stored;
    bool done = view != NULL && engine_get(view, key, &value, err) &&
                stored_open(key, value, &stored, err);

    if (done)
        *format = stored_to_number(stored.bytes);
    engine_end(view);
    return done;
}

static bool write_format(struct store *store, struct err *err)
{
    struct slice key = slice_of(FORMAT_KEY, sizeof FORMAT_KEY);
    struct engine_view *view = engine_begin(store->engine, true, err);
    uint8_t head[STORED_HEAD], number[8];

    if (view == NULL)
        return false;
    stored_number(STORE_FORMAT, number);
    stored_seal(key, STORED_BYTES, slice_of(number, sizeof number), head);
    if (!engine_put(view, key, slice_of(head, sizeof head), slice_of(number, sizeof number),
                    err)) {
        engine_end(view);
        return false;
    }
    return engine_commit(view, err);
}

static bool mark_made(struct store *store, struct err *err)
{
    return (pwrite(store->lock_fd, "1", 1, 0) == 1 && fsync(store->lock_fd) == 0) ||
           err_set(err, ERR_IO, "write %s/lock: %s", store->folder, strerror(errno));
}

static bool check_format(struct store *store, struct err *err)
{
    struct engine_measure measure;
    uint64_t format;

    if (!read_format(store, &format, err))
        return false;
    store->engine->calls->measure(store->engine, &measure);
    if (format == 0 && measure.keys > 0)
        return err_set(err, ERR_CORRUPT, "what is in %s is no store of ours", store->folder);
    if (format > STORE_FORMAT)
        return err_set(err, ERR_INPUT,
                       "the store in %s has format %llu, this version knows formats up to %d: "
                       "use a newer version",
                       store->folder, (unsigned long long)format, STORE_FORMAT);
    if (store->role == STORE_GUEST)
        return format > 0 || err_set(err, ERR_ABSENT, "there is no store in %s yet", store->folder);
    return (format > 0 || write_format(store, err)) && mark_made(store, err);
}

static void open_owner_parts(struct store *store)
{
    struct engine_measure measure;
    uint64_t seed;

    random_fill(store->options.random, &seed, sizeof seed);
    store->engine->calls->clear_readers(store->engine);
    store->engine->calls->measure(store->engine, &measure);
    store->history = history_create(store->options.memory_max, measure.last, seed);
    store->group = group_create();
}

struct store *store_open(enum store_role role, const struct store_options *options,
                         struct err *err)
{
    struct store *store = mem_zero(sizeof *store);

    store->role = role;
    store->options = *options;
    store->options.folder = store->folder = mem_text(options->folder);
    store->folder_fd = store->lock_fd = -1;
    if (options->commit_bytes_max == 0)
        store->options.commit_bytes_max = COMMIT_BYTES_DEFAULT;
    if (options->commit_bytes_max > COMMIT_BYTES_MOST)
        store->options.commit_bytes_max = COMMIT_BYTES_MOST;
    if (!open_folder(store, err) || (role == STORE_OWNER && !take_lock(store, err)) ||
        !check_file(store, err) ||
        (store->engine = lmdb_open(store->folder, role == STORE_OWNER, options->readers_max,
                                   err)) == NULL ||
        !check_format(store, err)) {
        store_close(store);
        return NULL;
    }
    if (role == STORE_OWNER)
        open_owner_parts(store);
    store->client = client_create(store);
    return store;
}

void store_close(struct store *store)
{
    if (store == NULL)
        return;
    client_destroy(store->client);
    while (store->idle != NULL) {
        struct store_txn *txn = store->idle;

        store->idle = txn->next_idle;
        txn_free(txn);
    }
    if (store->engine != NULL)
        store->engine->calls->close(store->engine);
    history_destroy(store->history);
    group_destroy(store->group);
    if (store->lock_fd >= 0)
        close(store->lock_fd);
    if (store->folder_fd >= 0)
        close(store->folder_fd);
    free(store->folder);
    free(store);
}

// Commits -----------------------------------------------------------------------------------

static bool encode_bounded(struct store_txn *txn, struct buffer *commit, struct err *err)
{
    store_encode(txn, commit);
    return commit->len <= txn->store->options.commit_bytes_max ||
           err_set(err, ERR_LIMIT, "a commit of %zu bytes", commit->len);
}

static bool apply_alone(struct store *store, struct slice commit, struct err *err)
{
    struct store_proposal proposal = {.commit = commit};

    if (!store_apply(store, &proposal, 1, err))
        return false;
    return proposal.outcome.code == ERR_NONE ||
           err_set(err, proposal.outcome.code, "%s", proposal.outcome.text);
}

void store_commit(struct store_txn *txn, store_done *done, void *context)
{
    struct store *store = txn->store;
    struct buffer commit = BUFFER_EMPTY;
    struct err outcome = {.code = ERR_NONE};
    bool goes_on = encode_bounded(txn, &commit, &outcome) && commit.len > 0;

    if (goes_on && store->role == STORE_GUEST) {
        client_send(store->client, &commit, done, context);
        return;
    }
    if (goes_on)
        apply_alone(store, buffer_view(&commit), &outcome);
    client_later(store->client, &outcome, done, context);
    buffer_finish(&commit);
}

bool store_commit_wait(struct store_txn *txn, struct err *err)
{
    struct store *store = txn->store;
    struct buffer commit = BUFFER_EMPTY;
    bool done = encode_bounded(txn, &commit, err);

    if (done && commit.len > 0)
        done = store->role == STORE_GUEST ? client_wait(store->client, buffer_view(&commit), err)
                                          : apply_alone(store, buffer_view(&commit), err);
    buffer_finish(&commit);
    return done;
}

// The whole ---------------------------------------------------------------------------------

void store_clear_readers(struct store *store)
{
    store->engine->calls->clear_readers(store->engine);
}

void store_stats(struct store *store, struct store_stats *stats)
{
    struct engine_measure measure;

    store->engine->calls->measure(store->engine, &measure);
    *stats = (struct store_stats){
        .bytes_used = measure.bytes, .bytes_max = store->options.bytes_max,
        .keys = measure.keys, .groups = store->groups, .commits = store->commits,
        .conflicts = store->conflicts, .oldest_reader_age = measure.last - measure.oldest};
}
