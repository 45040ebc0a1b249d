// SPDX-License-Identifier: Apache-2.0
// Listening sockets: by their text ("127.0.0.1:80", "[::1]:80"), and of this machine.
#pragma once

#include "base/err.h"

// One of several that share a port by SO_REUSEPORT. *port: 0 on the first call of a listener,
// then the port that all of them share. -1 with err.
int socket_listen(const char *text, unsigned *port, struct err *err);
// Another server on the same port would share it in silence, because of SO_REUSEPORT: a
// plain socket tells whether somebody is there.
bool socket_is_free(const char *text, struct err *err);
// A stream socket of this machine, in a folder, for this user alone. A file of the name that a
// former process left is removed. -1 with err.
int socket_listen_local(const char *folder, const char *name, struct err *err);
