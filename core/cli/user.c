// SPDX-License-Identifier: Apache-2.0
// Accounts. A password is read from standard input, never from the command line.
#include "cli/cli.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/json.h"

enum { LINE_MAX_LEN = 512, ACCOUNTS_MAX = 1000 };

static bool read_password(char password[LINE_MAX_LEN], struct err *err)
{
    const char *problem;

    if (isatty(STDIN_FILENO)) {
        fprintf(stderr, "Password: ");
        fflush(stderr);
    }
    if (fgets(password, LINE_MAX_LEN, stdin) == NULL)
        return err_set(err, ERR_INPUT, "no password on standard input");
    password[strcspn(password, "\r\n")] = 0;
    problem = password_problem(slice_text(password));
    if (problem != NULL)
        return err_set(err, ERR_INPUT, "the password was refused: %s", problem);
    return true;
}

static bool hash_from_input(struct cli_instance *open, char hash[PASSWORD_HASH_MAX],
                            struct err *err)
{
    char password[LINE_MAX_LEN];
    bool done = read_password(password, err) &&
                password_hash(open->instance.random, slice_text(password), hash, err);

    secret_wipe(password, sizeof password);
    return done;
}

// "base.person.number=320000…": the one record of that collection with that value.
static bool find_person(struct cli_instance *open, const char *text, struct id *person,
                        struct err *err)
{
    const char *equals = strchr(text, '=');
    struct query query = {.org = open->view.root, .order = -1, .limit = 2};
    struct filter filter = {.op = FILTER_IS};
    struct record **records;
    char path[128], *dot;
    size_t count;

    if (id_from_text(slice_text(text), person))
        return true;
    snprintf(path, sizeof path, "%.*s", equals != NULL ? (int)(equals - text) : 0, text);
    dot = strrchr(path, '.');
    if (dot == NULL)
        return err_set(err, ERR_INPUT, "--person: an id, or APP.COLLECTION.FIELD=VALUE");
    *dot = 0;
    query.collection = catalog_find(open->view.catalog, path);
    filter.field = query.collection != NULL
                       ? collection_field(query.collection, slice_text(dot + 1))
                       : -1;
    if (filter.field < 0)
        return err_set(err, ERR_INPUT, "--person: no field %s.%s", path, dot + 1);
    filter.value = (struct value){.kind = VALUE_TEXT, .text = slice_text(equals + 1)};
    query.filters = &filter;
    query.filter_count = 1;
    if (!record_query(&open->view, &query, &records, &count, err))
        return false;
    if (count != 1)
        return err_set(err, ERR_ABSENT, "--person: %zu records match", count);
    *person = records[0]->ref.id;
    return true;
}

// --role and --org come in pairs, in order.
static bool add_grants(struct cli *cli, struct cli_instance *open, struct id person,
                       struct err *err)
{
    const char *role = NULL;
    size_t given = 0;
    struct id org;

    for (size_t i = 0; i < cli->value_count; i++) {
        const struct cli_value *value = &cli->values[i];

        if (strcmp(value->name, "role") == 0)
            role = value->text;
        if (strcmp(value->name, "org") != 0)
            continue;
        if (role == NULL)
            return err_set(err, ERR_INPUT, "--org %s: say --role before it", value->text);
        if (!cli_org(open, value->text, &org, err) ||
            !auth_grant_add(&open->view, person, role, org, err))
            return false;
        given++;
    }
    return given > 0 || err_set(err, ERR_INPUT, "--role and --org are needed");
}

static bool add(struct cli *cli, struct cli_instance *open, const char *hash, struct err *err)
{
    const char *person_text = cli_value(cli, "person");
    struct id person = id_make(open->instance.clock, open->instance.random);
    struct account *account = NULL;
    struct problem problem = {NULL, NULL};

    if (person_text != NULL && !find_person(open, person_text, &person, err))
        return false;
    if (!auth_account_add(&open->view, slice_text(cli_value(cli, "login")),
                          slice_text(cli_value(cli, "name")), person, hash, &account, &problem,
                          err))
        return problem.word != NULL
                   ? err_set(err, ERR_INPUT, "%s: %s", problem.field, problem.word)
                   : false;
    if (cli_switch(cli, "temporary") &&
        !auth_account_set_hash(&open->view, account, hash, true, err))
        return false;
    return add_grants(cli, open, person, err);
}

