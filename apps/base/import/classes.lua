-- SPDX-License-Identifier: Apache-2.0
--- Classes of a school with their class teachers.
local app = require "app"
local classes = require "classes"
local codes = require "codes"
local dates = require "dates"
local grades = require "grades"
local numbers = require "numbers"
local people = require "people"
local persons = require "import.persons"
local sheet = require "import.sheet"

local ALIASES <const> = {
  stage = {"学段"},
  grade = {"年级", "年级名称"},
  class = {"班级", "班级名称", "班名", "班号"},
  entry_year = {"入学年份", "入学年度", "建班年份", "级"},
  head_no = {"班主任工号", "班主任编号"},
  head_name = {"班主任姓名", "班主任"},
}

local function read_year(text)
  local year = tonumber((text:gsub("级$", ""):match("^%d%d%d%d$")))
  if not year or year < 1950 or year > 2199 then return nil, "year" end
  return year
end

local READERS <const> = {
  {"class", sheet.text(30), required = true},
  {"grade", sheet.text(30)},
  {"stage", sheet.code(codes.stage)},
  {"entry_year", read_year},
  {"head_no", numbers.read},
  {"head_name", sheet.text(100)},
}

-- The class that the cells mean; a year of its own counts more than the grade.
local function read(row)
  local given, word, key = sheet.values(row, READERS)
  if not given then return nil, word, key end
  local class = grades.read_class(given.class, given.grade, dates.school_year(app.today()))
  if not class then return nil, "class", "class" end
  class.entry_year = given.entry_year or class.entry_year
  class.stage = given.stage or class.stage
  if not class.stage then return nil, "required", "stage" end
  if class.class_no < 1 then return nil, "class", "class" end
  return class, given
end

local function find_head(given)
  if not given.head_no then return nil end
  local teacher = people.teacher:find({staff_no = given.head_no})
  if not teacher then return false, "no_teacher", "head_no" end
  if given.head_name and teacher.name ~= given.head_name then
    return false, "other_name", "head_name"
  end
  return teacher
end

return {aliases = ALIASES, row = function(row)
  local class, given, key = read(row)
  if not class then return nil, given, key end
  local head, word
  head, word, key = find_head(given)
  if head == false then return nil, word, key end

  local found = classes.class:find({stage = class.stage, entry_year = class.entry_year,
                                    class_no = class.class_no})
  class.name, class.head = classes.name(class), head
  if found and not persons.assign(found, class, {"name", "head"}) then return "same" end
  local saved
  if found then
    saved, word, key = persons.save(found)
  else
    saved, word, key = persons.create(classes.class, class)
  end
  if not saved then return nil, word, key end
  return found and "updated" or "created", not head and "no_head" or nil, "head_no"
end}
