-- SPDX-License-Identifier: Apache-2.0
--- Lost and found: who finds something says so, the whole school can look.
local app = require "app"

local items = app.collection("item", {
  fields = {
    what    = {type = "text", required = true, max = 40},
    place   = {type = "text", max = 60},
    day     = {type = "date", default = "@today"},
    state   = {one_of = {"open", "done"}, default = "open"},
    by      = {ref = "base.person", default = "@me", readonly = true},
    by_name = {from = "by.name"},
  },
  index = {{"state", "day"}},
  check = function(item)
    if item.day > app.today() then return "day", "future" end
  end,
})

items:allow("read", {
  student = {"org under @me.orgs", except = {"by", "by_name"}},
  teacher = {"org under @me.orgs", except = {"by"}},
})
items:allow("create", {
  student = {"org under @me.orgs", only = {"what", "place", "day"}},
  teacher = {"org under @me.orgs", only = {"what", "place", "day"}},
})
items:allow("update", {teacher = {"org under @me.orgs", only = {"state"}}})

items:form("new", {"what", "place", "day"})
items:list("items", {columns = {"what", "place", "day", "state"}, filter = {"state"}, actions = {"collected"}})

items:action("collected", {role = "teacher", from = {state = "open"}}, function(item)
  item.state = "done"
end)

app.get("/", {allow = items:roles("read")}, function()
  return app.redirect("/items?state=open")
end)
