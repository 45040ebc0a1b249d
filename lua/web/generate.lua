-- SPDX-License-Identifier: Apache-2.0
--- A template's parts → the Lua code of its function's body, line for line. The code puts pieces
--- into _out_, counted by _n_, and calls what web.template gives it for each kind of place.
--- Names between underscores are ours alone: _out_ may hold pieces of other pages.
local blocks = require("web.blocks")
local place = require("web.place")

local fail, line_ends = blocks.fail, blocks.line_ends

local generate = {}

local ESCAPES <const> = {
  text = "_text_", attribute = "_attribute_", url = "_url_", path = "_path_", query = "_query_", script = "_script_",
}
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

local part_code = {}

function part_code.static(self, part)
  local text = self.place:static(part.text, self.failing)
  local lost = line_ends(part.text) - line_ends(text)
  local code = text ~= "" and ("_n_=_n_+1 _out_[_n_]=%q "):format(text) or ""
  return ("\n"):rep(part.skipped or 0) .. code .. ("\n"):rep(lost)
end

function part_code.value(self, part)
  local text = self:expression(part.text)
  local escape, name = self.place:escape(self.failing)
  if name then
    return ("_n_=_n_+1 _out_[_n_]=_optional_(%q,%s,%s) "):format(name, ESCAPES[escape], text)
  end
  return "_n_=_n_+1 _out_[_n_]=" .. ESCAPES[escape] .. text .. " "
end

function part_code.markup(self, part)
  self.place:markup(self.failing)
  return "_n_=_n_+1 _out_[_n_]=_markup_" .. self:expression(part.text) .. " "
end

function part_code.code(self, part)
  self.place:code(self.failing)
  return self:statement(part)
end

function part_code.comment(_, part)
  return (part.text:gsub("[^\n]", ""))
end

--- → list of code pieces, one a part of the template; fragments by name: {first, last} of that list
function generate.body(text, name)
  local self = setmetatable({name = name, line = 1, place = place.new(), stack = {}, code = {}, fragments = {}},
    Generator)
  self.failing = function(...) self:fail(...) end
  for _, part in ipairs(blocks.split(text, name)) do
    self.line = part.line
    self.code[#self.code + 1] = part_code[part.kind](self, part)
  end
  local open = self.stack[#self.stack]
  if open then
    fail(name, open.line, "'%s' has no end", open.word)
  elseif self.place.mode ~= "text" then
    self:fail("the template ends in %s", self.place:name())
  end
  return self.code, self.fragments
end

return generate
