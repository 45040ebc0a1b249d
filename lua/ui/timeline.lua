-- SPDX-License-Identifier: Apache-2.0
--- Steps in time, the way a matter goes.
local component = require("ui.component")

local LOOK <const> = {
  done = {icon = "check", tone = "ok"},
  now = {icon = "clock", tone = "primary"},
  next = {icon = false, tone = "plain"},
  refused = {icon = "x", tone = "danger"},
}

return component.define{name = "timeline", needs = {"items"}, shape = function(data)
  for i, item in ipairs(data.items) do
    local look = LOOK[item.state or "next"] or error("ui.timeline has no state '" .. tostring(item.state) .. "'")
    data.items[i] = {
      title = component.markup(item.title), note = item.note or false,
      icon = look.icon, tone = look.tone, now = item.state == "now",
    }
  end
end}
