-- SPDX-License-Identifier: Apache-2.0
--- How a component is made: its keys are known, its markup is ui/NAME.html.
--
-- A component takes one table. A key it does not know is an error that suggests the nearest one;
-- keys it does not get stand as `false` in the template. The first value without a name is the
-- first needed key, so that ui.tag{"text"} reads well.
local here = require("ui.here")
local html = require("web.html")
local known = require("ui.known")
local template = require("web.template")

local component = {}

-- What every component's markup may use beside its data. Components need each other, so this is
-- looked up when the first is drawn.
local shared
local function environment()
  shared = shared or {ui = require("app.ui"), word = here.word, asset = here.asset}
  return shared
end

--- Text becomes escaped markup, markup stays, a list is joined, nothing is nothing.
function component.markup(value)
  if not value then
    return false
  elseif html.is(value) then
    return value
  elseif type(value) == "table" then
    local parts = {}
    for _, part in ipairs(value) do
      parts[#parts + 1] = tostring(component.markup(part) or "")
    end
    return html.trusted(table.concat(parts))
  end
  return html.trusted(html.escape_text(tostring(value)))
end

local function take(spec, given)
  local data = {}
  if given[1] ~= nil and given[spec.needs[1]] == nil then
    data[spec.needs[1]] = given[1]
  end
  for key, value in pairs(given) do
    if key ~= 1 then
      known.require(spec.allowed, key, "ui." .. spec.name)
      data[key] = value
    end
  end
  for key, initial in pairs(spec.takes) do
    if data[key] == nil then
      data[key] = initial
    end
  end
  for _, key in ipairs(spec.needs) do
    if data[key] == nil then
      error("ui." .. spec.name .. " needs '" .. key .. "'", 3)
    end
  end
  for _, key in ipairs(spec.markup) do
    data[key] = component.markup(data[key])
  end
  return data
end

--- define{name, needs = {keys}, takes = {key = default}, markup = {keys}, shape = function(data)}
--- → function(given) → html. shape may add what the template wants to know.
function component.define(spec)
  spec.needs, spec.takes, spec.markup = spec.needs or {}, spec.takes or {}, spec.markup or {}
  spec.allowed = {}
  for _, key in ipairs(spec.needs) do
    spec.allowed[key] = true
  end
  for key in pairs(spec.takes) do
    spec.allowed[key] = true
  end
  return function(given)
    local data = take(spec, given or {})
    if spec.shape then
      spec.shape(data)
    end
    return template.render("ui", spec.name, data, environment())
  end
end

return component
