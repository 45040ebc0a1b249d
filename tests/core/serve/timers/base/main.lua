-- SPDX-License-Identifier: Apache-2.0
--- Knows the days of the market: those whose number ends with 1 or 6, and not in the west.
local app = require("app")

local person = app.collection("person", {instance = true, fields = {name = {type = "text"}}})
person:allow("read", {anyone = {"id is @me"}})

app.calendar("market days", function(date)
  return app.org.code ~= "west" and date:find("[16]$") ~= nil
end)
