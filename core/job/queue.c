// SPDX-License-Identifier: Apache-2.0
// Keys, all in SPACE_JOB:
//   'q', app, u64 due, id          → the job: what waits, and what is leased
//   'k', organisation, app, name, 16 bytes of the key's SHA-256 → id of the job that waits
//   'd', id                        → app, u64 due and the job: a dead letter
//   'n', 'w' | 'd'                 → counters of the waiting and the dead
// app and name: u8 length, then the bytes. A job: u8 format, organisation, name, key, u64 queued,
// varint failures and lost, problem, argument; texts are sized.
#include "job/queue.h"

#include "crypto/crypto.h"
#include "store/space.h"

enum { FORMAT = 1, HASH_LEN = 16, HOUR_MS = 3600000 };

struct job_key {
    uint8_t bytes[2 + ID_LEN + 2 * (1 + JOB_NAME_MAX) + HASH_LEN + 8];
    size_t len;
};

static struct slice key_of(const struct job_key *key)
{
    return slice_of(key->bytes, key->len);
}

static struct job_key begin_key(char kind)
{
    return (struct job_key){.bytes = {SPACE_JOB, (uint8_t)kind}, .len = 2};
}

static void add_bytes(struct job_key *key, const void *bytes, size_t len)
{
    memcpy(key->bytes + key->len, bytes, len);
    key->len += len;
}

static void add_name(struct job_key *key, const char *name)
{
    key->bytes[key->len++] = (uint8_t)strlen(name);
    add_bytes(key, name, strlen(name));
}

static void add_time(struct job_key *key, int64_t ms)
{
    for (int shift = 56; shift >= 0; shift -= 8)
        key->bytes[key->len++] = (uint8_t)((uint64_t)ms >> shift);
}

static struct job_key app_key(const char *app)
{
    struct job_key key = begin_key('q');

    add_name(&key, app);
    return key;
}

static struct job_key place_of(const struct job *job, int64_t due_ms)
{
    struct job_key key = app_key(job->app);

    add_time(&key, due_ms);
    add_bytes(&key, job->id.bytes, ID_LEN);
    return key;
}

static struct job_key once_key(const struct job *job)
{
    struct job_key key = begin_key('k');
    uint8_t digest[DIGEST_LEN];

    digest_sha256(job->key, digest);
    add_bytes(&key, job->org.bytes, ID_LEN);
    add_name(&key, job->app);
    add_name(&key, job->name);
    add_bytes(&key, digest, HASH_LEN);
    return key;
}

static struct job_key dead_key(const struct id *id)
{
    struct job_key key = begin_key('d');

    add_bytes(&key, id->bytes, ID_LEN);
    return key;
}

static bool count(struct view *view, char kind, int64_t number, struct err *err)
{
    struct job_key key = begin_key('n');

    add_bytes(&key, &kind, 1);
    return store_add(view->txn, key_of(&key), number, err);
}

// Bytes ------------------------------------------------------------------------------------

static void encode(struct buffer *value, const struct job *job)
{
    struct slice problem = slice_text(job->problem != NULL ? job->problem : "");

    buffer_u8(value, FORMAT);
    buffer_bytes(value, job->org.bytes, ID_LEN);
    buffer_sized(value, slice_text(job->name));
    buffer_sized(value, job->key);
    buffer_u64(value, (uint64_t)job->queued_ms);
    buffer_varint(value, job->failures);
    buffer_varint(value, job->lost);
    problem.len = problem.len < JOB_PROBLEM_MAX ? problem.len : JOB_PROBLEM_MAX;
    buffer_sized(value, problem);
    buffer_sized(value, job->arg);
}

static bool decode(struct reader *reader, struct arena *arena, struct job *job, struct err *err)
{
    struct slice org;

    if (read_u8(reader) != FORMAT)
        return err_set(err, ERR_CORRUPT, "a job of an unknown format");
    org = read_bytes(reader, ID_LEN);
    if (!reader->failed)
        memcpy(job->org.bytes, org.data, ID_LEN);
    job->name = arena_text(arena, read_sized(reader));
    job->key = arena_slice(arena, read_sized(reader));
    job->queued_ms = (int64_t)read_u64(reader);
    job->failures = (uint32_t)read_varint(reader);
    job->lost = (uint32_t)read_varint(reader);
    job->problem = arena_text(arena, read_sized(reader));
    job->arg = arena_slice(arena, read_sized(reader));
    return !reader->failed || err_set(err, ERR_CORRUPT, "a job that cannot be read");
}

