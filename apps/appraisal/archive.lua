-- SPDX-License-Identifier: Apache-2.0
--- The end of a term: publicity, in which a record may be challenged once, and then the archive. Each
--- step is sealed: the log says by ids what was shown until when, how it was decided, what was archived.
local app = require "app"
local model = require "model"

local evidence, rounds, challenges = model.evidence, model.round, model.challenge
local pupils = app.records "base.student"
local MANY <const> = 1000

rounds:action("publish", {role = "teacher", from = {state = "open"}}, function(round)
  round.state, round.ends = "publicity", app.later(app.today(), app.settings.days)
  app.seal("archive", {round = round.id, state = "publicity", ends = round.ends})
  for _, pupil in ipairs(pupils:rows{class = round.class, limit = MANY}) do
    local people = app.members("guardians", pupil)
    people[#people + 1] = pupil.person
    app.notify(people, "publicity", {term = round.name, date = round.ends}, "/")
  end
  return app.redirect(rounds:path(round) .. "/progress")
end)

evidence:action("challenge", {role = {"student", "guardian"}, from = {chosen = true}}, function(row, req)
  local made, problem = challenges:create{evidence = row, reason = req.form.reason}
  if not made then return nil, problem end
  for _, people in ipairs {{row.class.head_person}, app.holders "principal"} do
    app.notify(people, "challenge", {title = row.name}, challenges:path(made))
  end
  return app.redirect(challenges:path(made))
end)

local JUDGES <const> = {role = {"teacher", "principal"}, from = {state = "raised"}}

local function decide(r, req, state)
  r.state, r.answer = state, req.form.answer
  app.seal("archive", {round = r.round.id, record = r.evidence.id, state = state, level = r.level})
  app.notify(r.by, state, {title = r.title}, challenges:path(r))
end

challenges:action("uphold", JUDGES, function(r, req)
  if not req.form.level or req.form.level == "" then return nil, "level" end
  r.level = req.form.level
  decide(r, req, "upheld")
  app.after("correct", {challenge = r.id})
end)
challenges:action("dismiss", JUDGES, function(r, req) decide(r, req, "dismissed") end)

-- The record is frozen for everybody: what was decided is put into it by the application.
app.job("correct", {key = "challenge"}, function(arg)
  local r = challenges:get(arg.challenge)
  r.evidence.level = r.level
end)

app.every("00:10", "close", {kinds = {"school"}}, function(moment)
  for _, round in ipairs(rounds:rows{state = "publicity", ends = {at_most = app.later(moment.date, -1)}, limit = MANY}) do
    app.after("seal", {round = round.id})
  end
end)

-- Not while a challenge waits: the next night asks again.
app.job("seal", {key = "round"}, function(arg)
  local round, count = rounds:get(arg.round), 0
  if round.state ~= "publicity" or #challenges:rows{round = round, state = "raised", limit = 1} > 0 then return end
  for _, row in ipairs(evidence:rows{round = round, chosen = true, limit = MANY}) do
    app.seal("archive", {record = row.id, round = round.id, student = row.student.id, indicator = row.indicator.id,
      version = row.version, date = row.date, level = row.level, file = row.file and row.file.id})
    count = count + 1
  end
  app.seal("archive", {round = round.id, class = round.class.id, edition = round.edition.id, term = round.name, records = count})
  round.state = "closed"
end)
