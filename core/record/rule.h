// SPDX-License-Identifier: Apache-2.0
// Rules are data: `path is|is not|in|under value and …`; a value is `@set`, a literal
// or `@today`. A role counts where it is held, at the row's organisation or above;
// `anyone` means signed in. A verb without a rule is allowed to nobody.
//
// Records of the instance belong to the root organisation. There a role that is held lower
// counts too, but only in a rule that ties the record to the asker (`is @me`, `in @me.orgs`,
// `in @me.children`, …): `guardian = {"guardian is @me"}` works, `admin = {}` needs the root.
// `app = {}` counts there too: it opens what is the same for all, a calendar or a code table.
// Sets about organisations' own records are then asked wherever the role is held.
//
// A path is a field, `id` (the record itself), `org` (its owner) or field.field. `@me` is
// the person, `@me.orgs` the organisations where the principal holds the rule's role,
// `@me.NAME` and `@NAME` a declared set; `@it` (in sets only) is the record asked about.
#pragma once

#include "record/schema.h"

enum rule_op { RULE_IS, RULE_IS_NOT, RULE_IN, RULE_UNDER };
enum rule_path { PATH_FIELD, PATH_ID, PATH_ORG };
enum rule_value { RULE_LITERAL, RULE_ME, RULE_ME_ORGS, RULE_TODAY, RULE_SET, RULE_IT };

struct rule_term {
    enum rule_path path;
    int field, then; // then: field of the referenced collection, or -1
    enum rule_op op;
    enum rule_value value_kind;
    struct value literal;
    const struct set_def *set;
};

enum { TERMS_MAX = 6 };

struct rule {
    struct rule *next; // alternatives: any one that holds is enough
    const char *role;  // "anyone": everybody who is signed in
    const char *text;  // as the app wrote it
    const char *place; // and where; "" or "file:line: "
    struct rule_term terms[TERMS_MAX];
    size_t term_count;
    uint64_t fields; // bit per field that this rule opens
    bool tied;       // some term holds for records of the asker only
};

// Parses one expression for a collection; names are resolved against the catalogue,
// literals point into text.
bool rule_parse(const struct catalog *catalog, const struct collection *collection,
                const char *text, struct rule *rule, struct err *err);
