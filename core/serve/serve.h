// SPDX-License-Identifier: Apache-2.0
// Who runs what: the supervisor starts the committer, the workers and the job processes and starts again
// whatever dies. Each function is the whole life of one process.
#pragma once

#include "config/config.h"
#include "serve/scoreboard.h"

// Runs an instance until SIGTERM; returns the exit status. watched: what changes in the files of
// the platform and its applications is taken up.
int supervisor_run(const char *config_path, const char *const *settings, size_t setting_count,
                   bool watched);

struct child_setup {
    const struct config *config;
    const char *config_path; // for reloads
    const char *const *settings;
    size_t setting_count;
    struct scoreboard *board;
    unsigned slot;                        // of a worker or a job process
    uint8_t ready_byte;
    const struct http_listener *listeners; // of this slot
    size_t listener_count;
    int outbound_fd; // of the outbound process: where job processes come
    int ready_fd; // one byte is written here once the process serves
    const int *wakes; // one eventfd a worker: the committer tells each that the live log grew
};

// Reads the file again; what is wrong goes to the log, a line each.
struct config *reload_read(const char *path, const char *const *settings, size_t setting_count,
                           struct err *err);
// Reads the file again and takes up, in place, what a running process can: whoever points to
// the running configuration sees it. The old values stay when the file is wrong.
bool setup_reload(const struct child_setup *setup, struct config *running, struct err *err);
int committer_run(const struct child_setup *setup);
int worker_run(const struct child_setup *setup);
int jobs_run(const struct child_setup *setup);
int outbound_run(const struct child_setup *setup);

// Takes away what the process does not need (no new privileges; with Landlock: the data file
// read-only, nothing else but the product's own files and what a reload reads). False when the kernel has no Landlock.
// config_path: it and the certificates are read again by a reload. files: the process takes and
// gives people's files. Holds for the calling thread and those it starts: call it before others.
bool confine(const struct config *config, const char *config_path, bool files);
// The same for the outbound process: it reads what a manifest, a name and a certificate need, nothing of the data,
// and writes nothing.
bool confine_outbound(const struct config *config, const char *config_path);
