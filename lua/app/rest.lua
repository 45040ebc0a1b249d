-- SPDX-License-Identifier: Apache-2.0
--- What programs do with the records of a collection, under the rules that screens have: POST
--- /{collection}, PATCH and DELETE /{collection}/{id}. Reading is in C, see core/bind/program.c.
local answer = require("app.answer")
local call = require("core.call")
local host = require("core.app")
local json = require("core.json")
local problem = require("app.problem")
local record = require("core.record")

local rest = {}

-- A program's body: an object of JSON, or the fields of a form.
local function object_of(text)
  local value, _, where = json.decode(text)
  if value == nil then
    return nil, problem.of("malformed", nil, {where = where})
  elseif type(value) ~= "table" or getmetatable(value) ~= nil then -- lists are marked
    return nil, problem.of("malformed", nil, {where = "byte 1: an object expected"})
  end
  return value
end

-- As a form would say it: an app sees no difference.
local function as_form(given)
  local form = {}
  for name, value in pairs(given) do
    if type(value) == "table" then
      return nil, problem.of("type", name)
    elseif value ~= json.null and name:sub(1, 1) ~= "_" then
      form[name] = tostring(value)
    end
  end
  return form
end

--- Takes a body of JSON for the form that it stands for: nil, or the problem. A route that takes
--- values as they are (`typed`) gets them so; every other one gets texts.
function rest.read(req, route)
  if not req.json then
    return nil
  end
  local given, refused = object_of(req.json)
  if given and not route.typed then
    given, refused = as_form(given)
  end
  req.form, req.json = given, nil
  return refused
end

local function names_in(collection)
  local names = {}
  for i, field in ipairs(collection.fields) do
    names[i] = field.name
  end
  return names
end

-- Names that are no fields are the program's mistake; all of them are told at once.
local function unknown(collection, values)
  local found = {}
  for name in pairs(values) do
    if not collection.fields[name] then
      local meant = host.nearest(name, names_in(collection))
      found[#found + 1] = {field = name, word = "unknown", say = meant and "unknown_near", values = {name = meant}}
    end
  end
  return found
end

-- Values that no field is made of; a file is told by its id, or as it was read.
local function shapeless(collection, values)
  local found = {}
  for name, value in pairs(values) do
    if type(value) == "table" and collection.fields[name].type ~= "file" then
      found[#found + 1] = {field = name, word = "type"}
    end
  end
  return found
end

local function is_blank(value)
  return value == nil or value == json.null or value == ""
end

-- Fields that may not stay without a value.
local function missing(collection, values, names)
  local found = {}
  for _, name in ipairs(names) do
    local field = collection.fields[name]
    if field and field.required and is_blank(values[name]) then
      found[#found + 1] = {field = name, word = "required"}
    end
  end
  return found
end

local function check(collection, values, names)
  return problem.several(unknown(collection, values)) or problem.several(shapeless(collection, values))
    or problem.several(missing(collection, values, names))
end

-- Those with a value, and the names of those that are to have none.
local function part(values)
  local kept, cleared = {}, {}
  for name, value in pairs(values) do
    if value == json.null then
      cleared[#cleared + 1] = name
    else
      kept[name] = value
    end
  end
  return kept, cleared
end

local function names_of(values)
  local names = {}
  for name in pairs(values) do
    names[#names + 1] = name
  end
  table.sort(names)
  return names
end

-- The fields of a new record that nothing fills in.
local function open_of(collection)
  local names = {}
  for _, field in ipairs(collection.fields) do
    names[#names + 1] = not field.filled and field.name or nil
  end
  return names
end

local function create(collection, req)
  local refused = check(collection, req.form, open_of(collection))
  if refused then
    return nil, refused
  end
  local row
  row, refused = collection:create((part(req.form)))
  if not row then
    return nil, refused
  end
  return answer.row(row, 201, ("/api/v1/o/%s/%s%s"):format(call.org_id, host.id, collection:path(row)))
end

--- The row that a program means, in the version that it knows: or nil and a problem. To change or
--- delete it (`verb`) needs the right to, and to have said which version that is.
function rest.row(collection, req, verb)
  local row = collection:get(req.params.id)
  if not row then
    answer.absent()
  elseif verb and not collection:may(verb, row) then
    return nil, problem.of("denied")
  end
  local known = record.precondition(row)
  if known == "fails" then
    return nil, problem.of("precondition_failed")
  elseif known == "none" and verb then
    return nil, problem.of("precondition_required")
  end
  return row
end

-- What the caller may not change, by name.
local function closed(collection, row, names)
  local _, open = collection:may("update", row)
  local found = {}
  for _, name in ipairs(names) do
    if not open[name] then
      found[#found + 1] = {field = name, word = "denied"}
    end
  end
  return problem.several(found)
end

local function update(collection, req)
  local row, refused = rest.row(collection, req, "update")
  if not row then
    return nil, refused
  end
  local names = names_of(req.form)
  refused = check(collection, req.form, names) or closed(collection, row, names)
  if refused then
    return nil, refused
  end
  local taken, field, word = record.assign(row, part(req.form))
  if not taken then
    return nil, problem.of(word, field)
  end
  taken, refused = row:save()
  if not taken then
    return nil, refused
  end
  return answer.row(row, 200)
end

local function remove(collection, req)
  local row, refused = rest.row(collection, req, "delete")
  if not row then
    return nil, refused
  end
  row:delete()
  return answer.empty()
end

--- The routes of a collection, as the host knows them: word, pattern, the verb whose roles may.
function rest.routes(shared)
  local all, one, own = "/" .. shared.name, "/" .. shared.name .. "/{id}", shared.own
  return {
    {word = "CREATE", pattern = all, verb = "create", handler = function(req) return create(own(), req) end},
    {word = "UPDATE", pattern = one, verb = "update", handler = function(req) return update(own(), req) end},
    {word = "REMOVE", pattern = one, verb = "delete", handler = function(req) return remove(own(), req) end},
  }
end

return rest
