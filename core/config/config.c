// SPDX-License-Identifier: Apache-2.0
// Reads an instance's file and the settings of the command line into one struct. Every
// mistake is counted and written; nothing is half taken up.
#include "config/config.h"

#include <inttypes.h>
#include <stdlib.h>

#include "config/keys.h"
#include "config/yaml.h"

// Where a key got its value: line 0 and no option means the default.
struct origin {
    int line, column;
    const char *option;
    bool bad;
};

struct read {
    struct config *config;
    const char *path, *folder;
    FILE *report;
    size_t problems;
    struct origin *origins; // one a key
};

static void print_problem(struct read *read, const struct origin *origin, const char *key,
                          const char *text)
{
    read->problems++;
    if (read->report == NULL)
        return;
    if (origin->option != NULL)
        fprintf(read->report, "--set %s: ", origin->option);
    else if (origin->line > 0)
        fprintf(read->report, "%s:%d:%d: ", read->path, origin->line, origin->column);
    else
        fprintf(read->report, "%s: ", read->path != NULL ? read->path : "configuration");
    fprintf(read->report, "%s%s%s\n", key != NULL ? key : "", key != NULL ? ": " : "", text);
}

static void write_problem(struct read *read, const struct origin *origin, const char *key,
                          const char *text)
{
    int index = key != NULL ? config_key_find(key) : -1;

    if (index >= 0)
        read->origins[index].bad = true;
    print_problem(read, origin, key, text);
}

static void yaml_problem_found(void *context, int line, int column, const char *text)
{
    struct origin origin = {.line = line, .column = column};

    write_problem(context, &origin, NULL, text);
}

static void unknown_key(struct read *read, const struct origin *origin, const char *name)
{
    const char *near = config_key_suggest(name);
    char text[200];

    if (config_key_find(name) >= 0) // only the file gets here: "http.idle: 5s" at the top
        snprintf(text, sizeof text, "write it in two lines: %.*s:, and what follows the dot below it",
                 (int)strcspn(name, "."), name);
    else if (near != NULL)
        snprintf(text, sizeof text, "there is no such key; did you mean %s?", near);
    else
        snprintf(text, sizeof text, "there is no such key");
    write_problem(read, origin, name, text);
}

static struct origin origin_of(const struct yaml_node *node)
{
    return (struct origin){.line = node->line, .column = node->column};
}

static struct origin key_origin_of(const struct yaml_node *node)
{
    return (struct origin){.line = node->key_line, .column = node->key_column};
}

static void set_from_text(struct read *read, int key, const char *text, const char *folder,
                          struct origin origin)
{
    struct err err = {0};

    read->origins[key] = origin;
    if (!config_set_text(read->config, &config_keys[key], text, folder, &err))
        write_problem(read, &origin, config_keys[key].name, err.text);
}

static bool is_nothing(const struct yaml_node *node)
{
    return node->kind == YAML_TEXT && !node->quoted &&
           (node->text[0] == 0 || strcmp(node->text, "~") == 0 || strcmp(node->text, "null") == 0);
}

// {address: "[::]:443", tls: true}
static void add_listener_map(struct read *read, const struct yaml_node *map)
{
    const struct yaml_node *address = NULL;
    struct origin origin = origin_of(map);
    struct err err = {0};
    bool tls = false;

    for (const struct yaml_node *node = map->child; node != NULL; node = node->next) {
        origin = origin_of(node);
        if (strcmp(node->key, "address") == 0 && node->kind == YAML_TEXT) {
            address = node;
        } else if (strcmp(node->key, "tls") == 0 && node->kind == YAML_TEXT && !node->quoted &&
                   (strcmp(node->text, "true") == 0 || strcmp(node->text, "false") == 0)) {
            tls = strcmp(node->text, "true") == 0;
        } else if (strcmp(node->key, "tls") == 0) {
            write_problem(read, &origin, "listen", "tls: expected true or false");
        } else {
            origin = key_origin_of(node);
            write_problem(read, &origin, "listen", "expected address, and tls: true or false");
        }
    }
    origin = origin_of(address != NULL ? address : map);
    if (address == NULL)
        write_problem(read, &origin, "listen", "address is missing");
    else if (!config_add_listener(read->config, address->text, tls, &err))
        write_problem(read, &origin, "listen", err.text);
}

