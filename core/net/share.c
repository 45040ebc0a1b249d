// SPDX-License-Identifier: Apache-2.0
#include "net/share.h"

#include <stdlib.h>

enum { MINUTE_US = 60000000 };

struct share {
    struct id org;
    int64_t open;
    int64_t spent_us; // time that its calls stand for; flows off as time passes
    int64_t seen_us;
};

struct shares {
    struct share *list;
    size_t count;
};

struct shares *shares_create(void)
{
    return mem_zero(sizeof(struct shares));
}

void shares_destroy(struct shares *shares)
{
    if (shares == NULL)
        return;
    free(shares->list);
    free(shares);
}

static struct share *find(struct shares *shares, const struct id *org)
{
    for (size_t i = 0; i < shares->count; i++)
        if (id_equal(&shares->list[i].org, org))
            return &shares->list[i];
    return NULL;
}

static void flow(struct share *share, int64_t now_us)
{
    int64_t passed_us = now_us - share->seen_us;

    share->spent_us = share->spent_us > passed_us ? share->spent_us - passed_us : 0;
    share->seen_us = now_us;
}

// The place of one that has nothing open and nothing spent; a new one while there is none.
static struct share *place_for(struct shares *shares, const struct id *org, int64_t now_us)
{
    struct share *share = NULL;

    for (size_t i = 0; i < shares->count && share == NULL; i++) {
        flow(&shares->list[i], now_us);
        if (shares->list[i].open == 0 && shares->list[i].spent_us == 0)
            share = &shares->list[i];
    }
    if (share == NULL) {
        shares->list = mem_resize(shares->list, (shares->count + 1) * sizeof *shares->list);
        share = &shares->list[shares->count++];
    }
    *share = (struct share){.org = *org, .seen_us = now_us};
    return share;
}

bool shares_take(struct shares *shares, const struct id *org, const struct share_limits *limits,
                 int64_t now_us)
{
    struct share *share = find(shares, org);
    int64_t price_us = MINUTE_US / limits->per_minute;

    if (share == NULL)
        share = place_for(shares, org, now_us);
    flow(share, now_us);
    if (share->open >= limits->open || share->spent_us + price_us > MINUTE_US)
        return false;
    share->open++;
    share->spent_us += price_us;
    return true;
}

void shares_give(struct shares *shares, const struct id *org)
{
    struct share *share = find(shares, org);

    if (share != NULL && share->open > 0)
        share->open--;
}
