-- SPDX-License-Identifier: Apache-2.0
--- The sessions of one's own account, as the account page shows them: since when, on what, this one.
local here = require("ui.here")
local people = require("core.people")
local ui = require("app.ui")

local sessions = {}

-- What browsers call themselves holds the names of others: the first that fits, in this order.
local BROWSERS <const> = {
  {"MicroMessenger", "微信"}, {"DingTalk", "钉钉"}, {"Edg/", "Edge"}, {"Firefox", "Firefox"}, {"Chrome", "Chrome"}, {"Safari", "Safari"},
}
local DEVICES <const> = {
  {"iPhone", "iPhone"}, {"iPad", "iPad"}, {"HarmonyOS", "HarmonyOS"}, {"Android", "Android"}, {"Windows", "Windows"}, {"Macintosh", "Mac"},
  {"Linux", "Linux"},
}

local function first_of(names, agent)
  for _, pair in ipairs(names) do
    if agent:find(pair[1], 1, true) then
      return pair[2]
    end
  end
end

local function name_of(session)
  if session.program then
    return here.word("sessions.program")
  end
  local device, browser = first_of(DEVICES, session.device), first_of(BROWSERS, session.device)
  if device and browser then
    return device .. " · " .. browser
  end
  return device or browser or here.word("sessions.unknown")
end

local function item(session)
  return {
    title = name_of(session), icon = session.program and "devices" or "device-desktop",
    note = here.word("sessions.since", {made = ui.moment{session.made}, seen = ui.moment{session.seen}}),
    tag = session.current and ui.tag{here.word("sessions.this"), tone = "primary"},
    acts = not session.current and ui.action{here.word("sessions.stop"), to = "/account/sessions", fields = {["end"] = session.id}} or nil,
  }
end

--- Rows for the page, and whether there are others than this one.
function sessions.items()
  local items, others = {}, false
  for i, session in ipairs(people.sessions()) do
    items[i] = item(session)
    others = others or not session.current
  end
  return items, others
end

return sessions
