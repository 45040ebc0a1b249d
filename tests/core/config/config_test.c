// SPDX-License-Identifier: Apache-2.0
#include <stdlib.h>
#include <unistd.h>

#include "check.h"

#include "config/keys.h"
#include "config/yaml.h"

static char path[64];

static void write_file(struct slice text)
{
    FILE *file = fopen(path, "w");

    CHECK(file != NULL && fwrite(text.data, 1, text.len, file) == text.len);
    fclose(file);
}

// Reads the text as a file; what was reported comes back without the path in front.
static struct config *read_text(const char *text, const char *const *settings, size_t count,
                                char report[4096], struct err *err)
{
    char *all = NULL, *at;
    size_t len;
    FILE *out = open_memstream(&all, &len);
    struct config *config;

    write_file(slice_text(text));
    config = config_read(path, settings, count, out, err);
    fclose(out);
    report[0] = 0;
    for (at = strtok(all, "\n"); at != NULL; at = strtok(NULL, "\n")) {
        if (strncmp(at, path, strlen(path)) == 0)
            at += strlen(path) + 1;
        strncat(report, at, 4095 - strlen(report));
        strncat(report, "\n", 4095 - strlen(report));
    }
    free(all);
    return config;
}

static void defaults_need_no_file(void)
{
    struct err err = {0};
    struct config *config = config_read(NULL, NULL, 0, stdout, &err);

    CHECK_OK(config != NULL, &err);
    CHECK(config->http.head_bytes == 65536 && config->http.head_fields == 100);
    CHECK(config->http.request_ms == 30000 && config->http.connections == 10000);
    CHECK(config->http.connections_per_address == 1000 && config->http.http2_requests == 32);
    CHECK(config->script.cpu_ms == 50 && config->script.wall_ms == 250);
    CHECK(config->script.memory == 16 << 20 && config->script.reads == 10000);
    CHECK(config->auth.session_idle_ms == 1800000 && config->auth.session_absolute_ms == 43200000);
    CHECK(config->auth.throttle_window_ms == 900000 && config->auth.per_account == 10);
    CHECK(config->store.bytes_max == 64LL << 30 && config->store.retries == 5);
    CHECK(config->watchdog_ms == 2000 && strcmp(config->log_level, "info") == 0);
    CHECK(config->listen_count == 1 && strcmp(config->listen[0].address, "127.0.0.1:8080") == 0);
    CHECK(!config->development && config->workers == 0);
    config_destroy(config);
}

static void a_full_file_is_taken_up(void)
{
    static const char text[] = "name: 明湖小学\n"
                               "data: store\n"
                               "workers: 3\n"
                               "development: true\n"
                               "listen:\n"
                               "  - 127.0.0.1:9000\n"
                               "  - {address: \"[::]:9443\", tls: true}\n"
                               "  - 0.0.0.0:9444 tls\n"
                               "admin: {listen: \"\"}\n"
                               "tls:\n"
                               "  certificate: /etc/chain.pem\n"
                               "  key: key.pem\n"
                               "http:\n"
                               "  head_bytes: 32KiB\n"
                               "  request: 1500ms\n"
                               "log:\n"
                               "  level: debug\n";
    char report[4096];
    struct err err = {0};
    struct config *config = read_text(text, NULL, 0, report, &err);

    CHECK_OK(config != NULL && report[0] == 0, &err);
    CHECK(strcmp(config->name, "明湖小学") == 0 && config->workers == 3 && config->development);
    CHECK(strcmp(config->data, "/tmp/store") == 0); // relative to the file
    CHECK(strcmp(config->tls_certificate, "/etc/chain.pem") == 0);
    CHECK(strcmp(config->tls_key, "/tmp/key.pem") == 0);
    CHECK(config->listen_count == 3 && !config->listen[0].tls && config->listen[1].tls);
    CHECK(strcmp(config->listen[1].address, "[::]:9443") == 0);
    CHECK(strcmp(config->listen[2].address, "0.0.0.0:9444") == 0 && config->listen[2].tls);
    CHECK(config->admin_listen[0] == 0);
    CHECK(config->http.head_bytes == 32768 && config->http.request_ms == 1500);
    CHECK(strcmp(config->log_level, "debug") == 0);
    config_destroy(config);
}

