-- SPDX-License-Identifier: Apache-2.0
--- Sending and reminding: a job for each class, so that each stays small however large the school is.
local app = require "app"
local notices = require "notices"

local classes, ties = app.records "base.class", app.records "base.guardianship"
local MANY <const>, HOUR_MS <const> = 1000, 3600000
local HERE <const> = {registered = true, active = true, suspended = true}

local function audience(notice)
  if notice.scope == "class" then return {notice.class} end
  local grade = notice.scope == "grade" and notice.class or {}
  return classes:rows{stage = grade.stage, entry_year = grade.entry_year, limit = MANY}
end

-- Queues a job for each class that the notice goes to.
local function fan_out(job, notice)
  for _, class in ipairs(audience(notice)) do
    app.after(job, {about = notice.id .. class.id, notice = notice.id, class = class.id})
  end
end

app.job("send", {key = "notice"}, function(arg)
  local notice = notices.notice:get(arg.notice)
  if notice.state ~= "waiting" then return end
  notice.state = "sent"
  fan_out("hand_out", notice)
end)

-- The families of who has left, or died, are not written to.
local function is_here(pupil)
  return pupil and HERE[pupil.state]
end

-- A guardian's copy for a child; nothing where the child has one from the class it was in before.
local function copy(notice, tie)
  local made, field, word = notices.receipt:create{notice = notice, tie = tie, pupil = tie.student.name,
    sender = notice.by_name or app.org.name, school_name = app.org.name}
  if not made and word ~= "unique" then error(("a receipt cannot be kept: %s %s"):format(field, word)) end
  return made
end

app.job("hand_out", {key = "about"}, function(arg)
  local notice, people = notices.notice:get(arg.notice), {}
  for _, tie in ipairs(ties:rows{class = arg.class, limit = MANY}) do
    if is_here(tie.student) and copy(notice, tie) then people[#people + 1] = tie.guardian end
  end
  app.notify(people, notice.urgent and "urgent" or "arrived", {school = app.org.name, title = notice.title}, "/")
  app.publish("arrived", people)
  app.publish("replied", notice)
end)

--- Was everybody reminded not long ago?
function notices.is_quiet(notice)
  return notice.reminded and app.now() < notice.reminded + app.settings.quiet_hours * HOUR_MS
end

app.job("remind", {key = "notice"}, function(arg)
  local notice = notices.notice:get(arg.notice)
  if notices.is_quiet(notice) then return end
  notice.reminded = app.now()
  fan_out("remind_class", notice)
end)

app.job("remind_class", {key = "about"}, function(arg)
  local people, title = {}, notices.notice:get(arg.notice).title
  for _, receipt in ipairs(notices.receipt:rows{notice = arg.notice, class = arg.class, state = "unread", limit = MANY}) do
    if is_here(receipt.student) then people[#people + 1] = receipt.guardian end
  end
  app.notify(people, "remind", {school = app.org.name, title = title}, "/")
end)

-- However many read at once, the sender's page looks again once a second.
app.job("tell", {key = "notice"}, function(arg)
  app.publish("replied", notices.notice:get(arg.notice))
end)
