// SPDX-License-Identifier: Apache-2.0
// Applications are taken up anew while they serve: the whole new state is built beside the old one
// and takes its place in one turn of the loop. What serves already goes on if an app that was
// well is not so in the new state; what an open request still uses of the old one stays till its end.
//
// Threads: those of the process's loop.
#pragma once

#include "serve/instance.h"

// A catalogue and its host, and how many open requests stand on them.
struct generation {
    struct catalog *catalog;
    struct host *host;
    unsigned users;
    bool retired;
};
// NULL: the instance has booted no apps.
struct generation *generation_of(const struct instance *instance);
void generation_release(struct generation *generation); // accepts NULL
void generation_hold(struct generation *generation);

enum renew_result {
    RENEW_SAME,    // the files say what they said
    RENEW_DONE,
    RENEW_REFUSED, // the old state stays
    RENEW_GROWS,   // and the store would have to be brought up to date first, by its owner
};
// *generation is the one in use; after RENEW_DONE it is the new one, and the instance's catalogue and
// host are its own. problems gets a line for each thing that is wrong in the new state ("leave:
// leave/main.lua:12: …"), also when it is taken up.
enum renew_result renew(struct instance *instance, struct generation **generation,
                        struct buffer *problems);
