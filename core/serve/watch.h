// SPDX-License-Identifier: Apache-2.0
// Watches the files of the platform and its applications while somebody develops them.
#pragma once

#include <stdbool.h>

#include "base/err.h"

// Returns a descriptor that becomes readable when something changes below the folder's lua/ and
// apps/; -1 with err set.
int watch_open(const char *platform, struct err *err);
// Takes what has come: true when a file that is loaded was among it. Folders that are new are
// watched from now on.
bool watch_take(int fd, const char *platform);
