-- SPDX-License-Identifier: Apache-2.0
--- Which applications are switched on where: a word an application and organisation. What they mean
--- together is worked out in C (core/bind/enabled.c), which asks before every page, job and file.
local app = require("app")

local MANAGERS <const> = {"principal", "office", "county", "city", "province", "operator"}

local switches = app.collection("switch", {
  fields = {
    app  = {type = "text", required = true, max = 32},
    word = {one_of = {"on", "off", "required", "forbidden"}, required = true},
  },
  unique = {{"app"}},
  history = true,
})
for _, role in ipairs(MANAGERS) do
  for _, verb in ipairs {"read", "create", "update"} do
    switches:allow(verb, {[role] = {"org under @me.orgs"}})
  end
end
