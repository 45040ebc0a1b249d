-- SPDX-License-Identifier: Apache-2.0
--- Sentences with values in them, a subset of ICU MessageFormat:
---
---   {name}   {n, number}   {day, date}   {day, date, short|medium|long}     (day: "2026-11-24")
---   {n, plural, =0 {nobody} one {# pupil} other {# pupils}}
---   {role, select, teacher {…} other {…}}
---
--- `''` is an apostrophe; text between `'{` and `'` stands as it is. Values come out as they are:
--- whoever puts the sentence into a page escapes it by its place.
local message = {}

local DEPTH_MAX <const> = 8

-- ---- languages

-- Which form a count takes. Chinese has one, English two; further languages are further rows.
local PLURALS <const> = {
  zh = function() return "other" end,
  en = function(count) return count == 1 and "one" or "other" end,
}

local MONTHS <const> = {"January", "February", "March", "April", "May", "June", "July", "August", "September",
  "October", "November", "December"}
local DAYS <const> = {"Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"}
local DAYS_ZH <const> = {"周日", "周一", "周二", "周三", "周四", "周五", "周六"}

local DATES <const> = {
  zh = {
    short = function(d) return ("%d 月 %d 日"):format(d.month, d.day) end,
    medium = function(d) return ("%d 年 %d 月 %d 日"):format(d.year, d.month, d.day) end,
    long = function(d) return ("%d 年 %d 月 %d 日 %s"):format(d.year, d.month, d.day, DAYS_ZH[d.weekday]) end,
  },
  en = {
    short = function(d) return ("%d %s"):format(d.day, MONTHS[d.month]:sub(1, 3)) end,
    medium = function(d) return ("%d %s %d"):format(d.day, MONTHS[d.month]:sub(1, 3), d.year) end,
    long = function(d) return ("%s %d %s %d"):format(DAYS[d.weekday], d.day, MONTHS[d.month], d.year) end,
  },
}

-- 1 is Sunday (Zeller's rule with the year beginning in March).
local function weekday(year, month, day)
  if month < 3 then
    month, year = month + 12, year - 1
  end
  return (day + 13 * (month + 1) // 5 + year + year // 4 - year // 100 + year // 400 - 1) % 7 + 1
end

local function date_of(text)
  local year, month, day = tostring(text):match("^(%d%d%d%d)-(%d%d)-(%d%d)")
  year, month, day = tonumber(year), tonumber(month), tonumber(day)
  if not year or month < 1 or month > 12 or day < 1 or day > 31 then
    return nil
  end
  return {year = year, month = month, day = day, weekday = weekday(year, month, day)}
end

--- A number as people write it: groups of three, a point.
function message.number(value)
  local sign, whole, rest = ("%.14g"):format(value):match("^(-?)(%d+)(.*)$")
  if not whole then
    return tostring(value)
  end
  whole = whole:reverse():gsub("(%d%d%d)", "%1,"):reverse():gsub("^,", "")
  return sign .. whole .. rest
end

--- A date ("2026-11-24") as people write it: short, medium, long.
function message.date(text, style, language)
  local date = date_of(text) or error("not a date: " .. tostring(text), 2)
  return DATES[language][style](date)
end

-- ---- reading

local Reader = {}
Reader.__index = Reader

function Reader:fail(problem)
  error(("%s at %d of '%s'"):format(problem, self.at, self.pattern), 0)
end

function Reader:take(what)
  local found = self.pattern:match("^%s*(" .. what .. ")%s*", self.at)
  if found then
    self.at = select(2, self.pattern:find("^%s*" .. what .. "%s*", self.at)) + 1
  end
  return found
end

function Reader:need(what, named)
  return self:take(what) or self:fail(named .. " expected")
end

-- The } of an argument; blanks after it are text.
function Reader:close()
  local _, stop = self.pattern:find("^%s*}", self.at)
  self.at = stop and stop + 1 or self.at
  return stop
end

function Reader:need_close()
  return self:close() or self:fail("} expected")
end

local function value_of(values, name)
  local value = values[name]
  if value == nil then
    error("the message needs '" .. name .. "'", 0)
  end
  return value
end

local function number_of(values, name)
  local value = value_of(values, name)
  return math.tointeger(value) or tonumber(value) or error("'" .. name .. "' is no number", 0)
end

-- {=0 {…} one {…} other {…}} → pieces by form
function Reader:forms()
  local forms = {}
  repeat
    local form = self:need("=?[%w_]+", "a form or }")
    if not self.pattern:find("^{", self.at) then
      self:fail("{ expected")
    end
    self.at = self.at + 1
    if forms[form] then
      self:fail("two forms '" .. form .. "'")
    end
    forms[form] = self:pieces(true)
  until self:close()
  if not forms.other then
    self:fail("the form 'other' is missing")
  end
  return forms
end

local join

local kinds = {}

function kinds.plural(self, name)
  self:need(",", ",")
  local outer = self.count
  self.count = name
  local forms, plural = self:forms(), PLURALS[self.language]
  self.count = outer
  return function(values)
    local count = number_of(values, name)
    return join(forms["=" .. count] or forms[plural(count)] or forms.other, values)
  end
end

function kinds.select(self, name)
  self:need(",", ",")
  local forms = self:forms()
  return function(values)
    return join(forms[tostring(value_of(values, name))] or forms.other, values)
  end
end

function kinds.number(self, name)
  self:need_close()
  return function(values) return message.number(number_of(values, name)) end
end

function kinds.date(self, name)
  local style = self:take(",") and self:need("%a+", "a style") or "medium"
  local language = self.language
  if not DATES[language][style] then
    self:fail("unknown style '" .. style .. "'")
  end
  self:need_close()
  return function(values) return message.date(value_of(values, name), style, language) end
end

-- The { is taken.
function Reader:argument()
  local name = self:need("[%w_]+", "a name")
  if self:take(",") then
    local kind = self:need("%a+", "a kind")
    local read = kinds[kind] or self:fail("unknown kind '" .. kind .. "'")
    return read(self, name)
  end
  self:need_close()
  return function(values) return tostring(value_of(values, name)) end
end

-- After an apostrophe: a second one, a quoted part, or just the apostrophe.
function Reader:quoted()
  local pattern, at = self.pattern, self.at
  if pattern:sub(at, at) == "'" then
    self.at = at + 1
    return "'"
  elseif not pattern:find("^[{}#]", at) then
    return "'"
  end
  local stop = pattern:find("'", at, true) or self:fail("' without end")
  self.at = stop + 1
  return pattern:sub(at, stop - 1)
end

function Reader:special(sign)
  if sign == "'" then
    return self:quoted()
  elseif sign == "{" then
    return self:argument()
  elseif sign == "#" and self.count then
    local name = self.count
    return function(values) return message.number(number_of(values, name)) end
  elseif sign == "#" then
    return "#"
  end
  return self:fail("} without {")
end

-- Texts and functions up to the } that ends a form, or to the end.
function Reader:pieces(is_form)
  local pieces = {}
  self.depth = self.depth + 1
  if self.depth > DEPTH_MAX then
    self:fail("nested too deeply")
  end
  while true do
    local found = self.pattern:find("['{}#]", self.at)
    pieces[#pieces + 1] = self.pattern:sub(self.at, (found or 0) - 1)
    self.at = (found or #self.pattern) + 1
    if not found and is_form then
      self:fail("} expected")
    elseif not found or (is_form and self.pattern:sub(found, found) == "}") then
      break
    end
    pieces[#pieces + 1] = self:special(self.pattern:sub(found, found))
  end
  self.depth = self.depth - 1
  return pieces
end

function join(pieces, values)
  local out = {}
  for i, piece in ipairs(pieces) do
    out[i] = type(piece) == "string" and piece or piece(values)
  end
  return table.concat(out)
end

-- ---- use

--- Compiles a pattern: function(values) → text, and the text where values make no difference.
function message.compile(pattern, language)
  if not PLURALS[language] then
    error("no language '" .. tostring(language) .. "'", 2)
  end
  local reader = setmetatable({pattern = pattern, language = language, at = 1, depth = 0}, Reader)
  local pieces = reader:pieces(false)
  if #pieces == 1 then
    return function() return pieces[1] end, pieces[1]
  end
  return function(values) return join(pieces, values) end
end

local compiled = {zh = {}, en = {}}

--- Fills a pattern; each is compiled once a state.
function message.format(pattern, values, language)
  local known = compiled[language] or error("no language '" .. tostring(language) .. "'", 2)
  local fill = known[pattern]
  if not fill then
    fill = message.compile(pattern, language)
    known[pattern] = fill
  end
  return fill(values)
end

return readonly(message)
