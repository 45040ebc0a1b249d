// SPDX-License-Identifier: Apache-2.0
// shuyuan COMMAND [OPTIONS]: finds the command, reads its options, runs it.
#include "bind/cell.h"
#include "bind/nursery.h"
#include "cli/cli.h"

#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const struct cli_command *const commands[] = {
    &command_serve,       &command_check,       &command_user_add,  &command_user_passwd,
    &command_user_disable, &command_user_enable, &command_user_list, &command_org_add,
    &command_org_import,  &command_org_list,    &command_data_import,
    &command_data_export, &command_data_rebuild, &command_job_list,  &command_job_retry,
    &command_app_new,     &command_app_dev,     &command_app_check,     &command_app_run,     &command_app_test,
    &command_audit_verify,
};

enum { COMMANDS = sizeof commands / sizeof *commands };

static const struct cli_option common[] = {
    {"config", "FILE", "configuration of the instance (also -c FILE)"},
    {"set", "KEY=VALUE", "a key of the configuration; wins over the file, may be repeated"},
    {"help", NULL, "this text"},
    {NULL, NULL, NULL},
};

static void print_options(const struct cli_option *options)
{
    char left[64];

    for (; options != NULL && options->name != NULL; options++) {
        snprintf(left, sizeof left, "--%s %s", options->name,
                 options->value != NULL ? options->value : "");
        printf("  %-24s %s\n", left, options->help);
    }
}

static int print_help(const struct cli_command *command)
{
    printf("shuyuan %s %s\n\n%s\n\n", command->name, command->arguments, command->summary);
    print_options(command->options);
    print_options(common);
    printf("\nExample:\n  %s\n", command->example);
    return CLI_DONE;
}

// All commands, or those of one group ("user"). Nothing of that group: the first word is unknown.
static bool is_of_group(const struct cli_command *command, const char *group)
{
    size_t len = strlen(group);

    return len == 0 || (strncmp(command->name, group, len) == 0 && command->name[len] == ' ');
}

static int print_commands(FILE *out, const char *group, int status)
{
    fprintf(out, "Shuyuan 书院: a platform for a school's day.\n\nshuyuan COMMAND [OPTIONS]\n\n");
    for (size_t i = 0; i < COMMANDS; i++)
        if (is_of_group(commands[i], group))
            fprintf(out, "  %-14s %s\n", commands[i]->name, commands[i]->summary);
    fprintf(out, "\nshuyuan COMMAND --help tells more, with an example.\n");
    return status;
}

int cli_usage(const struct cli *cli, const char *format, ...)
{
    va_list args;

    fprintf(stderr, "shuyuan %s: ", cli->command->name);
    va_start(args, format);
    vfprintf(stderr, format, args);
    va_end(args);
    fprintf(stderr, "\nTry: shuyuan %s --help\n", cli->command->name);
    return CLI_USAGE;
}

// The words of the command's name that stand on the line; 0: it is another command.
static int match(const struct cli_command *command, int count, char **words)
{
    const char *space = strchr(command->name, ' ');
    size_t first = space != NULL ? (size_t)(space - command->name) : strlen(command->name);

    if (count < 1 || strlen(words[0]) != first || strncmp(words[0], command->name, first) != 0)
        return 0;
    if (space == NULL)
        return 1;
    return count >= 2 && strcmp(words[1], space + 1) == 0 ? 2 : 0;
}

static const struct cli_option *find_option(const struct cli_option *options, const char *name,
                                            size_t len)
{
    for (; options != NULL && options->name != NULL; options++)
        if (strlen(options->name) == len && strncmp(options->name, name, len) == 0)
            return options;
    return NULL;
}

static void keep(struct cli *cli, const char *name, const char *text)
{
    if (strcmp(name, "config") == 0)
        cli->config_path = text;
    else if (strcmp(name, "set") == 0)
        cli->settings[cli->setting_count++] = text;
    else
        cli->values[cli->value_count++] = (struct cli_value){name, text};
}

// One option, with its value in the same word (--org=CODE) or the next. Words used; 0: wrong.
static int read_option(struct cli *cli, char **words, int left)
{
    const char *name = strcmp(words[0], "-c") == 0 ? "config" : words[0] + 2;
    const char *equals = strchr(name, '=');
    size_t len = equals != NULL ? (size_t)(equals - name) : strlen(name);
    const struct cli_option *option = find_option(cli->command->options, name, len);

    if (option == NULL)
        option = find_option(common, name, len);
    if (option == NULL || cli->value_count == CLI_VALUES_MAX ||
        cli->setting_count == CLI_VALUES_MAX) {
        cli_usage(cli, "no option --%.*s here", (int)len, name);
        return 0;
    }
    if (option->value == NULL) {
        keep(cli, option->name, "");
        return 1;
    }
    if (equals != NULL) {
        keep(cli, option->name, equals + 1);
        return 1;
    }
    if (left < 2) {
        cli_usage(cli, "--%s needs %s", option->name, option->value);
        return 0;
    }
    keep(cli, option->name, words[1]);
    return 2;
}

static int run(const struct cli_command *command, int count, char **words)
{
    struct cli cli = {.command = command};

    for (int i = 0; i < count;) {
        int used = 1;

        if (words[i][0] == '-' && words[i][1] != 0) {
            if (strcmp(words[i], "-h") == 0)
                return print_help(command);
            used = read_option(&cli, words + i, count - i);
        } else if (cli.argument_count < CLI_VALUES_MAX) {
            cli.arguments[cli.argument_count++] = words[i];
        }
        if (used == 0)
            return CLI_USAGE;
        i += used;
    }
    if (cli_switch(&cli, "help"))
        return print_help(command);
    return command->run(&cli);
}

int main(int argc, char **argv)
{
    signal(SIGXFSZ, SIG_IGN); // a file-size limit is a full disk, not a death
    if (argc == 2 && strcmp(argv[1], "isolates") == 0)
        nursery_run(3, cell_run); // started by a server, see bind/nursery.h
    if (argc < 2)
        return print_commands(stderr, "", CLI_USAGE);
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "help") == 0)
        return print_commands(stdout, "", CLI_DONE);
    for (size_t i = 0; i < COMMANDS; i++) {
        int used = match(commands[i], argc - 1, argv + 1);

        if (used > 0)
            return run(commands[i], argc - 1 - used, argv + 1 + used);
    }
    for (size_t i = 0; i < COMMANDS; i++)
        if (is_of_group(commands[i], argv[1]) && argv[1][0] != 0)
            return argc > 2 && strcmp(argv[2], "--help") == 0
                       ? print_commands(stdout, argv[1], CLI_DONE)
                       : print_commands(stderr, argv[1], CLI_USAGE);
    fprintf(stderr, "shuyuan: no command %s\n\n", argv[1]);
    return print_commands(stderr, "", CLI_USAGE);
}
