// SPDX-License-Identifier: Apache-2.0
#include "bind/nearest.h"

#include <string.h>

enum { NAME_MAX_COMPARED = 48 };

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

// Edits between two names; a swap of neighbours counts as one (Damerau, restricted).
static size_t distance(const char *a, const char *b, size_t a_len, size_t b_len)
{
    size_t rows[3][NAME_MAX_COMPARED + 1];
    size_t *before = rows[0], *last = rows[1], *now = rows[2];

    for (size_t j = 0; j <= b_len; j++)
        last[j] = j;
    for (size_t i = 1; i <= a_len; i++) {
        size_t *spare = before;

        now[0] = i;
        for (size_t j = 1; j <= b_len; j++) {
            now[j] = least(least(last[j], now[j - 1]) + 1, last[j - 1] + (a[i - 1] != b[j - 1]));
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                now[j] = least(now[j], before[j - 2] + 1);
        }
        before = last;
        last = now;
        now = spare;
    }
    return last[b_len];
}

const char *nearest(const char *name, const char *const *known, size_t count)
{
    size_t len = strlen(name), best = len / 3 + 2;
    const char *found = NULL;

    if (len == 0 || len > NAME_MAX_COMPARED)
        return NULL;
    for (size_t i = 0; i < count; i++) {
        size_t other = strlen(known[i]), edits;

        if (other > NAME_MAX_COMPARED)
            continue;
        edits = distance(name, known[i], len, other);
        if (edits < best && edits < other) {
            best = edits;
            found = known[i];
        }
    }
    return found;
}
