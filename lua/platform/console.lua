-- SPDX-License-Identifier: Apache-2.0
--- The settings of applications, for administrators: /console/settings/{org} and …/{org}/{app}. Who may
--- set something there is decided by the rules of the collection `setting`, in core.setting.
local app = require("app")
local call = require("core.call")
local form = require("setting_form")
local here = require("ui.here")
local layers = require("app.layers")
local setting = require("core.setting")
local ui = require("app.ui")

local ANYONE <const> = {allow = {"anyone"}}

require("setting")

local function title_of(one)
  return call.lang == "en" and one.en or one.zh
end

local function app_of(id)
  for _, one in ipairs(setting.apps()) do
    if one.id == id then
      return one
    end
  end
  app.absent()
end

-- The layers from the root down to the organisation; its own is the last.
local function read(id, org)
  local stack = setting.layers(id, org)
  return {app = id, org = org, schema = setting.schema(id), stack = stack, own = stack[#stack]}
end

local function conflicts(states)
  local count = 0
  for _, state in pairs(states) do
    count = count + #state.problems
  end
  return count
end

app.get("/console/settings", ANYONE, function()
  return app.redirect("/console/settings/" .. call.role_org.id)
end)

app.get("/console/settings/{org}", ANYONE, function(req)
  local org, items, place = req.params.org, {}, nil
  for i, one in ipairs(setting.apps()) do
    local at = read(one.id, org)
    local wrong = conflicts(layers.resolve(at.schema, at.stack))
    place = here.place(at.own)
    items[i] = {title = title_of(one), note = here.word("settings.count", {count = #at.schema}), icon = "settings",
      href = ("/console/settings/%s/%s"):format(org, one.id),
      tag = wrong > 0 and ui.tag{here.word("settings.conflicts", {count = wrong}), tone = "warn"} or nil}
  end
  return app.page("settings", {items = items, place = place})
end)

local function show(at, one, sent, words)
  return app.page("setting", {title = title_of(one), place = here.place(at.own), back = "/console/settings/" .. at.org,
    body = form.draw(at, sent, words)}, next(words) and 422 or 200)
end

app.get("/console/settings/{org}/{app}", ANYONE, function(req)
  local one = app_of(req.params.app)
  return show(read(one.id, req.params.org), one, {}, {})
end)

app.post("/console/settings/{org}/{app}", ANYONE, function(req)
  local one = app_of(req.params.app)
  local at = read(one.id, req.params.org)
  local changes, words = form.changes(at, req.form)
  if next(words) then
    return show(at, one, req.form, words)
  end
  for name, change in pairs(changes) do
    local done, word = setting.put(one.id, at.org, name, change)
    if not done then
      return show(at, one, req.form, {[name] = word})
    end
  end
  return app.redirect(("/console/settings/%s/%s?done=1"):format(at.org, one.id))
end)
