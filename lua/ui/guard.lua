-- SPDX-License-Identifier: Apache-2.0
--- What every form that posts carries: proof that it came from our page, and a key that makes a
--- double send harmless. Each form of a page has a key of its own: two buttons are two acts.
local here = require("ui.here")

local guard = {}

local function by_name(a, b)
  return a.name < b.name
end

--- Adds to a form's data its proof, its key and, as `hidden`, its further values in order.
function guard.add(data)
  data.csrf, data.key, data.hidden = here.csrf(), here.write_key(), {}
  for name, value in pairs(data.fields) do
    data.hidden[#data.hidden + 1] = {name = name, value = tostring(value)}
  end
  table.sort(data.hidden, by_name)
end

return guard
