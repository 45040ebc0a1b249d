// SPDX-License-Identifier: Apache-2.0
#include "base/mem.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

enum { BLOCK_SIZE = 16 * 1024 - 64 };

struct arena_block {
    struct arena_block *next;
    size_t size, used;
    _Alignas(16) uint8_t bytes[];
};

static void *checked(void *memory)
{
    if (memory == NULL) {
        fputs("out of memory\n", stderr);
        abort();
    }
    return memory;
}

void *mem_zero(size_t size)
{
    return checked(calloc(1, size > 0 ? size : 1));
}

void *mem_resize(void *old, size_t size)
{
    return checked(realloc(old, size > 0 ? size : 1));
}

char *mem_text(const char *text)
{
    return checked(strdup(text));
}

static struct arena_block *add_block(struct arena *arena, size_t size)
{
    struct arena_block *block = checked(malloc(sizeof *block + size));

    block->next = arena->block;
    block->size = size;
    block->used = 0;
    arena->block = block;
    return block;
}

// A large piece gets a block of its own, behind the newest, which stays in use.
static void *alloc_alone(struct arena *arena, size_t size)
{
    struct arena_block *newest = arena->block, *block;

    arena->block = newest != NULL ? newest->next : NULL;
    block = add_block(arena, size);
    block->used = size;
    if (newest != NULL) {
        newest->next = block;
        arena->block = newest;
    }
    return block->bytes;
}

static void *alloc_raw(struct arena *arena, size_t size)
{
    struct arena_block *block = arena->block;

    size = (size + 15) & ~(size_t)15;
    if (size > BLOCK_SIZE / 4)
        return alloc_alone(arena, size);
    if (block == NULL || block->size - block->used < size)
        block = add_block(arena, BLOCK_SIZE);
    block->used += size;
    return block->bytes + block->used - size;
}

void *arena_alloc(struct arena *arena, size_t size)
{
    return memset(alloc_raw(arena, size), 0, size);
}

void *arena_copy(struct arena *arena, const void *data, size_t len)
{
    uint8_t *copy = alloc_raw(arena, len + 1);

    if (len > 0)
        memcpy(copy, data, len);
    copy[len] = 0;
    return copy;
}

struct slice arena_slice(struct arena *arena, struct slice slice)
{
    return slice.data == NULL ? slice : slice_of(arena_copy(arena, slice.data, slice.len), slice.len);
}

char *arena_text(struct arena *arena, struct slice slice)
{
    return arena_copy(arena, slice.data, slice.len);
}

char *arena_format(struct arena *arena, const char *format, ...)
{
    va_list args;
    int len;
    char *text;

    va_start(args, format);
    len = vsnprintf(NULL, 0, format, args);
    va_end(args);
    text = alloc_raw(arena, (size_t)len + 1);
    va_start(args, format);
    vsnprintf(text, (size_t)len + 1, format, args);
    va_end(args);
    return text;
}

size_t arena_size(const struct arena *arena)
{
    size_t size = 0;

    for (const struct arena_block *block = arena->block; block != NULL; block = block->next)
        size += block->size;
    return size;
}

void arena_reset(struct arena *arena)
{
    struct arena_block *keep = NULL, *next;

    for (struct arena_block *block = arena->block; block != NULL; block = next) {
        next = block->next;
        if (keep == NULL && block->size == BLOCK_SIZE) {
            keep = block;
            keep->used = 0;
            keep->next = NULL;
        } else {
            free(block);
        }
    }
    arena->block = keep;
}

void arena_finish(struct arena *arena)
{
    struct arena_block *next;

    for (struct arena_block *block = arena->block; block != NULL; block = next) {
        next = block->next;
        free(block);
    }
    arena->block = NULL;
}
