-- SPDX-License-Identifier: Apache-2.0
--- The county's list of schools.
local codes = require "codes"
local numbers = require "numbers"
local persons = require "import.persons"
local school = require "schools"
local sheet = require "import.sheet"

local ALIASES <const> = {
  code = {"学校标识码", "学校(机构)标识码", "学校代码", "标识码"},
  name = {"学校名称", "名称"},
  stages = {"学段", "办学类型"},
  division = {"所在地区划代码", "行政区划代码", "区划代码"},
  authority = {"主管部门", "举办者"},
  phone = {"办公电话", "联系电话", "电话"},
}

local prefixes = {}
for _, prefix in ipairs(numbers.SCHOOL.prefixes) do prefixes[prefix] = true end

local function read_code(text)
  local code, word = numbers.read(text)
  if not code then return nil, word end
  if not code:find("^%d%d%d%d%d%d%d%d%d%d$") or not prefixes[code:sub(1, 4)] then
    return nil, "school_code"
  end
  return code
end

-- 小学、初中 → "primary junior".
local function read_stages(text)
  local list = {}
  for word in (text:gsub("[、，,/;；]", " ")):gmatch("%S+") do
    local stage = codes.stage(word)
    if not stage then return nil, "code" end
    list[#list + 1] = stage
  end
  return table.concat(list, " ")
end

local function read_division(text)
  local code, word = numbers.read(text)
  if not code then return nil, word end
  if not code:find("^%d%d%d%d%d%d$") then return nil, "division" end
  return code
end

local READERS <const> = {
  {"code", read_code, required = true},
  {"name", sheet.text(100), required = true},
  {"stages", read_stages, required = true},
  {"division", read_division},
  {"authority", sheet.text(100)},
  {"phone", numbers.read_phone},
}
local FACTS <const> = {"name", "stages", "division", "authority", "phone"}

return {aliases = ALIASES, row = function(row)
  local given, word, key = sheet.values(row, READERS)
  if not given then return nil, word, key end
  local found = school:find({code = given.code})
  if found and not persons.assign(found, given, FACTS) then return "same" end
  local saved
  if found then
    saved, word, key = persons.save(found)
  else
    saved, word, key = persons.create(school, given)
  end
  if not saved then return nil, word, key end
  return found and "updated" or "created"
end}
