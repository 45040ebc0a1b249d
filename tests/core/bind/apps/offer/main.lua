-- SPDX-License-Identifier: Apache-2.0
--- Offers more than it has.
local app = require("app")

local stays = app.collection("stay", {fields = {name = {type = "text"}, note = {type = "text"}}})
stays:allow("read", {guest = {"org under @me.orgs"}})
stays:allow("create", {guest = {"org under @me.orgs"}})
stays:form("ask", {"name", {slot = "details", "note"}})
stays:list("stays", {columns = {"name"}})

local may_leave = app.point("may_leave", function(days) return days < 3 end)
app.get("/", {allow = "guest"}, function() return app.json(may_leave(2)) end)
