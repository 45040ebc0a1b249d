-- SPDX-License-Identifier: Apache-2.0
--- Actions: POST /{collection}/{id}/{name}. One transaction, which may run again after a conflict.
local answer = require("app.answer")
local call = require("core.call")
local options = require("app.options")
local plan = require("app.plan")
local problem = require("app.problem")
local record = require("core.record")
local rest = require("app.rest")
local route = require("app.route")
local running = require("app.running")

local action = {}

local KEYS <const> = {"role", "from"}

local function set_of(wanted)
  local set = {}
  for _, one in ipairs(type(wanted) == "table" and wanted or {wanted}) do
    set[one] = true
  end
  return set
end

-- {field = word or words} as a list, which is walked for each row.
local function beginnings(from)
  local list = {}
  for _, field in ipairs(options.sorted(from)) do
    list[#list + 1] = {field = field, values = set_of(from[field])}
  end
  return list
end

-- Does the row stand where the action begins?
local function stands(row, from)
  for i = 1, #from do
    local one = from[i]
    if not one.values[row[one.field]] then
      return false
    end
  end
  return true
end

-- The list that offers the action, else the row's own page.
local function way_back(collection, shared, name, row)
  for _, list in ipairs(shared.lists) do
    if set_of(list.spec.actions or {})[name] then
      return "/" .. list.name
    end
  end
  return shared.has_detail and collection:path(row) or "/"
end

local function handler_of(shared, name, spec)
  local key = shared.full .. "." .. name
  return function(req)
    local collection = shared.own()
    local row, refused = rest.row(collection, req)
    if not row then
      return nil, refused
    elseif not stands(row, spec.from) then
      return nil, problem.of("state")
    end
    local given, word, field = running.instance().handlers[key](row, req)
    if given == nil and word ~= nil then
      return nil, word, field
    end
    return answer.is(given) and given or answer.done(row, way_back(collection, shared, name, row))
  end
end

--- Notes what is the same at every organisation.
function action.declare(instance, shared, name, spec)
  local place = ("action '%s' of '%s'"):format(name, shared.full)
  options.check(spec, place, KEYS)
  for field in pairs(spec.from or {}) do
    if not shared.fields[field] then
      error(("unknown field '%s' in %s"):format(field, place), 3)
    end
  end
  spec = {from = beginnings(plan.copy(spec.from or {})), role = plan.copy(options.list(spec.role, "role in " .. place))}
  shared.actions[name] = spec
  shared.action_names[#shared.action_names + 1] = name
  route.add_shared(instance, {method = "POST", pattern = ("/%s/{id}/%s"):format(shared.name, name), allow = spec.role},
    handler_of(shared, name, spec))
end

-- Does the caller hold a role that takes the action? Asked once a call.
local function is_held(spec)
  local memo = call.memo
  if memo[spec] == nil then
    memo[spec] = call.holds(spec.role)
  end
  return memo[spec]
end

--- A function for this call that says whether the caller may take the action on a row now: by role,
--- by where the row stands, by the rules.
function action.asker(collection, name)
  local spec = plan.of(collection).actions[name]
  if not spec then
    error(("'%s' has no action '%s'"):format(collection.full, tostring(name)), 4)
  end
  local held, from = is_held(spec), spec.from
  return function(row)
    return held and stands(row, from) and record.allows("update", row)
  end
end

--- May the caller take the action on the row now?
function action.may(collection, name, row)
  return action.asker(collection, name)(row)
end

return action
