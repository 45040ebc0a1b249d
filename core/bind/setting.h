// SPDX-License-Identifier: Apache-2.0
// What bind_setting.c (reading) and setting_put.c (writing) share.
#pragma once

#include "bind/bind.h"

// The app named at `at`, by default the own; raises for another one's but on the platform. NULL:
// there is none, or it is in quarantine.
const struct app *setting_app(lua_State *L, int at);
// How far down a kind of organisation stands; what is no tier stands lowest. NULL: anywhere.
int setting_tier(const char *kind);
const struct collection *setting_stored(lua_State *L); // where the values stand
// The organisation named at `at`, where the caller may set something; raises «absent» elsewhere.
struct id setting_org(lua_State *L, int at);

int bind_setting_may(lua_State *L);
int bind_setting_put(lua_State *L);
