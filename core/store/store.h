// SPDX-License-Identifier: Apache-2.0
// The store keeps ordered bytes under bytes: many readers, one committer.
//
// Reading happens on a snapshot. Writing is buffered in a transaction (with
// read-your-own-writes) and reaches the disk only as one commit (reads, operations),
// which the committer accepts when nothing that was read has changed since, phantoms
// included: committed transactions are serialisable. A commit that was acknowledged
// has been synced.
//
// The owner (the committer process, or a command when no server runs) holds the lock
// file and writes; every other process opens the same folder as a guest, reads the
// map, and sends its commits to the owner's socket `control` in that folder.
//
// Lifetime: a slice from a read points into the memory map or the transaction's
// buffer and dies with the transaction, or with the next write to the same key.
// Threads: a store and its transactions belong to one thread.
#pragma once

#include "base/buffer.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/loop.h"
#include "base/mem.h"

enum { STORE_KEY_MAX = 511, STORE_VALUE_MAX = 4 * 1024 * 1024 };

struct store;
struct store_txn;

enum store_role { STORE_OWNER, STORE_GUEST };

struct store_options {
    const char *folder;     // must exist, mode 0700
    uint64_t bytes_max;     // our own size limit; a commit beyond it gets ERR_FULL
    uint64_t commit_bytes_max; // of one commit (ERR_LIMIT beyond); 0: 16 MiB, at most 60 MiB
    unsigned readers_max;   // reader slots of the environment
    unsigned memory_max;    // keys the committer remembers for the conflict check
    struct clock *clock;
    struct random *random;
    struct loop *loop;      // guests only; NULL: store_commit_wait only
    int64_t reconnect_ms;   // guests: how long a commit waits for a committer to come back
    int64_t wait_ms;        // guests: and for its outcome, once it was sent; 0: for ever
};

// OWNER fails with ERR_BUSY when somebody else holds the lock. Refuses (ERR_CORRUPT) a
// data file that is shorter than its meta page says, before it is mapped.
struct store *store_open(enum store_role role, const struct store_options *options,
                         struct err *err);
void store_close(struct store *store); // accepts NULL and half-open stores

// A transaction sees the last commit before it began. WRITE records what it reads.
enum store_mode { STORE_READ, STORE_WRITE };
struct store_txn *store_begin(struct store *store, enum store_mode mode, struct err *err);
void store_end(struct store_txn *txn); // gives everything back; buffered writes are dropped
uint64_t store_snapshot(const struct store_txn *txn); // number of the commit group it sees
struct arena *store_arena(struct store_txn *txn);     // memory that lives as long as txn

// Absence is an answer, not an error: value->data is then NULL.
// ERR_CORRUPT when the stored bytes fail their checksum.
bool store_get(struct store_txn *txn, struct slice key, struct slice *value, struct err *err);

// Walks [from, to) in key order, or backwards; own writes are seen. `to.data == NULL`
// means: every key that starts with `from`. Several ranges may be open at once; writing
// while a range is open is allowed, and is not seen by that range. Logs are read with
// store_log_read: a WRITE transaction refuses (ERR_INPUT) other reads of SPACE_LOG.
struct store_range;
struct store_range *store_range_open(struct store_txn *txn, struct slice from, struct slice to,
                                     bool backwards, struct err *err);
// False at the end and on an error; err->code is ERR_NONE at the end.
bool store_range_next(struct store_range *range, struct slice *key, struct slice *value,
                      struct err *err);
void store_range_close(struct store_range *range); // also done by store_end

