-- SPDX-License-Identifier: Apache-2.0
--- Pages by name: the app's own pages/NAME.html, else the platform's ui/pages/NAME.html. A page's
--- layout is another page or a component, which gets the page as its `body`.
local html = require("core.html")
local template = require("web.template")
local running = require("app.running")
local slots = require("app.slots")
local text = require("app.text")
local url = require("app.url")

local pages = {}

local compiled = {}

local function read(name)
  local path = "pages/" .. name .. ".html"
  local source = html.source("app", path)
  if source then
    return source, path
  end
  path = "ui/" .. path
  return html.source("library", path), path
end

local function component(name)
  local draw = require("app.ui")[name]
  return draw and function(data)
    local given = {}
    for key, value in pairs(data) do
      given[key == "content" and "body" or key] = value
    end
    return draw(given)
  end
end

local function find(name)
  if not compiled[name] then
    local source, path = read(name)
    slots.open_page(running.instance(), name)
    compiled[name] = source and template.compile(source, path, find) or component(name)
      or error(("there is no page '%s'"):format(name), 0)
  end
  return compiled[name]
end

--- Does the app bring a page of this name itself?
function pages.has(name)
  return html.source("app", "pages/" .. name .. ".html") ~= nil
end

-- Templates of the app see it, whichever organisation they are drawn for.
local here = readonly(require("ui.here"))

-- What every page may use beside its data. One table an instance: templates remember it.
local function env_of(instance)
  instance.env = instance.env or {
    app = instance.app, ui = instance.offers["app.ui"], here = here,
    t = text.app, word = text.platform, url = url.of, slot = slots.draw,
  }
  return instance.env
end

--- The page as a text.
function pages.render(instance, name, data)
  return tostring(find(name)(data, env_of(instance)))
end

return pages
