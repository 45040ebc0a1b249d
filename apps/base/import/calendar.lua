-- SPDX-License-Identifier: Apache-2.0
--- Holidays and working weekends, a day a row, for the organisation that the file is given to and
--- all below it.
local app = require "app"
local calendar = require "calendar"
local dates = require "dates"
local persons = require "import.persons"
local sheet = require "import.sheet"

local ALIASES <const> = {
  date = {"日期", "date"},
  kind = {"安排", "类型", "kind"},
  follows = {"补课星期", "按星期几上课", "补周几", "follows"},
  name = {"名称", "节日", "name"},
}

local KINDS <const> = {
  ["放假"] = "off", ["休息"] = "off", ["休"] = "off", off = "off",
  ["上课"] = "on", ["上班"] = "on", ["补课"] = "on", ["班"] = "on", on = "on",
}
local WEEKDAYS <const> = {"一", "二", "三", "四", "五", "六", "日"}

-- 周三, 星期三, 三, 3
local function read_weekday(text)
  local day = text:gsub("^星期", ""):gsub("^周", ""):gsub("^天$", "日")
  for number, name in ipairs(WEEKDAYS) do
    if day == name or day == tostring(number) then return number end
  end
  return nil, "code"
end

local READERS <const> = {
  {"date", dates.read, required = true},
  {"kind", sheet.code(function(text) return KINDS[text] end), required = true},
  {"follows", read_weekday},
  {"name", sheet.text(40)},
}
local FACTS <const> = {"kind", "follows", "name"}

return {aliases = ALIASES, row = function(row)
  local given, word, key = sheet.values(row, READERS)
  if not given then return nil, word, key end
  given.at = app.org.ref
  local found = calendar.day:find({at = given.at, date = given.date})
  if found and not persons.assign(found, given, FACTS) then return "same" end
  local saved
  if found then
    saved, word, key = persons.save(found)
  else
    saved, word, key = persons.create(calendar.day, given)
  end
  if not saved then return nil, word, key end
  return found and "updated" or "created"
end}
