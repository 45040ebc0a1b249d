-- SPDX-License-Identifier: Apache-2.0
--- Telling people: into one outbox, in the commit of the write; the platform delivers.
local job = require("core.job")
local json = require("core.json")
local text = require("app.text")
local url = require("app.url")

local PEOPLE_MAX <const> = 200 -- of one piece

-- A row of a person, or a list of them; without doubles.
local function ids_of(people)
  local ids, known = {}, {}
  for _, row in ipairs(type(people) == "table" and people or {people}) do
    if row.collection ~= "base.person" then
      error("app.notify tells persons, not " .. tostring(row.collection), 3)
    end
    if not known[row.id] then
      known[row.id] = true
      ids[#ids + 1] = row.id
    end
  end
  return ids
end

--- Tells people `notices.WORD` of the app's words, with its values, in the language they read it in.
--- `path` is where it leads, within the app. nil as people is nobody.
local function notify(people, word, values, path)
  local ids = ids_of(people)
  if not text.has("notices." .. word) then
    error(("lang/zh.yaml has no 'notices.%s'"):format(word), 2)
  end
  text.app("notices." .. word, values) -- a value that is missing is told now, and not to the readers
  for first = 1, #ids, PEOPLE_MAX do
    job.notify(json.encode {
      people = table.move(ids, first, math.min(first + PEOPLE_MAX - 1, #ids), 1, {}),
      word = word, values = values or {}, path = path and url.of(path) or "",
    })
  end
end

return notify
