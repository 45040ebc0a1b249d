-- SPDX-License-Identifier: Apache-2.0
--- Things to look at or to handle, one under the other.
local component = require("ui.component")
local known = require("ui.known")

local KEYS <const> = {
  title = true, note = true, href = true, icon = true, tone = true, tag = true, acts = true, person = true, aside = true,
}

local function item(given)
  for key in pairs(given) do
    known.require(KEYS, key, "an item of ui.list")
  end
  return {
    title = component.markup(given.title), note = component.markup(given.note),
    href = given.href or false, icon = given.icon or false, tone = given.tone or "primary",
    tag = component.markup(given.tag), acts = component.markup(given.acts),
    person = given.person or false, aside = component.markup(given.aside),
  }
end

return component.define{name = "list", needs = {"items"}, shape = function(data)
  for i, given in ipairs(data.items) do
    data.items[i] = item(given)
  end
end}
