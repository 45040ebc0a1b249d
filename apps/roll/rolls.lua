-- SPDX-License-Identifier: Apache-2.0
--- A sheet is one class at one session of a day; a mark is one pupil who is not simply there.
local app = require "app"

local SCHOOL <const> = {"org under @me.orgs"}
local TAKERS <const> = {"taker is @me", "class in @me.classes"}
local TAUGHT <const> = {"class in @me.classes", "class in @me.taught"}
local SESSIONS <const> = {"morning", "1", "2", "3", "4", "5", "6", "7", "8", "noon"}
local CODES <const> = {"unknown", "late", "leave", "personal", "fever", "cough", "vomit", "rash", "injury"}

local rolls = {CODES = CODES, ILL = {fever = true, cough = true, vomit = true, rash = true}, ORDER = {}}
for i, session in ipairs(SESSIONS) do rolls.ORDER[session] = i end

rolls.sheet = app.collection("sheet", {
  fields = {
    class   = {ref = "base.class", required = true},
    date    = {type = "date", required = true},
    session = {one_of = SESSIONS, required = true},
    subject = {type = "text", max = 30},
    taker   = {ref = "base.person"}, -- who is expected to take it
    teacher = {type = "text", max = 100},
    state   = {one_of = {"open", "taken"}, default = "open"},
    away    = {type = "integer"},
  },
  unique = {{"class", "date", "session"}},
  index = {{"date", "state"}, {"taker", "date"}, {"class", "date"}},
  history = true,
})
rolls.sheet:allow("read", {teacher = TAKERS, principal = SCHOOL, office = SCHOOL, county = SCHOOL, app = SCHOOL})
rolls.sheet:allow("create", {app = SCHOOL})
rolls.sheet:allow("update", {teacher = {TAKERS[1], TAKERS[2], only = {"state", "away"}}})

rolls.mark = app.collection("mark", {
  fields = {
    student = {ref = "base.student", required = true},
    class   = {from = "student.class"},
    date    = {type = "date", required = true},
    session = {one_of = SESSIONS, required = true},
    code    = {one_of = CODES, required = true},
  },
  unique = {{"student", "date", "session"}},
  index = {{"class", "date"}, {"student", "date"}},
  history = true,
})
rolls.mark:allow("read", {
  guardian = {"student in @me.children"}, teacher = TAUGHT, principal = SCHOOL, office = SCHOOL, app = SCHOOL,
})
for _, verb in ipairs {"create", "update", "delete"} do rolls.mark:allow(verb, {teacher = TAUGHT}) end

-- Leave that was granted: filled in before anybody has to ask.
rolls.excuse = app.collection("excuse", {
  fields = {
    student = {ref = "base.student", required = true},
    class   = {from = "student.class"},
    from    = {type = "date", required = true},
    to      = {type = "date", required = true},
  },
  index = {{"class", "to"}},
})
rolls.excuse:allow("read", {teacher = TAUGHT})
rolls.excuse:allow("create", {app = SCHOOL})

-- Too many of a class ill alike: to be reported within 24 hours.
rolls.alarm = app.collection("alarm", {
  fields = {
    class  = {ref = "base.class", required = true},
    date   = {type = "date", required = true},
    code   = {one_of = CODES, required = true},
    pupils = {type = "integer", required = true},
    state  = {one_of = {"open", "reported"}, default = "open"},
  },
  unique = {{"class", "date", "code"}},
  index = {{"state", "date"}},
  history = true,
})
rolls.alarm:allow("read", {principal = SCHOOL, office = SCHOOL, county = SCHOOL})
rolls.alarm:allow("create", {app = SCHOOL})
rolls.alarm:allow("update", {principal = {SCHOOL[1], only = {"state"}}, office = {SCHOOL[1], only = {"state"}}})
rolls.alarm:list("alarms", {columns = {"class", "date", "code", "pupils", "state"}, filter = {"state"},
  actions = {"report"}, subtree = true})
rolls.alarm:action("report", {role = {"principal", "office"}, from = {state = "open"}}, function(alarm)
  alarm.state = "reported"
end)

-- For the principal and the county, kept by the work itself.
local HEADS <const> = {principal = SCHOOL, office = SCHOOL, county = SCHOOL}
app.rollup("open", {from = "sheet", where = "state is open", by = {"date"}, count = true, up = true, allow = HEADS})
app.rollup("away", {from = "mark", where = "code is not late", by = {"date"}, count = true, up = true, allow = HEADS})

return rolls
