-- SPDX-License-Identifier: Apache-2.0
--- What home pages show of leave: a guardian the latest of the chosen child, a class teacher what
--- waits for a decision, a principal what was passed on and how much waits in each class.
local app = require "app"
local leaves = require "leaves"
local ui = require "app.ui"

local cards = {}

local SHOWN <const> = 5
local TONES <const> = {asked = "warn", granted = "ok", refused = "danger", withdrawn = "plain"}
local ICON <const> = "calendar-off"

local function path_of(row)
  return app.url("/leave/" .. row.id)
end

local function kind(row)
  return app.t("leave.codes.kind." .. row.kind)
end

function cards.guardian()
  local items, child = {}, app.subject
  for i, row in ipairs(child and leaves:rows{student = child, limit = SHOWN} or {}) do
    items[i] = {title = ui.dates{row.from, row.to}, note = kind(row), path = path_of(row), icon = ICON,
                tag = {app.t("leave.codes.state." .. row.state), TONES[row.state]}}
  end
  return {{title = app.t("cards.mine"), icon = ICON, items = items,
           link = {app.t("leave.forms.ask.title"), app.url("/ask")}, empty = app.t("cards.none")}}
end

local function button(row, action, tone)
  return {app.t("leave.actions." .. action), path_of(row) .. "/" .. action, tone}
end

local function waiting(row, yes, no)
  local note = ui.dates{row.from, row.to} .. " · " .. kind(row)
  if row.reason then note = note .. " · " .. row.reason end
  local name = row.student and row.student.name
  return {title = name or app.t("ui.hidden"), person = name, note = note, path = path_of(row),
          actions = {button(row, yes, "primary"), button(row, no)}}
end

-- The first that wait at a level, with the two ways to decide.
local function desk(level, count, yes, no)
  local items = {}
  for i, row in ipairs(leaves:rows{state = "asked", level = level, limit = SHOWN + 1}) do
    items[i] = waiting(row, yes, no)
  end
  local more = #items > SHOWN
  items[SHOWN + 1] = nil
  return {title = app.t("cards.waiting"), icon = ICON, count = count or #items, items = items,
          link = more and {app.t("cards.all"), app.url("/desk?level=" .. level .. "&state=asked")} or nil,
          empty = app.t("cards.nothing_waiting")}
end

--- Only who has a class has something to decide.
function cards.teacher()
  local count = 0
  for _, class in ipairs(app.members "classes") do
    count = count + (app.count("asked_by_class", {class = class}) or 0)
  end
  return {desk("class", count, "grant", "refuse")}
end

function cards.principal()
  local items = {}
  for _, class in ipairs(leaves:choices "class") do
    local count = app.count("asked_by_class", {class = class}) or 0
    items[#items + 1] = count > 0 and {title = class.name, tag = {app.t("cards.count", {count = count}), "warn"}} or nil
  end
  return {desk("school", nil, "approve", "decline"),
          {title = app.t("cards.by_class"), icon = ICON, items = items, empty = app.t("cards.nothing_waiting"),
           link = {app.t("cards.all"), app.url "/desk?state=asked"}}}
end

return cards
