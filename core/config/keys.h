// SPDX-License-Identifier: Apache-2.0
// Inside config/ only: the table of keys, and how the text of one becomes its value.
#pragma once

#include "config/config.h"

enum key_type {
    KEY_TEXT,     // one line
    KEY_PATH,     // relative to the file it stands in
    KEY_BOOLEAN,  // true, false
    KEY_INTEGER,  // 12
    KEY_DURATION, // 250ms, 10s, 30min, 12h
    KEY_SIZE,     // 512B, 64KiB, 8MiB, 1GiB, 1TiB
    KEY_CHOICE,   // one word of a list
    KEY_ADDRESS,  // 127.0.0.1:8080, [::]:443; "" for none
    KEY_LISTEN,   // a list of addresses, each as text or {address, tls}
    KEY_NAMES,    // a list of names, or a text of them: "leave, notice"; kept with a space between
};

struct config_key {
    const char *name;
    enum key_type type;
    size_t offset;        // in struct config
    const char *initial;  // the default, as it would be written
    int64_t least, most;  // of numbers; of texts: most characters, 0 least: may be empty
    const char *choices;  // CHOICE: words with a space between
    bool reload;          // a running server takes it up
    const char *help;
};

extern const struct config_key config_keys[];
extern const size_t config_key_count;

// -1: there is no such key.
int config_key_find(const char *name);
// The nearest name, NULL when none is near.
const char *config_key_suggest(const char *name);
const char *config_type_word(enum key_type type);

// Sets one key from its text. folder: what a relative path is relative to ("": nothing).
// The error's text says what was expected.
bool config_set_text(struct config *config, const struct config_key *key, const char *text,
                     const char *folder, struct err *err);
// Adds one listener; text is an address, " tls" may follow it.
bool config_add_listener(struct config *config, const char *text, bool tls, struct err *err);
// The port of a checked address.
int config_port(const char *address);
// The value of one key; a text stays where it is.
void config_copy(const struct config_key *key, struct config *to, const struct config *from);
bool config_same(const struct config_key *key, const struct config *a, const struct config *b);
