-- SPDX-License-Identifier: Apache-2.0
--- The home page by role: a guardian's child, a teacher's desk, an office's desk.
--
-- Apps bring cards. A card is a plain table, because it comes out of the app's own state:
--   {title = "…", icon = "calendar-off", count = 2, link = {"All", "/o/…"}, empty = "…",
--    items = {{title = "…", note = "…", path = "/o/…", person = "…", icon = "…",
--              tag = {"Waiting", "warn"}, actions = {{"Grant", "/o/…/grant", "primary"}}}}}
local app = require("app")
local call = require("core.call")
local catalogue = require("core.catalogue")
local day = require("ui.day")
local here = require("ui.here")
local people = require("core.people")
local setting = require("core.setting")
local ui = require("app.ui")

local home = {}

local TONES <const> = {"primary", "warn", "ok", "violet", "info", "danger"}

local function actions(item)
  local buttons = {}
  for i, action in ipairs(item.actions or {}) do
    buttons[i] = ui.action{action[1], to = action[2], tone = action[3] or false,
      label = item.title and action[1] .. " " .. item.title}
  end
  return #buttons > 0 and buttons or nil
end

local function draw(card)
  local items = {}
  for i, item in ipairs(card.items or {}) do
    items[i] = {title = item.title, note = item.note, href = item.path, person = item.person,
      icon = item.icon, tone = item.tag and item.tag[2],
      tag = item.tag and ui.tag{item.tag[1], tone = item.tag[2]}, acts = actions(item)}
  end
  return ui.card{title = card.title, count = card.count and card.count > 0 and card.count, link = card.link or false,
    body = #items > 0 and ui.list{items} or ui.note{card.empty or here.word("ui.nothing")}}
end

-- The cards of all apps, drawn, and the icon that each app's card has.
local function cards_of(apps, role, subject)
  local drawn, icons = {}, {}
  for _, one in ipairs(apps) do
    for _, card in ipairs(one.has_cards and people.cards(one.id, role.role, role.org.id, subject) or {}) do
      drawn[#drawn + 1] = draw(card)
      icons[one.id] = icons[one.id] or card.icon
    end
  end
  return drawn, icons
end

local function services_of(apps, icons)
  local items = {}
  for i, one in ipairs(apps) do
    items[i] = {text = one.title, href = one.path, icon = icons[one.id] or "apps",
      tone = TONES[(i - 1) % #TONES + 1], count = false}
  end
  return items
end

local function help_tile()
  return {text = here.word("nav.help"), href = "/help", icon = "help-circle", tone = "info", count = false}
end

local function current(roles)
  for _, role in ipairs(roles) do
    if role.current then
      return role
    end
  end
  return roles[1]
end

-- All children of a guardian, at whatever school; the one acted for is marked.
local function children(roles, subject)
  local list = {}
  for _, role in ipairs(roles) do
    for _, member in ipairs(role.role == "guardian" and role.members or {}) do
      list[#list + 1] = {name = member.name, role = role.role, org = role.org.id, subject = member.ref,
        school = here.place(role.org), current = subject ~= nil and subject.id == member.ref}
    end
  end
  return list
end

-- What somebody holds apart from being a guardian: those are chosen by the child.
local function switchable(roles)
  local list, guardian = {}, false
  for _, role in ipairs(roles) do
    if role.role ~= "guardian" or not guardian then
      list[#list + 1] = role
      guardian = guardian or role.role == "guardian"
    end
  end
  return list
end

local function guardian(roles, role)
  local subject = call.subject
  local kids = children(roles, subject)
  if #kids == 0 then
    return app.page("nobody", {title = here.word("home.no_children"), note = here.word("home.no_children_note"),
      roles = switchable(roles)})
  end
  -- Services are for a child: until one is chosen there is nothing to do by mistake for another.
  local apps, cards, icons = subject and people.apps(role.role, role.org.id) or {}, {}, {}
  if subject then
    cards, icons = cards_of(apps, role, subject.id)
  end
  local services = services_of(apps, icons)
  services[#services + 1] = help_tile()
  return app.page("guardian", {
    name = subject and subject.name or here.word("home.choose_child"), chosen = subject ~= nil,
    facts = subject and {here.place(role.org), subject.class and subject.class.name} or {here.word("home.choose_child_note")},
    today = day.long(here.today()), kids = kids, services = services, roles = switchable(roles), cards = cards,
  })
end

local function catalogue_tile(org)
  return {text = here.word("catalogue.title"), href = "/console/apps/" .. org.id, icon = "apps", tone = "info", count = false}
end

local function settings_tile(org)
  return {text = here.word("settings.title"), href = "/console/settings/" .. org.id, icon = "settings", tone = "violet", count = false}
end

local function desk(roles, role)
  local apps = people.apps(role.role, role.org.id)
  local cards, icons = cards_of(apps, role)
  local services = services_of(apps, icons)
  if catalogue.may(role.org.id) then
    services[#services + 1] = catalogue_tile(role.org)
  end
  if setting.may(role.org.id) then
    services[#services + 1] = settings_tile(role.org)
  end
  return app.page("desk", {
    title = here.word(here.works() and "nav.desk" or "nav.home"),
    facts = {here.place(role.org), day.long(here.today())}, services = services,
    cards = cards, roles = switchable(roles),
  })
end

function home.page()
  local roles = people.roles()
  local role = current(roles)
  if not role then
    return app.page("nobody", {title = here.word("home.no_role"), note = here.word("home.no_role_note"), roles = {}})
  end
  return role.role == "guardian" and guardian(roles, role) or desk(roles, role)
end

return home
