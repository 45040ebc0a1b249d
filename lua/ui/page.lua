-- SPDX-License-Identifier: Apache-2.0
--- The frame of a page. The links stand once: below on phones, at the side on a desktop. Where the
--- page is (crumbs, way back, mark) follows from its address. Pages before sign-in stand `alone`.
local component = require("ui.component")
local here = require("ui.here")

local BAR <const> = 5 -- links that a phone's bar has room for

-- The one of links whose address is the longest beginning of path: where the page belongs.
local function find_current(links, path)
  local best
  for _, link in ipairs(links) do
    local below = link.href ~= "/" and path:sub(1, #link.href) == link.href
    if (link.href == path or below) and (not best or #link.href > #best.href) then
      best = link
    end
  end
  return best
end

-- What has no room in a phone's bar is reached from home; help and account stay.
local function mark_extra(links)
  local over = #links - BAR
  for i, link in ipairs(links) do
    link.extra = i > #links - 2 - over and i <= #links - 2
  end
end

local function crumbs(data, home, current)
  if not current or current == home then
    return {}
  elseif data.top or current.href == data.frame.path then
    return {{home.text, home.href}, {current.text, false}}
  end
  return {{home.text, home.href}, {current.text, current.href}, {data.title, false}}
end

local function find_place(data)
  data.back = false
  local current = find_current(data.links, data.frame.path)
  if current then
    current.current = true
    data.back = not data.top and current.href ~= data.frame.path and current.href
  end
  -- What was stored needs no draft any more; forms and what they make share their app's address.
  data.drafts_over = current and current.href or data.frame.path
  data.place = current and current ~= data.links[1] and current.text or here.word("brand")
  data.crumbs = crumbs(data, data.links[1], current)
end

local function shape(data)
  data.frame = here.frame()
  data.links = data.frame.links
  data.alone = data.alone or not data.frame.signed_in
  find_place(data)
  mark_extra(data.links)
end

return component.define{name = "page", needs = {"title", "body"},
  takes = {lead = false, acts = false, done = false, hero = false, alone = false, narrow = false, bare = false, top = false},
  markup = {"body", "lead", "acts", "hero"}, shape = shape}
