-- SPDX-License-Identifier: Apache-2.0
--- What every form that posts carries: proof that it came from our page, and a key that makes a
--- double send harmless. Each form of a page has a key of its own: two buttons are two acts.
local here = require("ui.here")
local template = require("web.template")

local guard = {}

function guard.fields()
  return template.render("ui", "guard", {csrf = here.csrf(), key = here.write_key()})
end

--- Further values of a form, in the order of their names.
function guard.hidden(fields)
  local list = {}
  for name, value in pairs(fields) do
    list[#list + 1] = {name = name, value = tostring(value)}
  end
  table.sort(list, function(a, b) return a.name < b.name end)
  return template.render("ui", "hidden", {fields = list})
end

return guard
