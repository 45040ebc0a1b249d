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

local function memory(lang, today)
  local known = said[lang]
  if not known or known.today ~= today or known.count >= MEMORIES_MAX then
    known = {today = today, count = 0, long = {}, short = {}}
    said[lang] = known
  end
  return known
end

local function say(iso, with_weekday)
  local known = memory(here.lang(), here.today())
  local texts = with_weekday and known.long or known.short
  local text = texts[iso]
  if not text then
    text = compose(iso, with_weekday)
    texts[iso], known.count = text, known.count + 1
  end
  return text
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

--- Day and time of a moment.
function day.moment(ms)
  local iso, time = date.moment(ms)
  return say(iso, true) .. NO_BREAK .. time
end

return day
