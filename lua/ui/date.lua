-- SPDX-License-Identifier: Apache-2.0
--- Arithmetic of days in the calendar of all years; words for them are in ui/day.lua.
local date = {}

local EPOCH <const> = 719468          -- days from 0000-03-01 to 1970-01-01
local ERA <const> = 146097            -- days of 400 years
local DAY_MS <const> = 86400000
local CHINA_MS <const> = 8 * 3600000  -- one time zone, the whole year

--- Year, month and day of an ISO date as numbers; nothing when it is none.
function date.parts(iso)
  local year, month, day = iso:match("^(%d%d%d%d)%-(%d%d)%-(%d%d)$")
  return tonumber(year), tonumber(month), tonumber(day)
end

--- Days since 1970-01-01: to count and to compare.
function date.number(iso)
  local year, month, day = date.parts(iso)
  if month <= 2 then
    year, month = year - 1, month + 12
  end
  return 365 * year + year // 4 - year // 100 + year // 400 + (153 * (month - 3) + 2) // 5 + day - 1 - EPOCH
end

--- The inverse. Years begin in March here, so that the leap day is the last.
function date.iso(number)
  local shifted = number + EPOCH
  local era = shifted // ERA
  local of_era = shifted - era * ERA
  local year = (of_era - of_era // 1460 + of_era // 36524 - of_era // 146096) // 365
  local of_year = of_era - (365 * year + year // 4 - year // 100)
  local month = (5 * of_year + 2) // 153
  local day = of_year - (153 * month + 2) // 5 + 1
  month = month < 10 and month + 3 or month - 9
  return ("%04d-%02d-%02d"):format(year + era * 400 + (month <= 2 and 1 or 0), month, day)
end

--- 1 for Monday to 7 for Sunday.
function date.weekday(iso)
  return (date.number(iso) + 3) % 7 + 1
end

--- Day and time of day ("08:02") in China of milliseconds since 1970.
function date.moment(ms)
  local there = ms + CHINA_MS
  local minutes = there % DAY_MS // 60000
  return date.iso(there // DAY_MS), ("%02d:%02d"):format(minutes // 60, minutes % 60)
end

return date
