-- SPDX-License-Identifier: Apache-2.0
--- A collection as its app sees it. Declared once when the app starts; the same code makes the
--- handle in each organisation.
local action = require("app.action")
local context = require("app.context")
local host = require("core.app")
local options = require("app.options")
local plan = require("app.plan")
local problem = require("app.problem")
local record = require("core.record")
local route = require("app.route")
local running = require("app.running")

local methods = {}

local RULE_KEYS <const> = {"only", "except"}

local function allow_role(shared, verb, role, rule)
  local place = ("%s rule of '%s' for '%s'"):format(verb, shared.full, role)
  if type(rule) ~= "table" then
    error(place .. " must be a table", 3)
  end
  options.check_named(rule, place, RULE_KEYS)
  if #rule == 0 then
    record.allow(shared.handle, verb, role, nil, rule.only, rule.except)
  end
  for _, expression in ipairs(rule) do
    record.allow(shared.handle, verb, role, expression, rule.only, rule.except)
  end
  table.insert(shared.allowed[verb], role)
end

local function check_name(name, of)
  if type(name) ~= "string" then
    error(("the name of %s is a text, not a %s"):format(of, type(name)), 3)
  end
end

--- Says who may do something: data, not code.
function methods:allow(verb, rules)
  local shared = plan.of(self)
  if not shared.allowed[verb] then
    error(("'%s' is nothing that can be allowed: read, create, update or delete"):format(tostring(verb)), 2)
  end
  for _, role in ipairs(running.instance().plan.whole and {} or options.sorted(rules)) do
    allow_role(shared, verb, role, rules[role])
  end
end

--- The roles that have a rule for a verb. Where routes are told to the host the list grows with further
--- calls of allow; elsewhere it is the caller's own.
function methods:roles(verb)
  local roles = plan.of(self).allowed[verb]
  return host.declaring and roles or roles and table.move(roles, 1, #roles, 1, {})
end

--- The rows that the caller may read.
function methods:rows(query)
  return record.rows(self.handle, query)
end

--- A row by its id; nil when there is none, or none that the caller may know of.
function methods:get(id)
  return record.get(self.handle, id)
end

--- A row by the fields of a unique index.
function methods:find(values)
  return record.find(self.handle, values)
end

--- The row as it stood at a time (milliseconds, or a date: the end of that day); nil when it was not
--- there, or the caller may not read it. For collections with history = true, under the rules of now.
function methods:as_of(id, time)
  return record.as_of(self.handle, id, time)
end

--- The versions of a row, oldest first and the one of now last: {row, time, who}.
function methods:history(row)
  return record.history(row)
end

--- The new row, or nil and a problem.
function methods:create(values)
  local draft, field, word = record.draft(self.handle, values)
  if draft and self.check then
    field, word = self.check(draft)
  end
  if field then
    return problem.refuse(field, word)
  end
  local row
  row, field, word = record.create(draft)
  if not row then
    return problem.refuse(field, word)
  end
  if self.created then
    self.created(row)
  end
  return row
end

--- Deletes a row: it is absent everywhere, and kept for 30 days for who may delete it.
function methods:delete(row)
  record.delete(row)
end

--- Undoes a deletion: the row, or nil and a problem ("absent", "unique").
function methods:undelete(id)
  local row, field, word = record.undelete(self.handle, id)
  if not row then
    return problem.refuse(field, word)
  end
  return row
end

--- May the caller do this with the row? Also which fields, as a table of names.
function methods:may(verb, row)
  return record.may(verb, row)
end

--- Could the caller create here at all?
function methods:may_create()
  return record.may_create(self.handle)
end

--- The rows that the caller may choose for a field that refers to others.
function methods:choices(field)
  return record.choices(self.handle, field)
end

--- The path of a row's own page, within the app.
function methods:path(row)
  return "/" .. self.name .. "/" .. row.id
end

--- A step that people take with a row, see app/action.lua.
function methods:action(name, spec, handler)
  local instance, shared = running.instance(), plan.of(self)
  check_name(name, "an action")
  instance.handlers[shared.full .. "." .. name] = handler
  if not instance.plan.whole then
    action.declare(instance, shared, name, spec)
  end
end

--- May the caller take the action on the row now?
function methods:may_act(name, row)
  return action.may(self, name, row)
end

-- Whatever has a form or a list has a page for each row.
local function with_detail(instance, shared)
  if not shared.has_detail then
    shared.has_detail = true
    require("app.detail").declare(instance, shared)
  end
end

--- A form for these fields; also() gives values that nobody is asked for.
function methods:form(name, fields, also)
  local instance, shared = running.instance(), plan.of(self)
  check_name(name, "a form")
  if also then
    instance.completions[shared.full .. "." .. name] = also
  end
  if not instance.plan.whole then
    shared.forms[name] = true
    require("app.form").declare(instance, shared, name, plan.copy(fields))
    with_detail(instance, shared)
  end
end

function methods:list(name, spec)
  local instance, shared = running.instance(), plan.of(self)
  check_name(name, "a list")
  if not instance.plan.whole then
    spec = plan.copy(spec)
    shared.lists[#shared.lists + 1] = {name = name, spec = spec}
    require("app.list").declare(instance, shared, name, spec)
    with_detail(instance, shared)
  end
end

for name, method in pairs(methods) do
  methods[name] = context.guard("coll:" .. name, method)
end

local collection = {}

local function sealed(value)
  if type(value) ~= "table" then
    return value
  end
  for key, part in pairs(value) do
    value[key] = sealed(part)
  end
  return readonly(value)
end

local known_fields = {} -- by collection: the same for all organisations, so that nobody may change it

-- In their order, and by name.
local function fields_of(handle, name)
  if not known_fields[name] then
    local fields = record.fields(handle)
    for i, field in ipairs(fields) do
      fields[i] = sealed(field)
      fields[field.name] = fields[i]
    end
    known_fields[name] = readonly(fields)
  end
  return known_fields[name]
end

-- What C is told: that there are functions, and not which.
local function data_of(spec)
  local data = type(spec) == "table" and {} or spec
  for key, value in pairs(type(spec) == "table" and spec or {}) do
    data[key] = type(value) == "function" or value
  end
  return data
end

-- What every organisation's handle shows. An app that has one can read this, and change nothing.
local function kind_of(shared)
  local seen = {handle = shared.handle, name = shared.name, full = shared.full, fields = shared.fields,
    keeps_history = shared.keeps_history}
  for name, method in pairs(methods) do
    seen[name] = method
  end
  return {__index = seen, __name = "collection", __metatable = false}
end

local function share(instance, name, spec)
  local handle, full = record.declare(name, data_of(spec)), host.id .. "." .. name
  local shared = {handle = handle, name = name, full = full, fields = fields_of(handle, name),
    keeps_history = spec.history == true, allowed = {read = {}, create = {}, update = {}, delete = {}},
    actions = {}, action_names = {}, forms = {}, lists = {},
    own = function() return running.instance().collections[full] end}
  shared.kind = kind_of(shared)
  instance.plan.collections[name] = shared
  route.add_programs(instance, shared)
  return shared
end

function collection.declare(instance, name, spec)
  local shared = instance.plan.whole and instance.plan.collections[name] or nil
  if instance.plan.whole and not shared then
    error(("the collection '%s' is not declared alike at every organisation"):format(tostring(name)), 3)
  end
  shared = shared or share(instance, name, spec)
  local self = setmetatable({check = spec.check, created = spec.created}, shared.kind)
  instance.collections[shared.full] = self
  return self
end

return collection
