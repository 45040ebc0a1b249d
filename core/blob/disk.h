// SPDX-License-Identifier: Apache-2.0
// Bytes of files on the disk, in the data folder: `uploads/ID` grows part by part,
// `blobs/ab/cdef…` is content named by its SHA-256.
//
// Who writes: the worker that got the bytes, on threads of its pool. A process of its own
// would copy every byte once more and be one more thing to restart; the committer must not
// wait for bulk. Landlock gives a worker uploads/ to write in, while in blobs/ it may read
// and *add a name* (MAKE_REG and REFER, without WRITE_FILE and REMOVE_FILE): it links what it
// finished into place and can then neither change nor remove it. Only the committer removes.
//
// Everything here blocks and touches nothing but the disk: it runs on pool threads. What may
// be reached, and by whom, is decided by the records of file.h.
#pragma once

#include "base/buffer.h"
#include "base/err.h"
#include "base/id.h"
#include "crypto/crypto.h"

// A range is checked by the digests of the chunks it touches.
enum { BLOB_CHUNK = 128 * 1024 };

struct blob_disk {
    int uploads, blobs; // folders
};

// Makes the folders where they are absent: the owner of the store does it at its start.
bool blob_prepare(const char *data, struct err *err);
bool blob_open(struct blob_disk *disk, const char *data, struct err *err);
void blob_close(struct blob_disk *disk); // accepts a half-open one

// Keeps other processes from an upload until the descriptor is closed; -1 with ERR_BUSY when
// somebody else has it.
int blob_lock(const struct blob_disk *disk, const struct id *id, struct err *err);
// Writes all of part at offset and waits until it is on the disk. The caller holds the lock.
bool blob_write(const struct blob_disk *disk, const struct id *id, uint64_t offset,
                struct slice part, struct err *err);
void blob_unlink_upload(const struct blob_disk *disk, const struct id *id);

// What became of finished bytes. finish with blob_content_finish.
struct blob_content {
    uint8_t digest[DIGEST_LEN];
    uint64_t size;
    const char *kind; // of kind.h, by content
    struct buffer chunks; // DIGEST_LEN bytes a chunk
};
void blob_content_finish(struct blob_content *content);

// Looks at what an upload holds (its first `length` bytes): finds the kind, takes metadata out
// of pictures (into a file of its own), digests, and links the result to its place. May be
// run again. ERR_INPUT when a picture is broken.
bool blob_place(const struct blob_disk *disk, const struct id *id, uint64_t length,
                struct blob_content *content, struct err *err);
bool blob_is_placed(const struct blob_disk *disk, const uint8_t digest[DIGEST_LEN]);

// One chunk, checked against its digest. bytes has room for BLOB_CHUNK. ERR_CORRUPT when it is
// not what was stored.
bool blob_read(const struct blob_disk *disk, const uint8_t digest[DIGEST_LEN], uint64_t size,
               uint64_t chunk, const uint8_t wanted[DIGEST_LEN], uint8_t *bytes, size_t *len,
               struct err *err);

// The committer's: removes content. Absent is fine.
bool blob_remove(const struct blob_disk *disk, const uint8_t digest[DIGEST_LEN], struct err *err);

// Walks one of the 256 folders of blobs/, or uploads/ (number 256), for files that have not
// been touched for grace_ms.
enum { BLOB_FOLDERS = 257 };
typedef bool blob_stale(void *context, struct slice name, struct err *err);
bool blob_walk(const struct blob_disk *disk, unsigned folder, int64_t now_ms, int64_t grace_ms,
               blob_stale *stale, void *context, struct err *err);
