// SPDX-License-Identifier: Apache-2.0
// Every form and API write carries a key. The answer is stored under it in the same
// commit and kept for 24 hours at least: a double send, and a send after an unknown
// outcome, get the first answer and change nothing.
#pragma once

#include "serve/exchange.h"

// Looks for the key given with the request. known: x->answer holds the first answer.
// ERR_CONFLICT when the key was used for something else.
bool write_key_find(struct exchange *x, bool *known, struct err *err);
// Puts x->answer under the key into x's transaction.
bool write_key_store(struct exchange *x, struct err *err);
