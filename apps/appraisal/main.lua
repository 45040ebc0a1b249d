-- SPDX-License-Identifier: Apache-2.0
--- Appraisal: pupils and teachers record, the class teacher reviews, what was chosen is shown for some
--- days and then sealed. Here is what people see and do about evidence and its rounds.
local app = require "app"
local model = require "model"
require "indicators"
require "archive"

local evidence, rounds, challenges = model.evidence, model.round, model.challenge
local pupils = app.records "base.student"
local GIVEN <const> = {"indicator", "name", "date", "text", "file"}
local MANY <const>, STATES <const> = 1000, {"submitted", "returned", "accepted"}

local function filled(text)
  return text and text:find "%S" and text or nil
end

-- The child that this is about: a guardian's chosen one, or the pupil who asks.
local function child()
  return app.role == "guardian" and app.subject or pupils:rows{person = app.me, limit = 1}[1]
end

rounds:form("begin", {"class", "edition", "name"})
rounds:list("rounds", {allow = {"teacher", "principal", "office"}, columns = {"name", "class", "edition", "state", "ends"}, filter = {"state"}})
evidence:list("records", {allow = {"teacher"}, columns = {"name", "student", "indicator", "date", "state"}, filter = {"state"}, actions = {"accept"}})
challenges:list("challenges", {allow = {"teacher", "principal", "office"}, columns = {"title", "student", "state"}, filter = {"state"}})

-- Recording ---------------------------------------------------------------------------------------

local function form(to, round, values, problem)
  return app.page("record", {to = to, round = round, values = values, problem = problem or false, indicators = model.leaves(round.edition),
    pupils = app.role == "teacher" and pupils:rows{class = round.class, limit = MANY}}, problem and 422)
end

app.get("/round/{id}/add", {allow = {"student", "teacher"}}, function(req)
  local round = rounds:get(req.params.id) or app.absent()
  if round.state ~= "open" or app.role == "student" and child().class ~= round.class then return app.redirect "/" end
  return form("/round/" .. round.id .. "/add", round, {date = app.today()})
end)

rounds:action("add", {role = {"student", "teacher"}, from = {state = "open"}}, function(round, req)
  local values = {round = round, student = filled(req.form.student)}
  if app.role == "student" then values.student = child() end
  for _, name in ipairs(GIVEN) do values[name] = filled(req.form[name]) end
  local row, problem = evidence:create(values)
  if not row then return form("/round/" .. round.id .. "/add", round, req.form, problem) end
  return app.redirect(evidence:path(row))
end)

app.get("/evidence/{id}/mend", {allow = {"student"}}, function(req)
  local row = evidence:get(req.params.id) or app.absent()
  return evidence:may_act("mend", row) and form(evidence:path(row) .. "/mend", row.round, row) or app.redirect(evidence:path(row))
end)

evidence:action("mend", {role = "student", from = {state = {"submitted", "returned"}}}, function(row, req)
  for _, name in ipairs(GIVEN) do
    if name ~= "file" or filled(req.form.file) then row[name] = filled(req.form[name]) end
  end
  row.state = "submitted"
  local saved, problem = row:save()
  if not saved then return form(evidence:path(row) .. "/mend", row.round, req.form, problem) end
  return app.redirect(evidence:path(row))
end)

-- Reviewing ---------------------------------------------------------------------------------------

local function review(row, req, state)
  row.state, row.comment = state, filled(req.form.comment)
  app.notify(row.student.person, state, {title = row.name}, evidence:path(row))
end

evidence:action("accept", {role = "teacher", from = {state = "submitted"}}, function(row, req)
  row.level = filled(req.form.level)
  review(row, req, "accepted")
end)

evidence:action("give_back", {role = "teacher", from = {state = {"submitted", "accepted"}}}, function(row, req)
  if not filled(req.form.comment) then return nil, "comment" end
  row.chosen = false
  review(row, req, "returned")
end)

evidence:action("choose", {role = {"student", "teacher"}, from = {state = "accepted"}}, function(row)
  row.chosen = not row.chosen
  return app.redirect(app.role == "student" and "/" or evidence:path(row))
end)

app.get("/round/{id}/progress", {allow = {"teacher"}}, function(req)
  local round, of = rounds:get(req.params.id) or app.absent(), {}
  for _, row in ipairs(evidence:rows{round = round, limit = MANY}) do
    local counts = of[row.student.id] or {submitted = 0, returned = 0, accepted = 0, chosen = 0}
    counts[row.state], counts.chosen = counts[row.state] + 1, counts.chosen + (row.chosen and 1 or 0)
    of[row.student.id] = counts
  end
  return app.page("progress", {round = round, of = of, states = STATES,
    pupils = pupils:rows{class = round.class, order = "local_no", ascending = true, limit = MANY}})
end)

-- Where everybody begins --------------------------------------------------------------------------

local function counts(org)
  local about, found = {org = org.id, subtree = true}, {org = org}
  for _, state in ipairs(STATES) do about.state, found[state] = state, 0; found[state] = app.count("records", about) or 0 end
  for _, state in ipairs {"open", "publicity", "closed"} do about.state = state; found[state] = app.count("terms", about) or 0 end
  about.state = "raised"
  found.raised = app.count("challenges", about) or 0
  return found
end

app.get("/", {allow = {"student", "guardian", "teacher", "principal", "office", "county"}}, function()
  if app.role == "teacher" then
    return app.page("class", {rounds = rounds:rows{limit = 20}, waiting = evidence:rows{state = "submitted", limit = 50},
      raised = challenges:rows{state = "raised", limit = 50}})
  elseif app.role == "student" or app.role == "guardian" then
    local kid = child()
    return app.page("mine", {rounds = kid and kid.class and rounds:rows{class = kid.class, limit = 5} or {},
      records = kid and evidence:rows{student = kid, limit = 100} or {}})
  end
  local below = {}
  for i, org in ipairs(app.below) do below[i] = counts(org) end
  return app.page("board", {own = counts(app.org), below = below, states = STATES})
end)

app.home("teacher", function()
  local items = {}
  for i, row in ipairs(evidence:rows{state = "submitted", limit = 5}) do
    items[i] = {title = row.name, note = row.student.name, path = app.url(evidence:path(row)), icon = "clipboard-check"}
  end
  return {{title = app.t "cards.waiting", icon = "clipboard-check", items = items, link = {app.t "title", app.url "/"},
    empty = app.t "cards.none"}}
end)
