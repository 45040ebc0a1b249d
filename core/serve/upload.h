// SPDX-License-Identifier: Apache-2.0
// Resumable uploads at /uploads/: tus 1.0 with creation, creation-with-upload, termination,
// expiration and checksum. A part is at most as long as a request's body may be.
//
// An acknowledged part is on the disk and its offset in the store. A file is written under a
// lock on its bytes, so that a client that comes back while its former request still runs
// does no harm; the lock ends with its process.
#pragma once

#include "serve/exchange.h"

enum checksum { CHECKSUM_NONE, CHECKSUM_SHA1, CHECKSUM_SHA256 };

struct upload {
    struct id id;
    struct blob_file *file; // as found in this attempt
    bool creating;          // answer 201
    bool is_last;
    int lock;               // descriptor of the bytes; -1: not held
    uint64_t offset;        // where part begins
    struct slice part;
    enum checksum checksum;
    struct slice sum;
    struct blob_content content; // once all has come
    bool placed;
    bool sum_differs;
    struct err err; // of the work on the pool
};

// upload_head.c: what the head says. False: answered.
bool upload_read_offset(struct exchange *x, struct upload *upload);
bool upload_read_length(struct exchange *x, uint64_t *length);
// The value of a key in Upload-Metadata, decoded; data NULL when absent.
struct slice upload_metadata(struct exchange *x, struct slice metadata, const char *key);
bool upload_read_part(struct exchange *x, struct upload *upload);

void upload_refuse(struct exchange *x, int status, const char *word);
void upload_refuse_err(struct exchange *x, const struct err *err);
void upload_answer(struct exchange *x, int status, const struct blob_file *file);
// The file of this person's upload, on a transaction begun in the given mode. False: answered.
bool upload_find(struct exchange *x, struct upload *upload, enum store_mode mode);

// upload_part.c: takes the part that the exchange brought.
void upload_append(struct exchange *x);
