-- SPDX-License-Identifier: Apache-2.0
--- Days as people write them, and the school year of a day.
local width = require "width"

local dates = {}

-- Classes move up in summer: from August on a day counts to the school year about to begin.
local FIRST_MONTH <const> = 8

--- The calendar year in which the school year of a day (ISO) begins.
function dates.school_year(day)
  local year, month = day:match("^(%d+)%-(%d+)")
  return tonumber(year) - (tonumber(month) < FIRST_MONTH and 1 or 0)
end

local LENGTHS <const> = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31}

local function is_day(year, month, day)
  local leap = year % 4 == 0 and (year % 100 ~= 0 or year % 400 == 0)
  local length = month == 2 and leap and 29 or LENGTHS[month]
  return length ~= nil and day >= 1 and day <= length and year >= 1900 and year < 2200
end

local WRITTEN <const> = {
  "^(%d%d%d%d)[-/.](%d%d?)[-/.](%d%d?)$",
  "^(%d%d%d%d)(%d%d)(%d%d)$",
  "^(%d%d%d%d)年(%d%d?)月(%d%d?)日$",
}

--- A day in one of the forms 2015-09-01, 2015/9/1, 2015.9.1, 20150901 and 2015年9月1日, as
--- ISO text; else nil and a word. The day count of a spreadsheet (42248) is "serial": whether it
--- starts in 1900 or 1904 is not in the cell.
function dates.read(cell)
  local text = cell:gsub("^'", ""):gsub("[ T]0?0:00[:0.]*$", ""):gsub("%s", "")
  if text:find("^%d%d%d%d%d$") or text:find("^%d%d%d%d%d%.%d+$") then return nil, "serial" end
  if width.is_full(text) then return nil, "full_width" end
  for _, pattern in ipairs(WRITTEN) do
    local year, month, day = text:match(pattern)
    if year then
      year, month, day = tonumber(year), tonumber(month), tonumber(day)
      if not is_day(year, month, day) then return nil, "date" end
      return ("%04d-%02d-%02d"):format(year, month, day)
    end
  end
  return nil, "date"
end

return dates
