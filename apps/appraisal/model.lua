-- SPDX-License-Identifier: Apache-2.0
--- What is kept, and who may do what: indicators by edition, a class's term (a round), evidence, challenges.
--- A published edition, a round in publicity and a decided challenge are frozen here, for pages and programs.
local app = require "app"

local SCHOOL <const> = "org under @me.orgs"
local OWN <const>, CHILD <const>, CLASS <const> = "student in @me.appraisal.self", "student in @me.children", "class in @me.classes"
local LEVELS <const> = {"excellent", "good", "fair", "growing"} -- words, and no order of pupils by them
local FILE_MAX <const> = 200 << 20

local model = {LEVELS = LEVELS}

-- Every state, by how far it is: a matter goes on, never back.
local FAR <const> = {draft = 1, published = 2, open = 1, publicity = 2, closed = 3, raised = 1, upheld = 2, dismissed = 2}
local function goes_back(was, r)
  return was and r.state ~= was.state and FAR[r.state] <= FAR[was.state]
end

local function before(coll, r)
  return r.id and coll:as_of(r.id, app.now())
end

local function roles(names, rule)
  local rules = {}
  for name in names:gmatch "%a+" do rules[name] = rule end
  return rules
end
local EVERYBODY <const> = roles("guardian student teacher principal office county app", {SCHOOL})

app.set("self", {from = "base.student", match = "person is @me", take = "id"})
app.set("rounds", {from = "appraisal.round", match = "class in @me.classes", take = "id"})

local editions
editions = app.collection("edition", {
  fields = {
    name  = {type = "text", required = true, max = 60},
    state = {one_of = {"draft", "published"}, default = "draft"},
  },
  unique = {{"name"}},
  history = true,
  check = function(r) if goes_back(before(editions, r), r) then return "state", "frozen" end end,
})
editions:allow("read", EVERYBODY)
editions:allow("create", roles("principal office", {SCHOOL, only = {"name"}}))
editions:allow("update", roles("principal office", {SCHOOL .. " and state is draft", only = {"name", "state"}}))
editions:allow("update", roles("principal office", {SCHOOL .. " and state is published", only = {"state"}}))
model.edition = editions

model.indicator = app.collection("indicator", {
  fields = {
    edition = {ref = "appraisal.edition", required = true},
    parent  = {ref = "appraisal.indicator"},
    place   = {type = "integer", required = true},
    name    = {type = "text", required = true, max = 60},
  },
  index = {{"edition", "place"}, {"parent"}},
  check = function(r)
    if r.parent and r.parent.edition ~= r.edition then return "parent", "elsewhere" end
  end,
})
model.indicator:allow("read", EVERYBODY)
for _, verb in ipairs {"create", "update", "delete"} do
  model.indicator:allow(verb, roles("principal office", {SCHOOL .. " and edition.state is draft"}))
end

local rounds
rounds = app.collection("round", {
  fields = {
    class   = {ref = "base.class", required = true},
    edition = {ref = "appraisal.edition", required = true},
    name    = {type = "text", required = true, max = 30},
    state   = {one_of = {"open", "publicity", "closed"}, default = "open"},
    ends    = {type = "date"}, -- of the publicity
  },
  unique = {{"class", "name"}},
  index = {{"class", "state"}, {"state", "ends"}},
  history = true,
  check = function(r)
    local was = before(rounds, r)
    if r.edition.state == "draft" then return "edition", "draft" end
    if goes_back(was, r) then return "state", "frozen" end
    if not was or r.state == "open" then return end
    local ends = was.state == "open" and app.later(app.today(), app.settings.days) or was.ends
    if r.ends ~= ends then return "ends", "frozen" end
  end,
})
rounds:allow("read", roles("guardian student principal office app", {SCHOOL}))
rounds:allow("read", {teacher = {CLASS}})
rounds:allow("create", {teacher = {CLASS, only = {"class", "edition", "name"}}})
rounds:allow("update", {
  teacher = {CLASS .. " and state is open", CLASS .. " and state is publicity", only = {"state", "ends"}},
  app = {SCHOOL},
})
model.round = rounds

