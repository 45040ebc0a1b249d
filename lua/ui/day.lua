-- SPDX-License-Identifier: Apache-2.0
--- Dates as people read them: "2026-11-24" → 11 月 24 日 周二. The year is said when it is not this one.
local date = require("ui.date")
local here = require("ui.here")

local day = {}

local NO_BREAK <const> = "\u{A0}" -- a date stays on one line

local function compose(iso, with_weekday)
  local year, month, number = date.parts(iso)
  if not year then
    return iso
  end
  local form = year == date.parts(here.today()) and "ui.date.day" or "ui.date.day_year"
  local text = here.word(form, {year = year, month = here.word("ui.date.month." .. month), day = number})
  if with_weekday then
    local weekday = here.word("ui.date.weekday." .. date.weekday(iso))
    text = here.word("ui.date.with_weekday", {date = text, weekday = weekday})
  end
  return (text:gsub(" ", NO_BREAK))
end

local MEMORIES_MAX <const> = 1000

-- Lists say the same few days again and again: what was said today, by language.
local said = {}

local function remembering(with_weekday, known)
  return setmetatable({}, {__index = function(texts, iso)
    local text = compose(iso, with_weekday)
    texts[iso], known.count = text, known.count + 1
    return text
  end})
end

local function memory()
  local lang, today = here.lang(), here.today()
  local known = said[lang]
  if not known or known.today ~= today or known.count >= MEMORIES_MAX then
    known = {today = today, count = 0}
    known.long, known.short = remembering(true, known), remembering(false, known)
    said[lang] = known
  end
  return known
end

--- ISO date → 11 月 24 日 周二, as a table for the rows of a list: for this call only.
function day.all()
  return memory().long
end

--- 11 月 24 日 周二
function day.long(iso)
  return memory().long[iso]
end

--- 11 月 24 日
function day.short(iso)
  return memory().short[iso]
end

--- One day, or from and to.
function day.range(from, to)
  if not to or from == to then
    return day.long(from)
  end
  return here.word("ui.date.range", {from = day.long(from), to = day.long(to)})
end

--- Day and time of a moment.
function day.moment(ms)
  local iso, time = date.moment(ms)
  return day.long(iso) .. NO_BREAK .. time
end

return day
