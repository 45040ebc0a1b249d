// SPDX-License-Identifier: Apache-2.0
// The address guard: which addresses of the network a call for an application may reach. It is
// asked about the very address that is about to be connected to, so that no answer of a name
// server can come between the question and the connection.
#pragma once

#include <sys/socket.h>

#include "base/err.h"
#include "base/mem.h"

struct guard;

// Lets through what the list names beside the public addresses: ranges ("10.3.0.0/16"), single
// addresses ("10.3.0.7", "fd00::7") and names ("sms.county.example"), blanks or commas between.
struct guard *guard_create(const char *allowed, struct err *err);
void guard_destroy(struct guard *guard); // accepts NULL

// name: the host that was asked for, small letters.
bool guard_lets(const struct guard *guard, const char *name, const struct sockaddr *address);
// "127.0.0.1", for the log.
enum { GUARD_TEXT_MAX = 64 };
void guard_text(const struct sockaddr *address, char text[GUARD_TEXT_MAX]);