static void set_listeners(struct read *read, int key, const struct yaml_node *list)
{
    read->origins[key] = origin_of(list);
    read->config->listen_count = 0;
    for (const struct yaml_node *node = list->child; node != NULL; node = node->next) {
        struct origin origin = origin_of(node);
        struct err err = {0};

        if (node->line == 0)
            continue;
        if (node->kind == YAML_MAP)
            add_listener_map(read, node);
        else if (node->kind == YAML_LIST || is_nothing(node))
            write_problem(read, &origin, "listen", "expected an address");
        else if (!config_add_listener(read->config, node->text, false, &err))
            write_problem(read, &origin, "listen", err.text);
    }
    if (list->child == NULL)
        write_problem(read, &read->origins[key], "listen", "at least one address is needed");
}

// Names in a list are what they would be in one text.
static void set_names(struct read *read, int key, const struct yaml_node *list)
{
    const char *text = "";

    for (const struct yaml_node *node = list->child; node != NULL; node = node->next) {
        struct origin origin = origin_of(node);

        if (node->kind != YAML_TEXT || strchr(node->text, ',') != NULL)
            write_problem(read, &origin, config_keys[key].name, "expected a name");
        else
            text = arena_format(&read->config->arena, "%s %s", text, node->text);
    }
    set_from_text(read, key, text, read->folder, origin_of(list));
}

static bool is_plain_type(enum key_type type)
{
    return type == KEY_BOOLEAN || type == KEY_INTEGER || type == KEY_DURATION || type == KEY_SIZE;
}

static void set_from_node(struct read *read, int key, const struct yaml_node *node)
{
    const struct config_key *row = &config_keys[key];
    struct origin origin = origin_of(node);
    char text[80];

    if (row->type == KEY_LISTEN && node->kind == YAML_LIST) {
        set_listeners(read, key, node);
        return;
    }
    if (row->type == KEY_NAMES && node->kind == YAML_LIST) {
        set_names(read, key, node);
        return;
    }
    if (node->kind == YAML_TEXT && !is_nothing(node) && !(node->quoted && is_plain_type(row->type))) {
        set_from_text(read, key, node->text, read->folder, origin);
        return;
    }
    snprintf(text, sizeof text, "expected %s, not %s", config_type_word(row->type),
             node->kind == YAML_LIST  ? "a list"
             : node->kind == YAML_MAP ? "keys of its own"
             : node->quoted           ? "text in quotes"
                                      : "nothing");
    write_problem(read, &origin, row->name, text);
}

static bool is_section(const char *name)
{
    size_t len = strlen(name);

    for (size_t i = 0; i < config_key_count; i++)
        if (strncmp(config_keys[i].name, name, len) == 0 && config_keys[i].name[len] == '.')
            return true;
    return false;
}

static void walk(struct read *read, const struct yaml_node *map, const char *prefix)
{
    for (const struct yaml_node *node = map->child; node != NULL; node = node->next) {
        const char *name = arena_format(&read->config->arena, "%s%s", prefix, node->key);
        struct origin origin = key_origin_of(node), value = origin_of(node);
        int key = strchr(node->key, '.') == NULL ? config_key_find(name) : -1;

        if (node->line == 0 || node->key[0] == 0)
            continue; // its problem is written
        if (key >= 0)
            set_from_node(read, key, node);
        else if (!is_section(name))
            unknown_key(read, &origin, name);
        else if (node->kind == YAML_MAP)
            walk(read, node, arena_format(&read->config->arena, "%s.", name));
        else
            write_problem(read, &value, name, "expected keys of its own below it");
    }
}

static const char *folder_of(struct arena *arena, const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash == NULL ? "" : arena_text(arena, slice_of(path, (size_t)(slash - path) + (slash == path)));
}

static bool read_file(struct read *read, struct err *err)
{
    struct yaml_node *root;
    struct slice bytes;

    read->folder = folder_of(&read->config->arena, read->path);
    if (!yaml_load(read->path, &read->config->arena, &bytes, err)) {
        if (read->report != NULL)
            fprintf(read->report, "%s\n", err->text);
        return false;
    }
    yaml_parse(bytes, &read->config->arena, &root, yaml_problem_found, read);
    if (root != NULL && root->kind == YAML_MAP)
        walk(read, root, "");
    else if (root != NULL)
        yaml_problem_found(read, root->line, root->column, "expected keys with their values");
    return true;
}

static void read_setting(struct read *read, const char *setting)
{
    const char *equals = strchr(setting, '=');
    struct origin origin = {.option = setting};
    char *name;
    int key;

    if (equals == NULL) {
        write_problem(read, &origin, NULL, "expected key=value");
        return;
    }
    name = arena_text(&read->config->arena, slice_of(setting, (size_t)(equals - setting)));
    if ((key = config_key_find(name)) < 0)
        unknown_key(read, &origin, name);
    else
        set_from_text(read, key, equals + 1, "", origin);
}

