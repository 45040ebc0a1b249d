// SPDX-License-Identifier: Apache-2.0
// Text is UTF-8 in NFC. Names may hold any assigned character (GB 18030-2022 has
// 88,115 of them): nothing here knows a "Chinese range".
#pragma once

#include "base/mem.h"

// Bytes of the well-formed UTF-8 character at the start, 0 when there is none.
size_t text_char_len(struct slice text);
bool text_is_utf8(struct slice text);
size_t text_chars(struct slice text); // characters (code points) of valid UTF-8

// Normalised copies in the arena; data NULL when the input is not UTF-8.
struct slice text_nfc(struct arena *arena, struct slice text);
struct slice text_fold(struct arena *arena, struct slice text); // NFKC and case folding

// The canonical form of a login name: ASCII letters, digits, `._-@` or Han after
// NFKC and case folding, one script a name, 1 to 64 characters. data NULL otherwise.
struct slice text_login(struct arena *arena, struct slice text);

// A path on this host, safe to send a browser to: never another host, no control character.
bool text_is_local_path(struct slice path);
