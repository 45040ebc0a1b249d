-- SPDX-License-Identifier: Apache-2.0
--- Lua source → its tokens, as {kind, text, line}: name, keyword, string (without its quotes), number,
--- op. What is no Lua ends the list: the compiler tells it better.
local lexer = {}

local KEYWORDS <const> = {}
for word in ([[and break do else elseif end false for function goto if in local nil not or repeat return
  then true until while]]):gmatch("%a+") do
  KEYWORDS[word] = true
end

local OPS <const> = {"...", "..", "==", "~=", "<=", ">=", "//", "::", "<<", ">>"}

local function op_at(text, at)
  for _, op in ipairs(OPS) do
    if text:sub(at, at + #op - 1) == op then
      return op
    end
  end
  return text:sub(at, at)
end

-- The end of a long string or comment that opens at a place: its content, what is behind it.
local function long_at(text, at)
  local level, from = text:match("^%[(=*)%[()", at)
  if not level then
    return nil
  end
  local stop, behind = text:find("]" .. level .. "]", from, true)
  return text:sub(from, (stop or 0) - 1), (behind or #text) + 1
end

local function quoted_at(text, at)
  local quote, from = text:sub(at, at), at + 1
  while true do
    local stop = text:find("[\\\n" .. quote .. "]", from)
    if not stop or text:sub(stop, stop) ~= "\\" then
      return text:sub(at + 1, (stop or #text + 1) - 1), (stop or #text) + 1
    end
    from = stop + 2
  end
end

-- Kind, text and what is behind the token at a place.
local function token_at(text, at)
  local first = text:sub(at, at)
  if first:find("[%a_]") then
    local word, behind = text:match("^([%w_]+)()", at)
    return KEYWORDS[word] and "keyword" or "name", word, behind
  elseif first:find("%d") then
    local number, behind = text:match("^([%w.]+)()", at)
    return "number", number, behind
  elseif first == '"' or first == "'" then
    return "string", quoted_at(text, at)
  end
  local long, behind = long_at(text, at)
  if long then
    return "string", long, behind
  end
  local op = op_at(text, at)
  return "op", op, at + #op
end

-- Behind spaces and remarks.
local function skip(text, at)
  while true do
    at = text:match("^%s*()", at)
    if text:sub(at, at + 1) ~= "--" then
      return at
    end
    local _, behind = long_at(text, at + 2)
    at = behind or text:match("^[^\n]*()", at)
  end
end

--- The tokens of a text whose first line is `line`.
function lexer.tokens(text, line)
  local tokens, at, counted = {}, skip(text, 1), 1
  line = line or 1
  while at <= #text do
    for _ in text:sub(counted, at - 1):gmatch("\n") do
      line = line + 1
    end
    counted = at
    local kind, word, behind = token_at(text, at)
    tokens[#tokens + 1] = {kind = kind, text = word, line = line}
    at = skip(text, behind)
  end
  return tokens
end

return lexer
