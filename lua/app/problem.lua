-- SPDX-License-Identifier: Apache-2.0
--- What somebody can mend: a field ("" for the whole) and a stable word.
--
-- Comes as second and third result after nil: a table with both, and the word once more, so that
-- `local row, problem = …` and `local row, field, word = …` read equally well.
local problem = {}

local shape = {
  __name = "problem", __metatable = false,
  __tostring = function(self) return self.field end,
}

--- nil, problem, word
function problem.refuse(field, word)
  return nil, setmetatable({field = field or "", word = word or "other"}, shape), word
end

--- A problem out of what a handler returned after nil: a word, or a problem.
function problem.of(word, field)
  if type(word) == "table" then
    return word
  end
  return setmetatable({field = type(field) == "string" and field or "", word = tostring(word)}, shape)
end

return problem
