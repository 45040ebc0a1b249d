-- SPDX-License-Identifier: Apache-2.0
--- Numbers that authorities issue: their shapes, declared as data, and what a cell of a
--- spreadsheet has to say for itself before it may be one.
local dates = require "dates"
local width = require "width"

local numbers = {}

--- GB 11643: division, birth date, sequence (odd: male), check character.
numbers.CITIZEN = {
  pattern = "00000000000000000?",
  marks = "10X98765432",
  weights = {7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2},
  date_at = 7,
  upper = true,
}

--- G, L or J and 18 built like a citizen number; the last one of L is no check character.
numbers.ROLL = {pattern = "A00000000000000000?", prefixes = {"G", "L", "J"}, date_at = 8, upper = true}

-- Classes of institutions and provinces (GB/T 2260) that a school code may begin with.
local KINDS <const> = {"11", "21", "22", "31", "32", "33", "34", "35", "36", "37", "41", "42", "51",
                       "91", "92", "93"}
local PROVINCES <const> = {"11", "12", "13", "14", "15", "21", "22", "23", "31", "32", "33", "34",
                           "35", "36", "37", "41", "42", "43", "44", "45", "46", "50", "51", "52",
                           "53", "54", "61", "62", "63", "64", "65", "71", "81", "82"}

local function school_prefixes()
  local list = {}
  for _, kind in ipairs(KINDS) do
    for _, province in ipairs(PROVINCES) do list[#list + 1] = kind .. province end
  end
  return list
end

--- 学校(机构)标识码: class, province, serial; there is no check digit.
numbers.SCHOOL = {pattern = "0000000000", prefixes = school_prefixes()}

--- The check character that 17 digits ask for.
function numbers.citizen_mark(digits)
  local sum, shape = 0, numbers.CITIZEN
  for i, weight in ipairs(shape.weights) do sum = sum + weight * (digits:byte(i) - 48) end
  local at = sum % #shape.marks + 1
  return shape.marks:sub(at, at)
end

--- A number as typed, or nil and why a spreadsheet cannot have meant it: "destroyed" (it became
--- floating point), "full_width". What programs put around a number to keep it a text is taken off.
function numbers.read(cell)
  local text = cell:gsub("^['`]", ""):gsub("^=\"(.*)\"$", "%1"):gsub("%s", ""):upper()
  if text:find("^%d[%d.]*E%+?%d+$") or text:find("^#+$") then return nil, "destroyed" end
  if width.is_full(text) then return nil, "full_width" end
  return text
end

--- A citizen number in its written form, or nil and a word.
function numbers.read_citizen(cell)
  local text, word = numbers.read(cell)
  if not text then return nil, word end
  if not text:find("^" .. ("%d"):rep(17) .. "[%dX]$") then return nil, "citizen" end
  if not dates.read(text:sub(7, 14)) then return nil, "citizen_date" end
  if numbers.citizen_mark(text) == text:sub(18) then return text end
  -- Fifteen digits and zeros: what is left of a number that was once a floating point one.
  return nil, text:sub(16) == "000" and "destroyed" or "citizen_mark"
end

--- Birth date (ISO) and gender code that a citizen number tells.
function numbers.citizen_facts(number)
  local year, month, day = number:match("^......(%d%d%d%d)(%d%d)(%d%d)")
  local odd = tonumber(number:sub(17, 17)) % 2 == 1
  return ("%s-%s-%s"):format(year, month, day), odd and "1" or "2"
end

--- 15 digits of the first generation as 18, for explicit upgrades only.
function numbers.upgrade(old)
  if not old:find("^" .. ("%d"):rep(15) .. "$") then return nil, "citizen" end
  local digits = old:sub(1, 6) .. "19" .. old:sub(7)
  return digits .. numbers.citizen_mark(digits)
end

--- A telephone number, or nil and a word.
function numbers.read_phone(cell)
  local text, word = numbers.read(cell)
  if not text then return nil, word end
  text = text:gsub("^%+86%-?", "")
  if text:find("^1%d%d%-?%d%d%d%d%-?%d%d%d%d$") then return (text:gsub("%-", "")) end
  if text:find("^0%d%d%d?%-?%d%d%d%d%d%d%d%d?$") then return text end
  return nil, "phone"
end

return numbers
