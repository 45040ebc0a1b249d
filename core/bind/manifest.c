// SPDX-License-Identifier: Apache-2.0
#include "bind/manifest.h"

#include <stdio.h>
#include <stdlib.h>

#include "bind/manifest_part.h"
#include "bind/nearest.h"
#include "net/url.h"

bool reading_refuse(struct reading *r, const struct yaml_node *node, const char *what)
{
    return err_set(r->err, ERR_INPUT, "%s:%d:%d: %s", r->path, node->line, node->column, what);
}

bool reading_refuse_key(struct reading *r, const struct yaml_node *node, const char *place,
                               const char *const *known, size_t count)
{
    const char *meant = nearest(node->key, known, count);

    return reading_refuse(r, node,
                          arena_format(r->arena, "unknown key '%s' in %s%s%s%s", node->key, place,
                               meant != NULL ? "; did you mean '" : "", meant != NULL ? meant : "",
                                       meant != NULL ? "'?" : ""));
}

bool reading_is_text(struct reading *r, const struct yaml_node *node)
{
    return node->kind == YAML_TEXT ||
           reading_refuse(r, node, arena_format(r->arena, "'%s' must be a text", node->key));
}

bool reading_is_map(struct reading *r, const struct yaml_node *node)
{
    return node->kind == YAML_MAP ||
           reading_refuse(r, node, arena_format(r->arena, "'%s' must be a map", node->key));
}

// A part of the file: its key and who reads it.
struct part {
    const char *key;
    bool (*read)(struct reading *r, const struct yaml_node *node);
};

static bool read_title(struct reading *r, const struct yaml_node *node)
{
    static const char *const known[] = {"zh", "en"};

    if (!reading_is_map(r, node))
        return false;
    for (const struct yaml_node *one = node->child; one != NULL; one = one->next) {
        if (strcmp(one->key, "zh") == 0)
            r->manifest->title_zh = one->text;
        else if (strcmp(one->key, "en") == 0)
            r->manifest->title_en = one->text;
        else
            return reading_refuse_key(r, one, "title", known, 2);
        if (!reading_is_text(r, one))
            return false;
    }
    if (r->manifest->title_zh == NULL || r->manifest->title_en == NULL)
        return reading_refuse(r, node, "title needs both zh and en");
    return true;
}

static bool read_needs(struct reading *r, const struct yaml_node *node)
{
    if (!reading_is_map(r, node))
        return false;
    for (const struct yaml_node *one = node->child; one != NULL; one = one->next) {
        struct need *need = arena_alloc(r->arena, sizeof *need);

        if (!reading_is_text(r, one))
            return false;
        *need = (struct need){r->manifest->needs, one->key, one->text};
        r->manifest->needs = need;
    }
    return true;
}

// NULL after a problem.
const char *const *reading_list(struct reading *r, const struct yaml_node *node)
{
    const char **list;
    size_t count = 0;

    if (node->kind != YAML_LIST) {
        reading_refuse(r, node, arena_format(r->arena, "'%s' must be a list of names", node->key));
        return NULL;
    }
    for (const struct yaml_node *one = node->child; one != NULL; one = one->next)
        count++;
    list = arena_alloc(r->arena, (count + 1) * sizeof *list);
    count = 0;
    for (const struct yaml_node *one = node->child; one != NULL; one = one->next) {
        if (one->kind != YAML_TEXT) {
            reading_refuse(r, one, arena_format(r->arena, "'%s' is a list of names", node->key));
            return NULL;
        }
        list[count++] = one->text;
    }
    return list;
}

static bool check_hosts(struct reading *r, const struct yaml_node *node)
{
    for (const struct yaml_node *one = node->child; one != NULL; one = one->next)
        if (!url_is_pattern(one->text))
            return reading_refuse(r, one,
                          arena_format(r->arena,
                                       "'%s' is no host: api.example.com, *.example.com, "
                                       "api.example.com:8443",
                                       one->text));
    return true;
}