static int run_add(struct cli *cli)
{
    struct cli_instance open;
    char hash[PASSWORD_HASH_MAX];
    struct err err = {ERR_NONE, ""};
    int status = CLI_DONE;

    if (cli_value(cli, "login") == NULL || cli_value(cli, "name") == NULL)
        return cli_usage(cli, "--login and --name are needed");
    if (!cli_open(cli, &open, true))
        return CLI_PROBLEM;
    if (!hash_from_input(&open, hash, &err) || !cli_begin(&open, STORE_WRITE, &err) ||
        !add(cli, &open, hash, &err) || !cli_commit(&open, &err)) {
        status = cli_problem(&err);
        fprintf(stderr, "No account was made.\n");
    } else {
        printf("added %s\n", cli_value(cli, "login"));
    }
    cli_close(&open);
    return status;
}

// Changes ---------------------------------------------------------------------------------

typedef bool account_change(struct cli_instance *open, const struct account *account,
                            const char *hash, struct err *err);

static bool set_hash(struct cli_instance *open, const struct account *account, const char *hash,
                     struct err *err)
{
    return auth_account_set_hash(&open->view, account, hash, false, err);
}

static bool set_temporary(struct cli_instance *open, const struct account *account,
                          const char *hash, struct err *err)
{
    return auth_account_set_hash(&open->view, account, hash, true, err);
}

static bool disable(struct cli_instance *open, const struct account *account, const char *hash,
                    struct err *err)
{
    (void)hash;
    return auth_account_disable(&open->view, account, true, err);
}

static bool enable(struct cli_instance *open, const struct account *account, const char *hash,
                   struct err *err)
{
    (void)hash;
    return auth_account_disable(&open->view, account, false, err);
}

static bool apply(struct cli *cli, struct cli_instance *open, account_change *change,
                  const char *hash, const char *action, struct err *err)
{
    struct account *account = NULL;
    char object[ID_TEXT_LEN + 1];

    if (!auth_account_find(&open->view, slice_text(cli_value(cli, "login")), &account, err))
        return false;
    if (account == NULL)
        return err_set(err, ERR_ABSENT, "no account %s", cli_value(cli, "login"));
    id_to_text(&account->ref.id, object);
    return change(open, account, hash, err) &&
           audit_append(&open->view, (struct id){{0}}, action, object, "command line", err);
}

static int change_account(struct cli *cli, account_change *change, bool needs_password,
                          const char *action)
{
    struct cli_instance open;
    char hash[PASSWORD_HASH_MAX] = "";
    struct err err = {ERR_NONE, ""};
    int status = CLI_DONE;

    if (cli_value(cli, "login") == NULL)
        return cli_usage(cli, "--login is needed");
    if (!cli_open(cli, &open, false))
        return CLI_PROBLEM;
    if ((needs_password && !hash_from_input(&open, hash, &err)) ||
        !cli_begin(&open, STORE_WRITE, &err) ||
        !apply(cli, &open, change, hash, action, &err) || !cli_commit(&open, &err)) {
        status = cli_problem(&err);
        fprintf(stderr, "Nothing was changed.\n");
    } else {
        printf("%s; open sessions have ended\n", cli_value(cli, "login"));
    }
    cli_close(&open);
    return status;
}

static int run_passwd(struct cli *cli)
{
    return change_account(cli, cli_switch(cli, "temporary") ? set_temporary : set_hash, true,
                          "password");
}

static int run_disable(struct cli *cli)
{
    return change_account(cli, disable, false, "disable");
}

static int run_enable(struct cli *cli)
{
    return change_account(cli, enable, false, "enable");
}

// List ------------------------------------------------------------------------------------

static bool print_grants(struct cli_instance *open, struct id person, struct buffer *line,
                         struct err *err)
{
    struct principal principal;
    struct tree_org *org;

    if (!auth_principal(&open->view, person, &principal, err))
        return false;
    for (size_t i = 0; i < principal.grant_count; i++) {
        if (!tree_get(&open->view, principal.grants[i].org, &org, err))
            return false;
        buffer_format(line, "%s{\"role\":\"%s\",\"org\":", i > 0 ? "," : "",
                      principal.grants[i].role);
        json_text(line, slice_text(org != NULL ? org->code : ""));
        buffer_text(line, "}");
    }
    return true;
}

