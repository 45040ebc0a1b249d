// SPDX-License-Identifier: Apache-2.0
// Takes out of pictures what tells of people: where and when it was taken, with which device,
// by whom, what lies behind its end. How the picture is turned, and its colours, stay.
#pragma once

#include <stdint.h>
#include <stdio.h>

#include "base/err.h"

bool picture_is_cleaned(const char *kind); // JPEG and PNG
// Reads `size` bytes from `from` and writes the cleaned picture. ERR_INPUT when what comes is
// no well-formed picture: then nobody knows what it carries.
bool picture_clean(FILE *from, uint64_t size, FILE *to, const char *kind, struct err *err);
