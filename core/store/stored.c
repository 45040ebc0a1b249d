// SPDX-License-Identifier: Apache-2.0
#include "store/stored.h"

#define XXH_INLINE_ALL
#include <endian.h>
#include <xxhash.h>

#include "store/store.h"

void stored_number(uint64_t number, uint8_t bytes[8])
{
    number = htobe64(number);
    memcpy(bytes, &number, 8);
}

uint64_t stored_to_number(struct slice bytes)
{
    uint64_t number = 0;

    if (bytes.len == 8)
        memcpy(&number, bytes.data, 8);
    return be64toh(number);
}

static uint64_t checksum(struct slice key, enum stored_kind kind, struct slice bytes)
{
    uint64_t seed = XXH3_64bits_withSeed(key.data, key.len, kind);
    uint64_t sum = XXH3_64bits_withSeed(bytes.data, bytes.len, seed);

    return sum != 0 ? sum : 1;
}

uint64_t stored_seal(struct slice key, enum stored_kind kind, struct slice bytes,
                     uint8_t head[STORED_HEAD])
{
    uint64_t version = checksum(key, kind, bytes);

    stored_number(version, head);
    head[8] = (uint8_t)kind;
    return version;
}

static bool corrupt(struct slice key, struct err *err)
{
    static const char digits[] = "0123456789abcdef";
    char text[2 * STORE_KEY_MAX + 1] = "";

    for (size_t i = 0; i < key.len && i < STORE_KEY_MAX; i++) {
        text[2 * i] = digits[key.data[i] >> 4];
        text[2 * i + 1] = digits[key.data[i] & 15];
        text[2 * i + 2] = 0;
    }
    return err_set(err, ERR_CORRUPT, "the value stored under %s fails its checksum", text);
}

bool stored_open(struct slice key, struct slice value, struct stored *stored, struct err *err)
{
    *stored = (struct stored){STORED_BYTES, 0, {NULL, 0}};
    if (value.data == NULL)
        return true;
    if (value.len < STORED_HEAD || value.data[8] > STORED_ENTRY)
        return corrupt(key, err);
    stored->kind = value.data[8];
    stored->version = stored_to_number(slice_of(value.data, 8));
    stored->bytes = slice_of(value.data + STORED_HEAD, value.len - STORED_HEAD);
    return checksum(key, stored->kind, stored->bytes) == stored->version || corrupt(key, err);
}
