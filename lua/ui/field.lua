-- SPDX-License-Identifier: Apache-2.0
--- A label, a control, a hint, and what is wrong: ui.field{name = "from", label = …, kind = "date"}.
--
-- kinds: text, password, date, number, tel, email, area (several lines), choice. A choice has `options`
-- of {value, text}; up to five short ones are shown whole, more become a menu.
local component = require("ui.component")

local SHOWN_WHOLE <const> = 5
local SHORT <const> = 12 -- characters

local KINDS <const> = {
  text = "text", password = "password", date = "date", number = "text", tel = "tel", email = "email",
  area = "area", choice = "choice",
}

local function shown_whole(options)
  if #options > SHOWN_WHOLE then
    return false
  end
  for _, option in ipairs(options) do
    if (utf8.len(option.text) or #option.text) > SHORT then
      return false
    end
  end
  return true
end

-- The ids of what describes the control, in the order they are read.
local function described(data)
  local ids = {}
  if data.problem then
    ids[#ids + 1] = data.id .. "-wrong"
  end
  if data.hint then
    ids[#ids + 1] = data.id .. "-hint"
  end
  return #ids > 0 and table.concat(ids, " ")
end

local function shape(data)
  data.type = KINDS[data.kind] or error("ui.field has no kind '" .. tostring(data.kind) .. "'")
  data.id = "f-" .. data.name
  data.value = data.value and tostring(data.value) or ""
  data.describedby = described(data)
  data.mode = data.kind == "number" and "decimal" or false
  if data.kind == "choice" then
    data.file = shown_whole(data.options) and "choices" or "menu"
  else
    data.file = data.kind == "area" and "area" or "input"
  end
end

return component.define{name = "field", needs = {"name", "label"},
  takes = {kind = "text", value = "", hint = false, problem = false, required = false, options = {},
    max = false, autocomplete = false, placeholder = false, first = false},
  shape = shape}