static bool read_asks(struct reading *r, const struct yaml_node *node)
{
    static const char *const known[] = {"read", "notify", "http"};

    if (!reading_is_map(r, node))
        return false;
    for (const struct yaml_node *one = node->child; one != NULL; one = one->next) {
        const char *const *list;

        if (strcmp(one->key, "read") != 0 && strcmp(one->key, "notify") != 0 &&
            strcmp(one->key, "http") != 0)
            return reading_refuse_key(r, one, "asks", known, 3);
        if ((list = reading_list(r, one)) == NULL)
            return false;
        if (strcmp(one->key, "read") == 0)
            r->manifest->asks_read = list;
        else if (strcmp(one->key, "notify") == 0)
            r->manifest->asks_notify = list;
        else if (!check_hosts(r, one))
            return false;
        else
            r->manifest->asks_http = list;
    }
    return true;
}

struct unit {
    const char *name;
    int64_t times;
};

// A positive whole number with one of the units behind it.
static bool read_amount(const char *text, const struct unit *units, int64_t *amount)
{
    char *end;
    long long number = strtoll(text, &end, 10);

    if (end == text || number <= 0 || number > 1000000000)
        return false;
    for (; units->name != NULL; units++) {
        if (strcmp(end, units->name) == 0) {
            *amount = number * units->times;
            return true;
        }
    }
    return false;
}

static bool read_limits(struct reading *r, const struct yaml_node *node)
{
    static const struct unit times[] = {{"ms", 1}, {"s", 1000}, {NULL, 0}};
    static const struct unit sizes[] = {{"KiB", 1024}, {"MiB", 1024 * 1024}, {NULL, 0}};
    static const struct unit counts[] = {{"", 1}, {NULL, 0}};
    static const char *const known[] = {"cpu", "memory", "reads", "writes"};
    int64_t *into[] = {&r->manifest->cpu_ms, &r->manifest->memory, &r->manifest->reads,
                       &r->manifest->writes};
    const struct unit *units[] = {times, sizes, counts, counts};

    if (!reading_is_map(r, node))
        return false;
    for (const struct yaml_node *one = node->child; one != NULL; one = one->next) {
        size_t i = 0;

        while (i < 4 && strcmp(one->key, known[i]) != 0)
            i++;
        if (i == 4)
            return reading_refuse_key(r, one, "limits", known, 4);
        if (!reading_is_text(r, one))
            return false;
        if (!read_amount(one->text, units[i], into[i]))
            return reading_refuse(r, one, arena_format(r->arena,
                                                       "'%s' is no amount for %s (50ms, 8MiB, 500)",
                                                       one->text, one->key));
    }
    return true;
}

// Paths of the platform that an app's name would shadow.
static const char reserved[] = "account api cas console core files healthz help ims inbox kit live "
                               "login logout lti metrics oidc readyz static uploads xapi";

static bool is_reserved(const char *name)
{
    size_t len = strlen(name);

    for (const char *word = reserved; *word != '\0'; word += strspn(word, " ")) {
        if (strcspn(word, " ") == len && memcmp(word, name, len) == 0)
            return true;
        word += strcspn(word, " ");
    }
    return false;
}

static bool is_app_name(const char *name)
{
    size_t len = strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_");

    return len > 0 && len <= 32 && name[len] == '\0' && name[0] >= 'a' && !is_reserved(name);
}

bool manifest_is_name(const char *name)
{
    return is_app_name(name) && strcmp(name, "platform") != 0;
}

const char *manifest_reserved(void)
{
    return reserved;
}

static bool read_id(struct reading *r, const struct yaml_node *node)
{
    if (!reading_is_text(r, node))
        return false;
    r->manifest->id = node->text;
    return is_app_name(node->text) ||
           reading_refuse(r, node, "an app's name is small letters, digits and '_', and not reserved");
}

static bool read_version(struct reading *r, const struct yaml_node *node)
{
    if (!reading_is_text(r, node))
        return false;
    r->manifest->version = node->text;
    return version_fits(node->text, ">=0") || reading_refuse(r, node, "a version is 1.0.0");
}

