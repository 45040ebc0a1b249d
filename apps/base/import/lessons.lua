-- SPDX-License-Identifier: Apache-2.0
--- The timetable of a school, a lesson a row.
local app = require "app"
local classes = require "classes"
local dates = require "dates"
local grades = require "grades"
local lesson = require "lessons"
local numbers = require "numbers"
local people = require "people"
local persons = require "import.persons"
local sheet = require "import.sheet"

local ALIASES <const> = {
  grade = {"年级", "年级名称"},
  class = {"班级", "班级名称", "班名"},
  weekday = {"星期", "周"},
  period = {"节次", "节"},
  subject = {"科目", "课程", "学科"},
  teacher_no = {"教师工号", "工号", "任课教师工号"},
}

local WEEKDAYS <const> = {["一"] = 1, ["二"] = 2, ["三"] = 3, ["四"] = 4, ["五"] = 5, ["六"] = 6, ["日"] = 7, ["天"] = 7}

local function read_weekday(text)
  local day = text:gsub("^星期", ""):gsub("^周", "")
  return WEEKDAYS[day] or math.tointeger(tonumber(day)), "code"
end

local function read_period(text)
  return math.tointeger(tonumber((text:gsub("^第", ""):gsub("节$", "")))), "type"
end

local READERS <const> = {
  {"class", sheet.text(30), required = true},
  {"grade", sheet.text(30)},
  {"weekday", read_weekday, required = true},
  {"period", read_period, required = true},
  {"subject", sheet.text(30), required = true},
  {"teacher_no", numbers.read},
}

local function find_class(given)
  local class = grades.read_class(given.class, given.grade, dates.school_year(app.today()))
  if not class then return nil, "class" end
  local found = class.stage and classes.class:find({stage = class.stage, entry_year = class.entry_year,
                                                    class_no = class.class_no})
  if not found then return nil, "no_class" end
  return found
end

return {aliases = ALIASES, row = function(row)
  local given, word, key = sheet.values(row, READERS)
  if not given then return nil, word, key end
  local class, why = find_class(given)
  if not class then return nil, why, "class" end
  local teacher = given.teacher_no and people.teacher:find({staff_no = given.teacher_no})
  if given.teacher_no and not teacher then return nil, "no_teacher", "teacher_no" end

  local values = {class = class, weekday = given.weekday, period = given.period, subject = given.subject,
                  teacher = teacher}
  local found = lesson:find({class = class, weekday = given.weekday, period = given.period})
  if found and not persons.assign(found, values, {"subject", "teacher"}) then return "same" end
  local saved
  if found then
    saved, word, key = persons.save(found)
  else
    saved, word, key = persons.create(lesson, values)
  end
  if not saved then return nil, word, key end
  return found and "updated" or "created"
end}
