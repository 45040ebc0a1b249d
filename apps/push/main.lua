-- SPDX-License-Identifier: Apache-2.0
--- Resources on their way: a county puts a pack together, looks whom it reaches and sends it; schools see,
--- play, rate and note.
local app = require "app"
local packs = require "packs"

local classes = app.records "base.class"
local MANY <const> = 1000
local SUMMER <const> = 8 -- from this month on it is the next school year

-- The years in which the classes of a pack's first and last grade began.
local function years_of(pack)
  local year, month = app.today():match "(%d+)-(%d+)"
  local now = tonumber(year) - (tonumber(month) < SUMMER and 1 or 0) + 1
  return now - pack.last, now - pack.first
end

local function count_of(rollup, pack, org)
  local sum, from, to = 0, years_of(pack)
  for year = from, to do
    sum = sum + (app.count(rollup, {stage = pack.stage, entry_year = year, org = org, subtree = true}) or 0)
  end
  return sum
end

local function deliver(pack)
  local from, to = years_of(pack)
  local reached = classes:rows{stage = pack.stage, entry_year = {at_least = from, at_most = to}, limit = MANY}
  if #reached == 0 then return end
  for _, class in ipairs(reached) do assert(packs.place:create{pack = pack, class = class}) end
  assert(packs.delivery:create{pack = pack, classes = #reached, pupils = count_of("base.pupils", pack, app.org.id)})
  for _, role in ipairs {"principal", "office"} do
    app.notify(app.holders(role), "arrived", {name = pack.name}, "/pack/" .. pack.id)
  end
end

-- Down the tree, a piece at each organisation; where it was before nothing is done twice.
app.job("settle", {key = "pack"}, function(arg)
  local pack, there = packs.pack:get(arg.pack), packs.delivery:find{pack = arg.pack}
  for _, unit in ipairs(app.below) do app.after("settle", arg, {at = unit}) end
  if there and pack.state == "recalled" then
    there.state = "gone"
  elseif not there and pack.state == "sent" then
    deliver(pack)
  end
end)

local function settle(pack, state)
  pack.state = state
  app.after("settle", {pack = pack.id}, {at = pack.only or app.org})
end

packs.pack:form("new", {"name", "stage", "first", "last", "only"}, function() return {owner = app.org.ref} end)
packs.pack:list("packs", {columns = {"name", "stage", "first", "last", "state"}, filter = {"state"}})
packs.pack:action("send", {role = "county", from = {state = "draft"}}, function(pack) settle(pack, "sent") end)
packs.pack:action("recall", {role = "county", from = {state = "sent"}}, function(pack) settle(pack, "recalled") end)

packs.resource:form("add", {"pack", "name", "subject", "edition", "unit", "licence", "channel", "file"})
packs.resource:action("withdraw", {role = "county", from = {state = "live"}}, function(resource) resource.state = "recalled" end)
packs.resource:action("rate", {role = "teacher"}, function(resource, req)
  local mine, stars = packs.rating:find{resource = resource, by = app.me}, req.form.stars
  if mine then
    mine.stars = stars
  else
    local made, problem = packs.rating:create{resource = resource, stars = stars}
    if not made then return nil, problem end
  end
end)
packs.resource:action("note", {role = {"teacher", "student"}}, function(resource, req)
  local made, problem = packs.note:create{resource = resource, text = req.form.text}
  if not made then return nil, problem end
end)
packs.note:list("notes", {columns = {"name", "text"}})

packs.delivery:list("received", {columns = {"name", "classes", "pupils", "state", "confirmed"}, filter = {"state"},
  actions = {"confirm"}, allow = {"principal", "office"}})
packs.delivery:action("confirm", {role = {"principal", "office"}, from = {state = "here", confirmed = false}}, function(delivery)
  delivery.confirmed = true
end)

-- Whom it reaches, before it is sent; afterwards who has it.
app.get("/pack/{id}/reach", {allow = {"county"}}, function(req)
  local pack, units, bytes = packs.pack:get(req.params.id) or app.absent(), {}, 0
  for _, unit in ipairs(app.below) do
    local reached = not pack.only or pack.only == unit.ref
    local one = {org = unit, classes = reached and count_of("base.classes", pack, unit.id) or 0}
    one.pupils = one.classes > 0 and count_of("base.pupils", pack, unit.id) or 0
    one.here = app.count("here", {pack = pack, org = unit.id, subtree = true}) or 0
    one.confirmed = app.count("confirmed", {pack = pack, org = unit.id, subtree = true}) or 0
    if one.classes > 0 or one.here > 0 then units[#units + 1] = one end
  end
  for _, resource in ipairs(packs.resource:rows{pack = pack, state = "live", limit = MANY}) do bytes = bytes + resource.file.size end
  return app.page("reach", {pack = pack, units = units, bytes = bytes})
end)

app.get("/", {allow = packs.pack:roles "read"}, function()
  return app.redirect((app.role == "principal" or app.role == "office") and "/received" or "/packs")
end)
