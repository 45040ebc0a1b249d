// SPDX-License-Identifier: Apache-2.0
#include "base/err.h"

#include <stdarg.h>
#include <stdio.h>

bool err_set(struct err *err, enum err_code code, const char *format, ...)
{
    if (err != NULL) {
        va_list args;

        err->code = code;
        va_start(args, format);
        vsnprintf(err->text, sizeof err->text, format, args);
        va_end(args);
    }
    return false;
}

const char *err_word(enum err_code code)
{
    static const char *const words[] = {
        [ERR_NONE] = "none",         [ERR_INPUT] = "input",     [ERR_ABSENT] = "absent",
        [ERR_DENIED] = "denied",     [ERR_CONFLICT] = "conflict", [ERR_LIMIT] = "limit",
        [ERR_FULL] = "full",         [ERR_BUSY] = "busy",       [ERR_IO] = "io",
        [ERR_CORRUPT] = "corrupt",   [ERR_SCRIPT] = "script",   [ERR_UNKNOWN] = "unknown",
        [ERR_LATE] = "late",
    };

    return words[code];
}
