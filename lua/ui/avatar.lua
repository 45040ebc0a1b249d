-- SPDX-License-Identifier: Apache-2.0
--- A circle with the end of a Chinese name or the initials of another: ui.avatar{"陈语桐", big = true}.
local component = require("ui.component")

local HAN_FROM <const> = 0x2E80 -- radicals, ideographs and their extensions stand above

local function initials(name)
  local letters = {}
  for word in name:gmatch("%S+") do
    letters[#letters + 1] = utf8.char(utf8.codepoint(word)):upper()
  end
  return table.concat(letters, "", 1, math.min(2, #letters))
end

local function mark(name)
  local length = utf8.len(name) or 0
  if length == 0 then
    return ""
  end
  local last = utf8.codepoint(name, utf8.offset(name, -1))
  if last < HAN_FROM then
    return initials(name)
  end
  return name:sub(utf8.offset(name, -math.min(2, length)))
end

return component.define{name = "avatar", needs = {"name"}, takes = {big = false}, pure = true, shape = function(data)
  data.mark = mark(data.name)
end}