// A waiting job out of its key and value.
static bool decode_waiting(struct view *view, struct slice key, struct slice value,
                           struct job **job, struct err *err)
{
    struct reader at = reader_of(slice_of(key.data + 2, key.len - 2)), body = reader_of(value);
    struct slice app = read_bytes(&at, read_u8(&at)), id;

    *job = arena_alloc(view->arena, sizeof **job);
    (*job)->app = arena_text(view->arena, app);
    (*job)->due_ms = (int64_t)read_u64(&at);
    id = read_bytes(&at, ID_LEN);
    if (at.failed)
        return err_set(err, ERR_CORRUPT, "a job under a malformed key");
    memcpy((*job)->id.bytes, id.data, ID_LEN);
    return decode(&body, view->arena, *job, err);
}

static bool decode_dead(struct view *view, struct slice key, struct slice value, struct job **job,
                        struct err *err)
{
    struct reader body = reader_of(value);

    *job = arena_alloc(view->arena, sizeof **job);
    memcpy((*job)->id.bytes, key.data + 2, ID_LEN);
    (*job)->app = arena_text(view->arena, read_sized(&body));
    (*job)->due_ms = (int64_t)read_u64(&body);
    return decode(&body, view->arena, *job, err);
}

// Moves ------------------------------------------------------------------------------------

static bool put_waiting(struct view *view, const struct job *job, struct err *err)
{
    struct job_key key = place_of(job, job->due_ms);
    struct buffer value = BUFFER_EMPTY;
    bool done;

    encode(&value, job);
    done = store_put(view->txn, key_of(&key), buffer_view(&value), err);
    buffer_finish(&value);
    return done;
}

// The read is what makes two that took the same job conflict.
static bool take(struct view *view, const struct job *job, struct err *err)
{
    struct job_key key = place_of(job, job->due_ms);
    struct slice value;

    if (!store_get(view->txn, key_of(&key), &value, err))
        return false;
    if (value.data == NULL)
        return err_set(err, ERR_ABSENT, "somebody else has the job, or it is done");
    return store_delete(view->txn, key_of(&key), err);
}

static bool forget_key(struct view *view, const struct job *job, struct err *err)
{
    struct job_key once = once_key(job);

    return job->key.len == 0 || store_delete(view->txn, key_of(&once), err);
}

static bool check_sizes(const struct job *job, struct err *err)
{
    size_t app = strlen(job->app), name = strlen(job->name);

    if (app == 0 || app > JOB_NAME_MAX || name == 0 || name > JOB_NAME_MAX)
        return err_set(err, ERR_LIMIT, "a job's name has 1 to %d bytes", JOB_NAME_MAX);
    if (job->key.len > JOB_KEY_MAX)
        return err_set(err, ERR_LIMIT, "a job's key has at most %d bytes", JOB_KEY_MAX);
    return job->arg.len <= JOB_ARG_MAX ||
           err_set(err, ERR_LIMIT, "a job's argument has %zu bytes, %d are allowed", job->arg.len,
                   JOB_ARG_MAX);
}

// *free_key false: one of the key waits.
static bool claim_key(struct view *view, const struct job *job, bool *free_key, struct err *err)
{
    struct job_key once = once_key(job);
    struct slice holder;

    *free_key = true;
    if (job->key.len == 0)
        return true;
    if (!store_get(view->txn, key_of(&once), &holder, err))
        return false;
    *free_key = holder.data == NULL;
    return !*free_key ||
           store_put(view->txn, key_of(&once), slice_of(job->id.bytes, ID_LEN), err);
}

bool queue_add(struct view *view, struct job *job, bool *added, struct err *err)
{
    job->id = id_make(view->clock, view->random);
    job->queued_ms = clock_wall_ms(view->clock);
    if (!check_sizes(job, err) || !claim_key(view, job, added, err))
        return false;
    return !*added || (put_waiting(view, job, err) && count(view, 'w', 1, err));
}

