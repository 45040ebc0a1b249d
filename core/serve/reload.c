// SPDX-License-Identifier: Apache-2.0
#include <stdio.h>
#include <stdlib.h>

#include "base/log.h"
#include "serve/serve.h"

static void log_problems(char *report)
{
    char *rest = NULL;

    for (char *line = strtok_r(report, "\n", &rest); line != NULL;
         line = strtok_r(NULL, "\n", &rest))
        log_error("a problem in the configuration", LOG_TEXT("problem", line));
}

struct config *reload_read(const char *path, const char *const *settings, size_t setting_count,
                           struct err *err)
{
    char *report = NULL;
    size_t len;
    FILE *out = open_memstream(&report, &len);
    struct config *config = config_read(path, settings, setting_count, out, err);

    if (out != NULL)
        fclose(out);
    if (report != NULL)
        log_problems(report);
    free(report);
    return config;
}

bool setup_reload(const struct child_setup *setup, struct config *running, struct err *err)
{
    struct config *fresh =
        reload_read(setup->config_path, setup->settings, setup->setting_count, err);

    if (fresh == NULL)
        return false;
    config_take(running, fresh); // which stays: its texts are in use
    return true;
}
