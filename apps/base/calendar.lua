-- SPDX-License-Identifier: Apache-2.0
--- School years, terms, and the days on which there is teaching.
local app = require "app"

local calendar = {}

calendar.year = app.collection("year", {
  fields = {
    name   = {type = "text", required = true, max = 20},
    begins = {type = "date", required = true},
    ends   = {type = "date", required = true}, -- the first day that is no longer part of it
  },
  unique = {{"name"}},
  index = {{"begins"}},
  check = function(r) if r.ends <= r.begins then return "ends", "order" end end,
})

calendar.term = app.collection("term", {
  fields = {
    year    = {ref = "base.year", required = true},
    ordinal = {type = "integer", required = true, between = {1, 4}},
    begins  = {type = "date", required = true},
    ends    = {type = "date", required = true},
  },
  unique = {{"year", "ordinal"}},
  check = function(r)
    if r.ends <= r.begins then return "ends", "order" end
    if r.begins < r.year.begins then return "begins", "outside" end
    if r.ends > r.year.ends then return "ends", "outside" end
  end,
})

-- Days that are not what their weekday says: holidays, and the working weekends that make up for
-- them (调休). They hold for an organisation and all below it; the nearest one's word counts. They
-- are the instance's, because a school reads those of its county.
calendar.day = app.collection("day", {
  instance = true,
  fields = {
    at      = {ref = "core.org", required = true},
    date    = {type = "date", required = true},
    kind    = {one_of = {"off", "on"}, required = true},
    follows = {type = "integer", between = {1, 7}}, -- whose timetable a working weekend follows
    name    = {type = "text", max = 40},
  },
  unique = {{"at", "date"}},
  index = {{"date"}},
})
calendar.day:allow("read", {anyone = {}, app = {}})
for _, verb in ipairs {"update", "delete"} do
  calendar.day:allow(verb, {county = {"at under @me.orgs"}, office = {"at under @me.orgs"}})
end

local MONDAY <const> = "1970-01-05"

--- 1 for Monday to 7 for Sunday.
function calendar.weekday(date)
  return (app.days(MONDAY, date) - 1) % 7 + 1
end

-- The exception of the organisation, or of the nearest above it.
local function exception(date)
  for _, org in ipairs(app.above) do
    local day = calendar.day:find({at = org, date = date})
    if day then return day end
  end
end

-- Where no term is known, every weekday may be one.
local function in_term(date)
  local terms = calendar.term:rows({limit = 100})
  for _, term in ipairs(terms) do
    if term.begins <= date and date < term.ends then return true end
  end
  return #terms == 0
end

--- Is there teaching at this school on the day (ISO)? And if so, by the timetable of which weekday.
function calendar.is_school_day(date)
  if app.org.kind ~= "school" then return false end
  local day = exception(date)
  local weekday = calendar.weekday(date)
  if day then return day.kind == "on", day.follows or weekday end
  return weekday <= 5 and in_term(date), weekday
end

app.calendar("school days", calendar.is_school_day)

for _, sessions in ipairs {calendar.year, calendar.term} do
  sessions:allow("read", {anyone = {}, app = {"org under @me.orgs"}})
  for _, verb in ipairs {"create", "update", "delete"} do
    sessions:allow(verb, {county = {"org under @me.orgs"}, office = {"org under @me.orgs"}})
  end
end

return calendar