struct broken {
    const char *text, *report;
};

static const struct broken broken_files[] = {
    // keys
    {"nmae: x\n", "1:1: nmae: there is no such key; did you mean name?\n"},
    {"http:\n  head_byte: 1KiB\n", "2:3: http.head_byte: there is no such key; did you mean http.head_bytes?\n"},
    {"level: info\n", "1:1: level: there is no such key; did you mean log.level?\n"},
    {"banana: 1\n", "1:1: banana: there is no such key\n"},
    {"名字: 1\n", "1:1: 名字: there is no such key\n"},
    {"http.idle: 5s\n", "1:1: http.idle: write it in two lines: http:, and what follows the dot below it\n"},
    {"name: a\nname: b\n", "2:1: name stands twice, first in line 1\n"},
    {"http:\n  idle: 5s\nworkers: 1\nhttp:\n  write: 5s\n", "4:1: http stands twice, first in line 1\n"},
    {"http: 5\n", "1:7: http: expected keys of its own below it\n"},
    {"http:\n", "1:6: http: expected keys of its own below it\n"},
    {"? [a, b]\n: 1\n", "1:3: a key must be a plain word\n"},
    {": 1\n", "1:1: did not find expected key, while parsing a block mapping\n"},
    {"\"\": 1\n", "1:1: a key is missing before the colon\n"},
    {"- name: x\n", "1:1: expected keys with their values\n"},
    {"just words\n", "1:1: expected keys with their values\n"},
    // types
    {"workers: two\n", "1:10: workers: expected a whole number, as in 0, not 'two'\n"},
    {"workers: 1.5\n", "1:10: workers: expected a whole number, as in 0, not '1.5'\n"},
    {"workers: -1\n", "1:10: workers: expected a whole number, as in 0, not '-1'\n"},
    {"workers: 007\n", "1:10: workers: expected a whole number, as in 0, not '007'\n"},
    {"workers: 0x10\n", "1:10: workers: expected a whole number, as in 0, not '0x10'\n"},
    {"workers: 99999999999999999999\n", "1:10: workers: expected a whole number, as in 0, not '99999999999999999999'\n"},
    {"workers: \"2\"\n", "1:10: workers: expected number, not text in quotes\n"},
    {"workers: [2]\n", "1:10: workers: expected number, not a list\n"},
    {"workers: {n: 2}\n", "1:10: workers: expected number, not keys of its own\n"},
    {"workers:\n", "1:9: workers: expected number, not nothing\n"},
    {"name: ~\n", "1:7: name: expected text, not nothing\n"},
    {"name: \"\"\n", "1:7: name: must not be empty\n"},
    {"name: \"a\\nb\"\n", "1:7: name: expected a text of one line\n"},
    {"name: \"a\\0b\"\n", "1:7: the text holds a zero byte\n"},
    {"development: yes\n", "1:14: development: expected true or false, not 'yes'\n"},
    {"development: True\n", "1:14: development: expected true or false, not 'True'\n"},
    {"log:\n  level: loud\n", "2:10: log.level: expected one of debug info warn error, not 'loud'\n"},
    {"log:\n  level: inf\n", "2:10: log.level: expected one of debug info warn error, not 'inf'\n"},
    {"watchdog: 2\n", "1:11: watchdog: expected a duration with its unit (ms, s, min, h), as in 2s, not '2'\n"},
    {"watchdog: 2 s\n", "1:11: watchdog: expected a duration with its unit (ms, s, min, h), as in 2s, not '2 s'\n"},
    {"watchdog: 2sec\n", "1:11: watchdog: expected a duration with its unit (ms, s, min, h), as in 2s, not '2sec'\n"},
    {"http:\n  body_bytes: 1MB\n", "2:15: http.body_bytes: expected a size with its unit (B, KiB, MiB, GiB, TiB), as in 1MiB, not '1MB'\n"},
    // bounds
    {"workers: 65\n", "1:10: workers: 65 is out of range: from 0 to 64\n"},
    {"watchdog: 499ms\n", "1:11: watchdog: 499ms is out of range: from 500ms to 10min\n"},
    {"http:\n  head_bytes: 1GiB\n", "2:15: http.head_bytes: 1GiB is out of range: from 1KiB to 256KiB\n"},
    {"http:\n  head_bytes: 9223372036854775807TiB\n", "2:15: http.head_bytes: 9223372036854775807TiB is out of range: from 1KiB to 256KiB\n"},
    // addresses
    {"listen: localhost:80\n", "1:9: listen: expected an address and a port, as in 127.0.0.1:8080 or [::]:443, not 'localhost:80'\n"},
    {"listen: [127.0.0.1]\n", "1:10: listen: expected an address and a port, as in 127.0.0.1:8080 or [::]:443, not '127.0.0.1'\n"},
    {"listen:\n  - ::1:80\n", "2:5: listen: expected an address and a port, as in 127.0.0.1:8080 or [::]:443, not '::1:80'\n"},
    {"listen:\n  - 127.0.0.1:65536\n", "2:5: listen: expected an address and a port, as in 127.0.0.1:8080 or [::]:443, not '127.0.0.1:65536'\n"},
    {"listen:\n  - 127.0.0.1:80\n  - 127.0.0.1:80\n", "3:5: listen: 127.0.0.1:80 stands twice\n"},
    {"listen: []\n", "1:9: listen: at least one address is needed\n"},
    {"listen:\n  - {tls: true}\n", "2:5: listen: address is missing\n"},
    {"listen:\n  - {address: 127.0.0.1:1, tsl: true}\n", "2:28: listen: expected address, and tls: true or false\n"},
    {"listen:\n  - {address: 127.0.0.1:1, tls: on}\n", "2:33: listen: tls: expected true or false\n"},
    {"listen:\n  -\n", "2:4: listen: expected an address\n"},
    // keys that belong together
    {"listen: 127.0.0.1:443 tls\n", "1:9: listen: tls needs tls.certificate\n1:9: listen: tls needs tls.key\n"},
    {"tls:\n  key: k\n", "2:8: tls.key: is of no use without tls.certificate\n"},
    {"tls:\n  certificate: k\n", "2:16: tls.certificate: is of no use without tls.key\n"},
    {"listen: 127.0.0.1:8081\n", " admin.listen: this address is in listen too\n"},
    {"auth:\n  session_idle: 24h\n", "2:17: auth.session_idle: is longer than auth.session_absolute\n"},
    {"script: {cpu: 1s}\n", "1:15: script.cpu: is longer than script.wall\n"},
    // YAML that surprises
    {"name: &a x\ndata: *a\n", "1:7: anchors (&a) are not allowed\n2:7: aliases (*a) are not allowed\n"},
    {"name: a\nlisten: [*a, 127.0.0.1:1]\nworkers: *a\n",
     "2:10: aliases (*a) are not allowed\n3:10: aliases (*a) are not allowed\n"},
    {"name: !!str x\n", "1:7: tags (tag:yaml.org,2002:str) are not allowed\n"},
    {"name: !x y\n", "1:7: tags (!x) are not allowed\n"},
    {"name: a\n---\nname: b\n", "2:1: a second document is not allowed\n"},
    {"%YAML 1.1\n---\nname: a\n", "1:1: directives (%) are not allowed\n"},
    {"a: [[[[[[[[[1]]]]]]]]]\n", "1:11: nested deeper than 8 levels\n"},
    {"http:\n\tidle: 5s\n", "2:1: indent with spaces: this line begins with a tab\n"},
    {"name: [a\n", "2:1: did not find expected ',' or ']', while parsing a flow sequence\n"},
    {"name: a: b\n", "1:8: mapping values are not allowed in this context\n"},
    {"名: \"\xff\"\n", "1:5: invalid leading UTF-8 octet\n"},
    {"a: 1\n b: 2\n", "2:3: mapping values are not allowed in this context\n"},
};

