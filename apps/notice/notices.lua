-- SPDX-License-Identifier: Apache-2.0
--- A notice is what a school tells families; a receipt is one guardian's copy of it for one child:
--- what it says, whether it was read, what was answered. Families see receipts and never the notice.
local app = require "app"

local TITLE_MAX <const>, BODY_MAX <const>, OPTIONS_MAX <const> = 60, 2000, 300
local ASKS <const>, DAY_MINUTES <const>, CHINA_MINUTES <const> = {"none", "choice", "sign"}, 1440, 480
local SCHOOL <const>, OWN <const> = "org under @me.orgs", "class in @me.classes and scope is class"

local notices = {}

function notices.options(row)
  local options = {}
  for line in (row.options or ""):gmatch "[^\r\n]+" do
    if line:find "%S" then options[#options + 1] = line:match "^%s*(.-)%s*$" end
  end
  return options
end

-- How long until it is to go out; nil: the time does not make sense.
local function minutes_to(notice)
  local hour, minute = (notice.time or ""):match "^([01]?%d):([0-5]%d)$"
  if not hour then hour, minute = (notice.time or ""):match "^(2[0-3]):([0-5]%d)$" end
  local now = (app.now() // 60000 + CHINA_MINUTES) % DAY_MINUTES
  return hour and (app.days(app.today(), notice.day) - 1) * DAY_MINUTES + hour * 60 + minute - now
end

notices.notice = app.collection("notice", {
  fields = {
    scope    = {one_of = {"class", "grade", "school"}, default = "class"},
    class    = {ref = "base.class"}, -- whose class or grade it goes to
    title    = {type = "text", required = true, max = TITLE_MAX},
    body     = {type = "text", required = true, max = BODY_MAX},
    urgent   = {type = "boolean", default = false},
    ask      = {one_of = ASKS, default = "none"},
    options  = {type = "text", max = OPTIONS_MAX},
    day      = {type = "date"},
    time     = {type = "text", max = 5},
    state    = {one_of = {"waiting", "sent", "withdrawn"}, default = "waiting"},
    by       = {ref = "base.person", default = "@me", readonly = true},
    by_name  = {from = "by.name"},
    reminded = {type = "time"},
  },
  index = {{"class"}},
  history = true,
  check = function(r)
    if r.scope ~= "school" and not r.class then return "class", "required" end
    if r.ask == "choice" and #notices.options(r) < 2 then return "options", "two_options" end
    if not r.day or r.id then return end
    local minutes = minutes_to(r)
    if not minutes then return "time", "time" end
    if minutes < 0 then return "day", "past" end
  end,
  created = function(r)
    app.after("send", {notice = r.id}, r.day and {minutes = minutes_to(r)})
  end,
})
local WRITTEN <const> = {"scope", "class", "title", "body", "urgent", "ask", "options", "day", "time"}
notices.notice:allow("read", {teacher = {OWN}, principal = {SCHOOL}, office = {SCHOOL}, app = {SCHOOL}})
notices.notice:allow("create", {
  teacher = {OWN, only = WRITTEN}, principal = {SCHOOL, only = WRITTEN}, office = {SCHOOL, only = WRITTEN},
})
notices.notice:allow("update", {
  teacher = {OWN, only = {"state"}}, principal = {SCHOOL, only = {"state"}}, office = {SCHOOL, only = {"state"}},
  app = {SCHOOL, only = {"state", "reminded"}},
})

-- Of the instance, so that a family finds what all its children's schools say in one place.
notices.receipt = app.collection("receipt", {
  instance = true,
  fields = {
    notice        = {ref = "notice.notice", required = true},
    tie           = {ref = "base.guardianship", required = true},
    school        = {from = "tie.school"},
    class         = {from = "tie.class"},
    student       = {from = "tie.student"},
    guardian      = {from = "tie.guardian"},
    guardian_name = {from = "tie.guardian_name"},
    pupil         = {type = "text", max = 100},
    sender        = {type = "text", max = 100},
    school_name   = {type = "text", max = 100},
    title         = {from = "notice.title"},
    body          = {from = "notice.body"},
    urgent        = {from = "notice.urgent"},
    ask           = {from = "notice.ask"},
    options       = {from = "notice.options"},
    state         = {one_of = {"unread", "read", "answered"}, default = "unread"},
    answer        = {type = "text", max = OPTIONS_MAX, personal = true},
  },
  unique = {{"notice", "tie"}},
  index = {{"guardian", "student"}, {"class", "notice"}, {"school", "notice"}},
  history = true,
  check = function(r)
    if r.state ~= "answered" then return end
    local valid = r.ask == "sign" and r.answer == r.guardian_name
    for _, option in ipairs(r.ask == "choice" and notices.options(r) or {}) do valid = valid or r.answer == option end
    if not valid then return "answer", r.ask == "sign" and "sign" or "code" end
  end,
})
local AT <const> = {"school in @me.orgs"}
notices.receipt:allow("read", {
  guardian = {"guardian is @me"}, teacher = {"class in @me.classes"}, principal = AT, office = AT, app = AT,
})
notices.receipt:allow("create", {app = AT})
notices.receipt:allow("update", {guardian = {"guardian is @me", only = {"state", "answer"}}})

app.rollup("replies", {
  from = "receipt", by = {"school", "class", "notice", "state"}, count = true,
  allow = {teacher = {"class in @me.classes"}, principal = AT, office = AT},
})

app.topic("arrived", {people = true})      -- to guardians
app.topic("replied", {of = "notice"})      -- to who sent it

return notices
