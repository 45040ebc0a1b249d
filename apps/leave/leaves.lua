-- SPDX-License-Identifier: Apache-2.0
--- What a leave is, who may see it, and how it moves. Knows nothing of pages.
local app = require "app"

local PROOF_MAX <const> = 20 << 20 -- bytes of a photograph of a doctor's note
local DAYS_MAX <const> = 60  -- longer absences are a matter of the roll, not of leave
local DAYS_BACK <const> = 30 -- how late one may still ask

local leaves

app.event "granted" -- {student, from, to}

-- May a class teacher grant it alone? Longer ones go on to the principal.
local may_grant = app.point("may_grant", function(r)
  return app.days(r.from, r.to) <= app.settings.max_days
end)

local function tell(people, word, r)
  app.notify(people, word, {name = r.student.name, from = r.from, to = r.to}, leaves:path(r))
end

-- Whose class it is, is told; a class without a head waits for the office to look.
local function tell_teacher(r, word)
  local head = r.class and r.class.head_person
  if head then tell(head, word, r) end
end

local function tell_family(r, word)
  tell(app.members("guardians", r.student), word, r)
end

leaves = app.collection("leave", {
  created = function(r) tell_teacher(r, "asked") end,
  fields = {
    student      = {ref = "base.student", required = true},
    from         = {type = "date", required = true},
    to           = {type = "date", required = true},
    kind         = {one_of = {"sick", "personal"}, required = true},
    reason       = {type = "text", max = 500, personal = true},
    proof        = {type = "file", accept = {"picture", "pdf"}, max = PROOF_MAX, personal = true},
    state        = {one_of = {"asked", "granted", "refused", "withdrawn"}, default = "asked"},
    level        = {one_of = {"class", "school"}, default = "class"}, -- who decides: teacher or principal
    by           = {ref = "base.person", default = "@me", readonly = true},
    by_name      = {from = "by.name"},
    class        = {from = "student.class"}, -- the one it was asked in, also after a move
    decided_by   = {ref = "base.person"},
    decided_name = {from = "decided_by.name"},
    answer       = {type = "text", max = 200, personal = true},
  },
  index = {{"student", "from"}, {"class", "state"}, {"level", "state"}},
  history = true,
  check = function(r)
    if r.to < r.from then return "to", "order" end
    if app.days(r.from, r.to) > DAYS_MAX then return "to", "too_long" end
    if not r.id and app.days(r.from, app.today()) > DAYS_BACK + 1 then return "from", "past" end
    if r.state == "granted" and r.level == "class" and not may_grant(r) then return "state", "over_max_days" end
  end,
})

leaves:allow("read", {
  guardian  = {"student in @me.children"},
  teacher   = {"class in @me.classes"},
  principal = {"org under @me.orgs"},
  office    = {"org under @me.orgs"},
  -- The county counts; why a child is away stays at the school.
  county    = {"org under @me.orgs", except = {"reason", "proof", "answer", "by", "by_name"}},
})
leaves:allow("create", {
  guardian = {"student in @me.children", only = {"student", "from", "to", "kind", "reason", "proof"}},
})
-- A rule holds for a record before and after a change: guardians move between asked and
-- withdrawn, class teachers between asked, granted and refused, the principal the same of what
-- was passed on, and nobody beyond.
leaves:allow("update", {
  guardian = {
    "student in @me.children and state is asked",
    "student in @me.children and state is withdrawn",
    only = {"state"},
  },
  teacher = {
    "class in @me.classes and state is asked",
    "class in @me.classes and level is class and state is granted",
    "class in @me.classes and level is class and state is refused",
    only = {"state", "level", "decided_by", "answer"},
  },
  principal = {
    "org under @me.orgs and level is school and state is asked",
    "org under @me.orgs and level is school and state is granted",
    "org under @me.orgs and level is school and state is refused",
    only = {"state", "decided_by", "answer"},
  },
})

-- How much waits for a decision, by class, and at every organisation above.
app.rollup("asked_by_class", {
  from = "leave", where = "state is asked", by = {"class"}, count = true, up = true,
  allow = {
    teacher   = {"class in @me.classes"},
    principal = {"org under @me.orgs"},
    office    = {"org under @me.orgs"},
    county    = {"org under @me.orgs"},
  },
})

local function decide(r, request, state)
  r.state, r.decided_by, r.answer = state, app.me, request.form.answer
  tell_family(r, state)
  if state == "granted" then app.emit("granted", {student = r.student.id, from = r.from, to = r.to}) end
  if r.level == "school" then tell_teacher(r, state) end
end

local teachers <const> = {role = "teacher", from = {state = "asked", level = "class"}}
local principals <const> = {role = "principal", from = {state = "asked", level = "school"}}

leaves:action("grant", teachers, function(r, request)
  if may_grant(r) then return decide(r, request, "granted") end
  r.level = "school"
  tell_family(r, "passed")
  tell(app.holders "principal", "passed", r)
end)
leaves:action("refuse", teachers, function(r, request) decide(r, request, "refused") end)
leaves:action("approve", principals, function(r, request) decide(r, request, "granted") end)
leaves:action("decline", principals, function(r, request) decide(r, request, "refused") end)
leaves:action("withdraw", {role = "guardian", from = {state = "asked"}}, function(r)
  r.state = "withdrawn"
  tell_teacher(r, "withdrawn")
end)

return leaves