static void every_broken_file_is_refused_at_its_place(void)
{
    char report[4096];

    for (size_t i = 0; i < sizeof broken_files / sizeof *broken_files; i++) {
        struct err err = {0};
        struct config *config = read_text(broken_files[i].text, NULL, 0, report, &err);

        CHECK(config == NULL && err.code == ERR_INPUT);
        CHECK(strcmp(report, broken_files[i].report) == 0);
        if (strcmp(report, broken_files[i].report) != 0)
            printf("for:\n%sexpected:\n%sgot:\n%s", broken_files[i].text, broken_files[i].report, report);
        config_destroy(config);
    }
}

static void all_mistakes_are_told_at_once(void)
{
    static const char text[] = "name: 7\nworkers: many\nhtpp: {idle: 1s}\n"
                               "http:\n  idle: 0s\n  write: 1s\nwatchdog: 1s\nwatchdog: 2s\n";
    static const char *const settings[] = {"workers=-3", "nothing", "log.levle=info"};
    char report[4096];
    struct err err = {0};

    CHECK(read_text(text, settings, 3, report, &err) == NULL);
    CHECK(strcmp(report, "8:1: watchdog stands twice, first in line 7\n"
                         "2:10: workers: expected a whole number, as in 0, not 'many'\n"
                         "3:1: htpp: there is no such key; did you mean http?\n"
                         "5:9: http.idle: 0s is out of range: from 10ms to 1h\n"
                         "--set workers=-3: workers: expected a whole number, as in 0, not '-3'\n"
                         "--set nothing: expected key=value\n"
                         "--set log.levle=info: log.levle: there is no such key; did you mean log.level?\n") == 0);
    CHECK(strncmp(err.text, "7 problems in ", 14) == 0);
}

