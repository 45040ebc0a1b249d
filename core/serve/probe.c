// SPDX-License-Identifier: Apache-2.0
// What an operator and a load balancer ask: alive, serving, figures.
#include "serve/exchange.h"

#include "job/queue.h"

#include <stdio.h>
#include <unistd.h>

void probe_alive(struct exchange *x)
{
    exchange_json(x, 200, slice_text("{\"status\":\"alive\"}"));
}

static size_t quarantined(const struct host *host)
{
    const struct host_app *apps;
    size_t count = host_apps(host, &apps), bad = 0;

    for (size_t i = 0; i < count; i++)
        bad += apps[i].problem != NULL;
    return bad;
}

void probe_ready(struct exchange *x)
{
    const struct worker *worker = x->worker;
    const struct scoreboard *board = worker->setup->board;
    const char *problem;

    if (!exchange_begin(x, STORE_READ))
        return;
    problem = worker->stopping            ? "draining"
              : !board->committer_ready   ? "the committer is starting"
              : id_is_zero(&x->view.root) ? "no organisation yet: run shuyuan org add"
                                          : NULL;
    exchange_json(x, problem == NULL ? 200 : 503,
                  slice_text(arena_format(
                      &x->memory,
                      "{\"status\":\"%s\",\"confined\":%s,\"quarantined\":%zu}",
                      problem == NULL ? "ready" : problem,
                      worker->slot->confined ? "true" : "false",
                      quarantined(worker->instance.host))));
}

// Prometheus text ------------------------------------------------------------------------

static void put(struct buffer *out, const char *name, const char *type, const char *help,
                uint64_t value)
{
    buffer_format(out, "# HELP shuyuan_%s %s\n# TYPE shuyuan_%s %s\nshuyuan_%s %llu\n", name, help,
                  name, type, name, (unsigned long long)value);
}

static void add_http(struct http_stats *sum, const struct http_stats *one)
{
    sum->connections_open += one->connections_open;
    sum->connections += one->connections;
    sum->requests += one->requests;
    sum->refused_heads += one->refused_heads;
    sum->refused_connections += one->refused_connections;
    sum->bytes_out += one->bytes_out;
    sum->micros += one->micros;
    for (int i = 0; i < 6; i++)
        sum->answers[i] += one->answers[i];
    for (int i = 0; i < 12; i++)
        sum->buckets[i] += one->buckets[i];
}

void scoreboard_keep(struct scoreboard *board, struct worker_slot *slot)
{
    slot->http.connections_open = 0;
    add_http(&board->gone, &slot->http);
    slot->http = (struct http_stats){0};
}

static void put_latency(struct buffer *out, const struct http_stats *http)
{
    static const char *const edges[] = {"0.001", "0.002", "0.005", "0.01", "0.02", "0.05",
                                        "0.1",   "0.2",   "0.5",   "1",    "2",    "+Inf"};
    uint64_t below = 0;

    buffer_text(out, "# HELP shuyuan_request_seconds Time from head to answer.\n"
                     "# TYPE shuyuan_request_seconds histogram\n");
    for (int i = 0; i < 12; i++) {
        below += http->buckets[i];
        buffer_format(out, "shuyuan_request_seconds_bucket{le=\"%s\"} %llu\n", edges[i],
                      (unsigned long long)below);
    }
    buffer_format(out, "shuyuan_request_seconds_sum %.6f\nshuyuan_request_seconds_count %llu\n",
                  (double)http->micros / 1e6, (unsigned long long)below);
}

static void put_answers(struct buffer *out, const struct http_stats *http)
{
    buffer_text(out, "# HELP shuyuan_answers_total Answers by class of status.\n"
                     "# TYPE shuyuan_answers_total counter\n");
    for (int i = 1; i < 6; i++)
        buffer_format(out, "shuyuan_answers_total{class=\"%dxx\"} %llu\n", i,
                      (unsigned long long)http->answers[i]);
}

static void put_workers(struct buffer *out, const struct scoreboard *board)
{
    struct http_stats http = board->gone;
    uint64_t commits = 0, conflicts = 0, retries = 0, faults = 0, limits = 0, in = 0, refused = 0,
             hashes = 0, rotten = 0, streams = 0, told = 0, dropped = 0, open = 0,
             waiting = 0;

    for (unsigned i = 0; i < board->workers; i++) {
        const struct worker_slot *slot = &board->worker[i];

        add_http(&http, &slot->http);
        commits += slot->commits;
        conflicts += slot->conflicts;
        retries += slot->retries;
        faults += slot->script_faults;
        limits += slot->script_limits;
        in += slot->sign_ins;
        refused += slot->refused_sign_ins;
        rotten += slot->rotten;
        hashes += slot->hashes;
        open += slot->calls_open;
        waiting += slot->calls_waiting;
        streams += slot->live_streams;
        told += slot->live_told;
        dropped += slot->live_dropped;
    }
    put(out, "connections_open", "gauge", "Connections now.", http.connections_open);
    put(out, "connections_total", "counter", "Connections accepted.", http.connections);
    put(out, "connections_refused_total", "counter", "Over a limit.", http.refused_connections);
    put(out, "heads_refused_total", "counter", "Malformed requests.", http.refused_heads);
    put(out, "bytes_out_total", "counter", "Bytes of answers.", http.bytes_out);
    put_answers(out, &http);
    put_latency(out, &http);
    put(out, "commits_total", "counter", "Acknowledged writes of requests.", commits);
    put(out, "conflicts_total", "counter", "Commits that had to run again.", conflicts);
    put(out, "retries_total", "counter", "Handlers run again.", retries);
    put(out, "script_faults_total", "counter", "Errors in applications.", faults);
    put(out, "script_limits_total", "counter", "Calls ended by a budget.", limits);
    put(out, "calls_open", "gauge", "Calls of applications between two turns.", open);
    put(out, "calls_waiting", "gauge", "Requests that wait to begin one.", waiting);
    put(out, "files_rotten_total", "counter", "Pieces of files that were not what was stored.",
        rotten);
    put(out, "sign_ins_total", "counter", "Sessions opened.", in);
    put(out, "sign_ins_refused_total", "counter", "Wrong or throttled.", refused);
    put(out, "live_streams", "gauge", "Open event streams.", streams);
    put(out, "live_events_total", "counter", "Events sent, one for each stream.", told);
    put(out, "live_dropped_total", "counter", "Streams cut because they took too little.", dropped);
    put(out, "password_hashes_total", "counter", "Passwords hashed.", hashes);
}

