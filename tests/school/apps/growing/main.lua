-- SPDX-License-Identifier: Apache-2.0
--- Clubs in their first version; the test writes the next ones.
local app = require("app")

local clubs = app.collection("club", {
  fields = {
    name = {type = "text", required = true, max = 20},
    size = {type = "integer", between = {1, 30}},
  },
  index = {{"name"}},
})
for _, verb in ipairs {"read", "create"} do
  clubs:allow(verb, {teacher = {"org under @me.orgs"}})
end

app.post("/many", {allow = "teacher"}, function(req)
  local first, count = math.tointeger(req.form.first), math.tointeger(req.form.count)
  for i = first, first + count - 1 do
    assert(clubs:create({name = "club " .. i, size = i % 30 + 1}))
  end
  return app.json({count = count})
end)

app.get("/", {allow = "teacher"}, function(req)
  local rows = clubs:rows({name = req.query.name, limit = 1000})
  return app.json({count = #rows, first = rows[1] and rows[1].name})
end)
