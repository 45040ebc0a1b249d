-- SPDX-License-Identifier: Apache-2.0
--- What happens by itself: the day's sheets, leave that is granted, families told, illness watched.
local app = require "app"
local rolls = require "rolls"

local classes, days, lessons = app.records "base.class", app.records "base.day", app.records "base.lesson"
local MONDAY <const>, MANY <const> = "1970-01-05", 1000

-- A working weekend has the timetable of the weekday that it stands for.
local function weekday(date)
  for _, org in ipairs(app.above) do
    local day = days:find{at = org, date = date}
    if day and day.follows then return day.follows end
  end
  return (app.days(MONDAY, date) - 1) % 7 + 1
end

local function open(class, date, session, teacher, subject)
  rolls.sheet:create{class = class, date = date, session = session, subject = subject,
    taker = teacher and teacher.person, teacher = teacher and teacher.name}
end

app.every("00:00 on school days", "open", {kinds = {"school"}, at_once = true}, function(moment)
  for _, class in ipairs(classes:rows{limit = MANY}) do
    open(class, moment.date, "morning", class.head)
    open(class, moment.date, "noon", class.head)
  end
  for _, one in ipairs(lessons:rows{weekday = weekday(moment.date), limit = MANY}) do
    open(one.class, moment.date, tostring(one.period), one.teacher, one.subject)
  end
end)

app.on("leave.granted", function(leave)
  assert(rolls.excuse:create{student = leave.student, from = leave.from, to = leave.to})
end)

-- Some minutes after the roll: what was mended meanwhile worries nobody.
app.job("tell", {key = "mark"}, function(arg)
  local mark = rolls.mark:get(arg.mark)
  if mark and mark.code == "unknown" then
    app.notify(app.members("guardians", mark.student), "away", {name = mark.student.name, date = mark.date}, "/")
  end
end)

local function alike(class, code, from, to)
  local seen, count = {}, 0
  for _, mark in ipairs(rolls.mark:rows{class = class, code = code, date = {at_least = from, at_most = to}, limit = MANY}) do
    if not seen[mark.student.id] then seen[mark.student.id], count = true, count + 1 end
  end
  return count
end

app.job("watch", {key = "about"}, function(arg)
  local class, today = classes:get(arg.class), alike(arg.class, arg.code, arg.date, arg.date)
  local lately = alike(arg.class, arg.code, app.later(arg.date, -2), arg.date)
  if today < app.settings.alike_in_a_day and lately < app.settings.alike_in_three_days then return end
  if not rolls.alarm:create{class = class, date = arg.date, code = arg.code, pupils = lately} then return end
  for _, role in ipairs {"principal", "office"} do
    app.notify(app.holders(role), "alarm_" .. arg.code, {class = class.name, count = lately}, "/alarms")
  end
end)
