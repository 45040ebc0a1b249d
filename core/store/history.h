// SPDX-License-Identifier: Apache-2.0
// The committer's memory: which keys recent commits have written, and in which group. A
// transaction conflicts when something it read was written after its snapshot. The memory
// is bounded: what falls out raises the oldest snapshot that can still be judged.
#pragma once

#include "base/slice.h"

struct history;

// `now` is the last group there was; `seed` keeps the places of keys from being guessed.
struct history *history_create(size_t keys_max, uint64_t now, uint64_t seed);
void history_destroy(struct history *history);
// Groups come in the order of their numbers, the keys of each in key order, each once.
void history_add(struct history *history, struct slice key, uint64_t group);
// Whether a transaction of this snapshot cannot be judged any more.
bool history_is_beyond(const struct history *history, uint64_t snapshot);
bool history_wrote(const struct history *history, struct slice key, uint64_t snapshot);
// Anything in [from, to); an empty `to` is the end of all keys.
bool history_wrote_range(const struct history *history, struct slice from, struct slice to,
                         uint64_t snapshot);
