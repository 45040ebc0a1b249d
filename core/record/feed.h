// SPDX-License-Identifier: Apache-2.0
// For record/ only; feed_decode is in record.h.
#pragma once

#include "record/record.h"

bool feed_append(struct view *view, const struct record *record, enum verb verb, struct err *err);
