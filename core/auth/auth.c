// SPDX-License-Identifier: Apache-2.0
#include "auth/inside.h"

static bool declare_accounts(struct catalog *catalog, struct err *err)
{
    static const struct value no = {VALUE_BOOLEAN, {.boolean = false}};
    struct collection account = {
        .app = "core",
        .name = "account",
        .instance = true,
        .fields =
            {
                [ACCOUNT_LOGIN] = {.name = "login", .type = FIELD_TEXT, .required = true, .max = 64},
                [ACCOUNT_NAME] = {.name = "name", .type = FIELD_TEXT, .required = true, .max = 100},
                [ACCOUNT_HASH] = {.name = "hash", .type = FIELD_TEXT, .max = PASSWORD_HASH_MAX},
                [ACCOUNT_PERSON] = {.name = "person", .type = FIELD_TEXT, .required = true,
                                    .max = ID_TEXT_LEN},
                [ACCOUNT_DISABLED] = {.name = "disabled", .type = FIELD_BOOLEAN, .initial = no},
                [ACCOUNT_EPOCH] = {.name = "epoch", .type = FIELD_INTEGER, .required = true},
                [ACCOUNT_MUST_CHANGE] = {.name = "must_change", .type = FIELD_BOOLEAN,
                                         .initial = no},
            },
        .field_count = ACCOUNT_FIELDS,
        .indexes = {{.fields = {ACCOUNT_LOGIN}, .count = 1, .unique = true},
                    {.fields = {ACCOUNT_PERSON}, .count = 1}},
        .index_count = 2,
    };

    return catalog_add(catalog, &account, err) != NULL;
}

static bool declare_grants(struct catalog *catalog, struct err *err)
{
    struct collection grant = {
        .app = "core",
        .name = "grant",
        .instance = true,
        .fields =
            {
                [GRANT_PERSON] = {.name = "person", .type = FIELD_TEXT, .required = true,
                                  .max = ID_TEXT_LEN},
                [GRANT_ROLE] = {.name = "role", .type = FIELD_TEXT, .required = true,
                                .max = ROLE_MAX},
                [GRANT_AT] = {.name = "at", .type = FIELD_REF, .required = true, .ref = "core.org"},
                [GRANT_BEGINS] = {.name = "begins", .type = FIELD_TIME},
                [GRANT_ENDS] = {.name = "ends", .type = FIELD_TIME},
            },
        .field_count = GRANT_FIELDS,
        .indexes = {{.fields = {GRANT_PERSON, GRANT_ROLE, GRANT_AT}, .count = 3, .unique = true},
                    {.fields = {GRANT_AT, GRANT_ROLE}, .count = 2}},
        .index_count = 2,
    };

    return catalog_add(catalog, &grant, err) != NULL;
}

bool auth_declare(struct catalog *catalog, struct err *err)
{
    return declare_accounts(catalog, err) && declare_grants(catalog, err);
}

void auth_init(struct auth *auth, struct keyring *keyring, const struct auth_limits *limits)
{
    *auth = (struct auth){.limits = limits};
    keyring_derive(keyring, "csrf", auth->csrf_key);
    keyring_derive(keyring, "device", auth->device_key);
    keyring_derive(keyring, "throttle", auth->throttle_key);
}

struct value value_of_id(struct arena *arena, const struct id *id)
{
    char text[ID_TEXT_LEN + 1];

    id_to_text(id, text);
    return value_of_text(arena_slice(arena, slice_of(text, ID_TEXT_LEN)));
}

bool auth_refused(const struct problem *problem, struct err *err)
{
    if (err->code != ERR_NONE)
        return false;
    return err_set(err, ERR_INPUT, "%s: %s", problem->field != NULL ? problem->field : "",
                   problem->word != NULL ? problem->word : "refused");
}
