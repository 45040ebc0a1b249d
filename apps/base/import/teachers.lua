-- SPDX-License-Identifier: Apache-2.0
--- Staff of an organisation: teachers of a school, officers of a county.
local people = require "people"
local persons = require "import.persons"
local numbers = require "numbers"
local sheet = require "import.sheet"

local ALIASES <const> = {
  staff_no = {"工号", "教师编号", "教职工号", "职工号"},
  name = {"姓名", "教师姓名"},
  gender = {"性别"},
  birth = {"出生日期", "出生年月日"},
  ethnicity = {"民族"},
  number = {"身份证件号", "身份证号", "身份证号码", "身份证件号码"},
  phone = {"手机号", "手机", "手机号码", "联系电话", "电话"},
  post = {"岗位", "职务", "岗位类别"},
  subject = {"任教学科", "学科"},
}

local READERS <const> = {
  {"staff_no", numbers.read, required = true},
  {"post", sheet.text(30)},
  {"subject", sheet.text(30)},
}
local FACTS <const> = {"name", "staff_no", "post", "subject"}

local function read(row)
  local given, word, key = sheet.values(row, persons.READERS)
  if not given then return nil, word, key end
  local place
  place, word, key = sheet.values(row, READERS)
  if not place then return nil, word, key end
  return given, place
end

-- The teacher with the staff number, whom the rest of the row must fit.
local function find_teacher(given, person, staff_no)
  local teacher = people.teacher:find({staff_no = staff_no})
  if teacher and person and teacher.person ~= person then return false, "taken", "staff_no" end
  if teacher and not person then
    if teacher.name ~= given.name then return false, "other_name", "name" end
    if given.number and teacher.person.number then return false, "other_number", "number" end
  end
  if teacher then return teacher end
  return person and people.teacher:rows({person = person, limit = 1})[1]
end

-- The outcome, or nil, word, key.
local function write_teacher(teacher, person, place, changed)
  local saved, word, key
  place.name = person.name
  if not teacher then
    place.person = person
    saved, word, key = persons.create(people.teacher, place)
  elseif persons.assign(teacher, place, FACTS) then
    saved, word, key = persons.save(teacher)
  else
    return changed and "updated" or "same"
  end
  if not saved then return nil, word, key end
  return teacher and "updated" or "created"
end

return {aliases = ALIASES, row = function(row)
  local given, place, key = read(row)
  if not given then return nil, place, key end
  local warning, at = persons.compare_number(given)
  local person, word
  person, word, key = persons.find(given)
  if person == false then return nil, word, key end
  local teacher
  teacher, word, key = find_teacher(given, person, place.staff_no)
  if teacher == false then return nil, word, key end

  local written, changed
  written, changed, key = persons.write(person or teacher and teacher.person, given)
  if not written then return nil, changed, key end
  local result
  result, word, key = write_teacher(teacher, written, place, changed)
  return result, word or warning, key or at
end}
