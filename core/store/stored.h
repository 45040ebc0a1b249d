// SPDX-License-Identifier: Apache-2.0
// How a value lies on the disk: u64 checksum, u8 kind, then the bytes. The checksum is
// XXH3-64 of the bytes, seeded with the hash of key and kind, so that rotten bits show,
// and also a value that stands under another's key.
#pragma once

#include "base/err.h"
#include "base/slice.h"

enum stored_kind { STORED_BYTES, STORED_COUNTER, STORED_LOG, STORED_ENTRY };
enum { STORED_HEAD = 9 };

// Fills what stands before the bytes. Returns the checksum, which is the version of the
// value and never 0.
uint64_t stored_seal(struct slice key, enum stored_kind kind, struct slice bytes,
                     uint8_t head[STORED_HEAD]);

struct stored {
    enum stored_kind kind;
    uint64_t version;
    struct slice bytes;
};
// An absent value has version 0 and absent bytes. ERR_CORRUPT when the checksum fails.
bool stored_open(struct slice key, struct slice value, struct stored *stored, struct err *err);

void stored_number(uint64_t number, uint8_t bytes[8]); // big-endian
uint64_t stored_to_number(struct slice bytes);         // 0 unless 8 bytes long
