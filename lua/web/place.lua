-- SPDX-License-Identifier: Apache-2.0
--- Where in a page a value stands. Reads the static text of a template as a browser's tokenizer
--- does and answers how a value must be escaped there, or why none may stand there.
---
--- Where this reading and a browser's could differ, a value is refused rather than guessed about.
local place = {}
place.__index = place

local function set(words)
  local names = {}
  for word in words:gmatch("%S+") do
    names[word] = true
  end
  return names
end

local RAW <const> = set("script style xmp iframe noembed noframes plaintext textarea title")
local RAW_TEXT <const> = set("textarea title")
local URL <const> = set("href src action formaction cite poster data background longdesc manifest ping xlink:href "
  .. "hx-get hx-post hx-put hx-patch hx-delete hx-push-url hx-replace-url")
local STATIC_ONLY <const> = set("srcdoc srcset imagesrcset hx-vars hx-vals hx-headers hx-request")
local ANIMATED <const> = set("animate animatemotion animatetransform set")
local SAFE_SCHEME <const> = set("http https mailto tel")

function place.new()
  return setmetatable({mode = "text", element = "", attribute = "", quote = "", url = "", value = "", script = ""},
    place)
end

function place:copy()
  local copy = setmetatable({}, place)
  for key, value in pairs(self) do
    copy[key] = value
  end
  return copy
end

--- Equal for two places where the same values may stand.
function place:key()
  if self.mode == "value" then
    return "value " .. self.quote .. " " .. self.element .. " " .. self.attribute
  elseif self.mode == "raw" then
    return "raw " .. self.element .. " " .. self.script
  elseif self.mode == "tag" then
    return "tag " .. self.element
  end
  return self.mode
end

local NAMES <const> = {
  open = "a tag's name", tag = "a tag", tag_name = "a tag's name", attribute_name = "an attribute's name",
  after_name = "an attribute's name", before_value = "an attribute without quotes",
  unquoted = "an attribute without quotes", comment = "a comment", declaration = "a declaration",
  end_tag = "an end tag", optional_end = "an optional attribute",
}

--- The place in words.
function place:name()
  if self.mode == "raw" then
    return "<" .. self.element .. ">"
  elseif self.mode == "value" then
    return self.attribute .. "="
  end
  return NAMES[self.mode] or self.mode
end

local step = {}

function step.text(self, text, at)
  local open = text:find("<", at, true)
  if not open then
    return #text + 1
  end
  self.mode = "open"
  return open + 1
end

-- A `<` was read.
function step.open(self, text, at)
  if text:find("^%a", at) then
    self.mode, self.element = "tag_name", ""
  elseif text:find("^/%a", at) then
    self.mode = "end_tag"
    return at + 1
  elseif text:find("^!%-%-", at) then
    self.mode = "comment"
    return at + 3
  elseif text:find("^[!?/]", at) then
    self.mode = "declaration"
  else
    self.mode = "text"
  end
  return at
end

function step.tag_name(self, text, at)
  local stop = text:find("[%s/>]", at)
  self.element = self.element .. text:sub(at, (stop or 0) - 1):lower()
  if not stop then
    return #text + 1
  end
  self.mode, self.joined = "tag", false
  return stop
end

local function leave_tag(self)
  self.script = ""
  self.mode = RAW[self.element] and "raw" or "text"
end

function step.tag(self, text, at)
  local from = text:find("[^%s/]", at)
  if from ~= at then
    self.joined = false
  end
  if not from then
    return #text + 1
  elseif text:sub(from, from) == ">" then
    leave_tag(self)
    return from + 1
  elseif self.joined then
    self.fail("a block splits a name in a tag: put a space")
  end
  self.mode, self.attribute, self.name_from = "attribute_name", "", from
  return from
end

local function check_attribute(self)
  local name = self.attribute:gsub("%?$", "")
  if name == "style" then
    self.fail("style= does not work under the Content-Security-Policy: use a class")
  elseif name:find("^on") or name:find("^hx%-on") then
    self.fail("%s= does not work under the Content-Security-Policy: use a script", name)
  elseif name:find("[\"'<]") then
    self.fail("malformed attribute '%s'", name)
  end
