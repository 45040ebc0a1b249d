-- SPDX-License-Identifier: Apache-2.0
--- What Lua tests are written with. The runner (tests/core/lua_runner.h) runs each file in a state of
--- its own and reads what is gathered here.
---
---   local test = require("test")
---   test("a sentence that holds", function(w)
---     w:expect(actual, expected)                 -- tables are compared by content
---     w:expect_error("part of the message", function() … end)
---   end)
local results = {passed = 0, problems = {}}
local w = {}

local function show(value)
  if type(value) == "string" then
    return ("%q"):format(value)
  elseif type(value) ~= "table" then
    return tostring(value)
  end
  local parts = {}
  for key, item in pairs(value) do
    parts[#parts + 1] = tostring(key) .. " = " .. show(item)
  end
  table.sort(parts)
  return "{" .. table.concat(parts, ", ") .. "}"
end

local function same(a, b)
  if type(a) ~= "table" or type(b) ~= "table" then
    return a == b and math.type(a) == math.type(b)
  end
  for key, value in pairs(a) do
    if not same(value, b[key]) then
      return false
    end
  end
  for key in pairs(b) do
    if a[key] == nil then
      return false
    end
  end
  return true
end

function w:expect(actual, expected)
  if not same(actual, expected) then
    error("expected " .. show(expected) .. ", got " .. show(actual), 2)
  end
end

function w:expect_error(part, body, ...)
  local done, problem = pcall(body, ...)
  if done then
    error("expected an error with '" .. part .. "', got none", 2)
  elseif not tostring(problem):find(part, 1, true) then
    error("expected an error with '" .. part .. "', got " .. tostring(problem), 2)
  end
end

return setmetatable(results, {
  __call = function(_, sentence, body)
    local done, problem = pcall(body, w)
    if done then
      results.passed = results.passed + 1
    else
      results.problems[#results.problems + 1] = sentence .. "\n  " .. tostring(problem)
    end
  end,
})
