-- SPDX-License-Identifier: Apache-2.0
--- The catalogue: /console/apps/{org}. What each application is and asks for, whether it is on here, who
--- decided that; buttons for who may. A school says on or off, those above also require and forbid.
local app = require("app")
local call = require("core.call")
local catalogue = require("core.catalogue")
local here = require("ui.here")
local text = require("app.text")
local ui = require("app.ui")

local ANYONE <const> = {allow = {"anyone"}}
local TONES <const> = {on = "primary", off = "danger", required = "primary", forbidden = "danger"}

require("switch")

local function title_of(one)
  return call.lang == "en" and one.en or one.zh
end

-- "base.student" as its own app calls it.
local function collection_title(full)
  local id, name = full:match("^([^.]+)%.(.+)$")
  return text.of(id, name .. ".title")
end

local function asks_of(one)
  local list = {}
  for i, full in ipairs(one.reads) do
    list[i] = collection_title(full)
  end
  local facts = {}
  if #list > 0 then
    facts[1] = {here.word("catalogue.reads"), table.concat(list, here.word("settings.comma"))}
  end
  if #one.notifies > 0 then
    facts[#facts + 1] = {here.word("catalogue.notifies"), here.word("catalogue.notifies_people")}
  end
  if #facts == 0 then
    facts[1] = {here.word("catalogue.reads"), here.word("ui.none")}
  end
  return facts
end

-- Whose word counts: the uppermost that requires or forbids, else the nearest; nil: nobody's.
local function deciding(one)
  local found = one.words[1]
  for _, said in ipairs(one.words) do
    if said.word == "required" or said.word == "forbidden" then
      found = said
    end
  end
  return found
end

local function state_of(one, org)
  local said = deciding(one)
  local decided = said ~= nil and said.org.id ~= org and (said.word == "required" or said.word == "forbidden")
  local why = said and here.word("catalogue.said." .. said.word, {org = here.place(said.org)}) or here.word("catalogue.by_default")
  return decided, why
end

-- What may be said here that is not said yet.
local function choices(one, org, above)
  local own = one.words[1] and one.words[1].org.id == org and one.words[1].word
  local list = {}
  for _, word in ipairs(above and {"on", "off", "required", "forbidden"} or {one.enabled and "off" or "on"}) do
    if word ~= own then
      list[#list + 1] = ui.action{here.word("catalogue.say." .. word), to = ("/console/apps/%s/%s"):format(org, one.id),
        tone = TONES[word], fields = {word = word}, label = here.word("catalogue.say." .. word) .. " " .. title_of(one)}
    end
  end
  return list
end

local function card(one, org, above)
  local decided, why = state_of(one, org)
  local facts = asks_of(one)
  facts[#facts + 1] = {here.word("catalogue.state"), why}
  if one.quarantined then
    facts[#facts + 1] = {here.word("catalogue.trouble"), here.word("catalogue.quarantined")}
  end
  local acts = decided and {} or choices(one, org, above)
  if one.has_settings and one.enabled then
    acts[#acts + 1] = ui.link{here.word("settings.title"), href = ("/console/settings/%s/%s"):format(org, one.id)}
  end
  return {title = title_of(one), version = one.version, enabled = one.enabled, facts = facts, acts = acts}
end

app.get("/console/apps", ANYONE, function()
  return app.redirect("/console/apps/" .. call.role_org.id)
end)

app.get("/console/apps/{org}", ANYONE, function(req)
  local org, cards = req.params.org, {}
  local place = catalogue.place(org)
  for i, one in ipairs(catalogue.apps(org)) do
    cards[i] = card(one, org, place.kind ~= "school")
  end
  return app.page("catalogue", {cards = cards, place = here.place(place), done = req.query.done})
end)

app.post("/console/apps/{org}/{app}", ANYONE, function(req)
  local done, word = catalogue.put(req.params.app, req.params.org, req.form.word or "")
  if not done then
    return nil, "catalogue_" .. word
  end
  return app.redirect(("/console/apps/%s?done=%s"):format(req.params.org, req.form.word))
end)