end

function step.attribute_name(self, text, at)
  local stop = text:find("[%s/>=]", at)
  self.attribute = self.attribute .. text:sub(at, (stop or 0) - 1):lower()
  if not stop then
    return #text + 1
  end
  check_attribute(self)
  self.mode = "after_name"
  return stop
end

function step.after_name(self, text, at)
  local from = text:find("%S", at)
  if not from then
    return #text + 1
  elseif text:sub(from, from) == "=" then
    self.mode = "before_value"
    return from + 1
  end
  self.mode, self.joined = "tag", false
  return from
end

-- name?="<%= value %>": nothing when the value is nothing, the bare name when it is true.
local function begin_optional(self, text, at)
  if at ~= #text or not self.name_from then
    self.fail('%s takes exactly one value: %s="<%%%%= value %%%%>"', self.attribute, self.attribute)
  end
  self.attribute = self.attribute:sub(1, -2)
  self.mode = "optional"
  self.cut = self.name_from
end

function step.before_value(self, text, at)
  local from = text:find("%S", at)
  if not from then
    return #text + 1
  end
  local quote = text:sub(from, from)
  if quote ~= '"' and quote ~= "'" then
    self.mode = "unquoted"
    return from
  end
  self.quote, self.value = quote, ""
  self.url = URL[self.attribute:gsub("%?$", "")] and "start" or ""
  if self.attribute:sub(-1) == "?" then
    begin_optional(self, text, from)
  else
    self.mode = "value"
  end
  return from + 1
end

function step.unquoted(self, text, at)
  local stop = text:find("[%s>]", at)
  if not stop then
    return #text + 1
  end
  self.mode, self.joined = "tag", false
  return stop
end

local function check_scheme(self)
  local scheme = self.url ~= "" and self.value:lower():gsub("[%c ]", ""):match("^([%a][%w+.-]*):")
  if scheme and not SAFE_SCHEME[scheme] and scheme ~= "data" then
    self.fail("%s: is no address of a page", scheme)
  end
  return scheme
end

function step.value(self, text, at)
  local stop = text:find(self.quote, at, true)
  local piece = text:sub(at, (stop or 0) - 1)
  self.value = self.value .. piece
  if piece ~= "" and self.url ~= "" then
    self.url = (self.url == "query" or piece:find("[?#]")) and "query" or "path"
  end
  if not stop then
    return #text + 1
  end
  check_scheme(self)
  self.mode, self.joined = "tag", false
  return stop + 1
end

function step.optional(self)
  self.fail('%s?= takes exactly one value: %s?="<%%%%= value %%%%>"', self.attribute, self.attribute)
end

function step.optional_end(self, text, at)
  if text:sub(at, at) ~= self.quote then
    step.optional(self)
  end
  self.drop = at
  self.mode, self.joined = "tag", true
  return at + 1
end