static bool read_api(struct reading *r, const struct yaml_node *node)
{
    int year, month, end = 0;

    if (!reading_is_text(r, node))
        return false;
    if (sscanf(node->text, "%4d-%2d%n", &year, &month, &end) != 2 || node->text[end] != '\0' ||
        month < 1 || month > 12)
        return reading_refuse(r, node, "'api' is a month: 2026-12");
    return true;
}

static const struct part parts[] = {
    {"app", read_id},        {"title", read_title},   {"version", read_version},
    {"api", read_api},       {"needs", read_needs},   {"asks", read_asks},
    {"limits", read_limits}, {"settings", manifest_read_settings},
    {"points", manifest_read_points}, {"slots", manifest_read_slots},
};
enum { PART_COUNT = sizeof parts / sizeof *parts };

static bool read_part(struct reading *r, const struct yaml_node *node)
{
    const char *known[PART_COUNT];

    for (size_t i = 0; i < PART_COUNT; i++) {
        if (strcmp(node->key, parts[i].key) == 0)
            return parts[i].read(r, node);
        known[i] = parts[i].key;
    }
    return reading_refuse_key(r, node, "the manifest", known, PART_COUNT);
}

static bool read_root(const char *path, const struct yaml_node *root, const char *folder_name,
                      struct arena *arena, struct manifest *manifest, struct err *err)
{
    struct reading r = {path, arena, manifest, err};

    if (root == NULL || root->kind != YAML_MAP)
        return err_set(err, ERR_INPUT, "%s: a manifest is a map", path);
    for (const struct yaml_node *node = root->child; node != NULL; node = node->next)
        if (!read_part(&r, node))
            return false;
    if (manifest->id == NULL || manifest->version == NULL || manifest->title_zh == NULL)
        return err_set(err, ERR_INPUT, "%s: app, title and version are required", path);
    if (strcmp(manifest->id, folder_name) != 0)
        return err_set(err, ERR_INPUT, "%s: app is '%s' but its folder is '%s'", path,
                       manifest->id, folder_name);
    return true;
}

bool manifest_read(const char *path, const char *folder_name, struct arena *arena,
                   struct manifest *manifest, struct err *err)
{
    struct yaml_node *root;

    *manifest = (struct manifest){0};
    return yaml_read(path, arena, &root, err) &&
           read_root(path, root, folder_name, arena, manifest, err);
}

bool manifest_read_text(const char *path, struct slice bytes, const char *folder_name,
                        struct arena *arena, struct manifest *manifest, struct err *err)
{
    struct yaml_node *root;

    *manifest = (struct manifest){0};
    return yaml_read_text(path, bytes, arena, &root, err) &&
           read_root(path, root, folder_name, arena, manifest, err);
}

// Up to three numbers with dots; *end is behind them.
static bool version_parts(const char *text, int parts_of[3], const char **end)
{
    char *next;

    parts_of[0] = parts_of[1] = parts_of[2] = 0;
    for (int i = 0; i < 3; i++) {
        if (*text < '0' || *text > '9')
            return false;
        parts_of[i] = (int)strtol(text, &next, 10);
        text = next;
        if (i == 2 || *text != '.')
            break;
        text++;
    }
    *end = text;
    return true;
}

static int version_compare(const int a[3], const int b[3])
{
    for (int i = 0; i < 3; i++)
        if (a[i] != b[i])
            return a[i] < b[i] ? -1 : 1;
    return 0;
}

static bool bound_holds(int order, char sign, bool or_equal)
{
    if (order == 0)
        return or_equal;
    return sign == '>' ? order > 0 : sign == '<' && order < 0;
}

bool version_fits(const char *version, const char *range)
{
    int have[3], bound[3];
    const char *at = range, *end;

    if (!version_parts(version, have, &end) || *end != '\0')
        return false;
    while (*at != '\0') {
        char sign = *at;
        bool or_equal;

        if (sign != '<' && sign != '>' && sign != '=')
            return false;
        or_equal = *++at == '=' || sign == '=';
        at += *at == '=';
        if (!version_parts(at, bound, &end) ||
            !bound_holds(version_compare(have, bound), sign, or_equal))
            return false;
        at = end + strspn(end, " ");
        if (at == end && *at != '\0')
            return false;
    }
    return true;
}
