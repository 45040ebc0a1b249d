// SPDX-License-Identifier: Apache-2.0
// Shares: how many calls an organisation has open, and how many it made lately, so that no one
// uses up what all have.
#pragma once

#include "base/id.h"
#include "base/mem.h"

struct shares;

struct share_limits {
    int64_t open;       // at once
    int64_t per_minute; // a minute's worth may come at once
};

struct shares *shares_create(void);
void shares_destroy(struct shares *shares); // accepts NULL
// False: it has had its share. What was taken is given back when the call ends.
bool shares_take(struct shares *shares, const struct id *org, const struct share_limits *limits,
                 int64_t now_us);
void shares_give(struct shares *shares, const struct id *org);