local evidence
evidence = app.collection("evidence", {
  fields = {
    round     = {ref = "appraisal.round", required = true},
    student   = {ref = "base.student", required = true},
    class     = {from = "student.class"},
    indicator = {ref = "appraisal.indicator", required = true},
    name      = {type = "text", required = true, max = 60},
    date      = {type = "date", required = true, default = "@today"},
    text      = {type = "text", max = 1000, personal = true},
    file      = {type = "file", accept = {"picture", "pdf", "video"}, max = FILE_MAX, personal = true},
    state     = {one_of = {"submitted", "returned", "accepted"}, default = "submitted"},
    level     = {one_of = LEVELS},
    comment   = {type = "text", max = 200, personal = true},
    chosen    = {type = "boolean", default = false}, -- for the term's archive
    by        = {ref = "base.person", default = "@me", readonly = true},
  },
  index = {{"class", "state"}, {"student", "round"}, {"round", "state"}},
  history = true,
  check = function(r)
    if r.date > app.today() then return "date", "future" end
    if r.indicator.edition ~= r.round.edition then return "indicator", "elsewhere" end
    if not r.id and r.student.class ~= r.round.class then return "round", "elsewhere" end
    -- Two rules of a pupil meet in this state; that it begins is the teacher's word alone.
    local was = before(evidence, r)
    if r.state == "accepted" and was and was.state ~= r.state and r.class.head_person ~= app.me then return "state", "denied" end
    if not r.chosen then return end
    if r.state ~= "accepted" then return "chosen", "not_accepted" end
    local others = 0
    for _, one in ipairs(evidence:rows{student = r.student, round = r.round, chosen = true}) do
      others = others + (one.id ~= r.id and 1 or 0)
    end
    if others >= app.settings.choose then return "chosen", "enough" end
  end,
})
evidence:allow("read", {student = {OWN}, guardian = {CHILD}, teacher = {CLASS}, app = {SCHOOL}})
local OPEN <const> = " and round.state is open"
local GIVEN <const> = {"indicator", "name", "date", "text", "file"}
evidence:allow("create", {
  student = {OWN .. OPEN, only = {"round", "student", table.unpack(GIVEN)}},
  teacher = {CLASS .. OPEN, only = {"round", "student", table.unpack(GIVEN)}},
})
evidence:allow("update", {
  student = {OWN .. OPEN .. " and state is submitted", OWN .. OPEN .. " and state is returned", only = {"state", table.unpack(GIVEN)}},
  teacher = {CLASS .. OPEN, only = {"state", "level", "comment", "chosen"}},
  app     = {SCHOOL, only = {"level"}}, -- a challenge that was upheld
})
evidence:allow("update", {student = {OWN .. OPEN .. " and state is accepted", only = {"chosen"}}})
model.evidence = evidence

local challenges
challenges = app.collection("challenge", {
  fields = {
    evidence = {ref = "appraisal.evidence", required = true},
    round    = {from = "evidence.round"},
    student  = {from = "evidence.student"},
    title    = {from = "evidence.name"},
    text     = {from = "evidence.text"},
    reason   = {type = "text", required = true, max = 500, personal = true},
    state    = {one_of = {"raised", "upheld", "dismissed"}, default = "raised"},
    level    = {one_of = LEVELS}, -- that it gets when upheld
    answer   = {type = "text", max = 500, personal = true},
    by       = {ref = "base.person", default = "@me", readonly = true},
    by_name  = {from = "by.name"},
  },
  unique = {{"evidence"}},
  index = {{"round", "state"}, {"student"}},
  history = true,
  check = function(r)
    if goes_back(before(challenges, r), r) then return "state", "frozen" end
    if not r.id and not r.evidence.chosen then return "evidence", "not_shown" end
  end,
})
local HEADED <const>, SHOWN <const> = "round in @me.appraisal.rounds", " and round.state is publicity"
challenges:allow("read", {
  student = {OWN}, guardian = {CHILD}, teacher = {HEADED}, principal = {SCHOOL}, office = {SCHOOL}, app = {SCHOOL},
})
challenges:allow("create", {
  student = {OWN .. SHOWN, only = {"evidence", "reason"}}, guardian = {CHILD .. SHOWN, only = {"evidence", "reason"}},
})
challenges:allow("update", {
  teacher = {HEADED .. SHOWN, only = {"state", "level", "answer"}},
  principal = {SCHOOL .. SHOWN, only = {"state", "level", "answer"}},
})
model.challenge = challenges

-- What the principal and the county see: numbers, kept by the work itself.
local HEADS <const> = roles("principal office county", {SCHOOL})
app.rollup("records", {from = "evidence", by = {"state"}, count = true, up = true, allow = HEADS})
app.rollup("terms", {from = "round", by = {"state"}, count = true, up = true, allow = HEADS})
app.rollup("challenges", {from = "challenge", by = {"state"}, count = true, up = true, allow = HEADS})

return model
