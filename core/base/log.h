// SPDX-License-Identifier: Apache-2.0
// One JSON object a line on standard error: time, level, event, process, then the
// fields given. Never a password, a token, a full personal number.
//
//     log_info("listening", LOG_TEXT("address", address), LOG_INT("port", port));
#pragma once

#include "base/slice.h"

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARN, LOG_ERROR };

struct log_field {
    const char *name;
    struct slice text; // data NULL: the number counts
    int64_t number;
};

#define LOG_TEXT(name, text) ((struct log_field){name, slice_text(text), 0})
#define LOG_SLICE(name, slice) ((struct log_field){name, slice, 0})
#define LOG_INT(name, number) ((struct log_field){name, {NULL, 0}, number})

// Each line is one write(2), so that lines of several processes do not mix.
void log_write(enum log_level level, const char *event, const struct log_field *fields,
               size_t count);

#define LOG_AT(level, event, ...)                                                                  \
    log_write(level, event, (const struct log_field[]){__VA_ARGS__ __VA_OPT__(, ) {0}},            \
              sizeof((const struct log_field[]){__VA_ARGS__ __VA_OPT__(, ) {0}}) /                 \
                      sizeof(struct log_field) - 1)
#define log_debug(event, ...) LOG_AT(LOG_DEBUG, event, __VA_ARGS__)
#define log_info(event, ...) LOG_AT(LOG_INFO, event, __VA_ARGS__)
#define log_warn(event, ...) LOG_AT(LOG_WARN, event, __VA_ARGS__)
#define log_error(event, ...) LOG_AT(LOG_ERROR, event, __VA_ARGS__)

void log_name(const char *process);        // "worker 1": set once when a process starts
void log_threshold(enum log_level lowest); // lines below it are dropped
