// SPDX-License-Identifier: Apache-2.0
// A test is a sentence: a static function. RUN calls it and prints its name when it
// fails; the program's last line is «NAME: N passed, N failed».
#pragma once

#include <stdio.h>
#include <string.h>

static struct {
    int passed, failed, checks_failed;
} check_state;

#define CHECK(condition)                                                                           \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            check_state.checks_failed++;                                                           \
            printf("  %s:%d: not true: %s\n", __FILE__, __LINE__, #condition);                     \
        }                                                                                          \
    } while (0)

// Like CHECK, with the error's text beside it.
#define CHECK_OK(condition, err)                                                                   \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            check_state.checks_failed++;                                                           \
            printf("  %s:%d: not true: %s: %s\n", __FILE__, __LINE__, #condition, (err)->text);    \
        }                                                                                          \
    } while (0)

#define RUN(test, ...)                                                                             \
    do {                                                                                           \
        int before = check_state.checks_failed;                                                    \
        test(__VA_ARGS__);                                                                         \
        if (check_state.checks_failed == before) {                                                 \
            check_state.passed++;                                                                  \
        } else {                                                                                   \
            check_state.failed++;                                                                  \
            printf("FAILED %s\n", #test);                                                          \
        }                                                                                          \
    } while (0)

static inline int check_report(const char *name)
{
    printf("%s: %d passed, %d failed\n", name, check_state.passed, check_state.failed);
    return check_state.failed > 0;
}
