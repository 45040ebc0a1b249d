-- SPDX-License-Identifier: Apache-2.0
--- Pupils of a school, a row each, with up to two guardians.
--
-- A pupil is found by the citizen number, else by the local number, so that the same file given
-- twice changes nothing. What a row says is compared with what is known before the first write.
-- Nothing is ever deleted because a file does not name it.
local app = require "app"
local classes = require "classes"
local codes = require "codes"
local dates = require "dates"
local grades = require "grades"
local guardians = require "import.guardians"
local numbers = require "numbers"
local people = require "people"
local persons = require "import.persons"
local pupils = require "pupils"
local sheet = require "import.sheet"

local ALIASES <const> = {
  roll_no = {"学籍号", "全国学籍号", "学籍号码"},
  name = {"姓名", "学生姓名"},
  gender = {"性别"},
  birth = {"出生日期", "出生年月日", "出生年月"},
  ethnicity = {"民族"},
  number = {"身份证件号", "身份证号", "身份证号码", "身份证件号码"},
  stage = {"学段"},
  grade = {"年级", "年级名称"},
  class = {"班级", "班级名称"},
  local_no = {"学号", "校内学号", "本校学号"},
}
guardians.add_aliases(ALIASES)

local function read_roll(text)
  local number, word = numbers.read(text)
  if not number then return nil, word end
  if not number:find("^[GLJ]" .. ("%d"):rep(17) .. "[%dX]$") then return nil, "roll_no" end
  if not dates.read(number:sub(8, 15)) then return nil, "roll_no" end
  return number
end

local READERS <const> = {
  {"class", sheet.text(30), required = true},
  {"grade", sheet.text(30)},
  {"stage", sheet.code(codes.stage)},
  {"roll_no", read_roll},
  {"local_no", numbers.read},
}

local function read(row)
  local pupil, word, key = sheet.values(row, persons.READERS)
  if not pupil then return nil, word, key end
  local place
  place, word, key = sheet.values(row, READERS)
  if not place then return nil, word, key end
  if not pupil.number and not place.local_no then return nil, "no_key", "number" end
  pupil.guardians, word, key = guardians.read(row)
  if not pupil.guardians then return nil, word, key end
  return pupil, place
end

-- The class that the cells mean; 2023级3班 does not tell its stage: the one that has it does.
local function find_class(place)
  local class = grades.read_class(place.class, place.grade, dates.school_year(app.today()))
  if not class then return nil end
  local stage = class.stage or place.stage
  for _, one in ipairs(stage and {stage} or codes.STAGES) do
    local found = classes.class:find({stage = one, entry_year = class.entry_year,
                                      class_no = class.class_no})
    if found then return found end
  end
end

-- The pupil that the row speaks of: student, person; either may be nil; or false, word, key.
local function find_student(pupil, place)
  local person = pupil.number and people.person:find({number = pupil.number})
  local student = person and pupils.student:rows({person = person, limit = 1})[1]
  local holder = place.local_no and pupils.student:find({local_no = place.local_no})
  if holder and student and holder ~= student then return false, "taken", "local_no" end
  if person and person.name ~= pupil.name and not holder then return false, "other_name", "name" end
  if holder and not student then
    if holder.name ~= pupil.name then return false, "other_name", "name" end
    if person or pupil.number and holder.person.number then return false, "taken", "local_no" end
  end
  student = student or holder
  return student, person or student and student.person
end

-- The roll number may stand with one pupil only, in the whole instance.
local function check_roll(place, student)
  local holder = place.roll_no and pupils.student:find({roll_no = place.roll_no})
  place.roll_known = holder ~= nil
  if holder and holder ~= student then return "elsewhere" end
end

local function warn(pupil)
  local word, key = persons.compare_number(pupil)
  if word then return word, key end
  if not pupil.number then return "no_number", "number" end
  if #pupil.guardians == 0 then return "no_guardian", "guardian1_name" end
end

local FACTS <const> = {"name", "gender", "birth", "class", "local_no"}

-- What the student's record says: what the person's does, and the place at school.
local function record_of(person, place)
  return {name = person.name, gender = person.gender, birth = person.birth, class = place.class_row,
          local_no = place.local_no}
end

-- The pupil and whether anything changed, or nil, word, key.
local function write_student(student, person, place)
  local values = record_of(person, place)
  if not student then
    values.person, values.roll_no = person, place.roll_no
    return persons.create(pupils.student, values)
  end
  local moved = student.class ~= place.class_row
  local differs = persons.assign(student, values, FACTS)
  if place.roll_no and not place.roll_known then
    student.roll_no, differs = place.roll_no, true
  end
  if not differs then return student, false end
  local saved, changed, key = persons.save(student)
  if not saved then return nil, changed, key end
  if moved then
    local followed, word
    followed, word, key = guardians.follow(student)
    if not followed then return nil, word, key end
    app.emit("student.moved", {student = student.id, class = student.class.id})
  end
  return student, changed
end

-- "created", "updated" or "same"; or nil, word, key.
local function write(pupil, place, student, person)
  local written, mended, key = persons.write(person, pupil)
  if not written then return nil, mended, key end
  local saved, changed
  saved, changed, key = write_student(student, written, place)
  if not saved then return nil, changed, key end
  local linked, word
  linked, word, key = guardians.write(pupil.guardians, saved)
  if linked == nil then return nil, word, key end
  if not student then
    app.emit("student.joined", {student = saved.id, class = saved.class.id})
    return "created"
  end
  return (mended or changed or linked) and "updated" or "same"
end

return {aliases = ALIASES, row = function(row)
  local pupil, place, key = read(row)
  if not pupil then return nil, place, key end
  local warning, at = warn(pupil)
  place.class_row = find_class(place)
  if not place.class_row then return nil, "no_class", "class" end
  local student, person, word
  student, person, key = find_student(pupil, place)
  if student == false then return nil, person, key end
  if check_roll(place, student) then return nil, "elsewhere", "roll_no" end
  local known
  known, word, key = guardians.resolve(pupil.guardians, pupil, student)
  if not known then return nil, word, key end
  local result
  result, word, key = write(pupil, place, student, person)
  return result, word or warning, key or at
end}
