// SPDX-License-Identifier: Apache-2.0
// The one table of keys. A limit that a user can meet is a row here.
#include "config/keys.h"

#include <limits.h>
#include <stddef.h>
#include <stdlib.h>

#define AT(member) offsetof(struct config, member)
#define SECONDS(n) ((n) * 1000LL)
#define MINUTES(n) ((n) * 60000LL)
#define HOURS(n) ((n) * 3600000LL)
#define KIB(n) ((n) * 1024LL)
#define MIB(n) ((n) * 1048576LL)
#define TIB(n) ((n) * 1099511627776LL)

enum { FIXED, RELOAD };

// clang-format off
const struct config_key config_keys[] = {
    {"name", KEY_TEXT, AT(name), "书院 Shuyuan", 1, 60, NULL, RELOAD, "name of the instance, shown to its users"},
    {"data", KEY_PATH, AT(data), "/var/lib/shuyuan", 1, 4000, NULL, FIXED, "folder of the store and its keys"},
    {"platform", KEY_PATH, AT(platform), "/usr/share/shuyuan", 1, 4000, NULL, FIXED, "folder of the product with lua/ and apps/"},
    {"assets", KEY_PATH, AT(assets), "/usr/share/shuyuan/assets", 1, 4000, NULL, FIXED, "folder of the built static files"},
    {"apps.default", KEY_BOOLEAN, AT(apps_default), "true", 0, 0, NULL, RELOAD, "applications are on where no administrator has said so"},
    {"development", KEY_BOOLEAN, AT(development), "false", 0, 0, NULL, FIXED, "pages show what they took and what is wrong; not for a school"},
    {"workers", KEY_INTEGER, AT(workers), "0", 0, 64, NULL, FIXED, "worker processes; 0: one for each core"},
    {"listen", KEY_LISTEN, 0, "127.0.0.1:8080", 1, CONFIG_LISTENERS_MAX, NULL, FIXED, "addresses served"},
    {"admin.listen", KEY_ADDRESS, AT(admin_listen), "127.0.0.1:8081", 0, 0, NULL, FIXED, "address of /metrics; \"\" for none"},
    {"tls.certificate", KEY_PATH, AT(tls_certificate), "", 0, 4000, NULL, RELOAD, "certificate and its chain, PEM"},
    {"tls.key", KEY_PATH, AT(tls_key), "", 0, 4000, NULL, RELOAD, "private key, PEM, not readable by others"},
    {"proxy.trusted", KEY_BOOLEAN, AT(proxy_trusted), "false", 0, 0, NULL, RELOAD, "take X-Forwarded-For from a proxy on this machine"},

    {"http.connections", KEY_INTEGER, AT(http.connections), "10000", 1, 1000000, NULL, RELOAD, "open connections of a worker"},
    {"http.connections_per_address", KEY_INTEGER, AT(http.connections_per_address), "1000", 1, 1000000, NULL, RELOAD, "of them from one address; a school stands behind one"},
    {"http.requests_per_connection", KEY_INTEGER, AT(http.requests_per_connection), "10000", 1, 100000000, NULL, RELOAD, "then it is closed"},
    {"http.head_bytes", KEY_SIZE, AT(http.head_bytes), "64KiB", KIB(1), KIB(256), NULL, RELOAD, "of a request's head"},
    {"http.head_fields", KEY_INTEGER, AT(http.head_fields), "100", 10, 100, NULL, RELOAD, "fields in a request's head"},
    {"http.body_bytes", KEY_SIZE, AT(http.body_bytes), "1MiB", KIB(1), MIB(64), NULL, RELOAD, "of a request's body"},
    {"http.request", KEY_DURATION, AT(http.request_ms), "30s", 10, MINUTES(10), NULL, RELOAD, "for a request to arrive whole"},
    {"http.idle", KEY_DURATION, AT(http.idle_ms), "60s", 10, HOURS(1), NULL, RELOAD, "a connection without a request"},
    {"http.write", KEY_DURATION, AT(http.write_ms), "60s", 10, HOURS(1), NULL, RELOAD, "an answer of which the client takes nothing"},
    {"http.body_rate", KEY_SIZE, AT(http.body_rate), "512B", 0, MIB(1), NULL, RELOAD, "least a second of a body, in or out; 0B: any"},
    {"http.http2_requests", KEY_INTEGER, AT(http.http2_requests), "32", 1, 256, NULL, RELOAD, "at once on an HTTP/2 connection"},
    {"http.http2_resets", KEY_INTEGER, AT(http.http2_resets), "100", 1, 100000, NULL, RELOAD, "streams that a client may break off in ten seconds"},
    {"http.http2_frame_rate", KEY_INTEGER, AT(http.http2_frame_rate), "10000", 10, 10000000, NULL, RELOAD, "control frames a second of a connection"},
    {"http.drain", KEY_DURATION, AT(http.drain_ms), "30s", 0, HOURS(1), NULL, RELOAD, "for open requests to end when a worker stops"},

    {"store.bytes_max", KEY_SIZE, AT(store.bytes_max), "64GiB", MIB(1), TIB(1), NULL, FIXED, "size at which writing is refused"},
    {"store.reader", KEY_DURATION, AT(store.reader_ms), "60s", 10, HOURS(1), NULL, RELOAD, "a snapshot held for longer is reported"},
    {"store.group_max", KEY_INTEGER, AT(store.group_max), "256", 1, 100000, NULL, FIXED, "commits that share a sync"},
    {"store.queue_max", KEY_INTEGER, AT(store.queue_max), "10000", 1, 1000000, NULL, RELOAD, "commits of a worker that wait; more are refused as busy"},
    {"store.retries", KEY_INTEGER, AT(store.retries), "5", 0, 100, NULL, RELOAD, "runs again after a conflict"},
    {"store.reconnect", KEY_DURATION, AT(store.reconnect_ms), "5s", 0, MINUTES(10), NULL, FIXED, "for a committer to come back"},
    {"store.wait", KEY_DURATION, AT(store.wait_ms), "10s", 10, MINUTES(10), NULL, FIXED, "for the outcome of a commit; then its sender is told to ask again"},
    {"store.commit_bytes_max", KEY_SIZE, AT(store.commit_bytes_max), "16MiB", KIB(64), MIB(64), NULL, FIXED, "of one commit"},

    {"script.cpu", KEY_DURATION, AT(script.cpu_ms), "50ms", 1, SECONDS(60), NULL, RELOAD, "processor time of a call of an app"},
    {"script.wall", KEY_DURATION, AT(script.wall_ms), "250ms", 1, MINUTES(10), NULL, RELOAD, "from its start to its end"},
    {"script.memory", KEY_SIZE, AT(script.memory), "16MiB", MIB(1), MIB(64), NULL, RELOAD, "of an app's state"},
    {"script.pattern_steps", KEY_INTEGER, AT(script.pattern_steps), "10000000", 1000, 10000000000, NULL, RELOAD, "of string.find, match, gmatch and gsub in a call"},
    {"script.output", KEY_SIZE, AT(script.output), "1MiB", KIB(1), MIB(64), NULL, RELOAD, "of an answer"},
    {"script.reads", KEY_INTEGER, AT(script.reads), "10000", 1, 10000000, NULL, RELOAD, "records read by a call"},
    {"script.writes", KEY_INTEGER, AT(script.writes), "1000", 1, 1000000, NULL, RELOAD, "records written by a call"},
    {"script.instances", KEY_INTEGER, AT(script.instances), "256", 1, 100000, NULL, RELOAD, "organisations of an app kept ready in a worker"},
    {"script.slice", KEY_DURATION, AT(script.slice_ms), "1ms", 0, SECONDS(10), NULL, RELOAD, "turn of a call, then others have theirs; 0ms: one instruction, for tests"},
    {"script.open", KEY_INTEGER, AT(script.open), "64", 1, 1000, NULL, FIXED, "calls of a worker that are between two turns; each holds a snapshot"},
    {"script.queue", KEY_INTEGER, AT(script.queue), "1000", 0, 100000, NULL, RELOAD, "requests of a worker that wait for such calls to end; more are refused as busy"},

    {"apps.isolated", KEY_NAMES, AT(apps.isolated), "", 0, 4000, NULL, FIXED, "apps that run in locked-down processes of their own; \"all\": every app"},
    {"apps.isolated_wall", KEY_DURATION, AT(apps.isolated_wall_ms), "500ms", 10, MINUTES(1), NULL, RELOAD, "such a process is killed when a call has not ended after so long"},

    {"auth.session_idle", KEY_DURATION, AT(auth.session_idle_ms), "30min", 100, HOURS(24 * 30), NULL, RELOAD, "a session ends after so long unused"},
    {"auth.session_absolute", KEY_DURATION, AT(auth.session_absolute_ms), "12h", 100, HOURS(24 * 90), NULL, RELOAD, "and after so long in any case"},
    {"auth.sessions", KEY_INTEGER, AT(auth.sessions), "10", 1, 100, NULL, RELOAD, "sessions of an account in browsers, and as many of programs; the oldest ends"},
    {"auth.throttle_window", KEY_DURATION, AT(auth.throttle_window_ms), "15min", 100, HOURS(24), NULL, RELOAD, "in which failed sign-ins are counted"},
    {"auth.per_account", KEY_INTEGER, AT(auth.per_account), "10", 1, 100000, NULL, RELOAD, "failed sign-ins for one account"},
    {"auth.per_address", KEY_INTEGER, AT(auth.per_address), "100", 1, 1000000, NULL, RELOAD, "failed sign-ins from one address"},
    {"auth.per_school", KEY_INTEGER, AT(auth.per_school), "1000", 1, 10000000, NULL, RELOAD, "failed sign-ins for one organisation"},
    {"auth.hash_threads", KEY_INTEGER, AT(auth.hash_threads), "1", 1, 64, NULL, FIXED, "threads of a worker that check passwords"},
    {"auth.hash_queue", KEY_INTEGER, AT(auth.hash_queue), "64", 1, 100000, NULL, FIXED, "sign-ins that wait for them"},

    {"jobs", KEY_INTEGER, AT(jobs.processes), "1", 0, 16, NULL, FIXED, "processes that do queued work"},
    {"job.poll", KEY_DURATION, AT(jobs.poll_ms), "200ms", 1, SECONDS(1), NULL, RELOAD, "between two looks at the queue while nothing is due"},
    {"job.lease", KEY_DURATION, AT(jobs.lease_ms), "30s", 10, HOURS(1), NULL, RELOAD, "a job of which nothing is heard for so long is done by another process"},
    {"job.backoff", KEY_DURATION, AT(jobs.backoff_ms), "2s", 1, HOURS(1), NULL, RELOAD, "before a failed job runs again; doubles each time, up to an hour"},
    {"job.off", KEY_DURATION, AT(jobs.off_ms), "10min", 1, HOURS(24), NULL, RELOAD, "between two tries of a job whose application is switched off"},
    {"job.cpu", KEY_DURATION, AT(jobs.cpu_ms), "500ms", 1, MINUTES(10), NULL, RELOAD, "processor time of a job"},
    {"job.wall", KEY_DURATION, AT(jobs.wall_ms), "10s", 1, MINUTES(10), NULL, RELOAD, "from its start to its end"},

    {"outbound.allow", KEY_TEXT, AT(outbound.allow), "", 0, 1000, NULL, RELOAD, "addresses inside that app.fetch may reach: ranges, addresses, names of hosts, with blanks between"},
    {"outbound.authorities", KEY_PATH, AT(outbound.authorities), "/etc/ssl/certs/ca-certificates.crt", 1, 4000, NULL, FIXED, "whose certificates app.fetch trusts, PEM"},
    {"outbound.plain_http", KEY_BOOLEAN, AT(outbound.plain_http), "false", 0, 0, NULL, RELOAD, "app.fetch may speak http without TLS, too"},
    {"outbound.timeout", KEY_DURATION, AT(outbound.timeout_ms), "5s", 10, MINUTES(5), NULL, RELOAD, "for a call of app.fetch, redirects included; job.wall must leave room for it"},
    {"outbound.connect", KEY_DURATION, AT(outbound.connect_ms), "3s", 10, MINUTES(1), NULL, RELOAD, "of it, to find the name and connect"},
    {"outbound.body_bytes", KEY_SIZE, AT(outbound.body_bytes), "1MiB", 0, MIB(16), NULL, RELOAD, "of a body that app.fetch sends"},
    {"outbound.answer_bytes", KEY_SIZE, AT(outbound.answer_bytes), "4MiB", KIB(1), MIB(16), NULL, RELOAD, "of the answer's body; script.memory must hold it"},
    {"outbound.redirects", KEY_INTEGER, AT(outbound.redirects), "3", 0, 20, NULL, RELOAD, "followed by a call, each within the hosts that the app asks for"},
    {"outbound.calls_per_org", KEY_INTEGER, AT(outbound.calls_per_org), "4", 1, 1000, NULL, RELOAD, "calls of an organisation at once"},
    {"outbound.rate_per_org", KEY_INTEGER, AT(outbound.rate_per_org), "600", 1, 1000000, NULL, RELOAD, "calls of an organisation a minute"},

    {"files.file_bytes", KEY_SIZE, AT(files.file_bytes), "2GiB", KIB(1), MIB(8192), NULL, RELOAD, "of one file"},
    {"files.org_bytes", KEY_SIZE, AT(files.org_bytes), "20GiB", 0, TIB(1024), NULL, RELOAD, "of all files of an organisation"},
    {"files.upload", KEY_DURATION, AT(files.upload_ms), "24h", 100, HOURS(24 * 30), NULL, RELOAD, "for an upload to be finished and used"},
    {"files.grace", KEY_DURATION, AT(files.grace_ms), "24h", 100, HOURS(24 * 90), NULL, FIXED, "content nobody refers to is kept for so long"},
    {"files.check_rate", KEY_SIZE, AT(files.check_rate), "1MiB", 0, MIB(1024), NULL, RELOAD, "read a second to find rotten content; 0B: none"},
    {"files.threads", KEY_INTEGER, AT(files.threads), "2", 1, 64, NULL, FIXED, "threads of a worker that read and write files"},
    {"files.queue", KEY_INTEGER, AT(files.queue), "256", 1, 100000, NULL, FIXED, "pieces that wait for them"},
    {"files.streams", KEY_INTEGER, AT(files.streams), "256", 1, 100000, NULL, RELOAD, "files that a worker sends at once"},

    {"live.streams", KEY_INTEGER, AT(live.streams), "8000", 0, 1000000, NULL, RELOAD, "open event streams of a worker"},
    {"live.per_person", KEY_INTEGER, AT(live.per_person), "16", 1, 1000000, NULL, RELOAD, "of them of one person: a browser needs one"},
    {"live.buffer", KEY_SIZE, AT(live.buffer), "64KiB", KIB(4), MIB(16), NULL, RELOAD, "of events that a stream has not taken; a slower one is cut and catches up"},
    {"live.kept", KEY_INTEGER, AT(live.kept), "10000", 16, 1000000, NULL, FIXED, "events kept for who comes back"},
    {"live.heartbeat", KEY_DURATION, AT(live.heartbeat_ms), "20s", 10, MINUTES(10), NULL, RELOAD, "a silent stream gets a sign of life"},
    {"live.retry", KEY_DURATION, AT(live.retry_ms), "3s", 1, MINUTES(10), NULL, RELOAD, "a browser waits so long, half of it by chance, to come back"},

    {"log.level", KEY_CHOICE, AT(log_level), "info", 0, 0, "debug info warn error", RELOAD, "lines below it are not written"},
    {"watchdog", KEY_DURATION, AT(watchdog_ms), "2s", 500, MINUTES(10), NULL, RELOAD, "a worker that stands still for so long is replaced"},
};
// clang-format on

