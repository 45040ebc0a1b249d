-- SPDX-License-Identifier: Apache-2.0
--- What a leave is, who may see it, and how it moves. Knows nothing of pages.
local app = require "app"

local PROOF_MAX <const> = 20 << 20 -- bytes of a photograph of a doctor's note
local DAYS_MAX <const> = 60  -- longer absences are a matter of the roll, not of leave
local DAYS_BACK <const> = 30 -- how late one may still ask

local leaves

-- Whose class it is, is told; a class without a head waits for the office to look.
local function tell_teacher(r)
  local head = r.class and r.class.head_person
  if head then
    app.notify(head, "asked", {name = r.student.name, from = r.from, to = r.to}, leaves:path(r))
  end
end

local function tell_guardians(r, word)
  app.notify(app.members("guardians", r.student), word, {name = r.student.name, from = r.from, to = r.to},
    leaves:path(r))
end

leaves = app.collection("leave", {
  created = tell_teacher,
  fields = {
    student      = {ref = "base.student", required = true},
    from         = {type = "date", required = true},
    to           = {type = "date", required = true},
    kind         = {one_of = {"sick", "personal"}, required = true},
    reason       = {type = "text", max = 500, personal = true},
    proof        = {type = "file", accept = {"picture", "pdf"}, max = PROOF_MAX, personal = true},
    state        = {one_of = {"asked", "granted", "refused", "withdrawn"}, default = "asked"},
    by           = {ref = "base.person", default = "@me", readonly = true},
    by_name      = {from = "by.name"},
    class        = {from = "student.class"}, -- the one it was asked in, also after a move
    decided_by   = {ref = "base.person"},
    decided_name = {from = "decided_by.name"},
    answer       = {type = "text", max = 200, personal = true},
  },
  index = {{"student", "from"}, {"class", "state"}},
  history = true,
  check = function(r)
    if r.to < r.from then return "to", "order" end
    if app.days(r.from, r.to) > DAYS_MAX then return "to", "too_long" end
    if not r.id and app.days(r.from, app.today()) > DAYS_BACK + 1 then return "from", "past" end
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
-- withdrawn, class teachers between asked, granted and refused, and nobody beyond.
leaves:allow("update", {
  guardian = {
    "student in @me.children and state is asked",
    "student in @me.children and state is withdrawn",
    only = {"state"},
  },
  teacher = {
    "class in @me.classes and state is asked",
    "class in @me.classes and state is granted",
    "class in @me.classes and state is refused",
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

local may_grant = app.point("may_grant", function(r)
  return app.days(r.from, r.to) <= app.settings.max_days
end)

leaves:action("grant", {role = "teacher", from = {state = "asked"}}, function(r)
  if not may_grant(r) then return nil, "over_max_days" end
  r.state, r.decided_by = "granted", app.me
  tell_guardians(r, "granted")
end)

leaves:action("refuse", {role = "teacher", from = {state = "asked"}}, function(r, request)
  r.state, r.decided_by, r.answer = "refused", app.me, request.form.answer
  tell_guardians(r, "refused")
end)

leaves:action("withdraw", {role = "guardian", from = {state = "asked"}}, function(r)
  r.state = "withdrawn"
end)

return leaves