static void settings_win_over_the_file(void)
{
    static const char *const settings[] = {"workers=2", "listen=127.0.0.1:0, [::1]:0 tls",
                                           "tls.key=k.pem", "tls.certificate=/c.pem", "name=甲=乙"};
    char report[4096];
    struct err err = {0};
    struct config *config = read_text("workers: 1\nname: x\n", settings, 5, report, &err);

    CHECK_OK(config != NULL && report[0] == 0, &err);
    CHECK(config->workers == 2 && config->listen_count == 2 && config->listen[1].tls);
    CHECK(strcmp(config->listen[1].address, "[::1]:0") == 0);
    CHECK(strcmp(config->tls_key, "k.pem") == 0); // of the command line: where it was typed
    CHECK(strcmp(config->name, "甲=乙") == 0);
    config_destroy(config);
}

static void a_good_setting_does_not_hide_a_mistake_in_the_file(void)
{
    static const char *const settings[] = {"workers=2"};
    char report[4096];
    struct err err = {0};

    CHECK(read_text("workers: x\n", settings, 1, report, &err) == NULL);
}

static void a_missing_or_huge_file_is_named(void)
{
    struct err err = {0};
    char *huge = mem_zero(YAML_BYTES_MAX + 2);

    CHECK(config_read("/nonexistent.yaml", NULL, 0, NULL, &err) == NULL && err.code == ERR_IO);
    CHECK(strstr(err.text, "/nonexistent.yaml") != NULL);
    CHECK(config_read("/tmp", NULL, 0, NULL, &err) == NULL && err.code == ERR_IO);
    memset(huge, '#', YAML_BYTES_MAX + 1);
    write_file(slice_text(huge));
    CHECK(config_read(path, NULL, 0, NULL, &err) == NULL && err.code == ERR_LIMIT);
    free(huge);
}

