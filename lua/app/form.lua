-- SPDX-License-Identifier: Apache-2.0
--- A form that creates a record: GET and POST /{name}.
--
-- collection:form("ask", {"student", "from", "to", {slot = "details", "reason"}})
-- collection:form("new", {"name"}, function() return {owner = app.org.ref} end): values that nobody is asked for
-- What the rules and checks refuse comes back as the form, with the text kept and each problem at
-- its field; what is stored leads to the record, which confirms it.
local answer = require("app.answer")
local call = require("core.call")
local fields = require("app.fields")
local here = require("ui.here")
local options = require("app.options")
local route = require("app.route")
local running = require("app.running")
local slots = require("app.slots")
local text = require("app.text")
local ui = require("app.ui")
local url = require("app.url")

local form = {}

local SLOT_KEYS <const> = {"slot"}

local function add_field(collection, name, names)
  local field = fields.find(collection, name)
  if field.readonly or field.derived then
    error(("form: '%s' is not for people to write"):format(name))
  end
  names[#names + 1] = name
end

-- Names of fields in their order; a slot is a named place of its own, which overlays may add to.
local function flatten(instance, collection, form_name, spec, names)
  for _, entry in ipairs(spec) do
    if type(entry) == "table" then
      options.check_named(entry, "a slot of a form", SLOT_KEYS)
      slots.open(instance, form_name, entry.slot)
      flatten(instance, collection, form_name, entry, names)
    else
      add_field(collection, entry, names)
    end
  end
  return names
end

-- Only what the form shows is taken; an empty control is no value.
local function values_of(names, sent)
  local values = {}
  for _, name in ipairs(names) do
    if sent[name] and sent[name]:find("%S") then
      values[name] = sent[name]
    end
  end
  return values
end

-- With the values that nobody is asked for.
local function completed(values, also)
  local whole = also and also() or {}
  for name, value in pairs(values) do
    whole[name] = value
  end
  return whole
end

-- All required fields that are empty, so that they are told at once and not one by one.
local function missing(collection, names, values)
  local words = {}
  for _, name in ipairs(names) do
    if fields.find(collection, name).required and values[name] == nil then
      words[name] = "required"
    end
  end
  return words
end

-- A new form begins with the child that the person acts for, and with the defaults.
local function first_values(collection, names)
  local values, subject = {}, call.subject
  for _, name in ipairs(names) do
    local field = fields.find(collection, name)
    if subject and field.ref == subject.collection then
      values[name] = subject.id
    elseif field.default ~= nil then
      values[name] = tostring(field.default)
    end
  end
  return values
end

local function is_date(collection, name)
  return name ~= nil and fields.find(collection, name).type == "date"
end

-- Two dates that follow each other stand side by side.
local function lay_out(collection, names, controls)
  local body, i = {}, 1
  while i <= #names do
    if is_date(collection, names[i]) and is_date(collection, names[i + 1]) then
      body[#body + 1] = ui.pair{{controls[i], controls[i + 1]}}
      i = i + 2
    else
      body[#body + 1] = controls[i]
      i = i + 1
    end
  end
  return body
end

-- The problems for the summary, in the order of the fields; those of no field last.
local function summary(collection, names, problems)
  local list = {}
  for _, name in ipairs(names) do
    if problems[name] then
      list[#list + 1] = {field = name, text = here.word("ui.problem_of", {field = fields.label(collection, name), problem = problems[name]})}
    end
  end
  for name, problem in pairs(problems) do
    if not collection.fields[name] then
      list[#list + 1] = {field = false, text = problem}
    end
  end
  return list
end

local function has_file(collection, names)
  for _, name in ipairs(names) do
    if fields.find(collection, name).type == "file" then
      return true
    end
  end
  return false
end

-- The first problem in the order of the fields, else the one of no field.
local function first_problem(names, words)
  for _, name in ipairs(names) do
    if words[name] then
      return name, words[name]
    end
  end
  return next(words)
end

local function show(collection, name, names, values, words)
  local problems, controls = {}, {}
  for field, word in pairs(words) do
    problems[field] = fields.problem(word)
  end
  for i, field in ipairs(names) do
    controls[i] = fields.control(collection, field, values[field], problems[field])
  end
  local key = ("%s.forms.%s."):format(collection.name, name)
  return answer.refused(answer.page("form", {
    title = text.app(key .. "title"),
    body = ui.form{to = url.of("/" .. name), send = text.app(key .. "send"), intro = text.app(key .. "intro"),
      cancel = url.of("/"), files = has_file(collection, names), draft = collection.full .. "." .. name,
      problems = summary(collection, names, problems), body = lay_out(collection, names, controls)},
  }, next(words) and 422 or 200), first_problem(names, words))
end

--- Declares the form's two routes.
function form.declare(instance, shared, name, spec)
  local names, key = flatten(instance, shared, name, spec, {}), shared.full .. "." .. name
  local pattern, allow = "/" .. name, shared.allowed.create
  route.add_shared(instance, {method = "GET", pattern = pattern, allow = allow}, function()
    local collection = shared.own()
    return show(collection, name, names, first_values(collection, names), {})
  end)
  route.add_shared(instance, {method = "POST", pattern = pattern, allow = allow}, function(req)
    local collection, also = shared.own(), running.instance().completions[key]
    local values = values_of(names, req.form)
    local words = missing(collection, names, values)
    if next(words) then
      return show(collection, name, names, values, words)
    end
    local row, problem = collection:create(completed(values, also))
    if not row then
      return show(collection, name, names, values, {[problem.field] = problem.word})
    end
    return answer.redirect(collection:path(row) .. "?done=" .. name)
  end)
end

return form
