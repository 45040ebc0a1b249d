// SPDX-License-Identifier: Apache-2.0
// Errors travel one way: a function that can fail returns bool or a pointer and
// takes `struct err *err` last. The code is for the program, the text for the log.
#pragma once

#include <stdbool.h>

enum err_code {
    ERR_NONE,
    ERR_INPUT,    // what was given is malformed: the giver's fault
    ERR_ABSENT,   // there is no such thing, or the asker may not know of it
    ERR_DENIED,   // the asker may not
    ERR_CONFLICT, // somebody else was faster: run again
    ERR_LIMIT,    // a limit of ours was reached (a budget, a size, a rate)
    ERR_FULL,     // the disk or the store's own size limit is full
    ERR_BUSY,     // not now; later
    ERR_IO,       // the system refused
    ERR_CORRUPT,  // stored bytes are not what was written
    ERR_SCRIPT,   // an application's code failed
    ERR_LATE,     // no outcome in time; it may still come to be: ask later by the write key
    ERR_UNKNOWN,  // the outcome is not known: ask again by the write key
};

struct err {
    enum err_code code;
    char text[400];
};

// Fills err (which may be NULL) and returns false, so that a leaf says
// `return err_set(err, ERR_IO, "open %s: %s", path, strerror(errno));`.
bool err_set(struct err *err, enum err_code code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

// A stable English word for a code, for logs and problem details.
const char *err_word(enum err_code code);
