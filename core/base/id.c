// SPDX-License-Identifier: Apache-2.0
#include "base/id.h"

static const char digits[] = "0123456789abcdefghjkmnpqrstvwxyz";

struct id id_make(struct clock *clock, struct random *random)
{
    struct id id;
    uint64_t ms = (uint64_t)clock_wall_ms(clock);

    for (int i = 0; i < 6; i++)
        id.bytes[i] = (uint8_t)(ms >> (8 * (5 - i)));
    random_fill(random, id.bytes + 6, ID_LEN - 6);
    return id;
}

int64_t id_ms(const struct id *id)
{
    int64_t ms = 0;

    for (int i = 0; i < 6; i++)
        ms = ms << 8 | id->bytes[i];
    return ms;
}

bool id_is_zero(const struct id *id)
{
    static const struct id zero;

    return id_equal(id, &zero);
}

bool id_equal(const struct id *a, const struct id *b)
{
    return memcmp(a->bytes, b->bytes, ID_LEN) == 0;
}

// 128 bits are 26 digits of 5 bits, the first of which holds 3.
void id_to_text(const struct id *id, char text[ID_TEXT_LEN + 1])
{
    unsigned window = 0;
    int bits = 2, at = 0; // two zero bits in front make 130 = 26 × 5

    for (int i = 0; i < ID_LEN; i++) {
        window = window << 8 | id->bytes[i];
        bits += 8;
        while (bits >= 5) {
            bits -= 5;
            text[at++] = digits[(window >> bits) & 31];
        }
        window &= (1u << bits) - 1;
    }
    text[at] = 0;
}

bool id_from_text(struct slice text, struct id *id)
{
    unsigned window = 0;
    int bits = -2, at = 0;

    if (text.len != ID_TEXT_LEN || text.data[0] < '0' || text.data[0] > '7')
        return false;
    for (size_t i = 0; i < text.len; i++) {
        const char *digit = text.data[i] != 0 ? strchr(digits, text.data[i]) : NULL;

        if (digit == NULL)
            return false;
        window = window << 5 | (unsigned)(digit - digits);
        bits += 5;
        if (bits >= 8) {
            bits -= 8;
            id->bytes[at++] = (uint8_t)(window >> bits);
            window &= (1u << bits) - 1;
        }
    }
    return at == ID_LEN;
}
