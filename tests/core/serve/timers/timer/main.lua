-- SPDX-License-Identifier: Apache-2.0
--- Work by the clock: each run is written down.
local app = require("app")

local notes = app.collection("note", {fields = {text = {type = "text", required = true}}, index = {{"text"}}})
notes:allow("read", {keeper = {"org under @me.orgs"}})
notes:allow("create", {app = {"org under @me.orgs"}})

app.every("every 12 h", "tick", {kinds = "school"}, function(moment)
  assert(notes:create({text = "tick " .. moment.date}))
end)

app.every("07:30 on market days", "market", function(moment)
  assert(notes:create({text = "market " .. moment.date}))
end)

app.post("/tell", {allow = {"keeper"}}, function()
  app.notify(app.me, "market", {})
  return app.json({})
end)

app.get("/notes", {allow = {"keeper"}}, function()
  local list = {}
  for i, row in ipairs(notes:rows({limit = 100, subtree = true})) do
    list[i] = row.text
  end
  table.sort(list)
  return app.json(list)
end)
