// SPDX-License-Identifier: Apache-2.0
// The tests of applications: each on a fresh world in memory, in the sandbox and the store that
// serve people.
#include "cli/ground.h"
#include "cli/place.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "base/log.h"

struct testing {
    struct ground ground;
    const char *app; // of the running tests
    bool json;
    size_t passed, failed;
    size_t passed_here, failed_here; // of this app
};

// What is no limit of an app but of a machine is wide, so that a loaded one tests the same.
static const char *const wide[] = {"script.cpu=30s", "script.wall=10min", "job.cpu=30s",
                                   "job.wall=10min", "watchdog=10min", "log.level=error"};

static void put_member(struct buffer *line, const char *name, const char *text)
{
    buffer_format(line, ",\"%s\":", name);
    json_text(line, slice_text(text));
}

static void print_json(const struct testing *testing, const struct trial_test *test, double ms,
                       const char *problem)
{
    struct buffer line = BUFFER_EMPTY;

    buffer_text(&line, "{\"app\":");
    json_text(&line, slice_text(testing->app));
    put_member(&line, "test", test->name);
    put_member(&line, "place", test->place);
    buffer_format(&line, ",\"ok\":%s,\"ms\":%.1f", problem == NULL ? "true" : "false", ms);
    if (problem != NULL)
        put_member(&line, "problem", problem);
    buffer_text(&line, "}\n");
    fwrite(line.data, 1, line.len, stdout);
    buffer_finish(&line);
}

static void tell(struct testing *testing, const struct trial_test *test, double ms,
                 const char *problem)
{
    if (problem == NULL)
        testing->passed_here++;
    else
        testing->failed_here++;
    if (testing->json)
        print_json(testing, test, ms, problem);
    else if (problem != NULL)
        printf("FAILED %s: %s\n  %s\n", testing->app, test->name, problem);
    fflush(stdout);
}

static double since(int64_t start_us)
{
    return (double)(clock_mono_us(clock_system()) - start_us) / 1000;
}

static void run_test(struct testing *testing, struct trial *trial, const struct trial_test *tests,
                     size_t i)
{
    int64_t start_us = clock_mono_us(clock_system());
    struct err err = {ERR_NONE, ""};
    bool done = ground_open_world(&testing->ground, testing->app, &err) &&
                trial_run(trial, i, &testing->ground.world, &err);

    tell(testing, &tests[i], since(start_us), done ? NULL : err.text);
}

// Who stops the run stops it between two tests: the folder in memory is taken away first.
static void hold_signals(void)
{
    sigset_t held;

    sigemptyset(&held);
    sigaddset(&held, SIGINT);
    sigaddset(&held, SIGTERM);
    sigprocmask(SIG_BLOCK, &held, NULL);
    signal(SIGPIPE, SIG_IGN); // nobody reads on
}

static bool is_told_to_stop(void)
{
    sigset_t pending;

    return sigpending(&pending) == 0 &&
           (sigismember(&pending, SIGINT) == 1 || sigismember(&pending, SIGTERM) == 1);
}

// An app without tests has none that fail.
static void test_app(struct testing *testing, const char *app)
{
    struct err err = {ERR_NONE, ""};
    struct trial *trial = trial_create(testing->ground.apps.host, app, &err);
    int64_t start_us = clock_mono_us(clock_system());
    const struct trial_test *tests;
    size_t count;

    testing->app = app;
    testing->passed_here = testing->failed_here = 0;
    if (trial == NULL) {
        tell(testing, &(struct trial_test){"its tests load", ""}, 0, err.text);
    } else {
        count = trial_tests(trial, &tests);
        for (size_t i = 0; i < count && !is_told_to_stop() && !ferror(stdout); i++)
            run_test(testing, trial, tests, i);
        trial_destroy(trial);
    }
    testing->passed += testing->passed_here;
    testing->failed += testing->failed_here;
    if (!testing->json && testing->passed_here + testing->failed_here > 0)
        printf("%s: %zu passed, %zu failed\n  in %.0f ms\n", app, testing->passed_here,
               testing->failed_here, since(start_us));
}

static void print_problem(void *context, const char *app, const char *problem)
{
    (void)context;
    fprintf(stderr, "%s: %s\n", app, problem);
}

static void test_all(struct testing *testing)
{
    const struct host_app *apps;
    size_t count = host_apps(testing->ground.apps.host, &apps);

    for (size_t i = 1; i < count; i++) // the first is the platform
        test_app(testing, apps[i].id);
}

static bool is_known(const struct testing *testing, const char *name)
{
    const struct host_app *apps;
    size_t count = host_apps(testing->ground.apps.host, &apps);

    for (size_t i = 1; i < count; i++)
        if (strcmp(apps[i].id, name) == 0)
            return true;
    return false;
}

static int run_in(struct cli *cli, const struct config *config)
{
    struct testing testing = {.json = cli_switch(cli, "json")};
    struct arena arena = ARENA_EMPTY;
    struct err err = {ERR_NONE, ""};
    const char *app = cli->argument_count > 0 ? cli->arguments[0] : cli_app_here(config, &arena);
    int status = CLI_PROBLEM;

    if (!ground_boot(&testing.ground, config, print_problem, NULL, &err)) {
        cli_problem(&err);
    } else if (app != NULL && !is_known(&testing, app)) {
        fprintf(stderr, "shuyuan: there is no app '%s' in %s/apps; make it with: shuyuan app new %s\n",
                app, config->platform, app);
    } else {
        if (app != NULL)
            test_app(&testing, app);
        else
            test_all(&testing);
        status = testing.failed > 0 || is_told_to_stop() ? CLI_PROBLEM : CLI_DONE;
        if (testing.passed + testing.failed == 0)
            fprintf(stderr, "no tests: write one in test/ (shuyuan app new shows how)\n");
    }
    ground_close(&testing.ground);
    arena_finish(&arena);
    return status;
}

static int run(struct cli *cli)
{
    struct err err = {ERR_NONE, ""};
    struct arena arena = ARENA_EMPTY;
    struct config *config = NULL;
    char folder[64] = "";
    int status = CLI_PROBLEM;

    if (cli->argument_count > 1)
        return cli_usage(cli, "which app? One, or none for all");
    hold_signals();
    if (!ground_folder(folder, &err))
        return cli_problem(&err);
    log_threshold(LOG_ERROR);
    cli_place(cli, &arena);
    for (size_t i = 0; i < sizeof wide / sizeof *wide && cli->setting_count < CLI_VALUES_MAX; i++)
        cli->settings[cli->setting_count++] = wide[i];
    if (cli->setting_count < CLI_VALUES_MAX)
        cli->settings[cli->setting_count++] = arena_format(&arena, "data=%s", folder);
    config = config_read(cli->config_path, cli->settings, cli->setting_count, stderr, &err);
    status = config != NULL ? run_in(cli, config) : cli_problem(&err);
    config_destroy(config);
    ground_remove(folder);
    arena_finish(&arena);
    return status;
}

static const struct cli_option options[] = {
    {"json", NULL, "one line of JSON for each test"},
    {NULL, NULL, NULL},
};

const struct cli_command command_app_test = {
    .name = "app test",
    .arguments = "[NAME]",
    .summary = "Run an application's tests, or everybody's, in memory: 0 all passed, 1 one failed.",
    .example = "shuyuan app test leave",
    .options = options,
    .run = run,
};
