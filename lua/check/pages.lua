-- SPDX-License-Identifier: Apache-2.0
--- Templates of an app: variables that no call passes, words that stand in the page itself, markup
--- that is none.
local calls = require("check.calls")
local lexer = require("check.lexer")

local pages = {}

-- There in every page, and what each record's page gets (app/detail.lua).
local ALWAYS <const> = {}
for name in ([[app ui here t word url data layout fragment slot body content self ipairs pairs next select tonumber
  tostring type math string table utf8 asset]]):gmatch("%S+") do
  ALWAYS[name] = true
end
local RECORD <const> = {"row", "facts", "done", "title", "lead", "acts", "versions", "show", "label"}

local SEEN <const> = {alt = true, title = true, placeholder = true, ["aria-label"] = true}

local function lines_in(text)
  local _, count = text:gsub("\n", "")
  return count
end

-- Blocks as {mark, code, line}, and the page with each block taken out, line for line.
local function split(text)
  local blocks, rest, at, line = {}, {}, 1, 1
  for from, mark, code, behind in text:gmatch("()<%%([=#%-]?)(.-)%%>()") do
    local before = text:sub(at, from - 1)
    line = line + lines_in(before)
    blocks[#blocks + 1] = {mark = mark, code = code, line = line}
    rest[#rest + 1] = before .. "\1" .. ("\n"):rep(lines_in(code))
    line, at = line + lines_in(code), behind
  end
  rest[#rest + 1] = text:sub(at)
  return blocks, table.concat(rest)
end

local function tokens_of(blocks)
  local tokens = {}
  for _, block in ipairs(blocks) do
    if block.mark ~= "#" then
      for _, token in ipairs(lexer.tokens(block.code, block.line)) do
        tokens[#tokens + 1] = token
      end
      tokens[#tokens + 1] = {kind = "op", text = ";", line = block.line}
    end
  end
  return tokens
end

-- Names that the template makes itself: locals, loop variables, parameters.
local function made_by(tokens)
  local made, taking = {}, false
  for i, token in ipairs(tokens) do
    local word = token.kind ~= "string" and token.text
    if word == "local" or word == "for" or word == "function" then
      taking = true
    elseif taking and token.kind == "name" then
      made[word] = true
    elseif taking and not (word == "," or word == "(" or word == "<" or word == ">" or word == "const") then
      taking = false
    end
    if word == ")" or word == "=" or word == "in" or (taking and i > 1 and word == ";") then
      taking = false
    end
  end
  return made
end

-- Names that are looked up as variables: name → line.
local function asked_by(tokens)
  local asked, braces = {}, {}
  for i, token in ipairs(tokens) do
    local word, before, behind = token.text, tokens[i - 1] or {}, tokens[i + 1] or {}
    if token.kind == "op" and (word == "{" or word == "(") then
      braces[#braces + 1] = word
    elseif token.kind == "op" and (word == "}" or word == ")") then
      braces[#braces] = nil
    end
    local is_member = before.kind == "op" and (before.text == "." or before.text == ":" or before.text == "::")
    local is_key = braces[#braces] == "{" and behind.kind == "op" and behind.text == "="
      and (before.text == "{" or before.text == "," or before.text == ";")
    if token.kind == "name" and not is_member and not is_key then
      asked[word] = asked[word] or token.line
    end
  end
  return asked
end

-- The keys of the table literal that begins at a token; nil when it is none.
local function keys_of(tokens, at)
  if not tokens[at] or tokens[at].text ~= "{" or tokens[at].kind == "string" then
    return nil
  end
  local keys, depth = {}, 0
  for i = at, #tokens do
    local token = tokens[i]
    if token.kind == "op" and (token.text == "{" or token.text == "(") then
      depth = depth + 1
    elseif token.kind == "op" and (token.text == "}" or token.text == ")") then
      depth = depth - 1
      if depth == 0 then
        return keys
      end
    elseif depth == 1 and token.kind == "name" and (tokens[i + 1] or {}).text == "=" then
      keys[token.text] = true
    end
  end
end

--- Adds what the calls of app.page in a source pass: page → set of names; false where it cannot be told.
function pages.add_passed(passed, tokens)
  for _, call in ipairs(calls.of_door(tokens)) do
    local name, data = call.arguments[1], call.arguments[2]
    if call.name == "page" and name and tokens[name.first].kind == "string" then
      local page = tokens[name.first].text
      local keys = data and keys_of(tokens, data.first) or not data and {}
      if not keys or passed[page] == false then
        passed[page] = false
      else
        passed[page] = passed[page] or {}
        for key in pairs(keys) do
          passed[page][key] = true
        end
      end
    end
  end
end

local function check_variables(tokens, passed, place, report)
  local made = made_by(tokens)
  for name, line in pairs(asked_by(tokens)) do
    if not (ALWAYS[name] or made[name] or passed[name]) then
      report(place, line, ("'%s' is passed by no app.page of this page"):format(name))
    end
  end
end

local function check_blocks(blocks, place, report)
  for _, block in ipairs(blocks) do
    if block.mark == "-" and (block.code:find("^%s*[\"']") or block.code:find("^%s*t%s*[%({\"]")) then
      report(place, block.line, "<%- takes markup that a component made; a text is written <%= … %>")
    end
  end
end

local function has_letters(text)
  return text:gsub("&#?%w+;", ""):find("[%a\128-\255]") ~= nil
end

local function check_text(rest, place, report)
  local line, at = 1, 1
  rest = rest:gsub("<!%-%-.-%-%->", function(remark) return ("\n"):rep(lines_in(remark)) end)
  rest = rest:gsub("<(s[ct][ry][il][pe]t?)(.-)</%1>", function(_, inside) return ("\n"):rep(lines_in(inside)) end)
  for text, tag, behind in (rest .. "<"):gmatch("([^<]*)(<[^<>]*>?)()") do
    if has_letters(text) then
      report(place, line + lines_in(text:match("^%s*")), ("'%s' stands in the page itself; give it a key in lang/ and write <%%= t(\"…\") %%>")
        :format(text:match("^%s*(.-)%s*$"):gsub("\1", "…"):gsub("%s+", " "):sub(1, 40)))
    end
    line = line + lines_in(text)
    for name, value in tag:gmatch("([%w%-]+)%s*=%s*\"([^\"]*)\"") do
      if SEEN[name] and has_letters(value) then
        report(place, line, ("the words of %s stand in the page itself; give them a key in lang/"):format(name))
      end
    end
    line, at = line + lines_in(tag), behind
  end
  return at
end

--- One template. passed: the names that its calls give, nil when no call was found, false when they
--- cannot be told. record: it shows a record of a collection.
function pages.check(text, place, passed, record, report)
  local blocks, rest = split(text)
  local known = passed
  if record then
    known = known or {}
    for _, name in ipairs(RECORD) do
      known[name] = true
    end
  end
  if known then
    check_variables(tokens_of(blocks), known, place, report)
  end
  check_blocks(blocks, place, report)
  check_text(rest, place, report)
end

--- The tokens of a template's code, for who looks for words.
function pages.tokens(text)
  return tokens_of((split(text)))
end

return pages
