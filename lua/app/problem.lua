-- SPDX-License-Identifier: Apache-2.0
--- What somebody can mend: a field ("" for the whole) and a stable word.
--
-- Comes as second and third result after nil: a table with both, and the word once more, so that
-- `local row, problem = …` and `local row, field, word = …` read equally well. Of several at once
-- the first stands for all, and `fields` has them.
local problem = {}

local shape = {
  __name = "problem", __metatable = false,
  __tostring = function(self) return self.field end,
}

--- nil, problem, word
function problem.refuse(field, word)
  return nil, setmetatable({field = field or "", word = word or "other"}, shape), word
end

--- A problem out of what a handler returned after nil: a word, or a problem. `values` are for the
--- sentence that says it.
function problem.of(word, field, values)
  if type(word) == "table" then
    return word
  end
  return setmetatable({field = type(field) == "string" and field or "", word = tostring(word), values = values}, shape)
end

--- A problem of several fields, as {field, word, say, values}: `say` where the sentence has a key of
--- its own. Nil when the list is empty.
function problem.several(list)
  if #list == 0 then
    return nil
  end
  table.sort(list, function(a, b) return a.field < b.field end)
  return setmetatable({field = list[1].field, word = list[1].word, say = list[1].say, values = list[1].values,
    fields = list}, shape)
end

return problem
