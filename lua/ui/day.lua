-- SPDX-License-Identifier: Apache-2.0
--- Dates as people read them: ui.day("2026-11-24") → 11 月 24 日 周二. The year is said when it is
--- not this one.
local here = require("ui.here")

local day = {}

local function parts(iso)
  local year, month, date = iso:match("^(%d%d%d%d)%-(%d%d)%-(%d%d)")
  return tonumber(year), tonumber(month), tonumber(date)
end

--- Days since 1970-01-01: to count and to compare.
function day.number(iso)
  local year, month, date = parts(iso)
  if month <= 2 then
    year, month = year - 1, month + 12
  end
  return 365 * year + year // 4 - year // 100 + year // 400 + (153 * (month - 3) + 2) // 5 + date - 719469
end

--- 1 for Monday to 7 for Sunday.
function day.weekday(iso)
  return (day.number(iso) + 3) % 7 + 1
end

-- A date stays on one line.
local NO_BREAK <const> = "\u{A0}"

local function say(iso, with_weekday)
  local year, month, date = parts(iso)
  if not year then
    return iso
  end
  local this_year = parts(here.today())
  local form = year == this_year and "ui.date.day" or "ui.date.day_year"
  local text = here.word(form, {year = year, month = here.word("ui.date.month." .. month), day = date})
  if with_weekday then
    local weekday = here.word("ui.date.weekday." .. day.weekday(iso))
    text = here.word("ui.date.with_weekday", {date = text, weekday = weekday})
  end
  return (text:gsub(" ", NO_BREAK))
end

--- 11 月 24 日 周二
function day.long(iso)
  return say(iso, true)
end

--- 11 月 24 日
function day.short(iso)
  return say(iso, false)
end

--- One day, or from and to.
function day.range(from, to)
  if not to or from == to then
    return say(from, true)
  end
  return here.word("ui.date.range", {from = say(from, true), to = say(to, true)})
end

local DAY_MS <const> = 86400000
local CHINA_MS <const> = 8 * 3600000 -- one time zone, the whole year

-- The inverse of day.number.
local function iso_of(number)
  local shifted = number + 719468
  local era = shifted // 146097
  local of_era = shifted - era * 146097
  local year = (of_era - of_era // 1460 + of_era // 36524 - of_era // 146096) // 365
  local of_year = of_era - (365 * year + year // 4 - year // 100)
  local month = (5 * of_year + 2) // 153
  local date = of_year - (153 * month + 2) // 5 + 1
  month = month < 10 and month + 3 or month - 9
  return ("%04d-%02d-%02d"):format(year + era * 400 + (month <= 2 and 1 or 0), month, date)
end

--- Day and time of a moment, in China.
function day.moment(ms)
  local here_ms = ms + CHINA_MS
  local minutes = here_ms % DAY_MS // 60000
  return ("%s%s%02d:%02d"):format(say(iso_of(here_ms // DAY_MS), true), NO_BREAK, minutes // 60, minutes % 60)
end

return day