static void set_defaults(struct config *config)
{
    struct err err = {0};

    for (size_t i = 0; i < config_key_count; i++)
        if (!config_set_text(config, &config_keys[i], config_keys[i].initial, "", &err)) {
            fprintf(stderr, "default of %s: %s\n", config_keys[i].name, err.text);
            abort(); // the table itself is wrong
        }
}

// Where one of the two is wrong by itself, nothing can be said about both.
static void check_pair(struct read *read, bool good, const char *name, const char *other,
                       const char *text)
{
    const struct origin *origin = &read->origins[config_key_find(name)];

    if (!good && !origin->bad && !read->origins[config_key_find(other)].bad)
        print_problem(read, origin, name, text);
}

static bool has_tls(const struct config *config)
{
    for (int64_t i = 0; i < config->listen_count; i++)
        if (config->listen[i].tls)
            return true;
    return false;
}

static bool is_listener(const struct config *config, const char *address)
{
    for (int64_t i = 0; i < config->listen_count; i++)
        if (strcmp(config->listen[i].address, address) == 0)
            return config_port(address) != 0;
    return false;
}

static void check_together(struct read *read)
{
    const struct config *config = read->config;
    bool tls = has_tls(config), certificate = config->tls_certificate[0] != 0,
         key = config->tls_key[0] != 0;

    check_pair(read, certificate || !tls, "listen", "tls.certificate", "tls needs tls.certificate");
    check_pair(read, key || !tls, "listen", "tls.key", "tls needs tls.key");
    check_pair(read, key || tls || !certificate, "tls.certificate", "tls.key",
               "is of no use without tls.key");
    check_pair(read, certificate || tls || !key, "tls.key", "tls.certificate",
               "is of no use without tls.certificate");
    check_pair(read, !is_listener(config, config->admin_listen), "admin.listen", "listen",
               "this address is in listen too");
    check_pair(read, config->auth.session_idle_ms <= config->auth.session_absolute_ms,
               "auth.session_idle", "auth.session_absolute", "is longer than auth.session_absolute");
    check_pair(read, config->script.cpu_ms <= config->script.wall_ms, "script.cpu", "script.wall",
               "is longer than script.wall");
    check_pair(read, config->script.cpu_ms < config->watchdog_ms, "script.cpu", "watchdog",
               "is as long as watchdog, which would end the whole worker first");
    check_pair(read, config->http.connections_per_address <= config->http.connections,
               "http.connections_per_address", "http.connections", "is more than http.connections");
}

struct config *config_read(const char *path, const char *const *settings, size_t setting_count,
                           FILE *report, struct err *err)
{
    struct origin *origins = mem_zero(config_key_count * sizeof *origins);
    struct read read = {mem_zero(sizeof *read.config), path, "", report, 0, origins};
    struct err local = {0};
    bool done = true;

    set_defaults(read.config);
    if (path != NULL)
        done = read_file(&read, err != NULL ? err : &local);
    for (size_t i = 0; i < setting_count; i++)
        read_setting(&read, settings[i]);
    if (done)
        check_together(&read);
    if (done && read.problems > 0)
        done = err_set(err, ERR_INPUT, "%zu problem%s in %s", read.problems,
                       read.problems == 1 ? "" : "s", path != NULL ? path : "the settings");
    free(origins);
    if (done)
        return read.config;
    config_destroy(read.config);
    return NULL;
}

void config_destroy(struct config *config)
{
    if (config == NULL)
        return;
    arena_finish(&config->arena);
    free(config);
}

const char *const *config_fixed_changes(const struct config *old, const struct config *new,
                                        struct arena *arena)
{
    const char **names = arena_alloc(arena, (config_key_count + 1) * sizeof *names);
    size_t count = 0;

    for (size_t i = 0; i < config_key_count; i++)
        if (!config_keys[i].reload && !config_same(&config_keys[i], old, new))
            names[count++] = config_keys[i].name;
    return names;
}

void config_take(struct config *running, const struct config *fresh)
{
    for (size_t i = 0; i < config_key_count; i++)
        if (config_keys[i].reload)
            config_copy(&config_keys[i], running, fresh);
}

static void list_row(FILE *out, const struct config_key *key)
{
    fprintf(out, "%-29s %-13s %-27s %-7s %s\n", key->name, config_type_word(key->type),
            key->initial[0] != 0 ? key->initial : "\"\"", key->reload ? "reload" : "start",
            key->help);
}

void config_list_keys(FILE *out)
{
    for (size_t i = 0; i < config_key_count; i++)
        list_row(out, &config_keys[i]);
}
