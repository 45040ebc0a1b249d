// SPDX-License-Identifier: Apache-2.0
// Lua's allocator with the cap.
#include "script/state.h"

// What would grow a state whose call has passed its deadline. A library function that allocates
// in a loop, in a state so full that each time a collection is needed, ends here.
static bool is_over(const struct script *script)
{
    return script->deadline.overdue && script->deadline.calls > 0;
}

// old_len is a kind of object, not a size, when old is NULL.
void *memory_resize(void *context, void *old, size_t old_len, size_t len)
{
    struct script *script = context;
    size_t before = old != NULL ? old_len : 0;
    void *memory;

    if (len == 0) {
        heap_free(&script->heap, old, before);
        script->used -= before;
        return NULL;
    }
    if (len > before && (len - before > script->limits.memory - script->used || is_over(script)))
        return NULL;
    memory = heap_resize(&script->heap, old, before, len);
    if (memory == NULL)
        return len <= before ? old : NULL; // shrinking must not fail
    script->used += len - before;
    if (script->used > script->now.peak)
        script->now.peak = script->used;
    return memory;
}
