// SPDX-License-Identifier: Apache-2.0
// Keys of SPACE_FILE, see file.h. For blob/ only.
#pragma once

#include "blob/file.h"
#include "store/space.h"

struct file_key {
    uint8_t bytes[2 + 3 * ID_LEN]; // longer than 8 + DIGEST_LEN and a byte
    size_t len;
};

struct slice file_key(struct file_key *key, char kind, const void *bytes, size_t len);
struct slice file_time_key(struct file_key *key, char kind, int64_t ms, const void *bytes,
                           size_t len);
