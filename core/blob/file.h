// SPDX-License-Identifier: Apache-2.0
// What the store knows of files. A file begins as an upload of one person (ARRIVING), is
// complete (READY), and is then held by one field of one record (HELD), whose rules say who
// may read it. Several files may have the same content: content is counted.
//
// Quota: an upload is charged to its organisation when it is announced, in the same commit
// that read how much is charged already. Of two that would pass the quota together, one
// conflicts, runs again and is refused.
//
// Keys in SPACE_FILE: 'f' id → the file · 'x' u64 ms, id → what ends then unless it is held ·
// 'c' digest → u8 version, u64 size, the digests of its chunks · 'r' digest → count of files ·
// 'o' u64 ms, digest → content that lost a file then · 'q' organisation → bytes charged ·
// 'h' organisation, record, id → held by that record.
#pragma once

#include "blob/disk.h"
#include "store/store.h"

enum blob_state { BLOB_ARRIVING, BLOB_READY, BLOB_HELD };

struct blob_file {
    struct id id, person, org; // org: that is charged
    enum blob_state state;
    uint64_t length, offset;   // as announced; what is on the disk of it
    uint64_t charged;
    int64_t made_ms, ends_ms;  // ends_ms: unless it is held by then
    struct slice name;         // data only: never a path, cleaned for showing
    struct slice metadata;     // as announced, given back to who uploads; empty once held
    struct slice field;        // "app.collection.field" it was announced for; empty: any
    // from READY on
    const char *kind;
    uint8_t digest[DIGEST_LEN];
    uint64_t size;
    // HELD
    struct id holder_org, holder; // the record; field says which one
};

struct blob_limits {
    uint64_t file_bytes, org_bytes;
    int64_t upload_ms;
};

// Announces an upload: fills in charged, ends_ms, state. ERR_LIMIT over file_bytes, ERR_FULL
// over the organisation's quota.
bool blob_file_announce(struct store_txn *txn, const struct blob_limits *limits,
                        struct blob_file *file, struct err *err);
// *file NULL when there is none. Texts live in arena.
bool blob_file_find(struct store_txn *txn, const struct id *id, struct arena *arena,
                    struct blob_file **file, struct err *err);
bool blob_file_advance(struct store_txn *txn, struct blob_file *file, uint64_t offset,
                       struct err *err);
// All has come. The caller checks with blob_is_placed, after this transaction began, that the
// content lies in its place: it cannot go away any more without this commit conflicting.
bool blob_file_complete(struct store_txn *txn, struct blob_file *file,
                        const struct blob_content *content, struct err *err);
// A record takes the file (READY) into a field: "app.collection.field".
bool blob_file_hold(struct store_txn *txn, struct blob_file *file, const struct id *org,
                    const struct id *record, struct slice field, struct err *err);
// Ends a file, whatever its state. Its bytes on the disk follow later.
bool blob_file_drop(struct store_txn *txn, const struct blob_file *file, int64_t now_ms,
                    struct err *err);

// Ends all files that a record held: it is gone for good.
bool blob_drop_held(struct store_txn *txn, const struct id *org, const struct id *record,
                    int64_t now_ms, struct err *err);

bool blob_used(struct store_txn *txn, const struct id *org, uint64_t *bytes, struct err *err);

// The digests of chunks [first, first + count) of content; they live in arena.
bool blob_chunks(struct store_txn *txn, const uint8_t digest[DIGEST_LEN], uint64_t first,
                 uint64_t count, struct arena *arena, const uint8_t **digests, struct err *err);
// The content after a digest, in their order (for checking): *found false after the last.
bool blob_next_content(struct store_txn *txn, uint8_t digest[DIGEST_LEN], uint64_t *size,
                       bool *found, struct err *err);

// A name as it may be shown anywhere: UTF-8 in NFC, no path, no control characters, nothing
// that turns the direction of writing, at most 120 characters. Empty when nothing is left.
struct slice blob_name(struct arena *arena, struct slice given);

// Housekeeping by the owner of the store, a small piece at a time: ends uploads nobody used,
// removes content nobody refers to since grace_ms, and files that no record knows.
struct blob_sweep {
    struct blob_disk disk;
    unsigned folder;     // that is walked next
    int64_t walked_ms;
    uint64_t ended, removed; // so far
};
bool blob_sweep(struct blob_sweep *sweep, struct store *store, int64_t now_ms, int64_t grace_ms,
                struct err *err);