static void an_empty_file_gives_the_defaults(void)
{
    static const char *const texts[] = {"", "# nothing\n", "---\n# nothing\n...\n", "{}\n",
                                        "\xef\xbb\xbf# with a byte order mark\n"};
    char report[4096];

    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        struct err err = {0};
        struct config *config = read_text(texts[i], NULL, 0, report, &err);

        if (i == 2) { // "---" alone is a document without a value
            CHECK(config == NULL && strcmp(report, "3:1: expected keys with their values\n") == 0);
            continue;
        }
        CHECK_OK(config != NULL, &err);
        config_destroy(config);
    }
}

static void a_reload_names_what_needs_a_start(void)
{
    static const char *const settings[] = {"workers=9", "http.idle=5s", "data=/elsewhere", "listen=127.0.0.1:1"};
    struct arena arena = ARENA_EMPTY;
    struct err err = {0};
    struct config *old = config_read(NULL, NULL, 0, NULL, &err),
                  *new = config_read(NULL, settings, 4, NULL, &err);
    const char *const *names = config_fixed_changes(old, new, &arena);

    CHECK(names[0] != NULL && strcmp(names[0], "data") == 0);
    CHECK(names[1] != NULL && strcmp(names[1], "workers") == 0);
    CHECK(names[2] != NULL && strcmp(names[2], "listen") == 0 && names[3] == NULL);
    CHECK(config_fixed_changes(old, old, &arena)[0] == NULL);
    config_destroy(old);
    config_destroy(new);
    arena_finish(&arena);
}

static void a_running_server_takes_up_what_it_can_and_nothing_else(void)
{
    static const char *const settings[] = {"workers=9", "http.idle=5s", "data=/elsewhere",
                                           "listen=127.0.0.1:1", "name=other", "proxy.trusted=true"};
    struct err err = {0};
    struct config *running = config_read(NULL, NULL, 0, NULL, &err),
                  *fresh = config_read(NULL, settings, 6, NULL, &err);
    const char *data = running->data;

    config_take(running, fresh);

    CHECK(running->http.idle_ms == 5000 && running->proxy_trusted);
    CHECK(strcmp(running->name, "other") == 0);
    CHECK(running->workers == 0 && running->data == data);
    CHECK(strcmp(running->listen[0].address, "127.0.0.1:8080") == 0);
    config_destroy(running);
    config_destroy(fresh);
}

static void the_list_shows_every_key_with_its_default(void)
{
    char *text = NULL;
    size_t len, lines = 0;
    FILE *out = open_memstream(&text, &len);

    config_list_keys(out);
    fclose(out);
    for (size_t i = 0; i < len; i++)
        lines += text[i] == '\n';
    CHECK(lines == config_key_count);
    CHECK(strstr(text, "http.head_bytes") != NULL && strstr(text, "64KiB") != NULL);
    free(text);
}

static void the_example_files_are_right(void)
{
    static const char *const files[] = {"config/demo.yaml", "config/school.yaml", "config/county.yaml"};

    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        struct err err = {0};
        struct config *config = config_read(files[i], NULL, 0, stdout, &err);

        CHECK_OK(config != NULL, &err);
        config_destroy(config);
    }
}

int main(void)
{
    snprintf(path, sizeof path, "/tmp/shuyuan-config-%ld.yaml", (long)getpid());
    RUN(defaults_need_no_file);
    RUN(a_full_file_is_taken_up);
    RUN(every_broken_file_is_refused_at_its_place);
    RUN(all_mistakes_are_told_at_once);
    RUN(settings_win_over_the_file);
    RUN(a_good_setting_does_not_hide_a_mistake_in_the_file);
    RUN(a_missing_or_huge_file_is_named);
    RUN(an_empty_file_gives_the_defaults);
    RUN(a_reload_names_what_needs_a_start);
    RUN(a_running_server_takes_up_what_it_can_and_nothing_else);
    RUN(the_list_shows_every_key_with_its_default);
    RUN(the_example_files_are_right);
    unlink(path);
    return check_report("config");
}
