-- SPDX-License-Identifier: Apache-2.0
--- What administrators have set, at the organisation that set it: read and written for the apps by
--- core.setting. What stands in `value` and `within` is JSON; a secret is sealed and nobody reads it.
local app = require("app")

local MANAGERS <const> = {"principal", "office", "county", "city", "province", "operator"}

local settings = app.collection("setting", {
  fields = {
    app    = {type = "text", required = true, max = 32},
    name   = {type = "text", required = true, max = 64},
    value  = {type = "text", max = 2000},
    within = {type = "text", max = 2000},
    secret = {type = "sealed", max = 500},
  },
  unique = {{"app", "name"}},
  history = true,
})
for _, role in ipairs(MANAGERS) do
  settings:allow("read", {[role] = {"org under @me.orgs", except = {"secret"}}})
  settings:allow("create", {[role] = {"org under @me.orgs"}})
  settings:allow("update", {[role] = {"org under @me.orgs"}})
end
