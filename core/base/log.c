// SPDX-License-Identifier: Apache-2.0
#include "base/log.h"

#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/json.h"

// The one log of the process: what it is called and how much it says.
static struct {
    char process[32];
    enum log_level lowest;
} log_state = {"shuyuan", LOG_INFO};

void log_name(const char *process)
{
    snprintf(log_state.process, sizeof log_state.process, "%s", process);
}

void log_threshold(enum log_level lowest)
{
    log_state.lowest = lowest;
}

static void put_time(struct buffer *line)
{
    struct timespec now;
    struct tm parts;

    clock_gettime(CLOCK_REALTIME, &now);
    gmtime_r(&now.tv_sec, &parts);
    buffer_format(line, "{\"time\":\"%04d-%02d-%02dT%02d:%02d:%02d.%03ldZ\"",
                  parts.tm_year + 1900, parts.tm_mon + 1, parts.tm_mday, parts.tm_hour,
                  parts.tm_min, parts.tm_sec, now.tv_nsec / 1000000);
}

void log_write(enum log_level level, const char *event, const struct log_field *fields,
               size_t count)
{
    static const char *const levels[] = {"debug", "info", "warn", "error"};
    struct buffer line = BUFFER_EMPTY;

    if (level < log_state.lowest)
        return;
    put_time(&line);
    buffer_format(&line, ",\"level\":\"%s\",\"process\":\"%s\",\"event\":", levels[level],
                  log_state.process);
    json_text(&line, slice_text(event));
    for (size_t i = 0; i < count; i++) {
        buffer_text(&line, ",");
        json_text(&line, slice_text(fields[i].name));
        buffer_text(&line, ":");
        if (fields[i].text.data != NULL)
            json_text(&line, fields[i].text);
        else
            buffer_format(&line, "%lld", (long long)fields[i].number);
    }
    buffer_text(&line, "}\n");
    if (write(STDERR_FILENO, line.data, line.len) < 0) {
        // nowhere is left to say it
    }
    buffer_finish(&line);
}
