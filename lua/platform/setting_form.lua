-- SPDX-License-Identifier: Apache-2.0
--- The form of an application's settings at one organisation, made from the schema: what is set here,
--- what holds when nothing is, and where that comes from; for those below also within which bounds.
local here = require("ui.here")
local json = require("core.json")
local layers = require("app.layers")
local text = require("app.text")
local ui = require("app.ui")

local form = {}

local SCHOOL <const> = 3 -- the lowest tier

local function words_of(at, setting)
  return ("settings.%s."):format(setting.name), at.app
end

local function label(at, setting)
  local key, app = words_of(at, setting)
  return text.of(app, key .. "title")
end

local function code(at, setting, value)
  local key, app = words_of(at, setting)
  return text.of(app, key .. "codes." .. value)
end

-- A value as people read it.
local function say(at, setting, value)
  if value == nil then
    return here.word("ui.none")
  elseif setting.type == "boolean" then
    return here.word(value and "ui.yes" or "ui.no")
  elseif setting.one_of then
    return code(at, setting, value)
  end
  return tostring(value)
end

local function number(value)
  return tostring(math.tointeger(value) or value)
end

local function say_bounds(at, setting, bounds)
  if bounds.one_of then
    local names = {}
    for i, one in ipairs(bounds.one_of) do
      names[i] = code(at, setting, one)
    end
    return table.concat(names, here.word("settings.comma"))
  end
  return here.word("settings.range", {low = number(bounds.low), high = number(bounds.high)})
end

local function origin(layer)
  return layer and here.place(layer) or here.word("settings.default")
end

local function has_bounds(setting)
  return setting.low ~= nil or setting.one_of ~= nil
end

