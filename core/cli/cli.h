// SPDX-License-Identifier: Apache-2.0
// Commands. Each is a row of a table: its name, what it does, an example, its options; one
// file a command. Exit status: 0 done, 1 a problem was found, 2 wrong use, 3 a script was stopped.
#pragma once

#include "serve/instance.h"

enum { CLI_DONE = 0, CLI_PROBLEM = 1, CLI_USAGE = 2, CLI_STOPPED = 3, CLI_VALUES_MAX = 64 };

struct cli_option {
    const char *name, *value; // "org", "CODE"; value NULL: a switch
    const char *help;
};

struct cli_value {
    const char *name, *text;
};

struct cli {
    const struct cli_command *command;
    const char *config_path;
    const char *settings[CLI_VALUES_MAX];
    size_t setting_count;
    struct cli_value values[CLI_VALUES_MAX]; // as given, in order
    size_t value_count;
    const char *arguments[CLI_VALUES_MAX];
    size_t argument_count;
};

struct cli_command {
    const char *name; // "user add"
    const char *arguments, *summary, *example;
    const struct cli_option *options; // ends with a row of NULL; -c, --set and --help are everybody's
    int (*run)(struct cli *cli);
};

extern const struct cli_command command_serve, command_check, command_user_add,
    command_user_passwd, command_user_disable, command_user_enable, command_user_list,
    command_org_add, command_org_import, command_org_list,
    command_data_import, command_data_export, command_data_rebuild, command_job_list,
    command_job_retry, command_app_run, command_app_test, command_app_new, command_app_dev, command_app_check,
    command_audit_verify;

const char *cli_value(const struct cli *cli, const char *name); // the last one given, or NULL
bool cli_switch(const struct cli *cli, const char *name);
int cli_usage(const struct cli *cli, const char *format, ...) __attribute__((format(printf, 2, 3)));
int cli_problem(const struct err *err);

// What a command needs of an instance: beside a running server as its guest, else as owner.
struct cli_instance {
    struct config *config;
    struct instance instance;
    struct arena memory;
    struct budget budget;
    struct view view;       // of the system, while a transaction is open
    struct store_txn *txn;
};
// Boots the apps too when with_apps. False: the problem has been printed.
bool cli_open(struct cli *cli, struct cli_instance *open, bool with_apps);
void cli_close(struct cli_instance *open);
// A transaction and a view of it; the former one is given back.
bool cli_begin(struct cli_instance *open, enum store_mode mode, struct err *err);
bool cli_commit(struct cli_instance *open, struct err *err);

// An organisation by its code (or the root with code NULL).
bool cli_org(struct cli_instance *open, const char *code, struct id *org, struct err *err);
// A whole file as text. bytes_max bounds it.
bool cli_read_file(struct arena *arena, const char *path, size_t bytes_max, struct slice *bytes,
                   struct err *err);
