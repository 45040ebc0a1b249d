// SPDX-License-Identifier: Apache-2.0
#include "serve/instance.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <sys/stat.h>

#include "base/log.h"
#include "blob/disk.h"
#include "serve/settle.h"
#include "store/space.h"

// Reader slots: one per open call; a worker's calls do not wait, so a few per process do.
enum { READERS_PER_WORKER = 16, READERS_OTHER = 64 };

static struct slice meta_key(const char *name, uint8_t key[32])
{
    size_t len = strlen(name);

    key[0] = SPACE_META;
    memcpy(key + 1, name, len);
    return slice_of(key, len + 1);
}

static bool read_id(struct store_txn *txn, const char *name, struct id *id, struct err *err)
{
    uint8_t key[32];
    struct slice value;

    *id = (struct id){{0}};
    if (!store_get(txn, meta_key(name, key), &value, err))
        return false;
    if (value.data != NULL && value.len == ID_LEN)
        memcpy(id->bytes, value.data, ID_LEN);
    return true;
}

bool instance_folder(const struct config *config, struct err *err)
{
    struct stat status;

    if (mkdir(config->data, 0700) != 0 && errno != EEXIST)
        return err_set(err, ERR_IO, "data folder %s: %s", config->data, strerror(errno));
    if (stat(config->data, &status) != 0)
        return err_set(err, ERR_IO, "data folder %s: %s", config->data, strerror(errno));
    if ((status.st_mode & 0077) != 0)
        return err_set(err, ERR_IO, "data folder %s may be read by others: run chmod 700 on it",
                       config->data);
    return true;
}

// This node's id is made once, by the first owner.
static bool ensure_home(struct instance *instance, struct err *err)
{
    struct store_txn *txn = store_begin(instance->store, STORE_WRITE, err);
    struct id home;
    uint8_t key[32];
    bool done = false;

    if (txn == NULL)
        return false;
    if (!read_id(txn, "home", &home, err))
        goto out;
    if (id_is_zero(&home)) {
        home = id_make(instance->clock, instance->random);
        if (!store_put(txn, meta_key("home", key), slice_of(home.bytes, ID_LEN), err) ||
            !store_commit_wait(txn, err))
            goto out;
    }
    done = true;
out:
    store_end(txn);
    return done;
}

static bool open_keys(struct instance *instance, struct err *err)
{
    char path[PATH_MAX];

    snprintf(path, sizeof path, "%s/master.key", instance->config->data);
    instance->keyring = keyring_open(path, instance->random, err);
    if (instance->keyring == NULL)
        return false;
    instance->sealer = sealer_open(instance->keyring, instance->random, err);
    auth_init(&instance->auth, instance->keyring, &instance->limits);
    return instance->sealer != NULL;
}

void instance_log_level(const struct config *config)
{
    static const char *const levels[] = {"debug", "info", "warn", "error"};

    for (int i = 0; i < 4; i++)
        if (strcmp(config->log_level, levels[i]) == 0)
            log_threshold((enum log_level)i);
}

static void take_limits(struct instance *instance)
{
    const struct config *config = instance->config;

    instance->limits = (struct auth_limits){
        .idle_ms = config->auth.session_idle_ms,
        .absolute_ms = config->auth.session_absolute_ms,
        .sessions = (unsigned)config->auth.sessions,
        .window_ms = config->auth.throttle_window_ms,
        .per_account = (unsigned)config->auth.per_account,
        .per_address = (unsigned)config->auth.per_address,
        .per_school = (unsigned)config->auth.per_school,
    };
}

void instance_reload(struct instance *instance)
{
    instance_log_level(instance->config);
    take_limits(instance);
    log_info("configuration reloaded");
}

bool instance_open(struct instance *instance, const struct config *config, enum store_role role,
                   struct loop *loop, struct err *err)
{
    return instance_open_at(instance, config, clock_system(), random_system(), role, loop, err);
}

