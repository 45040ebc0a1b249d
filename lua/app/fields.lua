-- SPDX-License-Identifier: Apache-2.0
--- Fields of a collection as people meet them: their words, their values as text, their controls.
local call = require("core.call")
local day = require("ui.day")
local here = require("ui.here")
local record = require("core.record")
local text = require("app.text")
local ui = require("app.ui")

local fields = {}

local LONG <const> = 200 -- characters; what may be longer gets several lines

-- How a matter stands, in the words that most matters use; others stay plain.
local TONES <const> = {
  asked = "warn", open = "warn", granted = "ok", accepted = "ok", done = "ok", refused = "danger", withdrawn = "plain",
}

--- What the collection says of a field; raises on a name it does not have.
function fields.find(collection, name)
  return collection.fields[name] or error(("'%s' has no field '%s'"):format(collection.full, tostring(name)), 3)
end

function fields.label(collection, name)
  return text.app(("%s.fields.%s"):format(collection.name, name))
end

function fields.code(collection, name, value)
  return text.app(("%s.codes.%s.%s"):format(collection.name, name, value))
end

--- What a person reads for a word that came with a refusal: the app's own, else the platform's.
function fields.problem(word)
  return text.app("errors." .. word)
end

local looks = weak({}) -- by what is known of the field, by language: code → what it looks like

-- Codes are few, so that what each looks like is kept.
local function looks_of(collection, name, field)
  looks[field] = looks[field] or {zh = {}, en = {}}
  local known = looks[field][call.lang]
  return known, function(value)
    local word = fields.code(collection, name, value)
    known[value] = TONES[value] and ui.tag{word, tone = TONES[value]} or word
    return known[value]
  end
end

local NOTHING <const> = {}

-- By type: what is known of values already, and the function for the others.
local SHOW <const> = {
  date = function() return day.all(), day.long end,
  boolean = function() return NOTHING, function(value) return here.word(value and "ui.yes" or "ui.no") end end,
  -- What others refer to has a field `name`; who may not read it learns no more.
  ref = function() return NOTHING, function(value) return value.name or here.word("ui.hidden") end end,
  code = looks_of,
  file = function() return NOTHING, function(value) return ui.file{value} end end,
}

local function plain()
  return NOTHING, tostring
end

--- A function for this call that gives a row's value of the field as text or markup.
function fields.shower(collection, name)
  local field = fields.find(collection, name)
  local known, show = (SHOW[field.type] or plain)(collection, name, field)
  return function(row)
    local value = row[name]
    if value == nil then
      return here.word("ui.none")
    end
    return known[value] or show(value)
  end
end

--- A field's value as text or markup.
function fields.show(collection, row, name)
  return fields.shower(collection, name)(row)
end

-- A record refers to rows of its own organisation, or of the instance.
local function is_near(row)
  return row.org == call.org_id or row.org == call.root
end

-- Organisations offer those right below.
local function below()
  local list = {}
  for i, org in ipairs(call.below) do
    list[i] = {value = org.ref.id, text = org.name}
  end
  return list
end

local OPTIONS <const> = {
  ref = function(collection, field)
    if field.ref == "core.org" then
      return below()
    end
    local list = {}
    for _, row in ipairs(collection:choices(field.name)) do
      if is_near(row) then
        list[#list + 1] = {value = row.id, text = row.name or here.word("ui.hidden")}
      end
    end
    return list
  end,
  code = function(collection, field)
    local list = {}
    for i, code in ipairs(field.codes) do
      list[i] = {value = code, text = fields.code(collection, field.name, code)}
    end
    return list
  end,
  boolean = function()
    return {{value = "true", text = here.word("ui.yes")}, {value = "false", text = here.word("ui.no")}}
  end,
}

local KINDS <const> = {date = "date", integer = "number", number = "number", code = "choice", ref = "choice", boolean = "choice"}

-- A file that was brought already, with a form that came back, is kept by its id.
local function file_control(collection, field, value, problem)
  return ui.upload{field.name, label = fields.label(collection, field.name), problem = problem,
    required = field.required, accepts = field.accepts, kept = value and record.file(value),
    org = call.org_id, field = collection.full .. "." .. field.name}
end

--- The control of a field, with the value it holds and the problem it has.
function fields.control(collection, name, value, problem)
  local field = fields.find(collection, name)
  if field.type == "file" then
    return file_control(collection, field, value, problem)
  end
  local kind = KINDS[field.type] or (field.max > LONG and "area") or "text"
  local options = kind == "choice" and OPTIONS[field.type](collection, field) or {}
  if #options == 1 and field.required then
    value = options[1].value
  end
  return ui.field{name, label = fields.label(collection, name), kind = kind, value = value or "", options = options,
    required = field.required, max = field.type == "text" and field.max, problem = problem}
end

return fields
