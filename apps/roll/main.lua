-- SPDX-License-Identifier: Apache-2.0
--- The roll: today's sheets for who takes them, the board for who looks after the school.
local app = require "app"
local rolls = require "rolls"
require "jobs"

local pupils = app.records "base.student"
local HEADS <const> = {allow = {"principal", "office", "county"}}
local ALL <const>, MANY <const> = 100, 1000

local function today(state)
  local sheets = rolls.sheet:rows{date = app.today(), state = state, limit = MANY}
  table.sort(sheets, function(a, b) return rolls.ORDER[a.session] < rolls.ORDER[b.session] end)
  return sheets
end

-- What stands for each pupil, or what a granted leave fills in.
local function codes_of(sheet)
  local codes = {}
  for _, leave in ipairs(rolls.excuse:rows{class = sheet.class, to = {at_least = sheet.date}, limit = ALL}) do
    codes[leave.student.id] = leave.from <= sheet.date and "leave" or nil
  end
  for _, mark in ipairs(rolls.mark:rows{class = sheet.class, date = sheet.date, session = sheet.session, limit = ALL}) do
    codes[mark.student.id] = mark.code
  end
  return codes
end

local function put(sheet, pupil, code)
  local mark = rolls.mark:find{student = pupil, date = sheet.date, session = sheet.session}
  if not code then
    return mark and mark:delete()
  elseif mark then
    mark.code = code
  else
    mark = assert(rolls.mark:create{student = pupil, date = sheet.date, session = sheet.session, code = code})
  end
  if code == "unknown" then app.after("tell", {mark = mark.id}, {minutes = app.settings.wait}) end
  if rolls.ILL[code] then
    local class = sheet.class.id
    app.after("watch", {about = class .. code, class = class, code = code, date = sheet.date})
  end
end

app.get("/", {allow = {"teacher", "guardian", "principal", "office", "county"}}, function()
  if app.role == "guardian" then
    return app.page("child", {marks = app.subject and rolls.mark:rows{student = app.subject, limit = ALL} or {}})
  end
  return app.role == "teacher" and app.page("today", {sheets = today()}) or app.redirect "/board"
end)

app.get("/sheet/{id}/take", {allow = {"teacher"}}, function(req)
  local sheet = rolls.sheet:get(req.params.id) or app.absent()
  return app.page("take", {sheet = sheet, codes = codes_of(sheet), options = rolls.CODES,
    pupils = pupils:rows{class = sheet.class, order = "local_no", ascending = true, limit = ALL}})
end)

rolls.sheet:action("take", {role = "teacher"}, function(sheet, req)
  local away = 0
  for _, pupil in ipairs(pupils:rows{class = sheet.class, limit = ALL}) do
    local code = req.form[pupil.id] ~= "" and req.form[pupil.id] or nil
    put(sheet, pupil, code)
    away = away + (code and code ~= "late" and 1 or 0)
  end
  sheet.state, sheet.away = "taken", away
  return app.redirect "/"
end)

local function counts(org)
  local about = {date = app.today(), org = org.id, subtree = true}
  return {org = org, open = app.count("open", about) or 0, away = app.count("away", about) or 0}
end

app.get("/board", HEADS, function()
  local below = {}
  for i, org in ipairs(app.below) do below[i] = counts(org) end
  table.sort(below, function(a, b) return a.open > b.open or a.open == b.open and a.org.code < b.org.code end)
  return app.page("board", {own = counts(app.org), below = below, missing = today "open"})
end)

app.post("/remind", HEADS, function()
  local takers = {}
  for _, sheet in ipairs(today "open") do takers[#takers + 1] = sheet.taker end
  app.notify(takers, "remind", {date = app.today()}, "/")
  return app.redirect "/board"
end)

app.home("teacher", function()
  local items = {}
  for i, sheet in ipairs(today "open") do
    items[i] = {title = app.t("sheet.codes.session." .. sheet.session), note = sheet.class.name,
      path = app.url("/sheet/" .. sheet.id .. "/take"), icon = "list-check"}
  end
  return {{title = app.t "title", icon = "list-check", count = #items, items = table.move(items, 1, 5, 1, {}),
    link = {app.t "cards.all", app.url "/"}, empty = app.t "cards.none"}}
end)

for _, role in ipairs {"principal", "county"} do
  app.home(role, function()
    local open = counts(app.org).open
    return {{title = app.t "title", icon = "list-check", count = open, link = {app.t "cards.board", app.url "/board"},
      empty = app.t("cards.missing", {count = open})}}
  end)
end
