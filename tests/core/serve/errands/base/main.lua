-- SPDX-License-Identifier: Apache-2.0
--- What the errands look at: things that jobs may read, and people's own that no job may.
local app = require("app")

local person = app.collection("person", {instance = true, fields = {name = {type = "text"}}})
person:allow("read", {anyone = {}})

local OPEN <const> = {keeper = {"org under @me.orgs"}, app = {"org under @me.orgs"}}

for _, name in ipairs {"thing", "secret"} do
  local things = app.collection(name, {fields = {name = {type = "text", required = true}}, index = {{"name"}}})
  things:allow("read", OPEN)
  app.importer(name, {columns = {"name"}}, function(cells)
    assert(things:create({name = cells.name}))
    return "created"
  end)
end

app.event("thing.made")
app.importer("made", {columns = {"name"}}, function(cells)
  app.emit("thing.made", {name = cells.name})
  return "created"
end)
app.importer("mistyped", {columns = {"name"}}, function()
  app.emit("thing.mode", {})
end)

app.set("all_secrets", {from = "base.secret", match = "id is @it", take = "id"})
