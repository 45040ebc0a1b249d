-- SPDX-License-Identifier: Apache-2.0
--- Settings in layers: what each organisation from the root down has set, made into what is in force.
--
-- A layer may give a value, and narrow what the layers below may give; it may widen only what the
-- manifest lets loose, and never beyond the manifest. What does not fit (a value that a higher layer
-- has ruled out since, a layer that may not set it) is left out, and told by key with what was kept.
local json = require("core.json")

local layers = {}

-- By type: the value that a text of a form stands for, or nil.
local READ <const> = {
  string = function(text) return text end,
  integer = function(text) return math.tointeger(tonumber(text)) end,
  number = function(text) return tonumber(text) end,
  boolean = function(text)
    if text == "true" then return true end
    if text == "false" then return false end
  end,
}

--- Does the list hold it?
function layers.is_among(list, wanted)
  for _, one in ipairs(list) do
    if one == wanted then
      return true
    end
  end
  return false
end

--- The word for why a value is not one of the setting within its bounds; nil when it is.
function layers.problem(setting, bounds, value)
  local type_of = setting.type == "integer" and math.type(value) or type(value)
  if type_of ~= setting.type then
    return "type"
  elseif bounds.low and (value < bounds.low or value > bounds.high) then
    return "range"
  elseif bounds.one_of and not layers.is_among(bounds.one_of, value) then
    return "code"
  end
end

--- What a text of a form stands for: the value, or nil and a word.
function layers.read(setting, bounds, text)
  local value = READ[setting.type](text)
  local word = value == nil and "type" or layers.problem(setting, bounds, value)
  if word then
    return nil, word
  end
  return value
end

local function common(list, other)
  local both = {}
  for _, one in ipairs(list) do
    if layers.is_among(other, one) then
      both[#both + 1] = one
    end
  end
  return both
end

-- Is it what a layer may write down for those below?
local function is_within(setting, within)
  if type(within) ~= "table" then
    return false
  elseif setting.one_of then
    return type(within.one_of) == "table" and #common(setting.one_of, within.one_of) > 0
  end
  return setting.low ~= nil and math.type(within.low) ~= nil and math.type(within.high) ~= nil and within.low <= within.high
end

--- The bounds that hold below a layer which says `within`, or nil when nothing would be left.
function layers.narrow(setting, bounds, within)
  local outer = setting.loosen and setting or bounds
  if setting.one_of then
    local both = common(outer.one_of, within.one_of)
    return #both > 0 and {one_of = both} or nil
  end
  local low, high = math.max(outer.low, within.low), math.min(outer.high, within.high)
  return low <= high and {low = low, high = high} or nil
end

-- The nearest value that the bounds let through.
local function fit(setting, bounds, value)
  if value == nil or not layers.problem(setting, bounds, value) then
    return value
  elseif bounds.one_of then
    return bounds.one_of[1]
  end
  local fitted = math.min(math.max(value, bounds.low), bounds.high)
  return setting.type == "integer" and math.tointeger(fitted) or fitted
end

local function note(state, layer, word, given)
  state.problems[#state.problems + 1] = {layer = layer, word = word, given = given}
end

local function decode(text)
  if text then
    return (json.decode(text))
  end
end

local function take_within(setting, state, layer, within)
  local bounds = is_within(setting, within) and layers.narrow(setting, state.bounds, within)
  if not bounds then
    note(state, layer, "bounds", within)
  else
    state.bounds, state.bounds_from = bounds, layer
  end
end

local function take_value(setting, state, layer, value)
  local word = layers.problem(setting, state.bounds, value)
  if word then
    note(state, layer, word, value)
  else
    state.value, state.from = value, layer
  end
end

local function take(setting, state, layer, entry)
  if layer.tier > setting.tier then
    note(state, layer, "layer", decode(entry.value))
    return
  end
  local within, value = decode(entry.within), decode(entry.value)
  if within ~= nil then
    take_within(setting, state, layer, within)
  end
  if setting.secret and entry.secret then
    state.from = layer
  elseif value ~= nil then
    take_value(setting, state, layer, value)
  end
  state.value = fit(setting, state.bounds, state.value)
end

local function resolve_one(setting, stack)
  local bounds = {low = setting.low, high = setting.high, one_of = setting.one_of}
  local state = {value = setting.default, bounds = bounds, problems = {}}
  for _, layer in ipairs(stack) do
    local entry = layer.set[setting.name]
    if entry then
      take(setting, state, layer, entry)
    end
  end
  return state
end

--- What is in force below all layers of the stack (root first): by name {value, from: the layer that
--- gave it (nil: the manifest), bounds, bounds_from, problems: of {layer, word, given}}. Of a secret
--- only from is known.
function layers.resolve(schema, stack)
  local states = {}
  for _, setting in ipairs(schema) do
    states[setting.name] = resolve_one(setting, stack)
  end
  return states
end

return layers