// The queue as it stands; nothing is shown while it cannot be read.
static void put_queue(struct buffer *out, struct worker *worker, struct arena *memory)
{
    struct budget budget = {.reads_max = 10};
    struct queue_counts counts;
    struct view view;
    struct err err;
    struct store_txn *txn = store_begin(worker->instance.store, STORE_READ, &err);

    if (txn != NULL && instance_view(&worker->instance, txn, memory, &budget, &view, &err) &&
        queue_count(&view, &counts, &err)) {
        put(out, "jobs_waiting", "gauge", "Jobs in the queue.", (uint64_t)counts.waiting);
        put(out, "jobs_dead", "gauge", "Jobs given up; see shuyuan job list --dead.",
            (uint64_t)counts.dead);
    }
    store_end(txn);
}

static void put_jobs(struct buffer *out, const struct scoreboard *board)
{
    uint64_t done = 0, failed = 0;

    for (unsigned i = 0; i < board->jobs; i++) {
        done += board->job[i].done;
        failed += board->job[i].failed;
    }
    put(out, "job_processes", "gauge", "Processes that do queued work.", board->jobs);
    put(out, "jobs_done_total", "counter", "Jobs done.", done);
    put(out, "job_failures_total", "counter", "Runs of jobs that failed.", failed);
}

static void put_outbound(struct buffer *out, const struct outbound_slot *slot)
{
    put(out, "outbound_open", "gauge", "Calls to the outside now.", slot->open);
    put(out, "outbound_calls_total", "counter", "Calls to the outside.", slot->calls);
    put(out, "outbound_sent_bytes_total", "counter", "Bytes of bodies sent.", slot->bytes_out);
    put(out, "outbound_received_bytes_total", "counter", "Bytes of bodies received.",
        slot->bytes_in);
    buffer_text(out, "# HELP shuyuan_outbound_outcomes_total How they ended.\n"
                     "# TYPE shuyuan_outbound_outcomes_total counter\n");
    for (int i = 0; i < FETCH_OUTCOMES; i++)
        buffer_format(out, "shuyuan_outbound_outcomes_total{outcome=\"%s\"} %llu\n",
                      fetch_word((enum fetch_outcome)i), (unsigned long long)slot->outcomes[i]);
}

static void put_uses(struct buffer *out, const struct scoreboard *board, struct arena *memory)
{
    const struct uses *all[WORKERS_MAX + JOBS_MAX];
    size_t count = 0;

    for (unsigned i = 0; i < board->workers; i++)
        all[count++] = &board->worker[i].uses;
    for (unsigned i = 0; i < board->jobs; i++)
        all[count++] = &board->job[i].uses;
    uses_print(all, count, memory, out);
}

struct slice probe_metrics(struct worker *worker, struct arena *memory)
{
    const struct scoreboard *board = worker->setup->board;
    struct buffer out = BUFFER_EMPTY;
    struct slice text;

    put_workers(&out, board);
    put_jobs(&out, board);
    put_uses(&out, board, memory);
    put_queue(&out, worker, memory);
    put_outbound(&out, &board->outbound);
    put(&out, "workers", "gauge", "Worker processes.", board->workers);
    put(&out, "restarts_total", "counter", "Processes started again.", board->restarts);
    put(&out, "committer_up", "gauge", "1 when the committer serves.",
        (uint64_t)board->committer_ready);
    put(&out, "store_bytes", "gauge", "Bytes of the store in use.", board->store.bytes_used);
    put(&out, "store_bytes_max", "gauge", "Its size limit.", board->store.bytes_max);
    put(&out, "store_groups_total", "counter", "Synced groups of commits.", board->store.groups);
    put(&out, "store_commits_total", "counter", "Commits in them.", board->store.commits);
    put(&out, "store_oldest_reader", "gauge", "Groups since the oldest snapshot in use.",
        board->store.oldest_reader_age);
    put(&out, "apps_quarantined", "gauge", "Applications that did not load.",
        quarantined(worker->instance.host));
    text = arena_slice(memory, buffer_view(&out));
    buffer_finish(&out);
    return text;
}