const size_t config_key_count = sizeof config_keys / sizeof *config_keys;

int config_key_find(const char *name)
{
    for (size_t i = 0; i < config_key_count; i++)
        if (strcmp(config_keys[i].name, name) == 0)
            return (int)i;
    return -1;
}

const char *config_type_word(enum key_type type)
{
    static const char *const words[] = {"text", "path",   "true or false", "number", "duration",
                                        "size", "choice", "address",       "addresses",
                                        "names"};

    return words[type];
}

enum { NAME_MAX_LEN = 48 };

// Levenshtein's distance, by rows.
static unsigned distance(const char *a, const char *b)
{
    unsigned row[NAME_MAX_LEN + 1], corner, above;
    size_t len = strlen(b);

    if (len > NAME_MAX_LEN || strlen(a) > NAME_MAX_LEN)
        return UINT_MAX;
    for (unsigned i = 0; i <= len; i++)
        row[i] = i;
    for (unsigned y = 1; a[y - 1] != 0; y++) {
        corner = row[0];
        row[0] = y;
        for (unsigned x = 1; x <= len; x++) {
            above = row[x];
            row[x] = corner + (a[y - 1] != b[x - 1]);
            row[x] = above + 1 < row[x] ? above + 1 : row[x];
            row[x] = row[x - 1] + 1 < row[x] ? row[x - 1] + 1 : row[x];
            corner = above;
        }
    }
    return row[len];
}

static const char *last_word(const char *name)
{
    const char *dot = strrchr(name, '.');

    return dot != NULL ? dot + 1 : name;
}

struct nearest {
    const char *name;
    unsigned far;
};

static void try_name(struct nearest *nearest, const char *typed, const char *name)
{
    unsigned far = distance(typed, name);

    if (far < nearest->far && far * 2 <= strlen(typed))
        *nearest = (struct nearest){name, far};
}

// A slip of the fingers in a key or a section, or the right word in the wrong section.
const char *config_key_suggest(const char *name)
{
    static const char *const sections[] = {"admin",  "apps", "tls",   "proxy", "http", "store",   "script",
                                           "auth",   "job",  "files", "live",  "log",  "outbound"};
    struct nearest nearest = {NULL, 4};

    for (size_t i = 0; i < config_key_count; i++)
        if (strcmp(last_word(name), last_word(config_keys[i].name)) == 0)
            return config_keys[i].name;
    for (size_t i = 0; i < config_key_count; i++)
        try_name(&nearest, name, config_keys[i].name);
    for (size_t i = 0; i < sizeof sections / sizeof *sections; i++)
        try_name(&nearest, name, sections[i]);
    return nearest.name;
}