function step.comment(self, text, at)
  local _, stop = text:find("-->", at, true)
  self.mode = stop and "text" or "comment"
  return (stop or #text) + 1
end

function step.declaration(self, text, at)
  local stop = text:find(">", at, true)
  self.mode = stop and "text" or "declaration"
  return (stop or #text) + 1
end

function step.end_tag(self, text, at)
  local stop = text:find("[^%w:-]", at)
  if not stop then
    return #text + 1
  elseif not text:find("^%s*>", stop) then
    self.fail("an end tag takes nothing but its name")
  end
  self.mode = "text"
  return text:find(">", stop, true) + 1
end

-- Scripts are read as far as needed to know whether a value stands in code, a string or a comment.
-- `slash`: a division or the start of a regular expression, which only a parser can tell apart.
local SCRIPT_ENDS <const> = {["'"] = "'", ['"'] = '"', ["`"] = "`", line = "\n", block = "*/"}

local function read_code(self, text, at)
  local found = text:find("['\"`/]", at)
  if not found then
    return #text + 1
  end
  local two = text:sub(found, found + 1)
  if two == "//" or two == "/*" then
    self.script = two == "//" and "line" or "block"
    return found + 2
  end
  self.script = text:sub(found, found)
  if self.script == "/" then
    self.script = "slash"
  end
  return found + 1
end

local function read_script(self, text)
  local at = 1
  while at <= #text and self.script ~= "slash" do
    local stop = SCRIPT_ENDS[self.script]
    if not stop then
      at = read_code(self, text, at)
    else
      local found = text:find(stop, at, true)
      local escape = #stop == 1 and stop ~= "\n" and text:find("\\", at, true)
      if escape and (not found or escape < found) then
        at = escape + 2
      elseif found then
        self.script, at = "", found + #stop
      else
        return
      end
    end
  end
end

function step.raw(self, text, at)
  local from = at
  while true do
    local open = text:find("</", from, true)
    local name = open and text:match("^%a+", open + 2)
    local content = text:sub(at, (open or 0) - 1)
    if open and not (name and name:lower() == self.element) then
      from = open + 2
    else
      if self.element == "script" then
        if content:find("<!--", 1, true) then
          self.fail("<!-- inside a script")
        end
        read_script(self, content)
      end
      self.mode = open and "end_tag" or "raw"
      return open and open + 2 or #text + 1
    end
  end
end

--- Reads static text and gives what of it belongs into the page. fail(message, …) raises.
function place:static(text, fail)
  local at, from = 1, 1
  self.fail, self.name_from, self.cut = fail, false, false
  while at <= #text do
    at = step[self.mode](self, text, at)
    if self.drop then
      from, self.drop = self.drop + 1, nil
    end
  end
  if not self.cut then
    return text:sub(from)
  end
  return (text:sub(from, self.cut - 1):gsub("%s+$", ""))
end

local function attribute_escape(self)
  if STATIC_ONLY[self.attribute] or ANIMATED[self.element] then
    self.fail("no value may stand in %s= of <%s>", self.attribute, self.element)
  elseif self.url == "" then
    return "attribute"
  end
  local position = self.url
  if position ~= "query" then
    self.url = "path"
  end
  if position ~= "start" and check_scheme(self) == "data" then
    self.fail("no value may stand in a data: address")
  end
  return position == "start" and "url" or position
end

local function raw_escape(self)
  if RAW_TEXT[self.element] then
    return "text"
  elseif self.element ~= "script" then
    self.fail("no value may stand in <%s>", self.element)
  elseif self.script == "slash" then
    self.fail("no value may stand in a script after a / (a regular expression?): move it further up")
  elseif self.script ~= "" then
    self.fail("no value may stand in a string or comment of a script: write it without quotes around it")
  end
  return "script"
end

--- How the value of `<%= %>` is escaped here: text, attribute, url, path, query, script; for
--- name?="…" also the name.
function place:escape(fail)
  self.fail = fail
  if self.mode == "text" then
    return "text"
  elseif self.mode == "value" then
    return attribute_escape(self)
  elseif self.mode == "optional" then
    local escape = attribute_escape(self)
    self.mode = "optional_end"
    return escape, self.attribute
  elseif self.mode == "raw" then
    return raw_escape(self)
  end
  return fail("no value may stand in %s", self:name())
end

--- May markup (`<%- %>`) stand here?
function place:markup(fail)
  if self.mode ~= "text" then
    fail("markup may stand between tags only, not in %s", self:name())
  end
end

local RESTS <const> = set("text tag value raw")

--- A code block stands here: names end before it.
function place:code(fail)
  self.fail = fail
  if self.mode == "tag_name" or self.mode == "attribute_name" then
    if self.mode == "attribute_name" then
      check_attribute(self)
    end
    self.mode, self.joined = "tag", true
  elseif self.mode == "after_name" then
    self.mode, self.joined = "tag", false
  elseif self.mode == "optional" then
    step.optional(self)
  elseif not RESTS[self.mode] then
    fail("no code may stand in %s", self:name())
  end
end

return place
