-- SPDX-License-Identifier: Apache-2.0
--- Actions: POST /{collection}/{id}/{name}. One transaction, which may run again after a conflict.
local answer = require("app.answer")
local call = require("core.call")
local options = require("app.options")
local problem = require("app.problem")
local record = require("core.record")

local action = {}

local KEYS <const> = {"role", "from"}

local function is_any(value, wanted)
  for _, one in ipairs(type(wanted) == "table" and wanted or {wanted}) do
    if value == one then
      return true
    end
  end
  return false
end

-- Does the row stand where the action begins?
local function stands(row, from)
  for field, wanted in pairs(from) do
    if not is_any(row[field], wanted) then
      return false
    end
  end
  return true
end

-- The list that offers the action, else the row's own page.
local function way_back(collection, name, row)
  for _, list in ipairs(collection.lists) do
    if is_any(name, list.spec.actions or {}) then
      return "/" .. list.name
    end
  end
  return collection.has_detail and collection:path(row) or "/"
end

local function handler_of(app, collection, name, spec, handler)
  return function(req)
    local row = collection:get(req.params.id)
    if not row then
      app.absent()
    elseif not stands(row, spec.from) then
      return nil, problem.of("state")
    end
    local given, word, field = handler(row, req)
    if given == nil and word ~= nil then
      return nil, word, field
    end
    return answer.is(given) and given or answer.done(app, row, way_back(collection, name, row))
  end
end

function action.declare(app, collection, name, spec, handler)
  local place = ("action '%s' of '%s'"):format(name, collection.full)
  options.check(spec, place, KEYS)
  spec = {from = spec.from or {}, role = options.list(spec.role, "role in " .. place)}
  for field in pairs(spec.from) do
    if not collection.fields[field] then
      error(("unknown field '%s' in %s"):format(field, place), 3)
    end
  end
  collection.actions[name] = spec
  collection.action_names[#collection.action_names + 1] = name
  app.post(("/%s/{id}/%s"):format(collection.name, name), {allow = spec.role},
    handler_of(app, collection, name, spec, handler))
end

--- May the caller take the action on the row now? By role, by where the row stands, by the rules.
function action.may(collection, name, row)
  local spec = collection.actions[name]
  if not spec then
    error(("'%s' has no action '%s'"):format(collection.full, tostring(name)), 3)
  end
  return stands(row, spec.from) and call.holds(spec.role) and (record.may("update", row))
end

return action
