// SPDX-License-Identifier: Apache-2.0
// A state's memory for small objects: lists of free blocks by size, filled from one region. The
// region is bounded, so that memory that a state held once costs no more than that for ever.
#include "script/state.h"

#include <stdlib.h>
#include <sys/mman.h>

#ifdef __SANITIZE_ADDRESS__
enum { REGION_LEN = 0 }; // each object on its own, so that a use after its end is found
#else
enum { REGION_LEN = 2 * 1024 * 1024 };
#endif

struct heap_block {
    struct heap_block *next;
};

// Untouched pages cost nothing, as long as the kernel does not hand out huge ones.
void heap_start(struct heap *heap)
{
    void *region = MAP_FAILED;

    *heap = (struct heap){.region = NULL};
    if (REGION_LEN > 0)
        region = mmap(NULL, REGION_LEN, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (region == MAP_FAILED)
        return;
    (void)madvise(region, REGION_LEN, MADV_NOHUGEPAGE);
    heap->region = region;
    heap->size = REGION_LEN;
}

void heap_finish(struct heap *heap)
{
    if (heap->size > 0)
        munmap(heap->region, heap->size);
    *heap = (struct heap){.region = NULL};
}

static size_t size_index(size_t len)
{
    return (len - 1) / HEAP_STEP;
}

static bool is_ours(const struct heap *heap, const void *block)
{
    return (uintptr_t)block - (uintptr_t)heap->region < heap->size;
}

static void *take(struct heap *heap, size_t len)
{
    size_t index = size_index(len), size = (index + 1) * HEAP_STEP;
    struct heap_block *block;

    if (index >= HEAP_SIZES)
        return malloc(len);
    block = heap->free[index];
    if (block != NULL) {
        heap->free[index] = block->next;
        return block;
    }
    if (size > heap->size - heap->taken)
        return malloc(len);
    heap->taken += size;
    return heap->region + heap->taken - size;
}

void heap_free(struct heap *heap, void *old, size_t old_len)
{
    struct heap_block *block = old;

    if (!is_ours(heap, old)) {
        free(old);
        return;
    }
    block->next = heap->free[size_index(old_len)];
    heap->free[size_index(old_len)] = block;
}

void *heap_resize(struct heap *heap, void *old, size_t old_len, size_t len)
{
    void *block;

    if (old != NULL && !is_ours(heap, old))
        return realloc(old, len);
    if (old != NULL && size_index(old_len) == size_index(len))
        return old;
    block = take(heap, len);
    if (block != NULL && old != NULL) {
        memcpy(block, old, old_len < len ? old_len : len);
        heap_free(heap, old, old_len);
    }
    return block;
}
