-- SPDX-License-Identifier: Apache-2.0
--- What a person holds, and the switch: items of {role, org = {id, name}, current}.
local component = require("ui.component")
local here = require("ui.here")

local ICONS <const> = {guardian = "users", teacher = "book-2", student = "user", county = "building-community", operator = "devices"}

return component.define{name = "roles", needs = {"items"}, shape = function(data)
  local ui = require("app.ui")
  local shown = {}
  for i, item in ipairs(data.items) do
    local title = here.word("role." .. item.role)
    shown[i] = {title = title, note = here.place(item.org), icon = ICONS[item.role] or "building",
      tone = item.current and "primary" or "plain",
      aside = item.current and ui.tag{here.word("account.now"), tone = "ok"} or ui.action{
        here.word("account.use"), to = "/switch", fields = {role = item.role, org = item.org.id},
        label = here.word("account.use") .. " " .. title .. " " .. here.place(item.org)}}
  end
  data.shown = shown
end}