// The commit operations. Sizes are checked here (ERR_LIMIT); nothing is written yet.
bool store_put(struct store_txn *txn, struct slice key, struct slice value, struct err *err);
bool store_delete(struct store_txn *txn, struct slice key, struct err *err);
// Adds to a signed 64-bit counter (absent = 0). Never conflicts with another add. A counter
// is read with store_counter; within the transaction its own additions are seen.
bool store_add(struct store_txn *txn, struct slice key, int64_t number, struct err *err);
bool store_counter(struct store_txn *txn, struct slice key, int64_t *number, struct err *err);
// Appends to a log; the committer numbers the entries from 1. A chained log (its name
// starts with '#') also gets in each entry the SHA-256 of the former entry: of its key, time,
// chain and bytes; 32 zeros in the first. Never conflicts.
bool store_append(struct store_txn *txn, const char *log, struct slice entry, struct err *err);
// Refuses the commit (ERR_CONFLICT) unless the key has this version at commit time.
// A version is the checksum of the stored value; 0 means absent.
bool store_require(struct store_txn *txn, struct slice key, uint64_t version, struct err *err);
bool store_version(struct store_txn *txn, struct slice key, uint64_t *version, struct err *err);
bool store_has_writes(const struct store_txn *txn);

// Reading a log: entries after `after`, at most `max`, oldest first.
struct store_entry {
    uint64_t number;
    int64_t time_ms; // when the committer wrote it
    struct slice bytes, chain; // chain: 32 bytes, or absent
};
bool store_log_read(struct store_txn *txn, const char *log, uint64_t after, size_t max,
                    struct store_entry *entries, size_t *count, struct err *err);

// The outcome of a commit: ERR_NONE (durable), ERR_CONFLICT (run again from the start),
// ERR_FULL, ERR_LIMIT, ERR_INPUT, ERR_BUSY, ERR_CORRUPT (what it builds on is rotten), or
// ERR_UNKNOWN (the committer went away before it answered: run again; the write key tells
// what became of it), or ERR_LATE (it has not answered in time: the same, but not at once).
typedef void store_done(void *context, const struct err *outcome);

// Sends the buffered operations; txn may be ended at once. done is called later, once,
// never from inside this call. Guests need options.loop.
void store_commit(struct store_txn *txn, store_done *done, void *context);
// The same, waiting for the outcome. Owners and guests; false with err set unless durable.
bool store_commit_wait(struct store_txn *txn, struct err *err);

// The committer's side ---------------------------------------------------------------

// One encoded commit as it came over the socket, and what became of it.
struct store_proposal {
    struct slice commit;
    struct err outcome;
};
// Checks and applies a whole group in one transaction of the engine with one sync. False
// when the group could not be made durable (every outcome then says so); err->code ERR_IO or
// ERR_CORRUPT means: stop, do not try again. ERR_FULL leaves the store serving reads.
bool store_apply(struct store *store, struct store_proposal *proposals, size_t count,
                 struct err *err);
// Encodes txn's commit for store_apply: what a guest sends. Empty when nothing is written.
void store_encode(struct store_txn *txn, struct buffer *commit);

// Kinds of frames (base/frame.h) on the socket `control`.
enum store_frame { STORE_FRAME_COMMIT = 1, STORE_FRAME_OUTCOME = 2 };
// Outcome payload: u8 err_code, then the text.

// The number of the last entry, 0 when there is none. In a WRITE transaction it is a read, which
// conflicts with everybody who appends.
bool store_log_last(struct store_txn *txn, const char *log, uint64_t *number, struct err *err);
// The owner remembers whether a group of commits appended to the log; asking forgets it.
void store_watch_log(struct store *store, const char *log); // log: lives as long as the store
bool store_log_grew(struct store *store);
// Housekeeping by the owner: deletes up to max entries before the last `keep` ones.
bool store_log_trim(struct store *store, const char *log, uint64_t keep, size_t max,
                    size_t *swept, struct err *err);
// Housekeeping by the owner between groups: deletes up to max keys in [from, to). Of logs
// it deletes entries; their numbers go on.
bool store_sweep(struct store *store, struct slice from, struct slice to, size_t max,
                 size_t *swept, struct err *err);
// Clears reader slots of dead processes.
void store_clear_readers(struct store *store);

struct store_stats {
    uint64_t bytes_used, bytes_max, keys, groups, commits, conflicts;
    uint64_t oldest_reader_age; // commit groups since the oldest snapshot in use
};
void store_stats(struct store *store, struct store_stats *stats);
