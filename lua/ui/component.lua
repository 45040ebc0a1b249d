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

--- Text becomes escaped markup, markup stays, a list is joined, nothing is nothing.
component.markup = html.join

-- What every component's markup may use beside its data. Components need each other, so this is
-- looked up when the first is drawn.
local function environment()
  return {ui = require("app.ui"), word = here.word, asset = here.asset}
end

-- What is wrong with a component's table.
local function problem_of(spec, allowed, given)
  local place = "ui." .. spec.name
  for key in pairs(given) do
    if key ~= 1 and not allowed[key] then
      return known.problem(allowed, key, place)
    end
  end
  for i, key in ipairs(spec.needs) do
    if given[key] == nil and (i > 1 or given[1] == nil) then
      return place .. " needs '" .. key .. "'"
    end
  end
end

local function keys_of(spec)
  local keys, allowed = {}, {}
  for _, key in ipairs(spec.needs) do
    keys[#keys + 1], allowed[key] = key, true
  end
  for key in pairs(spec.takes) do
    keys[#keys + 1], allowed[key] = key, true
  end
  return keys, allowed
end

local SHAPED <const> = 4 -- so many values does a shape usually add

local function taker_of(spec)
  local keys, allowed = keys_of(spec)
  for _, key in ipairs(spec.markup) do
    spec.takes[key] = html.join(spec.takes[key])
  end
  return html.taker{known = keys, needs = spec.needs, markup = spec.markup, more = spec.shape and SHAPED or 1,
    kind = {__index = spec.takes, __metatable = false}, refuse = function(given) return problem_of(spec, allowed, given) end}
end

local function compile(spec)
  return template.component(spec.name), template.kind(environment(), spec.takes)
end

local function drawing(spec)
  local take, shape, draw = taker_of(spec), spec.shape, html.draw
  local body, kind
  return function(given)
    local data = take(given or {})
    if shape then
      shape(data)
    end
    if not body then
      body, kind = compile(spec) -- when it is first drawn
    end
    return (draw(body, data, kind))
  end
end

local MEMORIES_MAX <const> = 500

-- Markup that follows from the table alone is kept, as long as tables are few.
local function remembering(spec)
  local draw, seen, count = drawing(spec), {}, 0
  return function(given)
    local key = html.key(given or {})
    local drawn = key and seen[key]
    if drawn then
      return drawn
    elseif not key then
      return draw(given)
    end
    drawn = draw(given)
    if count == MEMORIES_MAX then
      seen, count = {}, 0
    end
    seen[key], count = drawn, count + 1
    return drawn
  end
end

--- define{name, needs = {keys}, takes = {key = default}, markup = {keys}, shape = function(data), pure}
--- → function(given) → html. shape may add what the template wants to know. A pure component's
--- markup follows from its table alone: not from the language, the person or the time.
function component.define(spec)
  spec.needs, spec.takes, spec.markup = spec.needs or {}, spec.takes or {}, spec.markup or {}
  return spec.pure and remembering(spec) or drawing(spec)
end

return component
