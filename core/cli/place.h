// SPDX-License-Identifier: Apache-2.0
// Where the product stands for commands that an author runs without a configuration: the folder
// with lua/ and apps/ here or above, else beside the program, else the installed one.
#pragma once

#include "cli/cli.h"

// Adds the settings that a configuration would have said, before those that were given. With -c
// nothing is added.
void cli_place(struct cli *cli, struct arena *arena);
// The same for who serves: the demonstration's configuration, where the product has one.
void cli_place_demo(struct cli *cli, struct arena *arena);
// The folder of an app of the configuration.
const char *cli_app_folder(const struct config *config, const char *app, struct arena *arena);
// The app whose folder, or a folder in it, is the current one; NULL: none.
const char *cli_app_here(const struct config *config, struct arena *arena);