bool queue_lease(struct view *view, struct job *job, int64_t until_ms, struct err *err)
{
    if (!take(view, job, err))
        return false;
    job->due_ms = until_ms;
    job->lost++;
    return put_waiting(view, job, err);
}

bool queue_finish(struct view *view, const struct job *job, struct err *err)
{
    return take(view, job, err) && forget_key(view, job, err) && count(view, 'w', -1, err);
}

bool queue_return(struct view *view, struct job *job, int64_t due_ms, struct err *err)
{
    if (!take(view, job, err))
        return false;
    job->due_ms = due_ms;
    job->lost = 0;
    return put_waiting(view, job, err);
}

bool queue_bury(struct view *view, struct job *job, struct err *err)
{
    struct job_key key = dead_key(&job->id);
    struct buffer value = BUFFER_EMPTY;
    bool done;

    if (!queue_finish(view, job, err))
        return false;
    buffer_sized(&value, slice_text(job->app));
    buffer_u64(&value, (uint64_t)clock_wall_ms(view->clock));
    encode(&value, job);
    done = store_put(view->txn, key_of(&key), buffer_view(&value), err) &&
           count(view, 'd', 1, err);
    buffer_finish(&value);
    return done;
}

bool queue_revive(struct view *view, struct id id, bool *found, struct err *err)
{
    struct job_key key = dead_key(&id);
    struct slice value;
    struct job *job;
    bool free_key;

    if (!store_get(view->txn, key_of(&key), &value, err))
        return false;
    *found = value.data != NULL;
    if (!*found)
        return true;
    if (!decode_dead(view, key_of(&key), value, &job, err) ||
        !store_delete(view->txn, key_of(&key), err) || !count(view, 'd', -1, err) ||
        !claim_key(view, job, &free_key, err))
        return false;
    job->due_ms = clock_wall_ms(view->clock);
    job->failures = job->lost = 0;
    return !free_key || (put_waiting(view, job, err) && count(view, 'w', 1, err));
}

// Looking ----------------------------------------------------------------------------------

bool queue_next(struct view *view, const char *app, int64_t now_ms, struct job **job,
                int64_t *due_ms, struct err *err)
{
    struct job_key from = app_key(app);
    struct store_range *range =
        store_range_open(view->txn, key_of(&from), slice_of(NULL, 0), false, err);
    struct slice key, value;
    bool done = range != NULL;

    *job = NULL;
    *due_ms = INT64_MAX;
    if (done && store_range_next(range, &key, &value, err)) {
        done = decode_waiting(view, key, value, job, err);
        if (done)
            *due_ms = (*job)->due_ms;
        if (!done || *due_ms > now_ms)
            *job = NULL;
    } else if (done) {
        done = err->code == ERR_NONE;
    }
    store_range_close(range);
    return done;
}

bool queue_list(struct view *view, bool dead, size_t max, struct job **jobs, size_t *count_out,
                struct err *err)
{
    struct job_key from = begin_key(dead ? 'd' : 'q');
    struct store_range *range =
        store_range_open(view->txn, key_of(&from), slice_of(NULL, 0), false, err);
    struct slice key, value;
    bool done = range != NULL;

    *count_out = 0;
    while (done && *count_out < max && store_range_next(range, &key, &value, err)) {
        done = (dead ? decode_dead : decode_waiting)(view, key, value, &jobs[*count_out], err);
        *count_out += done;
    }
    if (done && *count_out < max)
        done = err->code == ERR_NONE;
    store_range_close(range);
    return done;
}

bool queue_count(struct view *view, struct queue_counts *counts, struct err *err)
{
    struct job_key waiting = begin_key('n'), dead = begin_key('n');

    add_bytes(&waiting, "w", 1);
    add_bytes(&dead, "d", 1);
    return store_counter(view->txn, key_of(&waiting), &counts->waiting, err) &&
           store_counter(view->txn, key_of(&dead), &counts->dead, err);
}

int64_t queue_pause_ms(struct random *random, int64_t base_ms, uint32_t failures)
{
    int64_t most = base_ms;
    uint32_t chance;

    for (uint32_t i = 1; i < failures && most < HOUR_MS; i++)
        most *= 2;
    if (most > HOUR_MS)
        most = HOUR_MS;
    random_fill(random, &chance, sizeof chance);
    return most / 2 + (int64_t)(chance % (uint64_t)(most / 2 + 1));
}
