// SPDX-License-Identifier: Apache-2.0
// How a record is stored: u8 codec version, varint version, home node (16), created and
// modified (u64 ms), u8 flags, the writer's id (16) where a flag says so, varint number of
// sections. A section: u8 length and name of its owner ("" is the base, else an overlay's
// layer), varint number of fields, each u8 length and name, u8 kind, value. NULL is left out.
#pragma once

#include "base/buffer.h"
#include "record/schema.h"

enum { CODEC_VERSION = 1 };
// Flags; a record with others is not ours to read.
enum { CODEC_DELETED = 1, CODEC_WRITER = 2 };

struct codec_head {
    uint64_t version;
    struct id home;
    int64_t created_ms, modified_ms;
    uint8_t flags;    // CODEC_DELETED: kept to be undone, absent to everybody
    struct id writer; // the person who wrote this version; zero: not kept, or the system
};

// The head alone; whose record it is does not matter. ERR_CORRUPT.
bool codec_head(struct slice bytes, struct codec_head *head, struct err *err);

// values: one per field, NULL when absent; texts point into bytes. A stored field that the
// collection does not know, or knows as another kind, is passed over. ERR_CORRUPT.
bool codec_decode(const struct collection *collection, struct slice bytes,
                  struct codec_head *head, struct value *values, struct err *err);

// old: the record as it was stored (absent: new). Its sections and fields that the
// collection does not know are kept, so that an app or a layer can come back to them.
void codec_encode(struct buffer *buffer, const struct collection *collection,
                  const struct codec_head *head, const struct value *values, struct slice old);
