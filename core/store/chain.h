// SPDX-License-Identifier: Apache-2.0
// Chained logs, checked: each entry holds the digest of the former one, the head that of the last.
// Whoever changes, cuts, inserts or moves an entry has to write all that follow anew, and the head:
// that shows against a head that was noted down before, and against nothing else.
#pragma once

#include "store/store.h"

enum { STORE_DIGEST = 32 };

struct store_chain {
    uint64_t entries;            // that are in order, from the first on
    uint8_t digest[STORE_DIGEST]; // of the last of them
    uint64_t broken;             // number of the first that is not; 0: all are
    const char *why;             // of that one
};

// What was known before: the digest of an entry by its number. number 0: nothing.
struct store_mark {
    uint64_t number;
    uint8_t digest[STORE_DIGEST];
};

// Walks a whole log of a READ transaction. A log that is not there is in order, with no entries.
// False only when it cannot be read at all.
bool store_chain_check(struct store_txn *txn, const char *log, const struct store_mark *mark,
                       struct store_chain *chain, struct err *err);

// The name of the next chained log after `after` ("": from the first), in the transaction's
// memory; NULL after the last.
bool store_chain_next(struct store_txn *txn, const char *after, const char **log,
                      struct err *err);
