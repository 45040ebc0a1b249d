// SPDX-License-Identifier: Apache-2.0
// What every process and command of an instance opens: store, keys, catalogue, apps.
#pragma once

#include "auth/auth.h"
#include "bind/host.h"
#include "bind/nursery.h"
#include "config/config.h"
#include "record/record.h"

struct instance {
    const struct config *config;
    struct clock *clock;
    struct random *random;
    struct store *store;
    struct keyring *keyring;
    struct sealer *sealer;
    struct catalog *catalog;
    bool owns; // the store is ours to write
    bool grows; // its owner would have to bring records up to date for what the apps declare
    struct host *host; // NULL in the committer, which runs no apps
    bool lint;         // of its host: everything that is wrong is told at once
    bool steady;       // of its host: calls can be compared
    struct loop *loop;       // of a worker
    struct nursery *nursery; // NULL: no app is isolated
    struct net_client *outbound; // set before the apps are booted by a process that does jobs
    struct auth auth;
    struct auth_limits limits;
};

// Opens the data folder (made with mode 0700 when absent), the store in the given role and
// the keys. loop: for a guest that commits without waiting; else NULL.
bool instance_open(struct instance *instance, const struct config *config, enum store_role role,
                   struct loop *loop, struct err *err);
// The same in a time and with chance of one's own.
bool instance_open_at(struct instance *instance, const struct config *config, struct clock *clock,
                      struct random *random, enum store_role role, struct loop *loop,
                      struct err *err);
// As owner, waiting a little for one who was killed a moment ago.
bool instance_open_owner(struct instance *instance, const struct config *config, struct err *err);
// Declares the core's collections; then boots the apps, whose problems go to the callback.
bool instance_boot_core(struct instance *instance, struct err *err);
bool instance_boot_apps(struct instance *instance, host_problem *problem, void *context,
                        struct err *err);
void instance_log_level(const struct config *config); // of this process
void instance_reload(struct instance *instance); // takes up what its configuration says now
void instance_close(struct instance *instance); // accepts a half-open one

// Makes sure that the data folder exists and is ours alone.
bool instance_folder(const struct config *config, struct err *err);

// A view of a transaction for the system itself; the caller sets who. memory and budget stay
// the caller's. root is zero while no organisation has been added.
bool instance_view(struct instance *instance, struct store_txn *txn, struct arena *memory,
                   struct budget *budget, struct view *view, struct err *err);
// Names the root organisation, once, when the first organisation is added.
bool instance_set_root(struct view *view, struct id root, struct err *err);
