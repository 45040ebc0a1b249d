// SPDX-License-Identifier: Apache-2.0
// When repeated work is due: "07:30", "07:30 on market days", "every 10 min". Times are those of
// China's one zone. Which days carry a name is not known here: an application tells.
#pragma once

#include "record/record.h"

struct schedule {
    int64_t at_ms;     // since midnight; -1: by period
    int64_t period_ms; // from 1970 on, so that all processes count alike
    const char *days;  // "market days"; NULL: every day
};

// ERR_INPUT with a text for the author. The schedule's text lives in the arena.
bool schedule_parse(struct arena *arena, const char *text, struct schedule *schedule,
                    struct err *err);
// The last moment, not after now, at which it was due.
int64_t schedule_last(const struct schedule *schedule, int64_t now_ms);

// Claims a moment for what is called name: of two that try, one gets it, and no moment before it
// any more. Not claimed either: the first ever seen, so that nothing begins in arrears.
// at_once: the first seen is claimed too, for work that makes up for what it missed.
bool schedule_claim(struct view *view, const char *app, const char *name, int64_t moment_ms,
                    bool at_once, bool *claimed, struct err *err);
