-- SPDX-License-Identifier: Apache-2.0
--- What the account page shows: who somebody is, what they hold, how pages look to them.
local call = require("core.call")
local here = require("ui.here")
local people = require("core.people")
local sessions = require("sessions")

local account = {}

local LANGUAGES <const> = {{value = "zh", text = "中文"}, {value = "en", text = "English"}}
local LOOKS <const> = {
  {value = "auto", key = "device", icon = "device-desktop"},
  {value = "light", key = "light", icon = "sun"},
  {value = "dark", key = "dark", icon = "moon"},
}

local function languages()
  local list = {}
  for i, one in ipairs(LANGUAGES) do
    list[i] = {value = one.value, text = one.text, current = one.value == call.lang}
  end
  return list
end

local function looks()
  local chosen, list = call.theme ~= "" and call.theme or "auto", {}
  for i, one in ipairs(LOOKS) do
    list[i] = {value = one.value, text = here.word("account." .. one.key), icon = one.icon, current = one.value == chosen}
  end
  return list
end

function account.data()
  local opened, others = sessions.items()
  return {
    sessions = opened, others = others,
    person = here.name(), role = here.role(), place = here.place(call.role_org), roles = people.roles(),
    languages = languages(), looks = looks(),
  }
end

return account
