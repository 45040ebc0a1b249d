-- SPDX-License-Identifier: Apache-2.0
--- What an app declares is the same at every organisation. The first instance that opens in a state says
--- it; the others keep what is their own: the functions that their run of the app's files made. No
--- table of a plan is ever handed to an app.
local running = require("app.running")

local plan = {}

local last

--- For an instance that opens: one that is `whole`, or a new one to be filled. An instance that answers has
--- been opened to its end, and what it declared is whole; see app/running.lua.
function plan.next()
  if not (last and last.whole) then
    last = {whole = false, routes = {}, collections = {}}
  end
  return last
end

--- What the plan of the running instance says of a collection.
function plan.of(collection)
  return running.instance().plan.collections[collection.name]
end

--- What an app gave, as it is now, whatever the app does with its own table later.
function plan.copy(given)
  local kind = type(given)
  if kind == "string" or kind == "number" or kind == "boolean" then
    return given
  elseif kind ~= "table" then
    error(("a %s cannot be declared here"):format(kind), 0)
  end
  local kept = {}
  for key, value in pairs(given) do
    kept[plan.copy(key)] = plan.copy(value)
  end
  return kept
end

return plan
