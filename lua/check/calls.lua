-- SPDX-License-Identifier: Apache-2.0
--- Calls of the door in Lua source: app.NAME(…), with what stands between the brackets.
local calls = {}

-- How many arguments each function of the door takes; what is not here is not counted.
local ARGUMENTS <const> = {
  collection = {2, 2}, set = {2, 2}, rollup = {2, 2}, get = {2, 3}, post = {2, 3}, home = {2, 2}, importer = {3, 3},
  job = {2, 3}, every = {3, 4}, calendar = {2, 2}, event = {1, 1}, emit = {1, 2}, point = {2, 2}, on = {2, 3},
  topic = {1, 2}, publish = {1, 2}, after = {1, 3}, page = {1, 3}, redirect = {1, 1}, json = {1, 2}, absent = {0, 0},
  has_page = {1, 1}, url = {1, 1}, t = {1, 2}, members = {1, 2}, file = {1, 1}, count = {1, 2}, sum = {1, 2},
  now = {0, 0}, today = {0, 0}, days = {2, 2}, notify = {2, 4}, log = {1, 1},
}

local OPENS <const> = {["("] = true, ["{"] = true, ["["] = true, ["function"] = true, ["do"] = true, ["if"] = true, ["repeat"] = true}
local CLOSES <const> = {[")"] = true, ["}"] = true, ["]"] = true, ["end"] = true, ["until"] = true}

local function is(token, text)
  return token ~= nil and token.text == text and token.kind ~= "string"
end

--- The arguments of the bracket at a place, each {first, last} of the tokens; what is behind it.
function calls.arguments(tokens, at)
  local list, depth, first = {}, 0, at + 1
  for i = at + 1, #tokens do
    local token = tokens[i]
    local word = token.kind ~= "string" and token.text
    if depth == 0 and (word == "," or word == ")") then
      if i > first then
        list[#list + 1] = {first = first, last = i - 1}
      end
      first = i + 1
      if word == ")" then
        return list, i + 1
      end
    elseif OPENS[word] then
      depth = depth + 1
    elseif CLOSES[word] then
      depth = depth - 1
    end
  end
  return list, #tokens + 1
end

-- `app.t "key"` and `app.get {…}` have the one.
local function arguments_of(tokens, at)
  local token = tokens[at]
  if is(token, "(") then
    return calls.arguments(tokens, at)
  elseif token and (token.kind == "string" or is(token, "{")) then
    return {{first = at, last = at}}
  end
end

--- All calls of a name of the door: {name, line, arguments}.
function calls.of_door(tokens)
  local found = {}
  for i = 1, #tokens - 3 do
    if is(tokens[i], "app") and is(tokens[i + 1], ".") and tokens[i + 2].kind == "name" and not is(tokens[i - 1], ".") then
      local arguments = arguments_of(tokens, i + 3)
      if arguments then
        found[#found + 1] = {name = tokens[i + 2].text, line = tokens[i + 2].line, arguments = arguments}
      end
    end
  end
  return found
end

-- The last argument may be several: a call, or `…`.
local function may_be_more(tokens, arguments)
  local last = arguments[#arguments]
  return last ~= nil and (is(tokens[last.last], ")") or is(tokens[last.last], "..."))
end

local function wanted(bounds)
  return bounds[1] == bounds[2] and tostring(bounds[1]) or ("%d to %d"):format(bounds[1], bounds[2])
end

--- Calls with too few or too many arguments.
function calls.check(tokens, place, report)
  for _, call in ipairs(calls.of_door(tokens)) do
    local bounds, count = ARGUMENTS[call.name], #call.arguments
    if bounds and (count > bounds[2] or count < bounds[1] and not may_be_more(tokens, call.arguments)) then
      report(place, call.line, ("app.%s takes %s argument%s, not %d"):format(call.name, wanted(bounds),
        bounds[2] == 1 and "" or "s", count))
    end
  end
end

return calls
