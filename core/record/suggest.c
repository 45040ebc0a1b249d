// SPDX-License-Identifier: Apache-2.0
#include "record/suggest.h"

#include <stdio.h>

enum { NAME_MAX_LEN = 64 };

static size_t least(size_t a, size_t b, size_t c)
{
    size_t min = a < b ? a : b;

    return min < c ? min : c;
}

// Levenshtein's distance, two rows at a time.
static size_t distance(struct slice a, struct slice b)
{
    size_t row[NAME_MAX_LEN + 1], left, corner;

    if (a.len > NAME_MAX_LEN || b.len > NAME_MAX_LEN)
        return NAME_MAX_LEN;
    for (size_t j = 0; j <= b.len; j++)
        row[j] = j;
    for (size_t i = 1; i <= a.len; i++) {
        corner = row[0];
        row[0] = i;
        for (size_t j = 1; j <= b.len; j++) {
            left = row[j];
            row[j] = least(row[j - 1] + 1, left + 1, corner + (a.data[i - 1] != b.data[j - 1]));
            corner = left;
        }
    }
    return row[b.len];
}

struct suggestion suggest_begin(struct slice wanted)
{
    return (struct suggestion){wanted, NULL, wanted.len < 4 ? 2 : wanted.len < 9 ? 3 : 4};
}

void suggest_offer(struct suggestion *suggestion, const char *name)
{
    size_t near = distance(suggestion->wanted, slice_text(name));

    if (near < suggestion->distance) {
        suggestion->distance = near;
        suggestion->nearest = name;
    }
}

const char *suggest_text(const struct suggestion *suggestion, char text[SUGGEST_TEXT_MAX])
{
    text[0] = 0;
    if (suggestion->nearest != NULL)
        snprintf(text, SUGGEST_TEXT_MAX, "; did you mean \"%s\"?", suggestion->nearest);
    return text;
}
