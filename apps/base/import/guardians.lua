-- SPDX-License-Identifier: Apache-2.0
--- The guardians in a pupil's row: up to two, each with name, relation, telephone and number.
local codes = require "codes"
local numbers = require "numbers"
local persons = require "import.persons"
local pupils = require "pupils"
local sheet = require "import.sheet"

local guardians = {}

local function aliases_of(n)
  local function named(...)
    local list = {}
    for _, pattern in ipairs({...}) do list[#list + 1] = (pattern:gsub("#", n)) end
    return list
  end
  return {
    name = named("监护人#姓名", "家长#姓名", "监护人#", "家长#", "家庭成员#姓名"),
    relation = named("监护人#关系", "与学生关系#", "关系#", "监护人#与学生关系", "家长#关系", "家庭成员#关系"),
    phone = named("监护人#电话", "家长#手机", "监护人#联系电话", "监护人#手机", "电话#", "家长#电话", "家庭成员#联系电话"),
    number = named("监护人#身份证件号", "监护人#身份证号", "家长#身份证号", "家庭成员#身份证件号"),
  }
end

local READERS, KEYS = {}, {}

--- Adds the columns of both guardians to a table of aliases.
function guardians.add_aliases(aliases)
  for n = 1, 2 do
    KEYS[n] = {}
    for key, names in pairs(aliases_of(n)) do
      KEYS[n][key] = ("guardian%d_%s"):format(n, key)
      aliases[KEYS[n][key]] = names
    end
    READERS[n] = {
      {KEYS[n].name, sheet.text(100)},
      {KEYS[n].relation, sheet.code(codes.relation)},
      {KEYS[n].phone, numbers.read_phone},
      {KEYS[n].number, numbers.read_citizen},
    }
  end
end

--- What the cells say: a list of {name, relation, phone, number, n}, or nil, word, key.
function guardians.read(row)
  local list = {}
  for n = 1, 2 do
    local keys = KEYS[n]
    local values, word, key = sheet.values(row, READERS[n])
    if not values then return nil, word, key end
    if next(values) then
      if not values[keys.name] then return nil, "required", keys.name end
      local given = {n = n}
      for name, long in pairs(keys) do given[name] = values[long] end
      list[#list + 1] = given
    end
  end
  return list
end

-- Without telephone and number a name counts within the pupil's own guardians only.
local function find(given, student)
  if given.number or given.phone then return persons.find(given) end
  for _, link in ipairs(student and pupils.guardianship:rows({student = student}) or {}) do
    if link.guardian_name == given.name then return link.guardian end
  end
end

--- Finds who is known already, without writing anything: true, or nil, word, key.
function guardians.resolve(list, pupil, student)
  for i, given in ipairs(list) do
    local found, word, key = find(given, student)
    if found == false then return nil, word, KEYS[given.n][key] end
    if given.number and given.number == pupil.number then
      return nil, "self", KEYS[given.n].number
    end
    local first = i == 2 and list[1]
    if first and first.name == given.name and
       (first.phone == given.phone or first.number and first.number == given.number) then
      return nil, "twice", KEYS[given.n].name
    end
    given.person = found
  end
  return true
end

-- Whether anything changed, or nil, word, key.
local function link(given, guardian, student)
  local found = pupils.guardianship:find({guardian = guardian, student = student})
  local values = {guardian_name = guardian.name, class = student.class, relation = given.relation}
  local saved, word, key
  if not found then
    values.guardian, values.student, values.ordinal = guardian, student, given.n
    values.school = guardian.org .. "." .. student.org -- organisations belong to the root, as persons do
    saved, word, key = persons.create(pupils.guardianship, values)
  elseif persons.assign(found, values, {"guardian_name", "class", "relation"}) then
    saved, word, key = persons.save(found)
  else
    return false
  end
  if not saved then return nil, word, key end
  return true
end

--- Writes persons and links; links that the file does not name stay. Whether anything changed,
--- or nil, word, key.
function guardians.write(list, student)
  local changed = false
  for _, given in ipairs(list) do
    local person, new, key = persons.write(given.person, given)
    if not person then return nil, new, KEYS[given.n][key] end
    local linked, word = link(given, person, student)
    if linked == nil then return nil, word, KEYS[given.n].name end
    changed = changed or linked or new
  end
  return changed
end

--- Gives all links of a pupil the class that the pupil is in now: true, or nil, word, key.
function guardians.follow(student)
  for _, found in ipairs(pupils.guardianship:rows({student = student})) do
    found.class = student.class
    local saved, word = persons.save(found)
    if not saved then return nil, word, "class" end
  end
  return true
end

return guardians
