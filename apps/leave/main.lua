-- SPDX-License-Identifier: Apache-2.0
--- Leave: a guardian asks for a child, the class teacher grants or refuses, longer ones go on to the
--- principal.
local app = require "app"
local cards = require "cards"
local leaves = require "leaves"

leaves:form("ask", {"student", "from", "to", "kind", {slot = "details", "reason", "proof"}})
leaves:list("mine", {
  allow = {"guardian"},
  columns = {"student", "from", "to", "kind", "state"},
  actions = {"withdraw"},
})
leaves:list("desk", {
  allow = {"teacher", "principal", "office", "county"},
  columns = {"student", "from", "to", "kind", "reason", "level", "state"},
  filter = {"state", "level"},
  actions = {"grant", "refuse", "approve", "decline"},
  export = {"student", "class", "from", "to", "kind", "reason", "state", "decided_name", "answer"},
  subtree = true,
})

app.get("/", {allow = leaves:roles("read")}, function()
  return app.redirect(app.role == "guardian" and "/mine" or "/desk")
end)

app.home("guardian", cards.guardian)
app.home("teacher", cards.teacher)
app.home("principal", cards.principal)
