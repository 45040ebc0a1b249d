// SPDX-License-Identifier: Apache-2.0
// Locks this process up for good: what runs in it from here on can compute, take memory up to a
// limit, and read and write the descriptors that are open. It opens nothing, reaches no network,
// starts no process, signals nobody; a system call beyond that ends the process (SIGSYS).
//
// seccomp is what holds. Landlock, an empty network namespace and the limits of the kernel stand
// behind it where the kernel has them, for the day that a rule here turns out to be wrong.
#pragma once

#include <stddef.h>

#include "base/err.h"

// Networks of its own, with nothing in them: for a process that starts caged ones. Best effort:
// it needs rights that not every service has.
void cage_unplug(void);

// memory: bytes that the process may still take; cpu_s: seconds of processor time after which it
// is killed. To be called with one thread. False: this
// kernel or processor has no seccomp, and nothing may run that counts on it.
bool cage_enter(size_t memory, unsigned cpu_s, struct err *err);