static bool print_account(struct cli_instance *open, const struct account *account, bool json,
                          struct err *err)
{
    struct buffer line = BUFFER_EMPTY;
    bool done = true;

    if (!json) {
        printf("%-20s %s%s\n", account->login, account->name,
               account->disabled ? "  (disabled)" : "");
        return true;
    }
    buffer_text(&line, "{\"login\":");
    json_text(&line, slice_text(account->login));
    buffer_text(&line, ",\"name\":");
    json_text(&line, slice_text(account->name));
    buffer_format(&line, ",\"disabled\":%s,\"roles\":[", account->disabled ? "true" : "false");
    done = print_grants(open, account->person, &line, err);
    printf("%.*s]}\n", (int)line.len, (const char *)line.data);
    buffer_finish(&line);
    return done;
}

static int run_list(struct cli *cli)
{
    struct cli_instance open;
    struct account *accounts;
    struct id after = {{0}};
    size_t count = 0;
    struct err err = {ERR_NONE, ""};
    bool done, json = cli_switch(cli, "json");

    if (!cli_open(cli, &open, false))
        return CLI_PROBLEM;
    done = cli_begin(&open, STORE_READ, &err);
    do {
        done = done &&
               auth_account_list(&open.view, after, ACCOUNTS_MAX, &accounts, &count, &err);
        for (size_t i = 0; done && i < count; i++) {
            done = print_account(&open, &accounts[i], json, &err);
            after = accounts[i].ref.id;
        }
    } while (done && count == ACCOUNTS_MAX);
    cli_close(&open);
    return done ? CLI_DONE : cli_problem(&err);
}

static const struct cli_option add_options[] = {
    {"login", "NAME", "what is typed to sign in"},
    {"name", "NAME", "the person's name, as shown"},
    {"role", "ROLE", "a role, held at the --org that follows; may be repeated in pairs"},
    {"org", "CODE", "the organisation where the role before it is held"},
    {"person", "ID", "a person on record: an id, or base.person.number=VALUE; else a new one"},
    {"temporary", NULL, "must be changed at the first sign-in, before anything else"},
    {NULL, NULL, NULL},
};
static const struct cli_option login_options[] = {
    {"login", "NAME", "the account"},
    {NULL, NULL, NULL},
};
static const struct cli_option passwd_options[] = {
    {"login", "NAME", "the account"},
    {"temporary", NULL, "must be changed at the next sign-in, before anything else"},
    {NULL, NULL, NULL},
};
static const struct cli_option list_options[] = {
    {"json", NULL, "one object a line, with roles"},
    {NULL, NULL, NULL},
};

const struct cli_command command_user_add = {
    .name = "user add",
    .arguments = "-c FILE --login NAME --name NAME --role ROLE --org CODE",
    .summary = "Make an account; the password comes from standard input.",
    .example = "shuyuan user add -c config/demo.yaml --login li --name 李老师 "
               "--role teacher --org 2132990001",
    .options = add_options,
    .run = run_add,
};
const struct cli_command command_user_passwd = {
    .name = "user passwd",
    .arguments = "-c FILE --login NAME",
    .summary = "Set a password, read from standard input; open sessions end.",
    .example = "shuyuan user passwd -c config/demo.yaml --login li --temporary",
    .options = passwd_options,
    .run = run_passwd,
};
const struct cli_command command_user_disable = {
    .name = "user disable",
    .arguments = "-c FILE --login NAME",
    .summary = "Close an account; open sessions end at once.",
    .example = "shuyuan user disable -c config/demo.yaml --login li",
    .options = login_options,
    .run = run_disable,
};
const struct cli_command command_user_enable = {
    .name = "user enable",
    .arguments = "-c FILE --login NAME",
    .summary = "Open a closed account again.",
    .example = "shuyuan user enable -c config/demo.yaml --login li",
    .options = login_options,
    .run = run_enable,
};
const struct cli_command command_user_list = {
    .name = "user list",
    .arguments = "-c FILE",
    .summary = "List accounts.",
    .example = "shuyuan user list -c config/demo.yaml --json",
    .options = list_options,
    .run = run_list,
};