-- What holds above the organisation.
local function above(at)
  return layers.resolve(at.schema, table.move(at.stack, 1, #at.stack - 1, 1, {}))
end

local function own_entry(at, setting)
  return at.own.set[setting.name] or {}
end

-- Help, then what holds and whose word it is.
local function hint(at, setting, outer)
  local key, app = words_of(at, setting)
  local parts = {text.of(app, key .. "help")}
  if setting.secret then
    local set = own_entry(at, setting).secret and at.own or outer.from
    parts[#parts + 1] = set and here.word("settings.secret_set", {from = origin(set)}) or here.word("settings.secret_unset")
  else
    parts[#parts + 1] = here.word("settings.inherits", {value = say(at, setting, outer.value), from = origin(outer.from)})
  end
  if has_bounds(setting) then
    parts[#parts + 1] = here.word("settings.within", {bounds = say_bounds(at, setting, outer.bounds), from = origin(outer.bounds_from)})
  end
  return table.concat(parts, " ")
end

local function options(at, setting, outer)
  local list = {{value = "inherit", text = here.word("settings.inherit", {value = say(at, setting, outer.value)})}}
  for _, one in ipairs(setting.type == "boolean" and {true, false} or outer.bounds.one_of or {}) do
    list[#list + 1] = {value = tostring(one), text = say(at, setting, one)}
  end
  return list
end

local function kind_of(setting)
  if setting.secret then return "password" end
  if setting.one_of or setting.type == "boolean" then return "choice" end
  return setting.type == "string" and "text" or "number"
end

local function stored(at, setting, key)
  local entry = own_entry(at, setting)[key]
  if entry then
    return (json.decode(entry))
  end
end

local function control(at, setting, outer, sent, problem)
  local kind, value = kind_of(setting), stored(at, setting, "value")
  value = sent[setting.name] or (value ~= nil and tostring(value)) or (kind == "choice" and "inherit") or ""
  return ui.field{setting.name, label = label(at, setting), kind = kind, value = value, problem = problem,
    hint = hint(at, setting, outer), options = kind == "choice" and options(at, setting, outer) or {},
    placeholder = (kind == "text" or kind == "number") and outer.value ~= nil and say(at, setting, outer.value),
    autocomplete = kind == "password" and "off", max = setting.type == "string" and 500}
end

-- Those below may set it too: within which bounds?
local function narrows(at, setting)
  return has_bounds(setting) and at.own.tier < math.min(setting.tier, SCHOOL)
end

local function bound(at, setting, sent, side, problem)
  local within, name = stored(at, setting, "within"), setting.name .. "." .. side
  local value = sent[name] or within and within[side] and number(within[side]) or ""
  return ui.field{name, label = here.word("settings." .. side, {name = label(at, setting)}), kind = "number",
    value = value, problem = problem}
end

local function allowed(at, setting, sent, one)
  local within, name = stored(at, setting, "within"), setting.name .. "." .. one
  local value = sent[name] or "true"
  if not sent[name] and within and within.one_of then
    value = tostring(layers.is_among(within.one_of, one))
  end
  return ui.field{name, kind = "choice", value = value, required = true,
    label = here.word("settings.below_may", {name = label(at, setting), value = code(at, setting, one)}),
    options = {{value = "true", text = here.word("ui.yes")}, {value = "false", text = here.word("ui.no")}}}
end

local function bounds_controls(at, setting, sent, words)
  if not narrows(at, setting) then
    return {}
  elseif setting.one_of then
    local list = {}
    for i, one in ipairs(setting.one_of) do
      list[i] = allowed(at, setting, sent, one)
    end
    return list
  end
  return {ui.pair{{bound(at, setting, sent, "low", words[setting.name .. ".low"]),
    bound(at, setting, sent, "high", words[setting.name .. ".high"])}}}
end

local function removal(at, setting)
  if not (setting.secret and own_entry(at, setting).secret) then
    return {}
  end
  return {ui.field{setting.name .. ".remove", kind = "choice", value = "false", required = true,
    label = here.word("settings.remove", {name = label(at, setting)}),
    options = {{value = "false", text = here.word("settings.keep")}, {value = "true", text = here.word("settings.remove_it")}}}}
end

-- Each conflict by its key: who said what, and what was kept.
local function warnings(at, states)
  local list = {}
  for _, setting in ipairs(at.schema) do
    local state = states[setting.name]
    for _, problem in ipairs(state.problems) do
      list[#list + 1] = ui.callout{tone = "warn", here.word("settings.conflict." .. problem.word, {
        name = label(at, setting), layer = here.place(problem.layer), kept = say(at, setting, state.value),
        given = type(problem.given) == "table" and say_bounds(at, setting, problem.given) or tostring(problem.given)})}
    end
  end
  return list
end

local function summary(at, words)
  local list = {}
  for _, setting in ipairs(at.schema) do
    for _, field in ipairs {setting.name, setting.name .. ".low", setting.name .. ".high"} do
      if words[field] then
        list[#list + 1] = {field = field, text = here.word("ui.problem_of", {field = label(at, setting), problem = words[field]})}
      end
    end
  end
  return list
end

local function told(words)
  local sentences = {}
  for field, word in pairs(words) do
    sentences[field] = here.word("settings.problem." .. word)
  end
  return sentences
end

-- A setting that this tier may not set is shown, and by whom it is set.
local function fact(at, setting, states)
  local state = states[setting.name]
  local value = setting.secret and here.word(state.from and "settings.is_set" or "ui.none") or say(at, setting, state.value)
  return {label(at, setting), here.word("settings.value_from", {value = value, from = origin(state.from)})}
end

--- The form as markup, with what was sent and the words of what is wrong with it, by field.
function form.draw(at, sent, words)
  local states, outer, problems = layers.resolve(at.schema, at.stack), above(at), told(words)
  local controls, facts = {}, {}
  for _, setting in ipairs(at.schema) do
    if at.own.tier > setting.tier then
      facts[#facts + 1] = fact(at, setting, states)
    else
      controls[#controls + 1] = control(at, setting, outer[setting.name], sent, problems[setting.name])
      for _, more in ipairs {removal(at, setting), bounds_controls(at, setting, sent, problems)} do
        table.move(more, 1, #more, #controls + 1, controls)
      end
    end
  end
  local body = warnings(at, states)
  if #controls > 0 then
    body[#body + 1] = ui.card{title = here.word("settings.here"), body = ui.form{
      to = ("/console/settings/%s/%s"):format(at.org, at.app), send = here.word("settings.save"), body = controls,
      cancel = "/console/settings/" .. at.org, problems = summary(at, problems)}}
  end
  if #facts > 0 then
    body[#body + 1] = ui.card{title = here.word("settings.above"), body = ui.description{facts}}
  end
  return body
end

-- What was sent for a value: the change, or nil and a word.
local function value_change(setting, outer, sent)
  if sent == nil then
    return {}
  elseif not sent:find("%S") or sent == "inherit" then
    return {value = false}
  end
  local value, word = layers.read(setting, outer.bounds, sent)
  if value == nil then
    return nil, word
  end
  return {value = json.encode(value)}
end

local function range_change(setting, outer, sent, words)
  local ends = {low = sent[setting.name .. ".low"] or "", high = sent[setting.name .. ".high"] or ""}
  if not (ends.low .. ends.high):find("%S") then
    return false
  end
  local within = {}
  for side, written in pairs(ends) do
    within[side] = written:find("%S") and tonumber(written) or not written:find("%S") and outer.bounds[side] or nil
    if within[side] == nil then
      words[setting.name .. "." .. side] = "type"
      return nil
    end
  end
  local limits = setting.loosen and setting or outer.bounds
  for _, side in ipairs {"low", "high"} do
    if within[side] < limits.low or within[side] > limits.high then
      words[setting.name .. "." .. side] = "loosens"
    end
  end
  if within.low > within.high then
    words[setting.name .. ".high"] = "order"
  end
  return json.encode(within)
end

local function codes_change(setting, sent, words)
  local list = {}
  for _, one in ipairs(setting.one_of) do
    if sent[setting.name .. "." .. one] ~= "false" then
      list[#list + 1] = one
    end
  end
  if #list == 0 then
    words[setting.name] = "none_left"
  end
  return #list < #setting.one_of and json.encode {one_of = list} or false
end

local function secret_change(sent, name)
  local written = sent[name]
  if sent[name .. ".remove"] == "true" then
    return {secret = false}
  end
  return {secret = written and written:find("%S") and written or nil}
end

-- Is it what stands there already? Then nothing is written.
local function differs(at, setting, change)
  local entry = own_entry(at, setting)
  for key, wanted in pairs(change) do
    if setting.secret or (wanted or nil) ~= entry[key] then
      return true
    end
  end
  return false
end

-- The value must fit what is narrowed in the same breath.
local function check_own(setting, outer, change, words)
  local within = change.within and json.decode(change.within)
  local bounds = within and layers.narrow(setting, outer.bounds, within)
  local value = change.value and json.decode(change.value)
  if bounds and value ~= nil and value ~= false and layers.problem(setting, bounds, value) then
    words[setting.name] = "own_bounds"
  end
end

--- What the form asks to change: by setting {value, within, secret} for core.setting, and the words of
--- what is wrong, by field.
function form.changes(at, sent)
  local outer, changes, words = above(at), {}, {}
  for _, setting in ipairs(at.schema) do
    if at.own.tier <= setting.tier then
      local change, word
      if setting.secret then
        change = secret_change(sent, setting.name)
      else
        change, word = value_change(setting, outer[setting.name], sent[setting.name])
        words[setting.name] = word
        change = change or {}
        if narrows(at, setting) and setting.one_of then
          change.within = codes_change(setting, sent, words)
        elseif narrows(at, setting) then
          change.within = range_change(setting, outer[setting.name], sent, words)
        end
        check_own(setting, outer[setting.name], change, words)
      end
      changes[setting.name] = differs(at, setting, change) and change or nil
    end
  end
  return changes, words
end

return form
