// SPDX-License-Identifier: Apache-2.0
// Makes accounts that hold a role at an organisation, each with a session of its own, and prints
// the tokens: live_people CONFIG DATA ORG ROLE COUNT [known], while no server runs. They have no
// password, so that nothing is hashed. known: of the persons whose ids come in, one a line.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "serve/instance.h"

enum { OF_ONE_COMMIT = 100 };

static void found(void *context, const char *app, const char *problem)
{
    (void)context;
    fprintf(stderr, "%s: %s\n", app, problem);
}

// Somebody new, or the next of those who are known.
static bool next_person(struct instance *instance, bool known, struct id *person, struct err *err)
{
    char line[ID_TEXT_LEN + 2] = "";

    if (!known) {
        *person = id_make(instance->clock, instance->random);
        return true;
    }
    if (fgets(line, sizeof line, stdin) != NULL)
        line[strcspn(line, "\n")] = 0;
    return id_from_text(slice_text(line), person) || err_set(err, ERR_INPUT, "no id: '%s'", line);
}

static bool add_one(struct instance *instance, struct view *view, struct id org, const char *role,
                    long number, bool known, struct err *err)
{
    struct slice name = slice_text(arena_format(view->arena, "listener-%06ld", number));
    struct id person;
    struct problem problem = {NULL, NULL};
    char token[TOKEN_TEXT_LEN + 1];
    struct account *account;

    if (!next_person(instance, known, &person, err) ||
        !auth_account_add(view, name, name, person, NULL, &account, &problem, err) ||
        !auth_grant_add(view, person, role, org, err) ||
        !auth_account_get(view, account->ref.id, &account, err) || // the grant raised its epoch
        !auth_session_make(&instance->auth, view, account, false, slice_text("bench"), token, err))
        return false;
    puts(token);
    return true;
}

static bool add_some(struct instance *instance, const char *code, const char *role, long first,
                     long last, bool known, struct err *err)
{
    struct arena memory = ARENA_EMPTY;
    struct budget budget = {.reads_max = UINT32_MAX, .writes_max = UINT32_MAX};
    struct store_txn *txn = store_begin(instance->store, STORE_WRITE, err);
    struct tree_org *org = NULL;
    struct view view;
    bool done = txn != NULL && instance_view(instance, txn, &memory, &budget, &view, err) &&
                tree_find(&view, code, &org, err) &&
                (org != NULL || err_set(err, ERR_ABSENT, "no organisation %s", code));

    for (long i = first; done && i < last; i++)
        done = add_one(instance, &view, org->id, role, i, known, err);
    done = done && store_commit_wait(txn, err);
    store_end(txn);
    arena_finish(&memory);
    return done;
}

int main(int argc, char **argv)
{
    struct instance instance = {0};
    struct err err = {ERR_NONE, ""};
    struct config *config;
    const char *setting;
    long count = argc == 6 || argc == 7 ? atol(argv[5]) : 0;
    bool done;

    if (count <= 0)
        return 2;
    if (asprintf((char **)&setting, "data=%s", argv[2]) < 0)
        return 1;
    config = config_read(argv[1], &setting, 1, stderr, &err);
    done = config != NULL && instance_open(&instance, config, STORE_OWNER, NULL, &err) &&
           instance_boot_core(&instance, &err) && catalog_check(instance.catalog, found, NULL);
    for (long i = 0; done && i < count; i += OF_ONE_COMMIT)
        done = add_some(&instance, argv[3], argv[4], i,
                        i + OF_ONE_COMMIT < count ? i + OF_ONE_COMMIT : count, argc == 7, &err);
    if (!done)
        fprintf(stderr, "%s\n", err.text);
    instance_close(&instance);
    config_destroy(config);
    free((char *)setting);
    return done ? 0 : 1;
}
