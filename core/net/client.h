// SPDX-License-Identifier: Apache-2.0
// The way from a job process to the outbound process: one connection, one call at a time, waited
// for. Nothing of this process touches the network.
#pragma once

#include "base/clock.h"
#include "net/fetch.h"

struct net_client;

// folder: of the data, where the socket lies. The connection is made when it is first needed.
struct net_client *net_client_open(const char *folder, struct clock *clock, struct err *err);
void net_client_close(struct net_client *client); // accepts NULL

// Waits for the answer, a little longer than request->timeout_ms at most. received holds the bytes
// that the answer points into; it is the caller's, like the arena. Never fails otherwise than by
// an outcome.
void net_client_fetch(struct net_client *client, const struct fetch_request *request,
                      struct buffer *received, struct arena *arena, struct fetch_answer *answer);
