-- SPDX-License-Identifier: Apache-2.0
--- What every form that posts carries: proof that it came from our page, and a key that makes a
--- double send harmless. Each form of a page has a key of its own: two buttons are two acts.
local here = require("ui.here")

local guard = {}

local function by_name(a, b)
  return a.name < b.name
end

local function hidden(fields)
  local list = {}
  for name, value in pairs(fields) do
    list[#list + 1] = {name = name, value = tostring(value)}
  end
  table.sort(list, by_name)
  return list
end

--- Adds to a form's data its proof, its key and, as `hidden`, its further values in order; false
--- when there are none.
function guard.add(data)
  local fields = data.fields
  data.csrf, data.key = here.proof()
  data.hidden = fields and hidden(fields)
end

return guard
