-- SPDX-License-Identifier: Apache-2.0
--- What home pages show of leave: a guardian the latest of the chosen child, a class teacher what
--- waits for a decision.
local app = require "app"
local leaves = require "leaves"

local cards = {}

local SHOWN <const> = 5
local TONES <const> = {asked = "warn", granted = "ok", refused = "danger", withdrawn = "plain"}

local function path_of(row)
  return app.url("/leave/" .. row.id)
end

local function day(iso)
  local month, date = iso:match("^%d+%-(%d+)%-(%d+)")
  return app.t("cards.day", {month = tonumber(month), day = tonumber(date)})
end

local function days(row)
  if row.from == row.to then return day(row.from) end
  return app.t("cards.days", {from = day(row.from), to = day(row.to)})
end

local function kind(row)
  return app.t("leave.codes.kind." .. row.kind)
end

function cards.guardian()
  local items = {}
  local child = app.subject
  for i, row in ipairs(child and leaves:rows({student = child, limit = SHOWN}) or {}) do
    items[i] = {title = days(row), note = kind(row), path = path_of(row), icon = "calendar-off",
                tag = {app.t("leave.codes.state." .. row.state), TONES[row.state]}}
  end
  return {{title = app.t("cards.mine"), icon = "calendar-off", items = items,
           link = {app.t("leave.forms.ask.title"), app.url("/ask")}, empty = app.t("cards.none")}}
end

local function waiting(row)
  local note = days(row) .. " · " .. kind(row)
  if row.reason then note = note .. " · " .. row.reason end
  local name = row.student and row.student.name
  return {title = name or app.t("ui.hidden"), person = name, note = note, path = path_of(row),
          actions = {{app.t("leave.actions.grant"), path_of(row) .. "/grant", "primary"},
                     {app.t("leave.actions.refuse"), path_of(row) .. "/refuse"}}}
end

local function count_waiting()
  local count = 0
  for _, class in ipairs(app.members("classes")) do
    count = count + (app.count("asked_by_class", {class = class}) or 0)
  end
  return count
end

--- Only who has a class has something to decide.
function cards.teacher()
  local items = {}
  for i, row in ipairs(leaves:rows({state = "asked", limit = SHOWN + 1})) do items[i] = waiting(row) end
  local more = #items > SHOWN
  items[SHOWN + 1] = nil
  return {{title = app.t("cards.waiting"), icon = "calendar-off", count = count_waiting(), items = items,
           link = more and {app.t("cards.all"), app.url("/desk?state=asked")} or nil,
           empty = app.t("cards.nothing_waiting")}}
end

return cards
