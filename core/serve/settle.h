// SPDX-License-Identifier: Apache-2.0
// What apps declare and what the store holds are brought together when an instance opens
// (record/migrate.h): whoever owns the store makes the changes that need nobody's decision; an app
// whose records do not fit it goes into quarantine, everywhere, and its records stay as they are.
#pragma once

#include "serve/instance.h"
#include "serve/serve.h"

// Before anybody is served. False when the platform's own records do not fit.
bool settle(struct instance *instance, struct err *err);

// Counts a rollup anew at every organisation, each in a commit of its own.
struct counted {
    size_t changed, orgs;
};
bool settle_count(struct instance *instance, const struct rollup *rollup, struct counted *counted,
                  struct err *err);

// The whole life of the process that does this before the others start.
int settle_run(const struct child_setup *setup);
