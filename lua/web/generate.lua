-- SPDX-License-Identifier: Apache-2.0
--- A template's parts → the Lua code of its function's body, line for line. The code puts pieces
--- at the page's end, _n_, as many in one call as stand in a line: _put_ of core.html gets a letter
--- for the place of each. Names between underscores are ours alone.
local blocks = require("web.blocks")
local place = require("web.place")

local fail, line_ends = blocks.fail, blocks.line_ends

local generate = {}

local LETTERS <const> = {text = "t", attribute = "a", url = "u", path = "p", query = "q", script = "j"}
local PIECES_MAX <const> = 40 -- of one call
local SHORT_MAX <const> = 3 -- pieces of an `if` that look at its condition again
-- `function` and loops may be left by return and break only where they were entered.
local LOOPS <const> = {["for"] = true, ["while"] = true, ["repeat"] = true}

local Generator = {}
Generator.__index = Generator

function Generator:fail(message, ...)
  fail(self.name, self.line, message, ...)
end

function Generator:open(word)
  self.stack[#self.stack + 1] = {word = word, line = self.line, place = self.place:copy(), key = self.place:key()}
end

function Generator:top(word)
  local top = self.stack[#self.stack]
  if not top then
    self:fail("'%s' without a beginning", word)
  end
  return top
end

-- All ways through a block end at one place: then the place is known, whatever the condition was.
function Generator:meet(top)
  local key = self.place:key()
  if top.out and top.out ~= key then
    self:fail("the branches of '%s' (line %d) end in different places", top.word, top.line)
  end
  top.out = key
end

function Generator:branch(word)
  local top = self:top(word)
  self:meet(top)
  self.place = top.place:copy()
  top.has_else = word == "else"
  top.awaits_then = word == "elseif"
end

function Generator:close(word)
  local top = self:top(word)
  self:meet(top)
  if not top.has_else and top.key ~= top.out then
    self:fail("'%s' (line %d) ends in another place than it began", top.word, top.line)
  end
  self.stack[#self.stack] = nil
  return top
end

function Generator:leave(word)
  for i = #self.stack, 1, -1 do
    local frame = self.stack[i]
    if frame.word == "function" or (word == "break" and LOOPS[frame.word]) then
      if frame.key ~= self.place:key() then
        self:fail("'%s' in another place than '%s' (line %d) began", word, frame.word, frame.line)
      end
      return
    end
  end
  self:fail("'%s' stands outside", word)
end

function Generator:then_()
  local top = self.stack[#self.stack]
  if top and top.awaits_then then
    top.awaits_then = false
  else
    self:open("if")
  end
end

function Generator:do_()
  self:open(self.loop or "do")
  self.loop = nil
end

function Generator:end_()
  local top = self:close("end")
  if top.word == "fragment" then
    self.fragments[top.name] = {first = top.first, last = #self.code}
  end
end

local WORDS <const> = {
  ["then"] = Generator.then_,
  ["do"] = Generator.do_,
  ["end"] = Generator.end_,
  ["function"] = Generator.open,
  ["repeat"] = Generator.open,
  ["else"] = Generator.branch,
  ["elseif"] = Generator.branch,
  ["until"] = Generator.close,
  ["break"] = Generator.leave,
  ["return"] = Generator.leave,
  ["for"] = function(self, word) self.loop = word end,
  ["while"] = function(self, word) self.loop = word end,
  ["goto"] = function(self) self:fail("goto is not for templates") end,
}

function Generator:fragment(name, text)
  if self.place.mode ~= "text" then
    self:fail("a fragment stands between tags only")
  elseif self.fragments[name] then
    self:fail("two fragments '%s'", name)
  end
  self:open("fragment")
  local top = self.stack[#self.stack]
  top.name, top.first = name, #self.code + 2
  return "do " .. text:gsub("[^\n]", "")
end

function Generator:own_names(words)
  for _, word in ipairs(words) do
    if word:find("^_.*_$") then
      self:fail("'%s' is no name for a template: those between underscores are taken", word)
    end
  end
end

function Generator:statement(part)
  local words, text = blocks.words(part.text)
  self:own_names(words)
  local fragment = text:match("^%s*fragment%s*%(?%s*[\"']([%w_-]+)[\"']%s*%)?%s*$")
  if fragment then
    return self:fragment(fragment, text)
  elseif text:find("^%s*layout%s*%(") then
    text = text:gsub("layout%s*%(", "_layout_,_given_=_pass_(", 1)
  end
  for _, word in ipairs(words) do
    local act = WORDS[word]
    if act then
      act(self, word)
    end
  end
  return ";" .. text .. " "
end

-- An expression must be one by itself, or it could close what is around it.
function Generator:expression(text)
  local done, problem = load(("\n"):rep(self.line - 1) .. "return (" .. text .. ")", "@" .. self.name)
  if not done then
    error(problem, 0)
  end
  self:own_names((blocks.words(text)))
  return "(" .. text .. ")"
end

-- A piece of one call of _put_: the letter of its place, its code, the name of an optional
-- attribute. Inside a short `if` it is nothing when the condition is not true.
function Generator:piece(letter, code, name)
  local run = self.run
  if self.short then
    code = ("(%s) and %s"):format(self.short.condition, code)
    letter = name and letter or "c" .. letter
  end
  run.letters[#run.letters + 1] = letter
  run[#run + 1] = name and ("%q,%s"):format(name, code) or code
  if #run == PIECES_MAX then
    self:flush()
  end
end

function Generator:flush()
  local run = self.run
  self.run = {letters = {}}
  if #run > 0 then
    self.code[#self.code + 1] = ("_n_=_put_(_n_,%q,%s) "):format(table.concat(run.letters), table.concat(run, ","))
  end
end

local part_code = {}

function part_code.static(self, part)
  local text = self.place:static(part.text, self.failing)
  local lost = line_ends(part.text) - line_ends(text) + (part.skipped or 0)
  if text ~= "" then
    self:piece("s", ("%q"):format(text))
  end
  if lost > 0 or text:find("\n", 1, true) then
    self:flush()
    self.code[#self.code + 1] = ("\n"):rep(lost)
  end
end

function part_code.value(self, part)
  local text = self:expression(part.text)
  local escape, name = self.place:escape(self.failing)
  self:piece(name and "o" .. LETTERS[escape] or LETTERS[escape], text, name)
  if part.text:find("\n", 1, true) then
    self:flush()
  end
end

function part_code.markup(self, part)
  self.place:markup(self.failing)
  local text = self:expression(part.text)
  self:piece("m", self.short and ("(%s or '')"):format(text) or text)
  if part.text:find("\n", 1, true) then
    self:flush()
  end
end

-- The condition of `if … then` when it may be looked at more than once: names and comparisons, no
-- calls (f"text" is one too).
local function plain_condition(text)
  local _, code = blocks.words(text)
  local condition = code:match("^%s*if%f[%W](.*)%f[%w]then%s*$")
  if condition and not condition:find("[%(%){}%[%]:\n]") and not condition:find("[%w_]%s*['\"]") and load("return (" .. condition .. ")") then
    return condition
  end
end

local function turn(short)
  return {condition = "not (" .. short.condition .. ")", codes = short.codes}
end

local function leave() end

-- A few pieces between `if`, perhaps `else`, and `end`: they need no code of their own. Code of
-- such an `if` says what is short after it.
local function short_if(parts, at)
  local condition, codes, count = plain_condition(parts[at].text), {}, 0
  for i = at + 1, condition and #parts or 0 do
    local part, word = parts[i], parts[i].kind == "code" and parts[i].text:match("^%s*(%l+)%s*$")
    if word == "end" then
      codes[part] = leave
      return {condition = condition, codes = codes}
    elseif word == "else" and count > 0 then
      codes[part], count = turn, 0
    elseif part.kind == "code" or part.kind == "comment" or count == SHORT_MAX then
      return nil
    end
    count = count + 1
  end
end

function part_code.code(self, part, parts, at)
  self.place:code(self.failing)
  local follow = self.short and self.short.codes[part]
  local short = not follow and self.place.mode ~= "raw" and short_if(parts, at)
  if follow or short then
    self:statement(part) -- for what it says of places
    self.short = short or follow(self.short)
  else
    self:flush()
    self.code[#self.code + 1] = self:statement(part)
  end
end

function part_code.comment(self, part)
  self:flush()
  self.code[#self.code + 1] = part.text:gsub("[^\n]", "")
end

--- → list of code pieces; fragments by name: {first, last} of that list
function generate.body(text, name)
  local self = setmetatable({name = name, line = 1, place = place.new(), stack = {}, code = {}, run = {letters = {}},
    fragments = {}}, Generator)
  self.failing = function(...) self:fail(...) end
  local parts = blocks.split(text, name)
  for at, part in ipairs(parts) do
    self.line = part.line
    part_code[part.kind](self, part, parts, at)
  end
  self:flush()
  local open = self.stack[#self.stack]
  if open then
    fail(name, open.line, "'%s' has no end", open.word)
  elseif self.place.mode ~= "text" then
    self:fail("the template ends in %s", self.place:name())
  end
  return self.code, self.fragments
end

return generate