bool instance_open_at(struct instance *instance, const struct config *config, struct clock *clock,
                      struct random *random, enum store_role role, struct loop *loop,
                      struct err *err)
{
    struct store_options options = {
        .folder = config->data,
        .bytes_max = (uint64_t)config->store.bytes_max,
        .readers_max = READERS_OTHER + (READERS_PER_WORKER + (unsigned)config->script.open) *
                                           (unsigned)(config->workers + config->jobs.processes),
        .memory_max = 1u << 16,
        .commit_bytes_max = (size_t)config->store.commit_bytes_max,
        .clock = clock,
        .random = random,
        .loop = loop,
        .reconnect_ms = config->store.reconnect_ms,
        .wait_ms = config->store.wait_ms,
    };

    *instance = (struct instance){.config = config, .clock = options.clock,
                                  .random = options.random, .loop = loop};
    take_limits(instance);
    if (!instance_folder(config, err))
        return false;
    instance->store = store_open(role, &options, err);
    if (instance->store == NULL)
        return false;
    instance->owns = role == STORE_OWNER;
    if (role == STORE_OWNER && (!ensure_home(instance, err) || !blob_prepare(config->data, err)))
        return false;
    return open_keys(instance, err);
}

// A killed process may hold its lock a moment longer: the disk finishes its last write.
bool instance_open_owner(struct instance *instance, const struct config *config, struct err *err)
{
    enum { PAUSE_MS = 5 };
    struct clock *clock = clock_system();
    int64_t deadline = clock_mono_us(clock) + config->store.reconnect_ms * 1000;

    while (!instance_open(instance, config, STORE_OWNER, NULL, err)) {
        instance_close(instance);
        if (err->code != ERR_BUSY || clock_mono_us(clock) > deadline)
            return false;
        poll(NULL, 0, PAUSE_MS);
    }
    return true;
}

bool instance_boot_core(struct instance *instance, struct err *err)
{
    instance->catalog = catalog_create();
    return tree_declare(instance->catalog, err) && auth_declare(instance->catalog, err);
}

bool instance_boot_apps(struct instance *instance, host_problem *problem, void *context,
                        struct err *err)
{
    struct host_options options = {
        .config = instance->config,
        .clock = instance->clock,
        .random = instance->random,
        .steady = instance->steady,
        .lint = instance->lint,
        .outbound = instance->outbound,
    };

    // While this process may still start a program.
    if (instance->config->apps.isolated[0] != 0 && instance->nursery == NULL)
        instance->nursery = nursery_start("/proc/self/exe", err);
    if (instance->config->apps.isolated[0] != 0 && instance->nursery == NULL)
        return false;
    options.nursery = instance->nursery;
    options.loop = instance->loop;
    instance->host = host_create(&options, instance->catalog, problem, context, err);
    return instance->host != NULL && (instance->store == NULL || settle(instance, err));
}

void instance_close(struct instance *instance)
{
    host_destroy(instance->host);
    nursery_stop(instance->nursery);
    catalog_destroy(instance->catalog);
    sealer_close(instance->sealer);
    keyring_close(instance->keyring);
    store_close(instance->store);
    *instance = (struct instance){0};
}

bool instance_view(struct instance *instance, struct store_txn *txn, struct arena *memory,
                   struct budget *budget, struct view *view, struct err *err)
{
    *view = (struct view){
        .txn = txn,
        .catalog = instance->catalog,
        .budget = budget,
        .arena = memory,
        .clock = instance->clock,
        .random = instance->random,
        .sealer = instance->sealer,
    };
    return read_id(txn, "root", &view->root, err) && read_id(txn, "home", &view->home, err);
}

bool instance_set_root(struct view *view, struct id root, struct err *err)
{
    uint8_t key[32];

    view->root = root;
    return store_put(view->txn, meta_key("root", key), slice_of(root.bytes, ID_LEN), err);
}
