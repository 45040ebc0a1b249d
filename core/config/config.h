// SPDX-License-Identifier: Apache-2.0
// One YAML file per instance. One table of keys (config.c): name, type, default, bounds,
// help, whether a reload takes it up. Every mistake is reported at once, with line and
// column. YAML aliases, anchors, tags, several documents and deep nesting are refused.
#pragma once

#include <stdio.h>

#include "base/err.h"
#include "base/mem.h"

enum { CONFIG_LISTENERS_MAX = 8 };

struct config_listener {
    const char *address; // "127.0.0.1:8080", "[::]:443"
    bool tls;
};

// Times are milliseconds, sizes bytes. In the file: 250ms, 10s, 30min, 12h; 64KiB, 8MiB, 1GiB.
struct config {
    const char *name;     // of the instance, shown to users
    const char *data;     // folder of the store and its keys
    const char *platform; // folder with lua/ and apps/ of the product
    const char *assets;   // folder of built static files
    bool development;
    bool apps_default; // applications are on where nobody has said so
    int64_t workers; // 0: one per core

    struct config_listener listen[CONFIG_LISTENERS_MAX];
    int64_t listen_count;
    const char *admin_listen;                       // "" for none
    const char *tls_certificate, *tls_key;          // PEM files
    bool proxy_trusted;                             // take X-Forwarded-For from loopback

    struct {
        int64_t connections, connections_per_address, requests_per_connection;
        int64_t head_bytes, head_fields, body_bytes;
        int64_t request_ms, idle_ms, write_ms, body_rate; // body_rate: least bytes a second
        int64_t http2_requests, http2_resets, http2_frame_rate;
        int64_t drain_ms;
    } http;

    struct {
        int64_t bytes_max, reader_ms, group_max, queue_max, retries, reconnect_ms, wait_ms;
        int64_t commit_bytes_max;
    } store;

    struct {
        int64_t cpu_ms, wall_ms, memory, pattern_steps, output, reads, writes, instances;
        int64_t slice_ms, open, queue;
    } script;

    struct {
        const char *isolated; // names with a space between; "all"
        int64_t isolated_wall_ms;
    } apps;

    struct {
        int64_t session_idle_ms, session_absolute_ms, sessions;
        int64_t throttle_window_ms, per_account, per_address, per_school;
        int64_t hash_threads, hash_queue;
    } auth;

    struct {
        int64_t processes, poll_ms, lease_ms, backoff_ms, off_ms, cpu_ms, wall_ms;
    } jobs;

    struct {
        const char *allow, *authorities; // "": none; PEM
        bool plain_http;
        int64_t timeout_ms, connect_ms, body_bytes, answer_bytes, redirects;
        int64_t calls_per_org, rate_per_org; // at once; a minute
    } outbound;

    struct {
        int64_t file_bytes, org_bytes; // of one file; of all files of an organisation
        int64_t upload_ms, grace_ms, check_rate;
        int64_t threads, queue, streams;
    } files;

    struct {
        int64_t streams, per_person, buffer, kept; // of a worker; of a person there
        int64_t heartbeat_ms, retry_ms;
    } live;

    const char *log_level; // debug, info, warn, error
    int64_t watchdog_ms;   // a worker whose loop has not turned for so long is killed

    struct arena arena; // holds the text above
};

// path may be NULL: defaults only. settings are "key=value" texts (--set), which win.
// NULL after any problem; each is written to report as "file:line:column: …" and counted.
struct config *config_read(const char *path, const char *const *settings, size_t setting_count,
                           FILE *report, struct err *err);
void config_destroy(struct config *config);
// Names of keys that differ and that a running server cannot take up; NULL-terminated, in arena.
const char *const *config_fixed_changes(const struct config *old, const struct config *new,
                                        struct arena *arena);
// Takes up what a running server can; texts stay in fresh, which must outlive running.
void config_take(struct config *running, const struct config *fresh);
// The table as text, for `shuyuan check --keys` and the documents.
void config_list_keys(FILE *out);

// A manifest (app.yaml) or language file: the same strict YAML, as a tree for others to walk.
enum yaml_kind { YAML_TEXT, YAML_LIST, YAML_MAP };
struct yaml_node {
    enum yaml_kind kind;
    bool quoted;               // TEXT: written in quotes, so never a number or a boolean
    const char *key;           // inside a MAP
    const char *text;          // TEXT
    struct yaml_node *child;   // first of LIST and MAP
    struct yaml_node *next;    // sibling
    int line, column;          // of the value, from 1; columns count characters
    int key_line, key_column;  // of the key
};
// At most 1 MiB, 8 levels. The first problem is in err, as "path:line:column: …".
bool yaml_read_text(const char *path, struct slice bytes, struct arena *arena,
                    struct yaml_node **root, struct err *err);
bool yaml_read(const char *path, struct arena *arena, struct yaml_node **root, struct err *err);
