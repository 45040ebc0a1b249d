-- SPDX-License-Identifier: Apache-2.0
--- Named slots of screens, which the manifest offers: places that an overlay may fill. A form names
--- them among its fields, a page where it calls slot("name"); the parts of a list are slots by
--- themselves.
local host = require("core.app")
local html = require("core.html")
local options = require("app.options")

local slots = {}

local LIST_PARTS <const> = {"columns", "filter", "actions"}

-- As a table of names, so that unknown ones are told with what was meant.
local function check(screen, name)
  host.check_keys({[tostring(name)] = true}, ("slots of app.yaml, '%s'"):format(screen), host.slots()[screen] or {})
end

--- Notes that a screen has a slot; raises when the manifest does not offer it.
function slots.open(instance, screen, name)
  check(screen, name)
  instance.slots[screen] = instance.slots[screen] or {}
  instance.slots[screen][name] = true
end

--- Notes the slots that every list has.
function slots.open_list(instance, screen)
  instance.slots[screen] = {}
  for _, part in ipairs(LIST_PARTS) do
    instance.slots[screen][part] = true
  end
end

--- Notes the slots that a page of the app names: slot("aside").
function slots.open_page(instance, page)
  local source = html.source("app", "pages/" .. page .. ".html") or ""
  for name in source:gmatch("%f[%w_]slot%s*%(?%s*[\"']([%w_]+)[\"']") do
    slots.open(instance, page, name)
  end
end

-- Pages that no collection names are known by the manifest alone.
local function known_of(instance, screen)
  if not instance.slots[screen] and html.source("app", "pages/" .. screen .. ".html") then
    slots.open_page(instance, screen)
  end
  return instance.slots[screen]
end

--- What the manifest offers and no screen has.
function slots.add_problems(instance, problems)
  local offered = host.slots()
  for _, screen in ipairs(options.sorted(offered)) do
    local known = known_of(instance, screen)
    for _, name in ipairs(offered[screen]) do
      if not known then
        problems[#problems + 1] = ("app.yaml offers slots of '%s', which is no form, list or page"):format(screen)
        break
      elseif not known[name] then
        problems[#problems + 1] = ("app.yaml offers the slot '%s' of '%s', which has no such place"):format(name, screen)
      end
    end
  end
end

--- What stands in a slot of a page: what layers over the app put there.
function slots.draw()
  return html.join {}
end

return slots
