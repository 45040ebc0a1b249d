// SPDX-License-Identifier: Apache-2.0
// Memory is tied to a lifetime (process, request, transaction), not to a line of
// code. Running out of memory of a size we chose stops the process; a size that a
// user can influence is bounded before it gets here.
#pragma once

#include <stddef.h>

#include "base/slice.h"

void *mem_zero(size_t size);
void *mem_resize(void *old, size_t size);
char *mem_text(const char *text);

// An arena gives memory that is freed all at once. It is zeroed when given.
struct arena {
    struct arena_block *block; // newest first
};

#define ARENA_EMPTY ((struct arena){NULL})

void *arena_alloc(struct arena *arena, size_t size); // zeroed, aligned to 16
void *arena_copy(struct arena *arena, const void *data, size_t len);
struct slice arena_slice(struct arena *arena, struct slice slice); // a copy, 0 after it
char *arena_text(struct arena *arena, struct slice slice);         // a copy as C text
char *arena_format(struct arena *arena, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
size_t arena_size(const struct arena *arena); // bytes held
void arena_reset(struct arena *arena);        // empties it, keeps one block for the next use
void arena_finish(struct arena *arena);
