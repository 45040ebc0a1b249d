-- SPDX-License-Identifier: Apache-2.0
--- A template's text → its parts: {kind = "static"|"value"|"markup"|"code", text, line}.
---
--- A block of code that has a line for itself takes the whole line, so that pages are not full of
--- empty ones. `%>` inside a Lua string ends the block too: write it as "%\62".
local blocks = {}

local KINDS <const> = {["="] = "value", ["-"] = "markup", ["#"] = "comment"}

function blocks.line_ends(text)
  return select(2, text:gsub("\n", "\n"))
end

local line_ends = blocks.line_ends

--- Stops compiling with the template's file and line.
function blocks.fail(name, line, message, ...)
  error(name .. ":" .. line .. ": " .. message:format(...), 0)
end

-- What stands after the last line end; `blank` says whether the line was blank before the text.
local function ends_blank(text, blank)
  local tail = text:match("\n([^\n]*)$")
  if tail then
    return tail:find("^[ \t]*$") ~= nil
  end
  return blank and text:find("^[ \t]*$") ~= nil
end

-- Takes blanks before and the line end after each code block that stands alone. What is lost is kept
-- as `skipped` line ends, because compiled lines are the template's lines.
local function take_lines(parts)
  local blank = true
  for i, part in ipairs(parts) do
    local before, after = parts[i - 1], parts[i + 1]
    if part.kind == "static" then
      blank = ends_blank(part.text, blank)
    elseif part.kind == "value" or part.kind == "markup" then
      blank = false
    elseif blank and after and after.kind == "static" and after.text:find("^[ \t]*\r?\n") then
      if before and before.kind == "static" then
        before.text = before.text:gsub("[ \t]+$", "")
      end
      after.text = after.text:gsub("^[ \t]*\r?\n", "", 1)
      after.skipped = 1
    end
  end
end

function blocks.split(text, name)
  local parts, at, line = {}, 1, 1
  local function add(kind, from, to)
    local piece = text:sub(from, to)
    if kind ~= "static" or piece ~= "" then
      parts[#parts + 1] = {kind = kind, text = piece, line = line}
    end
    line = line + line_ends(piece)
  end
  while true do
    local open = text:find("<%", at, true)
    if not open then
      break
    end
    add("static", at, open - 1)
    local kind = KINDS[text:sub(open + 2, open + 2)]
    local from = kind and open + 3 or open + 2
    local close = text:find("%>", from, true)
    if not close then
      blocks.fail(name, line, "<%% without %%>")
    end
    add(kind or "code", from, close - 1)
    at = close + 2
  end
  add("static", at, #text)
  take_lines(parts)
  return parts
end

local function skip_quoted(code, at)
  local quote = code:sub(at, at)
  local from = at + 1
  while true do
    local found = code:find("[\\" .. quote .. "\n]", from)
    if not found then
      return #code + 1
    elseif code:sub(found, found) == "\\" then
      from = found + 2
    else
      return found + 1
    end
  end
end

-- The end of a long bracket that opens at `at`, or nil when none does.
local function skip_long(code, at)
  local level = code:match("^%[(=*)%[", at)
  if not level then
    return nil
  end
  local _, stop = code:find("]" .. level .. "]", at, true)
  return (stop or #code) + 1
end

local function skip_comment(code, at)
  return skip_long(code, at + 2) or code:find("\n", at, true) or #code + 1
end

--- The words of Lua code in their order, and the code without its comments (line ends stay).
function blocks.words(code)
  local words, kept, at, from = {}, {}, 1, 1
  while true do
    local found = code:find("[%w_'\"%[%-]", at)
    if not found then
      break
    end
    local word = code:match("^[%w_]+", found)
    if word then
      words[#words + 1] = word
      at = found + #word
    elseif code:find("^%-%-", found) then
      local stop = skip_comment(code, found)
      kept[#kept + 1] = code:sub(from, found - 1)
      kept[#kept + 1] = " " .. ("\n"):rep(line_ends(code:sub(found, stop - 1)))
      at, from = stop, stop
    elseif code:find("^['\"]", found) then
      at = skip_quoted(code, found)
    else
      at = skip_long(code, found) or found + 1
    end
  end
  kept[#kept + 1] = code:sub(from)
  return words, table.concat(kept)
end

return blocks
